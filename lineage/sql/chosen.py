"""Which names a condition on column names selects: ``COLUMNS(c -> c LIKE 'a%')``, ``* LIKE 'a%'``.

Such a condition is about names alone, so what it says is known before any row is.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

NAME_TESTS = frozenset({exp.Like, exp.ILike, exp.Glob, exp.SimilarTo, exp.Not})
"""What may stand around a star: only names that pass are shown."""


class Unsure(Exception):
    """The condition has something in it that is not computed here."""


def chooses(condition: exp.Expr, variable: str, name: str) -> bool:
    """Return whether a condition holds for a name. Raises Unsure."""
    return bool(_value(condition, variable.lower(), name))


def _value(node: exp.Expr, variable: str, name: str) -> object:
    if isinstance(node, exp.Star):
        return name
    if isinstance(node, exp.Column | exp.Identifier):
        if node.name.lower() == variable or isinstance(node.this, exp.Star):
            return name
        raise Unsure
    if isinstance(node, exp.Literal):
        return node.name if node.is_string else float(node.name)
    if isinstance(node, exp.Paren):
        return _value(node.this, variable, name)
    if isinstance(node, exp.Not):
        return not _value(node.this, variable, name)
    if isinstance(node, exp.In):
        if node.args.get("query") is not None or not node.expressions:
            raise Unsure
        subject = _value(node.this, variable, name)
        return subject in [_value(item, variable, name) for item in node.expressions]
    known = _FUNCTIONS.get(type(node))
    if known is None or node.args.get("escape") is not None:
        raise Unsure
    operands = [node.this] if type(node) in _OF_ONE else [node.this, node.expression]
    if not all(isinstance(operand, exp.Expr) for operand in operands):
        raise Unsure
    try:
        found = known(*(_value(operand, variable, name) for operand in operands))
    except (re.error, TypeError) as error:
        raise Unsure from error
    return not found if node.args.get("negate") else found


def _like(text: str, pattern: str, flags: int = 0) -> bool:
    regex = re.escape(pattern).replace("%", ".*").replace("_", ".")
    return re.fullmatch(regex, text, flags | re.DOTALL) is not None


def _glob(text: str, pattern: str) -> bool:
    regex = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(regex.replace(r"\[", "[").replace(r"\]", "]"), text) is not None


_OF_ONE = frozenset({exp.Lower, exp.Upper, exp.Length})
_FUNCTIONS: dict[type[exp.Expr], Callable[..., object]] = {
    exp.And: lambda one, other: one and other,
    exp.Or: lambda one, other: one or other,
    exp.EQ: lambda one, other: one == other,
    exp.NEQ: lambda one, other: one != other,
    exp.GT: lambda one, other: one > other,
    exp.GTE: lambda one, other: one >= other,
    exp.LT: lambda one, other: one < other,
    exp.LTE: lambda one, other: one <= other,
    exp.Like: _like,
    exp.ILike: lambda text, pattern: _like(text, pattern, re.IGNORECASE),
    exp.Glob: _glob,
    exp.SimilarTo: lambda text, pattern: re.fullmatch(pattern, text) is not None,
    exp.RegexpLike: lambda text, pattern: re.search(pattern, text) is not None,
    exp.StartsWith: lambda text, part: text.startswith(part),
    exp.EndsWith: lambda text, part: text.endswith(part),
    exp.Contains: lambda text, part: part in text,
    exp.Lower: lambda text: text.lower(),
    exp.Upper: lambda text: text.upper(),
    exp.Length: len,
}


__all__ = ["NAME_TESTS", "Unsure", "chooses"]
