"""Result types that DuckDB finds only when it binds a call, because its catalogue says ANY.

Each rule takes the arguments' types, after the overload is chosen, and gives the result's type or a
message. Which rules are needed, and that they are right, is what the probes of
``tests/sql/typing`` say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lineage.sql.typing.duckdb_casts import (
    INTEGER_WIDTH,
    MAX_WIDTH,
    Casts,
    decimal,
    digits,
    normal,
)
from lineage.sql.typing.shape import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence

Rule = Callable[[Casts, "Sequence[Shape]"], "Shape | str"]

_INT64_WIDTH = 18
_DEFAULT_DECIMAL = (18, 3)


def _digits(args: Sequence[Shape]) -> list[tuple[int, int]]:
    """Width and scale of each argument once it is a DECIMAL."""
    return [digits(arg) or _DEFAULT_DECIMAL for arg in args]


def decimal_add(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Addition and subtraction: one more digit before the point; lists are joined."""
    if any(arg.id in {"LIST", "ARRAY"} for arg in args):
        return list_concat(_casts, args)
    if len(args) == 1:
        return args[0]
    if any(arg.id == "NULL" for arg in args):
        return Shape("NULL")
    known = _digits(args)
    width = max(pair[0] for pair in known)
    scale = max(pair[1] for pair in known)
    whole = max(pair[0] - pair[1] for pair in known)
    return decimal(max(scale + whole, width) + 1, scale)


