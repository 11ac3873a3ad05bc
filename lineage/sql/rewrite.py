"""Small changes to the text of a statement: tokens are replaced, the rest stays as it was typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from lineage.sql.relation import Parts

Tree: TypeAlias = exp.Expr
"""A syntax tree, for rooms that only hand it on."""

IsTable = Callable[[Parts], bool]
"""Says whether a name in FROM is the table that a change is about."""


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Characters ``start`` to ``end`` (left out) of a text become ``text``."""

    start: int
    end: int
    text: str


def applied(text: str, edits: Iterable[Edit]) -> str:
    """Return a text after edits that do not overlap."""
    pieces = []
    at = 0
    for edit in sorted(edits):
        if edit.start < at:
            continue
        pieces += [text[at : edit.start], edit.text]
        at = edit.end
    pieces.append(text[at:])
    return "".join(pieces)


def column_renamed(
    text: str, tree: exp.Expr, is_table: IsTable, old: str, new: str
) -> list[Edit] | None:
    """Return the edits after which a statement reads ``new`` where it read ``old``.

    What it yields keeps its names: a bare ``old`` becomes ``new as old``. None where a star, USING
    or NATURAL stands in the way, or a name is not where it should be; see `wrapped`.
    """
    edits: list[Edit] = []
    for select in tree.find_all(exp.Select):
        aliases = {
            (node.alias or node.name).lower() for node in _tables(select) if is_table(_parts(node))
        }
        if not aliases:
            continue
        if _spreads(select, aliases) or _joins_by_name(select, old):
            return None
        for column in _own_columns(select, old, aliases):
            place = _span(column.this)
            if place is None or text[place[0] : place[1]].strip('"`[]').lower() != old.lower():
                return None
            written = text[place[0] : place[1]]
            bare = column.parent is select and column.arg_key == "expressions"
            name = _quoted_like(new, written)
            edits.append(Edit(*place, f"{name} as {written}" if bare else name))
    return edits


def wrapped(text: str, tree: exp.Expr, is_table: IsTable, projection: str) -> list[Edit] | None:
    """Return the edits after which a statement reads ``select <projection>`` of a table.

    That works whatever the statement does with the table; ``projection`` may be
    ``* rename (new as old)`` or ``* replace (cast(c as t) as c)``.
    """
    edits = []
    for node in tree.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier) or not is_table(_parts(node)):
            continue
        if isinstance(node.parent, exp.Create | exp.Insert | exp.Schema):
            continue
        spans = [_span(part) for part in node.parts]
        if any(span is None for span in spans):
            return None
        known = [span for span in spans if span is not None]
        start, end = min(span[0] for span in known), max(span[1] for span in known)
        name = text[start:end]
        alias = "" if node.alias else f" as {_quoted_like(node.name, '')}"
        inside = f"(select {projection} from {name})"  # noqa: S608 - shown to people, not run
        edits.append(Edit(start, end, inside + alias))
    return edits or None


def output_renamed(tree: exp.Expr, old: str, new: str) -> list[Edit] | None:
    """Return the edits after which a query yields ``old`` under the name ``new``."""
    query = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
    if not isinstance(query, exp.Select):
        return None
    for item in query.expressions:
        if item.alias_or_name.lower() != old.lower() or isinstance(item, exp.Star):
            continue
        if isinstance(item, exp.Alias):
            place = _span(item.args["alias"])
            return None if place is None else [Edit(*place, new)]
        if isinstance(item, exp.Column):
            place = _span(item.this)
            return None if place is None else [Edit(place[1], place[1], f" as {new}")]
    return None


def declared_renamed(text: str, tree: exp.Expr, old: str, new: str) -> list[Edit] | None:
    """Return the edit of a CREATE TABLE that declares a column under a new name."""
    if not isinstance(tree, exp.Create) or not isinstance(tree.this, exp.Schema):
        return None
    for item in tree.this.expressions:
        if isinstance(item, exp.ColumnDef) and item.name.lower() == old.lower():
            place = _span(item.this)
            if place is not None:
                return [Edit(*place, _quoted_like(new, text[place[0] : place[1]]))]
    return None


def _tables(select: exp.Select) -> Iterator[exp.Table]:
    """Yield the tables that stand in FROM and its joins, not those of subqueries."""
    items = [select.args.get("from_"), *(select.args.get("joins") or ())]
    for item in items:
        node = item.this if item is not None else None
        if isinstance(node, exp.Table):
            yield node
            for join in node.args.get("joins") or ():
                if isinstance(join.this, exp.Table):
                    yield join.this


def _spreads(select: exp.Select, aliases: set[str]) -> bool:
    """Return whether a star of a SELECT list lets columns of these tables in."""
    for item in select.expressions:
        for star in item.find_all(exp.Star, exp.Columns):
            if isinstance(star.parent, exp.Count):
                continue
            qualifier = star.parent.text("table") if isinstance(star.parent, exp.Column) else ""
            if not qualifier or qualifier.lower() in aliases:
                return True
    return False


def _joins_by_name(select: exp.Select, column: str) -> bool:
    for join in select.args.get("joins") or ():
        if (join.args.get("method") or "").upper() == "NATURAL":
            return True
        if any(item.name.lower() == column.lower() for item in join.args.get("using") or ()):
            return True
    return False


def _own_columns(select: exp.Select, name: str, aliases: set[str]) -> Iterator[exp.Column]:
    for column in select.find_all(exp.Column):
        if column.name.lower() != name.lower() or isinstance(column.this, exp.Star):
            continue
        qualifier = column.text("table").lower()
        if qualifier:
            if qualifier in aliases and _scope_of(column, qualifier) is select:
                yield column
        elif column.find_ancestor(exp.Select) is select:
            yield column


def _scope_of(column: exp.Column, qualifier: str) -> exp.Expr | None:
    """Return the nearest SELECT around a column whose FROM has what it is qualified with."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        sources = [select.args.get("from_"), *(select.args.get("joins") or ())]
        names = {item.this.alias_or_name.lower() for item in sources if item is not None}
        if qualifier in names:
            return select
        select = select.find_ancestor(exp.Select)
    return None


def _parts(node: exp.Table) -> Parts:
    return tuple(part.name for part in node.parts if part.name)


def _span(node: exp.Expr) -> tuple[int, int] | None:
    meta = node._meta  # noqa: SLF001 - .meta would create an empty dict on every node
    if not meta or "start" not in meta:
        return None
    return meta["start"], meta["end"] + 1


_PLAIN = re.compile(r"[A-Za-z_]\w*\Z")


def _quoted_like(name: str, written: str) -> str:
    """Quote a name where it must be, or where the one in its place was."""
    if _PLAIN.match(name) and not written.startswith(('"', "`", "[")):
        return name
    return '"' + name.replace('"', '""') + '"'
