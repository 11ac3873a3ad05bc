"""Statements that dbt writes around what people write: snapshots, semantic models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from lineage.model.places import Anchor, Place, SourceMap
from lineage.sources.dbt.facts import mappings, strings, text
from lineage.sources.dbt.node import Node

SNAPSHOT_COLUMNS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


def snapshot_sql(node: Node, config: Mapping[str, object]) -> Node:
    """Return the snapshot with the query of its table: what was selected, and dbt's columns.

    All on the first line, so that the lines of what was written stay where they are.
    https://docs.getdbt.com/docs/build/snapshots#snapshot-meta-fields
    """
    keys = strings(config.get("unique_key"))
    updated = text(config.get("updated_at")) if config.get("strategy") != "check" else None
    updated = updated or "current_timestamp"
    renamed = config.get("snapshot_meta_column_names")
    names = [
        (text(renamed.get(name)) if isinstance(renamed, Mapping) else None) or name
        for name in SNAPSHOT_COLUMNS
    ]
    parts = [f"coalesce(cast({key} as varchar), '')" for key in (*keys, updated)]
    ends = text(config.get("dbt_valid_to_current"))
    end = f"coalesce(nullif({updated}, {updated}), {ends})" if ends else f"nullif({updated}, {updated})"
    # S608: these are the words of the project's own statement; nothing is executed.
    head = (
        f"select *, md5({' || '.join(parts)}) as {names[0]}, {updated} as {names[1]}, "  # noqa: S608
        f"{updated} as {names[2]}, {end} as {names[3]} from ("
    )
    sql = f"{head}{(node.sql or '').strip().rstrip(';')}\n) as sbq"
    return replace(node, sql=sql, places=_shifted(node, head))


def _shifted(node: Node, head: str) -> SourceMap | None:
    """Move the map of a statement's places behind ``head``, and past the blanks it began with."""
    if node.places is None or node.sql is None:
        return node.places
    blank = node.sql[: len(node.sql) - len(node.sql.lstrip())]
    lines, last = blank.count("\n"), len(blank) - (blank.rfind("\n") + 1)
    start = node.places.place(1 + lines, 1 + last)
    anchors = [Anchor(1, 1, Place(start.line, start.column, False))]
    anchors.append(Anchor(1, 1 + len(head), start))
    known = node.places.anchors
    for anchor in known:
        if (anchor.line, anchor.column) <= (1 + lines, 1 + last):
            continue
        moved = len(head) - last if anchor.line == 1 + lines else 0
        anchors.append(Anchor(anchor.line - lines, anchor.column + moved, anchor.place))
    return SourceMap(tuple(anchors))


def metric_sql(
    model: Mapping[str, object], measure: Mapping[str, object] | None, relation: str | None
) -> str | None:
    """Return a query that uses the columns of a semantic model, or of one of its measures."""
    if relation is None:
        return None
    shown: dict[str, None] = {}
    if measure is None:
        for section in ("entities", "dimensions", "measures"):
            for item in mappings(model.get(section)):
                shown[text(item.get("expr")) or text(item.get("name")) or "1"] = None
    else:
        shown[text(measure.get("expr")) or text(measure.get("name")) or "1"] = None
        defaults = model.get("defaults")
        time = text(measure.get("agg_time_dimension")) or (
            text(defaults.get("agg_time_dimension")) if isinstance(defaults, Mapping) else None
        )
        for item in mappings(model.get("dimensions")):
            if time and text(item.get("name")) == time:
                shown[text(item.get("expr")) or time] = None
    if not shown:
        return None
    return f"select {', '.join(shown)} from {relation}"  # noqa: S608 - read, never executed
