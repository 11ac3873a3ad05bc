"""What changed upstream before something broke: the mirror of impact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from lineage.model.diagnostic import Location
from lineage.model.identity import DatasetId, FieldId, JobId


class CulpritKind(StrEnum):
    """What happened upstream."""

    SCHEMA = "schema"
    """A dataset's columns or types changed."""
    SQL = "sql"
    """A job's statement changed."""
    EDGE = "edge"
    """Lineage appeared or went away."""
    RUN = "run"
    """A run failed or was aborted."""


@dataclass(frozen=True, slots=True)
class Culprit:
    """One event upstream. ``hops`` counts from the thing that broke; nearer is more suspect."""

    at: datetime
    kind: CulpritKind
    subject: DatasetId | FieldId | JobId
    message: str
    hops: int
    path: tuple[str, ...] = ()
    """Short names from the subject down to what broke."""
    owners: tuple[str, ...] = ()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Blame:
    """What changed upstream of ``of`` until ``before``, the latest first."""

    of: FieldId | DatasetId
    before: datetime
    culprits: tuple[Culprit, ...]
    columns: int = 0
    """Columns upstream that were looked at."""
    datasets: int = 0
    without_history: tuple[DatasetId, ...] = ()
    """Upstream datasets whose changes, if any, nobody recorded: not cleared of suspicion."""
