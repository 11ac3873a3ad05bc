"""The state of an estate at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from lineage.model.diagnostic import Diagnostic
from lineage.model.edge import Edge
from lineage.model.entities import Dataset, Job, Run
from lineage.model.identity import DatasetId, JobId


@dataclass(frozen=True, slots=True)
class Counts:
    """What was read, as the documents name it (before names were merged)."""

    events: int = 0
    runs: int = 0
    jobs: int = 0
    """Jobs that sent an event themselves; parents that were only mentioned are left out."""
    datasets: int = 0
    """Datasets named in inputs, outputs or dataset events."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Datasets, jobs, runs and edges, in key order; equal input gives an equal snapshot."""

    datasets: Mapping[DatasetId, Dataset]
    jobs: Mapping[JobId, Job]
    runs: Mapping[str, Run]
    edges: tuple[Edge, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    counts: Counts = field(default_factory=Counts)
    as_of: datetime | None = None
    """The instant it describes; ``None`` when it describes the latest state."""
