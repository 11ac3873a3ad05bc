"""The use cases: sources in, answers out. Where the rooms meet.

Rooms are imported inside the functions that need them: a question put to a prepared index is
answered in a few milliseconds, and importing the readers and the SQL binder takes a hundred times
that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from lineage.analysis.reach import cone, nodes_of, ways
from lineage.graph.index import MEMBER, Index, entries
from lineage.graph.names import Names
from lineage.model.answer import (
    Cone,
    CoverageReport,
    Direction,
    Extent,
    Hit,
    HitKind,
    Link,
    Path,
    Statement,
    Stats,
)
from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.names import schema_of
from lineage.origin import (
    DEFAULT_STORE,
    Documents,
    Given,
    Origin,
    Remote,
    Stored,
    stats_of,
)

if TYPE_CHECKING:
    from lineage.analysis.blame import Blame
    from lineage.analysis.diff import Diff
    from lineage.analysis.estate import Estate
    from lineage.analysis.plan import Plan
    from lineage.analysis.search import Entry
    from lineage.analysis.unused import Unused
    from lineage.model.change import Change, ChangeSet
    from lineage.model.event import Arrival, Event
    from lineage.model.snapshot import Snapshot
    from lineage.model.verdict import Impact


def open_workspace(
    *sources: str | FilePath,
    store: str | None = None,
    dialect: str | None = None,
    namespace: str | None = None,
    as_of: datetime | None = None,
) -> Workspace:
    """Read sources, or a store, and return what can be asked about them.

    Sources are files, folders and saved snapshots; ``-`` is standard input. Without sources the
    store is read: ``./.lineage/store.db`` unless another URL is given. With both, the sources
    are read on top of the store. Reading is put off until something is asked.

    Raises UnreadableSource, UnknownFormat or StoreMissing where there is nothing to read.
    """
    from lineage.stores.remote import is_remote  # noqa: PLC0415 - as above

    if store is not None and is_remote(store):
        remote = Remote(store, dialect, as_of)
        if not sources:
            return Workspace(remote, dialect=dialect)
        from lineage.errors import UnusableStore  # noqa: PLC0415 - see above

        raise UnusableStore(store, "documents cannot be read on top of a server; ingest them there")
    if sources:
        paths = tuple(str(source) for source in sources)
        return Workspace(Documents(paths, store, dialect, namespace, as_of), dialect=dialect)
    return Workspace(Stored(store or DEFAULT_STORE, dialect, as_of), dialect=dialect)


class Workspace:
    """An estate that answers questions. Answers are values: equal questions, equal answers."""

    def __init__(self, origin: Origin, *, dialect: str | None = None) -> None:
        self._origin = origin
        self._dialect = dialect

    @classmethod
    def of(cls, snapshot: Snapshot, *, dialect: str | None = None) -> Workspace:
        """Return a workspace on a snapshot at hand."""
        return cls(Given(snapshot), dialect=dialect)

    def at(self, instant: datetime) -> Workspace:
        """Return the same estate as it was at an instant."""
        return Workspace(self._origin.at(instant), dialect=self._dialect)

    def history(self) -> Iterable[Event | Arrival]:
        """Return all events that are known, whenever they were."""
        return self._origin.history()

    @cached_property
    def snapshot(self) -> Snapshot:
        """Datasets, jobs, runs, edges and diagnostics."""
        return self._origin.snapshot()

    def adopt(self, snapshot: Snapshot) -> None:
        """Take a state that another process read from the same origin, instead of reading it."""
        self.__dict__["snapshot"] = snapshot

    @cached_property
    def _index(self) -> Index:
        found = self._origin.index()
        if found is None:
            snapshot = self.snapshot  # a store prepares an index when it makes one
            found = self._origin.index()
            if found is None:
                from lineage.graph.build import build  # noqa: PLC0415 - see above

                found = build(snapshot)
        return found

    @property
    def _edges(self) -> Sequence[Edge] | None:
        """The edges with their evidence where they are read already, else None."""
        return self.snapshot.edges if "snapshot" in self.__dict__ else None

    @cached_property
    def _names(self) -> Names:
        return Names(self._index)

    # Names.

    def resolve(self, text: str, kind: HitKind | None = None) -> FieldId | DatasetId:
        """Return what an unambiguous suffix names, letter case and quotes aside.

        Raises UnknownName with the nearest names, and AmbiguousName with the candidates.
        """
        return self._names.resolve(text, kind)

    def is_described(self, text: str) -> bool:
        """Return whether a name is not that of one table whose columns nobody listed."""
        from lineage.errors import RequestError  # noqa: PLC0415 - see above

        try:
            found = self._names.resolve(text)
        except RequestError:
            return True
        if not isinstance(found, DatasetId):
            return True
        known = self.snapshot.datasets.get(found)
        return known is None or known.fields is not None

    def resolve_job(self, text: str) -> JobId:
        """Return the job of that name, or whose whole name ends so; raises like `resolve`."""
        from lineage.errors import AmbiguousName, UnknownName  # noqa: PLC0415 - see above

        wanted = text.casefold()
        found = [id_ for id_ in self.snapshot.jobs if id_.name.casefold() == wanted] or [
            id_
            for id_ in self.snapshot.jobs
            if f"/{id_.namespace}/{id_.name}".casefold().endswith(("/" + wanted, "." + wanted))
        ]
        if not found:
            from difflib import get_close_matches  # noqa: PLC0415 - only for a miss

            names = [id_.name for id_ in self.snapshot.jobs]
            kind = "job"
            raise UnknownName(kind, text, tuple(get_close_matches(text, names)))
        if len(found) > 1:
            kind = "job"
            raise AmbiguousName(kind, text, tuple(f"{id_.namespace}/{id_.name}" for id_ in found))
        return found[0]

    def label(self, of: FieldId | DatasetId | JobId) -> str:
        """Return the shortest name that `resolve` takes back to ``of``; a job's own name."""
        if isinstance(of, JobId):
            return of.name if self._job_names.get(of.name, 0) < 2 else f"{of.namespace}/{of.name}"  # noqa: PLR2004 - one is no other
        return self._names.label(of)

    @cached_property
    def _job_names(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for id_ in self.snapshot.jobs:
            counts[id_.name] = counts.get(id_.name, 0) + 1
        return counts

    def search(self, text: str, *, limit: int = 50) -> tuple[Hit, ...]:
        """Return columns, datasets and jobs by name, description, tag or owner, best first."""
        from lineage.analysis.search import search  # noqa: PLC0415 - see above

        return search(self._search_table, text, self.label, limit=limit)

    @cached_property
    def _search_table(self) -> tuple[Entry, ...]:
        from lineage.analysis.search import entries as table  # noqa: PLC0415 - see above

        return table(self.snapshot, self.columns())

    def columns(self, of: DatasetId | None = None) -> tuple[FieldId, ...]:
        """Return the columns that are known or mentioned: in declared order, then by name."""
        index = self._index
        if of is None:
            return tuple(map(index.field, range(index.fields)))
        number = index.find_dataset(of)
        found = [] if number is None else [index.field(node) for node in index.columns(number)]
        dataset = self.snapshot.datasets.get(of)
        declared = (
            {field.name: place for place, field in enumerate(dataset.fields or ())}
            if dataset
            else {}
        )
        return tuple(
            sorted(found, key=lambda id_: (declared.get(id_.name, len(declared)), id_.name))
        )

    # Lineage.

    def downstream(
        self,
        of: FieldId | DatasetId,
        *,
        depth: int | None = None,
        direct: bool = False,
        edges: bool = True,
    ) -> Cone:
        """Return what ``of`` flows into; ``edges=False`` leaves the edges out of the answer."""
        kept = self._edges if edges else ()
        return cone(self._index, of, Direction.DOWNSTREAM, depth=depth, direct=direct, edges=kept)

    def upstream(
        self,
        of: FieldId | DatasetId,
        *,
        depth: int | None = None,
        direct: bool = False,
        edges: bool = True,
    ) -> Cone:
        """Return what flows into ``of``; ``edges=False`` leaves the edges out of the answer."""
        kept = self._edges if edges else ()
        return cone(self._index, of, Direction.UPSTREAM, depth=depth, direct=direct, edges=kept)

    def select(self, text: str) -> tuple[Edge, ...]:
        """Return the edges between the columns that ``text`` picks (see `lineage.graph.select`)."""
        from lineage.graph.select import select  # noqa: PLC0415 - see above

        index = self._index
        picked = select(index, self._names, text)
        return tuple(
            edge
            for number, edge in enumerate(self.snapshot.edges)
            if index.edge_source[number] in picked and index.edge_target[number] in picked
        )

    def paths(
        self,
        a: FieldId | DatasetId,
        b: FieldId | DatasetId,
        *,
        limit: int = 20,
        direct: bool = False,
    ) -> tuple[Path, ...]:
        """Return ways from ``a`` to ``b``, shortest first, at most ``limit``."""
        return ways(self._index, a, b, limit=limit, direct=direct, edges=self._edges)

    def edges_between(self, a: FieldId | DatasetId, b: FieldId | DatasetId) -> tuple[Edge, ...]:
        """Return the edges from ``a`` to ``b``, dataset-wide ones that cover ``b`` included."""
        index = self._index
        sources, targets = set(nodes_of(index, a)), set(nodes_of(index, b))
        sources.update(index.whole(index.dataset_of(node))[1] for node in tuple(sources))
        targets.update(index.whole(index.dataset_of(node))[0] for node in tuple(targets))
        numbers = {
            edge
            for node in sources
            for neighbour, edge in entries(index.forward, node, direct=False)
            if neighbour in targets and edge != MEMBER
        }
        return tuple(self.snapshot.edges[number] for number in sorted(numbers))

    def links(self, by: str = "dataset") -> tuple[Link, ...]:
        """Return lineage rolled up between groups: dataset, schema, namespace, domain or owner."""
        from lineage.graph.rollup import rollup  # noqa: PLC0415 - see above

        return rollup(self.snapshot.edges, lambda id_: self.group(id_, by))

    def group(self, of: DatasetId, by: str = "dataset") -> str:
        """Return the group that a dataset belongs to; a dash where it has none."""
        dataset = self.snapshot.datasets.get(of)
        match by:
            case "dataset":
                return self.label(of)
            case "schema":
                return schema_of(of.name) or of.namespace
            case "namespace":
                return of.namespace
            case "domain":
                return (dataset.domain if dataset else None) or "—"
            case "owner":
                return (dataset.owners[0] if dataset and dataset.owners else None) or "—"
        from lineage.errors import RequestError  # noqa: PLC0415 - see above

        msg = f"datasets are grouped by dataset, schema, namespace, domain or owner, not by {by}."
        raise RequestError(msg)

    def statement(self, job: JobId) -> Statement:
        """Return a job's SQL and where it stands. Raises UnknownName."""
        from lineage.errors import UnknownName  # noqa: PLC0415 - see above

        known = self.snapshot.jobs.get(job)
        if known is None:
            kind = "job"
            raise UnknownName(kind, f"{job.namespace}/{job.name}")
        return Statement(job, known.sql, known.dialect, known.origin, known.note)

    def spans(self, edge: Edge) -> tuple[tuple[int, int], ...]:
        """Return where an edge's evidence stands in its job's SQL: from and to, in characters."""
        from lineage.model.places import locate  # noqa: PLC0415 - see above

        job = self.snapshot.jobs.get(edge.job) if edge.job else None
        if job is None or job.sql is None:
            return ()
        wanted = {(place.document, place.line, place.column) for place in edge.evidence}
        found = []
        for line, text in enumerate(job.sql.splitlines(keepends=True), 1):
            before = sum(map(len, job.sql.splitlines(keepends=True)[: line - 1]))
            for word in _WORD.finditer(text):
                place = locate(job.origin, job.places, line, word.start() + 1)
                if place and (place.document, place.line, place.column) in wanted:
                    end = _DOTTED.match(text, word.start())
                    found.append((before + word.start(), before + (end or word).end()))
        return tuple(found)

    # Changes.

    def parse_change(self, record: Mapping[str, object]) -> ChangeSet:
        """Return the change that one JSON record describes (see `lineage impact --changes`)."""
        from lineage.analysis.what_if import parse  # noqa: PLC0415 - see above

        return parse(record)

    @cached_property
    def estate(self) -> Estate:
        """Every statement bound, ready to be bound again against a changed schema."""
        from lineage.analysis.estate import Estate  # noqa: PLC0415 - see above

        return Estate.build(self.snapshot, self._dialect)

    def impact(self, changes: ChangeSet) -> Impact:
        """Return the verdict for everything downstream of ``changes``."""
        from lineage.analysis.impact import impact  # noqa: PLC0415 - see above

        return impact(self.estate, changes)

    def witness(self, found: Impact, engine: str) -> Impact:
        """Return an answer after asking a real engine: ``duckdb`` or ``postgresql://…``.

        Raises UnknownWitness.
        """
        from lineage.witness import ask  # noqa: PLC0415 - see above

        return ask(self.estate, found, engine)

    def plan(self, change: Change) -> Plan:
        """Return how to make a change without breaking anything. Raises BadChange."""
        from lineage.analysis.plan import plan  # noqa: PLC0415 - see above

        return plan(self.estate, change)

    def unused(self) -> tuple[Unused, ...]:
        """Return the columns and tables that nothing reads, or only one thing does."""
        from lineage.analysis.unused import unused  # noqa: PLC0415 - see above

        return unused(self.estate)

    def told(self, found: Impact, form: str = "markdown") -> str:
        """Return an answer as the command line prints it: markdown, json or text (no colours)."""
        import json  # noqa: PLC0415 - see above

        from lineage.reports import verdicts  # noqa: PLC0415 - see above

        if form == "json":
            return json.dumps(verdicts.record(found), ensure_ascii=False, indent=2)
        lines = verdicts.markdown(found) if form == "markdown" else verdicts.text(found)
        return re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))

    def headline(self, found: Impact) -> str:
        """Return an answer in one sentence."""
        from lineage.reports import verdicts  # noqa: PLC0415 - see above

        return verdicts.headline(found)

    def diff(self, other: Workspace) -> Diff:
        """Return what differs between this state (before) and ``other`` (after)."""
        from lineage.analysis.diff import diff  # noqa: PLC0415 - see above

        return diff(self.snapshot, other.snapshot)

    def blame(self, of: FieldId | DatasetId, before: datetime) -> Blame:
        """Return what changed upstream of ``of`` until ``before``, the latest first."""
        from lineage.analysis.blame import blame  # noqa: PLC0415 - see above

        then = self.at(before)
        return blame(then.snapshot, then.upstream(of), self._origin.history(), before)

    # What there is.

    def coverage(self) -> CoverageReport:
        """Return how much was understood, and what was not."""
        from lineage.analysis.coverage import coverage  # noqa: PLC0415 - see above

        return coverage(self.snapshot)

    def extent(self) -> Extent:
        """Return how large the graph is that everything is answered from."""
        return Extent(self._index.datasets, self._index.fields, self._index.edges)

    def stats(self) -> Stats:
        """Return how much there is."""
        counts = self._index.meta.get("stats")
        if isinstance(counts, dict):
            return Stats(**counts)
        return stats_of(self.snapshot, self._index)


