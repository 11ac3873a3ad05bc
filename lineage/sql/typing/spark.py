"""Spark's typing rules, as its own analyzer answered (``scripts/spark_types.py``).

The table was asked twice, as Spark 3.5 comes and under ANSI mode, which Databricks has on: what it
says holds in both. Where they differ, or nobody asked, nothing is known. Decimals follow Spark's
formulas (DecimalPrecision), since no table has all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from lineage.sql.typing.arithmetic import Number
from lineage.sql.typing.documented import Documented
from lineage.sql.typing.spark_functions import is_reordered
from lineage.sql.typing.spark_shape import nested, struct
from lineage.sql.typing.tables import table
from lineage.sql.typing.typed import Typed

_STRING, _NULL = "STRING_LITERAL", "NULL"
_WHOLE = re.compile(r"(INT|BIGINT)_LITERAL\((\d+)\)")
_NUMBERS = frozenset({"TINYINT", "SMALLINT", "INT", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE"})
_CALCULATING = frozenset("+-*/%")
_TIMES = frozenset({"DATE", "TIMESTAMP", "TIMESTAMP_NTZ"})
_TRUTH = frozenset({"BOOLEAN"})
_UNSTORABLE = (
    (_NUMBERS, _TIMES | _TRUTH | {"BINARY"}),
    (_TIMES, _NUMBERS | _TRUTH | {"BINARY"}),
    (_TRUTH, _NUMBERS | _TIMES | {"BINARY"}),
)
"""What may not be stored as what (Spark SQL reference, ANSI compliance, "Store assignment")."""
_MOST = 38
_ASKED_AS = {
    "//": "DIV", "<>": "=", "!=": "=", "==": "=", ">": "<", ">=": "<", "<=": "<", "OR": "AND",
    "ILIKE": "LIKE", "NOT LIKE": "LIKE", "NOT ILIKE": "LIKE", "IS NOT DISTINCT FROM": "=",
    "IS DISTINCT FROM": "=", "XOR": "^",
}  # fmt: skip
_TRUTHS = frozenset({"=", "<", "AND", "LIKE", "RLIKE", "NOT"})
_FOLDED = frozenset({"greatest", "least", "concat", "map_concat", "nvl", "ifnull"})
"""Functions of any number of arguments, of which two at a time say what becomes of them."""
_UNKNOWN_ARGUMENT = Typed(None, None, "the type of an argument is not known")
_UNSAID = Typed(None, None, "Spark was not asked, or its modes differ")
_EXTRACTED_FROM = frozenset({"ARRAY", "MAP", "STRUCT"})
_PAIRS = {"equal": "=", "compare": "<"}
_LISTED = {"case": "case", "coalesce": "coalesce", "list": "list", "union": "union"}


class Spark(Documented):
    """The analyzer's answers."""

    def __init__(self) -> None:
        super().__init__("spark")
        document = table("spark")
        self._engine: str = document["source"]
        self._classes: list[str] = document["classes"]
        self._combinations: dict[str, Any] = document["combinations"]
        self._functions: dict[str, dict[str, Any]] = document["functions"]
        self._places = {name: place for place, name in enumerate(self._classes)}
        self._uncastable = {(source, target) for source, target in self._combinations["cast"]}

    # Types

    @property
    def source(self) -> str:
        """The engine."""
        return self._engine

    @property
    def undecided(self) -> frozenset[str]:
        """A literal has a type of its own only beside an operator."""
        return frozenset()

    def normalize(self, text: str) -> str:
        """Spark's own name of a type, parts of nested ones included."""
        if text in {_STRING, _NULL}:
            return text
        parts = nested(text)
        if parts is None:
            return super().normalize(text)
        inner = tuple(map(self.normalize, parts.inner))
        if parts.base == "STRUCT":
            return struct(parts.names, inner)
        return f"{parts.base}<{', '.join(inner)}>"

    def is_known(self, type_: str) -> bool:
        """Whether it is among the types that the analyzer was asked about."""
        return self._class(type_) is not None

    def concrete(self, type_: str) -> str:
        """What a literal is in a column."""
        if type_ == _STRING:
            return "STRING"
        if type_ == _NULL:
            return "VOID"
        whole = _WHOLE.fullmatch(type_)
        return whole[1] if whole else self.normalize(type_)

    def literal_number(self, text: str) -> str:
        """A whole number keeps its digits until it has met a decimal."""
        digits = text.lstrip("-")
        if not digits.isdigit():
            return super().literal_number(text)
        if int(digits) >= 2**63:
            return f"DECIMAL({len(digits)},0)"
        base = "INT" if int(digits) < 2**31 else "BIGINT"
        return f"{base}_LITERAL({len(digits.lstrip('0')) or 1})"

    def literal_interval(self, unit: str) -> str:
        """Days make another day, hours a time of it, months another month."""
        words = unit.upper().rstrip("S")
        if words in {"YEAR", "MONTH"} or words.startswith("YEAR TO"):
            return "INTERVAL YEAR TO MONTH"
        if words in {"DAY", "WEEK"}:
            return "INTERVAL DAY"
        lasting = words in {"HOUR", "MINUTE", "SECOND"} or " TO " in words
        return "INTERVAL DAY TO SECOND" if lasting else "INTERVAL"

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:
        """Members as Spark writes them."""
        return struct(names, types)

    def _class(self, type_: str) -> str | None:
        """The class of types that the table speaks of."""
        full = self.concrete(type_)
        base = full.partition("<")[0] if "<" in full else full.partition("(")[0]
        return base if base in self._places else None

    def _plain(self, type_: str) -> str:
        """The type of a value: the length of a text is a column's, and not a value's."""
        full = self.concrete(type_)
        return "STRING" if full.startswith("STRING(") else full

    # The table

    def _found(self, rules: Any, types: tuple[str | None, ...]) -> str:  # noqa: ANN401 - JSON
        """What the table says of a row of types: a template, ``!`` or ``?``."""
        if isinstance(rules, str):
            return rules
        palette, numbers = rules
        places = [self._places.get(self._class(t) or "") if t is not None else None for t in types]
        if None in places:
            named = {palette[number] for number in numbers} - {"?", "!"}
            return named.pop() if len(named) == 1 and "?" not in palette else "?"
        at = 0
        for place in places:
            at = at * len(self._classes) + (place or 0)
        said: str = palette[numbers[at]]
        return said

    def _answered(self, rules: Any, name: str, types: tuple[str | None, ...]) -> Typed:  # noqa: ANN401 - JSON
        said = self._found(rules, types)
        if said == "?":
            return _UNSAID if None not in types else _UNKNOWN_ARGUMENT
        if said == "!":
            # A quoted literal is taken for what is wanted.
            return _UNSAID if _STRING in types else self._mismatched(name, types)
        return self._filled(said, types)

    def _mismatched(self, name: str, types: tuple[str | None, ...]) -> Typed:
        listed = ", ".join("?" if type_ is None else self.concrete(type_) for type_ in types)
        return Typed(None, f"{name.upper()} does not take these types: {listed}")

    def _filled(self, template: str, types: tuple[str | None, ...]) -> Typed:
        if "$" not in template:
            return Typed(template)
        listed = template.startswith("[")
        sign = template.strip("[]")
        type_ = types[int(sign[1]) - 1] if int(sign[1]) <= len(types) else None
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        found: str | None = self._plain(type_)
        if sign[2:]:
            parts = nested(found or "")
            found = None if parts is None else parts.inner[-1 if sign[2:] == "v" else 0]
        if found is None:
            return _UNSAID
        return Typed(f"ARRAY<{found}>" if listed else found)

    # Operators

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """A unary or binary operator by its SQL symbol or keyword."""
        sign = _ASKED_AS.get(symbol.upper(), symbol.upper())
        if sign == "[]" and len(args) == 2:  # noqa: PLR2004 - a value and its key
            return self._subscript(args[0], args[1])
        if len(args) == 1:
            return self._unary(sign, args[0])
        rules = self._combinations.get(sign)
        if rules is None:
            return _UNSAID
        answer = self._decimal_operation(sign, args) or self._answered(rules, symbol, args)
        return answer if sign not in _TRUTHS or answer.error else Typed("BOOLEAN")

    def _unary(self, sign: str, type_: str | None) -> Typed:
        if type_ is None:
            return Typed("BOOLEAN") if sign == "NOT" else _UNKNOWN_ARGUMENT
        if sign == "-" and (_WHOLE.fullmatch(type_) or self._class(type_) in _NUMBERS):
            return Typed(type_)
        rules = self._combinations.get(sign if sign == "NOT" else f"unary {sign}")
        if rules is None:
            return _UNSAID
        answer = self._answered(rules, sign, (type_,))
        return answer if sign != "NOT" or answer.error else Typed("BOOLEAN")

    def _subscript(self, type_: str | None, key: str | None) -> Typed:  # noqa: ARG002 - any key
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        parts = nested(type_)
        if parts is not None:
            return Typed(parts.inner[-1]) if parts.base != "STRUCT" else _UNSAID
        return self._not_nested(type_)

    def _not_nested(self, type_: str) -> Typed:
        if self._class(type_) is None or self._class(type_) in {*_EXTRACTED_FROM, "VOID"}:
            return Typed(None, None, "what the value is made of is not known")
        return Typed(None, f"Cannot extract a value from {self.concrete(type_)}")

    # Decimals

    def _decimal_operation(self, sign: str, args: tuple[str | None, ...]) -> Typed | None:
        """``+ - * / %`` of a decimal and a number; None for anything else."""
        types = tuple(type_ for type_ in args if type_ is not None)
        if sign not in _CALCULATING or len(types) < len(args) or not self._has_decimal(types):
            return None
        left, right = (self._number(type_, literal=True) for type_ in types)
        return Typed(self._arithmetic.result(sign, left, right))

    def _common_decimal(self, one: str, two: str) -> str | None:
        """The type that holds both, if one is a decimal and both are numbers."""
        if not self._has_decimal((one, two)):
            return None
        return self._arithmetic.common(self._number(one), self._number(two))

    def _has_decimal(self, types: tuple[str, ...]) -> bool:
        classes = {self._class(type_) for type_ in types}
        return "DECIMAL" in classes and _NUMBERS.issuperset(classes)

    def _number(self, type_: str, *, literal: bool = False) -> Number:
        """A number; a whole one as written has, beside a decimal, only the digits it needs."""
        whole = _WHOLE.fullmatch(type_)
        if whole and literal:
            return Number("DECIMAL", int(whole[2]), 0)
        return next(self._numbers((self.concrete(type_),)))

    # Combinations

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        """The common type; for comparisons truth."""
        if kind in _PAIRS:
            return self.operator(_PAIRS[kind], types)
        if kind in {"in", "between", "in_subquery"}:
            return self._each_compared("in" if kind == "in" else "<", types)
        rules = self._combinations[_LISTED.get(kind, "case")]
        answer = self._folded(rules, kind, types)
        if kind != "list" or answer.type is None:
            return answer
        return Typed(f"ARRAY<{answer.type}>")

    def _each_compared(self, sign: str, types: tuple[str | None, ...]) -> Typed:
        # With text among them, Spark may compare all of them as text.
        texts = any(type_ is None or self._class(type_) == "STRING" for type_ in types)
        for other in types[1:]:
            answer = self._answered(self._combinations[sign], sign, (types[0], other))
            if answer.error is not None and not (texts and len(types) > 2):  # noqa: PLR2004 - a list
                return answer
        return Typed("BOOLEAN")

    def _folded(self, rules: Any, name: str, types: tuple[str | None, ...]) -> Typed:  # noqa: ANN401 - JSON
        """Combine two at a time. With text among several, the order is Spark's own: left open."""
        if not types or None in types:
            return _UNKNOWN_ARGUMENT
        given = [self._plain(type_) for type_ in types if type_ is not None]
        distinct = list(dict.fromkeys(given))
        so_far = distinct[0]
        for other in distinct[1:]:
            answer = self._pair(rules, name, so_far, other)
            if answer.error is not None and len(distinct) > 2 and "STRING" in distinct:  # noqa: PLR2004 - two
                return _UNSAID
            if answer.type is None:
                literal = _STRING in types
                return _UNSAID if literal and answer.error is not None else answer
            so_far = answer.type
        return Typed(so_far)

    def _pair(self, rules: Any, name: str, one: str, two: str) -> Typed:  # noqa: ANN401 - JSON
        if one == two:
            return Typed(one)
        if "VOID" in {one, two}:
            return Typed(two if one == "VOID" else one)
        decimal = self._common_decimal(one, two)
        if decimal is not None:
            return Typed(decimal)
        answer = self._answered(rules, name, (one, two))
        if answer.type is not None and answer.type.startswith("ARRAY<") and name == "list":
            inner = nested(answer.type)
            return Typed(inner.inner[0]) if inner is not None else _UNSAID
        return answer

    # Casts and columns

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:  # noqa: ARG002 - the same types
        """An explicit cast."""
        wanted = self.normalize(target)
        if source is None or source in {_STRING, _NULL}:
            return Typed(self._plain(wanted))
        if (self._class(source), self._class(wanted)) in self._uncastable:
            return Typed(None, f"cannot cast {self.concrete(source)} to {wanted}")
        return Typed(self._plain(wanted))

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Whether a value is taken where another type is wanted: nobody asked."""
        if source is None or target is None:
            return None
        return True if self._plain(source) == self._plain(target) else None

    def insert(self, source: str | None, target: str) -> Typed:
        """Storing in a column, by the ANSI policy; whether text is converted, tables differ in."""
        wanted = self.normalize(target)
        if source is None or source in {_STRING, _NULL}:
            return Typed(wanted)
        kinds = (self._class(source), self._class(wanted))
        unsafe = any(kinds[0] in given and kinds[1] in taken for given, taken in _UNSTORABLE)
        if unsafe or (kinds in self._uncastable and "STRING" not in kinds):
            return Typed(None, f"cannot safely store {self.concrete(source)} as {wanted}")
        return Typed(wanted)

    # Nested values

    def field(self, type_: str | None, name: str) -> Typed:
        """A member of a struct, the same of each struct in an array, or the value of a map."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        parts = nested(type_)
        if parts is None:
            return self._not_nested(type_)
        if parts.base == "MAP":
            return Typed(parts.inner[1])
        if parts.base == "ARRAY":
            inner = self.field(parts.inner[0], name)
            return inner if inner.type is None else Typed(f"ARRAY<{inner.type}>")
        for known, member in zip(parts.names, parts.inner, strict=True):
            if known.lower() == name.lower():
                return Typed(member)
        listed = ", ".join(f"`{known}`" for known in parts.names)
        return Typed(None, f"No such struct field `{name}` in {listed}")

    def element(self, type_: str | None, key: str | None = None, text: str | None = None) -> Typed:
        """Of an array its element, of a map its value, of a struct a member."""
        parts = nested(type_ or "")
        if parts is None or type_ is None:
            return _UNKNOWN_ARGUMENT
        if parts.base == "STRUCT":
            return self.field(type_, text) if text is not None else _UNSAID
        del key
        return Typed(parts.inner[-1])

    def unnest(self, type_: str | None) -> Typed:
        """Of an array its element."""
        parts = nested(type_ or "")
        return Typed(parts.inner[0]) if parts and parts.base == "ARRAY" else _UNKNOWN_ARGUMENT

    # Functions

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        """A function by the name that was written."""
        special = _SPECIAL.get(name)
        if special is not None:
            found = special(self, args)
            if found is not None:
                return found
        if name in _FOLDED and len(args) > 2:  # noqa: PLR2004 - the table has pairs
            return self._folded_call(name, args)
        rules = self._functions.get(name)
        if rules is None:
            return Typed(None, None, f"the function {name} is not in the table")
        own = rules.get(str(len(args)))
        if own is None or is_reordered(name):
            return self._always(rules)
        answer = self._answered(own, name, args)
        if answer.type is not None and "DECIMAL(" in answer.type and _decimals(args):
            same = answer.type in {self._plain(type_) for type_ in args if type_ is not None}
            return answer if same else _UNSAID
        return answer

    def _folded_call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        rules = self._functions[name]["2"]
        so_far = self.call(name, args[:2])
        for other in args[2:]:
            if so_far.type is None:
                return so_far if so_far.error is None else _UNSAID
            so_far = self._answered(rules, name, (so_far.type, other))
        return so_far if so_far.error is None else _UNSAID

    def _always(self, rules: Mapping[str, Any]) -> Typed:
        """The type that a function gives whatever it is given, if there is one."""
        found: set[str] = set()
        for own in rules.values():
            found.update([own] if isinstance(own, str) else own[0])
        found -= {"!"}
        one = found.pop() if len(found) == 1 else "?"
        return _UNSAID if one == "?" or "$" in one else Typed(one)

    def lambda_parameters(
        self, name: str, args: tuple[str | None, ...], count: int
    ) -> tuple[str | None, ...]:
        """Elements, keys and values of what stands before the lambda."""
        parts = [nested(type_ or "") for type_ in args]
        first = parts[0].inner if parts and parts[0] is not None else ()
        given: tuple[str | None, ...] = ()
        match name:
            case "transform" | "filter" | "exists" | "forall":
                given = (*first[:1], "INT")
            case "array_sort":
                given = (*first[:1], *first[:1])
            case "transform_keys" | "transform_values" | "map_filter":
                given = first
            case "zip_with":
                second = parts[1].inner if len(parts) > 1 and parts[1] is not None else (None,)
                given = (*(first or (None,)), *second)
            case "aggregate" | "reduce" if len(args) > 1 and args[1] is not None:
                element = first[0] if first else None
                given = (self.concrete(args[1]), element) if count > 1 else (None,)
        return (*given, *(None,) * count)[:count] if first else (None,) * count


