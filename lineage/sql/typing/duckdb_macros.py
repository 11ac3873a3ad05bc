"""DuckDB's built-in scalar macros, as the calls that their definitions make.

``duckdb_functions()`` gives a macro's text but no types; these are the texts, evaluated on types.
The lists' aggregates (``list_sum``) are ``list_aggr(l, 'sum')`` and are handled by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lineage.sql.typing.typed import Typed

if TYPE_CHECKING:
    from lineage.sql.typing.typed import TypeSystem

Arg = str | None
_BIGINT = "BIGINT"
_TEXT = "VARCHAR"
_LITERAL = "STRING_LITERAL"


class _Refused(Exception):
    """A step of the macro does not bind."""

    def __init__(self, answer: Typed) -> None:
        self.answer = answer
        super().__init__(answer.error)


class Steps:
    """The type system, with every refusal ending the macro."""

    def __init__(self, system: TypeSystem) -> None:
        self.system = system

    def _take(self, answer: Typed) -> Arg:
        if answer.error is not None:
            raise _Refused(answer)
        return answer.type

    def call(self, name: str, *args: Arg) -> Arg:
        """Return what a function gives; a refusal refuses the whole macro."""
        return self._take(self.system.call(name, args))

    def operator(self, symbol: str, *args: Arg) -> Arg:
        """Return what an operator gives."""
        return self._take(self.system.operator(symbol, args))

    def combine(self, kind: str, *args: Arg) -> Arg:
        """Return the common type."""
        return self._take(self.system.combine(kind, args))


def _weighted_avg(s: Steps, value: Arg, weight: Arg) -> Arg:
    total = s.call("sum", s.operator("*", value, weight))
    return s.operator("/", total, s.call("sum", s.combine("case", weight, "INTEGER_LITERAL(0)")))


def _split_part(s: Steps, text: Arg, delimiter: Arg, position: Arg) -> Arg:
    parts = s.call("string_split", text, delimiter)
    s.call("list_extract", parts, position)
    return _TEXT


def _list_append(s: Steps, items: Arg, item: Arg) -> Arg:
    return s.call("list_concat", items, s.call("list_value", item))


def _list_prepend(s: Steps, item: Arg, items: Arg) -> Arg:
    return s.call("list_concat", s.call("list_value", item), items)


def _sliced(s: Steps, items: Arg) -> Arg:
    return s.call("list_slice", items, _BIGINT, _BIGINT)


def _fmod(s: Steps, x: Arg, y: Arg) -> Arg:
    whole = s.call("floor", s.operator("/", x, y))
    return s.operator("-", x, s.operator("*", y, whole))


def _contains_entry(s: Steps, map_: Arg, key: Arg, value: Arg) -> Arg:
    entry = s.system.struct(("key", "value"), (key or "ANY", value or "ANY"))
    return s.call("contains", s.call("map_entries", map_), entry)


def _group_object(s: Steps, name: Arg, value: Arg) -> Arg:
    del name
    s.call("to_json", value)
    return "JSON"


def _array_to_string(s: Steps, items: Arg, separator: Arg) -> Arg:
    del items  # anything is cast to a list of text
    return s.call("string_agg", _TEXT, separator)


MACROS: dict[str, Callable[..., Arg]] = {
    "ago": lambda s, _i: s.operator("-", s.call("now"), "INTERVAL"),
    "array_append": _list_append,
    "array_pop_back": _sliced,
    "array_pop_front": _sliced,
    "array_prepend": _list_prepend,
    "array_push_back": _list_append,
    "array_push_front": lambda s, items, item: _list_prepend(s, item, items),
    "array_reverse": _sliced,
    "array_to_string": _array_to_string,
    "array_to_string_comma_default": _array_to_string,
    "assert_true": lambda _s, _condition, _message=None: '"NULL"',
    "current_role": lambda _s: _TEXT,
    "current_user": lambda _s: _TEXT,
    "current_catalog": lambda s: s.call("current_database"),
    "date_add": lambda s, date, interval: s.operator("+", date, interval),
    "days_in_month": lambda s, date: s.call("day", s.call("last_day", date)),
    "fdiv": lambda s, x, y: s.call("floor", s.operator("/", x, y)),
    "fmod": _fmod,
    "generate_subscripts": lambda s, items, dimension: (
        _BIGINT if s.call("array_length", items, dimension) else None
    ),
    "geomean": lambda s, x: s.call("exp", s.call("avg", s.call("ln", x))),
    "geometric_mean": lambda s, x: s.call("exp", s.call("avg", s.call("ln", x))),
    "json": lambda s, x: s.call("json_extract", x, _LITERAL),
    "json_group_array": lambda s, x: "JSON" if s.call("to_json", x) else None,
    "json_group_object": _group_object,
    "json_group_structure": lambda _s, _x: "JSON",
    "list_append": _list_append,
    "list_prepend": _list_prepend,
    "list_reverse": _sliced,
    "map_contains_entry": _contains_entry,
    "map_contains_value": lambda s, map_, v: s.call("contains", s.call("map_values", map_), v),
    "md5_number_lower": lambda s, x: "UBIGINT" if s.call("md5_number", x) else None,
    "md5_number_upper": lambda s, x: "UBIGINT" if s.call("md5_number", x) else None,
    "regexp_split_to_table": lambda s, text, pattern: (
        _TEXT if s.call("string_split_regex", text, pattern) else None
    ),
    "session_user": lambda _s: _TEXT,
    "split_part": _split_part,
    "user": lambda _s: _TEXT,
    "variant_group_array": lambda _s, _x: "VARIANT",
    "wavg": _weighted_avg,
    "weighted_avg": _weighted_avg,
}


def expand(system: TypeSystem, name: str, args: tuple[Arg, ...]) -> Typed | None:
    """The type of a macro's result; ``None`` if the macro is not known here."""
    macro = MACROS.get(name)
    if macro is None:
        return None
    try:
        type_ = macro(Steps(system), *args)
    except _Refused as refused:
        return refused.answer
    except TypeError:
        return Typed(
            None,
            f'Macro "{name}()" does not support the supplied arguments. '
            "You might need to add explicit type casts.",
        )
    if type_ is None:
        return Typed(None, None, "the type of an argument is not known")
    return Typed(system.concrete(type_))
