"""Type systems of engines that have no catalogue to ask: what their manuals say.

A table in ``data/<engine>.types`` has a line for each rule, and the manual that it comes from. A
strict engine refuses what no rule allows; of any other, only what a ``refuse`` line names is
refused. What no line speaks of is unknown.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from lineage.sql.typing.arithmetic import ARITHMETIC, Number
from lineage.sql.typing.typed import Typed

_NAME = re.compile(
    r"(?P<base>[A-Za-z_][\w ]*)\s*(?:\((?P<params>[\d\s,]*)\))?(?P<rest>.*)\Z", re.DOTALL
)
_COMPARED = frozenset({"=", "<>", "!=", "<", "<=", ">", ">="})
_TESTS = frozenset({"is not distinct from", "is distinct from"})
_LOGIC = frozenset({"and", "or", "not"})
_PATTERNS = frozenset({"like", "ilike", "not like", "not ilike"})
_STRING, _NULL, _FRACTION = "STRING_LITERAL", "NULL", "FRACTION_LITERAL"
_LITERALS = frozenset({_STRING, _NULL, _FRACTION})
_UNKNOWN_ARGUMENT = Typed(None, None, "the type of an argument is not known")
_ARITHMETIC_SIGNS = frozenset("+-*/%")


@dataclass(slots=True)
class Manual:
    """A table as it was read."""

    source: str = ""
    strict: bool = False
    words: dict[str, str] = field(default_factory=dict)
    """What text, whole numbers, fractions, NULL and truth are called, and how it calculates."""
    families: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    wider: list[tuple[str, ...]] = field(default_factory=list)
    literals: frozenset[str] = frozenset()
    operators: dict[tuple[str, ...], str] = field(default_factory=dict)
    refused: set[tuple[str, ...]] = field(default_factory=set)
    casts: dict[str, frozenset[str]] = field(default_factory=dict)
    calls: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)


@cache
def manual(name: str) -> Manual:
    """Read ``data/<name>.types``."""
    text = files("lineage.sql.typing").joinpath("data", f"{name}.types").read_text("utf-8")
    found = Manual()
    for line in text.splitlines():
        words = line.split()
        if words and not line.startswith("#"):
            _read(found, words[0], words[1:])
    return found


def _read(found: Manual, kind: str, rest: list[str]) -> None:
    match kind:
        case "source":
            found.source = " ".join(rest)
        case "strict":
            found.strict = True
        case "type":
            name, family, *others = rest
            found.families[name] = family
            found.names.update({other.replace("_", " "): name for other in others})
            found.names.update(dict.fromkeys((name, *others), name))
        case "alias":
            found.aliases[rest[0]] = rest[1]
        case "widen":
            found.wider.append(tuple(rest))
        case "literal":
            found.literals = frozenset(rest)
        case "operator":
            *operands, _, result = rest
            found.operators[tuple(operands)] = result
        case "refuse":
            found.refused.add(tuple(rest))
        case "cast":
            found.casts[rest[0]] = frozenset(rest[1:])
        case "call":
            at = rest.index("=")
            allowed = frozenset(rest[at + 3 :])
            found.calls.update(dict.fromkeys(rest[:at], (rest[at + 1], allowed)))
        case _:
            found.words[kind] = rest[0]


class Documented:
    """The rules of one manual."""

    def __init__(self, name: str) -> None:
        self._manual = manual(name)
        self._arithmetic = ARITHMETIC[self._manual.words["arithmetic"]]

    # Types

    @property
    def source(self) -> str:
        """The manual."""
        return self._manual.source

    def normalize(self, text: str) -> str:
        """The manual's own name of a type; of one that it does not know, the text in upper case."""
        whole = " ".join(text.upper().split())
        if whole in _LITERALS:
            return whole
        found = _NAME.match(whole)
        if found is None or found["rest"].strip():
            return whole
        name = found["base"].strip()
        base = self._manual.names.get(name)
        if base is None:
            return self._manual.aliases.get(whole, whole)
        params = (found["params"] or "").replace(" ", "")
        if base == "NUMBER" and params and "," not in params:
            params += ",0"
        alias = self._manual.aliases.get(name) if not params else None
        full = alias or (f"{base}({params})" if params else base)
        return self._manual.aliases.get(full, full)

    def is_known(self, type_: str) -> bool:
        """Whether the manual lists it."""
        return self._family(type_) is not None

    def literal_number(self, text: str) -> str:
        """The type of a number as written."""
        return self._arithmetic.literal(text) or _FRACTION

    def literal_interval(self, unit: str) -> str:  # noqa: ARG002 - one type for all
        """An interval of any unit."""
        return "INTERVAL"

    def literal_string(self) -> str:
        """Text that may be taken for something else."""
        return _STRING

    def literal_null(self) -> str:
        """What fits everywhere."""
        return _NULL

    @property
    def undecided(self) -> frozenset[str]:
        """Literals take the type of what they are united with."""
        return _LITERALS

    def concrete(self, type_: str) -> str:
        """What a literal is when nothing decides."""
        words = self._manual.words
        named = {_STRING: "text", _NULL: "null", _FRACTION: "fraction"}.get(type_)
        return words[named] if named is not None else self.normalize(type_)

    def _base(self, type_: str) -> str:
        return self.normalize(type_).partition("(")[0]

    def _family(self, type_: str) -> str | None:
        """What kind of type it is; for literals that of what they are when nothing decides."""
        return self._manual.families.get(self._base(self.concrete(type_)))

    def _families(self, types: tuple[str | None, ...]) -> tuple[str, ...] | None:
        found = tuple(self._family(type_) for type_ in types if type_ is not None)
        if len(found) < len(types) or None in found:
            return None
        return tuple(family for family in found if family is not None)

    def _refuse(self, message: str) -> Typed:
        return Typed(None, message)

    def _said(self, types: tuple[str | None, ...]) -> str:
        return ", ".join("?" if type_ is None else self.concrete(type_) for type_ in types)

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Whether ``source`` is taken for ``target``; None where the manual does not say."""
        if source is None or target is None:
            return None
        if self._fits(source, target):
            return True
        return False if self._manual.strict and self.is_known(source) else None

    def _fits(self, source: str, target: str) -> bool:
        base = self._base(target)
        if source == _NULL:
            return True
        if source == _STRING:
            return base in self._manual.literals or self._family(target) == "text"
        if source == _FRACTION and self._family(target) == "number":
            return True
        given = self._base(self.concrete(source))
        return given == base or any(
            given in chain and base in chain[chain.index(given) :] for chain in self._manual.wider
        )

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:  # noqa: ARG002 - the same types
        """An explicit cast."""
        wanted = self.normalize(target)
        if source is None or source in _LITERALS or not self.is_known(wanted):
            return Typed(wanted)
        given, base = self._base(source), self._base(wanted)
        listed = self._manual.casts.get(given)
        families = self._families((source, wanted))
        refused = families is not None and ("cast", *families) in self._manual.refused
        if refused or (listed is not None and base not in listed):
            return self._refuse(f"Invalid cast from {self.concrete(source)} to {wanted}")
        return Typed(wanted)

    def refuses_text(self, text: str, type_: str) -> bool:  # noqa: ARG002 - nothing is known of it
        """Nothing is said."""
        return False

    def insert(self, source: str | None, target: str) -> Typed:
        """Storing in a column."""
        wanted = self.normalize(target)
        if source is None or not self._manual.strict or self.implicit(source, wanted) is not False:
            return Typed(wanted)
        if not self.is_known(wanted):
            return Typed(wanted)
        return self._refuse(
            f"value has type {self.concrete(source)} which cannot be inserted into a column of "
            f"type {wanted}"
        )

    # Operators

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """A unary or binary operator by its SQL symbol or keyword."""
        sign = symbol.lower()
        truth = Typed(self._manual.words["boolean"])
        if sign in _TESTS:
            return truth
        if sign in _COMPARED:
            return self._compared(symbol, args)
        if sign in _LOGIC:
            return self._logic(symbol, args)
        if sign in _PATTERNS:
            answer = self._operation(symbol, "LIKE", args)
            return answer if answer.error is not None else truth
        if len(args) == 1 and sign == "-":
            return Typed(args[0]) if args[0] is not None else _UNKNOWN_ARGUMENT
        return self._operation(symbol, symbol, args)

    def _compared(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        truth = Typed(self._manual.words["boolean"])
        families = self._families(args)
        if families is None or _NULL in args:
            return truth
        left, right = args
        if left is None or right is None or families[0] == families[1]:
            return truth
        if self._fits(left, right) or self._fits(right, left):
            return truth
        if self._manual.strict or self._refuses("compare", families):
            return self._mismatch(symbol, args)
        return truth

    def _logic(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        for arg in args:
            family = self._family(arg) if arg is not None else None
            wrong = family not in {None, "bool"} and arg != _NULL
            if wrong and (self._manual.strict or ("logic", family) in self._manual.refused):
                return self._mismatch(symbol, args)
        return Typed(self._manual.words["boolean"])

    def _operation(self, symbol: str, rule: str, args: tuple[str | None, ...]) -> Typed:
        families = self._families(args)
        if families is None or _NULL in args:
            return _UNKNOWN_ARGUMENT
        result = self._manual.operators.get((rule, *families))
        if result is not None:
            return Typed(args[0] if result == "same" else result)
        if set(families) == {"number"} and rule in _ARITHMETIC_SIGNS:
            return self._calculated(rule, args)
        known = any(key[0] == rule for key in self._manual.operators) or rule in _ARITHMETIC_SIGNS
        # In a sum a quoted literal may be a date; beside || and LIKE it is text.
        plain = rule not in _ARITHMETIC_SIGNS or _STRING not in args
        if known and plain and self._denied(rule, families):
            return self._mismatch(symbol, args)
        return Typed(None, None, f"the manual does not say what {symbol} gives for these types")

    def _denied(self, rule: str, families: tuple[str, ...]) -> bool:
        plain = families[0] != "range" and "json" not in families
        return (self._manual.strict and plain) or any(
            (rule, family) in self._manual.refused for family in families
        )

    def _refuses(self, kind: str, families: tuple[str, ...]) -> bool:
        refused = self._manual.refused
        return (kind, *families) in refused or (kind, *reversed(families)) in refused

    def _mismatch(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        return self._refuse(
            f"No matching signature for operator {symbol.upper()} for argument types: "
            f"{self._said(args)}"
        )

    def _numbers(self, types: tuple[str | None, ...]) -> Iterator[Number]:
        for type_ in types:
            if type_ is not None:
                base, _, params = self.normalize(type_).partition("(")
                sizes = [int(part) for part in params.rstrip(")").split(",") if part]
                precision, scale = (*sizes, 0, 0)[:2]
                yield Number(base, precision, scale)

    def _calculated(self, sign: str, args: tuple[str | None, ...]) -> Typed:
        result = self._arithmetic.result(sign, *self._numbers(args))
        if result is None:
            return Typed(None, None, "the manual does not say how exact the result is")
        return Typed(result)

    # Functions

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        """A function by the parser's name of it; only the first argument is looked at."""
        found = self._manual.calls.get(name)
        if found is None:
            return Typed(None, None, f"the function {name} is not in the table")
        result, allowed = found
        first = args[0] if args else None
        family = self._family(first) if first is not None else None
        if allowed and family is not None and family not in allowed and first not in _LITERALS:
            return self._refuse(
                f"No matching signature for function {name.upper()} for argument types: "
                f"{self._said(args[:1])}"
            )
        return self._returned(result, first)

    def _returned(self, result: str, first: str | None) -> Typed:
        if result == "unsaid":
            return Typed(None, None, "the manual does not say how exact the result is")
        if result not in {"same", "array", "sum", "mean", "rounded"}:
            return Typed(self.normalize(result) if "<" not in result else result)
        if first is None:
            return _UNKNOWN_ARGUMENT
        given = self.concrete(first)
        if result == "same":
            return Typed(given)
        if result == "array":
            return Typed(f"ARRAY<{given}>")
        whole = self._base(given) == self._manual.words["number"]
        if whole and result in {"mean", "rounded"}:
            # INT64 is taken for FLOAT64 here; only abs and sign keep it, which is left unsaid.
            return Typed(self._manual.words["fraction"]) if result == "mean" else _UNKNOWN_ARGUMENT
        return Typed(self._base(given))

    # Combinations

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        """The common type; for comparisons truth."""
        if kind in {"equal", "compare"}:
            return self._compared("=" if kind == "equal" else "<", types)
        if kind in {"in", "in_subquery", "between"}:
            for other in types[1:]:
                answer = self._compared("=", (types[0], other))
                if answer.error is not None:
                    return answer
            return Typed(self._manual.words["boolean"])
        if any(type_ is None for type_ in types):
            return _UNKNOWN_ARGUMENT
        known = [type_ for type_ in types if type_ is not None]
        common = self._common(known)
        if common is None:
            families = self._families(types)
            if self._manual.strict and families is not None and len(set(families)) > 1:
                return self._refuse(f"{kind.upper()} has incompatible types: {self._said(types)}")
            return Typed(None, None, "the manual does not say what these types have in common")
        return Typed(f"ARRAY<{common}>" if kind == "list" else common)

    def _common(self, types: list[str]) -> str | None:
        decided = [type_ for type_ in types if type_ not in _LITERALS]
        if not decided:
            found = {type_ for type_ in types if type_ != _NULL} or {_NULL}
            return found.pop() if len(found) == 1 else None
        wanted = {self.normalize(type_) for type_ in decided}
        if len(wanted) > 1 and all(self._family(type_) == "number" for type_ in wanted):
            best = self._arithmetic.common(*self._numbers(tuple(sorted(wanted))))
        elif len(wanted) > 1:
            best = next((one for one in wanted if all(self._fits(t, one) for t in wanted)), None)
        else:
            best = wanted.pop()
        if best is None or not all(self._fits(type_, best) for type_ in types):
            return None
        return best

    # Nested values

    def field(self, type_: str | None, name: str) -> Typed:
        """Not followed."""
        return Typed(None, None, f"the field {name} of {type_} is not followed")

    def element(self, type_: str | None, key: str | None = None, text: str | None = None) -> Typed:  # noqa: ARG002
        """Of an ARRAY<T> it is T."""
        found = re.fullmatch(r"ARRAY<(.*)>", type_ or "", re.DOTALL)
        return Typed(found[1]) if found else _UNKNOWN_ARGUMENT

    def unnest(self, type_: str | None) -> Typed:
        """Of an ARRAY<T> it is T."""
        return self.element(type_)

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:
        """Members in the usual notation."""
        members = ", ".join(f"{n} {t}" for n, t in zip(names, types, strict=True))
        return f"STRUCT<{members}>"

    def lambda_parameters(
        self,
        name: str,  # noqa: ARG002 - nothing is known of any
        args: tuple[str | None, ...],  # noqa: ARG002 - the same
        count: int,
    ) -> tuple[str | None, ...]:
        """Nothing is known."""
        return (None,) * count
