"""Witnesses: real engines that are asked whether our binder is right.

The cone of a change is built twice on empty tables, as it is and as it would be, and the engine's
own errors and columns become the verdicts. What the binder said otherwise is reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from lineage.analysis.estate import Estate, reads_of, short
from lineage.analysis.impact import coverage_of, describe, differences
from lineage.analysis.proposal import propose
from lineage.catalog.program import Unit
from lineage.catalog.world import Columns, DatasetTable, World
from lineage.errors import UnknownWitness
from lineage.model.diagnostic import Diagnostic, Severity
from lineage.model.identity import DatasetId, JobId
from lineage.model.verdict import Evidence, Impact, Known, SchemaDifference, Status, Verdict

POSTGRES = ("postgresql://", "postgres://")


class Engine(Protocol):
    """A database that holds nothing but what it is told to."""

    def table(self, table: DatasetTable) -> None:
        """Create an empty table. Raises EngineRefused."""

    def build(self, unit: Unit, target: DatasetTable) -> None:
        """Run a unit, making ``target`` anew if it is a query. Raises EngineRefused."""

    def query(self, unit: Unit) -> None:
        """Bind a query without running it. Raises EngineRefused."""

    def routine(self, unit: Unit) -> None:
        """Make the macros and functions of a unit that makes nothing else. Raises EngineRefused."""

    def columns(self, table: DatasetTable) -> Columns:
        """Return the columns of a table that was made."""

    def close(self) -> None:
        """Leave nothing behind."""


class EngineRefused(Exception):
    """What the engine said."""


@dataclass(frozen=True, slots=True)
class _Built:
    """What came of building a cone."""

    columns: dict[DatasetId, Columns]
    errors: dict[DatasetId | JobId, str]
    blocked: dict[DatasetId | JobId, DatasetId]
    routines: set[JobId] = field(default_factory=set)


def ask(estate: Estate, found: Impact, engine: str) -> Impact:
    """Return an answer with the verdicts of an engine: ``duckdb`` or ``postgresql://…``.

    What an engine cannot be asked about (jobs without SQL, values) keeps the binder's verdict.
    Raises UnknownWitness for an engine that is not known, or not installed, or not there.
    """
    proposal = propose(estate, found.change)
    targets = {verdict.subject for verdict in found.relations}
    jobs = {verdict.subject for verdict in found.consumers}
    units = [
        unit
        for unit in estate.steps
        if unit.statements and (targets.intersection(unit.writes) or unit.id in jobs)
    ]
    known = {unit.id for unit in units}
    edited = [proposal.edits.get(unit.id, unit) for unit in units]
    edited += [unit for id_, unit in proposal.edits.items() if id_ not in known]
    with_change = _build(estate, proposal.world, edited, engine, before=False)
    without = _build(estate, estate.world, units, engine, before=True)
    told: list[Diagnostic] = []
    relations = tuple(_relation(item, without, with_change, told) for item in found.relations)
    consumers = tuple(_consumer(item, without, with_change, told) for item in found.consumers)
    return replace(
        found,
        relations=relations,
        consumers=consumers,
        coverage=coverage_of((*relations, *consumers)),
        diagnostics=(*found.diagnostics, *told),
    )


def _open(engine: str) -> Engine:
    if engine == "duckdb":
        from lineage.witness.duckdb import DuckDb  # noqa: PLC0415 - only when it is asked

        return DuckDb()
    if engine.startswith(POSTGRES):
        from lineage.witness.postgres import Postgres  # noqa: PLC0415 - only when it is asked

        return Postgres(engine)
    raise UnknownWitness(engine, "it is neither duckdb nor postgresql://…")


def _build(estate: Estate, world: World, units: list[Unit], engine: str, *, before: bool) -> _Built:
    """Build a cone on empty tables."""
    made = {target for unit in units for target in unit.writes if unit.makes}
    subjects = {id_ for id_ in made if not before and _by_hand(world, estate, id_)}
    built = _Built({}, {}, {})
    database = _open(engine)
    try:
        for id_ in _inputs(estate, units):
            if id_ not in made or id_ in subjects:
                _input(database, world, id_)
        for unit in units:
            _unit(database, estate, world, unit, subjects, built)
    finally:
        database.close()
    return built


def _by_hand(world: World, estate: Estate, id_: DatasetId) -> bool:
    """Return whether the change was made to the result of a statement, not to the statement."""
    return world.table(id_) is not estate.world.table(id_)


def _inputs(estate: Estate, units: Iterable[Unit]) -> Iterator[DatasetId]:
    found: dict[DatasetId, None] = {}
    for unit in units:
        for id_ in sorted(reads_of(unit, estate.outcomes.get(unit.id))):
            found[id_] = None
        if not unit.makes:
            found.update(dict.fromkeys(unit.writes))
    yield from found


def _input(database: Engine, world: World, id_: DatasetId) -> None:
    table = world.table(id_)
    if table is None or table.columns is None:
        return
    try:
        database.table(table)
    except EngineRefused:
        return  # who reads it will be told that it is not there


def _unit(  # noqa: PLR0913, PLR0917 - the state of one build
    database: Engine,
    estate: Estate,
    world: World,
    unit: Unit,
    subjects: set[DatasetId],
    built: _Built,
) -> None:
    outcome = estate.program.bind(unit, world)
    failed = sorted(id_ for id_ in reads_of(unit, outcome) if id_ in built.errors)
    for maker in estate.program.makers(unit):
        if maker.id not in built.routines:
            built.routines.add(maker.id)
            with suppress(EngineRefused):  # who calls it will be told that it is not there
                database.routine(maker)
    # A table is there although a statement failed to fill it: a run would have stopped.
    half = next((id_ for id_ in failed if id_ in built.columns and id_ not in unit.writes), None)
    if not unit.writes:
        _try(built, unit.id, failed, partial(database.query, unit), half)
        return
    for target in unit.writes:
        table = world.table(target) or estate.program.table(target, None)
        if target in subjects or (not unit.makes and _by_hand(world, estate, target)):
            if not unit.makes:  # what fills a changed table is a consumer of it
                _try(built, unit.id, failed, partial(database.build, unit, table), half)
            continue
        if _try(built, target, failed, partial(database.build, unit, table), half):
            built.columns[target] = database.columns(table)


def _try(
    built: _Built,
    subject: DatasetId | JobId,
    failed: list[DatasetId],
    work: Callable[[], None],
    half: DatasetId | None,
) -> bool:
    refusal = f"{short(half)} could not be filled" if half is not None else None
    if refusal is None:
        try:
            work()
        except EngineRefused as error:
            refusal = str(error)
    if refusal is None:
        return True
    built.errors.setdefault(subject, refusal)
    if failed:
        built.blocked[subject] = failed[0]
    return False


def _relation(verdict: Verdict, before: _Built, after: _Built, told: list[Diagnostic]) -> Verdict:
    id_ = verdict.subject
    if not isinstance(id_, DatasetId) or not _asked(id_, before, after):
        return verdict
    if id_ in after.errors:
        status = Status.BLOCKED if id_ in after.blocked else Status.BREAKS
        evidence = _said(verdict, status, after.errors[id_])
        return _settled(verdict, status, evidence, told)
    difference = differences(before.columns.get(id_), after.columns.get(id_))
    if difference:
        why = Evidence("other-columns", describe(difference), verdict.location)
        kept = verdict.evidence if verdict.status is Status.SCHEMA_CHANGES else (why,)
        return _settled(verdict, Status.SCHEMA_CHANGES, kept, told, difference)
    status = Status.OK if verdict.status is not Status.VALUE_CHANGES else verdict.status
    kept = verdict.evidence if status is Status.VALUE_CHANGES else ()
    return _settled(verdict, status, kept, told)


def _consumer(verdict: Verdict, before: _Built, after: _Built, told: list[Diagnostic]) -> Verdict:
    id_ = verdict.subject
    if verdict.known is Known.LINEAGE or not isinstance(id_, JobId) or id_ in before.errors:
        return verdict
    if id_ in after.errors:
        status = Status.BLOCKED if id_ in after.blocked else Status.BREAKS
        return _settled(verdict, status, _said(verdict, status, after.errors[id_]), told)
    if verdict.status in {Status.VALUE_CHANGES, Status.OK}:
        return replace(verdict, known=Known.ENGINE)
    return _settled(verdict, Status.OK, (), told)


def _asked(id_: DatasetId, before: _Built, after: _Built) -> bool:
    """Return whether the engine could tell: a cone that it cannot build now proves nothing."""
    return id_ not in before.errors and (id_ in after.columns or id_ in after.errors)


def _said(verdict: Verdict, status: Status, message: str) -> tuple[Evidence, ...]:
    """Return the binder's reasons where it agrees, and the engine's words."""
    words = Evidence("engine", " ".join(message.split()), verdict.location)
    return (*verdict.evidence, words) if verdict.status is status else (words,)


def _settled(
    verdict: Verdict,
    status: Status,
    evidence: tuple[Evidence, ...],
    told: list[Diagnostic],
    difference: SchemaDifference | None = None,
) -> Verdict:
    if status is not verdict.status:
        rule = verdict.evidence[0].code if verdict.evidence else "none"
        message = (
            f"{verdict.relation}: the engine says {status.value}, the binder said "
            f"{verdict.status.value} (rule {rule})"
        )
        told.append(Diagnostic("witness-disagrees", message, Severity.WARNING, verdict.location))
    return replace(
        verdict,
        status=status,
        known=Known.ENGINE,
        evidence=evidence,
        difference=difference or SchemaDifference(),
    )
