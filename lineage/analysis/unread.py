"""What a change makes unreadable: jobs whose statement is not known any more, or not yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lineage.analysis.estate import Estate, short
from lineage.analysis.impact import coverage_of
from lineage.model.entities import Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.verdict import Evidence, Impact, Known, Status, Verdict


def with_unread(impact: Impact, base: Estate, head: Estate) -> Impact:
    """Return the impact with a verdict for each job that has no statement, and says why."""
    judged = {verdict.subject for verdict in (*impact.relations, *impact.consumers)}
    found = [
        verdict
        for id_, job in head.snapshot.jobs.items()
        if job.sql is None and job.note is not None and _was_read(base, job)
        for verdict in _verdicts(head, job, job.note)
        if verdict.subject not in judged and id_ not in judged
    ]
    if not found:
        return impact
    relations = (*impact.relations, *(row for row in found if isinstance(row.subject, DatasetId)))
    consumers = (*impact.consumers, *(row for row in found if isinstance(row.subject, JobId)))
    coverage = coverage_of((*relations, *consumers))
    return replace(impact, relations=relations, consumers=consumers, coverage=coverage)


def _was_read(base: Estate, job: Job) -> bool:
    before = base.snapshot.jobs.get(job.id)
    return before is None or before.sql is not None


def _verdicts(head: Estate, job: Job, note: str) -> Iterator[Verdict]:
    evidence = (Evidence("no-statement", note, job.origin),)
    subjects: list[tuple[DatasetId | JobId, str, str]] = [
        *((id_, short(id_), head.described(id_).kind.value) for id_ in job.outputs),
        *([] if job.outputs else [(job.id, job.id.name, job.kind.value)]),
    ]
    for subject, name, kind in subjects:
        yield Verdict(
            subject,
            name,
            kind,
            Status.UNKNOWN,
            Known.BOUND,
            evidence,
            path=(name,),
            owners=job.owners,
            location=job.origin,
        )
