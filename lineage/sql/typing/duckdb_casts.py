"""Which DuckDB type is taken for which, at what price, and what two types have in common.

Which casts are implicit is data from the engine; the prices, which decide between overloads, and
the rules for literals and nested types follow ``cast_rules.cpp`` and ``types.cpp`` of DuckDB and
are checked against the engine by ``tests/sql/typing``.
"""

from __future__ import annotations

import re

from lineage.sql.typing.shape import Shape
from lineage.sql.typing.typed import Remembered

MAX_WIDTH = 38
REFUSED = -1

# Preference among targets; everything else costs 110.
_TARGET_COST = {
    "BIGINT": 101,
    "INTEGER": 102,
    "HUGEINT": 103,
    "DOUBLE": 104,
    "DECIMAL": 105,
    "BIGNUM": 106,
    "TIMESTAMP_NS": 119,
    "TIMESTAMP": 120,
    "TIMESTAMP_MS": 121,
    "TIMESTAMP_S": 122,
    "TIMESTAMP WITH TIME ZONE": 123,
    "TIMESTAMPTZ_NS": 124,
    "VARCHAR": 149,
    "STRUCT": 160,
    "TUPLE": 160,
    "MAP": 160,
    "LIST": 160,
    "UNION": 160,
    "ARRAY": 160,
    "ANY": 5,
}
TEMPLATE_COST = 1_000_000
_OTHER_COST = 110
_LITERAL_TO_VARCHAR = 1
_LITERAL_TO_OTHER = 20

# Digits that an integer type needs as a DECIMAL.
INTEGER_WIDTH = {
    "TINYINT": 3,
    "SMALLINT": 5,
    "INTEGER": 10,
    "BIGINT": 19,
    "HUGEINT": 38,
    "UTINYINT": 3,
    "USMALLINT": 5,
    "UINTEGER": 10,
    "UBIGINT": 20,
    "UHUGEINT": 38,
}
_BITS = {
    "TINYINT": 8,
    "SMALLINT": 16,
    "INTEGER": 32,
    "BIGINT": 64,
    "HUGEINT": 128,
    "UTINYINT": 8,
    "USMALLINT": 16,
    "UINTEGER": 32,
    "UBIGINT": 64,
    "UHUGEINT": 128,
}
NUMERIC = frozenset(INTEGER_WIDTH) | {"FLOAT", "DOUBLE", "DECIMAL", "BIGNUM"}
# The order of the engine's own enumeration, which decides how signed and unsigned are combined.
_ORDER = [
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "DECIMAL", "FLOAT", "DOUBLE", "UTINYINT",
    "USMALLINT", "UINTEGER", "UBIGINT", "BIGNUM", "UHUGEINT", "HUGEINT",
]  # fmt: skip
# Aliased types: preferred when two types are combined, and no implicit cast between them.
_ALIASED = frozenset({"JSON"})

