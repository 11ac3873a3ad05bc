"""From sqlglot's function classes back to the function that was written in Spark's SQL.

sqlglot makes one class of several functions; the parser is told to keep the name that was written
(see `lineage.sql.parse`). What has a syntax of its own comes without one, and is named here. Where
the parser turns arguments round or wraps them, their order is that of the class.
"""

from __future__ import annotations

from sqlglot import exp

Call = tuple[str, list[exp.Expr]]
NAME = "name"
"""Under this key the parser keeps the name that was written."""

_OWN_SYNTAX: dict[type[exp.Expr], str] = {
    exp.ApproxQuantile: "percentile_approx",
    exp.ArgMax: "max_by",
    exp.ArgMin: "min_by",
    exp.Ceil: "ceil",
    exp.Chr: "chr",
    exp.Decode: "decode",
    exp.Exists: "exists",
    exp.Extract: "extract",
    exp.Floor: "floor",
    exp.Initcap: "initcap",
    exp.Quantile: "percentile",
    exp.Transform: "transform",
    exp.CurrentDate: "current_date",
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentUser: "current_user",
    exp.Localtimestamp: "localtimestamp",
    exp.StrPosition: "position",
    exp.Substring: "substring",
    exp.Trim: "trim",
    exp.TsOrDsToDate: "to_date",
    exp.Overlay: "overlay",
    exp.Inline: "inline",
}
_REORDERED = frozenset({
    "locate", "position", "charindex", "datediff", "date_diff", "months_between", "trunc", "log",
    "date_trunc", "timestampadd", "timestampdiff", "dateadd", "date_part", "datepart", "extract",
    "array_prepend", "decode", "encode", "log2", "log10", "unix_timestamp", "from_unixtime",
    "regexp_extract", "regexp_extract_all", "str_to_map", "map", "named_struct", "struct",
})  # fmt: skip
"""Functions whose arguments the parser turns round, or takes for something else than values."""


def written_call(node: exp.Expr) -> Call | None:
    """Return the function that was written, and its arguments; None if that is unsure."""
    if isinstance(node, exp.Anonymous):
        return node.name.lower(), list(node.expressions)
    kept = node._meta  # noqa: SLF001 - .meta would create an empty dict on every node
    written = kept.get(NAME) if kept else None
    name = str(written).lower() if written else _OWN_SYNTAX.get(type(node))
    if name is None:
        return None
    if isinstance(node, exp.TimestampAdd):  # `date_add(HOUR, 1, t)`
        name = "timestampadd"
    elif isinstance(node, exp.DateDiff) and node.args.get("unit") is not None:
        name = "timestampdiff"
    return name, _values(node)


def is_reordered(name: str) -> bool:
    """Return whether the order of the arguments is the parser's and proves nothing."""
    return name in _REORDERED


def _values(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Initcap):
        return [node.this]  # the parser adds what parts words
    found: list[exp.Expr] = []
    for argument in node.args.values():
        items = argument if isinstance(argument, list) else [argument]
        found.extend(
            _unwrapped(item)
            for item in items
            if isinstance(item, exp.Expr) and not isinstance(item, exp.Var)
        )
    return found


def _unwrapped(node: exp.Expr) -> exp.Expr:
    """Return what was written where the parser added that it is taken for a day."""
    added = isinstance(node, exp.TsOrDsToDate) and not (node._meta or {}).get(NAME)  # noqa: SLF001 - as above
    return node.this if added else node