def _decimals(args: tuple[str | None, ...]) -> bool:
    return any(type_ is not None and type_.startswith("DECIMAL") for type_ in args)


Rule = Callable[[Spark, tuple[str | None, ...]], Typed | None]


def _of_decimal(shape: Callable[[int, int], tuple[int, int]]) -> Rule:
    """What an aggregate or a rounding makes of a decimal's digits."""

    def rule(spark: Spark, args: tuple[str | None, ...]) -> Typed | None:
        first = args[0] if args else None
        if first is None or spark._class(first) != "DECIMAL" or len(args) > 1:  # noqa: SLF001 - rules of the class
            return None
        number = spark._number(first)  # noqa: SLF001 - rules of the class
        precision, scale = shape(number.precision, number.scale)
        return Typed(f"DECIMAL({min(precision, _MOST)},{min(scale, _MOST)})")

    return rule


def _listed(spark: Spark, args: tuple[str | None, ...]) -> Typed | None:
    """An array of what the lambda gives, which is the last argument's type."""
    last = args[-1] if args else None
    return Typed(f"ARRAY<{spark.concrete(last)}>") if last is not None else _UNKNOWN_ARGUMENT


def _first(spark: Spark, args: tuple[str | None, ...]) -> Typed | None:
    first = args[0] if args else None
    return Typed(spark._plain(first)) if first is not None else _UNKNOWN_ARGUMENT  # noqa: SLF001 - rules of the class


