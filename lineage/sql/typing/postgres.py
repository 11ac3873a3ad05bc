"""PostgreSQL's typing rules: its catalogues, read by chapter 10 ("Type Conversion") of its manual.

Overloads are chosen as ``func_select_candidate`` does (exact matches, preferred types, then what
the category of an unknown literal suggests), CASE and UNION as ``select_common_type``. Types are
written as ``format_type`` prints them. Quoted literals and NULL are of type ``unknown``.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from lineage.sql.typing.tables import table
from lineage.sql.typing.typed import Remembered, Typed

_UNKNOWN_ARGUMENT = Typed(None, None, "the type of an argument is not known")
_BOOLEAN = Typed("boolean")
UNKNOWN = "unknown"
_UNDECIDED = frozenset({UNKNOWN, "STRING_LITERAL", "NULL"})
_STRING = "S"
_NAME = re.compile(
    r"(?P<base>[^(\[]*?)\s*(?:\((?P<mod>[^)]*)\))?(?P<tail>[^\[(]*)(?P<array>(?:\[\d*\])*)\Z"
)
_NUMBER = re.compile(r"[+-]?\d+\Z")
_INTEGERS = (("integer", 2**31), ("bigint", 2**63))

# How types are written -> how they are printed; what the parser calls literals is here too.
_ALIASES = {
    "int": "integer",
    "int2": "smallint",
    "int4": "integer",
    "int8": "bigint",
    "serial": "integer",
    "bigserial": "bigint",
    "smallserial": "smallint",
    "decimal": "numeric",
    "dec": "numeric",
    "float": "double precision",
    "float4": "real",
    "float8": "double precision",
    "double": "double precision",
    "bool": "boolean",
    "varchar": "character varying",
    "char": "character",
    "nchar": "character",
    "string": "text",
    "timestamp": "timestamp without time zone",
    "timestamptz": "timestamp with time zone",
    "time": "time without time zone",
    "timetz": "time with time zone",
    "varbit": "bit varying",
    "string_literal": UNKNOWN,
    "null": UNKNOWN,
    '"null"': UNKNOWN,
}
# Functions that are syntax, with results that the catalogue does not list.
_KEYWORDS = {
    "current_date": "date",
    "current_time": "time with time zone",
    "current_timestamp": "timestamp with time zone",
    "localtime": "time without time zone",
    "localtimestamp": "timestamp without time zone",
    "current_user": "name",
    "session_user": "name",
    "current_role": "name",
    "user": "name",
    "current_catalog": "name",
    "current_schema": "name",
}
_COMMON = {"coalesce": "coalesce", "greatest": "GREATEST", "least": "LEAST"}
_EQUALITY = {"==": "=", "!=": "<>", "is distinct from": "=", "is not distinct from": "="}
_OPERATORS = {
    "like": "~~",
    "not like": "!~~",
    "ilike": "~~*",
    "not ilike": "!~~*",
    "similar to": "~",
    "**": "^",
    "//": "/",
    "div": "/",
    "[:]": "[:]",
}
_TESTS = frozenset({"is null", "is not null", "is true", "is false"})
_SAID = {
    "case": "CASE",
    "coalesce": "COALESCE",
    "union": "UNION",
    "values": "VALUES",
    "list": "ARRAY",
}


class _Signature:
    """A function or operator that can be called."""

    __slots__ = ("args", "defaults", "result", "variadic")

    def __init__(
        self, args: tuple[str, ...], variadic: str | None, defaults: int, result: str
    ) -> None:
        self.args = args
        self.variadic = variadic
        self.defaults = defaults
        self.result = result

    def each(self, count: int, array_element: dict[str, str]) -> tuple[str, ...] | None:
        """The type wanted for each of ``count`` arguments; ``None`` if it does not take so many."""
        wanted = len(self.args)
        if wanted - self.defaults <= count <= wanted and self.variadic is None:
            return self.args[:count]
        if self.variadic is not None and count >= wanted - 1:
            element = array_element.get(self.args[-1], self.variadic)
            return self.args[:-1] + (element,) * (count - wanted + 1)
        return None


class Postgres:
    """The rules of PostgreSQL; see `lineage.sql.typing.typed.TypeSystem`.

    With ``lenient`` (for dialects that descend from it) nothing is refused: what PostgreSQL would
    refuse is not known there.
    """

    def __init__(self, dialect: str = "postgres", *, lenient: bool = False) -> None:
        self._dialect = dialect
        self._lenient = lenient
        self._answers: dict[tuple[str, str, tuple[str | None, ...]], Typed] = Remembered()
        self._normal: dict[str, str] = Remembered()
        self._signatures: dict[str, tuple[_Signature, ...]] = {}
        self._coercible: dict[tuple[str, str], bool] = Remembered()

    @cached_property
    def _data(self) -> dict[str, Any]:
        return table("postgres")

    @cached_property
    def _by_short_name(self) -> dict[str, str]:
        return {entry[0]: name for name, entry in self._data["types"].items()}

    @cached_property
    def _casts(self) -> dict[tuple[str, str], str]:
        return {(source, target): context for source, target, context in self._data["casts"]}

    @cached_property
    def _element(self) -> dict[str, str]:
        found = {name: entry[4] for name, entry in self._data["types"].items() if entry[4]}
        return found | {"anyarray": "anyelement", "anycompatiblearray": "anycompatible"}

    @cached_property
    def _subtype(self) -> dict[str, str]:
        return {range_: subtype for range_, subtype, _ in self._data["ranges"]}

    @property
    def source(self) -> str:
        """Where the rules come from."""
        return str(self._data["source"])

    # Types and literals

    def normalize(self, text: str) -> str:
        """The type as the server prints it, with its modifier."""
        found = self._normal.get(text)
        if found is None:
            found = self._normal[text] = self._normalize(text)
        return found

    def _normalize(self, text: str) -> str:
        match = _NAME.match(" ".join(text.split()))
        if match is None:
            return text.lower()
        written = (match["base"] + " " + match["tail"].strip()).strip().lower()
        base = _ALIASES.get(written, written)
        base = self._by_short_name.get(base, base)
        modifier = match["mod"]
        if base == "numeric" and modifier is not None:
            width, _, scale = modifier.partition(",")
            modifier = f"{width.strip()},{scale.strip() or '0'}"
        if base in {"character", "bit"} and modifier is None and written in {"char", base}:
            modifier = "1"
        if written == "float" and modifier is not None:
            base, modifier = ("real" if int(modifier) <= 24 else base), None  # noqa: PLR2004 - digits of a real
        if modifier is not None and base.partition(" ")[0] in {"timestamp", "time"}:
            first, _, rest = base.partition(" ")
            name = f"{first}({modifier}) {rest}"
        else:
            name = base if modifier is None else f"{base}({modifier})"
        return name + ("[]" if match["array"] else "")

    def _bare(self, type_: str) -> str:
        """The type without its modifier, which no function sees."""
        plain = self.normalize(type_)
        if "(" in plain:
            plain = re.sub(r"\([^)]*\)", "", plain)
            if plain in {"character", "character[]"}:
                plain = plain.replace("character", "bpchar")
        return plain

    def is_known(self, type_: str) -> bool:
        """Whether the server has this type built in."""
        return self._bare(type_) in self._data["types"]

    def literal_number(self, text: str) -> str:
        """Whole numbers are integer, bigint or numeric, whichever holds them; the rest numeric."""
        plain = text.replace("_", "")
        if _NUMBER.match(plain):
            return next(
                (name for name, limit in _INTEGERS if -limit <= int(plain) < limit), "numeric"
            )
        return "numeric"

    def literal_interval(self, unit: str) -> str:  # noqa: ARG002 - one type for all
        """An interval of any unit."""
        return "INTERVAL"

    def literal_string(self) -> str:
        """A quoted literal takes the type that its place wants."""
        return UNKNOWN

    def literal_null(self) -> str:
        """So does NULL."""
        return UNKNOWN

    @property
    def undecided(self) -> frozenset[str]:
        """A literal takes the type of what it is united with or stored in; else it is text."""
        return _UNDECIDED

    def concrete(self, type_: str) -> str:
        """The type; what is undecided is text."""
        plain = self.normalize(type_)
        return "text" if plain == UNKNOWN else plain

    def _category(self, type_: str) -> str:
        entry = self._data["types"].get(type_)
        return str(entry[1]) if entry else ("A" if type_.endswith("[]") else "U")

    def _preferred(self, type_: str) -> bool:
        entry = self._data["types"].get(type_)
        return bool(entry and entry[2])

    # Coercion

    def _coerces(self, source: str, target: str) -> bool:
        """Whether the source is taken for the target without a cast."""
        key = (source, target)
        found = self._coercible.get(key)
        if found is None:
            found = self._coercible[key] = self._find_coercion(source, target, "i")
        return found

    def _find_coercion(self, source: str, target: str, contexts: str) -> bool:
        if source in {target, UNKNOWN} or target == '"any"':
            return True
        if target.startswith("any"):
            return self._fits_any(source, target)
        if self._casts.get((source, target), "-") in contexts:
            return True
        if source.endswith("[]") and target.endswith("[]"):
            return self._find_coercion(source[:-2], target[:-2], contexts)
        if "e" in contexts:  # explicit: through text, in or out
            return _STRING in {self._category(source), self._category(target)}
        return "a" in contexts and self._category(target) == _STRING

    def _fits_any(self, source: str, target: str) -> bool:
        if "array" in target and "nonarray" not in target:
            return source.endswith("[]") or source in {"int2vector", "oidvector"}
        if target in {"anynonarray", "anycompatiblenonarray"}:
            return not source.endswith("[]")
        if "multirange" in target:
            return "multirange" in source
        if "range" in target:
            return source in self._subtype
        if target == "anyenum":
            return self._category(source) == "E"
        return True

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Whether ``source`` is taken for ``target`` without a cast."""
        if source is None or target is None:
            return None
        return self._coerces(self._bare(source), self._bare(target))

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:  # noqa: ARG002 - PostgreSQL has no TRY_CAST
        """An explicit cast: by ``pg_cast``, or through text."""
        wanted = self.normalize(target)
        if source is None or self._find_coercion(self._bare(source), self._bare(target), "iae"):
            return Typed(wanted)
        if not (self.is_known(source) and self.is_known(target)):
            return Typed(wanted)
        return self._refuse(f"cannot cast type {self._bare(source)} to {self._bare(target)}")

    def refuses_text(self, text: str, type_: str) -> bool:  # noqa: ARG002 - nothing is known of it
        """Nothing is said."""
        return False

    def insert(self, source: str | None, target: str) -> Typed:
        """Assignment to a stored column."""
        wanted = self.normalize(target)
        if source is None or self._find_coercion(self._bare(source), self._bare(target), "ia"):
            return Typed(wanted)
        if not (self.is_known(source) and self.is_known(target)):
            return Typed(wanted)
        return self._refuse(
            f"column is of type {self._bare(target)} but expression is of type "
            f"{self._bare(source)}; you will need to rewrite or cast the expression"
        )

    def _own(self, args: tuple[str | None, ...]) -> tuple[str | None, ...]:
        """Return the types, those of users left out: what their functions take is not known."""
        return tuple(
            arg if arg is None or self._bare(arg) == UNKNOWN or self.is_known(arg) else None
            for arg in args
        )

    def _refuse(self, message: str) -> Typed:
        if self._lenient:
            return Typed(None, None, f"PostgreSQL would refuse: {message}")
        return Typed(None, message)

    # Functions

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        """Choose the overload as the server does."""
        key = ("call", name, args)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._call(name.lower(), self._own(args))
        return found

    def _call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        if name in _COMMON:
            return self.combine(_COMMON[name], args)
        if name in _KEYWORDS and not args:
            return Typed(_KEYWORDS[name])
        if name == "nullif":
            return self._nullif(args)
        if name == "count" and not args:
            return Typed("bigint")
        if name == "unnest":
            return self.unnest(args[0] if args else None)
        if name in {"row", "grouping"}:
            return Typed("record" if name == "row" else "integer")
        if name in self._data["ordered_set"]:  # the ordered column comes after what is given
            args = args[1:] + args[:1]
        signatures = self._functions(name)
        if not signatures:
            return self._no_function(name, args)
        if any(arg is None for arg in args):
            return self._partly(signatures, args)
        bare = tuple(self._bare(arg) for arg in args if arg is not None)
        return self._choose(signatures, bare, f"{name}({', '.join(bare)})", name)

    def _functions(self, name: str) -> tuple[_Signature, ...]:
        found = self._signatures.get(name)
        if found is None:
            found = self._signatures[name] = tuple(
                _Signature(tuple(args), variadic, defaults, result)
                for _, args, variadic, defaults, result, _ in self._data["functions"].get(name, ())
            )
        return found

    def _partly(self, signatures: tuple[_Signature, ...], args: tuple[str | None, ...]) -> Typed:
        results = set()
        for signature in signatures:
            wanted = signature.each(len(args), self._element)
            if wanted is not None and all(
                arg is None or self._coerces(self._bare(arg), want)
                for arg, want in zip(args, wanted, strict=True)
            ):
                results.add(signature.result)
        if len(results) == 1:
            (result,) = results
            if not result.startswith("any"):
                return Typed(result)
        return _UNKNOWN_ARGUMENT

    def _no_function(self, name: str, args: tuple[str | None, ...]) -> Typed:
        given = ", ".join("?" if arg is None else self._bare(arg) for arg in args)
        if name not in self._data["functions"]:  # an extension's or the user's own
            return Typed(None, None, f"the function {name} is not PostgreSQL's own")
        return self._refuse(f"function {name}({given}) does not exist")

    def _choose(
        self, signatures: tuple[_Signature, ...], args: tuple[str, ...], said: str, name: str = ""
    ) -> Typed:
        picked = self._pick(signatures, args, said, name)
        if isinstance(picked, Typed):
            return picked
        return self._result(*picked, args, said)

    def _pick(
        self, signatures: tuple[_Signature, ...], args: tuple[str, ...], said: str, name: str
    ) -> tuple[_Signature, tuple[str, ...]] | Typed:
        """``func_get_detail``: an exact match, else a cast in disguise, else the best candidate."""
        candidates: dict[tuple[str, ...], _Signature] = {}
        for signature in signatures:
            wanted = signature.each(len(args), self._element)
            if wanted is None:
                continue
            if wanted == args:
                return signature, wanted
            if self._all_coerce(args, wanted) and self._templates_agree(wanted, args):
                before = candidates.get(wanted)
                if before is None or (before.variadic and not signature.variadic):
                    candidates[wanted] = signature
        disguised = self._disguised_cast(name, args)
        if disguised is not None:
            return disguised
        best = [(signature, wanted) for wanted, signature in candidates.items()]
        if len(best) > 1:
            best = self._best(best, args)
        if len(best) == 1:
            return best[0]
        kind = "function" if name else "operator"
        if best:
            return self._refuse(f"{kind} {said} is not unique")
        return self._refuse(
            f"{kind}{'' if name else ' does not exist:'} {said}{' does not exist' if name else ''}"
        )

    def _disguised_cast(self, name: str, args: tuple[str, ...]) -> Typed | None:
        """``text(x)``: a type's name with one argument that is of it or goes through text."""
        target = self._by_short_name.get(name) if len(args) == 1 else None
        if target is None:
            return None
        source = args[0]
        if source in {UNKNOWN, target}:
            return Typed(target)
        if (source, target) in self._casts:
            return None  # found as a function, or relabelled
        categories = {self._category(source), self._category(target)}
        return Typed(target) if _STRING in categories else None

    def _all_coerce(self, args: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
        return all(self._coerces(arg, want) for arg, want in zip(args, wanted, strict=True))

    def _best(
        self, candidates: list[tuple[_Signature, tuple[str, ...]]], args: tuple[str, ...]
    ) -> list[tuple[_Signature, tuple[str, ...]]]:
        """``func_select_candidate``, step by step as the manual numbers them."""
        known = [i for i, arg in enumerate(args) if arg != UNKNOWN]

        def keep_most(score: list[int]) -> None:
            best = max(score)
            candidates[:] = [
                c for c, points in zip(list(candidates), score, strict=True) if points == best
            ]

        keep_most([sum(wanted[i] == args[i] for i in known) for _, wanted in candidates])
        if len(candidates) == 1:
            return candidates
        keep_most(
            [
                sum(
                    wanted[i] == args[i]
                    or (
                        self._preferred(wanted[i])
                        and self._category(wanted[i]) == self._category(args[i])
                    )
                    for i in known
                )
                for _, wanted in candidates
            ]
        )
        unknown = [i for i, arg in enumerate(args) if arg == UNKNOWN]
        if len(candidates) == 1 or not unknown:
            return candidates
        by_category = self._by_unknown_category(candidates, unknown)
        if by_category is not None:
            candidates = by_category
        if len(candidates) == 1:
            return candidates
        types = {args[i] for i in known}
        if len(types) == 1:
            guess = tuple(types) * len(args)
            fitting = [c for c in candidates if self._all_coerce(guess, c[1])]
            if len(fitting) == 1:
                return fitting
        return candidates

    def _by_unknown_category(
        self, candidates: list[tuple[_Signature, tuple[str, ...]]], unknown: list[int]
    ) -> list[tuple[_Signature, tuple[str, ...]]] | None:
        categories: dict[int, tuple[str, bool]] = {}
        for i in unknown:
            found = [self._category(wanted[i]) for _, wanted in candidates]
            if _STRING in found:
                category = _STRING
            elif len(set(found)) == 1:
                category = found[0]
            else:
                return None
            preferred = any(
                self._preferred(wanted[i]) and self._category(wanted[i]) == category
                for _, wanted in candidates
            )
            categories[i] = (category, preferred)
        kept = [
            candidate
            for candidate in candidates
            if all(
                self._category(candidate[1][i]) == category
                and (not preferred or self._preferred(candidate[1][i]))
                for i, (category, preferred) in categories.items()
            )
        ]
        return kept or None

    # Polymorphic functions

    def _templates_agree(self, wanted: tuple[str, ...], args: tuple[str, ...]) -> bool:
        if not any(want.startswith("any") for want in wanted):
            return True
        return self._bind(wanted, args) is not None

    def _bind(self, wanted: tuple[str, ...], args: tuple[str, ...]) -> dict[str, str] | None:
        """What ``anyelement`` and ``anycompatible`` stand for; ``None`` if they contradict."""
        strict: list[str] = []
        compatible: list[str] = []
        for want, arg in zip(wanted, args, strict=True):
            if not want.startswith("any") or arg == UNKNOWN:
                continue
            element = self._reduced(want, arg)
            if element is None:
                return None
            (compatible if want.startswith("anycompatible") else strict).append(element)
        if len(set(strict)) > 1:
            return None
        bound: dict[str, str] = {}
        if strict:
            bound["any"] = strict[0]
        if compatible:
            common = self._common(compatible)
            if common is None:
                return None
            bound["anycompatible"] = common
        elif any(want.startswith("anycompatible") for want in wanted):
            bound["anycompatible"] = "text"
        return bound

    def _reduced(self, want: str, arg: str) -> str | None:
        if "nonarray" in want or "array" not in want:
            if "multirange" in want:
                return None
            return self._subtype.get(arg) if "range" in want else arg
        return self._element.get(arg) or (arg[:-2] if arg.endswith("[]") else None)

    def _result(
        self, signature: _Signature, wanted: tuple[str, ...], args: tuple[str, ...], said: str
    ) -> Typed:
        result = signature.result
        bound = self._bind(wanted, args) or {}
        strict = [w for w in wanted if w.startswith("any") and not w.startswith("anycompatible")]
        if strict and "any" not in bound:
            return self._refuse(
                "could not determine polymorphic type because input has type unknown"
            )
        if not result.startswith("any"):
            return Typed(result)
        element = bound.get("anycompatible" if result.startswith("anycompatible") else "any")
        if element is None:
            return self._refuse(
                f"could not determine polymorphic type because input has type unknown: {said}"
            )
        if "nonarray" not in result and "array" in result:
            return Typed(element + "[]")
        if "range" in result:
            same = next((a for w, a in zip(wanted, args, strict=True) if w == result), None)
            return Typed(same) if same else Typed(None, None, "ranges are not followed")
        return Typed(element)

    # Operators

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """A unary or binary operator by its SQL symbol or keyword."""
        key = ("operator", symbol, args)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._operator(symbol.lower(), self._own(args))
        return found

    def _operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        if symbol in _TESTS:
            return _BOOLEAN
        if symbol in {"and", "or", "not"}:
            return self._logic(symbol, args)
        if symbol in {"in", "not in", "between"}:
            return self.combine(symbol.removeprefix("not "), args)
        if symbol in {"[]", "[:]"}:
            return self._subscript(symbol, args)
        name = _EQUALITY.get(symbol) or _OPERATORS.get(symbol, symbol)
        signatures = self._operator_signatures(name, len(args))
        if not signatures:
            return Typed(None, None, f"the operator {symbol} is not PostgreSQL's own")
        if any(arg is None for arg in args):
            return self._partly(signatures, args)
        bare = tuple(self._bare(arg) for arg in args if arg is not None)
        said = f"{' ' + name + ' '}".join(bare) if len(bare) > 1 else f"{name} {bare[0]}"
        pair = self._same(bare)
        if any(signature.args == pair for signature in signatures):
            bare = pair
        return self._choose(signatures, bare, said)

    @staticmethod
    def _same(args: tuple[str, ...]) -> tuple[str, ...]:
        """An unknown operand is first taken for what the other is."""
        known = [arg for arg in args if arg != UNKNOWN]
        return (known[0],) * len(args) if len(known) == 1 else args

    def _operator_signatures(self, symbol: str, count: int) -> tuple[_Signature, ...]:
        key = f"{symbol} {count}"
        found = self._signatures.get(key)
        if found is None:
            found = self._signatures[key] = tuple(
                _Signature(tuple(arg for arg in (left, right) if arg), None, 0, result)
                for left, right, result in self._data["operators"].get(symbol, ())
                if bool(left) + bool(right) == count
            )
        return found

    def _logic(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        for arg in args:
            if arg is not None and not self._coerces(self._bare(arg), "boolean"):
                return self._refuse(
                    f"argument of {symbol.upper()} must be type boolean, not type {self._bare(arg)}"
                )
        return _BOOLEAN

    def _subscript(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        type_ = args[0] if args else None
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        bare = self._bare(type_)
        if bare == "jsonb":
            return Typed("jsonb")
        element = self._element.get(bare)
        if element is None:
            return self._refuse(
                f"cannot subscript type {bare} because it does not support subscripting"
            )
        return Typed(self.normalize(type_) if symbol == "[:]" else element)

    def _nullif(self, args: tuple[str | None, ...]) -> Typed:
        compared = self.operator("=", args)
        if compared.error is not None or not args or args[0] is None:
            return compared if compared.error is not None else _UNKNOWN_ARGUMENT
        if args[1] is None:
            return _UNKNOWN_ARGUMENT
        first = self.normalize(args[0])
        bare = (self._bare(first), self._bare(args[1]))
        chosen = self._pick(self._operator_signatures("=", 2), self._same(bare), "", "")
        left = chosen[0].args[0] if not isinstance(chosen, Typed) else bare[0]
        if left in {bare[0], UNKNOWN} or left.startswith("any"):
            return Typed("text" if first == UNKNOWN else first)
        return Typed(left)

    # Combinations

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        """The common type; for comparisons BOOLEAN."""
        key = ("combine", kind, types)
        found = self._answers.get(key)
        if found is None:
            found = self._answers[key] = self._combine(kind, types)
        return found

    def _combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        if kind in {"equal", "compare"}:
            return self.operator("=" if kind == "equal" else "<", types)
        if kind in {"in", "in_subquery"}:
            return self._each("=", types[0], types[1:])
        if kind == "between":
            low = self._each(">=", types[0], types[1:2])
            return low if low.error is not None else self._each("<=", types[0], types[2:3])
        if kind == "case":  # the server begins with ELSE
            types = types[-1:] + types[:-1]
        given = [None if type_ is None else self.normalize(type_) for type_ in types]
        if kind == "union" and given:
            given = [type_ if type_ != UNKNOWN or len(given) > 1 else "text" for type_ in given]
        known = [type_ for type_ in given if type_ is not None]
        if not known:
            return _UNKNOWN_ARGUMENT
        if kind == "values" and all(type_ == UNKNOWN for type_ in known):
            return Typed(UNKNOWN)  # what an INSERT puts in takes the type of its column
        decided = {self._bare(type_) for type_ in known} - {UNKNOWN}
        if len(decided) > 1 and None in self._own(tuple(decided)):
            return _UNKNOWN_ARGUMENT
        common = self._common(known)
        if common is None:
            return self._refuse(self._unmatched(kind, known))
        if len(known) < len(given):
            return _UNKNOWN_ARGUMENT
        if kind == "list":
            return Typed(common + "[]")
        return Typed(common)

    def _each(self, symbol: str, left: str | None, rights: tuple[str | None, ...]) -> Typed:
        for right in rights:
            answer = self.operator(symbol, (left, right))
            if answer.error is not None:
                return answer
        return _BOOLEAN

    def _common(self, types: list[str]) -> str | None:
        """``select_common_type``; a modifier survives if all agree on it."""
        if not types:
            return None
        known = [type_ for type_ in types if type_ != UNKNOWN]
        if not known:
            return "text"
        bare = [self._bare(type_) for type_ in known]
        chosen = bare[0]
        for other in bare[1:]:
            if other == chosen:
                continue
            if self._category(other) != self._category(chosen):
                return None
            if (
                not self._preferred(chosen)
                and self._coerces(chosen, other)
                and not self._coerces(other, chosen)
            ):
                chosen = other
        if not all(self._coerces(type_, chosen) for type_ in bare):
            return None
        same = len(known) == len(types) and len(set(known)) == 1
        return known[0] if same else chosen

    def _unmatched(self, kind: str, types: list[str]) -> str:
        bare = [self._bare(type_) for type_ in types if type_ != UNKNOWN]
        first = bare[0]
        other = next((b for b in bare if self._common([first, b]) is None), bare[-1])
        return f"{_SAID.get(kind, kind)} types {first} and {other} cannot be matched"

    # Nested values

    def field(self, type_: str | None, name: str) -> Typed:
        """Composite types are the user's own, so nothing is known of their members."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        bare = self._bare(type_)
        if self.is_known(bare) and bare != "record":
            return self._refuse(
                f"column notation .{name} applied to type {bare}, which is not a composite type"
            )
        return Typed(None, None, f"the members of {bare} are not known")

    def element(
        self,
        type_: str | None,
        key: str | None = None,
        text: str | None = None,  # noqa: ARG002 - members have no subscripts
    ) -> Typed:
        """What ``value[key]`` gives."""
        return self.operator("[]", (type_, key))

    def unnest(self, type_: str | None) -> Typed:
        """The element of an array."""
        if type_ is None:
            return _UNKNOWN_ARGUMENT
        bare = self._bare(type_)
        element = self._element.get(bare)
        if element is None and not self.is_known(bare):
            return Typed(bare.removesuffix("[]")) if bare.endswith("[]") else _UNKNOWN_ARGUMENT
        if element is None:
            return self._refuse(f"function unnest({bare}) does not exist")
        return Typed(element)

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:  # noqa: ARG002 - a row has no names
        """A row."""
        return "record"

    def lambda_parameters(
        self,
        name: str,  # noqa: ARG002 - there are no lambdas
        args: tuple[str | None, ...],  # noqa: ARG002
        count: int,
    ) -> tuple[str | None, ...]:
        """PostgreSQL has no lambdas."""
        return (None,) * count
