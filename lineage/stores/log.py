"""The log of events: what is kept of them, and how they come back.

An event is kept once, by the hash of its text, and never changed. One that has a time of its own
is history, and true as of then. One without, from a SQL file or a dbt project, is true for as long
as the source has it: each time a source is read, what it no longer has is over. So a log answers
for any instant, and reading the same source again changes nothing.

    events     what was said, by hash; compressed
    documents  the names of the files they stood in
    readings   when a source was read and had changed
    presence   from which reading to which a source had an event that has no time
    problems   what was wrong with a source when it was last read
    meta       the version of the tables, and which store this is

An event is durable once `append` has told its number: many are committed together.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Protocol, Self, TypeAlias
from uuid import uuid4

import msgspec

from lineage.catalog.gather import digest
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.event import Arrival, Event
from lineage.model.wire import decode, encode

VERSION = 1
"""Of the tables. A store of a later one is left alone."""

TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE documents (id {serial}, name TEXT NOT NULL UNIQUE)",
    """
    CREATE TABLE events (
        id {serial},
        digest {bytes} NOT NULL UNIQUE,
        happened BIGINT,
        received BIGINT NOT NULL,
        document BIGINT REFERENCES documents (id),
        line BIGINT NOT NULL,
        payload {bytes} NOT NULL
    )
    """,
    "CREATE INDEX events_happened ON events (happened)",
    "CREATE TABLE readings (id {serial}, source TEXT NOT NULL, at BIGINT NOT NULL)",
    """
    CREATE TABLE presence (
        source TEXT NOT NULL,
        event BIGINT NOT NULL REFERENCES events (id),
        first BIGINT NOT NULL REFERENCES readings (id),
        last BIGINT NOT NULL REFERENCES readings (id),
        PRIMARY KEY (source, event, first)
    )
    """,
    """
    CREATE TABLE problems (
        source TEXT NOT NULL,
        code TEXT NOT NULL,
        message TEXT NOT NULL,
        severity TEXT NOT NULL,
        document TEXT NOT NULL,
        line BIGINT NOT NULL,
        place BIGINT NOT NULL,
        pointer TEXT NOT NULL
    )
    """,
)
"""What a connection makes of an empty database: `{serial}` is a number that counts up by itself,
`{bytes}` a text of bytes. Times are microseconds since 1970, UTC."""
FIRST = "INSERT INTO meta (name, value) VALUES ('identity', :identity), ('problems', '')"
"""What it puts in: the name by which the store is known from others."""

_BATCH = 1000
_BATCH_BYTES = 1 << 23
_LEVEL = 1
"""Of compression: a quarter of the size at 90 MB a second; 6 would spare 5 % more."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FOREVER = (1 << 63) - 1

Row: TypeAlias = tuple[Any, ...]
Values: TypeAlias = Mapping[str, object]


class Connection(Protocol):
    """A database that has our tables. Parameters are written `:name`."""

    def transaction(self) -> AbstractContextManager[None]:
        """Make durable all that is changed within, or nothing of it; one writes at a time."""

    def change(self, statement: str, rows: Sequence[Values]) -> int:
        """Run a statement once for each row, and return how many rows it changed."""

    def ask(self, query: str, values: Values) -> list[Row]:
        """Return the rows of an answer."""

    def stream(self, query: str, values: Values) -> Iterator[Row]:
        """Yield the rows of an answer that may be large. What is written meanwhile is not in it."""

    def close(self) -> None:
        """Let go of it."""


@dataclass(frozen=True, slots=True)
class Appended:
    """What became of the events that were given to a log."""

    new: int = 0
    known: int = 0
    over: int = 0
    """Events without a time that their source had before and no longer has."""
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(slots=True)
class _Batch:
    """Events that are about to be written, by their hash."""

    rows: dict[bytes, dict[str, object]] = field(default_factory=dict)
    size: int = 0
    count: int = 0

    def add(self, arrival: Arrival, received: int) -> None:
        """Put in one event."""
        payload = encode(arrival.event) if arrival.payload is None else arrival.payload
        origin, happened = arrival.origin, arrival.event.event_time
        self.count += 1
        self.size += len(payload)
        self.rows.setdefault(
            digest(payload),
            {
                "happened": None if happened is None else _number(happened),
                "received": received,
                "document": origin.document if origin else None,
                "line": origin.line if origin else 0,
                "payload": payload,
            },
        )

    @property
    def full(self) -> bool:
        """Return whether it is worth a commit."""
        return len(self.rows) >= _BATCH or self.size >= _BATCH_BYTES


