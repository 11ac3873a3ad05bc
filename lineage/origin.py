"""Where a workspace gets its state from: documents, a store, a server, or memory.

Rooms are imported inside the functions that need them: see `lineage.workspace`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Protocol

from lineage.garbage import uncollected
from lineage.graph.index import Index
from lineage.model.answer import (
    Stats,
)
from lineage.model.edge import Basis
from lineage.model.identity import DatasetId, FieldId, JobId

if TYPE_CHECKING:
    from lineage.model.diagnostic import Diagnostic
    from lineage.model.event import Arrival, Event
    from lineage.model.snapshot import Snapshot

_SQLITE = b"SQLite format 3\x00"
DEFAULT_STORE = ".lineage/store.db"
"""The store that commands use when none is named, relative to the working folder."""


class Origin(Protocol):
    """Where a workspace gets its state from."""

    def snapshot(self) -> Snapshot:
        """Return the state, edges derived from SQL included."""

    def index(self) -> Index | None:
        """Return an index that was prepared, if there is one for this state."""

    def history(self) -> Iterable[Event | Arrival]:
        """Return all events that are known, whenever they were."""

    def at(self, instant: datetime) -> Origin:
        """Return the same, as it was."""


@dataclass(frozen=True, slots=True)
class Documents:
    """State from documents, read anew each time, perhaps on top of a store."""

    paths: tuple[str, ...]
    store: str | None = None
    dialect: str | None = None
    namespace: str | None = None
    as_of: datetime | None = None

    def snapshot(self) -> Snapshot:
        """Read everything."""
        saved = [path for path in self.paths if is_saved(path)]
        others = [path for path in self.paths if path not in saved]
        parts = [load_snapshot(path) for path in saved]
        if others or self.store is not None:
            events, diagnostics = self._read(others)
            parts.append(_settle(events, diagnostics, self.dialect, self.as_of))
        if len(parts) == 1:
            return parts[0]
        from lineage.catalog.union import union  # noqa: PLC0415 - see the module's docstring

        return _derived(union(parts), self.dialect)

    def _read(
        self, paths: Sequence[str]
    ) -> tuple[Sequence[Event | Arrival], tuple[Diagnostic, ...]]:
        from lineage.sources import read  # noqa: PLC0415 - see the module's docstring

        reading = read(paths, dialect=self.dialect, namespace=self.namespace)
        if self.store is None:
            return reading.events, reading.diagnostics
        known, diagnostics = _replay(self.store, self.as_of)
        return [*known, *reading.events], (*diagnostics, *reading.diagnostics)

    def index(self) -> None:
        """Return None: nothing is prepared for documents."""

    def history(self) -> Sequence[Event | Arrival]:
        """Read the events again, a saved snapshot having none."""
        return self._read([path for path in self.paths if not is_saved(path)])[0]

    def at(self, instant: datetime) -> Documents:
        """Return the same documents, what happened after ``instant`` left out."""
        return Documents(self.paths, self.store, self.dialect, self.namespace, instant)


@dataclass(frozen=True, slots=True)
class Stored:
    """State from a store, as it was prepared or replayed."""

    url: str
    dialect: str | None = None
    as_of: datetime | None = None

    def snapshot(self) -> Snapshot:
        """Return the prepared state if it is the store's, else replay the store and keep it."""
        from lineage.stores.index_file import open_snapshot, place  # noqa: PLC0415 - as above

        if self.as_of is not None:
            return _settle(*_replay(self.url, self.as_of), self.dialect, self.as_of)
        state = self._state()
        found = open_snapshot(place(self.url), state)
        if found is None:
            found = _settle(*_replay(self.url), self.dialect, None)
            _prepare(self.url, state, found)
        return found

    def index(self) -> Index | None:
        """Map the prepared index if it is the store's."""
        from lineage.stores.index_file import open_index, place  # noqa: PLC0415 - as above

        if self.as_of is not None:
            return None
        return open_index(place(self.url), self._state())

    def _state(self) -> str:
        """Return what changes with the store, and with what decides how it is read."""
        from lineage.stores.index_file import (  # noqa: PLC0415 - as above
            maker,
            signature,
            stamp,
            stamped,
        )

        state = stamped(self.url)
        if state is None:
            found = signature(self.url)
            state = _state(self.url)
            stamp(self.url, found, state)
        return f"{state}:{maker()}:{self.dialect or ''}"

    def history(self) -> Sequence[Event | Arrival]:
        """Read every event that the store ever had, what its sources no longer have included."""
        from lineage.stores import open_store  # noqa: PLC0415 - see above

        with open_store(self.url) as log:
            return list(log.history())

    def at(self, instant: datetime) -> Stored:
        """Return the store as it was."""
        return Stored(self.url, self.dialect, instant)


