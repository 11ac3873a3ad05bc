"""An estate ready for what-ifs: every statement bound, and everything in build order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from lineage.catalog.derive import Settled, settle
from lineage.catalog.passing import Named, bound, mentioned, named, stars
from lineage.catalog.program import Outcome, Program, Unit, ordered
from lineage.catalog.world import DatasetTable, World
from lineage.errors import AmbiguousName, UnknownName
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.names import joined, parts_of
from lineage.model.snapshot import Snapshot
from lineage.sql.outline import Role


@dataclass(frozen=True, slots=True)
class Estate:
    """The units with SQL, bound, and the jobs without, known by their edges."""

    snapshot: Snapshot
    program: Program
    world: World
    outcomes: Mapping[JobId, Outcome]
    steps: tuple[Unit, ...]
    """All jobs in build order; one without SQL has no statements."""
    readers: Mapping[DatasetId, tuple[int, ...]]
    """Positions in ``steps`` of what reads a dataset, as bound."""
    edges: Mapping[JobId, tuple[Edge, ...]]
    """What is known of a job without SQL."""
    contracts: Mapping[DatasetId, Job]
    """What dbt promises of a relation: it refuses to build one that is not so."""
    _by_name: Mapping[tuple[str, ...], tuple[DatasetId, ...]]
    _named: Named | None = None

    @classmethod
    def build(cls, snapshot: Snapshot, dialect: str | None = None) -> Estate:
        """Bind all that ``snapshot`` has SQL of."""
        return cls.of(settle(snapshot, dialect))

    @classmethod
    def of(cls, settled: Settled) -> Estate:
        """Return the estate of what was bound already."""
        program = settled.program
        snapshot = program.snapshot
        outcomes = settled.outcomes
        telling = [unit for unit in program.units if not _says_nothing(unit, outcomes.get(unit.id))]
        known = {unit.id for unit in telling}
        without = {id_ for id_ in snapshot.jobs if id_ not in known}
        unclear = {id_ for id_ in known if _is_unread(outcomes.get(id_))}
        edges: dict[JobId, list[Edge]] = {}
        for edge in snapshot.edges:
            asked = edge.job in without or edge.job in unclear
            if edge.job is not None and asked and edge.basis is not Basis.ASSUMED:
                edges.setdefault(edge.job, []).append(edge)
        opaque = [
            Unit(job, None, (), (), None, reads, job.outputs)
            for job in snapshot.jobs.values()
            if job.id in without
            for reads in (frozenset((*job.inputs, *_sources(edges.get(job.id, ())))),)
            if reads or job.fields
        ]
        steps = ordered([*telling, *opaque]) if opaque else program.units
        readers: dict[DatasetId, list[int]] = {}
        for position, unit in enumerate(steps):
            outcome = outcomes.get(unit.id) if unit.statements else None
            told = _sources(edges.get(unit.id, ()))
            for read in {*reads_of(unit, outcome), *told}:
                readers.setdefault(read, []).append(position)
        names: dict[tuple[str, ...], list[DatasetId]] = {}
        for id_, dataset in snapshot.datasets.items():
            for name in {id_.name, *(alias.name for alias in dataset.aliases)}:
                parts = tuple(part.lower() for part in parts_of(name))
                for size in range(1, len(parts) + 1):
                    names.setdefault(parts[-size:], []).append(id_)
        return cls(
            snapshot,
            program,
            settled.world,
            outcomes,
            steps,
            {id_: tuple(found) for id_, found in readers.items()},
            {job: tuple(found) for job, found in edges.items()},
            {job.inputs[0]: job for job in snapshot.jobs.values() if job.promised and job.inputs},
            {name: tuple(dict.fromkeys(found)) for name, found in names.items()},
        )

    def dataset(self, name: str) -> DatasetId:
        """Return the dataset that an unambiguous suffix names.

        Raises UnknownName and AmbiguousName.
        """
        key = tuple(part.lower() for part in parts_of(name))
        found = self._by_name.get(key, ())
        if len(found) > 1:
            exact = [id_ for id_ in found if len(parts_of(id_.name)) == len(key)]
            found = tuple(exact) if len(exact) == 1 else found
        kind = "table"
        if not found:
            raise UnknownName(kind, name, self._nearest(name))
        if len(found) > 1:
            candidates = tuple(f"{id_.namespace} {id_.name}" for id_ in found)
            raise AmbiguousName(kind, name, candidates)
        return found[0]

    def _nearest(self, name: str) -> tuple[str, ...]:
        """Return the tables whose names look most like one, with a schema or without."""
        texts: dict[str, str] = {}
        for id_ in self.snapshot.datasets:
            texts.setdefault(parts_of(id_.name)[-1], short(id_))
            texts[short(id_)] = short(id_)
        return tuple(dict.fromkeys(texts[text] for text in get_close_matches(name, texts)))

    def called(self, parts: Sequence[str], namespace: str) -> tuple[DatasetId, ...]:
        """Return the datasets of a namespace that have this name, and no longer one."""
        key = tuple(part.lower() for part in parts)
        return tuple(
            id_
            for id_ in self._by_name.get(key, ())
            if id_.namespace == namespace
            for names in ((id_.name, *(alias.name for alias in self.described(id_).aliases)),)
            if any(len(parts_of(name)) == len(key) for name in names)
        )

    def column(self, table: DatasetTable, name: str) -> str:
        """Return a column of a table in the spelling of its schema. Raises UnknownName."""
        names = [column for column, _ in table.listed]
        for column in names:
            if column == name:
                return column
        for column in names:
            if column.lower() == name.lower():
                return column
        kind = f"column of {short(table.dataset)}"
        raise UnknownName(kind, name, tuple(get_close_matches(name, names)))

    def unit(self, id_: JobId) -> Unit | None:
        """Return the unit of a job that has SQL."""
        return self.program.by_job.get(id_)

    def described(self, id_: DatasetId) -> Dataset:
        """Return what is known of a dataset."""
        return self.snapshot.datasets.get(id_) or Dataset(id_)

    def learned(self, id_: DatasetId) -> tuple[str, ...]:
        """Return the columns that are named of a dataset whose columns nobody listed, by name."""
        if self._named is None:
            links = list(stars(self.program, self.world, self.outcomes))
            fields = (*mentioned(self.snapshot.edges), *bound(self.program, self.outcomes))
            # Asked of few estates, and then again and again.
            object.__setattr__(self, "_named", named(links, fields))
        return tuple(sorted((self._named or {}).get(id_, {}).values()))


def _sources(edges: Iterable[Edge]) -> Iterator[DatasetId]:
    """Yield the datasets that edges start from, inputs of the job or not."""
    for edge in edges:
        if isinstance(edge.source, FieldId):
            yield edge.source.dataset
        elif isinstance(edge.source, DatasetId):
            yield edge.source


UNREAD = frozenset({"does-not-parse", "unsupported-statement", "too-deep"})
"""Problems after which nobody knows all that a statement does."""


def _is_unread(outcome: Outcome | None) -> bool:
    return outcome is not None and any(problem.code in UNREAD for problem in outcome.problems)


def _says_nothing(unit: Unit, outcome: Outcome | None) -> bool:
    """Return whether a text is understood and names no table: EXEC, SET, GRANT.

    Then what its job reads and writes is known by its edges alone.
    """
    if outcome is None or outcome.reads or outcome.written or _is_unread(outcome):
        return False
    return all(item.role is Role.SILENT for item in unit.outlines)


def reads_of(unit: Unit, outcome: Outcome | None) -> frozenset[DatasetId]:
    """Return what a unit reads: as bound; as named, where part of it could not be bound."""
    if outcome is None:
        used = {field.dataset for field in unit.job.fields}
        return frozenset({*unit.reads, *used})
    if _is_unread(outcome):
        return frozenset({*outcome.reads, *unit.reads, *unit.job.inputs})
    return frozenset(outcome.reads)


def short(id_: DatasetId) -> str:
    """Return ``schema.name``: the last two parts, without quotes."""
    return joined(parts_of(id_.name)[-2:])
