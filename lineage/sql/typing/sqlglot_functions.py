"""From sqlglot's function classes back to the engine's own function and argument order.

sqlglot's parser turns the functions that it knows into classes, renames their arguments and
sometimes turns them round (``strpos``, ``date_diff``), and the written name is lost. `engine_call`
undoes that, so that a call can be looked up in the engine's catalogue. Arguments that the parser
keeps as keywords (units, JSON paths) come back as the string literals that they were.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlglot import exp

Call = tuple[str, list[exp.Expr]]

# Class -> name, arguments in the engine's order. A class that is not listed keeps sqlglot's name
# for it and the order of its ``arg_types``.
DUCKDB: dict[type[exp.Expr], tuple[str, tuple[str, ...]]] = {
    exp.ApproxDistinct: ("approx_count_distinct", ("this",)),
    exp.ArgMax: ("arg_max", ("this", "expression", "count")),
    exp.ArgMin: ("arg_min", ("this", "expression", "count")),
    exp.Array: ("list_value", ("expressions",)),
    exp.ArrayAgg: ("list", ("this",)),
    exp.ArrayAppend: ("list_append", ("this", "expression")),
    exp.ArrayConcat: ("list_concat", ("this", "expressions")),
    exp.ArrayContains: ("list_contains", ("this", "expression")),
    exp.ArrayContainsAll: ("list_has_all", ("this", "expression")),
    exp.ArrayDistinct: ("list_distinct", ("this",)),
    exp.ArrayFilter: ("list_filter", ("this", "expression")),
    exp.ArrayIntersect: ("list_intersect", ("expressions",)),
    exp.ArrayMax: ("list_max", ("this",)),
    exp.ArrayMin: ("list_min", ("this",)),
    exp.ArrayOverlaps: ("list_has_any", ("this", "expression")),
    exp.ArrayPosition: ("list_position", ("this", "expression")),
    exp.ArrayPrepend: ("list_prepend", ("expression", "this")),
    exp.ArrayReverse: ("list_reverse", ("this",)),
    exp.ArraySize: ("array_length", ("this", "expression")),
    exp.ArraySlice: ("array_slice", ("this", "start", "end", "step")),
    exp.ArrayToString: ("array_to_string", ("this", "expression")),
    exp.AtTimeZone: ("timezone", ("zone", "this")),
    exp.BitwiseAndAgg: ("bit_and", ("this",)),
    exp.BitwiseOrAgg: ("bit_or", ("this",)),
    exp.BitwiseXor: ("xor", ("this", "expression")),
    exp.BitwiseXorAgg: ("bit_xor", ("this",)),
    exp.CosineDistance: ("list_cosine_distance", ("this", "expression")),
    exp.Count: ("count", ("this",)),
    exp.CurrentTimestamp: ("now", ()),
    exp.CurrentVersion: ("version", ()),
    exp.CurrentTime: ("get_current_time", ()),
    exp.DateAdd: ("date_add", ("this", "expression")),
    exp.DateBin: ("time_bucket", ("this", "expression", "unit")),
    exp.DateDiff: ("date_diff", ("unit", "expression", "this")),
    exp.DateFromParts: ("make_date", ("year", "month", "day")),
    exp.DateTrunc: ("date_trunc", ("unit", "this")),
    exp.DayOfWeekIso: ("isodow", ("this",)),
    exp.DayOfMonth: ("dayofmonth", ("this",)),
    exp.DayOfWeek: ("dayofweek", ("this",)),
    exp.DayOfYear: ("dayofyear", ("this",)),
    exp.Decode: ("decode", ("this",)),
    exp.Encode: ("encode", ("this",)),
    exp.EndsWith: ("ends_with", ("this", "expression")),
    exp.EuclideanDistance: ("list_distance", ("this", "expression")),
    exp.Explode: ("unnest", ("this",)),
    exp.FromJson: ("from_json", ("this", "expression")),
    exp.Getbit: ("get_bit", ("this", "expression")),
    exp.GroupConcat: ("string_agg", ("this", "separator")),
    exp.IsInf: ("isinf", ("this",)),
    exp.IsNan: ("isnan", ("this",)),
    exp.JSONArray: ("json_array", ("expressions",)),
    exp.JSONType: ("json_type", ("this", "expression")),
    exp.JarowinklerSimilarity: ("jaro_winkler_similarity", ("this", "expression")),
    exp.Lag: ("lag", ("this", "offset", "default")),
    exp.Lead: ("lead", ("this", "offset", "default")),
    exp.Levenshtein: ("levenshtein", ("this", "expression")),
    exp.Localtime: ("current_localtime", ()),
    exp.Localtimestamp: ("current_localtimestamp", ()),
    exp.LogicalAnd: ("bool_and", ("this",)),
    exp.LogicalOr: ("bool_or", ("this",)),
    exp.Map: ("map", ("keys", "values")),
    exp.MapFromEntries: ("map_from_entries", ("this",)),
    exp.Max: ("max", ("this", "count")),
    exp.Min: ("min", ("this", "count")),
    exp.MD5: ("md5", ("this",)),
    exp.Mod: ("mod", ("this", "expression")),
    exp.NthValue: ("nth_value", ("this", "offset")),
    exp.Overlay: ("overlay", ("this", "expression", "from_", "for_")),
    exp.ParseJSON: ("json", ("this",)),
    exp.PercentileCont: ("quantile_cont", ("this", "expression")),
    exp.PercentileDisc: ("quantile_disc", ("this", "expression")),
    exp.Pow: ("pow", ("this", "expression")),
    exp.Quantile: ("quantile", ("this", "quantile")),
    exp.Rand: ("random", ()),
    exp.Reduce: ("list_reduce", ("this", "merge", "initial")),
    exp.RegexpExtract: ("regexp_extract", ("this", "expression", "group", "parameters")),
    exp.RegexpExtractAll: ("regexp_extract_all", ("this", "expression", "group", "parameters")),
    exp.RegexpFullMatch: ("regexp_full_match", ("this", "expression", "options")),
    exp.RegexpLike: ("regexp_matches", ("this", "expression", "flag")),
    exp.RegexpReplace: ("regexp_replace", ("this", "expression", "replacement", "modifiers")),
    exp.RegexpSplit: ("string_split_regex", ("this", "expression", "limit")),
    exp.Round: ("round", ("this", "decimals")),
    exp.SHA: ("sha1", ("this",)),
    exp.SHA2: ("sha256", ("this",)),
    exp.Split: ("string_split", ("this", "expression")),
    exp.SplitPart: ("split_part", ("this", "delimiter", "part_index")),
    exp.StartsWith: ("starts_with", ("this", "expression")),
    exp.StrPosition: ("strpos", ("this", "substr")),
    exp.StrToTime: ("strptime", ("this", "format")),
    exp.StructExtract: ("struct_extract", ("this", "expression")),
    exp.Substring: ("substring", ("this", "start", "length")),
    exp.TimeFromParts: ("make_time", ("hour", "min", "sec")),
    exp.TimeToStr: ("strftime", ("this", "format")),
    exp.TimeToUnix: ("epoch", ("this",)),
    exp.TimestampFromParts: (
        "make_timestamp",
        ("year", "month", "day", "hour", "min", "sec"),
    ),
    exp.TimestampTrunc: ("date_trunc", ("unit", "this")),
    exp.Transform: ("list_transform", ("this", "expression")),
    exp.Translate: ("translate", ("this", "from_", "to")),
    exp.Trunc: ("trunc", ("this", "decimals")),
    exp.Uuid: ("uuid", ()),
    exp.Variance: ("var_samp", ("this",)),
    exp.VariancePop: ("var_pop", ("this",)),
    exp.WeekOfYear: ("weekofyear", ("this",)),
}


def engine_call(node: exp.Expr) -> Call:
    """The function that DuckDB calls for the node: its name and the arguments in its order.

    The arguments are the node's own children where there are any; what the parser made up or
    folded into a keyword is a new literal without a place in the file.
    """
    special = _SPECIAL.get(type(node))
    if special is not None:
        return special(node)
    known = DUCKDB.get(type(node))
    if known is not None:
        name, keys = known
        return name, list(_arguments(node, keys))
    if isinstance(node, exp.Anonymous):
        return _anonymous(node)
    name = node.sql_name().lower() if isinstance(node, exp.Func) else node.key
    return name, list(_arguments(node, tuple(node.arg_types)))


def _arguments(node: exp.Expr, keys: tuple[str, ...]) -> Iterator[exp.Expr]:
    for key in keys:
        value = node.args.get(key)
        for item in value if isinstance(value, list) else (value,):
            argument = _argument(item)
            if argument is not None:
                yield argument


def _argument(item: Any) -> exp.Expr | None:  # noqa: ANN401 - sqlglot's args hold anything
    if isinstance(item, exp.JSONPath):
        return exp.Literal.string("$")
    if isinstance(item, exp.Var):
        return exp.Literal.string(item.name.lower())
    if isinstance(item, exp.WeekStart):
        return exp.Literal.string("week")
    return item if isinstance(item, exp.Expr) else None


_OF_VALUE = {"epoch": "epoch", "julian": "julian"}
_OF_LISTS = frozenset({
    "list_aggregate", "list_aggr", "array_aggregate", "array_aggr", "aggregate",
})  # fmt: skip
"""Functions that apply the aggregate that their second argument names to a list."""


def _anonymous(node: exp.Anonymous) -> Call:
    name = node.name.lower()
    arguments: list[exp.Expr] = list(node.expressions)
    if name in {"date_part", "datepart"} and arguments and isinstance(arguments[0], exp.Literal):
        unit = arguments[0].name.lower()
        if unit in _OF_VALUE:
            return unit, arguments[1:]
    if name in _OF_LISTS and len(arguments) > 1 and isinstance(arguments[1], exp.Literal):
        return f"list_{arguments[1].name.lower()}", [arguments[0], *arguments[2:]]
    return name, arguments


def _extract(node: exp.Expr) -> Call:
    unit = node.this.name.lower()
    value = node.args["expression"]
    if unit in _OF_VALUE:
        return unit, [value]
    return "date_part", [exp.Literal.string(unit), value]


def _json_extract(node: exp.Expr) -> Call:
    scalar = isinstance(node, exp.JSONExtractScalar)
    if "only_json_types" in node.args:
        name = "->>" if scalar else "->"
    else:
        name = "json_extract_string" if scalar else "json_extract"
    return name, list(_arguments(node, ("this", "expression")))


def _json_object(node: exp.Expr) -> Call:
    pairs: list[exp.Expr] = []
    for item in node.expressions:
        if isinstance(item, exp.JSONKeyValue):
            pairs.extend((item.this, item.expression))
        else:
            pairs.append(item)
    return "json_object", pairs


def _trim(node: exp.Expr) -> Call:
    position = str(node.args.get("position") or "").upper()
    name = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(position, "trim")
    return name, list(_arguments(node, ("this", "expression")))


def _pad(node: exp.Expr) -> Call:
    name = "lpad" if node.args.get("is_left") else "rpad"
    return name, list(_arguments(node, ("this", "expression", "fill_pattern")))


def _unix_to_time(node: exp.Expr) -> Call:
    scale = node.args.get("scale")
    name = {"3": "epoch_ms", "6": "make_timestamp"}.get(scale.name if scale else "", "to_timestamp")
    return name, [node.this]


def _generate_series(node: exp.Expr) -> Call:
    name = "range" if node.args.get("is_end_exclusive") else "generate_series"
    return name, list(_arguments(node, ("start", "end", "step")))


def _array_sort(node: exp.Expr) -> Call:
    reverse = isinstance(node.args.get("asc"), exp.Boolean) and not node.args["asc"].this
    return ("list_reverse_sort" if reverse else "list_sort"), [node.this]


def _to_map(node: exp.Expr) -> Call:
    """``MAP {k: v}``: copies, because a node has one parent."""
    pairs = [item for item in node.this.expressions if isinstance(item, exp.PropertyEQ)]
    keys = exp.Array(expressions=[pair.this.copy() for pair in pairs])
    values = exp.Array(expressions=[pair.expression.copy() for pair in pairs])
    return "map", [keys, values]


def _ignore_nulls(node: exp.Expr) -> Call:
    return engine_call(node.this)


_SPECIAL: dict[type[exp.Expr], Callable[[Any], Call]] = {
    exp.Extract: _extract,
    exp.JSONExtract: _json_extract,
    exp.JSONExtractScalar: _json_extract,
    exp.JSONObject: _json_object,
    exp.Trim: _trim,
    exp.Pad: _pad,
    exp.UnixToTime: _unix_to_time,
    exp.GenerateSeries: _generate_series,
    exp.ArraySort: _array_sort,
    exp.ToMap: _to_map,
    exp.IgnoreNulls: _ignore_nulls,
    exp.RespectNulls: _ignore_nulls,
}
