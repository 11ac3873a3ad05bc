"""Which dialects there are; the parser is imported only for a name that is seldom given."""

from __future__ import annotations

from difflib import get_close_matches

from lineage.errors import UnknownDialect

_USUAL = frozenset(
    ["bigquery", "databricks", "duckdb", "postgres", "redshift", "snowflake", "spark", "tsql"]
)


def require_dialect(name: str) -> None:
    """Raise UnknownDialect for a name that no dialect has; letter case does not matter."""
    if name.lower() in _USUAL:
        return
    from lineage.sql.dialect import ALIASES, DIALECTS  # noqa: PLC0415 - imports the parser

    known = sorted({*DIALECTS, *ALIASES})
    if name.lower() not in known:
        near = get_close_matches(name.lower(), known, cutoff=0.5)
        raise UnknownDialect(name, tuple(near), tuple(known))
