"""What a change to a repository does: its estate before, against its estate after.

The same walk as for a what-if, over what differs: statements with another text, relations that
are gone or new, declared schemas that differ. The estate after was bound already; only what reads
something that is gone is bound once more, in a world in which that is an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from lineage.analysis.estate import Estate, short
from lineage.analysis.impact import Judged, Walk, differences
from lineage.analysis.proposal import Proposal
from lineage.catalog.program import Outcome, Unit
from lineage.model.change import Change, ChangeSet, DropTable, EditStatement
from lineage.model.diagnostic import Diagnostic
from lineage.model.entities import Job, JobKind
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import parts_of
from lineage.model.verdict import Evidence, Impact, SchemaDifference, Status
from lineage.sql.outline import Role

REFUSED: Final = "refused"
"""The code of what breaks a statement before there is one."""


def compare(
    base: Estate, head: Estate, refused: Mapping[JobId, Diagnostic] = MappingProxyType({})
) -> Impact:
    """Return the verdict for everything that differs and everything downstream of it.

    The verdict of a relation that is gone is SCHEMA_CHANGES, all its columns lost; those who
    read it still, BREAK. ``refused`` are jobs of the head that the tool which runs them refuses.
    ``Impact.change`` lists the edited and deleted relations.
    """
    comparison = _Comparison(base, head)
    walk = Walk(head, comparison.proposal, base, comparison.outcome, comparison.earlier)
    for dataset, difference in comparison.removed.items():
        evidence = Evidence("relation-gone", f"{short(dataset)} is not made any more")
        walk.relations[dataset] = Judged(
            Status.SCHEMA_CHANGES, evidence=[evidence], difference=difference
        )
    for dataset, difference in comparison.redeclared.items():
        evidence = Evidence("declared", "another schema is declared for it")
        walk.relations[dataset] = Judged(
            Status.SCHEMA_CHANGES, evidence=[evidence], difference=difference
        )
        for name, was, now in difference.type:
            walk.drift.retyped[dataset, name.lower()] = (was, now)
    for id_, problem in refused.items():
        _refuse(walk, head.snapshot.jobs[id_], problem)
    for id_, job in head.snapshot.jobs.items():
        if id_ not in refused and job.sql is None and job.note is not None and _was_read(base, job):
            _doubt(walk, job, job.note)
    walk.run()
    return walk.answer(comparison.changes())


def _refuse(walk: Walk, job: Job, problem: Diagnostic) -> None:
    """Have a job broken, whatever its text is."""
    walk.settled.add(job.id)
    evidence = [Evidence(REFUSED, problem.message, problem.location)]
    before = walk.base.snapshot.jobs.get(job.id)
    gone = [short(id_) for id_ in (before.inputs if before else ()) if id_ in walk.proposal.gone]
    for target in job.outputs:
        walk.failed[target] = "is broken itself"
        walk.relations[target] = Judged(Status.BREAKS, evidence=list(evidence))
        walk.path[target] = (*gone[:1], short(target))
    if not job.outputs:
        walk.consumers[job.id] = Judged(Status.BREAKS, evidence=evidence)
        walk.path[job.id] = (*gone[:1], job.id.name)


def _was_read(base: Estate, job: Job) -> bool:
    before = base.snapshot.jobs.get(job.id)
    return before is None or before.sql is not None


def _doubt(walk: Walk, job: Job, note: str) -> None:
    """Have nobody know what a job makes whose statement is not known any more, or not yet."""
    evidence = [Evidence("no-statement", note, job.origin)]
    for target in job.outputs:
        walk.unread[target] = target
        walk.relations[target] = Judged(Status.UNKNOWN, evidence=list(evidence))
    if not job.outputs:
        walk.consumers[job.id] = Judged(Status.UNKNOWN, evidence=evidence)
        walk.path[job.id] = (job.id.name,)


class _Comparison:
    """What differs between two estates at the places where people changed something."""

    def __init__(self, base: Estate, head: Estate) -> None:
        self.base = base
        self.head = head
        self._by_target = _by_target(base)
        self.removed: dict[DatasetId, SchemaDifference] = {}
        self.redeclared: dict[DatasetId, SchemaDifference] = {}
        self.proposal = Proposal(head.world.child())
        self._removed()
        self._edited()
        self._declared()
        self._again = self._readers_of_removed()

    def outcome(self, unit: Unit) -> Outcome:
        """Return what a unit says after the change."""
        if unit.id in self._again or any(map(self._lacks, unit.reads)):
            return self.head.program.bind(unit, self.proposal.world)
        return self.head.outcomes[unit.id]

    def _lacks(self, id_: DatasetId) -> bool:
        """Return whether a relation whose columns nobody listed is found to have lost some."""
        table = self.proposal.world.table(id_)
        return table is not None and bool(table.gone)

    def earlier(self, unit: Unit) -> tuple[Unit, Outcome] | None:
        """Return the unit that did before what this one does: the same job, or target."""
        known = self.base.unit(unit.id)
        if known is None or (unit.writes and known.writes != unit.writes):
            candidates = self._by_target.get(unit.writes, ()) if unit.writes else ()
            known = candidates[0] if len(candidates) == 1 else known
        return None if known is None else (known, self.base.outcomes[known.id])

    def changes(self) -> ChangeSet:
        """Return the edits and deletions, in build order."""
        found: list[Change] = [DropTable(short(id_)) for id_ in self.removed]
        for unit in self.proposal.edits.values():
            found.extend(EditStatement(short(id_), unit.job.sql or "") for id_ in unit.writes[:1])
        return ChangeSet(tuple(found))

    def _removed(self) -> None:
        for id_, dataset in self.base.snapshot.datasets.items():
            was_made = self._exists(self.base, id_, made=True)
            if self._exists(self.head, id_, made=was_made) or not self._exists(self.base, id_):
                continue
            table = self.base.world.table(id_)
            columns = (table.columns if table is not None else None) or ()
            self.removed[id_] = SchemaDifference(lost=tuple(name for name, _ in columns))
            self.proposal.gone[id_] = f"{short(id_)} is not there any more"
            self.proposal.world.remove(id_)
            for name in (id_.name, *(alias.name for alias in dataset.aliases)):
                self.proposal.world.forbid(parts_of(name))
        self._named_only()

    def _named_only(self) -> None:
        """Take out what the head only names: a short name of something that is gone."""
        gone = {tuple(part.lower() for part in parts_of(id_.name)) for id_ in self.removed}
        for id_ in self.head.snapshot.datasets:
            parts = parts_of(id_.name)
            short_ = tuple(part.lower() for part in parts)
            if id_ in self.base.snapshot.datasets or self._exists(self.head, id_):
                continue
            if any(full[-len(short_) :] == short_ for full in gone):
                self.proposal.world.remove(id_)
                self.proposal.world.forbid(parts)

    @staticmethod
    def _exists(estate: Estate, id_: DatasetId, *, made: bool = False) -> bool:
        """Return whether something makes or declares a dataset, rather than just naming it.

        With ``made`` it is not enough that a statement fills it.
        """
        writers = estate.program.writers.get(id_, ())
        if any(unit.makes or not made or _is_broken(unit) for unit in writers):
            return True
        dataset = estate.snapshot.datasets.get(id_)
        if dataset is None:
            return False
        fillers = {unit.id for unit in writers}
        output = any(
            id_ in job.outputs for job in estate.snapshot.jobs.values() if job.id not in fillers
        )
        # What is only filled got its place from the statement that fills it.
        placed = dataset.origin is not None and not fillers
        return output or dataset.fields is not None or placed

    def _edited(self) -> None:
        for unit in self.head.program.units:
            earlier = self.earlier(unit)
            if earlier is None or not _alike(earlier[0], unit):
                self.proposal.edits[unit.id] = unit
        known = {unit.id for unit in self.head.program.units}
        for id_, job in self.head.snapshot.jobs.items():
            before = self.base.snapshot.jobs.get(id_)
            if id_ in known or before is None or job.kind is not JobKind.CONTRACT:
                continue
            if before.promised != job.promised:
                self._queue_contract(id_)

    def _queue_contract(self, id_: JobId) -> None:
        for unit in self.head.steps:
            if unit.id == id_:
                self.proposal.edits[id_] = unit

    def _declared(self) -> None:
        """Find tables that nothing here makes and whose declared columns differ."""
        for id_, dataset in self.head.snapshot.datasets.items():
            before = self.base.snapshot.datasets.get(id_)
            writers = self.head.program.writers.get(id_, ())
            if before is None or dataset.fields is None or any(unit.makes for unit in writers):
                continue
            one, other = self.base.world.table(id_), self.head.world.table(id_)
            difference = differences(
                one.columns if one is not None else None,
                other.columns if other is not None else None,
            )
            if difference:
                self.redeclared[id_] = difference
                self.proposal.subjects[id_] = None

    def _readers_of_removed(self) -> frozenset[JobId]:
        """Return the units that must be bound again, because they name what is gone."""
        if not self.removed:
            return frozenset()
        lasts = {parts_of(id_.name)[-1].lower() for id_ in self.removed}
        found = set()
        for unit in self.head.program.units:
            named = {
                parts[-1].lower()
                for item in unit.outlines
                for parts in (*item.reads, *(() if item.makes else item.targets))
            }
            if named & lasts:
                found.add(unit.id)
                self.proposal.edits.setdefault(unit.id, unit)
        return frozenset(found)


def _by_target(estate: Estate) -> dict[tuple[DatasetId, ...], list[Unit]]:
    found: dict[tuple[DatasetId, ...], list[Unit]] = {}
    for unit in estate.program.units:
        if unit.writes:
            found.setdefault(unit.writes, []).append(unit)
    return found


def _is_broken(unit: Unit) -> bool:
    """Return whether nobody can read what it does: it may make what it writes."""
    return any(item.role is Role.BROKEN for item in unit.outlines)


def _alike(one: Unit, other: Unit) -> bool:
    return one.job.sql == other.job.sql and one.dialect == other.dialect
