"""Small changes to the text of a statement: tokens are replaced, the rest stays as it was typed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from sqlglot import exp

from lineage.sql.quoting import has_star_rename, quoted, quoted_like
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
    text: str, tree: exp.Expr, is_table: IsTable, old: str, new: str, dialect: str | None
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
            name = quoted_like(new, written, dialect)
            edits.append(Edit(*place, f"{name} as {written}" if bare else name))
    return edits


def renamed_columns(columns: Iterable[str], old: str, new: str, dialect: str | None) -> str:
    """Return a SELECT list that yields all columns as they are, and ``old`` as ``new``."""
    one, other = quoted(old, dialect), quoted(new, dialect)
    if has_star_rename(dialect):
        return f"* rename ({one} as {other})"
    return ", ".join(
        f"{one} as {other}" if name == old else quoted(name, dialect) for name in columns
    )


def cast_columns(columns: Iterable[str], column: str, type_: str, dialect: str | None) -> str:
    """Return a SELECT list that yields all columns as they are, one of them as another type."""
    name = quoted(column, dialect)
    cast = f"cast({name} as {type_}) as {name}"
    if has_star_rename(dialect):
        return f"* replace ({cast})"
    return ", ".join(cast if item == column else quoted(item, dialect) for item in columns)


def wrapped(
    text: str, tree: exp.Expr, is_table: IsTable, projection: str, dialect: str | None
) -> list[Edit] | None:
    """Return the edits after which a statement reads ``select <projection>`` of a table.

    That works whatever the statement does with the table.
    """
    edits = []
    for node in tree.find_all(exp.Table):
        if not isinstance(node.this, exp.Identifier) or not is_table(_parts(node)):
            continue
        if isinstance(node.parent, exp.Create | exp.Insert | exp.Schema):
            continue
        if isinstance(node.parent, exp.Update | exp.Delete | exp.Merge) and node.arg_key == "this":
            return None
        spans = [_span(part) for part in node.parts]
        if any(span is None for span in spans):
            return None
        known = [span for span in spans if span is not None]
        start, end = min(span[0] for span in known), max(span[1] for span in known)
        name = text[start:end]
        alias = "" if node.alias else f" as {quoted(node.name, dialect)}"
        inside = f"(select {projection} from {name})"  # noqa: S608 - shown to people, not run
        edits.append(Edit(start, end, inside + alias))
    return edits or None


def output_renamed(
    text: str, tree: exp.Expr, old: str, new: str, dialect: str | None
) -> list[Edit] | None:
    """Return the edits after which a query yields ``old`` under the name ``new``."""
    query = tree if isinstance(tree, exp.Query) else tree.args.get("expression")
    if not isinstance(query, exp.Select):
        return None
    for item in query.expressions:
        if item.alias_or_name.lower() != old.lower() or isinstance(item, exp.Star):
            continue
        if isinstance(item, exp.Alias):
            place = _span(item.args["alias"])
            if place is None:
                return None
            return [Edit(*place, quoted_like(new, text[place[0] : place[1]], dialect))]
        if isinstance(item, exp.Column):
            place = _span(item.this)
            if place is None:
                return None
            return [Edit(place[1], place[1], f" as {quoted(new, dialect)}")]
    return None


def declared_renamed(
    text: str, tree: exp.Expr, old: str, new: str, dialect: str | None
) -> list[Edit] | None:
    """Return the edits of a statement that lists a table's columns: CREATE or INSERT.

    None where it lists none of that name, or one that is not where it should be.
    """
    if not isinstance(tree, exp.Create | exp.Insert) or not isinstance(tree.this, exp.Schema):
        return None
    edits = []
    for item in tree.this.expressions:
        for name in item.find_all(exp.Identifier):
            if name.name.lower() != old.lower() or name.find_ancestor(exp.DataType, exp.Reference):
                continue
            place = _span(name)
            if place is None:
                return None
            edits.append(Edit(*place, quoted_like(new, text[place[0] : place[1]], dialect)))
    return edits or None


def lists_rows_by_place(tree: exp.Expr) -> bool:
    """Return whether a statement adds rows without naming the columns that it fills."""
    named = isinstance(tree.this, exp.Schema) or bool(tree.args.get("by_name"))
    return isinstance(tree, exp.Insert) and not named


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
