"""A state bound by two, half of the statements each; what both need to know they tell each other.

Each parses its half, and tells the other the outlines. Then both go through the program in steps:
what one step makes, nothing else in that step reads or writes, so each binds its own units of it,
and tells the other what they made. The result is what `lineage.catalog.derive.settle` gives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from lineage.catalog.derive import Settled, made
from lineage.catalog.kept import Part
from lineage.catalog.library import Library
from lineage.catalog.program import Outcome, Program, Syntax, Unit, ordered, usual
from lineage.catalog.world import Columns, Names, World
from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.snapshot import Snapshot
from lineage.sql.outline import Outline, outline, parsed
from lineage.sql.parse import Parsed

Exchange = Callable[[bytes], bytes]
"""Gives the other what it waits for, and returns what it has to say."""

_Outlines = list[tuple[int, tuple[Outline, ...]]]
_Made = list[tuple[DatasetId, Columns | None]]
_THEIRS = (Parsed("", None, "parsed by the other"),)


def settle_share(snapshot: Snapshot, dialect: str | None, mine: int, exchange: Exchange) -> Settled:
    """Bind every other statement, beginning with number ``mine`` (0 or 1), beside another.

    Only the outcomes of these are in the result; the program and the tables are those of all.
    """
    return _Share(snapshot, dialect, mine, exchange).run()


class _Share:
    def __init__(
        self, snapshot: Snapshot, dialect: str | None, mine: int, exchange: Exchange
    ) -> None:
        self.snapshot = snapshot
        self.dialect = dialect or usual(snapshot.jobs.values())
        self.exchange = exchange
        self.jobs = [job for job in snapshot.jobs.values() if job.sql is not None]
        self.own = {job.id for job in self.jobs[mine::2]}
        self.mine = mine

    def run(self) -> Settled:
        """Parse, and bind step by step."""
        program = self._program(self._syntax())
        world = World()
        for dataset in self.snapshot.datasets.values():
            world.put(program.table(dataset.id, program.normalized(dataset)))
        outcomes: dict[JobId, Outcome] = {}
        for step in steps(program):
            for unit in step:
                for target in unit.writes:
                    if world.table(target) is None:
                        world.put(program.table(target, None))
            told: _Made = []
            for unit in step:
                if unit.id in self.own:
                    outcome = outcomes[unit.id] = program.bind(unit, world)
                    told.extend(made(outcome, world, self.snapshot.datasets))
            heard = _MADE.decode(self.exchange(_ENCODER.encode(told)))
            for target, columns in (*told, *heard):
                world.put(program.table(target, columns))
        return Settled(program, world, outcomes)

    def _syntax(self) -> dict[JobId, Syntax]:
        """Return the syntax of all jobs; of the other's, the outlines only."""
        bare = Part(Snapshot({}, {}, {}), self.dialect, Names({}), ())
        found: dict[JobId, Syntax] = {}
        told: _Outlines = []
        for number in range(self.mine, len(self.jobs), 2):
            job = self.jobs[number]
            text, dialect = job.sql or "", bare.dialect_of(job)
            syntax = found[job.id] = (parsed(text, dialect), outline(text, dialect))
            told.append((number, syntax[1]))
        heard = _OUTLINES.decode(self.exchange(_ENCODER.encode(told)))
        # Who calls a macro is seen in the syntax: where there are any, each parses all.
        macros = any(item.routine for _, outlines in (*told, *heard) for item in outlines)
        for number, outlines in heard:
            job = self.jobs[number]
            theirs: tuple[Parsed, ...] = _THEIRS if outlines else ()
            if macros:
                theirs = parsed(job.sql or "", bare.dialect_of(job))
            found[job.id] = (theirs, outlines)
        return found

    def _program(self, syntax: dict[JobId, Syntax]) -> Program:
        """Return the program: the same as `Program` makes, from syntax that is known."""
        datasets = self.snapshot.datasets
        program = Part(self.snapshot, self.dialect, Names(datasets), ())
        units = _units(program, self.jobs, syntax)
        unheard = {id_ for unit in units for id_ in unit.writes if id_ not in datasets}
        if unheard:
            names = Names({**datasets, **{id_: Dataset(id_) for id_ in unheard}})
            program = Part(self.snapshot, self.dialect, names, ())
            units = _units(program, self.jobs, syntax)
        return Part(self.snapshot, self.dialect, program.names, ordered(units))


def _units(program: Program, jobs: Iterable[Job], syntax: dict[JobId, Syntax]) -> list[Unit]:
    found = (program.unit(job, known=syntax[job.id]) for job in jobs)
    units = [unit for unit in found if unit.statements]
    library = Library(units)
    for unit in units:
        unit.reads |= library.reads(unit)
    return units


def steps(program: Program) -> list[list[Unit]]:
    """Return the units in steps that each need only what the steps before them made.

    A unit comes after whatever writes what it reads or writes, and after whatever reads what it
    writes, if that stands before it in the program: so each sees what it would see one by one.
    """
    found: list[list[Unit]] = []
    written: dict[DatasetId, int] = {}
    read: dict[DatasetId, int] = {}
    for unit in program.units:
        after = [written[id_] for id_ in (*unit.reads, *unit.writes) if id_ in written]
        after += [read[id_] for id_ in unit.writes if id_ in read]
        step = max(after, default=-1) + 1
        if step == len(found):
            found.append([])
        found[step].append(unit)
        for id_ in unit.writes:
            written[id_] = max(step, written.get(id_, 0))
        for id_ in unit.reads:
            read[id_] = max(step, read.get(id_, 0))
    return found


_ENCODER = msgspec.msgpack.Encoder()
_OUTLINES = msgspec.msgpack.Decoder(_Outlines)
_MADE = msgspec.msgpack.Decoder(_Made)

__all__ = ["Exchange", "settle_share", "steps"]
