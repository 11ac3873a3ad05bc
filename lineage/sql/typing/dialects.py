"""Which typing rules a dialect follows."""

from __future__ import annotations

from functools import cache

from lineage.sql.typing.documented import Documented
from lineage.sql.typing.duckdb import DuckDb
from lineage.sql.typing.postgres import Postgres
from lineage.sql.typing.spark import spark
from lineage.sql.typing.typed import TypeSystem
from lineage.sql.typing.unknown import Unknown

_MANUALS = {
    "bigquery": "bigquery",
    "snowflake": "snowflake",
}
_SPARK = frozenset({"spark", "spark2", "databricks"})
_DESCENDANTS = frozenset({"redshift", "materialize", "risingwave"})
"""They took PostgreSQL's types over, and not all of its refusals."""


@cache
def type_system(dialect: str) -> TypeSystem:
    """The one instance for a dialect by sqlglot's name; its tables are read on first use."""
    name = dialect.lower()
    if name == "duckdb":
        return DuckDb()
    if name == "postgres":
        return Postgres()
    if name in _DESCENDANTS:
        return Postgres(name, lenient=True)
    if name in _SPARK:
        return spark()
    documented = _MANUALS.get(name)
    return Documented(documented) if documented is not None else Unknown(dialect)
