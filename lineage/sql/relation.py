"""What the binder binds to: tables, their columns, and where every value comes from.

An :class:`Origin` is one column of one real table. A bound column carries the origins that
its value is made of (``direct``) and those that only influence it (``indirect``), each with
flags. Dictionaries of origins are shared between columns and never changed once published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

Parts = tuple[str, ...]
"""A table name as dotted parts, most significant first, in the spelling of its definition."""

_WITH_SCHEMA: Final = 2

# Flags of a direct origin. The two lowest bits are the strength of the OpenLineage subtype.
IDENTITY: Final = 0
TRANSFORMATION: Final = 1
AGGREGATION: Final = 2
STRENGTH: Final = 3
MASKED: Final = 4
CONDITIONAL: Final = 8
WINDOW: Final = 16

# Flags of an indirect origin.
JOIN: Final = 32
FILTER: Final = 64
GROUP_BY: Final = 128
SORT: Final = 256

# Of either: on the way its values are converted into a type into which none can be.
NEVER: Final = 512
# Of either: as part of a whole row, so that the order and the names of all its columns count.
ROW: Final = 1024

INDIRECT_SUBTYPES: Final[tuple[tuple[int, str], ...]] = (
    (JOIN, "JOIN"),
    (FILTER, "FILTER"),
    (GROUP_BY, "GROUP_BY"),
    (SORT, "SORT"),
    (WINDOW, "WINDOW"),
    (CONDITIONAL, "CONDITIONAL"),
)


class Origin:
    """One column of one table. Compared by identity: a table makes each of them once."""

    __slots__ = ("column", "table")

    def __init__(self, table: Table, column: str) -> None:
        self.table = table
        self.column = column

    def __repr__(self) -> str:
        return f"{self.table}.{self.column}"


Origins = Mapping[Origin, int]
NOTHING: Final[Origins] = MappingProxyType({})
"""No origins. One shared empty mapping."""


class Column:
    """A column of a relation, bound."""

    __slots__ = ("direct", "indirect", "name", "nullable", "place", "type")

    def __init__(
        self,
        name: str,
        type: str | None = None,  # noqa: A002 - the field's own word
        direct: Origins = NOTHING,
        indirect: Origins = NOTHING,
        nullable: bool | None = None,
        place: tuple[int, int] = (0, 0),
    ) -> None:
        self.name = name
        self.type = type
        self.direct = direct
        self.indirect = indirect
        self.nullable = nullable
        self.place = place

    def renamed(self, name: str) -> Column:
        """Return the same column under another name."""
        return Column(name, self.type, self.direct, self.indirect, self.nullable, self.place)

    def __repr__(self) -> str:
        return f"{self.name} {self.type}"


class Called(Column):
    """A column that nobody named: the engine calls it so, and people know it by its ``text``."""

    __slots__ = ("text",)
    text: str


class Again(Column):
    """A column that a SELECT list names twice: what names it means the one and the other."""

    __slots__ = ()


class Relation:
    """Columns in order, found by name; the rows depend on ``indirect``.

    ``open`` names the tables whose columns are not known and that a star let in: a name that
    is not among ``columns`` may still come from one of them.
    """

    __slots__ = ("columns", "index", "indirect", "invented", "open", "table")

    def __init__(
        self,
        columns: list[Column],
        indirect: Origins = NOTHING,
        table: Table | None = None,
        open_tables: tuple[Table, ...] = (),
    ) -> None:
        self.columns = columns
        self.indirect = indirect
        self.table = table
        self.open = open_tables
        self.invented: Origins | None = None
        """What an unknown name means in the rows of a table function: made from its arguments."""
        self.index: dict[str, Column | list[Column]] | None = None

    @property
    def made(self) -> Origins | None:
        """What an unknown name means here; None where there is no such name.

        A star that no table stands behind is that of a value whose fields nobody knows.
        """
        if self.invented is None and not self.open:
            star = self.find("*")
            return star.direct if isinstance(star, Column) else None
        return self.invented

    def find(self, key: str) -> Column | list[Column] | None:
        """Return the column called ``key`` (lower case), or all of them when several are."""
        index = self.index
        if index is None:
            index = self.index = {}
            for column in self.columns:
                if type(column) is Again:
                    continue
                name = column.name.lower()
                known = index.get(name)
                if known is None:
                    index[name] = column
                elif isinstance(known, list):
                    known.append(column)
                else:
                    index[name] = [known, column]
        return index.get(key)


class Elements(Relation):
    """The elements of an array, named as a whole by the first column, and by their parts.

    ``fields`` of them are shown by a star in place of the whole, and so is what lies beside.
    """

    __slots__ = ("beside", "fields")

    def __init__(self, columns: list[Column], fields: int, beside: list[Column]) -> None:
        super().__init__([*columns, *beside])
        self.fields = columns[1 : 1 + fields]
        self.beside = beside

    def shown(self, *, qualified: bool) -> list[Column]:
        """Return what a star shows: ``t.*``, or a bare one."""
        whole = self.columns[0]
        # What nobody knows the type of is one value, or as many columns as it has fields.
        elements = self.fields or [whole if whole.type is not None else whole.renamed("*")]
        return elements if qualified else [*elements, *self.beside]


class Table:
    """A named table. ``columns`` is ``None`` while nobody has said what they are.

    Of such a table some columns may be known all the same, in no order: ``partly``; and that it
    does not have some, in lower case: ``gone``.
    """

    __slots__ = (
        "_learned",
        "_origins",
        "_relation",
        "columns",
        "computed",
        "gone",
        "kind",
        "partly",
        "parts",
        "temporary",
    )  # fmt: skip

    def __init__(
        self,
        parts: Parts,
        columns: Iterable[tuple[str, str | None]] | None = None,
        *,
        temporary: bool = False,
        kind: str = "table",
    ) -> None:
        self.partly: tuple[tuple[str, str | None], ...] = ()
        self.gone: frozenset[str] = frozenset()
        self.computed: frozenset[str] = frozenset()
        """Columns, in lower case, that no INSERT by position fills: the engine computes them."""
        self.parts = parts
        self.columns = None if columns is None else tuple(columns)
        self.temporary = temporary
        self.kind = kind
        self._origins: dict[str, Origin] = {}
        self._learned: dict[str, Column] = {}
        self._relation: Relation | None = None

    @property
    def name(self) -> str:
        """The dotted name."""
        return ".".join(self.parts)

    def __repr__(self) -> str:
        return self.name

    def origin(self, column: str) -> Origin:
        """Return the one Origin of ``column``, however often it is asked for."""
        found = self._origins.get(column)
        if found is None:
            found = self._origins[column] = Origin(self, column)
        return found

    def relation(self) -> Relation:
        """Return the table as a relation; the same object every time."""
        if self._relation is None:
            if self.columns is None:
                self._relation = Relation([], table=self, open_tables=(self,))
            else:
                origin = self.origin
                columns = [
                    Column(name, type_, {origin(name): IDENTITY}) for name, type_ in self.columns
                ]
                self._relation = Relation(columns, table=self)
        return self._relation

    def learn(self, column: str) -> Column:
        """Return a column that only a query told us of; its type is seldom known."""
        found = self._learned.get(column)
        if found is None:
            key = column.lower()
            type_ = next((type_ for name, type_ in self.partly if name.lower() == key), None)
            found = self._learned[column] = Column(column, type_, {self.origin(column): IDENTITY})
        return found

    def may_have(self, column: str) -> bool:
        """Return whether a column that nobody listed may be there all the same."""
        return column.lower() not in self.gone

    def has_learned(self, column: str) -> bool:
        """Return whether a query has already named this column of the table."""
        return column in self._learned

    def star(self) -> Column:
        """Return the column that stands for all columns of a table that nobody described."""
        return self.learn("*")


class United(Table):
    """What an undescribed table stands for in a set operation: its names, and what lies beside.

    The first branch names the columns. What another branch puts under a name is a matter of
    positions that nobody knows: a column of the same name, or else all that it may be.
    """

    __slots__ = ("_beside", "_named_by")

    def __init__(self, named_by: Table, beside: Sequence[Column]) -> None:
        super().__init__(named_by.parts, None, kind=named_by.kind)
        self._named_by = named_by
        self._beside = beside

    def origin(self, column: str) -> Origin:
        """Return the column of the branch that gives the names."""
        return self._named_by.origin(column)

    def learn(self, column: str) -> Column:
        """Return the column of the first branch, mixed with what the others give."""
        origins = self._named_by.learn(column).direct
        same = [one for one in self._beside if one.name.lower() == column.lower()]
        for one in same or self._beside:
            origins = merge(origins, one.direct)
        return Column(column, None, origins)

    def may_have(self, column: str) -> bool:
        """Return whether the first branch's table may have a column."""
        return self._named_by.may_have(column)

    def has_learned(self, column: str) -> bool:
        """Return whether a query has already named this column of the first branch's table."""
        return self._named_by.has_learned(column)


