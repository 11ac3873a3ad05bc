"""The use cases: sources in, answers out. Where the rooms meet."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from lineage.model.answer import Cone, CoverageReport, Hit, Link, Path, Statement, Stats
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot

if TYPE_CHECKING:
    from lineage.analysis.blame import Blame
    from lineage.analysis.diff import Diff
    from lineage.model.change import ChangeSet
    from lineage.model.verdict import Impact


def open_workspace(
    *sources: str | FilePath,
    store: str | None = None,
    dialect: str | None = None,
    namespace: str | None = None,
    as_of: datetime | None = None,
) -> Workspace:
    """Read sources, or a store, and return what can be asked about them.

    Without sources the store is read: ``./.lineage/store.db`` unless another URL is given.
    """
    raise NotImplementedError


class Workspace:
    """An estate that answers questions. Answers are values: equal questions, equal answers."""

    @property
    def snapshot(self) -> Snapshot:
        """Datasets, jobs, runs, edges and diagnostics."""
        raise NotImplementedError

    def resolve(self, text: str) -> FieldId | DatasetId:
        """Return what an unambiguous suffix names, letter case aside.

        Raises UnknownName with the nearest names, and AmbiguousName with the candidates.
        """
        raise NotImplementedError

    def label(self, of: FieldId | DatasetId | JobId) -> str:
        """Return the shortest name that `resolve` takes back to ``of``."""
        raise NotImplementedError

    def search(self, text: str, *, limit: int = 50) -> tuple[Hit, ...]:
        """Return columns, datasets and jobs by name, description, tag or owner, best first."""
        raise NotImplementedError

    def downstream(
        self, of: FieldId | DatasetId, *, depth: int | None = None, direct: bool = False
    ) -> Cone:
        """Return what ``of`` flows into."""
        raise NotImplementedError

    def upstream(
        self, of: FieldId | DatasetId, *, depth: int | None = None, direct: bool = False
    ) -> Cone:
        """Return what flows into ``of``."""
        raise NotImplementedError

    def paths(self, a: FieldId, b: FieldId, *, limit: int = 20) -> tuple[Path, ...]:
        """Return ways from ``a`` to ``b``, shortest first, at most ``limit``."""
        raise NotImplementedError

    def edges_between(self, a: FieldId | DatasetId, b: FieldId | DatasetId) -> tuple[Edge, ...]:
        """Return the edges from ``a`` to ``b``, dataset-wide ones that cover ``b`` included."""
        raise NotImplementedError

    def statement(self, job: JobId) -> Statement:
        """Return a job's SQL and where it stands."""
        raise NotImplementedError

    def links(self, by: str = "dataset") -> tuple[Link, ...]:
        """Return lineage rolled up between datasets, schemas, namespaces or domains."""
        raise NotImplementedError

    def parse_change(self, record: Mapping[str, object]) -> ChangeSet:
        """Return the change that one JSON record describes (see `lineage impact --changes`)."""
        raise NotImplementedError

    def impact(self, changes: ChangeSet) -> Impact:
        """Return the verdict for everything downstream of ``changes``."""
        raise NotImplementedError

    def diff(self, other: Workspace) -> Diff:
        """Return what differs between this state (before) and ``other`` (after)."""
        raise NotImplementedError

    def blame(self, of: FieldId | DatasetId, before: datetime) -> Blame:
        """Return what changed upstream of ``of`` until ``before``, the latest first."""
        raise NotImplementedError

    def coverage(self) -> CoverageReport:
        """Return how much was understood, and what was not."""
        raise NotImplementedError

    def stats(self) -> Stats:
        """Return how much there is."""
        raise NotImplementedError
