"""What the rules look at, from two bound states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from lineage.analysis.compare import compare
from lineage.analysis.estate import Estate
from lineage.analysis.later import later
from lineage.analysis.named import with_named
from lineage.model.change import ChangeSet
from lineage.model.diagnostic import Diagnostic, Location
from lineage.model.entities import DatasetKind
from lineage.model.identity import DatasetId, JobId
from lineage.model.verdict import Impact
from lineage.policy import Facts, jobs_at, placed, said
from lineage.policy.reference_resolves import UNRESOLVED
from lineage.policy.template_renders import CERTAIN

Files = Mapping[str, bytes]

_LINE = re.compile(r":\d+")
_WHOLE = frozenset({"broken-document", "dbt-unreadable-yaml", "unreadable"})
"""Problems of a document, of which one or the other comes to the same."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two."""

    estate: Estate
    files: Files
    """As far as they differ from the other's."""


def facts(
    base: Side,
    head: Side,
    *,
    seen: int = 0,
    unseen: tuple[Diagnostic, ...] = (),
    floor: float | None = None,
) -> Facts:
    """Compare two states."""
    one, other = base.estate, head.estate
    lost = tuple(filter(_is_project, other.snapshot.diagnostics))
    if lost:
        nothing = Impact(ChangeSet(()), (), ())
        missed = tuple(replace(row, message=said(row)) for row in lost)
        return Facts(nothing, one, one, lost, unseen=missed, floor=floor)
    problems = new_problems(one.snapshot.diagnostics, other.snapshot.diagnostics)
    return Facts(
        with_named(compare(one, other, _refused(other, problems)), one, other),
        one,
        other,
        problems,
        changed_data(other, base.files, head.files),
        seen,
        unseen,
        floor,
        tuple(later(one, other)),
    )


def _refused(head: Estate, problems: Iterable[Diagnostic]) -> dict[JobId, Diagnostic]:
    """Return the jobs that dbt refuses, each with the first reason."""
    found: dict[JobId, Diagnostic] = {}
    for row in problems:
        if row.location is not None and row.code in (CERTAIN | UNRESOLVED):
            for job in jobs_at(head.snapshot.jobs.values(), row.location):
                found.setdefault(job.id, row)
    return found


def _is_project(row: Diagnostic) -> bool:
    """Return whether it says that dbt_project.yml cannot be read: then nothing else is known."""
    parts = row.location.document.split("/") if row.location is not None else [""]
    own = parts[-1] == "dbt_project.yml" and "dbt_packages" not in parts
    return own and row.code == "dbt-unreadable-yaml"


def new_problems(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Return the head's problems that the base does not have, wherever they stood there."""
    known = {_unplaced(row) for row in before}
    return tuple(row for row in after if _unplaced(row) not in known)


def _unplaced(row: Diagnostic) -> tuple[str, str, str]:
    document = row.location.document if row.location else ""
    return row.code, document, "" if row.code in _WHOLE else _LINE.sub("", said(row))


def changed_data(head: Estate, before: Files, after: Files) -> dict[DatasetId, Location]:
    """Return the seeds whose rows differ, and where those are."""
    found = {}
    for id_, dataset in head.snapshot.datasets.items():
        place = placed(dataset.origin)
        if place is None or dataset.kind is not DatasetKind.SEED:
            continue
        rows = before.get(place.document)
        if rows is not None and rows != after.get(place.document, rows):
            found[id_] = place
    return found
