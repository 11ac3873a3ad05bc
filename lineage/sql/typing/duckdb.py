"""DuckDB's typing rules: overloads, casts and combinations as the engine's binder does them."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from lineage.sql.typing.duckdb_casts import (
    MAX_WIDTH,
    REFUSED,
    Casts,
    literal_type,
    never_converts,
    normal,
    refuses_text,
)
from lineage.sql.typing.duckdb_macros import expand
from lineage.sql.typing.duckdb_results import CHECKS, OVERRIDES, RULES
from lineage.sql.typing.shape import Shape, read, write
from lineage.sql.typing.tables import table
from lineage.sql.typing.typed import Remembered, Typed

_UNKNOWN_ARGUMENT = Typed(None, None, "the type of an argument is not known")
_BOOLEAN = Typed("BOOLEAN")
_NEVER_TRUE = Typed("BOOLEAN", never=True)
_EQUALITY = frozenset({"=", "==", "<>", "!=", "is distinct from", "is not distinct from"})
_ORDERING = frozenset({"<", "<=", ">", ">="})
_LOGIC = frozenset({"and", "or", "not", "is null", "is not null", "is true", "is false"})
# How the operator is written -> the function that the engine binds.
_OPERATOR_FUNCTION = {
    "->": "json_extract",
    "like": "~~",
    "not like": "!~~",
    "ilike": "~~*",
    "not ilike": "!~~*",
    "glob": "~~~",
    "similar to": "regexp_full_match",
    "~": "regexp_full_match",
    "!~": "regexp_full_match",
    "^": "^",
    "**": "**",
    "div": "//",
}
# The arrow is syntax; the catalogue has only what it stands for.
_SYNONYM = {"->": "json_extract"}
_OPTIONAL_FROM = {"lag": 1, "lead": 1}
_SHORT = 19
"""No whole number of fewer digits needs a wider type than literals have."""
_NUMBER = re.compile(
    r"(?P<sign>-?)(?P<whole>[\d_]*)(?:\.(?P<part>[\d_]*))?(?P<power>[eE][+-]?\d+)?\Z"
)


class _Overload:
    """One signature of a function."""

    __slots__ = ("kind", "optional", "parameters", "plain", "result", "varargs")

    def __init__(
        self,
        kind: str,
        parameters: tuple[Shape, ...],
        varargs: Shape | None,
        result: Shape,
        optional: int,
    ) -> None:
        self.kind = kind
        self.parameters = parameters
        self.varargs = varargs
        self.result = result
        self.plain = _fixed(result) and not any(_templated(p) for p in parameters)
        """Whether the result follows from the choice of the overload alone."""
        self.optional = optional
        """How many of the last parameters may be left out."""

    def each(self, count: int) -> tuple[Shape, ...]:
        """The parameter for each of ``count`` arguments, which the signature accepts."""
        more = count - len(self.parameters)
        if more > 0 and self.varargs is not None:
            return self.parameters + (self.varargs,) * more
        return self.parameters[:count]


class DuckDb:
    """The rules of DuckDB; see `lineage.sql.typing.typed.TypeSystem`."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, tuple[str | None, ...]], Typed] = Remembered()
        self._operators: dict[tuple[str, tuple[str | None, ...]], Typed] = Remembered()
        self._combined: dict[tuple[str, tuple[str | None, ...]], Typed] = Remembered()
        self._cast: dict[tuple[str, str], Typed] = Remembered()
        self._shapes: dict[str, Shape] = Remembered()
        self._normal: dict[str, str] = Remembered()
        self._concretes: dict[str, str] = Remembered()
        self._overloads: dict[str, tuple[_Overload, ...]] = {}

    @cached_property
    def _data(self) -> dict[str, Any]:
        return table("duckdb")

    @cached_property
    def _aliases(self) -> dict[str, str]:
        aliases: dict[str, str] = self._data["aliases"]
        return {
            **aliases,
            "TIMESTAMP WITHOUT TIME ZONE": "TIMESTAMP",
            "TIME WITHOUT TIME ZONE": "TIME",
            "DOUBLE PRECISION": "DOUBLE",
            "CHARACTER VARYING": "VARCHAR",
            "CHARACTER": "VARCHAR",
            "NULL": "NULL",
        }

    @cached_property
    def _keywords(self) -> frozenset[str]:
        return frozenset(self._data["keywords"])

    @cached_property
    def _casts(self) -> Casts:
        return Casts(self._data["implicit"])

    @property
    def source(self) -> str:
        """Where the rules come from."""
        return str(self._data["source"])

    # Types and literals

    def _shape(self, type_: str) -> Shape:
        shape = self._shapes.get(type_)
        if shape is None:
            try:
                shape = read(type_, self._aliases)
            except ValueError:
                shape = Shape(type_.upper())
            self._shapes[type_] = shape
        return shape

    def _name(self, shape: Shape) -> str:
        return write(shape, self._keywords)

    def _said(self, shape: Shape) -> str:
        """The type as the engine's messages call it."""
        return shape.id if shape.id == "INTEGER_LITERAL" else self._name(shape)

    def normalize(self, text: str) -> str:
        """The canonical name; a DECIMAL without digits is ``DECIMAL(18,3)``."""
        found = self._normal.get(text)
        if found is None:
            shape = self._shape(text)
            if shape == Shape("DECIMAL"):
                shape = Shape("DECIMAL", width=18, scale=3)
            found = self._normal[text] = self._name(shape)
        return found

    def is_known(self, type_: str) -> bool:
        """Whether DuckDB has this type."""
        return self._known(self._shape(type_))

    def _known(self, shape: Shape) -> bool:
        if shape.children:
            return all(self._known(child) for child in shape.children)
        pseudo = {"NULL", "INTEGER_LITERAL", "STRING_LITERAL", "ENUM"}
        return shape.id in pseudo or shape.id in self._data["types"]

    def literal_number(self, text: str) -> str:
        """``1`` is ``INTEGER_LITERAL(1)``, ``1.5`` ``DECIMAL(2,1)``, ``1e3`` ``DOUBLE``."""
        if len(text) < _SHORT and text.isdigit() and text.isascii():
            return f"INTEGER_LITERAL({int(text)})"
        if text[:2].lower() in {"0x", "0b"}:
            return f"INTEGER_LITERAL({int(text, 0)})"
        match = _NUMBER.match(text.replace("_", ""))
        if match is None or match["power"]:
            return "DOUBLE"
        if match["part"] is None:
            value = int(match["sign"] + (match["whole"] or "0"))
            own = literal_type(value)
            return "BIGNUM" if own.id == "BIGNUM" else f"INTEGER_LITERAL({value})"
        width = len(match["whole"]) + len(match["part"])
        if width > MAX_WIDTH:
            return "DOUBLE"
        return f"DECIMAL({max(width, 1)},{len(match['part'])})"

    def literal_interval(self, unit: str) -> str:  # noqa: ARG002 - one type for all
        """An interval of any unit."""
        return "INTERVAL"

    def literal_string(self) -> str:
        """A quoted string fits any type."""
        return "STRING_LITERAL"

    def literal_null(self) -> str:
        """The engine's own name for the type of ``NULL``."""
        return '"NULL"'

    @property
    def undecided(self) -> frozenset[str]:
        """Literals have types of their own."""
        return frozenset()

    def concrete(self, type_: str) -> str:
        """Literals become INTEGER (or wider) and VARCHAR; ``NULL`` stays, as in DuckDB's views."""
        found = self._concretes.get(type_)
        if found is None:
            found = self._concretes[type_] = self._name(normal(self._shape(type_)))
        return found

    # Functions

    def _signatures(self, name: str) -> tuple[_Overload, ...]:
        found = self._overloads.get(name)
        if found is None:
            rows = self._data["functions"].get(name, ())
            found = tuple(
                _Overload(
                    kind,
                    tuple(self._parameter(p) for p in parameters),
                    None if varargs is None else self._parameter(varargs),
                    self._parameter(result or "NULL"),
                    len(parameters) - _OPTIONAL_FROM.get(name, len(parameters)),
                )
                for kind, parameters, varargs, result in rows
            )
            self._overloads[name] = found
        return found

    def _parameter(self, text: str) -> Shape:
        return _template(read(text, self._aliases))

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        """Choose the overload as the engine does, then find the result's type."""
        key = (name, args)
        found = self._calls.get(key)
        if found is None:
            lower = name.lower()
            found = self._calls[key] = self._call(_SYNONYM.get(lower, lower), args)
        return found

    def _call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        if name in _COMBINING:
            return self.combine("coalesce", args)
        if name == "unnest":
            return self.unnest(args[0] if args else None)
        if name == "nullif":
            return self._nullif(args)
        if name == "count" and not args:
            return Typed("BIGINT")
        signatures = self._signatures(name)
        if not signatures:
            return self._call_other(name, args)
        if any(arg is None for arg in args):
            return self._call_partly(name, signatures, args)
        shapes = [self._shape(arg) for arg in args if arg is not None]
        return self._resolve(name, signatures, shapes)

    def _call_other(self, name: str, args: tuple[str | None, ...]) -> Typed:
        expanded = expand(self, name, args)
        if expanded is not None:
            return expanded
        if "." in name or name in self._data["macros"]:
            aggregate = name.rpartition(".")[2].removeprefix("list_")
            if args and aggregate in self._data["functions"]:
                return self._list_aggregate(aggregate, args)
        if name in self._data["macros"] or name in self._data["table_functions"]:
            return Typed(None, None, f"the result of {name} is not in the tables")
        # An extension may bring it, or somebody's CREATE MACRO.
        return Typed(None, None, f"the function {name} is not DuckDB's own")

    def _list_aggregate(self, aggregate: str, args: tuple[str | None, ...]) -> Typed:
        """``list_aggr(l, 'sum')``, also written ``list_sum(l)``."""
        if args[0] is None:
            return _UNKNOWN_ARGUMENT
        shape = self._shape(args[0])
        if shape.id == "NULL":
            return Typed('"NULL"')
        if shape.id not in {"LIST", "ARRAY"} or not shape.children:
            return Typed(None, "First argument of list aggregate must be a list, map or array")
        return self.call(aggregate, (self._name(shape.children[0]), *args[1:]))

    def _call_partly(
        self, name: str, signatures: tuple[_Overload, ...], args: tuple[str | None, ...]
    ) -> Typed:
        """Some argument is unknown: the answer is known only if that cannot matter."""
        fitting = [s for s in signatures if _accepts(s, len(args))]
        if not fitting:
            return self._refuse(name, args)
        shapes = [None if arg is None else self._shape(arg) for arg in args]
        possible = {s.result for s in fitting if self._may_take(s, shapes)}
        if len(possible) == 1 and name not in OVERRIDES:
            (result,) = possible
            if _fixed(result):
                return Typed(self._name(result))
        return _UNKNOWN_ARGUMENT

    def _may_take(self, overload: _Overload, shapes: list[Shape | None]) -> bool:
        return all(
            shape is None or self._casts.cost(shape, parameter) >= 0
            for shape, parameter in zip(shapes, overload.each(len(shapes)), strict=True)
        )

    def _resolve(self, name: str, signatures: tuple[_Overload, ...], shapes: list[Shape]) -> Typed:
        best: list[_Overload] = []
        lowest = -1
        for overload in signatures:
            cost = self._overload_cost(overload, shapes)
            if cost < 0:
                continue
            if not best or cost < lowest:
                best, lowest = [overload], cost
            elif cost == lowest:
                best.append(overload)
        if not best:
            return self._refuse(name, tuple(self._said(shape) for shape in shapes))
        if len(best) > 1:
            types = ", ".join(self._said(shape) for shape in shapes)
            return Typed(
                None,
                "Could not choose a best candidate function for the function call "
                f'"{name}({types})". In order to select one, please add explicit type casts.',
            )
        return self._result(name, best[0], shapes)

    def _overload_cost(self, overload: _Overload, shapes: list[Shape]) -> int:
        if not _accepts(overload, len(shapes)):
            return REFUSED
        total = 0
        for shape, parameter in zip(shapes, overload.each(len(shapes)), strict=True):
            cost = self._casts.cost(shape, parameter)
            if cost < 0:
                return REFUSED
            total += cost
        return total

    def _result(self, name: str, overload: _Overload, shapes: list[Shape]) -> Typed:
        check = CHECKS.get(name)
        refusal = check(shapes) if check is not None else None
        if refusal is not None:
            return Typed(None, refusal)
        rule = OVERRIDES.get(name)
        if rule is None and overload.plain:
            return Typed(self._name(overload.result))
        rule = rule or RULES.get(name)
        if rule is not None:
            outcome = rule(self._casts, shapes)
            if isinstance(outcome, str):
                return Typed(None, outcome)
            if outcome.id == "UNKNOWN":
                return Typed(None, None, f"the result of {name} depends on a value")
            return Typed(self._name(outcome if name == "typeof" else normal(outcome)))
        return self._generic(name, overload, shapes)

    def _generic(self, name: str, overload: _Overload, shapes: list[Shape]) -> Typed:
        bound: dict[str, Shape] = {}
        first: Shape | None = None
        for index, shape in enumerate(shapes):
            parameter = (
                overload.parameters[index] if index < len(overload.parameters) else overload.varargs
            )
            if parameter is None:
                continue
            if not self._bind(parameter, shape, bound):
                return Typed(
                    None,
                    f"Cannot deduce template type 'T' in function: '{name}' from "
                    f"{self._name(shape)}",
                )
            if first is None and not _fixed(parameter):
                first = shape
        result = overload.result
        if result.id in {"ANY", "DECIMAL"} and first is not None:
            return Typed(self._name(normal(first)))
        if result == Shape("LIST", (Shape("ANY"),)) and first is not None:
            same = first.id == "LIST" and overload.parameters[:1] == (result,)
            listed = first if same else Shape("LIST", (first,))
            return Typed(self._name(normal(listed)))
        filled = _fill(result, bound)
        if filled is None:
            if any(shape.id == "NULL" for shape in shapes):
                return Typed('"NULL"')
            return Typed(None, None, f"the result of {name} is not in the tables")
        return Typed(self._name(normal(filled)))

    def _bind(self, parameter: Shape, shape: Shape, bound: dict[str, Shape]) -> bool:
        """Learn what a template stands for; ``False`` if that contradicts what is known."""
        if parameter.id == "TEMPLATE":
            before = bound.get(parameter.text)
            merged = shape if before is None else self._casts.common(before, shape)
            if merged is None:
                return False
            bound[parameter.text] = merged
        elif parameter.children and len(parameter.children) == len(shape.children):
            return all(
                self._bind(inner, child, bound)
                for inner, child in zip(parameter.children, shape.children, strict=True)
            )
        return True

    def _refuse(self, name: str, args: tuple[str | None, ...]) -> Typed:
        types = ", ".join(arg or "?" for arg in args)
        return Typed(
            None,
            f"No function matches the given name and argument types '{name}({types})'. "
            "You might need to add explicit type casts.",
        )

    # Operators

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """A unary or binary operator by its SQL symbol or keyword."""
        key = (symbol, args)
        found = self._operators.get(key)
        if found is None:
            found = self._operators[key] = self._operator(symbol.lower(), args)
        return found

    def _operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        if symbol in _EQUALITY:
            return self.combine("equal", args)
        if symbol in _ORDERING:
            return self.combine("compare", args)
        if symbol in _LOGIC:
            return _BOOLEAN
        if symbol in {"in", "not in", "between"}:
            return self.combine(symbol.removeprefix("not "), args)
        if symbol == "-" and len(args) == 1 and args[0] is not None:
            shape = self._shape(args[0])
            if shape.id == "INTEGER_LITERAL":
                return Typed(f"INTEGER_LITERAL({-int(shape.text)})")
        if symbol in {"[]", "[:]"}:
            return self._subscript(symbol, args)
        name = _OPERATOR_FUNCTION.get(symbol, symbol)
        if symbol == "~" and len(args) == 1:
            name = "~"
        return self.call(name, args)

    def _subscript(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """``value[key]`` and ``value[from:to]``, whose bounds may be anything that is missing."""
        value = args[0] if args else None
        if value is None:
            return _UNKNOWN_ARGUMENT
        if symbol == "[:]":
            return self.call("array_slice", (value, "BIGINT", "BIGINT"))
        shape = self._shape(value)
        if shape.id == "MAP":
            return self.call("map_extract_value", args)
        if shape.id in {"LIST", "ARRAY", "VARCHAR", "STRING_LITERAL"}:
            return self.call("array_extract", args)
        return self.element(value, *args[1:2])

    # Casts

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:  # noqa: ARG002 - DuckDB binds every cast; the value decides
        """Every cast binds; whether a value can be cast is seen when the query runs.

        For some pairs of types no value can: "Unimplemented type for cast".
        """
        if source is None:
            return Typed(self.normalize(target))
        key = (source, target)
        found = self._cast.get(key)
        if found is None:
            never = never_converts(normal(self._shape(source)), self._shape(target))
            found = self._cast[key] = Typed(self.normalize(target), never=never)
        return found

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Whether ``source`` is taken for ``target`` without a cast."""
        if source is None or target is None:
            return None
        return self._casts.cost(self._shape(source), self._shape(target)) >= 0

    def refuses_text(self, text: str, type_: str) -> bool:
        """Whether the engine's cast from text fails for it."""
        return refuses_text(text, self._shape(type_).id)

    def insert(self, source: str | None, target: str) -> Typed:
        """Assignment casts anything to anything."""
        return self.cast(source, target)

    # Combinations

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        """The common type; for comparisons BOOLEAN."""
        key = (kind, types)
        found = self._combined.get(key)
        if found is None:
            found = self._combined[key] = self._combine(kind, types)
        return found

    def _combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        shapes = [None if type_ is None else self._shape(type_) for type_ in types]
        if kind == "case":  # the engine begins with ELSE
            shapes = shapes[-1:] + shapes[:-1]
        elif kind == "union":
            shapes = [shape and normal(shape) for shape in shapes]
        elif kind == "in_subquery":
            shapes = [*shapes[:1], *(shape and normal(shape) for shape in shapes[1:])]
        common = self._fold(kind, [shape for shape in shapes if shape is not None])
        if isinstance(common, Typed):
            return common
        if kind in _TESTS:
            known = [shape for shape in shapes if shape is not None]
            never = common and any(never_converts(normal(one), normal(common)) for one in known)
            return _NEVER_TRUE if never else _BOOLEAN
        if kind == "list" and not types:
            return Typed('"NULL"[]')
        if common is None or None in shapes:
            return _UNKNOWN_ARGUMENT
        common = normal(common)
        return Typed(self._name(Shape("LIST", (common,)) if kind == "list" else common))

    def _fold(self, kind: str, shapes: list[Shape]) -> Shape | Typed | None:
        """The common type of all, or the error at the first that does not fit."""
        force = kind in _FORCED
        common: Shape | None = None
        for shape in shapes:
            if common is None:
                common = normal(shape) if kind == "values" else shape
                continue
            merged = self._casts.common(common, shape, force=force)
            if merged is None:
                return Typed(None, self._mixed(kind, common, shape))
            if merged.id == "UNION" and force:
                for member in (common, shape):
                    if self._casts.cost(member, merged) < 0:
                        return Typed(
                            None,
                            f"Type {self._name(member)} can't be cast as {self._name(merged)}. "
                            f"{self._name(member)} can't be implicitly cast to any of the union "
                            "member types",
                        )
            common = merged
        return common

    def _mixed(self, kind: str, left: Shape, right: Shape) -> str:
        mine, other = self._said(left), self._said(right)
        if kind in {"compare", "in_subquery"}:
            where = " in IN/ANY/ALL clause" if kind == "in_subquery" else ""
            return (
                f"Cannot compare values of type {mine} and type {other}{where} - "
                "an explicit cast is required"
            )
        place = {
            "case": "CASE expression",
            "coalesce": "COALESCE operator",
            "in": "IN operator",
            "between": "BETWEEN clause",
            "list": "ARRAY constructor",
        }.get(kind, f"{kind.upper()} operator")
        return (
            f"Cannot mix values of type {mine} and {other} in {place} - "
            "an explicit cast is required"
        )

    def _nullif(self, args: tuple[str | None, ...]) -> Typed:
        wanted = 2
        if len(args) != wanted:
            return Typed(None, "NULLIF requires two arguments")
        compared = self.combine("equal", args)
        if compared.error is not None:
            return compared
        if args[0] is None:
            return _UNKNOWN_ARGUMENT
        return Typed(self.concrete(args[0]))

    # Nested values

    def field(self, type_: str | None, name: str) -> Typed:
        """A member of a struct, whatever its case."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        shape = self._shape(type_)
        if shape.id in {"STRUCT", "UNION"}:
            for member, child in zip(shape.names, shape.children, strict=True):
                if member.lower() == name.lower():
                    return Typed(self._name(child))
            entries = ", ".join(f'"{member}"' for member in shape.names)
            return Typed(
                None, f'Could not find key "{name}" in struct\n\nCandidate Entries: {entries}'
            )
        if shape.id in {"JSON", "VARIANT"}:
            return Typed(shape.id)
        if shape.id == "MAP" and shape.children:
            return Typed(self._name(shape.children[1]))
        return Typed(
            None, f"Cannot extract field '{name}' from expression because it is not a struct"
        )

    def element(
        self,
        type_: str | None,
        key: str | None = None,  # noqa: ARG002 - of the protocol
        text: str | None = None,
    ) -> Typed:
        """What ``value[key]`` gives; ``text`` is the key if it is a literal of the query."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        shape = self._shape(type_)
        match shape.id:
            case "LIST" | "ARRAY" if shape.children:
                return Typed(self._name(shape.children[0]))
            case "MAP" if shape.children:
                return Typed(self._name(shape.children[1]))
            case "STRUCT" if text is not None and not text.isdigit():
                return self.field(type_, text)
            case "STRUCT" | "TUPLE" if text is not None and text.isdigit():
                position = int(text)
                if 0 < position <= len(shape.children):
                    return Typed(self._name(shape.children[position - 1]))
                return Typed(None, f"Key index {position} for struct out of range")
            case "STRUCT" | "TUPLE" | "UNION":
                return Typed(None, None, "which member is taken is not known")
            case "VARCHAR" | "STRING_LITERAL":
                return Typed("VARCHAR")
            case "JSON" | "VARIANT" | "NULL":
                return Typed(self._name(shape))
            case _:
                return Typed(None, f"Cannot extract element from type {self._name(shape)}")

    def unnest(self, type_: str | None) -> Typed:
        """What a list becomes as rows; a struct becomes columns, which is the caller's work."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        shape = self._shape(type_)
        if shape.id in {"LIST", "ARRAY"} and shape.children:
            return Typed(self._name(shape.children[0]))
        if shape.id == "NULL":
            return Typed('"NULL"')
        if shape.id == "STRUCT":
            return Typed(None, None, "a struct becomes as many columns as it has members")
        return Typed(None, "UNNEST() can only be applied to lists, structs and NULL")

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:
        """The type of a struct of these members."""
        children = tuple(normal(self._shape(type_)) for type_ in types)
        return self._name(Shape("STRUCT", children, names))

    def lambda_parameters(
        self, name: str, args: tuple[str | None, ...], count: int
    ) -> tuple[str | None, ...]:
        """The element's type, then the index; for ``list_reduce`` the accumulator comes first."""
        element = self.unnest(args[0]).type if args else None
        if name.lower() in {"list_reduce", "array_reduce", "reduce"}:
            # With a first value, what is accumulated may be of another type.
            types = [element if len(args) == 1 else None, element, "INTEGER"]
        else:
            types = [element, "BIGINT"]
        return tuple(types[i] if i < len(types) else None for i in range(count))


# Combinations whose answer is BOOLEAN.
_TESTS = frozenset({"equal", "compare", "in", "in_subquery", "between"})
# Combinations in which any two types can be mixed: the higher ranked wins.
_FORCED = frozenset({"equal", "in", "union"})
_COMBINING = frozenset({"coalesce", "ifnull"})


def _accepts(overload: _Overload, count: int) -> bool:
    wanted = len(overload.parameters)
    if overload.varargs is not None:
        return count >= wanted
    return wanted - overload.optional <= count <= wanted


_TEMPLATES = frozenset({"T", "K", "V"})


def _template(shape: Shape) -> Shape:
    if shape.id in _TEMPLATES:
        return Shape("TEMPLATE", text=shape.id)
    if shape.children:
        children = tuple(_template(child) for child in shape.children)
        return Shape(shape.id, children, shape.names, size=shape.size)
    return shape


def _templated(shape: Shape) -> bool:
    return shape.id == "TEMPLATE" or any(_templated(child) for child in shape.children)


def _fixed(shape: Shape) -> bool:
    """Whether the type is complete: no template, no ANY, no missing parameters."""
    if shape.id in {"ANY", "TEMPLATE", "INVALID"}:
        return False
    if shape.id == "DECIMAL":
        return shape.width is not None
    if shape.id in {"STRUCT", "TUPLE", "MAP", "LIST", "ARRAY", "UNION"}:
        return bool(shape.children) and all(_fixed(child) for child in shape.children)
    return True


def _fill(shape: Shape, bound: dict[str, Shape]) -> Shape | None:
    if shape.id == "TEMPLATE":
        return bound.get(shape.text)
    if not shape.children:
        return shape if _fixed(shape) else None
    children: list[Shape] = []
    for child in shape.children:
        filled = _fill(child, bound)
        if filled is None:
            return None
        children.append(filled)
    return Shape(shape.id, tuple(children), shape.names, size=shape.size)
