"""Columns that have to be there because somebody names them, outside of any SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lineage.analysis.estate import Estate, short
from lineage.analysis.impact import coverage_of
from lineage.model.entities import Job
from lineage.model.identity import FieldId
from lineage.model.verdict import Evidence, Impact, Known, Status, Verdict

_WORSE = frozenset({Status.BLOCKED})


def with_named(impact: Impact, base: Estate, head: Estate) -> Impact:
    """Return the impact, in which a job breaks that names a column which is not there."""
    consumers = {verdict.subject: verdict for verdict in impact.consumers}
    for id_, job in head.snapshot.jobs.items():
        known = consumers.get(id_)
        if not job.exact or (known is not None and known.status in _WORSE):
            continue
        before = base.snapshot.jobs.get(id_)
        earlier = set(_lacking(base, before)) if before is not None else set()
        lacking = [field for field in _lacking(head, job) if field not in earlier]
        if lacking:
            consumers[id_] = _broken(base, job, lacking, known)
    verdicts = tuple(consumers.values())
    if verdicts == impact.consumers:
        return impact
    return replace(impact, consumers=verdicts, coverage=coverage_of((*impact.relations, *verdicts)))


def _lacking(estate: Estate, job: Job) -> Iterator[FieldId]:
    for field in job.fields:
        table = estate.world.table(field.dataset)
        columns = table.columns if table is not None else None
        if columns is not None and field.name.lower() not in {name.lower() for name, _ in columns}:
            yield field


def _broken(base: Estate, job: Job, lacking: list[FieldId], known: Verdict | None) -> Verdict:
    evidence = []
    for field in lacking:
        table = base.world.table(field.dataset)
        had = {name.lower() for name, _ in (table.columns if table is not None else None) or ()}
        what = "gone" if field.name.lower() in had else "not there"
        message = f"uses {short(field.dataset)}.{field.name}, which is {what}"
        evidence.append(Evidence("column-gone", message, column=field.name))
    return Verdict(
        job.id,
        job.id.name,
        job.kind.value,
        Status.BREAKS,
        Known.BOUND,
        tuple(evidence),
        path=known.path if known is not None else (job.id.name,),
        owners=job.owners,
        location=job.origin,
    )
