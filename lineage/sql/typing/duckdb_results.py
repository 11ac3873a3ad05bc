"""Result types that DuckDB finds only when it binds a call, because its catalogue says ANY.

Each rule takes the arguments' types, after the overload is chosen, and gives the result's type or a
message. Which rules are needed, and that they are right, is what the probes of
``tests/sql/typing`` say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lineage.sql.typing.duckdb_casts import MAX_WIDTH, Casts, decimal, digits, normal
from lineage.sql.typing.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

type_or_error = Shape | str
Rule = Callable[[Casts, "Sequence[Shape]"], "Shape | str"]

_INT64_WIDTH = 18


def decimal_add(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Addition and subtraction: one more digit before the point."""
    if len(args) == 1:
        return args[0]
    pairs = [digits(arg) for arg in args]
    known = [pair for pair in pairs if pair is not None]
    width = max(pair[0] for pair in known)
    scale = max(pair[1] for pair in known)
    whole = max(pair[0] - pair[1] for pair in known)
    return decimal(max(scale + whole, width) + 1, scale)


def decimal_multiply(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Multiplication: digits and scales add up, but 18 digits stay 18."""
    known = [pair for pair in (digits(arg) for arg in args) if pair is not None]
    width = sum(pair[0] for pair in known)
    scale = sum(pair[1] for pair in known)
    if scale > MAX_WIDTH:
        return (
            f"Out of Range Error: Needed scale {scale} to accurately represent the multiplication "
            f"result, but this is out of range of the DECIMAL type. Max scale is {MAX_WIDTH}"
        )
    if width > _INT64_WIDTH and max(pair[0] for pair in known) <= _INT64_WIDTH > scale:
        width = _INT64_WIDTH
    return decimal(width, scale)


def decimal_modulo(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Remainder: the common DECIMAL, or DOUBLE if that does not exist."""
    known = [pair for pair in (digits(arg) for arg in args) if pair is not None]
    scale = max(pair[1] for pair in known)
    whole = max(pair[0] - pair[1] for pair in known)
    if scale + whole > MAX_WIDTH:
        return Shape("DOUBLE")
    return decimal(scale + whole, scale)


def decimal_sum(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Sums keep the scale and take all digits."""
    found = digits(args[0])
    return decimal(MAX_WIDTH, found[1] if found else 0)


def decimal_whole(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Rounding to a whole number keeps the width."""
    found = digits(args[0])
    return decimal(found[0], 0) if found else args[0]


def decimal_round(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Rounding to a number of places that is known from the query's text."""
    found = digits(args[0])
    if len(args) == 1 or found is None:
        return decimal_whole(_casts, args)
    if args[1].id == "NULL":
        return Shape("NULL")
    if args[1].id != "INTEGER_LITERAL":
        return decimal(found[0], found[1])
    return decimal(found[0], max(0, min(int(args[1].text), found[1])))


def same(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The first argument's type."""
    return normal(args[0])


def mixed(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The common type of all arguments."""
    common = args[0]
    for arg in args[1:]:
        found = casts.common(common, arg)
        if found is None:
            return f"Cannot combine types {common.id} and {arg.id} - an explicit cast is required"
        common = found
    return normal(common)


def concat(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """``||``: lists make a list, bytes make bytes, everything else becomes text."""
    if any(arg.id == "NULL" for arg in args):
        return Shape("NULL")
    lists = [arg for arg in args if arg.id in {"LIST", "ARRAY"}]
    if lists:
        if len(lists) < len(args):
            return "Cannot concatenate a list and a value that is no list"
        return list_concat(casts, args)
    if all(arg.id == "BLOB" for arg in args):
        return Shape("BLOB")
    if all(arg.id == "BIT" for arg in args):
        return Shape("BIT")
    return Shape("VARCHAR")


def list_concat(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Lists of a common element type."""
    elements = [arg.children[0] for arg in args if arg.children]
    if not elements:
        return Shape("NULL")
    element = mixed(casts, elements)
    return element if isinstance(element, str) else Shape("LIST", (element,))


def median(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Continuous quantiles: numbers become DOUBLE, dates TIMESTAMP, decimals stay."""
    plain = normal(args[0])
    if plain.id == "DATE":
        return Shape("TIMESTAMP")
    if plain.id in {"FLOAT", "DECIMAL", "VARCHAR", "INTERVAL"} or "TIME" in plain.id:
        return plain
    return Shape("DOUBLE")


def avg(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """Averages of decimals are DOUBLE."""
    return Shape("DOUBLE")


def struct_row(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A row of values without names."""
    return Shape("TUPLE", tuple(normal(arg) for arg in args))


def listed(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of the first argument's type."""
    return Shape("LIST", (normal(args[0]),))


def histogram(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Counts by value."""
    return Shape("MAP", (normal(args[0]), Shape("UBIGINT")))


def lambda_list(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of what the lambda gives."""
    return Shape("LIST", (normal(args[-1]),))


def list_slice(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Part of a list or text."""
    plain = normal(args[0])
    return Shape("LIST", plain.children) if plain.id == "ARRAY" else plain


def array_value(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of fixed length."""
    if not args:
        return "array_value requires at least one argument"
    element = mixed(casts, args)
    return element if isinstance(element, str) else Shape("ARRAY", (element,), size=len(args))


def unknown(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """Depends on a value of the query's text that types do not carry."""
    return Shape("UNKNOWN")


RULES: dict[str, Rule] = {
    "+": decimal_add,
    "-": decimal_add,
    "add": decimal_add,
    "subtract": decimal_add,
    "*": decimal_multiply,
    "multiply": decimal_multiply,
    "%": decimal_modulo,
    "mod": decimal_modulo,
    "sum": decimal_sum,
    "sum_no_overflow": decimal_sum,
    "avg": avg,
    "mean": avg,
    "round": decimal_round,
    "round_even": decimal_round,
    "roundbankers": decimal_round,
    "trunc": decimal_round,
    "ceil": decimal_whole,
    "ceiling": decimal_whole,
    "floor": decimal_whole,
    "greatest": mixed,
    "least": mixed,
    "||": concat,
    "concat": concat,
    "list_concat": list_concat,
    "list_cat": list_concat,
    "array_concat": list_concat,
    "array_cat": list_concat,
    "median": median,
    "quantile_cont": median,
    "row": struct_row,
    "histogram": histogram,
    "histogram_exact": histogram,
    "list_transform": lambda_list,
    "list_apply": lambda_list,
    "array_transform": lambda_list,
    "array_apply": lambda_list,
    "apply": lambda_list,
    "list_slice": list_slice,
    "array_slice": list_slice,
    "array_value": array_value,
    "current_setting": unknown,
    "getvariable": unknown,
    "list_aggregate": unknown,
    "list_aggr": unknown,
    "array_aggregate": unknown,
    "array_aggr": unknown,
    "aggregate": unknown,
    "from_json": unknown,
    "from_json_strict": unknown,
    "json_transform": unknown,
    "json_transform_strict": unknown,
    "struct_extract": unknown,
}
