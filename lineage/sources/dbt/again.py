"""What an incremental model is from its second run on: another text, and a key to find rows by."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from lineage.model.places import Place, SourceMap
from lineage.sources.dbt.builtin import family
from lineage.sources.dbt.facts import flag, strings
from lineage.sql.sourcemap import insert, line_and_column, line_starts
from lineage.sql.template import Rendered

_ASKED = "is_incremental()"
_END = "\n;\n"
_BY_KEY = frozenset({"merge", "delete+insert"})
_BY_KEY_UNASKED = frozenset(
    {"bigquery", "databricks", "duckdb", "postgres", "redshift", "snowflake"}
)
"""Databases for which dbt finds rows by ``unique_key`` unless another strategy is asked for."""
_MADE_BY_DBT = re.compile(r"_dbt_|dbt_internal", re.IGNORECASE)
"""Names that exist only while dbt runs what it writes around a model."""


def again(
    rendered: Rendered, config: Mapping[str, object], adapter: str | None, this: str, written: str
) -> tuple[str, SourceMap] | None:
    """Return what runs every time but the first; None where it is the first's, or not known.

    ``this`` is the model's own table: that the key is a column of it is a statement as well, which
    stands where ``written`` names the key. A model that keeps the columns it once had
    (``append_new_columns``) is left out: what its table has is then not to be seen here.
    """
    if config.get("materialized") != "incremental" or flag(config.get("full_refresh")):
        return None
    if config.get("on_schema_change") == "append_new_columns":
        return None
    if not {condition for condition, _ in rendered.assumptions} <= {_ASKED}:
        return None
    later = next(
        (row for row in rendered.variants if dict(row.assumptions) == {_ASKED: True}), None
    )
    if later is not None and _is_unsure(later):
        return None
    sql, places = "", SourceMap()
    if later is not None:
        sql, places = later.text.rstrip().removesuffix(";"), later.map
    keys = ", ".join(_keys(config, adapter))
    if keys:
        # S608: these are the words of the project's own settings; nothing is executed.
        piece = f"{_END if sql else ''}select {keys} from {this}"  # noqa: S608
        line, column = line_and_column(line_starts(written), max(written.find("unique_key"), 0))
        sql, places = insert(sql, places, len(sql), piece, Place(line, column, exact=False))
    return (sql, places) if sql else None


def _is_unsure(rendered: Rendered) -> bool:
    named = bool(rendered.placeholders) or _MADE_BY_DBT.search(rendered.text) is not None
    return named or not rendered.complete


def _keys(config: Mapping[str, object], adapter: str | None) -> Iterator[str]:
    strategy = config.get("incremental_strategy")
    unasked = strategy is None and family(adapter) in _BY_KEY_UNASKED
    if unasked or (isinstance(strategy, str) and strategy in _BY_KEY):
        for key in strings(config.get("unique_key")):
            if key.strip() and not _MADE_BY_DBT.search(key):
                yield key


__all__ = ["again"]