class EventLog:
    """The log in one store. Use it as a context manager, or close it."""

    def __init__(self, url: str, connection: Connection) -> None:
        self.url = url
        self._connection = connection

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()

    def append(
        self,
        items: Iterable[Event | Arrival | Diagnostic],
        *,
        source: str,
        received: datetime,
        tell: Callable[[int], None] = lambda _: None,
    ) -> Appended:
        """Keep the events of one source, and what was wrong with it; `source` is its name.

        `tell` hears how many events are durable, again and again. When an ERROR is among the
        diagnostics the source was not read whole: then nothing that it had is taken to be over.
        """
        moment = _number(received)
        timeless: set[int] = set()
        problems: dict[Diagnostic, None] = {}
        batch, new, seen = _Batch(), 0, 0
        for item in items:
            if isinstance(item, Diagnostic):
                problems[item] = None
                continue
            batch.add(item if isinstance(item, Arrival) else Arrival(item), moment)
            if batch.full:
                new, seen = new + self._write(batch, timeless), seen + batch.count
                batch = _Batch()
                tell(seen)
        new, seen = new + self._write(batch, timeless), seen + batch.count
        tell(seen)
        whole = all(problem.severity is not Severity.ERROR for problem in problems)
        with self._connection.transaction():
            over = self._note_presence(source, moment, timeless, whole=whole)
            self._note_problems(source, problems)
        return Appended(new, seen - new, over, tuple(problems))

    def replay(self, *, until: datetime | None = None) -> Iterator[Arrival]:
        """Yield what was true at `until`, or is now: events that had happened, oldest first read,
        then those without a time that their sources had.
        """
        instant = _FOREVER if until is None else _number(until)
        for row in self._connection.stream(_HISTORY, {"until": instant}):
            yield _arrival(row)
        for row in self._connection.stream(_PRESENT, {"until": instant}):
            yield _arrival(row)

    def history(self) -> Iterator[Arrival]:
        """Yield every event there ever was: those that had happened, then those without a time,
        each with the time of the reading that brought it, over or not.
        """
        for query in (_HISTORY, _EVER_PRESENT):
            for row in self._connection.ask(query, {"until": _FOREVER}):
                yield _arrival(row)

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return what was wrong with each source when it was last read."""
        return tuple(
            Diagnostic(code, message, Severity(severity), _location(document, line, place, pointer))
            for code, message, severity, document, line, place, pointer in self._connection.ask(
                _ALL_PROBLEMS, {}
            )
        )

    def state(self) -> str:
        """Return a text that is another one whenever a replay would be."""
        (row,) = self._connection.ask(_STATE, {})
        return "-".join(str(part or 0) for part in row)

    def __len__(self) -> int:
        """Return how many events are kept."""
        return int(self._connection.ask("SELECT COUNT(*) FROM events", {})[0][0])

    def _write(self, batch: _Batch, timeless: set[int]) -> int:
        """Make a batch durable and return how many of its events are new."""
        if not batch.rows:
            return 0
        with self._connection.transaction():
            known = self._ids(batch.rows)
            fresh = {key: row for key, row in batch.rows.items() if key not in known}
            documents = self._documents({str(row["document"]) for row in fresh.values()})
            new = self._connection.change(
                _NEW_EVENT,
                [
                    {
                        **row,
                        "digest": key,
                        "document": documents.get(str(row["document"])),
                        "payload": zlib.compress(_bytes(row["payload"]), _LEVEL),
                    }
                    for key, row in fresh.items()
                ],
            )
            missing = [key for key, row in fresh.items() if row["happened"] is None]
            known |= self._ids(missing)
        timeless.update(known[key] for key, row in batch.rows.items() if row["happened"] is None)
        return new

    def _ids(self, keys: Iterable[bytes]) -> dict[bytes, int]:
        """Return the numbers of the events that are kept already."""
        wanted = list(keys)
        found: dict[bytes, int] = {}
        for start in range(0, len(wanted), _BATCH):
            part = {f"k{place}": key for place, key in enumerate(wanted[start : start + _BATCH])}
            names = ", ".join(f":{name}" for name in part)
            # Only the names of parameters are put together here; the values travel apart.
            query = f"SELECT digest, id FROM events WHERE digest IN ({names})"  # noqa: S608
            found.update((bytes(key), number) for key, number in self._connection.ask(query, part))
        return found

    def _documents(self, names: set[str]) -> dict[str, int]:
        """Return the numbers of documents, those of new ones too."""
        found: dict[str, int] = {}
        for name in sorted(names - {"None"}):
            self._connection.change(_NEW_DOCUMENT, [{"name": name}])
            found[name] = self._connection.ask(_DOCUMENT, {"name": name})[0][0]
        return found

    def _note_presence(self, source: str, moment: int, timeless: set[int], *, whole: bool) -> int:
        """Note what a source has, if that is not what it had; return how many events are over."""
        ask, change = self._connection.ask, self._connection.change
        last = ask(_LAST_READING, {"source": source})[0][0]
        before = {row[0] for row in ask(_HAD, {"source": source, "last": last or 0})}
        now = timeless if whole else timeless | before
        if now == before:
            return 0
        change(
            "INSERT INTO readings (source, at) VALUES (:source, :at)",
            [
                {"source": source, "at": moment},
            ],
        )
        reading = ask(_LAST_READING, {"source": source})[0][0]
        values = {"source": source, "last": last or 0, "reading": reading}
        change(_STILL_HAS, [{**values, "event": event} for event in sorted(before & now)])
        change(_HAS, [{**values, "event": event} for event in sorted(now - before)])
        return len(before - now)

    def _note_problems(self, source: str, problems: Iterable[Diagnostic]) -> None:
        """Keep what is wrong with a source in place of what was, if it is something else."""
        ask, change = self._connection.ask, self._connection.change
        before = set(ask(_PROBLEMS_OF, {"source": source}))
        now = {
            (
                problem.code,
                problem.message,
                problem.severity.value,
                place.document,
                place.line,
                place.column,
                place.pointer,
            )
            for problem in problems
            for place in (problem.location or _NOWHERE,)
        }
        if now == before:
            return
        names = ("code", "message", "severity", "document", "line", "place", "pointer")
        change("DELETE FROM problems WHERE source = :source", [{"source": source}])
        rows = [{"source": source, **dict(zip(names, row, strict=True))} for row in sorted(now)]
        change(_NEW_PROBLEM, rows)
        change("UPDATE meta SET value = :new WHERE name = 'problems'", [{"new": uuid4().hex}])


_NOWHERE = Location("")
_NEW_DOCUMENT = "INSERT INTO documents (name) VALUES (:name) ON CONFLICT (name) DO NOTHING"
_DOCUMENT = "SELECT id FROM documents WHERE name = :name"
_NEW_EVENT = """
    INSERT INTO events (digest, happened, received, document, line, payload)
    VALUES (:digest, :happened, :received, :document, :line, :payload)
    ON CONFLICT (digest) DO NOTHING
