"""What becomes of each relation and consumer downstream of a change."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lineage.model.change import ChangeSet
from lineage.model.diagnostic import Diagnostic, Location
from lineage.model.entities import JobKind
from lineage.model.identity import DatasetId, JobId


class Status(StrEnum):
    """One a subject, the first that holds, in this order."""

    BLOCKED = "BLOCKED"
    """Something that it reads could not be rebuilt, and so it cannot."""
    BREAKS = "BREAKS"
    """Its own statement no longer binds."""
    UNKNOWN = "UNKNOWN"
    """It could not be read or bound; the evidence says why, and what would settle it."""
    SCHEMA_CHANGES = "SCHEMA_CHANGES"
    """It binds, and its columns, their order or their types differ."""
    VALUE_CHANGES = "VALUE_CHANGES"
    """Same schema, but values can differ."""
    OK = "OK"
    """Bound again, with the same result."""


SEVERITY: dict[Status, int] = {status: rank for rank, status in enumerate(reversed(Status))}
"""Higher is worse: BLOCKED is the worst, OK is 0."""


class Known(StrEnum):
    """How a verdict is known. Only ``bound`` and ``engine`` are proof."""

    BOUND = "bound"
    """Our binder bound the statement against the changed schema."""
    ENGINE = "engine"
    """A real engine dry-ran it."""
    LINEAGE = "lineage"
    """Inferred from the edges of a job whose statement is not known."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason. ``code`` is stable (``unknown-column``), ``message`` is for people."""

    code: str
    message: str
    location: Location | None = None
    column: str | None = None
    """The column that the reason is about, as written."""
    certain: bool = True
    """False where the values *may* differ, depending on the rows."""


@dataclass(frozen=True, slots=True)
class SchemaDifference:
    """Columns before against after. ``type`` rows are (column, before, after)."""

    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    type: tuple[tuple[str, str | None, str | None], ...] = ()
    reordered: bool = False

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.lost or self.gained or self.type or self.reordered)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one relation (a dataset) or one consumer (a job)."""

    subject: DatasetId | JobId
    relation: str
    """The short name people use: ``schema.name`` for a relation, a job's own name else."""
    kind: str
    """``table``, ``view``, …; or the :class:`JobKind` of a consumer or opaque job."""
    status: Status
    known: Known
    evidence: tuple[Evidence, ...] = ()
    difference: SchemaDifference = SchemaDifference()
    path: tuple[str, ...] = ()
    """Short names from what was changed to this subject, both ends included."""
    owners: tuple[str, ...] = ()
    location: Location | None = None
    """Where its definition stands."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of the cone could be judged. ``proved`` + ``inferred`` + ``unknown`` = all."""

    proved: int = 0
    inferred: int = 0
    unknown: int = 0


@dataclass(frozen=True, slots=True)
class Impact:
    """The answer to one change set. Verdicts are in build order, OK ones included."""

    change: ChangeSet
    relations: tuple[Verdict, ...]
    consumers: tuple[Verdict, ...]
    coverage: Coverage = Coverage()
    diagnostics: tuple[Diagnostic, ...] = ()


def consumer_kinds() -> tuple[JobKind, ...]:
    """Return the kinds that are listed under ``consumers``, in display order."""
    return (JobKind.TEST, JobKind.EXPOSURE, JobKind.METRIC, JobKind.CONTRACT, JobKind.JOB)