class Pivoted(Table):
    """The columns that PIVOT makes of values which only the data knows."""

    __slots__ = ("_values",)

    def __init__(self, values: Origins) -> None:
        super().__init__(("PIVOT",), None)
        self._values = values

    def learn(self, column: str) -> Column:
        """Return a column made of what is aggregated."""
        return Column(column, None, self._values)


class Schema:
    """The tables that statements may name. A child sees its parent's tables until it hides them.

    Names match case-insensitively on their dotted suffix: ``orders`` finds ``shop.orders``
    when no other schema has one, and the default schema wins when several have.
    """

    __slots__ = ("_by_last", "_gone", "_memo", "_parent", "database", "default")

    def __init__(
        self,
        tables: Iterable[Table] = (),
        *,
        parent: Schema | None = None,
        database: str | None = None,
        schema: str | None = None,
    ) -> None:
        self._by_last: dict[str, dict[Parts, Table]] = {}
        self._gone: set[Parts] = set()
        self._memo: dict[Parts, Table | None] = {}
        self._parent = parent
        self.database: str | None = database or (parent.database if parent else None)
        self.default: str | None = schema or (parent.default if parent else None)
        for table in tables:
            self.add(table)

    def child(self) -> Schema:
        """Return a schema whose additions and removals leave this one alone."""
        return Schema(parent=self)

    def add(self, table: Table) -> None:
        """Add or replace a table."""
        key = tuple(part.lower() for part in table.parts)
        self._by_last.setdefault(key[-1], {})[key] = table
        self._gone.discard(key)
        self._memo.clear()

    def remove(self, parts: Parts) -> bool:
        """Take a table away: naming it is an error from now on. Returns whether it was there."""
        table = self.find(parts)
        key = tuple(part.lower() for part in (table.parts if table else parts))
        here = self._by_last.get(key[-1])
        if here:
            here.pop(key, None)
        self._gone.add(key)
        self._memo.clear()
        return table is not None

    def forget(self, table: Table) -> None:
        """Take a table away because a script dropped it; its name may be made again."""
        key = tuple(part.lower() for part in table.parts)
        here = self._by_last.get(key[-1])
        if here:
            here.pop(key, None)
        self._memo.clear()

    def find(self, parts: Parts) -> Table | None:
        """Return the table that ``parts`` names from here, or ``None``."""
        key = tuple(part.lower() for part in parts)
        try:
            return self._memo[key]
        except KeyError:
            found = self._memo[key] = self._find(key)
            return found

    def gone(self, parts: Parts) -> bool:
        """Return whether a table of this name was removed (a bare name matches any schema)."""
        key = tuple(part.lower() for part in parts)
        if any(_suffix(key, gone) for gone in self._gone):
            return True
        return self._parent is not None and self._parent.gone(parts)

    def _candidates(self, last: str) -> dict[Parts, Table]:
        if self._parent is None:
            return self._by_last.get(last, {})
        inherited = self._parent._candidates(last)  # noqa: SLF001 - of the same class
        here = self._by_last.get(last)
        if not here and not self._gone:
            return inherited
        merged = {key: table for key, table in inherited.items() if key not in self._gone}
        merged.update(here or {})
        return merged

    def _find(self, key: Parts) -> Table | None:
        candidates = self._candidates(key[-1])
        if not candidates:
            return None
        found = candidates.get(key)
        if found is not None:
            return found
        for full in self._qualified(key):
            found = candidates.get(full)
            if found is not None:
                return found
        matches = [table for name, table in candidates.items() if _suffix(key, name)]
        if len(matches) == 1:
            return matches[0]
        if matches and self.default:
            home = [
                t
                for t in matches
                if len(t.parts) > 1 and t.parts[-2].lower() == self.default.lower()
            ]
            if len(home) == 1:
                return home[0]
        return None

    def _qualified(self, key: Parts) -> Iterator[Parts]:
        """Yield ``key`` with the default schema and database put in front."""
        schema, database = (self.default or "").lower(), (self.database or "").lower()
        if len(key) == 1 and schema:
            if database:
                yield (database, schema, *key)
            yield (schema, *key)
        elif len(key) == _WITH_SCHEMA and database:
            yield (database, *key)

    def tables(self) -> Iterator[Table]:
        """Yield every table that can be seen from here, in name order."""
        for last in sorted(self._lasts()):
            candidates = self._candidates(last)
            for key in sorted(candidates):
                yield candidates[key]

    def _lasts(self) -> set[str]:
        """Return the last parts of all names."""
        found = set(self._by_last)
        if self._parent is not None:
            found |= self._parent._lasts()  # noqa: SLF001 - of the same class
        return found

    def named(self, parts: Parts) -> Parts:
        """Return ``parts`` with the defaults in front, for a table that nobody described."""
        if len(parts) == 1 and self.default:
            parts = (self.default, *parts)
        if len(parts) == _WITH_SCHEMA and self.database:
            parts = (self.database, *parts)
        return parts


