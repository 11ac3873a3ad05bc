"""One statement of lineage: this endpoint feeds that one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lineage.model.diagnostic import Location
from lineage.model.identity import Endpoint, JobId
from lineage.model.transformation import Transformation, TransformationType


class Basis(StrEnum):
    """Who says so."""

    DECLARED = "DECLARED"
    """A producer: an event, a manifest."""
    DERIVED = "DERIVED"
    """We, from SQL text."""
    BOTH = "BOTH"
    """A producer and the SQL agree."""
    ASSUMED = "ASSUMED"
    """Every input crossed with every output, for want of anything better."""


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` feeds ``target`` through ``job``; ``evidence`` says who said so, and where.

    A target that is a dataset means: every column of it (the dataset-wide INDIRECT edge).
    """

    source: Endpoint
    target: Endpoint
    basis: Basis
    job: JobId | None = None
    transformations: frozenset[Transformation] = frozenset()
    evidence: tuple[Location, ...] = field(default=(), compare=False)
    first_seen: datetime | None = field(default=None, compare=False)
    last_seen: datetime | None = field(default=None, compare=False)
    verified: bool = field(default=True, compare=False)
    """False for lineage that only failed or aborted runs reported."""

    @property
    def direct(self) -> bool:
        """True when the value itself flows; an edge that does not say is taken as direct."""
        return not self.transformations or any(
            step.type is TransformationType.DIRECT for step in self.transformations
        )
