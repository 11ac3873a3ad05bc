"""From one state that was bound to the next: only what differs, and what reads it, is bound again.

The result is what binding everything would give. A unit's outcome depends on its text, on what
names mean, and on the columns of the tables that it reads or writes; where none of these differ,
it says what it said. What reads a table that is written later, or by several, is always bound.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from lineage.catalog.derive import Settled, made
from lineage.catalog.kept import KeptUnit, Part, named
from lineage.catalog.program import Outcome, Program, Unit, ordered, usual
from lineage.catalog.world import DatasetTable, World
from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import parts_of
from lineage.model.snapshot import Snapshot


def following(before: Program, snapshot: Snapshot, dialect: str | None = None) -> Program:
    """Return the program of a snapshot, taking from another the units that are the same.

    They are, where no name means anything else than it did.
    """
    known = dialect or usual(snapshot.jobs.values())
    if known != before.dialect or other_names(before.snapshot.datasets, snapshot.datasets):
        return Program(snapshot, dialect)
    program = Part(snapshot, known, before.names, ())
    found = (
        _following(before, program, job) for job in snapshot.jobs.values() if job.sql is not None
    )
    units = [unit for unit in found if unit is not None]
    if before.has_routines or any(item.routine for unit in units for item in unit.outlines):
        return Program(snapshot, dialect)
    if _unheard(program, units) != _unheard(before, before.units):
        return Program(snapshot, dialect)
    return Part(snapshot, known, before.names, ordered(units))


def _unheard(program: Program, units: Iterable[Unit]) -> set[DatasetId]:
    """Return what units write and nobody has spoken of."""
    heard = program.snapshot.datasets
    return {id_ for unit in units for id_ in unit.writes if id_ not in heard}


def _following(before: Program, program: Program, job: Job) -> Unit | None:
    earlier = before.by_job.get(job.id)
    if earlier is None or not _same_for_binding(earlier.job, job):
        unit = program.unit(job)
        return unit if unit.statements else None
    if earlier.job == job:
        return earlier
    return earlier.of(job) if isinstance(earlier, KeptUnit) else replace(earlier, job=job)


def advance(
    before: Settled, program: Program, given: Mapping[DatasetId, DatasetTable] | None = None
) -> Settled:
    """Return the program bound, taking from ``before`` what cannot have changed.

    ``given`` are tables that nothing in the program makes, as they are known to be.
    """
    return _Advance(before, program, given or {}).run()


class _Advance:
    def __init__(
        self, before: Settled, program: Program, given: Mapping[DatasetId, DatasetTable]
    ) -> None:
        self.before = before
        self.program = program
        self.given = given
        self.world = World()
        self.outcomes: dict[JobId, Outcome] = {}
        # What calls a macro says something else when that does, whatever its own text.
        macros = program.has_routines or before.program.has_routines
        self.other_rules = macros or program.dialect != before.program.dialect
        self.other_names = other_names(before.program.snapshot.datasets, program.snapshot.datasets)
        self.entangled = {*entangled(before.program), *entangled(program)}

    def run(self) -> Settled:
        """Go through the program in build order."""
        program, world = self.program, self.world
        for dataset in program.snapshot.datasets.values():
            known = self.given.get(dataset.id)
            world.put(known or program.table(dataset.id, program.normalized(dataset)))
        for unit in program.units:
            for target in unit.writes:
                if world.table(target) is None:
                    world.put(program.table(target, None))
            outcome = self._known(unit) or program.bind(unit, world)
            self.outcomes[unit.id] = outcome
            for target, columns in made(outcome, world, program.snapshot.datasets):
                world.put(program.table(target, columns))
        return Settled(program, world, self.outcomes)

    def _known(self, unit: Unit) -> Outcome | None:
        """Return what a unit said before, if it says the same now."""
        earlier = self.before.program.by_job.get(unit.id)
        if earlier is None or self.other_rules or unit.id in self.entangled:
            return None
        if not _alike(earlier, unit):
            return None
        outcome = self.before.outcomes[unit.id]
        if self.other_names and self._may_mean_another(unit, outcome):
            return None
        if not all(map(self._declared_alike, unit.writes)):
            return None
        if not all(map(self._table_alike, {*unit.reads, *outcome.reads} - {*unit.writes})):
            return None
        return outcome

    def _may_mean_another(self, unit: Unit, outcome: Outcome) -> bool:
        """Return whether a name in it may mean another table, or be told with another advice."""
        return bool(outcome.problems) or not self.other_names.isdisjoint(named(unit))

    def _declared_alike(self, id_: DatasetId) -> bool:
        one = self.before.program.snapshot.datasets.get(id_)
        other = self.program.snapshot.datasets.get(id_)
        return one is other or (
            one is not None
            and other is not None
            and one.fields == other.fields
            and one.kind == other.kind
        )

    def _table_alike(self, id_: DatasetId) -> bool:
        one, other = self.before.world.table(id_), self.world.table(id_)
        return one is other or (
            one is not None
            and other is not None
            and one.columns == other.columns
            and one.kind == other.kind
        )


def _alike(one: Unit, other: Unit) -> bool:
    """Return whether two units are bound in the same way, given the same tables."""
    if one is other:
        return True
    return (
        _same_for_binding(one.job, other.job)
        and one.dialect == other.dialect
        and one.reads == other.reads
        and one.writes == other.writes
        and one.output == other.output
    )


def _same_for_binding(one: Job, other: Job) -> bool:
    return one is other or (
        one.sql == other.sql
        and one.dialect == other.dialect
        and one.inputs == other.inputs
        and one.outputs == other.outputs
        and one.database == other.database
        and one.schema == other.schema
    )


def other_names(
    before: Mapping[DatasetId, Dataset], after: Mapping[DatasetId, Dataset]
) -> frozenset[str]:
    """Return the last parts, in lower case, of names that mean a dataset in one state only."""
    differ = set(_names(before).items()) ^ set(_names(after).items())
    return frozenset(parts_of(name)[-1].lower() for (_, name), _ in differ)


def _names(datasets: Mapping[DatasetId, Dataset]) -> dict[tuple[str, str], DatasetId]:
    found = {(id_.namespace, id_.name): id_ for id_ in datasets}
    for id_, dataset in datasets.items():
        found.update({(alias.namespace, alias.name): id_ for alias in dataset.aliases})
    return found


def entangled(program: Program) -> frozenset[JobId]:
    """Return the units whose tables are not settled when they are bound, and may be later."""
    positions = {unit.id: place for place, unit in enumerate(program.units)}
    return frozenset(
        unit.id
        for unit in program.units
        if any(len(program.writers[id_]) > 1 for id_ in unit.writes)
        or any(positions[other.id] >= positions[unit.id] for other in _makers(program, unit))
    )


def _makers(program: Program, unit: Unit) -> Iterator[Unit]:
    reads: Iterable[DatasetId] = unit.reads
    for id_ in reads:
        yield from program.writers.get(id_, ())


__all__ = ["advance", "entangled", "following", "other_names"]
