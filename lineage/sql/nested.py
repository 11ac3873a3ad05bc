"""Struct types taken apart and put together, whichever engine's words they are in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from lineage.sql.typing.shape import Shape, read, write


@lru_cache(maxsize=4096)
def fields(type_: str) -> tuple[tuple[str, str], ...]:
    """Return the (name, type) pairs of a struct type; nothing for any other type."""
    if "(" not in type_ and "<" not in type_:
        return ()
    if type_.endswith(">"):
        return _angled(type_)
    try:
        shape = read(type_, {})
    except ValueError:
        return ()
    if shape.id != "STRUCT":
        return ()
    return tuple(zip(shape.names, (write(child) for child in shape.children), strict=True))


_PART = re.compile(r"\s*[`\"]?([^\s:<>`\"]+)[`\"]?\s*:?\s*(\S.*)", re.DOTALL)


def _angled(type_: str) -> tuple[tuple[str, str], ...]:
    """Return the fields of ``STRUCT<a INT64, b …>``, ``STRUCT<a:INT>`` or ``ROW<a INT>``."""
    head, _, inside = type_[:-1].partition("<")
    if head.strip().upper() not in ("STRUCT", "ROW"):
        return ()
    parts, depth, start = [], 0, 0
    for place, sign in enumerate(inside):
        depth += (sign in "<(") - (sign in ">)")
        if sign == "," and not depth:
            parts.append(inside[start:place])
            start = place + 1
    found = [_PART.fullmatch(part) for part in (*parts, inside[start:])]
    if any(one is None for one in found):
        return ()
    return tuple((one[1].lower(), one[2].strip()) for one in found if one is not None)


def struct(names: tuple[str, ...], types: tuple[str, ...]) -> str:
    """Return the type of a struct with these fields."""
    try:
        children = tuple(read(type_, {}) for type_ in types)
    except ValueError:
        return "STRUCT(" + ", ".join(f"{n} {t}" for n, t in zip(names, types, strict=True)) + ")"
    return write(Shape("STRUCT", children, names))


@dataclass(frozen=True, slots=True)
class Collection:
    """A complex type of Hive and Impala: ``array<…>``, ``map<…>`` or ``struct<…>``."""

    kind: str
    members: tuple[tuple[str, Collection | str], ...]
    """``item`` of an array, ``key`` and ``value`` of a map, the fields of a struct."""

    def member(self, name: str) -> Collection | str | None:
        """Return the type of a member, by its name in any case."""
        wanted = name.lower()
        return next((type_ for known, type_ in self.members if known.lower() == wanted), None)


_TOKEN = re.compile(r"[<>,:]|[^<>,:\s][^<>,:]*")


@lru_cache(maxsize=4096)
def collection(type_: str) -> Collection | None:
    """Return a complex type in Hive's words, taken apart; None for any other type."""
    if "<" not in type_:
        return None
    tokens = _TOKEN.findall(type_)
    try:
        found, rest = _taken(tokens)
    except (IndexError, ValueError):
        return None
    return found if isinstance(found, Collection) and not rest else None


def _taken(tokens: list[str]) -> tuple[Collection | str, list[str]]:
    head, rest = tokens[0].strip(), tokens[1:]
    if not rest or rest[0] != "<":
        return head, rest
    kind = head.lower()
    rest = rest[1:]
    members: list[tuple[str, Collection | str]] = []
    names = iter({"array": ("item",), "map": ("key", "value")}.get(kind, ()))
    while True:
        if kind == "struct":
            name = rest[0].strip().lower()
            if rest[1] != ":":
                raise ValueError(name)
            rest = rest[2:]
        else:
            name = next(names, "")
        type_, rest = _taken(rest)
        members.append((name, type_))
        mark, rest = rest[0], rest[1:]
        if mark == ">":
            return Collection(kind, tuple(members)), rest
        if mark != ",":
            raise ValueError(mark)


def unfolded(column: str, type_: str, path: tuple[str, ...]) -> list[tuple[str, str]] | None:
    """Return the columns of ``FROM t.column.path``, each with the whole path of its value.

    An array has ``item``, a map ``key`` and ``value``; a struct in their place has its fields. A
    path passes through items and values without naming them. None if it leads to no collection.
    (Impala: Complex Types, "Using the columns of a nested collection in FROM".)
    """
    found: Collection | str | None = collection(type_)
    names = [column]
    for step in path:
        if isinstance(found, Collection) and found.kind != "struct" and not found.member(step):
            inner = "item" if found.kind == "array" else "value"
            names.append(inner)
            found = found.member(inner)
        if not isinstance(found, Collection):
            return None
        names.append(step)
        found = found.member(step)
    if not isinstance(found, Collection) or found.kind == "struct":
        return None
    rows: list[tuple[str, str]] = []
    for name, member in found.members:
        if isinstance(member, Collection) and member.kind == "struct":
            rows += [(field, ".".join((*names, name, field))) for field, _ in member.members]
        else:
            rows.append((name, ".".join((*names, name))))
    return rows
