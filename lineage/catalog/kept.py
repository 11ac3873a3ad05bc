"""A bound state as bytes, of which any part can be taken out without looking at the rest.

`pack` writes the state; `Kept` reads it. An index says what each job reads and writes; beside it
every job, dataset, table and outcome stands on its own. `Kept.part` gives some of the jobs, bound,
as binding everything gave them; their statements are parsed when somebody asks for the syntax.

What a kept outcome leaves out: ``uses`` and ``candidates``, and the rows of what writes a table.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import msgspec

from lineage.catalog.derive import Settled
from lineage.catalog.library import Library
from lineage.catalog.program import Outcome, Program, Unit, Written
from lineage.catalog.world import Columns, DatasetTable, Names, World
from lineage.model.diagnostic import Diagnostic
from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import parts_of
from lineage.model.snapshot import Snapshot
from lineage.sql.frame import Problem
from lineage.sql.outline import Outline, outline, parsed
from lineage.sql.parse import Parsed
from lineage.sql.relation import NOTHING, Column, Origins, Relation, Table

_OFFSETS = "Q"
_Ends = list[tuple[int, str, int]]
"""Origins: the number of the table, the column, the flags."""


class KeptUnit(Unit):
    """A unit that is parsed when somebody asks for its syntax."""

    __slots__ = ("_datasets", "_outlines", "_record", "_statements", "named")

    def __init__(self, job: Job, record: _Unit, datasets: Sequence[DatasetId]) -> None:
        self.job = job
        self.dialect = record.dialect
        self.output = None if record.output is None else datasets[record.output]
        self.reads = frozenset(datasets[number] for number in record.reads)
        self.writes = tuple(datasets[number] for number in record.writes)
        self.view = record.view
        self.named = frozenset(record.named)
        self._record = record
        self._datasets = datasets
        self._statements: tuple[Parsed, ...] | None = None
        self._outlines: tuple[Outline, ...] | None = None

    def of(self, job: Job) -> KeptUnit:
        """Return the same unit for a job that differs in nothing that binding looks at."""
        return KeptUnit(job, self._record, self._datasets)

    @property
    def makes(self) -> bool:
        """Return whether it makes what it writes anew."""
        return self._record.makes

    @property
    def statements(self) -> tuple[Parsed, ...]:  # type: ignore[override] # worked out, not set
        """Return its statements, parsed."""
        if self._statements is None:
            self._statements = parsed(self.job.sql or "", self.dialect)
        return self._statements

    @property
    def outlines(self) -> tuple[Outline, ...]:  # type: ignore[override] # worked out, not set
        """Return an outline of each of its statements."""
        if self._outlines is None:
            self._outlines = outline(self.job.sql or "", self.dialect)
        return self._outlines


def named(unit: Unit) -> frozenset[str]:
    """Return the last parts, in lower case, of the names of tables in a unit."""
    if isinstance(unit, KeptUnit):
        return unit.named
    return frozenset(parts[-1].lower() for item in unit.outlines for parts in item.reads)


# ------------------------------------------------------------------------------ as it is written


class _Unit(msgspec.Struct, frozen=True, array_like=True):
    dialect: str | None
    output: int | None
    reads: list[int]
    writes: list[int]
    view: bool
    makes: bool
    named: list[str]


class _Column(msgspec.Struct, frozen=True, array_like=True):
    name: str
    type: str | None
    direct: int
    indirect: int
    nullable: bool | None
    line: int
    column: int


class _Outcome(msgspec.Struct, frozen=True, array_like=True):
    others: list[tuple[str, ...]]
    """Tables that are no dataset; -1 is the first of them."""
    origins: list[_Ends]
    columns: list[_Column]
    written: list[tuple[int, list[tuple[str, int]], int]]
    defined: list[tuple[int, Columns | None]]
    reads: list[int]
    problems: list[Problem]
    rows: tuple[list[int], int] | None
    missing: list[int]


class _Bound(msgspec.Struct, frozen=True, array_like=True):
    unit: _Unit
    outcome: _Outcome


class _Index(msgspec.Struct, frozen=True, array_like=True):
    dialect: str | None
    datasets: list[DatasetId]
    """Those that names can mean, then those that are only read."""
    heard: int
    """How many of them names can mean."""
    described: int
    """How many of those the snapshot has."""
    aliases: list[tuple[int, DatasetId]]
    jobs: list[JobId]
    units: list[int]
    """Numbers of the jobs with SQL, in build order."""
    reads: list[list[int]]
    """What each job reads or names."""
    writes: list[list[int]]
    unresolved: list[tuple[str, int]]
    """Names in a job, by their last part, that mean no dataset called so."""
    unseen: list[tuple[int, Diagnostic]]
    """What is not understood of a job, by its number."""
    seen: int
    offsets: bytes
    extra: int
    """How many bytes of the whole are the caller's own."""


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a state was understood: a number of jobs, and what of the others is not."""

    seen: int
    unseen: Mapping[JobId, Diagnostic]


class Half(msgspec.Struct, frozen=True, array_like=True):
    """What one of two has bound: the same state, and the outcomes of half of its units."""

    datasets: list[DatasetId]
    """Those that are read, and that names cannot mean."""
    bounds: list[tuple[int, bytes]]
    """By the number of the job."""
    reads: list[tuple[int, list[DatasetId]]]
    seen: int
    unseen: list[tuple[int, Diagnostic]]


def pack(
    settled: Settled,
    reads: Mapping[JobId, Iterable[DatasetId]],
    sight: Sight,
    extra: bytes = b"",
    other: Half | None = None,
) -> bytes:
    """Return a bound state as bytes. ``reads`` is what each job reads, as bound.

    ``other`` has the outcomes that ``settled`` lacks.
    """
    return _Writer(settled, reads, sight, other).bytes(extra)


def half(settled: Settled, reads: Mapping[JobId, Iterable[DatasetId]], sight: Sight) -> bytes:
    """Return the outcomes of a state as bytes, for `pack` to add to those of the other half."""
    return _Writer(settled, reads, sight).half()


class _Writer:
    def __init__(
        self,
        settled: Settled,
        reads: Mapping[JobId, Iterable[DatasetId]],
        sight: Sight,
        other: Half | None = None,
    ) -> None:
        self.settled = settled
        self.program = settled.program
        self.snapshot = settled.program.snapshot
        self.reads = {**reads}
        self.sight = sight
        self.numbers: dict[DatasetId, int] = {}
        for id_ in (*self.snapshot.datasets, *self.program.writers):
            self.number(id_)
        self.heard = len(self.numbers)
        self.encoder = msgspec.msgpack.Encoder()
        self.given: dict[JobId, bytes] = {}
        if other is not None:
            self._take(other)

    def _take(self, other: Half) -> None:
        """Take over the other half, its numbers as they are."""
        jobs = list(self.snapshot.jobs)
        for id_ in other.datasets:
            self.number(id_)
        self.given = {jobs[number]: blob for number, blob in other.bounds}
        self.reads |= {jobs[number]: ids for number, ids in other.reads}
        unseen = {jobs[number]: problem for number, problem in other.unseen}
        self.sight = Sight(self.sight.seen + other.seen, {**self.sight.unseen, **unseen})

    def half(self) -> bytes:
        """Return what was bound here."""
        places = {id_: number for number, id_ in enumerate(self.snapshot.jobs)}
        bounds = [
            (places[id_], self.encoder.encode(self._bound(id_))) for id_ in self.settled.outcomes
        ]
        return self.encoder.encode(
            Half(
                list(self.numbers)[self.heard :],
                bounds,
                [(places[id_], list(self.reads[id_])) for id_ in self.settled.outcomes],
                self.sight.seen,
                [(places[id_], problem) for id_, problem in self.sight.unseen.items()],
            )
        )

    def number(self, id_: DatasetId) -> int:
        """Return the number of a dataset."""
        return self.numbers.setdefault(id_, len(self.numbers))

    def bytes(self, extra: bytes) -> bytes:
        """Return all of it: length of the index, index, blobs, what the caller adds."""
        encode = self.encoder.encode
        jobs = list(self.snapshot.jobs)
        places = {id_: number for number, id_ in enumerate(jobs)}
        blobs = [encode(job) for job in self.snapshot.jobs.values()]
        blobs += [self.given.get(id_) or encode(self._bound(id_)) for id_ in jobs]
        datasets = list(self.numbers)
        heard = datasets[: self.heard]
        blobs += [encode(self.snapshot.datasets.get(id_)) for id_ in heard]
        blobs += [encode(self._columns(id_)) for id_ in heard]
        blobs.append(encode(self.snapshot.diagnostics))
        reads = [sorted(map(self.number, self._reads(id_))) for id_ in jobs]
        writes = [list(map(self.number, self._writes(id_))) for id_ in jobs]
        offsets = array(_OFFSETS, [0])
        for blob in blobs:
            offsets.append(offsets[-1] + len(blob))
        index = _Index(
            dialect=self.program.dialect,
            datasets=list(self.numbers),
            heard=self.heard,
            described=len(self.snapshot.datasets),
            aliases=[
                (self.number(id_), alias)
                for id_, dataset in self.snapshot.datasets.items()
                for alias in dataset.aliases
            ],
            jobs=jobs,
            units=[places[unit.id] for unit in self.program.units],
            reads=reads,
            writes=writes,
            unresolved=list(self._unresolved(places)),
            unseen=[(places[id_], problem) for id_, problem in self.sight.unseen.items()],
            seen=self.sight.seen,
            offsets=offsets.tobytes(),
            extra=len(extra),
        )
        head = encode(index)
        return b"".join((len(head).to_bytes(8, "little"), head, *blobs, extra))

    def _reads(self, id_: JobId) -> set[DatasetId]:
        unit = self.program.by_job.get(id_)
        return {*self.reads.get(id_, ()), *(unit.reads if unit is not None else ())}

    def _unresolved(self, places: Mapping[JobId, int]) -> Iterator[tuple[str, int]]:
        for unit in self.program.units:
            known = {parts_of(id_.name)[-1].lower() for id_ in unit.reads}
            for last in sorted(named(unit) - known):
                yield last, places[unit.id]

    def _writes(self, id_: JobId) -> tuple[DatasetId, ...]:
        unit = self.program.by_job.get(id_)
        return unit.writes if unit is not None else self.snapshot.jobs[id_].outputs

    def _columns(self, id_: DatasetId) -> Columns | None:
        table = self.settled.world.table(id_)
        return table.columns if table is not None else None

    def _bound(self, id_: JobId) -> _Bound | None:
        unit = self.program.by_job.get(id_)
        if unit is None:
            return None
        record = _Unit(
            unit.dialect,
            None if unit.output is None else self.number(unit.output),
            sorted(map(self.number, unit.reads)),
            list(map(self.number, unit.writes)),
            unit.view,
            unit.makes,
            sorted(named(unit)),
        )
        return _Bound(record, self._outcome(unit, self.settled.outcomes[id_]))

    def _outcome(self, unit: Unit, outcome: Outcome) -> _Outcome:
        shared = _Shared(self)
        written = [
            (
                self.number(item.target),
                [(name, shared.column(column)) for name, column in item.columns],
                shared.origins(item.indirect),
            )
            for item in outcome.written
        ]
        rows = None
        if outcome.rows is not None and not unit.writes:
            numbers = [shared.column(column) for column in outcome.rows.columns]
            rows = (numbers, shared.origins(outcome.rows.indirect))
        return _Outcome(
            others=list(shared.others),
            origins=shared.all_origins,
            columns=shared.all_columns,
            written=written,
            defined=[(self.number(id_), columns) for id_, columns in outcome.defined.items()],
            reads=list(map(self.number, outcome.reads)),
            problems=list(outcome.problems),
            rows=rows,
            missing=list(map(self.number, outcome.missing)),
        )


class _Shared:
    """The origins and columns of one outcome, each written once."""

    def __init__(self, writer: _Writer) -> None:
        self.writer = writer
        self.others: dict[tuple[str, ...], int] = {}
        self.all_origins: list[_Ends] = []
        self.all_columns: list[_Column] = []
        self._origins: dict[int, int] = {}
        self._columns: dict[int, int] = {}

    def origins(self, found: Origins) -> int:
        """Return the number of some origins. The outcome keeps them, so their id stays theirs."""
        number = self._origins.get(id(found))
        if number is None:
            number = self._origins[id(found)] = len(self.all_origins)
            self.all_origins.append(
                [
                    (self._table(origin.table), origin.column, flags)
                    for origin, flags in found.items()
                ]
            )
        return number

    def column(self, found: Column) -> int:
        """Return the number of a column."""
        number = self._columns.get(id(found))
        if number is None:
            direct, indirect = self.origins(found.direct), self.origins(found.indirect)
            number = self._columns[id(found)] = len(self.all_columns)
            self.all_columns.append(
                _Column(found.name, found.type, direct, indirect, found.nullable, *found.place)
            )
        return number

    def _table(self, table: Table) -> int:
        if isinstance(table, DatasetTable):
            return self.writer.number(table.dataset)
        return -1 - self.others.setdefault(table.parts, len(self.others))


# --------------------------------------------------------------------------------- as it is read


class Kept:
    """A state that was packed. Raises ValueError for bytes that are none."""

    def __init__(self, data: bytes | memoryview) -> None:
        size = int.from_bytes(data[:8], "little")
        self._data = memoryview(data)
        self._index = _INDEX.decode(self._data[8 : 8 + size])
        self._start = 8 + size
        offsets = array(_OFFSETS)
        offsets.frombytes(self._index.offsets)
        self._offsets = offsets
        index = self._index
        if len(offsets) != 2 * len(index.jobs) + 2 * index.heard + 2:
            msg = "its parts are not those that its index lists"
            raise ValueError(msg)
        if self._start + offsets[-1] + index.extra != len(data):
            msg = "it ends too early"
            raise ValueError(msg)
        self.datasets = index.datasets
        self.jobs = index.jobs
        self.dialect = index.dialect
        self._tables: dict[int, DatasetTable] = {}

    @property
    def extra(self) -> memoryview:
        """The caller's own bytes."""
        end = self._start + self._offsets[-1]
        return self._data[end : end + self._index.extra]

    @cached_property
    def job_numbers(self) -> dict[JobId, int]:
        """The number of each job."""
        return {id_: number for number, id_ in enumerate(self.jobs)}

    @cached_property
    def dataset_numbers(self) -> dict[DatasetId, int]:
        """The number of each dataset."""
        return {id_: number for number, id_ in enumerate(self.datasets)}

    @cached_property
    def readers(self) -> dict[int, list[int]]:
        """Numbers of the jobs that read a dataset, by its number."""
        return _inverted(self._index.reads)

    @cached_property
    def writers(self) -> dict[int, list[int]]:
        """Numbers of the jobs that write a dataset, by its number."""
        return _inverted(self._index.writes)

    def writes(self, job: int) -> list[int]:
        """Return the numbers of the datasets that a job writes."""
        return self._index.writes[job]

    def called(self, lasts: Collection[str]) -> Iterator[int]:
        """Yield the numbers of datasets whose names end so."""
        for number, id_ in enumerate(self.datasets):
            if parts_of(id_.name)[-1].lower() in lasts:
                yield number

    def calling(self, lasts: Collection[str]) -> Iterator[int]:
        """Yield the numbers of jobs in which a name ends so and means nothing."""
        for last, job in self._index.unresolved:
            if last in lasts:
                yield job

    @cached_property
    def names(self) -> Names:
        """What names mean."""
        return Names(self.heard)

    @cached_property
    def heard(self) -> dict[DatasetId, Dataset]:
        """The datasets that names can mean: only their names and aliases are right."""
        found = dict.fromkeys(self.datasets[: self._index.heard], _UNDESCRIBED)
        aliases: dict[int, list[DatasetId]] = {}
        for number, alias in self._index.aliases:
            aliases.setdefault(number, []).append(alias)
        for number, others in aliases.items():
            id_ = self.datasets[number]
            found[id_] = Dataset(id_, aliases=tuple(others))
        return found

    def sight(self) -> Sight:
        """Return how much was understood."""
        unseen = {self.jobs[number]: problem for number, problem in self._index.unseen}
        return Sight(self._index.seen, unseen)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what was wrong with the documents."""
        return _DIAGNOSTICS.decode(self._blob(2 * len(self.jobs) + 2 * self._index.heard))

    def job(self, number: int) -> Job:
        """Return a job."""
        return _JOB.decode(self._blob(number))

    def dataset(self, number: int) -> Dataset | None:
        """Return a dataset as the snapshot describes it; None if it does not."""
        if number >= self._index.described:
            return None
        found: Dataset | None = _DATASET.decode(self._blob(2 * len(self.jobs) + number))
        return found

    def table(self, number: int) -> DatasetTable | None:
        """Return a dataset's table, as binding left it."""
        index = self._index
        if number >= index.heard:
            return None
        columns = _COLUMNS.decode(self._blob(2 * len(self.jobs) + index.heard + number))
        dataset = self.dataset(number) or Dataset(self.datasets[number])
        return DatasetTable(dataset.id, parts_of(dataset.id.name), columns, kind=dataset.kind.value)

    def part(self, jobs: Iterable[int], datasets: Iterable[int]) -> Settled:
        """Return some jobs, bound, in a state that has them, all that they touch, and ``datasets``.

        The tables are as binding everything left them.
        """
        wanted = set(jobs)
        order = [number for number in self._index.units if number in wanted]
        touched = {*datasets}
        for number in wanted:
            touched.update(self._index.reads[number], self._index.writes[number])
        found = {self.jobs[number]: self.job(number) for number in sorted(wanted)}
        for job in found.values():
            touched.update(self.dataset_numbers[id_] for id_ in (*job.inputs, *job.outputs))
        bounds = {number: self._bound(number) for number in order}
        for bound in bounds.values():
            if bound is not None:
                touched.update(bound.unit.reads)
        described = {
            dataset.id: dataset
            for number in sorted(touched)
            if (dataset := self.dataset(number)) is not None
        }
        snapshot = Snapshot(described, found, {}, (), self.diagnostics())
        units = []
        outcomes: dict[JobId, Outcome] = {}
        for number, bound in bounds.items():
            if bound is not None:
                unit = KeptUnit(found[self.jobs[number]], bound.unit, self.datasets)
                units.append(unit)
                outcomes[unit.id] = self._outcome(bound.outcome)
        world = World()
        for number in sorted(touched):
            table = self.table(number)
            if table is not None:
                world.put(table)
        program = Part(snapshot, self.dialect, self.names, units)
        return Settled(program, world, outcomes)

    def every_job(self) -> range:
        """Return the numbers of all jobs."""
        return range(len(self.jobs))

    def every_dataset(self) -> range:
        """Return the numbers of all datasets that the snapshot describes."""
        return range(self._index.described)

    def _blob(self, number: int) -> memoryview:
        start, end = self._offsets[number], self._offsets[number + 1]
        return self._data[self._start + start : self._start + end]

    def _bound(self, number: int) -> _Bound | None:
        found: _Bound | None = _BOUND.decode(self._blob(len(self.jobs) + number))
        return found

    def _outcome(self, record: _Outcome) -> Outcome:
        others = [Table(parts) for parts in record.others]

        def table(number: int) -> Table:
            return others[-1 - number] if number < 0 else self._named(number)

        origins: list[Origins] = [
            {table(number).origin(column): flags for number, column, flags in ends} or NOTHING
            for ends in record.origins
        ]
        columns = [
            Column(
                row.name,
                row.type,
                origins[row.direct],
                origins[row.indirect],
                row.nullable,
                (row.line, row.column),
            )
            for row in record.columns
        ]
        datasets = self.datasets
        rows = None
        if record.rows is not None:
            numbers, indirect = record.rows
            rows = Relation([columns[number] for number in numbers], origins[indirect])
        return Outcome(
            written=[
                Written(
                    datasets[target],
                    [(name, columns[number]) for name, number in listed],
                    origins[indirect],
                )
                for target, listed, indirect in record.written
            ],
            defined={datasets[target]: found for target, found in record.defined},
            reads={datasets[number]: None for number in record.reads},
            problems=tuple(record.problems),
            rows=rows,
            missing=tuple(datasets[number] for number in record.missing),
        )

    def _named(self, number: int) -> DatasetTable:
        """Return a table for origins to stand in: only its name is right."""
        found = self._tables.get(number)
        if found is None:
            id_ = self.datasets[number]
            found = self._tables[number] = DatasetTable(id_, (id_.name,), None)
        return found