def _suffix(short: Parts, long: Parts) -> bool:
    """Return whether one dotted name ends with the other."""
    size = min(len(short), len(long))
    return short[-size:] == long[-size:]


def merge(first: Origins, second: Origins) -> Origins:
    """Return the union of two sets of origins; the stronger flags win. Shares where it can."""
    if not second or first is second:
        return first
    if not first:
        return second
    merged = dict(first)
    for origin, flags in second.items():
        known = merged.get(origin)
        merged[origin] = flags if known is None else combine(known, flags)
    return merged


def combine(first: int, second: int) -> int:
    """Return the flags of an origin that arrives on two ways."""
    return max(first & STRENGTH, second & STRENGTH) | ((first | second) & ~STRENGTH)


def lift(origins: Origins, strength: int, flags: int = 0) -> Origins:
    """Return ``origins`` after a step of at least ``strength`` that also sets ``flags``."""
    lifted = {}
    for origin, known in origins.items():
        step = known & STRENGTH
        lifted[origin] = (known & ~STRENGTH) | (max(strength, step)) | flags
    return lifted


def flagged(origins: Origins, flags: int) -> Origins:
    """Return ``origins`` with ``flags`` set as well."""
    return {origin: known | flags for origin, known in origins.items()}


def without(origins: Origins, flags: int) -> Origins:
    """Return ``origins`` with ``flags`` not set."""
    if not any(known & flags for known in origins.values()):
        return origins
    return {origin: known & ~flags for origin, known in origins.items()}


def mark(origins: Origins, flags: int) -> dict[Origin, int]:
    """Return ``origins`` as indirect ones with ``flags``, and what holds of either kind."""
    return {origin: flags | (known & (NEVER | ROW)) for origin, known in origins.items()}