def decimal_multiply(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Multiplication: digits and scales add up, but 18 digits stay 18."""
    if any(arg.id == "NULL" for arg in args):
        return Shape("NULL")
    known = _digits(args)
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
    if any(arg.id == "NULL" for arg in args):
        return Shape("NULL")
    known = _digits(args)
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


def concat_operator(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """``||``: lists make a list, bytes make bytes, everything else becomes text."""
    if any(arg.id == "NULL" for arg in args):
        return Shape("NULL")
    if any(arg.id in {"LIST", "ARRAY"} for arg in args):
        return _lists(casts, args)
    for id_ in ("BLOB", "BIT"):
        if all(arg.id == id_ for arg in args):
            return Shape(id_)
    return Shape("VARCHAR")


def concat(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """``concat``: lists make a list, everything else becomes text."""
    if any(arg.id in {"LIST", "ARRAY"} for arg in args):
        return _lists(casts, args)
    return Shape("VARCHAR")


def _lists(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    other = next((arg for arg in args if arg.id not in {"LIST", "ARRAY", "NULL"}), None)
    if other is not None:
        return f"Cannot concatenate a list and {other.id} - an explicit cast is required"
    return list_concat(casts, args)


def list_concat(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Lists of a common element type."""
    elements = [arg.children[0] for arg in args if arg.children]
    if not elements:
        return Shape("NULL")
    element = mixed(casts, elements)
    return element if isinstance(element, str) else Shape("LIST", (element,))


def median(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Continuous quantiles: integers become DOUBLE, dates TIMESTAMP, all else stays."""
    plain = normal(args[0])
    if plain.id == "DATE":
        return Shape("TIMESTAMP")
    return Shape("DOUBLE") if plain.id in INTEGER_WIDTH or plain.id == "NULL" else plain


def quantile(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """One quantile, or a list of them."""
    return _per_fraction(args, median(casts, args))


def quantile_disc(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A value that occurs, or a list of them."""
    if len(args) == 1:
        return "QUANTILE requires a range argument between [0, 1]"
    return _per_fraction(args, normal(args[0]))


def _per_fraction(args: Sequence[Shape], one: Shape | str) -> Shape | str:
    if len(args) > 1 and args[1].id in {"LIST", "ARRAY"} and isinstance(one, Shape):
        return Shape("LIST", (one,))
    return one


def avg(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """Averages of decimals are DOUBLE."""
    return Shape("DOUBLE")


def row(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A row of values without names."""
    return Shape("TUPLE", tuple(normal(arg) for arg in args))


def histogram(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Counts by value; by range, decimals are DOUBLE."""
    if len(args) > 1 and args[0].id == "DECIMAL":
        return Shape("MAP", (Shape("DOUBLE"), Shape("UBIGINT")))
    return Shape("MAP", (normal(args[0]), Shape("UBIGINT")))


def lambda_list(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of what the lambda gives."""
    return Shape("LIST", (normal(args[-1]),))


def same_list(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The list itself, with an array's fixed length forgotten."""
    plain = normal(args[0])
    return Shape("LIST", plain.children) if plain.id == "ARRAY" else plain


def list_slice(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Part of a list or text."""
    plain = same_list(casts, args)
    if isinstance(plain, Shape) and plain.id in {"BLOB", "JSON"}:
        return plain if plain.id == "BLOB" else Shape("VARCHAR")
    if isinstance(plain, Shape) and plain.id in {"LIST", "VARCHAR", "NULL"}:
        return plain
    return "ARRAY_SLICE can only operate on LISTs and VARCHARs"


def map_extract(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of the one value that there is for a key."""
    plain = normal(args[0])
    return Shape("LIST", (plain.children[1] if plain.children else Shape("NULL"),))


def list_reduce(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The accumulator: the first value, or an element."""
    if len(args) > 2:  # noqa: PLR2004 - list, lambda, first value
        return normal(args[2])
    return normal(args[0].children[0]) if args[0].children else Shape("NULL")


def array_value(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of fixed length."""
    if not args:
        return "array_value requires at least one argument"
    element = mixed(casts, [normal(arg) for arg in args])
    return element if isinstance(element, str) else Shape("ARRAY", (element,), size=len(args))


def list_zip(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Rows of the lists' elements; a last BOOLEAN says whether to cut to the shortest."""
    lists = list(args[:-1] if len(args) > 1 and args[-1].id == "BOOLEAN" else args)
    members: list[Shape] = []
    for item in lists:
        if item.id == "NULL":
            members.append(item)
        elif item.id in {"LIST", "ARRAY"} and item.children:
            members.append(normal(item.children[0]))
        else:
            return "Parameter type needs to be List"
    return Shape("LIST", (Shape("TUPLE", tuple(members)),))


def map_concat(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Maps of a common key and value type."""
    if len(args) == 1:
        return "The provided amount of arguments is incorrect, please provide 2 or more maps"
    maps = [arg for arg in args if arg.id != "NULL"]
    if any(arg.id != "MAP" for arg in maps):
        return "'value' of type MAP expected, found a value of another type"
    return mixed(casts, maps) if maps else Shape("NULL")


def struct_concat(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """All members of all structs."""
    for position, arg in enumerate(args, 1):
        if arg.id not in {"STRUCT", "TUPLE"}:
            return f'struct_concat: Argument at position "{position}" is not a STRUCT'
    members = tuple(child for arg in args for child in arg.children)
    names = tuple(name for arg in args for name in arg.names)
    return Shape("STRUCT" if names else "TUPLE", members, names)


def struct_values(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The members without their names."""
    return Shape("TUPLE", args[0].children) if args[0].children else Shape("NULL")


def enum_code(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """The position of a value; enumerations of more than 256 values are wider."""
    return Shape("UTINYINT")


def union_tag(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The member's name as an enumeration."""
    if args[0].id != "UNION":
        return "union_tag requires a UNION"
    return Shape("ENUM", text="(" + ", ".join(f"'{name}'" for name in args[0].names) + ")")


def number_sum(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Like sum, but integers stay HUGEINT."""
    return decimal_sum(_casts, args) if args[0].id == "DECIMAL" else Shape("HUGEINT")


def element(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list's element; a struct's member needs the name, which types do not carry."""
    plain = args[0]
    if plain.id in {"LIST", "ARRAY"} and plain.children:
        return normal(plain.children[0])
    if plain.id in {"VARCHAR", "STRING_LITERAL"}:
        return Shape("VARCHAR")
    return Shape("NULL") if plain.id == "NULL" else Shape("UNKNOWN")


def unpivot_list(casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """A list of the common type."""
    common = mixed(casts, args)
    return common if isinstance(common, str) else Shape("LIST", (common,))


def arg_extreme(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The first argument, or a list of as many as the third says."""
    plain = normal(args[0])
    return plain if len(args) == 2 else Shape("LIST", (plain,))  # noqa: PLR2004


def unknown(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """Depends on a value of the query's text that types do not carry."""
    return Shape("UNKNOWN")


RULES: dict[str, Rule] = {
    "%": decimal_modulo,
    "*": decimal_multiply,
    "+": decimal_add,
    "-": decimal_add,
    "add": decimal_add,
    "array_value": array_value,
    "array_slice": list_slice,
    "avg": avg,
    "ceil": decimal_whole,
    "ceiling": decimal_whole,
    "concat": concat,
    "enum_code": enum_code,
    "floor": decimal_whole,
    "greatest": mixed,
    "histogram": histogram,
    "histogram_exact": histogram,
    "least": mixed,
    "list_slice": list_slice,
    "map_concat": map_concat,
    "mean": avg,
    "median": median,
    "mod": decimal_modulo,
    "multiply": decimal_multiply,
    "quantile": quantile_disc,
    "quantile_cont": quantile,
    "quantile_disc": quantile_disc,
    "round": decimal_round,
    "round_even": decimal_round,
    "roundbankers": decimal_round,
    "row": row,
    "struct_concat": struct_concat,
    "struct_extract": unknown,
    "struct_extract_at": unknown,
    "struct_values": struct_values,
    "subtract": decimal_add,
    "sum": decimal_sum,
    "sum_no_overflow": number_sum,
    "trunc": decimal_round,
    "union_extract": unknown,
    "unpivot_list": unpivot_list,
    "union_tag": union_tag,
    "||": concat_operator,
}
for _names, _rule in (
    ("list_concat list_cat array_concat array_cat", list_concat),
    ("list_transform list_apply array_transform array_apply apply", lambda_list),
    ("list_filter array_filter filter list_sort array_sort", same_list),
    ("list_reverse_sort array_reverse_sort list_resize array_resize", same_list),
    ("list_reduce array_reduce reduce", list_reduce),
    ("list_zip array_zip", list_zip),
    ("array_extract list_extract list_element", element),
    ("element_at map_extract", map_extract),
    ("list_aggregate list_aggr array_aggregate array_aggr aggregate", unknown),
    ("from_json from_json_strict json_transform json_transform_strict", unknown),
    ("struct_pack struct_insert struct_update union_value current_setting getvariable", unknown),
):
    for _name in _names.split():
        RULES[_name] = _rule


def date_part(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """Whole numbers, for the parts that are; ``epoch`` and ``julian`` are functions."""
    if args[0].id == "STRING_LITERAL":
        return Shape("BIGINT")
    return Shape("DOUBLE") if args[0].id == "VARCHAR" else Shape("UNKNOWN")


def type_name(_casts: Casts, _args: Sequence[Shape]) -> Shape | str:
    """A constant, which the engine puts in place before it goes on binding."""
    return Shape("STRING_LITERAL")


def second(_casts: Casts, args: Sequence[Shape]) -> Shape | str:
    """The second argument's type."""
    return normal(args[1])


# Rules that hold although the catalogue names a result type.
OVERRIDES: dict[str, Rule] = {
    "date_part": date_part,
    "datepart": date_part,
    "cast_to_type": second,
    "quantile_cont": quantile,
    "typeof": type_name,
}
_EXTREMES = (
    "arg_max", "arg_max_null", "arg_max_nulls_last", "argmax", "max_by", "arg_min",
    "arg_min_null", "arg_min_nulls_last", "argmin", "min_by",
)  # fmt: skip
for _name in _EXTREMES:
    OVERRIDES[_name] = arg_extreme


_LISTS = frozenset({"LIST", "ARRAY", "NULL"})
_NEEDS_ENUM = "This function needs an ENUM as an argument"


def _only(ids: frozenset[str], message: str) -> Callable[[Sequence[Shape]], str | None]:
    """One argument, of one of these types; a NULL among them ends the engine's inspection."""

    def check(args: Sequence[Shape]) -> str | None:
        if any(arg.id == "NULL" for arg in args):
            return None
        if len(args) != 1:
            return message.split(maxsplit=1)[0] + " takes exactly one argument"
        return message if args[0].id not in ids else None

    return check


def _even(args: Sequence[Shape]) -> str | None:
    if len(args) % 2:
        return "json_object() requires an even number of arguments"
    if any(arg.id not in {"VARCHAR", "STRING_LITERAL"} for arg in args[::2]):
        return "json_object() keys must be VARCHAR, add an explicit cast to argument"
    return None


def _single(args: Sequence[Shape]) -> str | None:
    if any(arg.id == "NULL" for arg in args):
        return None
    return "to_json() takes exactly one argument" if len(args) != 1 else None


def _enums(args: Sequence[Shape]) -> str | None:
    fit = any(arg.id == "ENUM" for arg in args)
    return None if fit and all(arg.id in {"ENUM", "NULL"} for arg in args) else _NEEDS_ENUM


def _unnamed(args: Sequence[Shape]) -> str | None:
    return "can only be used on unnamed structs" if args[0].id == "STRUCT" else None


def _text_beside(args: Sequence[Shape]) -> str | None:
    lists = any(arg.id in {"LIST", "ARRAY"} for arg in args[1:])
    return "Cannot concatenate VARCHAR and a list" if lists else None


# Calls that an overload on ANY lets in and the function's own binder then refuses.
CHECKS: dict[str, Callable[[Sequence[Shape]], str | None]] = {
    "array_to_json": _only(_LISTS, "array_to_json() argument type must be LIST or ARRAY"),
    "cardinality": _only(_LISTS | {"MAP"}, "Cardinality can only operate on MAPs and LISTs"),
    "contains": _unnamed,
    "enum_range_boundary": _enums,
    "struct_contains": _unnamed,
    "struct_has": _unnamed,
    "struct_indexof": _unnamed,
    "struct_position": _unnamed,
    "enum_code": _only(frozenset({"ENUM"}), _NEEDS_ENUM),
    "enum_first": _only(frozenset({"ENUM"}), _NEEDS_ENUM),
    "enum_last": _only(frozenset({"ENUM"}), _NEEDS_ENUM),
    "enum_range": _only(frozenset({"ENUM"}), _NEEDS_ENUM),
    "json_object": _even,
    "json_quote": _single,
    "to_json": _single,
    "row_to_json": _only(
        frozenset({"STRUCT", "TUPLE", "NULL"}), "row_to_json() argument type must be STRUCT"
    ),
    "struct_keys": _only(frozenset({"STRUCT", "NULL"}), "struct_keys() expects a STRUCT argument"),
}
