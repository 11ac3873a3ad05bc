"""Templates that only call functions with written-out arguments: read without compiling them.

Most models of a dbt project are such: ``{{ config(...) }}``, ``{{ ref('x') }}`` and text. Jinja
compiles a template to Python before it runs it, which takes longer than all else that is done to
a model. What is read here is what Jinja would read; anything else is left to Jinja.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

_LITERAL = r"""(?:'[^'\\]*'|"[^"\\]*"|0|[1-9][0-9]{0,8}|[tT]rue|[fF]alse|[nN]one)"""
_VALUE = rf"(?:{_LITERAL}|\[\s*(?:{_LITERAL}\s*(?:,\s*{_LITERAL}\s*)*)?\])"
_ARGUMENT = rf"(?:[A-Za-z_]\w*\s*=\s*)?{_VALUE}"
_CALL = re.compile(
    # Of three braces Jinja takes the first two.
    rf"(?<!\{{)\{{\{{\s*([A-Za-z_]\w*)\s*"
    rf"\(\s*((?:{_ARGUMENT}\s*(?:,\s*{_ARGUMENT}\s*)*)?)\)\s*\}}\}}",
    re.ASCII,
)
_ONE = re.compile(rf"(?:([A-Za-z_]\w*)\s*=\s*)?({_VALUE})\s*(?:,\s*|$)", re.ASCII)
_ITEM = re.compile(_LITERAL)
_WORDS: Mapping[str, object] = {"true": True, "false": False, "none": None}
_RESERVED = frozenset({"and", "else", "if", "in", "is", "not", "or", "true", "false", "none"})


@dataclass(frozen=True, slots=True)
class Called:
    """``{{ name(arguments) }}``; ``at`` is where it starts."""

    at: int
    name: str
    arguments: tuple[object, ...]
    keywords: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Literal:
    """Text that comes out as it stands."""

    at: int
    text: str


@lru_cache(maxsize=64)
def straight(source: str) -> tuple[Called | Literal, ...] | None:
    """Return the pieces of a template; None where Jinja has to say what it means."""
    if "{%" in source or "{#" in source:
        return None
    pieces: list[Called | Literal] = []
    end = 0
    for found in _CALL.finditer(source):
        if "{{" in source[end : found.start()]:
            return None
        if found.start() > end:
            pieces.append(Literal(end, source[end : found.start()]))
        called = _called(found)
        if called is None:
            return None
        pieces.append(called)
        end = found.end()
    if "{{" in source[end:]:
        return None
    if end < len(source):
        pieces.append(Literal(end, source[end:]))
    return tuple(pieces)


def _called(found: re.Match[str]) -> Called | None:
    arguments: list[object] = []
    keywords: dict[str, object] = {}
    for key, value in _ONE.findall(found[2]):
        if key in keywords or key.lower() in _RESERVED or (keywords and not key):
            return None
        if key:
            keywords[key] = _value(value)
        else:
            arguments.append(_value(value))
    if found[1].lower() in _RESERVED:
        return None
    return Called(found.start(), found[1], tuple(arguments), keywords)


def _value(text: str) -> object:
    if text[0] == "[":
        return [_value(item) for item in _ITEM.findall(text[1:-1])]
    if text[0] in "'\"":
        return text[1:-1]
    known = text.lower()
    return _WORDS[known] if known in _WORDS else int(text)


__all__ = ["Called", "Literal", "straight"]
