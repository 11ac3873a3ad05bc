"""Statements that dbt writes around what people write: snapshots, semantic models."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lineage.model.places import Anchor, Place, SourceMap
from lineage.sources.dbt.facts import mappings, strings, text
from lineage.sources.dbt.node import Node
from lineage.sql.sourcemap import insert

SNAPSHOT_COLUMNS = ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to")


def snapshot_sql(node: Node, config: Mapping[str, object]) -> Node:
    """Return the snapshot with the query of its table: what was selected, and dbt's columns.

    All on the first line, so that the lines of what was written stay where they are.
    https://docs.getdbt.com/docs/build/snapshots#snapshot-meta-fields
    """
    keys = strings(config.get("unique_key"))
    updated = text(config.get("updated_at")) if config.get("strategy") != "check" else None
    updated = updated or "cast(current_timestamp as timestamp)"
    renamed = config.get("snapshot_meta_column_names")
    names = [
        (text(renamed.get(name)) if isinstance(renamed, Mapping) else None) or name
        for name in SNAPSHOT_COLUMNS
    ]
    parts = [f"coalesce(cast({key} as varchar), '')" for key in (*keys, updated)]
    ends = text(config.get("dbt_valid_to_current"))
    end = (
        f"coalesce(nullif({updated}, {updated}), {ends})"
        if ends
        else f"nullif({updated}, {updated})"
    )
    # S608: these are the words of the project's own statement; nothing is executed.
    head = (
        f"select *, md5({' || '.join(parts)}) as {names[0]}, {updated} as {names[1]}, "  # noqa: S608
        f"{updated} as {names[2]}, {end} as {names[3]} from ("
    )
    written = (node.sql or "").rstrip().rstrip(";")
    start = len(written) - len(written.lstrip())
    sql, places = _around(written, node.places, start, head)
    compared = config.get("check_cols") if config.get("strategy") == "check" else None
    later = node.later
    if isinstance(compared, list) and compared and node.places is not None:
        # What is compared is looked at as soon as there is a snapshot to compare with.
        # S608: the words of the project itself; nothing is executed.
        columns = f"select {', '.join(strings(compared))} from ("  # noqa: S608
        again, stands = _around(written, node.places, start, columns)
        later = (again, stands or SourceMap())
    return replace(node, sql=sql, places=places, later=later)


def _around(
    written: str, places: SourceMap | None, start: int, head: str
) -> tuple[str, SourceMap | None]:
    """Return a query as a subquery of one that begins with ``head``."""
    if places is None:
        return f"{written[:start]}{head}{written[start:]}\n) as sbq", None
    sql, moved = insert(written, places, start, head, Place(1, 1, exact=False))
    return f"{sql}\n) as sbq", moved


_OPENING = re.compile(r"(?:\s+|--[^\n]*(?:\n|\Z)|/\*.*?\*/)*", re.DOTALL)
_WITH = re.compile(r"with\s+(?:recursive\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Inlined:
    """An ephemeral model as it stands in what refers to it."""

    name: str
    query: str
    places: SourceMap
    file: str

    def anchors(self, line: int) -> Iterator[Anchor]:
        """Yield where its text stands in its own file, if it begins at a line of the statement."""
        for anchor in self.places.anchors or (Anchor(1, 1, Place(1, 1)),):
            place = replace(anchor.place, document=self.file)
            yield Anchor(anchor.line + line - 1, anchor.column, place)


def with_ephemerals(
    sql: str, places: SourceMap, inlined: Sequence[Inlined]
) -> tuple[str, SourceMap]:
    """Return the statement with ephemeral models in front as CTEs."""
    if not inlined:
        return sql, places
    bodies = ", ".join(f"{item.name} as (\n{item.query}\n)" for item in inlined)
    opening = _OPENING.match(sql)
    at = opening.end() if opening else 0
    found = _WITH.match(sql, at)
    piece = f"{bodies}, " if found else f"with {bodies} "
    start = found.end() if found else at
    between = Place(1, 1, exact=False)
    whole, mapped = insert(sql, places, start, piece, between)
    line = sql.count("\n", 0, start) + 2
    anchors = list(mapped.anchors)
    for item in inlined:
        anchors += item.anchors(line)
        line += item.query.count("\n") + 1
        anchors.append(Anchor(line, 1, between))
        line += 1
    ordered = sorted(anchors, key=lambda anchor: (anchor.line, anchor.column))
    return whole, SourceMap(tuple(ordered))


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