@dataclass(frozen=True, slots=True)
class Remote:
    """State from a server of ours."""

    url: str
    dialect: str | None = None
    as_of: datetime | None = None

    def snapshot(self) -> Snapshot:
        """Ask for it. Raises UnusableStore."""
        from lineage.errors import UnusableStore  # noqa: PLC0415 - see above
        from lineage.model.saved import load  # noqa: PLC0415 - see above
        from lineage.stores import remote  # noqa: PLC0415 - see above

        try:
            return load(remote.snapshot(self.url, self.as_of))[0]
        except ValueError as error:
            raise UnusableStore(self.url, f"it is no server of ours ({error})") from error

    def index(self) -> None:
        """Return None: nothing is prepared here."""

    def history(self) -> Sequence[Event | Arrival]:
        """Ask for all events."""
        from lineage.model.wire import decode  # noqa: PLC0415 - see above
        from lineage.stores import remote  # noqa: PLC0415 - see above

        found = (decode(payload)[0] for payload in remote.events(self.url))
        return [event for event in found if event is not None]

    def at(self, instant: datetime) -> Remote:
        """Return the server's state as it was."""
        return Remote(self.url, self.dialect, instant)


@dataclass(frozen=True, slots=True)
class Given:
    """State that somebody already has."""

    state: Snapshot
    events: tuple[Event | Arrival, ...] = ()

    def snapshot(self) -> Snapshot:
        """Return it."""
        return self.state

    def index(self) -> None:
        """Return None: nothing is prepared."""

    def history(self) -> tuple[Event | Arrival, ...]:
        """Return the events it came with."""
        return self.events

    def at(self, instant: datetime) -> Given:
        """Return it as it is, since there is no other state of it."""
        del instant
        return self


def is_store(url: str) -> bool:
    """Return whether a text names a store rather than a document."""
    if "://" in url:
        return True
    try:
        with FilePath(url).open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def is_saved(path: str) -> bool:
    """Return whether a path is that of a saved snapshot."""
    from lineage.model.saved import MARK  # noqa: PLC0415 - see above
    from lineage.sources.encoding import LONGEST, utf8  # noqa: PLC0415 - see above

    try:
        with FilePath(path).open("rb") as file:
            return utf8(file.read(LONGEST * (len(MARK) + 1))).startswith(MARK)
    except OSError:
        return False


def load_snapshot(path: str) -> Snapshot:
    """Read a saved snapshot. Raises UnreadableSource or BrokenSource."""
    from lineage.errors import BrokenSource, UnreadableSource  # noqa: PLC0415 - see above
    from lineage.model.saved import load  # noqa: PLC0415 - see above
    from lineage.sources.encoding import utf8  # noqa: PLC0415 - see above

    try:
        return load(utf8(FilePath(path).read_bytes()))[0]
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from error
    except ValueError as error:
        reason = f"this saved snapshot cannot be read ({error}); save it again"
        raise BrokenSource(path, reason) from error


