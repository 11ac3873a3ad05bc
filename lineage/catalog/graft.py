"""A kept state with some documents changed: only what they concern is taken out and bound.

What is taken out is every job that differs in some state, and everything downstream of those. The
states are then as binding everything would leave them, as far as they are here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lineage.catalog.advance import advance
from lineage.catalog.derive import Settled
from lineage.catalog.identity import unquoted
from lineage.catalog.kept import Kept, Part
from lineage.catalog.program import Unit, ordered
from lineage.catalog.world import DatasetTable, Names
from lineage.model.diagnostic import Diagnostic
from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import parts_of
from lineage.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Told:
    """What some documents say in one state."""

    jobs: Mapping[JobId, Job]
    datasets: Mapping[DatasetId, Dataset]
    """Those that they describe, write or declare; not those that they only name."""
    diagnostics: tuple[Diagnostic, ...]


def graft(
    kept: Kept, first: Told, others: Sequence[Told], also: Collection[DatasetId] = ()
) -> list[Settled] | None:
    """Return the kept state, and it as each of ``others`` has it, as far as any of them differ.

    ``first`` is what the documents say in the state that is kept; ``also`` are datasets of which
    all that is downstream is wanted. None where a part of the state cannot be told from the rest:
    it has to be read as a whole.
    """
    work = _Graft(kept, first, others, also)
    if not work.suited():
        return None
    return work.run()


class _Graft:
    def __init__(
        self, kept: Kept, first: Told, others: Sequence[Told], also: Collection[DatasetId]
    ) -> None:
        self.kept = kept
        self.also = also
        self.first = first
        self.others = others
        self.jobs = set(_differing([state.jobs for state in (first, *others)]))
        self.datasets = set(_differing([state.datasets for state in (first, *others)]))

    # whether it can be done ---------------------------------------------------------------------

    def suited(self) -> bool:
        """Return whether the kept state is what ``first`` says, and the others can be grafted."""
        kept = self.kept
        for id_, job in self.first.jobs.items():
            number = kept.job_numbers.get(id_)
            if number is None or kept.job(number) != job:
                return False
        for dataset_id, dataset in self.first.datasets.items():
            number = kept.dataset_numbers.get(dataset_id)
            if number is None or kept.dataset(number) != dataset:
                return False
        known = kept.diagnostics()
        if not set(self.first.diagnostics) <= set(known):
            return False
        return all(map(self._suited, self.others))

    def _suited(self, state: Told) -> bool:
        kept = self.kept
        if any(dataset.aliases for dataset in state.datasets.values()):
            return False
        if any(job.dialect not in {None, kept.dialect} for job in state.jobs.values()):
            return False
        if any(id_ in kept.job_numbers for id_ in state.jobs.keys() - self.first.jobs.keys()):
            return False  # something else has that name
        fresh = state.datasets.keys() - self.first.datasets.keys()
        gone = self.first.datasets.keys() - state.datasets.keys()
        if not fresh and not gone:
            return True
        # Names that are alike but for quotes and letter case, or of which one is the end of the
        # other, may be merged or may have been: see `lineage.catalog.identity`.
        others = {
            unquoted(id_).name.casefold()
            for known, dataset in kept.heard.items()
            for id_ in (known, *dataset.aliases)
            if known not in gone
        }
        ends = {end for name in others for end in _ends(name)}
        names = (unquoted(id_).name.casefold() for id_ in (*fresh, *gone))
        return all(name not in ends and others.isdisjoint(_ends(name)) for name in names)

    # what it takes ------------------------------------------------------------------------------

    def run(self) -> list[Settled] | None:
        """Take out what is concerned, and bind it in each state."""
        kept = self.kept
        names = [self._names(state) for state in self.others]
        units = [self._units(state, scope) for state, scope in zip(self.others, names, strict=True)]
        for scope, some in zip(names, units, strict=True):
            heard = scope.datasets
            if any(id_ not in heard for unit in some for id_ in unit.writes):
                return None
        wanted = self._concerned([unit for some in units for unit in some])
        named = {id_ for some in units for unit in some for id_ in (*unit.reads, *unit.writes)}
        touched = {
            kept.dataset_numbers[id_]
            for id_ in (*named, *self.datasets, *self.also)
            if id_ in kept.dataset_numbers
        }
        base = kept.part(wanted, touched)
        return [
            base,
            *(
                self._state(base, state, scope, some)
                for state, scope, some in zip(self.others, names, units, strict=True)
            ),
        ]

    def _names(self, state: Told) -> _Scope:
        """Return what names mean in a state."""
        gone = self.first.datasets.keys() - state.datasets.keys()
        fresh = {
            id_: dataset for id_, dataset in state.datasets.items() if id_ not in self.kept.heard
        }
        if not gone and not fresh:
            return _Scope(self.kept.heard, self.kept.names)
        datasets = {id_: row for id_, row in self.kept.heard.items() if id_ not in gone}
        datasets = dict(sorted({**datasets, **fresh}.items()))
        return _Scope(datasets, Names(datasets))

    def _units(self, state: Told, scope: _Scope) -> list[Unit]:
        """Return the units of a state that are not those of the kept one."""
        if state is self.first:
            return []
        program = Part(Snapshot({}, {}, {}), self.kept.dialect, scope.names, ())
        made = (
            program.unit(state.jobs[id_])
            for id_ in sorted(self.jobs)
            if id_ in state.jobs and state.jobs[id_].sql is not None
        )
        return [unit for unit in made if unit.statements]

    def _concerned(self, fresh: Iterable[Unit]) -> set[int]:
        """Return the numbers of the kept jobs that differ, and of all downstream of what does."""
        kept = self.kept
        found = set(kept.calling(self._named_otherwise()))
        waiting = list(self._begin(fresh))
        for job in found:
            waiting.extend(kept.writes(job))
        seen: set[int] = set()
        for dataset in waiting:
            if dataset in seen:
                continue
            seen.add(dataset)
            for job in (*kept.readers.get(dataset, ()), *kept.writers.get(dataset, ())):
                if job not in found:
                    found.add(job)
                    waiting.extend(kept.writes(job))
        found.update(kept.job_numbers[id_] for id_ in self.jobs if id_ in kept.job_numbers)
        return found

    def _named_otherwise(self) -> frozenset[str]:
        """Return the ends of names that mean something in one state only."""
        return frozenset(
            parts_of(id_.name)[-1].lower()
            for id_ in self.datasets
            if any((id_ in self.first.datasets) != (id_ in state.datasets) for state in self.others)
        )

    def _begin(self, fresh: Iterable[Unit]) -> Iterator[int]:
        """Yield the numbers of the datasets that differ, or whose makers do."""
        kept = self.kept
        for id_ in self.jobs:
            number = kept.job_numbers.get(id_)
            if number is not None:
                yield from kept.writes(number)
        for unit in fresh:
            for target in unit.writes:
                if target in kept.dataset_numbers:
                    yield kept.dataset_numbers[target]
        for dataset_id in (*self.datasets, *self.also):
            if dataset_id in kept.dataset_numbers:
                yield kept.dataset_numbers[dataset_id]
        lasts = self._named_otherwise()
        if lasts:
            yield from kept.called(lasts)

    # binding ------------------------------------------------------------------------------------

    def _state(self, base: Settled, state: Told, scope: _Scope, fresh: list[Unit]) -> Settled:
        if state is self.first:
            return base
        snapshot = base.program.snapshot
        jobs = {id_: job for id_, job in snapshot.jobs.items() if id_ not in self.jobs}
        jobs |= {id_: state.jobs[id_] for id_ in self.jobs if id_ in state.jobs}
        datasets = {id_: row for id_, row in snapshot.datasets.items() if id_ not in self.datasets}
        datasets |= {id_: state.datasets[id_] for id_ in self.datasets if id_ in state.datasets}
        taken = set(self.first.diagnostics)
        diagnostics = [row for row in snapshot.diagnostics if row not in taken]
        units = [unit for unit in base.program.units if unit.id not in self.jobs]
        program = Part(
            Snapshot(
                dict(sorted(datasets.items())),
                dict(sorted(jobs.items())),
                {},
                (),
                (*diagnostics, *state.diagnostics),
            ),
            self.kept.dialect,
            scope.names,
            ordered([*units, *fresh]),
        )
        return advance(base, program, dict(self._given(base, program)))

    def _given(self, base: Settled, program: Part) -> Iterator[tuple[DatasetId, DatasetTable]]:
        """Yield the tables that are made elsewhere, or not at all."""
        rewritten = {
            id_ for unit in base.program.units if unit.id in self.jobs for id_ in unit.writes
        }
        for id_ in program.snapshot.datasets:
            table = base.world.table(id_)
            made = id_ in program.writers or id_ in rewritten or id_ in self.datasets
            if table is not None and not made:
                yield id_, table


def _ends(name: str) -> Iterator[str]:
    """Yield a name, and what it ends with after each of its dots."""
    while name:
        yield name
        name = name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class _Scope:
    datasets: Mapping[DatasetId, Dataset]
    names: Names


def _differing(states: Sequence[Mapping]) -> Iterator:  # type: ignore[type-arg] # of any keys
    """Yield the keys under which not all mappings have the same."""
    first, *others = states
    for other in others:
        for key in first.keys() | other.keys():
            if first.get(key) != other.get(key):
                yield key


__all__ = ["Told", "graft"]