"""
_NEW_PROBLEM = """
    INSERT INTO problems (source, code, message, severity, document, line, place, pointer)
    VALUES (:source, :code, :message, :severity, :document, :line, :place, :pointer)
"""
_LAST_READING = "SELECT MAX(id) FROM readings WHERE source = :source"
_HAD = "SELECT event FROM presence WHERE source = :source AND last = :last"
_STILL_HAS = """
    UPDATE presence SET last = :reading
    WHERE source = :source AND event = :event AND last = :last
"""
_HAS = """
    INSERT INTO presence (source, event, first, last)
    VALUES (:source, :event, :reading, :reading)
"""
_HISTORY = """
    SELECT events.payload, documents.name, events.line, events.received
    FROM events LEFT JOIN documents ON documents.id = events.document
    WHERE events.happened <= :until
    ORDER BY events.id
"""
# An event that several sources have came with the latest of the readings that brought it.
_PRESENT = """
    SELECT events.payload, documents.name, events.line, MAX(readings.at)
    FROM presence
    JOIN (
        SELECT source, MAX(id) AS latest FROM readings WHERE at <= :until GROUP BY source
    ) AS state ON state.source = presence.source
    JOIN readings ON readings.id = presence.first
    JOIN events ON events.id = presence.event
    LEFT JOIN documents ON documents.id = events.document
    WHERE presence.first <= state.latest AND presence.last >= state.latest
    GROUP BY events.id, events.payload, documents.name, events.line
    ORDER BY events.id
"""
_EVER_PRESENT = """
    SELECT events.payload, documents.name, events.line, readings.at
    FROM presence
    JOIN readings ON readings.id = presence.first
    JOIN events ON events.id = presence.event
    LEFT JOIN documents ON documents.id = events.document
    WHERE readings.at <= :until
    ORDER BY readings.at, events.id
"""
_PROBLEMS_OF = """
    SELECT code, message, severity, document, line, place, pointer FROM problems
    WHERE source = :source
"""
_ALL_PROBLEMS = """
    SELECT code, message, severity, document, line, place, pointer FROM problems
    ORDER BY document, line, place, pointer, code, message
"""
# Events and readings are only ever added; problems come and go.
_STATE = """
    SELECT
        (SELECT value FROM meta WHERE name = 'identity'),
        (SELECT MAX(id) FROM events),
        (SELECT MAX(id) FROM readings),
        (SELECT value FROM meta WHERE name = 'problems')
"""


def _arrival(row: Row) -> Arrival:
    packed, document, line, received = row
    payload = zlib.decompress(packed)
    event, _ = decode(payload)  # its problems were told when it was read
    if event is None:
        msg = "an event of the log is none"
        raise msgspec.DecodeError(msg)
    origin = Location(document, line) if document is not None else None
    return Arrival(event, origin, payload, _EPOCH + received * _MICROSECOND)


def _location(document: str, line: int, place: int, pointer: str) -> Location | None:
    found = Location(document, line, place, pointer)
    return None if found == _NOWHERE else found


def _number(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else bytes(str(value), "utf-8")
