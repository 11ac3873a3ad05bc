"""Two states of an estate compared: what was added, removed and changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId, JobId


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
class Difference:
    """One thing that differs. ``before`` and ``after`` are text for people, ``None`` if absent."""

    aspect: Aspect
    act: Act
    subject: DatasetId | FieldId | JobId | Edge
    before: str | None = None
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Diff:
    """Everything that differs, in a fixed order: datasets, fields, jobs, edges."""

    differences: tuple[Difference, ...]

    def __bool__(self) -> bool:
        """Return whether anything differs."""
        return bool(self.differences)

    def of(self, *aspects: Aspect) -> tuple[Difference, ...]:
        """Return the differences in these aspects."""
        return tuple(row for row in self.differences if row.aspect in aspects)
