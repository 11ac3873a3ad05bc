"""What SQL says: the edges, schemas and problems that come out of binding every statement."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from lineage.catalog.apply import dataset_edges
from lineage.catalog.passing import ALL, passed, source_of, stars
from lineage.catalog.program import Outcome, Program, Unit, Written
from lineage.catalog.reconcile import edge_key, reconcile
from lineage.catalog.world import Columns, World
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, DatasetKind, Field, Job
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import locate
from lineage.model.snapshot import Snapshot
from lineage.model.transformation import Transformation, TransformationSubtype, TransformationType
from lineage.sql.relation import (
    AGGREGATION,
    CONDITIONAL,
    INDIRECT_SUBTYPES,
    MASKED,
    STRENGTH,
    TRANSFORMATION,
    WINDOW,
)


@dataclass(frozen=True, slots=True)
class Settled:
    """Every statement bound: the tables as they are, and what each unit said."""

    program: Program
    world: World
    outcomes: Mapping[JobId, Outcome]


def settle(snapshot: Snapshot, dialect: str | None = None) -> Settled:
    """Bind every statement, what writes a table before what reads it."""
    program = Program(snapshot, dialect)
    world = World()
    for dataset in snapshot.datasets.values():
        world.put(program.table(dataset.id, program.normalized(dataset)))
    outcomes: dict[JobId, Outcome] = {}
    for unit in program.units:
        for target in unit.writes:
            if world.table(target) is None:
                world.put(program.table(target, None))
        outcome = outcomes[unit.id] = program.bind(unit, world)
        for target, columns in made(outcome, world, snapshot.datasets):
            world.put(program.table(target, columns))
    return Settled(program, world, outcomes)


def made(
    outcome: Outcome, world: World, datasets: Mapping[DatasetId, Dataset]
) -> Iterator[tuple[DatasetId, Columns | None]]:
    """Yield what a unit makes, with its columns: as bound, else as they were declared."""
    failed = any(problem.certain for problem in outcome.problems)
    for target, columns in outcome.defined.items():
        known = world.table(target)
        declared = known.columns if known is not None else None
        dataset = datasets.get(target)
        if columns is None or (failed and declared is not None):
            yield target, declared
        elif declared is None:
            yield target, columns
        else:
            kind = dataset.kind if dataset is not None else DatasetKind.UNKNOWN
            yield target, _completed(columns, declared, extended=kind is DatasetKind.SNAPSHOT)


def _completed(columns: Columns, declared: Columns, *, extended: bool) -> Columns:
    """Fill in types that could not be worked out.

    ``extended`` keeps the columns that a tool adds behind those of the query (dbt's snapshots).
    """
    types = {name.lower(): type_ for name, type_ in declared}
    full = tuple((name, type_ or types.get(name.lower())) for name, type_ in columns)
    names = [name.lower() for name, _ in columns]
    if extended and [name.lower() for name, _ in declared[: len(names)]] == names:
        return (*full, *declared[len(names) :])
    return full


def derive(
    snapshot: Snapshot, dialect: str | None = None, settled: Settled | None = None
) -> Snapshot:
    """Return the snapshot with what its SQL says.

    Edges are reconciled with those that were declared; outputs get the schemas that their
    statements give them where none was declared; what does not bind is a diagnostic, and its job
    has edges from dataset to dataset. ``settled`` is the snapshot, where it was bound already.
    """
    settled = settled or settle(snapshot, dialect)
    program = settled.program
    edges: list[Edge] = []
    diagnostics = list(snapshot.diagnostics)
    jobs = dict(snapshot.jobs)
    mentioned: set[DatasetId] = set()
    for unit in program.units:
        outcome = settled.outcomes[unit.id]
        found = list(_edges(unit, outcome))
        job = jobs[unit.id] = _job(unit, outcome)
        covered = {_dataset(edge.source) for edge in found}
        whole = (edge for edge in dataset_edges(job) if edge.source not in covered)
        edges.extend(found)
        edges.extend(
            replace(edge, basis=Basis.DERIVED) for edge in whole if edge.source in outcome.reads
        )
        if not found:
            edges.extend(dataset_edges(unit.job))
        mentioned.update((*job.inputs, *job.outputs))
        diagnostics.extend(_diagnostics(unit, outcome))
    through = list(stars(program, settled.world, settled.outcomes))
    for star, source, target in passed(through, [*snapshot.edges, *edges]):
        flags = next(iter(star.column.direct.values()))
        evidence = _evidence(star.unit, star.column.place)
        edges.append(Edge(source, target, Basis.DERIVED, star.unit.id, _value(flags), evidence))
    datasets = _datasets(snapshot, settled, mentioned)
    return replace(
        snapshot,
        datasets={id_: datasets[id_] for id_ in sorted(datasets)},
        jobs=jobs,
        edges=_merged(snapshot.edges, edges),
        diagnostics=tuple(dict.fromkeys(diagnostics)),
    )


def _merged(declared: tuple[Edge, ...], derived: list[Edge]) -> tuple[Edge, ...]:
    columns = [edge for edge in declared if edge.basis is not Basis.DERIVED]
    merged = reconcile(columns, dict.fromkeys(derived))
    # Datasets joined as a whole say nothing where columns are known.
    known = {
        (_dataset(edge.source), _dataset(edge.target), edge.job)
        for edge in merged
        if isinstance(edge.source, FieldId)
    }
    kept = {
        edge
        for edge in merged
        if isinstance(edge.source, FieldId)
        or edge.basis is Basis.DERIVED
        or (edge.source, edge.target, edge.job) not in known
    }
    return tuple(sorted(kept, key=edge_key))


def _edges(unit: Unit, outcome: Outcome) -> Iterator[Edge]:
    for written in outcome.written:
        yield from _value_edges(unit, written)
        for origin, flags in written.indirect.items():
            source = source_of(origin, unit)
            if isinstance(source, FieldId):
                yield Edge(
                    source,
                    written.target,
                    Basis.DERIVED,
                    unit.id,
                    _influence(flags),
                    _evidence(unit, (1, 1)),
                )


def _value_edges(unit: Unit, written: Written) -> Iterator[Edge]:
    for name, column in written.columns:
        target = FieldId(written.target, name)
        evidence = _evidence(unit, column.place)
        for origin, flags in column.direct.items():
            source = source_of(origin, unit)
            if isinstance(source, FieldId) and name != ALL:
                yield Edge(source, target, Basis.DERIVED, unit.id, _value(flags), evidence)
            else:
                whole = source.dataset if isinstance(source, FieldId) else source
                yield Edge(whole, written.target, Basis.DERIVED, unit.id, frozenset(), evidence)
        for origin, flags in column.indirect.items():
            source = source_of(origin, unit)
            if isinstance(source, FieldId) and origin not in column.direct:
                steps = _influence(flags)
                yield Edge(source, target, Basis.DERIVED, unit.id, steps, evidence)


@lru_cache(maxsize=256)
def _value(flags: int) -> frozenset[Transformation]:
    strength = flags & STRENGTH
    subtype = TransformationSubtype.IDENTITY
    if strength >= AGGREGATION:
        subtype = TransformationSubtype.AGGREGATION
    elif strength == TRANSFORMATION:
        subtype = TransformationSubtype.TRANSFORMATION
    masking = True if flags & MASKED else None
    steps = {Transformation(TransformationType.DIRECT, subtype, masking=masking)}
    for bit, name in ((CONDITIONAL, "CONDITIONAL"), (WINDOW, "WINDOW")):
        if flags & bit:
            steps.add(Transformation(TransformationType.INDIRECT, name))
    return frozenset(steps)


@lru_cache(maxsize=256)
def _influence(flags: int) -> frozenset[Transformation]:
    return frozenset(
        Transformation(TransformationType.INDIRECT, name)
        for bit, name in INDIRECT_SUBTYPES
        if flags & bit
    )


def _evidence(unit: Unit, place: tuple[int, int]) -> tuple[Location, ...]:
    line, column = place
    found = locate(unit.job.origin, unit.job.places, line, column)
    return (found,) if found is not None else ()


def _job(unit: Unit, outcome: Outcome) -> Job:
    """Return the job with what its statements read and write, as bound."""
    job = unit.job
    written = dict.fromkeys(item.target for item in outcome.written)
    inputs = tuple(sorted({*job.inputs, *(id_ for id_ in outcome.reads if id_ not in written)}))
    outputs = tuple(sorted({*job.outputs, *written}))
    return replace(job, inputs=inputs, outputs=outputs)


def _datasets(
    snapshot: Snapshot, settled: Settled, mentioned: set[DatasetId]
) -> dict[DatasetId, Dataset]:
    datasets = dict(snapshot.datasets)
    for id_ in mentioned:
        if id_ not in datasets:
            datasets[id_] = Dataset(id_)
    makers = {
        target: unit
        for unit in settled.program.units
        for target in settled.outcomes[unit.id].defined
    }
    filled = {item.target for found in settled.outcomes.values() for item in found.written}
    for id_, dataset in datasets.items():
        table = settled.world.table(id_)
        unit = makers.get(id_)
        changed = dataset
        if table is not None and table.columns is not None:
            changed = _described(changed, table.columns)
        if unit is not None and changed.origin is None:
            changed = replace(changed, origin=unit.job.origin)
        if unit is not None and changed.kind is DatasetKind.UNKNOWN:
            kind = DatasetKind.VIEW if unit.view else DatasetKind.TABLE
            changed = replace(changed, kind=kind)
        if changed.kind is DatasetKind.UNKNOWN and id_ in filled:
            changed = replace(changed, kind=DatasetKind.TABLE)
        datasets[id_] = changed
    return datasets


def _described(dataset: Dataset, columns: Columns) -> Dataset:
    """Add what binding found out; what was declared stands."""
    if dataset.fields is None:
        return replace(dataset, fields=tuple(Field(name, type_) for name, type_ in columns))
    if all(field.type for field in dataset.fields):
        return dataset
    types = {name.lower(): type_ for name, type_ in columns}
    fields = tuple(
        field if field.type else replace(field, type=types.get(field.name.lower()))
        for field in dataset.fields
    )
    return replace(dataset, fields=fields)


def _diagnostics(unit: Unit, outcome: Outcome) -> Iterator[Diagnostic]:
    for problem in outcome.problems:
        if problem.code == "does-not-parse" and unit.job.note is not None:
            continue  # whoever read the script has said so
        place = locate(unit.job.origin, unit.job.places, *problem.place)
        severity = Severity.WARNING if problem.certain else Severity.NOTE
        if problem.code == "does-not-parse":
            severity = Severity.ERROR
        yield Diagnostic(problem.code, f"{unit.id.name}: {problem.message}", severity, place)


def _dataset(end: object) -> DatasetId | JobId | None:
    if isinstance(end, FieldId):
        return end.dataset
    return end if isinstance(end, DatasetId | JobId) else None


__all__ = ["Settled", "derive", "made", "settle"]
