"""Columns that a grouped SELECT must not name: those that are neither a key nor aggregated.

Star expansion and lateral aliases make this more than style: a new column that takes the name of
an alias turns a valid expression into an error (SQL:2016, 7.16, syntax rules of <select list>).
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from lineage.sql.frame import Frame, Problem
from lineage.sql.place import place_of

Key = tuple[int, str]
"""An item of FROM by its place, and a column of it in lower case."""

_MERGED = -1


def ungrouped(select: exp.Select, frame: Frame) -> list[Problem]:
    """Return a problem for each column of the SELECT list that stands there ungrouped."""
    group = select.args.get("group")
    if group is not None and group.args.get("all"):
        return []
    if group is None and not (frame.aggregates and any(map(aggregates_rows, select.expressions))):
        return []
    keys: set[Key] = set()
    texts: dict[str, type[exp.Expr]] = {}
    for item in _keys(group, select, frame):
        found = _key(item, frame) if isinstance(item, exp.Column) else None
        if found is not None:
            keys.add(found)
        else:
            texts[_text(item)] = type(item)
    problems = []
    for item in select.expressions:
        for column in _bare_columns(item, texts):
            found = _key(column, frame)
            if found is None or found in keys:
                continue
            problems.append(
                Problem(
                    "ungrouped-column",
                    f'column "{column.name}" must appear in the GROUP BY clause or be aggregated',
                    place_of(column),
                    column.name,
                )
            )
    return problems


def _keys(group: exp.Expr | None, select: exp.Select, frame: Frame) -> Iterator[exp.Expr]:
    """Yield the expressions that are grouped by; positions and aliases looked up."""
    if group is None:
        return
    aliases = {item.alias.lower(): item.this for item in select.expressions
               if isinstance(item, exp.Alias)}  # fmt: skip
    waiting = [*group.expressions]
    for name in ("grouping_sets", "cube", "rollup"):
        waiting.extend(group.args.get(name) or ())
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Tuple | exp.GroupingSets | exp.Cube | exp.Rollup):
            waiting.extend(item.expressions)
        elif isinstance(item, exp.Paren):
            waiting.append(item.this)
        elif isinstance(item, exp.Literal) and not item.is_string and item.this.isdigit():
            place = int(item.this) - 1
            if 0 <= place < len(select.expressions):
                yield _core(select.expressions[place])
        elif isinstance(item, exp.Column) and _key(item, frame) is None:
            yield _core(aliases.get(item.name.lower(), item))
        else:
            yield item


def _text(node: exp.Expr) -> str:
    """Return an expression as text, in which case and qualifiers of names say nothing."""
    bare = node.copy()
    for column in bare.find_all(exp.Column):
        if isinstance(column.this, exp.Identifier):
            plain = exp.to_identifier(column.name.lower())
            column.args.clear()
            column.set("this", plain)
    return bare.sql()


def _core(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Alias) else node


def _bare_columns(node: exp.Expr, texts: dict[str, type[exp.Expr]]) -> Iterator[exp.Column]:
    """Yield the columns of an expression that no aggregate, window or key is around."""
    kinds = set(texts.values())
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.AggFunc | exp.Window | exp.Query | exp.Star | exp.Lambda):
            continue
        if isinstance(item, exp.WithinGroup | exp.Any):  # Spark's `any(a)` aggregates
            continue
        if isinstance(item, exp.Anonymous | exp.AnonymousAggFunc | exp.Columns | exp.Filter):
            continue  # what the parser does not know may aggregate
        if type(item) in kinds and _text(item) in texts:
            continue
        if isinstance(item, exp.Column):
            if not isinstance(item.this, exp.Star):
                yield item
            continue
        waiting.extend(item.iter_expressions())


def aggregates_rows(node: exp.Expr) -> bool:
    """Return whether an expression aggregates rows itself, not over a window or in a subquery."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Window | exp.Query):
            continue
        if isinstance(item, exp.AggFunc | exp.WithinGroup):
            return True
        waiting.extend(item.iter_expressions())
    return False


def _key(column: exp.Column, frame: Frame) -> Key | None:
    """Return the column of FROM that is meant; None for an alias, a variable, an outer column."""
    name = column.name.lower()
    qualifier = tuple(part.name.lower() for part in column.parts[:-1])
    if name in frame.values and not qualifier:
        return None
    if name in frame.merged and len(qualifier) <= 1:
        return (_MERGED, name)
    for place, entry in enumerate(frame.entries):
        if qualifier and not entry.answers_to(qualifier):
            continue
        if entry.relation.find(name) is not None:
            return (place, name)
    return None
