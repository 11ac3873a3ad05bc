"""Which part of a statement makes an edge.

The evidence of an edge points at one word: the name that a SELECT gives to what it yields, or the
start of the statement for what joins, filters and groups. People look for the whole expression,
and for where the source is named.
"""

from __future__ import annotations

import re

import lineage
from lineage import FieldId

_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|[(),]|\w+|.", re.DOTALL
)


def of(estate: lineage.Workspace, edge: lineage.Edge, sql: str) -> list[tuple[int, int]]:
    """Return what to mark in the SQL of an edge's job: from and to, in characters."""
    start = len(sql) - len(sql.lstrip())
    found = [span for span in estate.spans(edge) if span[0] != start]
    if edge.direct and found:
        return [(_item(sql, one), other) for one, other in found]
    if isinstance(edge.source, FieldId):
        return found or named(sql, [edge.source.name])
    return found


def _item(sql: str, until: int) -> int:
    """Return where the item of a SELECT begins that ends with the word at ``until``."""
    opened = [0]
    for token in _TOKEN.finditer(sql):
        if token.start() >= until:
            break
        text = token.group().lower()
        if text == "(":
            opened.append(token.end())
        elif text == ")" and len(opened) > 1:
            opened.pop()
        elif text in {",", "select", "distinct"}:
            opened[-1] = token.end()
    begin = opened[-1]
    return begin + len(sql[begin:until]) - len(sql[begin:until].lstrip())


def named(sql: str, names: list[str]) -> list[tuple[int, int]]:
    """Return where whole words stand in SQL, letter case aside; comments and texts are left out."""
    wanted = {name.lower() for name in names}
    return [
        token.span()
        for token in _TOKEN.finditer(sql)
        if token.group().strip('"`').lower() in wanted
    ]
