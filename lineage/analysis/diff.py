"""Two states of an estate compared: what was added, removed and changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from lineage.model.edge import Edge
from lineage.model.entities import Dataset, Field, Job
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId, sort_key
from lineage.model.snapshot import Snapshot


class Act(StrEnum):
    """What happened to a thing between the two states."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Aspect(StrEnum):
    """Which side of a thing differs."""

    DATASET = "dataset"
    FIELD = "field"
    TYPE = "type"
    NULLABLE = "nullable"
    ORDER = "order"
    JOB = "job"
    SQL = "sql"
    EDGE = "edge"


@dataclass(frozen=True, slots=True)
class Flow:
    """Lineage from one endpoint to another, by whichever jobs: the subject of an EDGE row."""

    source: Endpoint
    target: Endpoint


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that differs. ``before`` and ``after`` are text for people, ``None`` if absent."""

    aspect: Aspect
    act: Act
    subject: DatasetId | FieldId | JobId | Flow
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs, in a fixed order: datasets with their fields, jobs, edges."""

    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.differences)

    def of(self, *aspects: Aspect) -> tuple[Difference, ...]:
        """Return the differences in these aspects."""
        return tuple(row for row in self.differences if row.aspect in aspects)


def diff(before: Snapshot, after: Snapshot) -> Diff:
    """Return what differs. Who claims an edge, and when it was seen, is no difference.

    A dataset's fields are compared only where both sides know them: not to know is no change.
    """
    rows: list[Difference] = []
    for dataset_id in sorted(before.datasets.keys() | after.datasets.keys()):
        rows.extend(_dataset(before.datasets.get(dataset_id), after.datasets.get(dataset_id)))
    for job_id in sorted(before.jobs.keys() | after.jobs.keys()):
        rows.extend(_job(before.jobs.get(job_id), after.jobs.get(job_id)))
    rows.extend(_edges(before.edges, after.edges))
    return Diff(tuple(rows))


def _dataset(before: Dataset | None, after: Dataset | None) -> Iterator[Difference]:
    if before is None or after is None:
        known = before or after
        if known is not None:
            act = Act.ADDED if before is None else Act.REMOVED
            columns = ", ".join(field.name for field in known.fields or ())
            old, new = (None, columns) if before is None else (columns, None)
            yield Difference(Aspect.DATASET, act, known.id, old, new)
        return
    if before.fields is not None and after.fields is not None:
        yield from fields(before.id, before.fields, after.fields)


def fields(
    dataset: DatasetId, before: tuple[Field, ...], after: tuple[Field, ...]
) -> Iterator[Difference]:
    """Yield how a dataset's columns differ: lost, gained, retyped, put in another order."""
    old = {field.name: field for field in before}
    new = {field.name: field for field in after}
    for name, field in old.items():
        if name not in new:
            row = Difference(
                Aspect.FIELD, Act.REMOVED, FieldId(dataset, name), field.type or "unknown type"
            )
            yield row
    for name, field in new.items():
        subject = FieldId(dataset, name)
        if name not in old:
            text = field.type or "unknown type"
            yield Difference(Aspect.FIELD, Act.ADDED, subject, None, text)
            continue
        was = old[name]
        if not same_type(was.type, field.type):
            yield Difference(Aspect.TYPE, Act.CHANGED, subject, was.type, field.type)
        if None not in (was.nullable, field.nullable) and was.nullable != field.nullable:
            yield Difference(
                Aspect.NULLABLE, Act.CHANGED, subject, _null(was.nullable), _null(field.nullable)
            )
    stayed_before = [name for name in old if name in new]
    stayed_after = [name for name in new if name in old]
    if stayed_before != stayed_after:
        yield Difference(
            Aspect.ORDER, Act.CHANGED, dataset, ", ".join(stayed_before), ", ".join(stayed_after)
        )


def same_type(one: str | None, other: str | None) -> bool:
    """Return whether two types differ in letter case and white space only, or one is not known.

    Producers write what their engine prints: ``INTEGER`` or ``integer``, ``DECIMAL(10, 2)`` or
    ``decimal(10,2)``. In quotes, as in an ENUM, each letter counts.
    """
    if one is None or other is None or one == other:
        return True
    if "'" in one or "'" in other:
        return False
    return "".join(one.split()).upper() == "".join(other.split()).upper()


def _null(nullable: bool | None) -> str:
    return "nullable" if nullable else "not null"


def _job(before: Job | None, after: Job | None) -> Iterator[Difference]:
    if before is None or after is None:
        known = before or after
        if known is not None:
            act = Act.ADDED if before is None else Act.REMOVED
            old, new = (None, known.sql) if before is None else (known.sql, None)
            yield Difference(Aspect.JOB, act, known.id, old, new)
    elif not same_sql(before.sql, after.sql):
        act = Act.ADDED if before.sql is None else Act.CHANGED
        act = Act.REMOVED if after.sql is None else act
        yield Difference(Aspect.SQL, act, after.id, before.sql, after.sql)


def same_sql(one: str | None, other: str | None) -> bool:
    """Return whether two statements differ in white space only."""
    return one == other or (one is not None and other is not None and one.split() == other.split())


def _edges(before: Iterable[Edge], after: Iterable[Edge]) -> Iterator[Difference]:
    old, new = _flows(before), _flows(after)
    for flow in sorted(
        old.keys() | new.keys(), key=lambda flow: (sort_key(flow.source), sort_key(flow.target))
    ):
        was, is_ = old.get(flow), new.get(flow)
        if was == is_:
            continue
        act = Act.ADDED if was is None else Act.REMOVED if is_ is None else Act.CHANGED
        yield Difference(Aspect.EDGE, act, flow, was, is_)


def _flows(edges: Iterable[Edge]) -> dict[Flow, str]:
    found: dict[Flow, set[str]] = {}
    for edge in edges:
        steps = found.setdefault(Flow(edge.source, edge.target), set())
        steps.update(f"{step.type.value} {step.subtype}".rstrip() for step in edge.transformations)
    return {flow: ", ".join(sorted(steps)) or "unspecified" for flow, steps in found.items()}