def _map(place: int) -> Rule:
    """A map whose keys or values are what the lambda gives."""

    def rule(spark: Spark, args: tuple[str | None, ...]) -> Typed | None:
        parts = nested((args[0] if args else None) or "")
        if parts is None or args[-1] is None or len(args) != 2:  # noqa: PLR2004 - the map and the lambda
            return _UNKNOWN_ARGUMENT
        inner = list(parts.inner)
        inner[place] = spark.concrete(args[-1])
        return Typed(f"MAP<{', '.join(inner)}>")

    return rule


def _window(spark: Spark, args: tuple[str | None, ...]) -> Typed | None:
    """``window(ts, '1 hour')``: from when until when."""
    kind = _first(spark, args)
    if kind is None or kind.type not in {"TIMESTAMP", "TIMESTAMP_NTZ"}:
        return _UNSAID
    return Typed(struct(("start", "end"), (kind.type, kind.type)))


def _always(type_: str) -> Rule:
    return lambda spark, args: Typed(type_)  # noqa: ARG005 - a Rule


_SPECIAL: dict[str, Rule] = {
    "sum": _of_decimal(lambda p, s: (p + 10, s)),
    "avg": _of_decimal(lambda p, s: (p + 4, s + 4)),
    "mean": _of_decimal(lambda p, s: (p + 4, s + 4)),
    "ceil": _of_decimal(lambda p, s: (p - s + 1, 0)),
    "floor": _of_decimal(lambda p, s: (p - s + 1, 0)),
    "round": _of_decimal(lambda p, s: (p - s + 1, 0)),
    "transform": _listed,
    "zip_with": _listed,
    "filter": _first,
    "map_filter": _first,
    "array_sort": _first,
    "sort_array": _first,
    "exists": _always("BOOLEAN"),
    "forall": _always("BOOLEAN"),
    "session_window": _window,
    "window": _window,
    "transform_keys": _map(0),
    "transform_values": _map(1),
}


@cache
def spark() -> Spark:
    """The one instance."""
    return Spark()
