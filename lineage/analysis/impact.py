"""What breaks: everything downstream of a change, bound again against the changed schema.

A walk in build order. Each unit that reads something that is no longer what it was is bound in
the changed world; from what it says before and after comes its verdict, and what it makes is
put into the world for those that come after. So the cost is that of the cone, not of the estate.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from lineage.analysis.estate import UNREAD, Estate, reads_of, short
from lineage.analysis.proposal import Proposal, propose
from lineage.analysis.silent import Drift, Reason, Silent, key_of, renamed, rewritten, silent
from lineage.catalog.derive import made
from lineage.catalog.passing import Star, source_of, star_of
from lineage.catalog.program import Outcome, Unit, Written
from lineage.catalog.world import Columns, DatasetTable, World
from lineage.model.change import ChangeSet
from lineage.model.diagnostic import Location
from lineage.model.entities import CONSUMERS, Job, JobKind
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import locate
from lineage.model.verdict import (
    SEVERITY,
    Coverage,
    Evidence,
    Impact,
    Known,
    SchemaDifference,
    Status,
    Verdict,
)
from lineage.sql.frame import Problem
from lineage.sql.meaning import Terms
from lineage.sql.relation import Column, Origin

_REFUSED = "is not what its contract promises"
"""Why something is not built although its statement could be run."""
_SHOWN = 20
"""Reasons that one verdict carries."""


@dataclass(slots=True)
class Judged:
    """What was found about one unit and one thing that it writes (or the unit itself)."""

    status: Status = Status.OK
    known: Known = Known.BOUND
    evidence: list[Evidence] = field(default_factory=list)
    difference: SchemaDifference = field(default_factory=SchemaDifference)

    def worse(self, other: Judged) -> Judged:
        """Return the more severe of two, with the evidence of both where they are equal."""
        if SEVERITY[other.status] > SEVERITY[self.status]:
            return other
        if other.status is self.status:
            self.evidence.extend(other.evidence)
            self.difference = self.difference or other.difference
        return self


def impact(estate: Estate, changes: ChangeSet) -> Impact:
    """Return the verdict for everything downstream of ``changes``.

    Raises UnknownName, AmbiguousName and BadChange for a change that cannot be made.
    """
    proposal = propose(estate, changes)
    walk = Walk(estate, proposal)
    walk.run()
    return walk.answer(changes)


class Walk:
    """One walk through the cone of a proposal.

    ``base`` is the estate before, where that is another one than ``estate``; ``rebind`` then
    knows what units say after the change, and ``earlier`` what they said before.
    """

    def __init__(
        self,
        estate: Estate,
        proposal: Proposal,
        base: Estate | None = None,
        rebind: Callable[[Unit], Outcome] | None = None,
        earlier: Callable[[Unit], tuple[Unit, Outcome] | None] | None = None,
    ) -> None:
        self.estate = estate
        self.base = base or estate
        self.proposal = proposal
        self.world = proposal.world
        self._rebind = rebind or (lambda unit: estate.program.bind(unit, self.world))
        self._earlier = earlier or self._same
        self.drift = Drift(dict(proposal.before), dict(proposal.retyped))
        for key, why in proposal.nulls.items():
            self.drift.values[key] = Reason("may-be-null", why, certain=False)
        self.failed: dict[DatasetId, str] = {}
        self.unread: dict[DatasetId, DatasetId] = {}
        """What nobody knows any more, and the relation whose statement is the reason."""
        self.settled: set[JobId] = set()
        """Jobs whose verdict is known without binding them."""
        self.relations: dict[DatasetId, Judged] = {}
        self.consumers: dict[JobId, Judged] = {}
        self.path: dict[DatasetId | JobId, tuple[str, ...]] = {}
        self._terms = Terms()
        was, now = self.base.program.writers.keys(), estate.program.writers.keys()
        self._of_one_side = (was - now, now - was)
        """What is made before only, or after only: moved, split, put together. Whoever read one and
        reads the other reads the same if these mean the same."""
        self._positions = {unit.id: place for place, unit in enumerate(estate.steps)}
        self._touched: set[DatasetId] = set()
        self._waiting: list[int] = []
        self._queued: set[int] = set()

    def run(self) -> None:
        """Judge everything downstream."""
        lost = (*self.failed, *self.unread)
        for dataset in (*self.proposal.subjects, *self.proposal.gone, *lost):
            self.path.setdefault(dataset, (short(dataset),))
            self._touch(dataset)
        for dataset in (*self.proposal.subjects, *self.proposal.gone):
            self._refill(dataset)
        for id_, unit in self.proposal.edits.items():
            if id_ in self._positions:
                self._queue(self._positions[id_])
            else:
                self._judge(unit)
        while self._waiting:
            unit = self.estate.steps[heapq.heappop(self._waiting)]
            self._judge(self.proposal.edits.get(unit.id, unit))

    def _same(self, unit: Unit) -> tuple[Unit, Outcome] | None:
        """Return a unit of the estate as it is, before it was edited."""
        outcome = self.estate.outcomes.get(unit.id)
        known = self.estate.unit(unit.id)
        return None if known is None or outcome is None else (known, outcome)

    def _touch(self, dataset: DatasetId) -> None:
        """Have everything that reads a dataset looked at."""
        self._touched.add(dataset)
        for position in self.estate.readers.get(dataset, ()):
            self._queue(position)

    def _refill(self, dataset: DatasetId) -> None:
        """Have what adds to a dataset looked at, which has other columns now."""
        for unit in self.estate.program.writers.get(dataset, ()):
            if not unit.makes and unit.id in self._positions:
                self._queue(self._positions[unit.id])

    def _queue(self, position: int) -> None:
        if position not in self._queued:
            self._queued.add(position)
            heapq.heappush(self._waiting, position)

    # ------------------------------------------------------------------------------- one unit

    def _judge(self, unit: Unit) -> None:
        """Judge one unit."""
        filled = [] if unit.makes else [id_ for id_ in unit.writes if self._is_changed(id_)]
        targets = [id_ for id_ in unit.writes if not self._is_changed(id_)]
        if unit.id in self.settled or (unit.writes and not targets and not filled):
            return
        if not unit.statements:
            self._opaque(unit)
            return
        earlier = self._earlier(unit)
        was = earlier[1] if earlier is not None else Outcome()
        now = self._rebind(unit)
        subjects: list[DatasetId | JobId] = [*targets, unit.id]
        for id_ in subjects:
            self._trace(id_, (*was.reads, *now.reads, *filled))
        common = self._common(unit, was, now)
        if not targets:
            found = self._consumer(unit, common, was, now)
            self._settle(unit.id, found)
            return
        for target in targets:
            self._relation(target, unit, was, now, replace(common, evidence=list(common.evidence)))
        if filled and common.status is not Status.OK:
            self._settle(unit.id, common)

    def _is_changed(self, id_: DatasetId) -> bool:
        return id_ in self.proposal.subjects or id_ in self.proposal.gone

    def _common(self, unit: Unit, was: Outcome, now: Outcome) -> Judged:
        """Return what holds for all that a unit writes: whether it binds at all."""
        known = {(problem.code, problem.message) for problem in was.problems}
        fresh = [item for item in now.problems if (item.code, item.message) not in known]
        own = [self._evidence(unit, problem) for problem in fresh]
        # What fills a table is not kept from it by another statement that fails to fill it.
        waits = reads_of(unit, now) - set(unit.writes)
        blocked = [id_ for id_ in waits if id_ in self.failed]
        if blocked:
            cause = [
                Evidence("input-not-built", f"reads {short(id_)}, which {self.failed[id_]}")
                for id_ in sorted(blocked)
            ]
            return Judged(Status.BLOCKED, evidence=[*cause, *own])
        if any(problem.certain for problem in fresh):
            return Judged(Status.BREAKS, evidence=own)
        doubts = own or [*self._not_read(waits), *self._unsure(unit, was, now)]
        if doubts:
            return Judged(Status.UNKNOWN, evidence=doubts)
        stale = [item for item in now.problems if item.code in UNREAD]
        if stale or unit.job.note is not None:
            why = [self._evidence(unit, problem) for problem in stale]
            note = unit.job.note
            if not why and note is not None:
                why = [Evidence("no-statement", note, unit.job.origin)]
            return Judged(Status.UNKNOWN, evidence=why)
        broken = [problem for problem in now.problems if problem.certain]
        if broken:
            why = [self._evidence(unit, problem) for problem in broken]
            cause = [Evidence("broken-before", "it does not bind as the estate stands either")]
            return Judged(Status.UNKNOWN, evidence=[*cause, *why])
        return Judged()

    def _not_read(self, reads: Iterable[DatasetId]) -> list[Evidence]:
        """Return why nobody knows what inputs are now."""
        return [
            Evidence("input-unread", f"reads {short(id_)}, {self._cause(id_)}")
            for id_ in sorted(reads)
            if id_ in self.unread
        ]

    def _cause(self, id_: DatasetId) -> str:
        cause = self.unread[id_]
        made = "" if cause == id_ else f"made from {short(cause)}, "
        return f"{made}whose statement is not understood"

    def _doubt(self, target: DatasetId, found: Judged, reads: Iterable[DatasetId]) -> None:
        """Remember why nobody knows what a relation is, for those who read it."""
        codes = {evidence.code for evidence in found.evidence}
        if codes & (UNREAD | {"no-statement"}):
            self.unread.setdefault(target, target)
        elif "input-unread" in codes:
            first = min(id_ for id_ in reads if id_ in self.unread)
            self.unread.setdefault(target, self.unread[first])

    def _unsure(self, unit: Unit, was: Outcome, now: Outcome) -> Iterator[Evidence]:
        """Yield where a type stands that was not there before, beside one that nobody knows."""
        if self.base is not self.estate or not self.drift.retyped:
            return
        for types, place in now.unsure.items():
            if types not in was.unsure:
                known = ", ".join(dict.fromkeys(type_ for type_ in types if type_ is not None))
                message = (
                    f"{known} stands here beside a value whose type is not known: "
                    "give the schema that it comes from"
                )
                where = locate(unit.job.origin, unit.job.places, *place)
                yield Evidence("unknown-type", message, where, certain=False)

    def _relation(
        self, target: DatasetId, unit: Unit, was: Outcome, now: Outcome, found: Judged
    ) -> None:
        """Judge one relation that a unit writes, and put it into the world."""
        if found.status in {Status.BLOCKED, Status.BREAKS}:
            why = "is broken itself" if found.status is Status.BREAKS else "cannot be built either"
            self.failed.setdefault(target, why)
            self._touch(target)
            self._record(target, found)
            return
        columns, after, star = self._columns(target, unit, now)
        difference = self._difference(target, now, columns, after, star)
        changed = Silent()
        if target in self.base.snapshot.datasets:  # what is new is no other than it was
            changed = self._meant(unit, silent(was, now, target, self.drift))
        through = None if self._is_described(target) else self._earlier_star(target, unit)
        if through is not None:
            self._made_here(through, unit, now, changed)
        if star is not None and columns is not None:
            self._passed_on(star, columns, changed)
        self._carry(target, was, now, difference, changed)
        if difference and target in now.defined:
            self.world.put(self._table(target, star, after))
            self._refill(target)
        if found.status is Status.OK and difference:
            found = Judged(Status.SCHEMA_CHANGES, difference=difference)
            found.evidence = [Evidence("other-columns", describe(difference), unit.job.origin)]
            found.evidence += self._silent(unit, changed)
        elif found.status is Status.OK and changed.reasons() and (columns is not None or through):
            found = Judged(Status.VALUE_CHANGES, evidence=self._silent(unit, changed))
        if found.status is not Status.OK:
            self._touch(target)
        if found.status is Status.UNKNOWN:
            self._doubt(target, found, reads_of(unit, now))
        self._keep_promise(target)
        self._record(target, found)

    def _is_described(self, target: DatasetId) -> bool:
        table = self.base.world.table(target)
        return table is not None and table.columns is not None

    def _earlier_star(self, target: DatasetId, unit: Unit) -> Star | None:
        """Return the star that a relation's columns came through before, if there was one."""
        earlier = self._earlier(unit)
        return None if earlier is None else _star(target, *earlier, self.base.world)

    def _passed_on(self, star: Star, columns: Columns, changed: Silent) -> None:
        """Tell of columns whose values differ where the star takes them from."""
        for name, _ in columns:
            reason = self.drift.values.get((star.source, name.lower()))
            if reason is not None and star.passes(name.lower()):
                message = f"{name} is that of {short(star.source)}, whose values change"
                changed.columns.setdefault(
                    name.lower(), Reason("upstream-values", message, reason.certain, name)
                )

    def _made_here(self, star: Star, unit: Unit, now: Outcome, changed: Silent) -> None:
        """Tell of columns that came through a star, and are worked out beside it now."""
        known = {name.lower() for name, _ in self._learned(star.target)}
        for item in _of(now, star.target):
            for name, column in item.columns:
                key = name.lower()
                if key not in known or not star.passes(key) or key in changed.columns:
                    continue
                sources = [self._source(origin, unit) for origin in column.direct]
                if sources != [(star.source, key)] or any(column.direct.values()):
                    message = f"{name} is worked out here now, and came through a star"
                    changed.columns[key] = Reason(
                        "other-expression", message, certain=False, column=name, place=column.place
                    )

    def _source(self, origin: Origin, unit: Unit) -> tuple[DatasetId, str] | None:
        """Return the column that an origin was before the change; None for a star."""
        found = source_of(origin, unit)
        if not isinstance(found, FieldId):
            return None
        key = (found.dataset, found.name.lower())
        return self.drift.before.get(key, key)

    def _columns(
        self, target: DatasetId, unit: Unit, now: Outcome
    ) -> tuple[Columns | None, Columns | None, Star | None]:
        """Return a relation's columns before and after; those that are named, behind a star."""
        before = self.base.world.table(target)
        columns = before.columns if before is not None else None
        after = columns
        for id_, new in made(now, self.world, self.estate.snapshot.datasets):
            if id_ == target:
                after = new
        if columns is not None or after is not None or target not in now.defined:
            return columns, after, None
        star = _star(target, unit, now, self.world)
        if star is None:
            return None, None, None
        known = self._learned(target)
        return known, self._passed(star, known), star

    def _difference(
        self,
        target: DatasetId,
        now: Outcome,
        columns: Columns | None,
        after: Columns | None,
        star: Star | None,
    ) -> SchemaDifference:
        if columns is None and after is not None and target in now.defined:
            # Of what was there before only what was named is known: nothing else is new.
            return SchemaDifference(lost=differences(self._learned(target), after).lost)
        given = tuple(self._given(target, now, columns, after, star))
        difference = differences(columns, after)
        return replace(difference, type=(*difference.type, *given)) if given else difference

    def _learned(self, id_: DatasetId) -> Columns:
        """Return the columns that are known of a dataset whose columns nobody listed."""
        table = self.base.world.table(id_)
        known = table.partly if table is not None else ()
        return known or tuple((name, None) for name in self.base.learned(id_))

    def _passed(self, star: Star, columns: Columns) -> Columns:
        """Return what is known of a relation when its star has passed on what there is now."""
        source = self.world.table(star.source) or self.estate.program.table(star.source, None)
        types = {name.lower(): type_ for name, type_ in source.partly}
        stays = [
            star.made.get(name.lower()) or (name, types.get(name.lower(), type_))
            for name, type_ in columns
            if name.lower() in star.made or (star.passes(name.lower()) and source.may_have(name))
        ]
        known = {name.lower() for name, _ in columns}
        own = [item for key, item in star.made.items() if key not in known]
        known |= {name.lower() for name, _ in self._learned(star.source)}
        given = [item for item in source.partly if item[0].lower() not in known]
        return (*stays, *own, *(item for item in given if star.passes(item[0].lower())))

    def _table(self, target: DatasetId, star: Star | None, columns: Columns | None) -> DatasetTable:
        """Return a relation with its columns after the change."""
        table = self.estate.program.table(target, columns)
        if star is None or columns is None:
            return table
        source = self.world.table(star.source)
        gone = source.gone if source is not None else frozenset[str]()
        return table.with_some(columns, (gone | star.left_out) - star.made.keys())

    def _given(
        self,
        target: DatasetId,
        now: Outcome,
        before: Columns | None,
        after: Columns | None,
        star: Star | None,
    ) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield the columns whose type nobody knew, and that have one as what they are made of.

        Else a table that nobody described could be given any type, and no reader of a view of it
        would be looked at.
        """
        fresh = {key for key, (was, _) in self.drift.retyped.items() if was is None}
        if not fresh or before is None or after is None:
            return
        unknown = {name.lower() for name, type_ in before if type_ is None}
        types = {name.lower(): type_ for name, type_ in after if type_ is not None}
        if star is not None:
            through = sorted(filter(star.passes, unknown & types.keys()))
            yield from ((name, None, types[name]) for name in through)
        for item in _of(now, target):
            for name, column in item.columns:
                key = name.lower()
                made = any(key_of(origin) in fresh for origin in column.direct)
                if made and key in unknown and key in types:
                    yield name, None, types[key]

    def _can_promise(self, unit: Unit, found: Judged) -> bool:
        """Return whether what a contract is about is there, so that it can be compared."""
        if self.failed.get(unit.job.inputs[0]) == _REFUSED:
            return True
        return found.status not in {Status.BLOCKED, Status.UNKNOWN}

    def _keep_promise(self, target: DatasetId) -> None:
        """Have nobody read what dbt refuses to build, because it is not what is promised."""
        contract = self.estate.contracts.get(target)
        if contract is None or self.base is self.estate or target in self.failed:
            return
        if self._broken_promises(contract):
            self.failed[target] = _REFUSED
            self._touch(target)

    def _promises(self, unit: Unit) -> Judged:
        """Judge a contract: which promises are broken now, and were kept before.

        The relation itself is judged by its statement, which the engine would take; what dbt then
        does not build is told by `_keep_promise`.
        """
        self._keep_promise(unit.job.inputs[0])
        broken = self._broken_promises(unit.job)
        return Judged(Status.BREAKS if broken else Status.OK, Known.BOUND, broken)

    def _broken_promises(self, job: Job) -> list[Evidence]:
        target = job.inputs[0]
        after, before = self.world.table(target), self.base.world.table(target)
        type_named = self.estate.program.type_named
        earlier = self.base.contracts.get(target)
        known: list[tuple[str, str]] = []
        if earlier is not None and before is not None:
            known = _violations(earlier, before.columns, target, type_named)
        columns = after.columns if after is not None else None
        return [
            Evidence("contract", message, job.origin, column)
            for column, message in _violations(job, columns, target, type_named)
            if (column, message) not in known
        ]

    def _meant(self, unit: Unit, found: Silent) -> Silent:
        """Compare an edited statement with what it was by what both mean."""
        earlier = self._earlier(unit) if unit.id in self.proposal.edits else None
        if earlier is None or earlier[0] is unit or earlier[0].job.sql == unit.job.sql:
            return found
        one, other = self._of_one_side
        before = self.base.program.meaning(
            earlier[0], self.base.world, self._terms, lambda key: key, one
        )
        after = self.estate.program.meaning(
            unit, self.world, self._terms, lambda key: self.drift.before.get(key, key), other
        )
        return found if before is None or after is None else rewritten(before, after, found)

    def _carry(
        self,
        target: DatasetId,
        was: Outcome,
        now: Outcome,
        difference: SchemaDifference,
        changed: Silent,
    ) -> None:
        """Remember what differs in a relation, for those who read it."""
        for name, reason in changed.columns.items():
            self.drift.values[target, name] = reason
        if changed.rows is not None:
            self.drift.rows[target] = changed.rows
        for name, one, other in difference.type:
            self.drift.retyped[target, name.lower()] = (one, other)
        if difference.lost and difference.gained:
            for earlier, later in zip(_of(was, target), _of(now, target), strict=False):
                for new, old in renamed(earlier, later, self.drift).items():
                    self.drift.before[target, new] = (target, old)

    def _consumer(self, unit: Unit, found: Judged, was: Outcome, now: Outcome) -> Judged:
        """Judge what reads and writes nothing: a test, a query of a dashboard."""
        if found.status is not Status.OK:
            return found
        if was.rows is None or now.rows is None:
            return found
        nowhere = DatasetId("", "")
        one = Outcome([Written(nowhere, _named(was), was.rows.indirect)], reads=was.reads)
        other = Outcome([Written(nowhere, _named(now), now.rows.indirect)], reads=now.reads)
        reasons = self._meant(unit, silent(one, other, nowhere, self.drift))
        if reasons.reasons():
            return Judged(Status.VALUE_CHANGES, evidence=self._silent(unit, reasons))
        return found

    # ------------------------------------------------------------------------- without SQL

    def _opaque(self, unit: Unit) -> None:
        """Judge a job by its edges: its statement is not known."""
        reads = reads_of(unit, None)
        touched = sorted(id_ for id_ in reads if id_ in self._touched)
        subjects: list[DatasetId | JobId] = [*unit.writes, unit.id]
        for subject in subjects:
            self._trace(subject, touched)
        found = self._by_lineage(unit, touched)
        if unit.job.promised and self._can_promise(unit, found):
            found = self._promises(unit)
        if not unit.writes or unit.job.kind in CONSUMERS:
            self._settle(unit.id, found)
            return
        if found.status is not Status.OK and unit.job.kind is not JobKind.MODEL:
            self._settle(unit.id, found)
        for target in unit.writes:
            if target in self.proposal.subjects:
                continue
            if found.status is not Status.OK:
                self._hand_on(unit, target, found, reads)
                self._touch(target)
            self._record(target, replace(found, evidence=list(found.evidence)))

    def _hand_on(
        self, unit: Unit, target: DatasetId, found: Judged, reads: Iterable[DatasetId]
    ) -> None:
        """Remember what became of what a job without SQL writes, for those who read it."""
        if found.status in {Status.BLOCKED, Status.BREAKS}:
            self.failed.setdefault(target, "is not written any more")
        elif found.status is Status.UNKNOWN:
            self._doubt(target, found, reads)
        else:
            self._spread(unit, target)

    def _by_lineage(self, unit: Unit, touched: Iterable[DatasetId]) -> Judged:
        found = Judged(known=Known.LINEAGE)
        for id_ in touched:
            found = found.worse(self._input(unit, id_))
        return replace(found, known=Known.LINEAGE)

    def _input(self, unit: Unit, id_: DatasetId) -> Judged:
        """Return what the state of one input means for a job without SQL."""
        name = short(id_)
        absent = self._lost(id_)
        if absent is not None:
            return absent
        after = self.world.table(id_)
        told = after is not None and (after.columns is not None or after.partly or after.gone)
        difference = differences(self._before(id_), after.listed if after and told else None)
        used = self._used(unit, id_)
        if used is None:
            return self._whole_input(name, id_, difference)
        lost = [column for column in difference.lost if column.lower() in used]
        if lost:
            why = [
                Evidence("column-gone", f"uses {name}.{column}, which is gone", column=column)
                for column in lost
            ]
            return Judged(Status.BREAKS, evidence=why)
        types = [item for item in difference.type if item[0].lower() in used]
        if types and unit.job.kind is JobKind.CONTRACT:
            why = [
                Evidence("contract", f"promises {column} as {was}, it is {now} now", column=column)
                for column, was, now in types
            ]
            return Judged(Status.BREAKS, evidence=why)
        why = [
            Evidence("other-type", f"uses {name}.{column}, which is {now} now, not {was}",
                     column=column, certain=False)
            for column, was, now in types
        ]  # fmt: skip
        why += [
            Evidence("other-type", f"uses {name}.{column}, which is given the type {now}",
                     column=column, certain=False)
            for column, now in self._typed(id_) if column in used
        ]  # fmt: skip
        why += [
            Evidence("upstream-values", f"uses {name}.{column}: {reason.message}",
                     column=column, certain=reason.certain)
            for (dataset, column), reason in self.drift.values.items()
            if dataset == id_ and column in used
        ]  # fmt: skip
        rows = self.drift.rows.get(id_)
        if rows is not None:
            why.append(
                Evidence("upstream-rows", f"reads {name}: {rows.message}", certain=rows.certain)
            )
        return Judged(Status.VALUE_CHANGES, evidence=why) if why else Judged()

    def _lost(self, id_: DatasetId) -> Judged | None:
        """Return what it means for a job without SQL that an input is not there, or not known."""
        name = short(id_)
        if id_ in self.proposal.gone:
            gone = Evidence("input-gone", f"reads {name}: {self.proposal.gone[id_]}")
            return Judged(Status.BREAKS, evidence=[gone])
        if id_ in self.failed:
            cause = Evidence("input-not-built", f"reads {name}, which {self.failed[id_]}")
            return Judged(Status.BLOCKED, evidence=[cause])
        if id_ in self.unread:
            return Judged(Status.UNKNOWN, evidence=self._not_read([id_]))
        return None

    def _before(self, id_: DatasetId) -> Columns | None:
        """Return the columns before the change; those that edges name, where nobody listed any."""
        table = self.base.world.table(id_)
        columns = table.columns if table is not None else None
        after = self.world.table(id_)
        if columns is None and after is not None and (after.partly or after.gone):
            return self._learned(id_)
        return columns

    def _typed(self, id_: DatasetId) -> Iterator[tuple[str, str]]:
        """Yield the columns of which nobody knew the type, and the one that they are given."""
        for (dataset, column), (was, now) in self.proposal.retyped.items():
            if dataset == id_ and was is None and now is not None:
                yield column, now

    def _whole_input(self, name: str, id_: DatasetId, difference: SchemaDifference) -> Judged:
        """Return the verdict on a job of which only the datasets are known."""
        if difference.lost or difference.type or difference.reordered:
            message = f"reads {name} ({describe(difference)}); nobody knows which columns it uses"
            return Judged(Status.SCHEMA_CHANGES, evidence=[Evidence("input-changes", message)])
        reasons = [reason for (dataset, _), reason in self.drift.values.items() if dataset == id_]
        rows = self.drift.rows.get(id_)
        if rows is not None:
            reasons.append(rows)
        if reasons:
            first = reasons[0]
            why = Evidence("input-changes", f"reads {name}: {first.message}", certain=first.certain)
            return Judged(Status.VALUE_CHANGES, evidence=[why])
        return Judged()

    def _used(self, unit: Unit, id_: DatasetId) -> frozenset[str] | None:
        """Return the columns of an input that a job is known to use; None if nobody knows."""
        used = {item.name.lower() for item in unit.job.fields if item.dataset == id_}
        for edge in self.estate.edges.get(unit.id, ()):
            if isinstance(edge.source, FieldId) and edge.source.dataset == id_:
                used.add(edge.source.name.lower())
        return frozenset(used) or None

    def _spread(self, unit: Unit, target: DatasetId) -> None:
        """Remember which columns of an output are made from columns that differ."""
        columns = False
        for edge in self.estate.edges.get(unit.id, ()):
            source, end = edge.source, edge.target
            if not isinstance(source, FieldId) or source.dataset not in self._touched:
                continue
            key = (source.dataset, source.name.lower())
            differs = key in self.drift.values or key in self.drift.retyped
            if not differs and source.dataset not in self.drift.rows:
                continue
            message = f"made from {short(source.dataset)}.{source.name}, which changes"
            reason = Reason("upstream-values", message, certain=False)
            if isinstance(end, FieldId) and end.dataset == target:
                self.drift.values[target, end.name.lower()] = reason
                columns = True
            elif end == target:
                self.drift.rows[target] = reason
                columns = True
        if not columns:
            self.drift.rows[target] = Reason("upstream-values", "its inputs change", certain=False)

    # --------------------------------------------------------------------------------- answers

    def _trace(self, id_: DatasetId | JobId, reads: Iterable[DatasetId]) -> None:
        if id_ in self.path:
            return
        ways = [self.path[read] for read in reads if read in self._touched and read in self.path]
        name = short(id_) if isinstance(id_, DatasetId) else id_.name
        self.path[id_] = (*min(ways, key=len), name) if ways else (name,)

    def _record(self, target: DatasetId, found: Judged) -> None:
        known = self.relations.get(target)
        self.relations[target] = found if known is None else known.worse(found)

    def _settle(self, job: JobId, found: Judged) -> None:
        known = self.consumers.get(job)
        self.consumers[job] = found if known is None else known.worse(found)

    def _evidence(self, unit: Unit, problem: Problem) -> Evidence:
        place = locate(unit.job.origin, unit.job.places, *problem.place)
        return Evidence(problem.code, problem.message, place, problem.column, problem.certain)

    def _silent(self, unit: Unit, changed: Silent) -> list[Evidence]:
        return [
            Evidence(
                reason.code,
                reason.message,
                locate(unit.job.origin, unit.job.places, *reason.place),
                reason.column,
                reason.certain,
            )
            for reason in changed.reasons()[:_SHOWN]
        ]

    def answer(self, changes: ChangeSet) -> Impact:
        """Return all verdicts, in build order."""
        relations = tuple(self._verdict(id_, found) for id_, found in self.relations.items())
        consumers = tuple(self._job_verdict(id_, found) for id_, found in self.consumers.items())
        return Impact(changes, relations, consumers, coverage_of((*relations, *consumers)))

    def _verdict(self, id_: DatasetId, found: Judged) -> Verdict:
        dataset = self.estate.described(id_)
        writers = self.estate.program.writers.get(id_, ())
        owners = dataset.owners or next((unit.job.owners for unit in writers), ())
        location: Location | None = dataset.origin
        if location is None:
            location = next((unit.job.origin for unit in writers), None)
        return Verdict(
            id_,
            short(id_),
            dataset.kind.value,
            found.status,
            found.known,
            tuple(found.evidence[:_SHOWN]),
            found.difference,
            self.path.get(id_, ()),
            owners,
            location,
        )

    def _job_verdict(self, id_: JobId, found: Judged) -> Verdict:
        job = self.estate.snapshot.jobs[id_]
        return Verdict(
            id_,
            id_.name,
            job.kind.value,
            found.status,
            found.known,
            tuple(found.evidence[:_SHOWN]),
            found.difference,
            self.path.get(id_, ()),
            job.owners,
            job.origin,
        )


def _violations(
    contract: Job,
    columns: Columns | None,
    target: DatasetId,
    type_named: Callable[[str, DatasetId], str],
) -> list[tuple[str, str]]:
    """Return how a relation differs from what is promised of it, as dbt compares the two.

    dbt wants the very same columns, in any order, of the very same types.
    """
    if columns is None:
        return []
    have = {name.lower(): type_ for name, type_ in columns}
    found = []
    for name, wanted in contract.promised:
        if name.lower() not in have:
            found.append((name, f'the contract promises "{name}", which is not there'))
            continue
        type_ = have[name.lower()]
        said = type_named(wanted, target) if wanted else None
        if said is not None and type_ is not None and _family(said) != _family(type_):
            found.append((name, f'the contract promises "{name}" as {said}, it is {type_}'))
    promised = {name.lower() for name, _ in contract.promised}
    found += [(name, f'"{name}" is not in the contract') for name in have if name not in promised]
    return found


def _family(type_: str) -> str:
    """Return a type without its size: dbt compares numeric types so, by default."""
    return type_.split("(", 1)[0]


def coverage_of(verdicts: Iterable[Verdict]) -> Coverage:
    """Return how many verdicts are proved, inferred from lineage, and unknown."""
    proved = inferred = unknown = 0
    for verdict in verdicts:
        if verdict.status is Status.UNKNOWN:
            unknown += 1
        elif verdict.known is Known.LINEAGE:
            inferred += 1
        else:
            proved += 1
    return Coverage(proved, inferred, unknown)


def differences(before: Columns | None, after: Columns | None) -> SchemaDifference:
    """Return how two schemas differ; nothing, where one is not known."""
    if before is None or after is None or before == after:
        return SchemaDifference()
    was = {name.lower(): type_ for name, type_ in before}
    now = {name.lower(): type_ for name, type_ in after}
    return SchemaDifference(
        lost=tuple(name for name, _ in before if name.lower() not in now),
        gained=tuple(name for name, _ in after if name.lower() not in was),
        type=tuple(
            (name, was[name.lower()], type_)
            for name, type_ in after
            if name.lower() in was and _differ(was[name.lower()], type_)
        ),
        reordered=[name for name in was if name in now] != [name for name in now if name in was],
    )


def _differ(before: str | None, after: str | None) -> bool:
    return before is not None and after is not None and before != after


def describe(difference: SchemaDifference) -> str:
    """Return a difference in words."""
    said = []
    if difference.lost:
        said.append(f"loses {_list(difference.lost)}")
    if difference.gained:
        said.append(f"gains {_list(difference.gained)}")
    if difference.type:
        said.append(_list(map(_other_type, difference.type)))
    if difference.reordered:
        said.append("its columns come in another order")
    return "; ".join(said)


def _other_type(change: tuple[str, str | None, str | None]) -> str:
    name, was, now = change
    return f"{name} is {now} now" if was is None else f"{name} is {now} and was {was}"


def _list(names: Iterable[str]) -> str:
    every = list(names)
    shown = ", ".join(every[:5])
    return shown if len(every) <= 5 else f"{shown} and {len(every) - 5} more"  # noqa: PLR2004 - enough to see what it is about


def _star(target: DatasetId, unit: Unit, outcome: Outcome, world: World) -> Star | None:
    """Return the star that all unlisted columns of a relation come through, if there is one."""
    found = (star_of(unit, item, world) for item in _of(outcome, target))
    return next((star for star in found if star is not None), None)


def _of(outcome: Outcome, target: DatasetId) -> list[Written]:
    return [item for item in outcome.written if item.target == target]


def _named(outcome: Outcome) -> list[tuple[str, Column]]:
    rows = outcome.rows
    return [] if rows is None else [(column.name, column) for column in rows.columns]
