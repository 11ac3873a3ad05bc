"""What Spark calls a column of the SELECT list that has no name: the expression, in its own words.

Its analyzer prints ``count(*)`` as ``count(1)``, ``a+b`` as ``(a + b)`` and a quoted text without
quotes; a query around it may name the column so. What is not listed here has another text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlglot import exp

from lineage.sql.typing.spark_functions import NAME, written_call

_SIGNS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.Mod: "%",
    exp.IntDiv: "div",
    exp.EQ: "=",
    exp.NullSafeEQ: "<=>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.And: "AND",
    exp.Or: "OR",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseXor: "^",
}
_DEFAULTS: dict[tuple[str, int], str] = {
    ("substring", 2): "2147483647",
    ("substr", 2): "2147483647",
    ("split", 2): "-1",
    ("regexp_replace", 3): "1",
    ("months_between", 2): "true",
    ("percentile", 2): "1",
    ("percentile_approx", 2): "10000",
    ("approx_percentile", 2): "10000",
}
"""What the analyzer adds to a call, by the number of arguments that were written."""
_TURNED = frozenset({"locate", "position", "date_trunc", "trunc", "date_sub", "dateadd", "map",
                     "date_part", "datepart", "extract", "log2", "log10", "array_sort",
                     "sort_array", "named_struct", "struct", "unix_timestamp", "from_unixtime",
                     "to_unix_timestamp", "first", "last", "timestampadd", "timestampdiff",
                     "date_format", "to_utc_timestamp", "from_utc_timestamp", "mask", "decode",
                     "array_agg", "percentile_approx", "to_timestamp"})  # fmt: skip
"""Of these the parser keeps the arguments in another order, or makes others of them."""


_SCHEMA_UNSAID = frozenset({"from_json", "from_csv"})
_TRIMMING = frozenset({"trim", "ltrim", "rtrim"})
_WINDOWS = frozenset({"window", "session_window"})


class _Unknown(Exception):
    pass


def output_name(node: exp.Expr) -> str | None:
    """Return the name of an expression without an alias; None where it is not known."""
    if isinstance(node, exp.Cast | exp.TryCast) and _is_plain(node.this):
        return str(node.this.name)
    if isinstance(node, exp.Anonymous) and node.name.lower() in _WINDOWS:
        return node.name.lower()
    try:
        return _text(node)
    except _Unknown:
        return None


def _is_plain(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and not isinstance(node.this, exp.Star)


def _text(node: exp.Expr) -> str:
    sign = _SIGNS.get(type(node))
    if sign is not None:
        return f"({_text(node.this)} {sign} {_text(node.expression)})"
    printer = _PRINTERS.get(type(node))
    if printer is not None:
        return printer(node)
    if isinstance(node, exp.Func):
        return _call(node)
    raise _Unknown


def _literal(node: exp.Expr) -> str:
    return str(node.this)


def _cast(node: exp.Expr) -> str:
    if isinstance(node.this, exp.Literal):
        raise _Unknown  # `2L` and CAST(2 AS BIGINT) are one node, as DATE'…' and CAST('…' AS DATE)
    return f"CAST({_text(node.this)} AS {node.args['to'].sql('spark')})"


def _case(node: exp.Expr) -> str:
    if node.this is not None:
        subject = _text(node.this)
        whens = [f"WHEN ({subject} = {_text(one.this)})" for one in node.args["ifs"]]
    else:
        whens = [f"WHEN {_text(one.this)}" for one in node.args["ifs"]]
    thens = [f"THEN {_text(one.args['true'])}" for one in node.args["ifs"]]
    parts = [f"{when} {then}" for when, then in zip(whens, thens, strict=True)]
    default = node.args.get("default")
    tail = [f"ELSE {_text(default)}"] if default is not None else []
    return " ".join(["CASE", *parts, *tail, "END"])


def _if(node: exp.Expr) -> str:
    other = node.args.get("false")
    return f"(IF({_text(node.this)}, {_text(node.args['true'])}, {_text(other)}))" if other else "?"


def _in(node: exp.Expr) -> str:
    if node.args.get("query") is not None or not node.expressions:
        raise _Unknown
    return f"({_text(node.this)} IN ({', '.join(map(_text, node.expressions))}))"


def _between(node: exp.Expr) -> str:
    value = _text(node.this)
    low, high = _text(node.args["low"]), _text(node.args["high"])
    return f"(({value} >= {low}) AND ({value} <= {high}))"


def _is(node: exp.Expr) -> str:
    if not isinstance(node.expression, exp.Null):
        raise _Unknown
    return f"({_text(node.this)} IS NULL)"


def _not(node: exp.Expr) -> str:
    inside = node.this
    if isinstance(inside, exp.Is) and isinstance(inside.expression, exp.Null):
        return f"({_text(inside.this)} IS NOT NULL)"
    return f"(NOT {_text(inside)})"


def _concatenated(node: exp.Expr) -> str:
    parts: list[exp.Expr] = []
    left = node
    while isinstance(left, exp.DPipe):
        parts.insert(0, left.expression)
        left = left.this
    text = _text(left)
    for part in parts:
        text = f"concat({text}, {_text(part)})"
    return text


def _counted(node: exp.Expr) -> str:
    inside = node.this
    if isinstance(inside, exp.Star):
        return "count(1)"
    if isinstance(inside, exp.Column) and isinstance(inside.this, exp.Star):
        raise _Unknown
    return f"count({', '.join(map(_text, [inside, *node.expressions]))})"


def _distinct(node: exp.Expr) -> str:
    return f"DISTINCT {', '.join(map(_text, node.expressions))}"


def _bracket(node: exp.Expr) -> str:
    kept = node._meta or {}  # noqa: SLF001 - as above
    if len(node.expressions) == 1 and kept.get(NAME):
        return f"{kept[NAME].lower()}({_text(node.this)}, {_text(node.expressions[0])})"
    if len(node.expressions) != 1 or node.args.get("offset") or node.args.get("safe"):
        raise _Unknown
    return f"{_text(node.this)}[{_text(node.expressions[0])}]"


def _field(node: exp.Expr) -> str:
    if isinstance(node.this, exp.Column | exp.Identifier):
        raise _Unknown
    return f"{_text(node.this)}.{node.expression.name}"


def _days_added(node: exp.Expr) -> str:
    """``date_sub(d, 1)``, which the parser takes for adding one less than nothing."""
    kept = node._meta or {}  # noqa: SLF001 - .meta would create an empty dict on every node
    days = node.expression
    if kept.get(NAME, "").lower() == "date_sub" and isinstance(days, exp.Mul):
        return f"date_sub({_text(node.this)}, {_text(days.this)})"
    return f"date_add({_text(node.this)}, {_text(days)})"


def _located(node: exp.Expr) -> str:
    kept = node._meta or {}  # noqa: SLF001 - as above
    one, other = _text(node.args["substr"]), _text(node.this)
    if kept.get(NAME, "").lower() == "instr":
        return f"instr({other}, {one})"
    start = node.args.get("position")
    return f"locate({one}, {other}, {_text(start) if start is not None else 1})"


def _mapped(node: exp.Expr) -> str:
    pairs = zip(node.args["keys"].expressions, node.args["values"].expressions, strict=True)
    return f"map({', '.join(_text(item) for pair in pairs for item in pair)})"


def _column(node: exp.Expr) -> str:
    if isinstance(node.this, exp.Star):
        raise _Unknown
    return str(node.name)


def _filtered(node: exp.Expr) -> str:
    return f"{_text(node.this)} FILTER (WHERE {_text(node.expression.this)})"


def _call(node: exp.Expr) -> str:
    call = written_call(node)
    if call is None or call[0] in _TURNED:
        raise _Unknown
    name, arguments = call
    if name in _SCHEMA_UNSAID:
        arguments = arguments[:1]
    if name in _TRIMMING and len(arguments) > 1:
        raise _Unknown
    if any(isinstance(item, exp.Lambda | exp.Query | exp.Star) for item in arguments):
        raise _Unknown
    texts = [_text(item) for item in arguments]
    more = _DEFAULTS.get((name, len(texts)))
    return f"{name}({', '.join([*texts, *([more] if more else [])])})"


_PRINTERS: dict[type[exp.Expr], Callable[[Any], str]] = {
    exp.Between: _between,
    exp.Boolean: lambda node: str(bool(node.this)).lower(),
    exp.Bracket: _bracket,
    exp.Case: _case,
    exp.Cast: _cast,
    exp.Column: _column,
    exp.Count: _counted,
    exp.CurrentDate: lambda _: "current_date()",
    exp.CurrentTimestamp: lambda _: "current_timestamp()",
    exp.DPipe: _concatenated,
    exp.Distinct: _distinct,
    exp.Dot: _field,
    exp.ArrayAgg: lambda node: f"collect_list({_text(node.this)})",
    exp.First: lambda node: f"first({_text(node.this)})",
    exp.Last: lambda node: f"last({_text(node.this)})",
    exp.IgnoreNulls: lambda node: _text(node.this),
    exp.StrPosition: _located,
    exp.TsOrDsAdd: _days_added,
    exp.VarMap: _mapped,
    exp.Filter: _filtered,
    exp.If: _if,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: lambda node: f"{_text(node.this)} LIKE {_text(node.expression)}",
    exp.Literal: _literal,
    exp.NEQ: lambda node: f"(NOT ({_text(node.this)} = {_text(node.expression)}))",
    exp.Neg: lambda node: (
        f"-{_text(node.this)}" if isinstance(node.this, exp.Literal) else f"(- {_text(node.this)})"
    ),
    exp.Not: _not,
    exp.Null: lambda _: "NULL",
    exp.Paren: lambda node: _text(node.this),
    exp.TryCast: _cast,
}
