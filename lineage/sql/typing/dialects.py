"""Which typing rules a dialect follows."""

from __future__ import annotations

from functools import cache

from lineage.sql.typing.duckdb import DuckDb
from lineage.sql.typing.typed import TypeSystem
from lineage.sql.typing.unknown import Unknown


@cache
def type_system(dialect: str) -> TypeSystem:
    """The one instance for a dialect by sqlglot's name; its tables are read on first use."""
    if dialect.lower() == "duckdb":
        return DuckDb()
    return Unknown(dialect)
