"""From sqlglot's function classes back to PostgreSQL's own function and argument order.

Only what is listed is certain: sqlglot makes one class of several functions, and what it does not
say by class may have been another. The list was made by parsing each function of `pg_proc` with
sqlglot's dialect `postgres` and reading where its arguments went.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

Call = tuple[str, list[exp.Expr]]
_ONE = ("this",)
_TWO = ("this", "expression")

POSTGRES: dict[type[exp.Expr], tuple[str, tuple[str, ...]]] = {
    **{
        class_: (class_.sql_names()[0].lower(), _ONE)
        for class_ in (
            exp.Abs, exp.Acos, exp.Asin, exp.Ascii, exp.Avg, exp.BitLength, exp.Cbrt, exp.Ceil,
            exp.Cos, exp.Degrees, exp.Exp, exp.Floor, exp.Initcap, exp.Ln, exp.Lower, exp.Max,
            exp.MD5, exp.Min, exp.Radians, exp.Reverse, exp.Sign, exp.Sin, exp.Sqrt, exp.Stddev,
            exp.StddevPop, exp.StddevSamp, exp.Sum, exp.Tan, exp.Upper, exp.Variance,
            exp.JustifyDays, exp.JustifyHours, exp.JustifyInterval, exp.Factorial,
        )
    },
    **{
        class_: (class_.sql_names()[0].lower(), _TWO)
        for class_ in (
            exp.ArrayAppend, exp.ArrayRemove, exp.Atan2, exp.Corr, exp.CovarPop, exp.CovarSamp,
            exp.Left, exp.RegrAvgx, exp.RegrAvgy, exp.RegrCount, exp.RegrIntercept,
            exp.RegrR2, exp.RegrSlope, exp.RegrSxx, exp.RegrSxy, exp.RegrSyy, exp.Right,
            exp.StartsWith,
        )
    },
    exp.ArrayAgg: ("array_agg", _ONE),
    exp.ArrayContainsAll: ("@>", _TWO),
    exp.ArrayContainedBy: ("<@", _TWO),
    exp.ArrayOverlaps: ("&&", _TWO),
    exp.JSONBContainsTopKey: ("?", _TWO),
    exp.RegexpLike: ("~", _TWO),
    exp.ArrayConcat: ("array_cat", ("this", "expressions")),
    exp.ArrayPrepend: ("array_prepend", ("expression", "this")),
    exp.ArraySize: ("array_length", _TWO),
    exp.ArrayToString: ("array_to_string", ("this", "expression", "null")),
    exp.BitwiseAndAgg: ("bit_and", _ONE),
    exp.BitwiseOrAgg: ("bit_or", _ONE),
    exp.Concat: ("concat", ("expressions",)),
    exp.ConcatWs: ("concat_ws", ("expressions",)),
    exp.Decode: ("decode", ("this", "charset")),
    exp.Encode: ("encode", ("this", "charset")),
    exp.GroupConcat: ("string_agg", ("this", "separator")),
    exp.Hex: ("to_hex", _ONE),
    exp.JSONArrayAgg: ("json_agg", _ONE),
    exp.JSONBObjectAgg: ("jsonb_object_agg", _TWO),
    exp.Length: ("length", _ONE),
    exp.Log: ("log", _TWO),
    exp.LogicalAnd: ("bool_and", _ONE),
    exp.LogicalOr: ("bool_or", _ONE),
    exp.Pow: ("power", _TWO),
    exp.RegexpReplace: ("regexp_replace", ("this", "expression", "replacement")),
    exp.Repeat: ("repeat", ("this", "times")),
    exp.Replace: ("replace", ("this", "expression", "replacement")),
    exp.Round: ("round", ("this", "decimals")),
    exp.SplitPart: ("split_part", ("this", "delimiter", "part_index")),
    exp.StringToArray: ("string_to_array", ("this", "expression", "null")),
    exp.StrPosition: ("strpos", ("this", "substr")),
    exp.StrToDate: ("to_date", ("this", "format")),
    exp.StrToTime: ("to_timestamp", ("this", "format")),
    exp.TimeToStr: ("to_char", ("this", "format")),
    exp.Translate: ("translate", ("this", "from_", "to")),
    exp.Trunc: ("trunc", ("this", "decimals")),
    exp.UnixToTime: ("to_timestamp", _ONE),
    exp.Uuid: ("gen_random_uuid", ()),
    exp.VariancePop: ("var_pop", _ONE),
}  # fmt: skip


def written_call(node: exp.Expr) -> Call | None:
    """Return the function that was written and its arguments in order; None if that is unsure."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower(), list(node.expressions)
    if isinstance(node, exp.Trim):
        position = str(node.args.get("position") or "").upper()
        name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(position, "btrim")
        return name, list(_arguments(node, _TWO))
    if isinstance(node, exp.Pad):
        name = "lpad" if node.args.get("is_left") else "rpad"
        return name, list(_arguments(node, ("this", "expression", "fill_pattern")))
    if isinstance(node, exp.TimestampTrunc | exp.DateTrunc):
        unit = exp.Literal.string(node.text("unit").lower())
        return "date_trunc", [unit, *_arguments(node, ("this", "zone"))]
    if isinstance(node, exp.JSONExtract | exp.JSONExtractScalar):
        return _extraction(node)
    known = POSTGRES.get(type(node))
    if known is None:
        return None
    name, keys = known
    return name, list(_arguments(node, keys))


def _extraction(node: exp.Expr) -> Call | None:
    """``->`` and ``->>``, whose right side the parser may have made a path."""
    if node.expressions:
        return None  # json_extract_path
    name = "->>" if isinstance(node, exp.JSONExtractScalar) else "->"
    right = node.expression
    if isinstance(right, exp.JSONPath):
        numbered = any(isinstance(part, exp.JSONPathSubscript) for part in right.expressions)
        right = exp.Literal.number(0) if numbered else exp.Literal.string("$")
    return name, [node.this, right]


def _arguments(node: exp.Expr, keys: tuple[str, ...]) -> Iterator[exp.Expr]:
    for key in keys:
        value = node.args.get(key)
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, exp.Expr):
                yield item
