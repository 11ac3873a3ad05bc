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
        through = (
            stars(sql, edge.source.dataset.name) if edge.direct and _is_passed_on(edge) else []
        )
        return found or through or named(sql, [edge.source.name])
    return found


def _is_passed_on(edge: lineage.Edge) -> bool:
    """Return whether a column goes on as it is, under the same name: a star may have done that."""
    return (
        isinstance(edge.source, FieldId)
        and isinstance(edge.target, FieldId)
        and edge.source.name.lower() == edge.target.name.lower()
        and all(step.subtype in {None, "IDENTITY"} for step in edge.transformations)
        # Somebody who wrote the column says where.
        and not any(place.line for place in edge.evidence)
    )


def stars(sql: str, source: str) -> list[tuple[int, int]]:
    """Return the stars that pass a table's columns on: of the outermost SELECT, where it has any.

    ``invoices.*`` is such if ``invoices`` is the table, another name for it, or a query that reads
    it. Where none is, every star may be the one.
    """
    tokens = [
        token
        for token in _TOKEN.finditer(sql)
        if not token.group().isspace() and not token.group().startswith(("--", "/*"))
    ]
    words = [token.group().strip('"`').lower() for token in tokens]
    table = source.rsplit(".", 1)[-1].lower()
    found: list[tuple[int, tuple[int, int], str]] = []
    depth = 0
    for at, token in enumerate(tokens):
        depth += {"(": 1, ")": -1}.get(token.group(), 0)
        if token.group() != "*" or at == 0:
            continue
        if words[at - 1] == "." and at > 1:
            found.append((depth, (tokens[at - 2].start(), token.end()), words[at - 2]))
        elif words[at - 1] in {"select", "distinct", "all", ","}:
            found.append((depth, token.span(), ""))
    outer = min((one[0] for one in found), default=0)
    kept = [one for one in found if one[0] == outer]
    sure = [one for one in kept if one[2] and _reads(words, one[2], table)]
    return [span for _, span, _ in sure or kept]


def _reads(words: list[str], name: str, table: str) -> bool:
    """Return whether a name in a statement is a table, an alias of it, or a query that reads it."""
    if name == table:
        return True
    for at, word in enumerate(words):
        following = words[at + 1 : at + 3]
        if word == table and name in (following[1:] if following[:1] == ["as"] else following[:1]):
            return True
        if word == name and following == ["as", "("]:
            depth = 0
            for inside in words[at + 2 :]:
                depth += {"(": 1, ")": -1}.get(inside, 0)
                if inside == table:
                    return True
                if not depth:
                    break
    return False


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
