"""What is known of a statement when it is bound, and the tables that are seen through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlglot import exp

from lineage.sql.frame import Problem
from lineage.sql.relation import Called, Column, Origin, Origins, Parts, Relation, Table, merge
from lineage.sql.resolution import Types


@dataclass(slots=True)
class Write:
    """What a statement puts into one table. ``target`` is ``None`` for a bare query."""

    target: Table | None
    columns: list[tuple[str, Column]]
    indirect: Origins = field(default_factory=dict)


@dataclass(slots=True)
class Bound:
    """One statement, bound."""

    kind: str
    """``select``, ``create``, ``insert``, ``merge``, ``update``, ``delete``, ``define``, or
    ``other``."""
    writes: list[Write] = field(default_factory=list)
    relation: Relation | None = None
    """The rows of a query, or of the query inside CREATE … AS."""
    defines: Table | None = None
    """The table or view that exists from now on."""
    reads: tuple[Table, ...] = ()
    missing: tuple[Table, ...] = ()
    """Tables that are read and that nobody described."""
    uses: frozenset[Origin] = frozenset()
    """Every column that is referred to, by a person or by a star."""
    unsure: dict[Types, tuple[int, int]] = field(default_factory=dict)
    """Types that were worked out together, one of them not known, and where first."""
    shapes: tuple[tuple[str, ...], ...] = ()
    """The columns of each row that is a value as a whole."""
    problems: tuple[Problem, ...] = ()
    candidates: tuple[tuple[tuple[Origin, ...], str], ...] = ()


class InlinedTable(Table):
    """A temporary table or view that lets its readers see through to where its rows come from."""

    __slots__ = ("_inside",)

    def __init__(self, parts: Parts, relation: Relation, *, temporary: bool) -> None:
        columns = (
            None if relation.open else [(column.name, column.type) for column in relation.columns]
        )
        super().__init__(parts, columns, temporary=temporary)
        self._inside = Relation(relation.columns, relation.indirect, None, relation.open)

    def relation(self) -> Relation:
        """Return what was put in, with its origins."""
        return self._inside

    def altered(
        self, parts: Parts, columns: list[tuple[str, str | None]] | None, action: exp.Expr
    ) -> InlinedTable:
        """Return the table under another name or with other columns, and what is in it."""
        inside = self._inside
        known = {column.name.lower(): column for column in inside.columns}
        if isinstance(action, exp.RenameColumn):
            old = known.get(action.this.name.lower())
            if old is not None:
                known[action.args["to"].name.lower()] = old
        kept = inside.columns
        if columns is not None:
            kept = [
                known[name.lower()].renamed(name) if name.lower() in known else Column(name, type_)
                for name, type_ in columns
            ]
        relation = Relation(kept, inside.indirect, None, inside.open)
        return InlinedTable(parts, relation, temporary=self.temporary)

    def absorb(self, put: list[tuple[str, Column]], relation: Relation) -> None:
        """Add what another INSERT puts in."""
        inside = self._inside
        there = [(column.name, column) for column in inside.columns]
        added = [(name, column.renamed(name)) for name, column in put]
        both = tuple(dict.fromkeys((*inside.open, *relation.open)))
        opened = () if self.columns is not None else both
        indirect = merge(inside.indirect, relation.indirect)
        self._inside = Relation(
            [column for _, column in united([*there, *added])], indirect, None, opened
        )


def declared_table(
    parts: Parts,
    columns: Iterable[tuple[str, str | None]] | None,
    *,
    temporary: bool,
    kind: str = "table",
) -> Table:
    """Return a table that is made without rows; what a temporary one gets is seen through it."""
    if not temporary or columns is None:
        return Table(parts, columns, temporary=temporary, kind=kind)
    empty = Relation([Column(name, type_) for name, type_ in columns])
    return InlinedTable(parts, empty, temporary=True)


def paired(relation: Relation, names: list[str]) -> list[tuple[str, Column]]:
    """Pair output columns with the names they are written under, by position."""
    if not names:
        return [(column.name, column) for column in relation.columns]
    if any(column.name == "*" for column in relation.columns):
        star = next(i for i, column in enumerate(relation.columns) if column.name == "*")
        head = list(zip(names, relation.columns[:star], strict=False))
        return [*head, *(("*", column) for column in relation.columns[star:])]
    return [
        (names[i] if i < len(names) else column.name, column)
        for i, column in enumerate(relation.columns)
    ]


def written(table: Table | None, relation: Relation) -> Write:
    """Return the write that puts a relation into a table, each column under its own name.

    What a bare query yields and nobody named is told as people wrote it.
    """
    pairs = paired(relation, [])
    if table is None:
        pairs = [(c.text if isinstance(c, Called) else name, c) for name, c in pairs]
    return Write(table, pairs, relation.indirect)


def united(columns: list[tuple[str, Column]]) -> list[tuple[str, Column]]:
    """Merge what several branches of a MERGE put into the same column."""
    merged: dict[str, tuple[str, Column]] = {}
    for name, column in columns:
        key = name.lower()
        if key in merged:
            first, old = merged[key]
            merged[key] = (first, _both(old, column))
        else:
            merged[key] = (name, column)
    return list(merged.values())


def _both(old: Column, new: Column) -> Column:
    """Return ``old`` with what is put into it besides."""
    direct, indirect = merge(old.direct, new.direct), merge(old.indirect, new.indirect)
    return Column(old.name, old.type, direct, indirect, None, old.place)


def with_names(relation: Relation, names: list[str]) -> Relation:
    """Return the relation with its first columns called by ``names``."""
    if not names or any(column.name == "*" for column in relation.columns):
        return relation
    columns = [
        column.renamed(names[i]) if i < len(names) else column
        for i, column in enumerate(relation.columns)
    ]
    return Relation(columns, relation.indirect, None, relation.open)