_WORD = re.compile(r'[\w$]+|"(?:[^"]|"")*"|`[^`]*`')
_DOTTED = re.compile(rf"(?:{_WORD.pattern})(?:\.(?:{_WORD.pattern}))*")


def export(  # noqa: PLR0913 - what of an estate, and how it is written
    workspace: Workspace,
    form: str,
    *,
    basis: str = "all",
    select: str | None = None,
    edges: Iterable[Edge] | None = None,
    title: str | None = None,
) -> Iterable[str]:
    """Return an estate, or what ``select`` picks of it, written in a form, in pieces.

    ``basis`` keeps what a producer declared, what the SQL says, or all; what both say counts for
    either. ``edges`` are written in place of those that ``select`` picks. Raises UnknownExtension
    for a form that there is none of, and as `Workspace.select`.
    """
    from lineage.reports import REPORTS, Material  # noqa: PLC0415 - see above

    snapshot = workspace.snapshot
    if edges is None:
        edges = snapshot.edges if select is None else workspace.select(select)
    edges = tuple(edges)
    title = title or ("Lineage" if select is None else f"Lineage of {select}")
    if basis != "all":
        bases = {Basis.BOTH, Basis.DECLARED if basis == "declared" else Basis.DERIVED}
        edges = tuple(edge for edge in edges if edge.basis in bases)
    material = Material(snapshot, edges, workspace.label, workspace.columns, title)
    return REPORTS.get(form).write(material)


def save_snapshot(workspace: Workspace) -> bytes:
    """Return a workspace's state as the bytes of a saved snapshot."""
    from lineage.model.saved import dump  # noqa: PLC0415 - see above

    return dump(workspace.snapshot)