class Part(Program):
    """A program of which only some units are here; names mean what they mean in all of it."""

    def __init__(
        self, snapshot: Snapshot, dialect: str | None, names: Names, units: Sequence[Unit]
    ) -> None:
        self.snapshot = snapshot
        self.dialect = dialect
        self.names = names
        self.units = tuple(units)
        self._library = Library(self.units)
        self.by_job = {unit.id: unit for unit in self.units}
        self.writers: dict[DatasetId, list[Unit]] = {}
        for unit in self.units:
            for target in unit.writes:
                self.writers.setdefault(target, []).append(unit)


def _inverted(rows: list[list[int]]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for number, row in enumerate(rows):
        for item in row:
            found.setdefault(item, []).append(number)
    return found


_UNDESCRIBED = Dataset(DatasetId("", ""))
_INDEX = msgspec.msgpack.Decoder(_Index)
_JOB = msgspec.msgpack.Decoder(Job)
_DATASET = msgspec.msgpack.Decoder(Dataset | None)
_COLUMNS = msgspec.msgpack.Decoder(Columns | None)
_BOUND = msgspec.msgpack.Decoder(_Bound | None)
_DIAGNOSTICS = msgspec.msgpack.Decoder(tuple[Diagnostic, ...])

__all__ = ["Half", "Kept", "KeptUnit", "Part", "Sight", "half", "named", "pack"]
