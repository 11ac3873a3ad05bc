"""Columns that stars pass on from a table that nobody described.

``CREATE VIEW v AS SELECT * FROM raw.t`` says nothing of a column ``x``. Whoever reads ``v.x`` says
that there is one, and it can only be ``raw.t.x``; and what is known of ``raw.t`` from another
statement is in ``v`` too. So names travel along such stars, both ways, until nothing is new.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lineage.catalog.program import Outcome, Program, Unit, Written
from lineage.catalog.world import DatasetTable, World
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.names import joined
from lineage.sql.outline import star_names
from lineage.sql.relation import Column, Origin

ALL = "*"
"""The column of a table whose columns nobody knows, as a star names it."""


Named = dict[DatasetId, dict[str, str]]
"""Columns by dataset: the name in lower case, and as somebody wrote it."""


@dataclass(frozen=True, slots=True)
class Star:
    """All columns of one undescribed dataset, put into another, but for some."""

    unit: Unit
    source: DatasetId
    target: DatasetId
    column: Column
    made: Mapping[str, tuple[str, str | None]]
    """Columns that stand beside the star, by their name in lower case: name and type."""
    left_out: frozenset[str]
    """Columns, in lower case, that the star leaves out or calls otherwise."""

    def passes(self, key: str) -> bool:
        """Return whether a column of the source, in lower case, is the same in the target."""
        return key not in self.made and key not in self.left_out


def stars(program: Program, world: World, outcomes: Mapping[JobId, Outcome]) -> Iterator[Star]:
    """Yield the stars that pass on what nobody listed."""
    for unit in program.units:
        outcome = outcomes.get(unit.id)
        for written in outcome.written if outcome is not None else ():
            # What is inserted goes by position, and may be called otherwise there.
            made = outcome is not None and written.target in outcome.defined
            star = star_of(unit, written, world) if made else None
            if star is not None:
                yield star


def star_of(unit: Unit, written: Written, world: World) -> Star | None:
    """Return what a statement passes on as it is; None where that is of no table, or of several."""
    found = [column for name, column in written.columns if name == ALL]
    if len(found) != 1 or len(found[0].direct) != 1 or _described(world, written.target):
        return None
    source = source_of(next(iter(found[0].direct)), unit)
    if isinstance(source, FieldId) or source == written.target or _described(world, source):
        return None
    made = {name.lower(): (name, column.type) for name, column in written.columns if name != ALL}
    trees = (item.tree for item in unit.statements if item.tree is not None)
    left_out = frozenset[str]().union(*(star_names(tree) for tree in trees))
    return Star(unit, source, written.target, found[0], made, left_out)


def source_of(origin: Origin, unit: Unit) -> FieldId | DatasetId:
    """Return the column that an origin is, in the estate; its dataset, where it is a star."""
    table = origin.table
    if isinstance(table, DatasetTable):
        dataset = table.dataset
    else:
        home = (unit.job.outputs or unit.job.inputs or (DatasetId(unit.id.namespace, ""),))[0]
        dataset = DatasetId(home.namespace, joined(table.parts))
    return dataset if origin.column == ALL else FieldId(dataset, origin.column)


def _described(world: World, id_: DatasetId) -> bool:
    table = world.table(id_)
    return table is not None and table.columns is not None


def mentioned(edges: Iterable[Edge]) -> Iterator[FieldId]:
    """Yield the columns at both ends of edges."""
    for edge in edges:
        for end in (edge.source, edge.target):
            if isinstance(end, FieldId):
                yield end


def bound(program: Program, outcomes: Mapping[JobId, Outcome]) -> Iterator[FieldId]:
    """Yield the columns that statements name and make, for whatever they use them."""
    for unit in program.units:
        outcome = outcomes.get(unit.id)
        if outcome is None:
            continue
        origins: dict[Origin, object] = dict.fromkeys(outcome.uses)
        for written in outcome.written:
            origins.update(written.indirect)
            for name, column in written.columns:
                if name != ALL:
                    yield FieldId(written.target, name)
                origins.update(column.direct)
                origins.update(column.indirect)
        for origin in origins:
            source = source_of(origin, unit)
            if isinstance(source, FieldId):
                yield source


def named(links: Sequence[Star], fields: Iterable[FieldId]) -> Named:
    """Return the columns that are named of each dataset, or of one that a star joins to it."""
    names: Named = defaultdict(dict)
    for field in fields:
        names[field.dataset].setdefault(field.name.lower(), field.name)
    grown = True
    while grown:
        grown = False
        for star in links:
            here, there = names[star.source], names[star.target]
            for key in here.keys() ^ there.keys():
                if star.passes(key):
                    spelled = here.get(key) or there[key]
                    here.setdefault(key, spelled)
                    there.setdefault(key, spelled)
                    grown = True
    return names


def passed(links: Sequence[Star], edges: Iterable[Edge]) -> Iterator[tuple[Star, FieldId, FieldId]]:
    """Yield what each star passes on, source and target, of the columns that edges name."""
    if not links:
        return
    ends = {id_ for star in links for id_ in (star.source, star.target)}
    names = named(links, (field for field in mentioned(edges) if field.dataset in ends))
    for star in links:
        here, there = names[star.source], names[star.target]
        for key in sorted(filter(star.passes, here.keys() & there.keys())):
            yield star, FieldId(star.source, here[key]), FieldId(star.target, there[key])


__all__ = [
    "ALL",
    "Named",
    "Star",
    "bound",
    "mentioned",
    "named",
    "passed",
    "source_of",
    "star_of",
    "stars",
]