def _settle(
    events: Iterable[Event | Arrival],
    diagnostics: Iterable[Diagnostic],
    dialect: str | None,
    as_of: datetime | None,
) -> Snapshot:
    """Merge events into a state, and add what their SQL says."""
    from dataclasses import replace  # noqa: PLC0415 - see above

    from lineage.catalog.apply import apply  # noqa: PLC0415 - see above

    if as_of is not None:
        events = (item for item in events if _happened(item, as_of))
    with uncollected():
        merged = apply(events, diagnostics)
    snapshot = _derived(merged, dialect)
    return snapshot if as_of is None else replace(snapshot, as_of=as_of)


def _happened(item: Event | Arrival, as_of: datetime) -> bool:
    """Return whether an event was there at an instant; one that has no time always was."""
    from lineage.model.event import Arrival  # noqa: PLC0415 - see above

    event, received = (item.event, item.received) if isinstance(item, Arrival) else (item, None)
    at = event.event_time or received
    return at is None or at <= as_of


def _derived(snapshot: Snapshot, dialect: str | None) -> Snapshot:
    from lineage.catalog.derive import derive  # noqa: PLC0415 - see above

    return derive(snapshot, dialect)


def _replay(
    url: str, until: datetime | None = None
) -> tuple[Sequence[Event | Arrival], tuple[Diagnostic, ...]]:
    """Return what a store held at an instant, and what was wrong with what it was told."""
    from lineage.stores import open_store  # noqa: PLC0415 - see above

    with open_store(url) as log, uncollected():
        return list(log.replay(until=until)), log.diagnostics()


def _state(url: str) -> str:
    from lineage.stores import open_store  # noqa: PLC0415 - see above

    with open_store(url) as log:
        return log.state()


def _prepare(url: str, state: str, snapshot: Snapshot) -> None:
    """Write the files that answer questions about a store; a folder that refuses is no error."""
    from contextlib import suppress  # noqa: PLC0415 - see above
    from dataclasses import asdict  # noqa: PLC0415 - see above

    from lineage.graph.build import encode  # noqa: PLC0415 - see above
    from lineage.graph.layout import remember  # noqa: PLC0415 - see above
    from lineage.model.saved import Form, dump  # noqa: PLC0415 - see above
    from lineage.stores.index_file import place, swap  # noqa: PLC0415 - see above

    index = encode(snapshot)
    stats = asdict(stats_of(snapshot, Index(index)))
    index = remember(index, {"state": state, "stats": stats})
    with suppress(OSError):
        swap(place(url), index, dump(snapshot, Form.MSGPACK, state=state))


def stats_of(snapshot: Snapshot, index: Index) -> Stats:
    """Count what a state holds. Edges that are assumed do not count."""
    from lineage.reports import expanded  # noqa: PLC0415 - see above

    def columns(of: DatasetId) -> list[FieldId]:
        number = index.find_dataset(of)
        return [] if number is None else [index.field(node) for node in index.columns(number)]

    pairs: set[tuple[object, object, JobId | None]] = set()
    declared: set[tuple[object, object, JobId | None]] = set()
    datasets: set[tuple[object, object]] = set()
    for edge in snapshot.edges:
        if not isinstance(edge.source, JobId) and not isinstance(edge.target, JobId):
            datasets.add((_dataset(edge.source), _dataset(edge.target)))
    for edge in expanded(snapshot.edges, columns):
        if isinstance(edge.target, FieldId) and edge.basis is not Basis.ASSUMED:
            pair = (edge.source, edge.target, edge.job)
            pairs.add(pair)
            if edge.basis is not Basis.DERIVED:
                declared.add(pair)
    return Stats(
        events=snapshot.counts.events,
        runs=snapshot.counts.runs,
        jobs=snapshot.counts.jobs,
        datasets=snapshot.counts.datasets,
        fields=index.fields,
        column_edges=len(pairs),
        declared_column_edges=len(declared),
        dataset_edges=len(datasets),
        diagnostics=len(snapshot.diagnostics),
    )


def _dataset(end: FieldId | DatasetId) -> DatasetId:
    return end.dataset if isinstance(end, FieldId) else end
