"""What the rules look at, from two bound states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lineage.analysis.compare import compare
from lineage.analysis.estate import Estate
from lineage.model.diagnostic import Diagnostic, Location
from lineage.model.entities import DatasetKind
from lineage.model.identity import DatasetId
from lineage.policy import Facts, placed

Files = Mapping[str, bytes]


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
    return Facts(
        compare(one, other),
        one,
        other,
        new_problems(one.snapshot.diagnostics, other.snapshot.diagnostics),
        changed_data(other, base.files, head.files),
        seen,
        unseen,
        floor,
    )


def new_problems(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Return the head's problems that the base does not have, wherever they stood there."""
    known = {(row.code, _unplaced(row)) for row in before}
    return tuple(row for row in after if (row.code, _unplaced(row)) not in known)


def _unplaced(row: Diagnostic) -> str:
    where = row.location
    if where is None:
        return row.message
    return row.message.replace(f"{where.document}:{where.line}:{where.column}", where.document)


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
