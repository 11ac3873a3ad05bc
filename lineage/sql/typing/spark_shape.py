"""Spark's nested types taken apart: ``ARRAY<T>``, ``MAP<K, V>``, ``STRUCT<a: T, b: T>``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_MEMBER = re.compile(
    r"\s*(?:`((?:[^`]|``)+)`|\"([^\"]+)\"|([^\s:`\"<>(),]+))\s*[:\s]\s*(\S.*)", re.DOTALL
)
_TRAILER = re.compile(r"\s+(?:NOT\s+NULL|COMMENT\s+'.*')\s*\Z", re.IGNORECASE | re.DOTALL)
_WIDTHS = {"ARRAY": 1, "MAP": 2}


class Nested(NamedTuple):
    """What a nested type is made of; ``names`` are a struct's."""

    base: str
    inner: tuple[str, ...]
    names: tuple[str, ...] = ()


@lru_cache(maxsize=8192)
def nested(type_: str) -> Nested | None:
    """Take a type apart; None for one that has no parts, or whose parts cannot be read."""
    head, mark, rest = type_.strip().partition("<")
    base = head.strip().upper()
    if not mark:
        head, mark, rest = type_.strip().partition("(")
        base = head.strip().upper()
        if not mark or base != "STRUCT":
            return None
    if not rest.endswith(">" if "<" in type_[: len(head) + 1] else ")"):
        return None
    parts = _split(rest[:-1])
    if base in _WIDTHS:
        whole = len(parts) == _WIDTHS[base]
        return Nested(base, tuple(part.strip() for part in parts)) if whole else None
    if base != "STRUCT":
        return None
    members = [_MEMBER.fullmatch(part) for part in parts if part.strip()]
    if not members or any(member is None for member in members):
        return None
    found = [member for member in members if member is not None]
    names = tuple((m[1] or "").replace("``", "`") or m[2] or m[3] for m in found)
    return Nested(base, tuple(_TRAILER.sub("", m[4]).strip() for m in found), names)


def _split(text: str) -> list[str]:
    """Split at the commas that stand in no brackets and no quotes."""
    parts, depth, start, quote = [], 0, 0, ""
    for place, sign in enumerate(text):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "`'\"":
            quote = sign
        elif sign in "<(":
            depth += 1
        elif sign in ">)":
            depth -= 1
        elif sign == "," and not depth:
            parts.append(text[start:place])
            start = place + 1
    return [*parts, text[start:]]


def struct(names: tuple[str, ...], types: tuple[str, ...]) -> str:
    """Write a struct's type as Spark does."""
    return f"STRUCT<{', '.join(f'{_quoted(n)}: {t}' for n, t in zip(names, types, strict=True))}>"


def _quoted(name: str) -> str:
    plain = name.replace("_", "a").isalnum() and name.isascii()
    return name if plain else "`" + name.replace("`", "``") + "`"
