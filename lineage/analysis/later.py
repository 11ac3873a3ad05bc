"""Statements that are others when they are run again: those of incremental models."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lineage.analysis.estate import Estate, short
from lineage.catalog.program import Outcome
from lineage.model.entities import Job
from lineage.model.places import locate
from lineage.model.verdict import Evidence, Known, Status, Verdict
from lineage.sql.frame import Problem


def later(base: Estate, head: Estate) -> Iterator[Verdict]:
    """Yield a verdict for each relation that can be built once, and then no more."""
    for id_, job in head.snapshot.jobs.items():
        if job.later is None or not job.outputs or _certain(head.outcomes.get(id_)):
            continue
        found = _problems(head, job)
        before = base.snapshot.jobs.get(id_) if found else None
        known = {problem.message for problem in _problems(base, before)} if before else set()
        fresh = [problem for problem in found if problem.message not in known]
        if fresh:
            yield _verdict(head, job, fresh)


def _problems(estate: Estate, job: Job) -> list[Problem]:
    """Return what is certainly wrong with what a job runs later."""
    if job.later is None:
        return []
    # It writes what it wrote at first, and nothing is asked of that here.
    again = replace(job, sql=job.later, outputs=())
    unit = estate.program.unit(again)
    return _certain(estate.program.bind(unit, estate.world))


def _certain(outcome: Outcome | None) -> list[Problem]:
    if outcome is None:
        return []
    return [problem for problem in outcome.problems if problem.certain]


def _verdict(head: Estate, job: Job, problems: list[Problem]) -> Verdict:
    target = job.outputs[0]
    described = head.described(target)
    evidence = tuple(
        Evidence(
            problem.code,
            f"when it is run again: {problem.message}",
            locate(job.origin, job.later_places, *problem.place),
            problem.column,
        )
        for problem in problems
    )
    return Verdict(
        target,
        short(target),
        described.kind.value,
        Status.BREAKS,
        Known.BOUND,
        evidence,
        path=(short(target),),
        owners=described.owners or job.owners,
        location=job.origin,
    )