_CLOCK = frozenset({"TIME", "TIME WITH TIME ZONE"})
_INSTANTS = frozenset(
    {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS"}
)
_COUNTED = (NUMERIC - {"BIGNUM", "DECIMAL"}) | {"BOOLEAN"}
_INTO = {
    **dict.fromkeys(NUMERIC, NUMERIC | {"BOOLEAN", "BIT"}),
    "BOOLEAN": _COUNTED | {"BIT", "DECIMAL"},
    "DECIMAL": _COUNTED,
    "BIGNUM": frozenset(INTEGER_WIDTH) | {"DOUBLE"},
    "UHUGEINT": NUMERIC | {"BOOLEAN", "BIT", "UUID"},
    "BLOB": frozenset({"BIT", "UUID"}),
    "BIT": _COUNTED | {"BLOB"},
    "DATE": _INSTANTS,
    "TIME": _CLOCK,
    "TIME WITH TIME ZONE": _CLOCK,
    **dict.fromkeys(_INSTANTS, _INSTANTS | {"DATE", "TIME"}),
    "TIMESTAMP": _INSTANTS | {"DATE"} | _CLOCK,
    "TIMESTAMP WITH TIME ZONE": _INSTANTS | {"DATE", "TIME WITH TIME ZONE"},
    "TIMESTAMP_NS": (_INSTANTS - {"TIMESTAMP_S"}) | {"DATE", "TIME"},
    "INTERVAL": frozenset[str](),
    "UUID": frozenset({"BLOB", "UHUGEINT"}),
}
"""What values of a type are converted into, beside text and JSON, for which all are; without
parameters. Taken from the engine, and compared with it by ``tests/sql/typing``."""


def never_converts(source: Shape, target: Shape) -> bool:
    """Return whether the engine converts no value of one type into the other.

    Only said of types that hold no others.
    """
    if source.id == target.id or target.id not in _INTO:
        return False
    known = _INTO.get(source.id)
    return known is not None and target.id not in known


_NUMBER = re.compile(
    r"[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?|[+-]?0x[\da-f_]+|[+-]?0b[01_]+"
)
_ENDLESS = re.compile(r"[+-]?(inf(inity)?|nan)")
_DAY = re.compile(r"-?\d+[^\da-z]\d")
_DAYS = frozenset({"epoch", "infinity", "-infinity", "inf", "-inf"})
_TRUTHS = frozenset(["true", "false", "t", "f", "yes", "no", "y", "n", "on", "off", "1", "0"])


def refuses_text(text: str, id_: str) -> bool:
    """Return whether a quoted string is certainly no value of a type without parameters."""
    said = text.strip().lower()
    if id_ in NUMERIC:
        endless = id_ in {"FLOAT", "DOUBLE"} and _ENDLESS.fullmatch(said)
        return not (_NUMBER.fullmatch(said) or endless)
    if id_ == "BOOLEAN":
        return said not in _TRUTHS
    if id_ == "DATE" or id_ in _INSTANTS:
        return not (_DAY.match(said) or said in _DAYS)
    if id_ in {"UUID", "INTERVAL"}:
        return not any(letter.isdigit() for letter in said) and not set(said) & set("abcdef")
    return False


def integer_range(id_: str) -> tuple[int, int]:
    """The smallest and largest value of an integer type."""
    bits = _BITS[id_]
    if id_.startswith("U"):
        return 0, 2**bits - 1
    return -(2 ** (bits - 1)), 2 ** (bits - 1) - 1


def literal_type(value: int) -> Shape:
    """The type that an integer literal has when nothing else is wanted of it."""
    for id_ in ("INTEGER", "BIGINT", "HUGEINT", "UHUGEINT"):
        low, high = integer_range(id_)
        if low <= value <= high:
            return Shape(id_)
    return Shape("BIGNUM")


class Casts:
    """Implicit casts and common types, from the engine's table of implicit casts."""

    def __init__(self, implicit: dict[str, list[str]]) -> None:
        self._implicit = {source: frozenset(targets) for source, targets in implicit.items()}
        self._cost: dict[tuple[Shape, Shape], int] = Remembered()
        self._common: dict[tuple[Shape, Shape, bool], Shape | None] = Remembered()

    def cost(self, source: Shape, target: Shape) -> int:
        """The price of an implicit cast, 0 for none needed, -1 if it is not done."""
        key = (source, target)
        found = self._cost.get(key)
        if found is None:
            found = self._cost[key] = self._find_cost(source, target)
        return found

    def _find_cost(self, source: Shape, target: Shape) -> int:
        if target.id == "TEMPLATE":
            return TEMPLATE_COST
        if target.id == "LAMBDA":
            return 0
        if source.id == "NULL" or target.id == "ANY":
            return _target_cost(target)
        if source.id == "STRING_LITERAL":
            if not _complete(target):
                return REFUSED
            return _LITERAL_TO_VARCHAR if target.id == "VARCHAR" else _LITERAL_TO_OTHER
        if source.id == "INTEGER_LITERAL":
            return self._literal_cost(source, target)
        if source == target:
            return 0
        if source.id == "VARIANT" and target.id not in {"VARIANT", "JSON"}:
            return _target_cost(target)
        if target.id == "JSON":
            known = "JSON" in self._implicit.get(source.id, ())
            return 100 if known or source.nested or source.id == "ENUM" else REFUSED
        if source.id == "JSON":
            return 1 if target.id == "VARCHAR" else REFUSED
        if source.nested or target.nested:
            return self._nested_cost(source, target)
        if source.id == target.id:
            return 0
        if source.id == "ENUM":
            return _target_cost(target) if target.id == "VARCHAR" else REFUSED
        if target.id in self._implicit.get(source.id, ()):
            return _target_cost(target)
        return REFUSED

    def _literal_cost(self, source: Shape, target: Shape) -> int:
        value = int(source.text)
        own = literal_type(value)
        if target.id == own.id:
            return 0
        if target.id in _BITS:
            low, high = integer_range(target.id)
            if low <= value <= high:
                return _target_cost(target) - 90
        return REFUSED if target.id == "JSON" else self.cost(own, target)

    def _nested_cost(self, source: Shape, target: Shape) -> int:
        pair = (source.id, target.id)
        if pair == ("LIST", "LIST"):
            cost = self.cost(source.children[0], target.children[0])
            return cost - 1 if cost >= 1 else cost
        if pair == ("ARRAY", "ARRAY"):
            if target.size is not None and source.size != target.size:
                return REFUSED
            cost = self.cost(source.children[0], target.children[0])
            return cost - 1 if cost >= 100 else cost  # noqa: PLR2004 - as in cast_rules.cpp
        if pair == ("ARRAY", "LIST"):
            cost = self.cost(source.children[0], target.children[0])
            return cost + 1 if cost >= 0 else cost
        if pair == ("LIST", "ARRAY"):
            if target.size is None:
                return REFUSED
            return self.cost(source.children[0], target.children[0])
        if source.id in {"STRUCT", "TUPLE"} and target.id in {"STRUCT", "TUPLE"}:
            return self._struct_cost(source, target)
        if pair == ("MAP", "MAP"):
            return 0
        if pair == ("UNION", "UNION"):
            return 0
        if target.id == "UNION":
            costs = [self.cost(source, member) for member in target.children]
            return min((cost for cost in costs if cost >= 0), default=REFUSED)
        return REFUSED

    def _struct_cost(self, source: Shape, target: Shape) -> int:
        if not target.children:
            return 0
        if len(source.children) != len(target.children):
            return REFUSED
        if source.names and target.names:
            by_name = {
                name.lower(): child
                for name, child in zip(target.names, target.children, strict=True)
            }
            wanted = [by_name.get(name.lower()) for name in source.names]
        else:
            wanted = list(target.children)
        worst = REFUSED
        for child, goal in zip(source.children, wanted, strict=True):
            cost = REFUSED if goal is None else self.cost(child, goal)
            if cost == REFUSED:
                return REFUSED
            worst = max(worst, cost)
        return worst

    def common(self, left: Shape, right: Shape, *, force: bool = False) -> Shape | None:
        """The type that both become, or ``None`` if they cannot be mixed.

        ``force`` is the rule for equality and set operations, where the higher ranked type wins
        if nothing fits.
        """
        key = (left, right, force)
        if key not in self._common:
            found = self._find_common(left, right, force=force)
            if found is None and force:
                found = left if _score(left) >= _score(right) else right
            self._common[key] = found
        return self._common[key]

    def _find_common(self, left: Shape, right: Shape, *, force: bool) -> Shape | None:
        for shape in (left, right):
            if shape.id in _ALIASED or shape.id == "VARIANT":
                return shape
        if left.id == right.id:
            return self._common_equal(left, right, force=force)
        if left.id == "NULL":
            return normal(right)
        if right.id == "NULL":
            return normal(left)
        if left.id == "ENUM":
            return self.common(Shape("VARCHAR"), right, force=force)
        if right.id == "ENUM":
            return self.common(left, Shape("VARCHAR"), force=force)
        if left.id == "STRING_LITERAL":
            return normal(right)
        if right.id == "STRING_LITERAL":
            return normal(left)
        if {left.id, right.id} == {"STRUCT", "TUPLE"}:  # the names are kept, on either side
            return self._common_members(left, right, force=force)
        forth = self.cost(left, right)
        back = self.cost(right, left)
        if forth >= 0 and (forth < back or back < 0):
            return _widen(left, right)
        if back >= 0:
            return _widen(right, left)
        if left.id == "INTEGER_LITERAL" or right.id == "INTEGER_LITERAL":
            return self.common(normal(left), normal(right), force=force)
        return self._common_fallback(left, right)

    def _common_fallback(self, left: Shape, right: Shape) -> Shape | None:
        if left.id in NUMERIC and right.id in NUMERIC:
            return _signed_unsigned(left, right)
        if left.id == "BOOLEAN" and right.id in INTEGER_WIDTH:
            return right
        if right.id == "BOOLEAN" and left.id in INTEGER_WIDTH:
            return left
        return None

    def _common_equal(self, left: Shape, right: Shape, *, force: bool) -> Shape | None:
        match left.id:
            case "STRING_LITERAL":
                return Shape("VARCHAR")
            case "INTEGER_LITERAL":
                return self.common(normal(left), normal(right), force=force)
            case "ENUM":
                return left if left == right else Shape("VARCHAR")
            case "DECIMAL":
                return _common_decimal(left, right)
            case "LIST":
                child = self.common(left.children[0], right.children[0], force=force)
                return child and Shape("LIST", (child,))
            case "ARRAY":
                child = self.common(left.children[0], right.children[0], force=force)
                size = max(left.size or 0, right.size or 0)
                return child and Shape("ARRAY", (child,), size=size)
            case "MAP":
                key = self.common(left.children[0], right.children[0], force=force)
                value = self.common(left.children[1], right.children[1], force=force)
                return Shape("MAP", (key, value)) if key and value else None
            case "STRUCT" | "TUPLE":
                return self._common_members(left, right, force=force)
            case "UNION":
                return left if len(left.children) >= len(right.children) else right
            case _:
                return left

    def _common_members(self, left: Shape, right: Shape, *, force: bool) -> Shape | None:
        if left.names and right.names:
            return self._common_names(left, right, force=force)
        if len(left.children) != len(right.children):
            return None
        members: list[Shape] = []
        for mine, other in zip(left.children, right.children, strict=True):
            member = self.common(mine, other, force=force)
            if member is None:
                return None
            members.append(member)
        names = left.names or right.names
        return Shape("STRUCT" if names else "TUPLE", tuple(members), names)

    def _common_names(self, left: Shape, right: Shape, *, force: bool) -> Shape | None:
        """The members of both structs by name, whatever their order: first those of the left."""
        members = {
            name.lower(): (name, child)
            for name, child in zip(left.names, left.children, strict=True)
        }
        for name, child in zip(right.names, right.children, strict=True):
            known = members.get(name.lower())
            if known is None:
                members[name.lower()] = (name, child)
                continue
            merged = self.common(known[1], child, force=force)
            if merged is None:
                return None
            members[name.lower()] = (known[0], merged)
        return Shape(
            "STRUCT",
            tuple(child for _, child in members.values()),
            tuple(name for name, _ in members.values()),
        )


def normal(shape: Shape) -> Shape:
    """The type without the specialty of a literal."""
    if shape.id == "STRING_LITERAL":
        return Shape("VARCHAR")
    if shape.id == "INTEGER_LITERAL":
        return literal_type(int(shape.text))
    if shape.children:
        children = tuple(normal(child) for child in shape.children)
        if children != shape.children:
            return Shape(shape.id, children, shape.names, size=shape.size)
    return shape


def digits(shape: Shape) -> tuple[int, int] | None:
    """Width and scale of the type as a DECIMAL; ``None`` if it is not exact."""
    if shape.id == "DECIMAL" and shape.width is not None and shape.scale is not None:
        return shape.width, shape.scale
    if shape.id == "NULL":
        return 0, 0
    plain = normal(shape)
    width = INTEGER_WIDTH.get(plain.id)
    return None if width is None else (width, 0)


def decimal(width: int, scale: int) -> Shape:
    """The DECIMAL of at most 38 digits."""
    return Shape("DECIMAL", width=min(width, MAX_WIDTH), scale=scale)


def _target_cost(target: Shape) -> int:
    return _TARGET_COST.get(target.id, _OTHER_COST)


def _complete(target: Shape) -> bool:
    """Whether a string can be read as this type: all its parameters are known."""
    if target.id == "TEMPLATE":
        return True
    if target.id in {"ANY", "LAMBDA", "TYPE", "TABLE", "INVALID"}:
        return False
    if target.id == "DECIMAL":
        return target.width is not None
    if target.id in {"STRUCT", "TUPLE", "MAP", "UNION", "LIST", "ARRAY"}:
        return bool(target.children) and all(_complete(child) for child in target.children)
    return True


def _widen(source: Shape, target: Shape) -> Shape:
    """The target, wide enough for the source if it is a DECIMAL."""
    if target.id != "DECIMAL" or source.id == "DECIMAL":
        return target
    have = digits(source)
    if have is None or target.width is None or target.scale is None:
        return target
    needed = have[0] - have[1]
    if needed > target.width - target.scale:
        return decimal(needed + target.scale, target.scale)
    return target


def _common_decimal(left: Shape, right: Shape) -> Shape:
    first, second = digits(left), digits(right)
    if first is None or second is None:
        return left
    whole = max(first[0] - first[1], second[0] - second[1])
    scale = max(first[1], second[1])
    if whole + scale > MAX_WIDTH:
        scale = MAX_WIDTH - whole
    return decimal(whole + scale, scale)


def _signed_unsigned(left: Shape, right: Shape) -> Shape | None:
    ids = {left.id, right.id}
    if ids == {"BIGNUM", "DECIMAL"}:
        return None
    if not ids <= set(INTEGER_WIDTH):
        return Shape("DOUBLE")
    for signed, unsigned, result in (
        ("BIGINT", "UBIGINT", "HUGEINT"),
        ("INTEGER", "UINTEGER", "BIGINT"),
        ("SMALLINT", "USMALLINT", "INTEGER"),
        ("TINYINT", "UTINYINT", "SMALLINT"),
    ):
        if "HUGEINT" in ids:
            return Shape("DOUBLE")
        if signed in ids or unsigned in ids:
            return Shape(result)
    return None


_SCORES = [
    "BOOLEAN", "UTINYINT", "TINYINT", "USMALLINT", "SMALLINT", "UINTEGER", "INTEGER", "UBIGINT",
    "BIGINT", "UHUGEINT", "HUGEINT", "DECIMAL", "FLOAT", "DOUBLE",
    "TIME", "DATE", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP",
    "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_NS", "INTERVAL", "VARCHAR", "ENUM",
    "BIT", "BLOB", "UUID", "BIGNUM", "STRUCT", "TUPLE", "LIST", "MAP", "UNION",
]  # fmt: skip
_SCORE = {id_: rank for rank, id_ in enumerate(_SCORES)} | {
    "ARRAY": _SCORES.index("LIST"),
    "TIME WITH TIME ZONE": _SCORES.index("TIME"),
}


def _score(shape: Shape) -> int:
    return _SCORE.get(normal(shape).id, len(_SCORES))
