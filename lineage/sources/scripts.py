"""Some scripts of a folder, read as if all of it had been read.

What is remembered of a folder says which documents speak of which tables; those that speak of one
table are read together. What a script means beyond that, `lineage.catalog.graft` checks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival, Event
from lineage.model.facet import OriginFacet, SqlFacet
from lineage.model.identity import DatasetId
from lineage.sql.outline import outline

READ = (".sql",)
_OTHER = (".json", ".ndjson", ".jsonl", ".gz")
"""Endings of documents that may say anything about anything."""
_ROUNDS = 12


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a folder."""

    datasets: list[tuple[DatasetId, list[str]]]
    """The documents that speak of each."""


class State(Protocol):
    """The files of one state."""

    def fetch(self, paths: Iterable[str]) -> None:
        """Read some files at once."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file; None where it has none of that name."""
        ...


class Reader(Protocol):
    """Reads files as those of a folder."""

    def __call__(
        self, files: Mapping[str, bytes]
    ) -> tuple[list[Event | Arrival], tuple[Diagnostic, ...]]:
        """Return what they say, and what was wrong with them."""
        ...


@dataclass(slots=True)
class Part:
    """What some files say in one state."""

    events: list[Event]
    diagnostics: tuple[Diagnostic, ...]


@dataclass(slots=True)
class Parts:
    """The same files in several states."""

    files: frozenset[str]
    parts: list[Part]


def remember(events: Iterable[Event | Arrival]) -> bytes:
    """Return what is kept of a folder; nothing where an event does not say where it stands."""
    documents: dict[DatasetId, dict[str, None]] = {}
    for event in events:
        if not isinstance(event, Event):
            return b""
        place = _document(event)
        if place is None or _makes_routine(event):
            return b""
        for id_ in _spoken_of(event):
            documents.setdefault(id_, {})[place] = None
    shared = [(id_, list(found)) for id_, found in documents.items()]
    return msgspec.msgpack.encode(Remembered(shared))


def _document(event: Event) -> str | None:
    every = [event.job.facets] if event.job is not None else []
    every += [event.dataset.facets] if event.dataset is not None else []
    for facets in every:
        for facet in facets.values():
            if isinstance(facet, OriginFacet):
                return facet.document
    return None


def _makes_routine(event: Event) -> bool:
    """Return whether a statement makes a macro: any script of the folder may call it."""
    if event.job is None or event.outputs:
        return False
    said = (facet for facet in event.job.facets.values() if isinstance(facet, SqlFacet))
    return any(item.routine for one in said for item in outline(one.query or "", one.dialect))


def _spoken_of(event: Event) -> set[DatasetId]:
    described = (*event.outputs, *((event.dataset,) if event.dataset is not None else ()))
    return {DatasetId(dataset.namespace, dataset.name) for dataset in described}


def read_parts(
    data: bytes | memoryview, changed: Collection[str], states: Sequence[State], read: Reader
) -> Parts | None:
    """Return what the changed scripts say in each state, with all that speaks of the same tables.

    None where only the whole folder can say it. Raises ValueError for bytes that remember nothing.
    """
    memory = dict(_DECODER.decode(data).datasets)
    if any(path.endswith(_OTHER) for path in changed):
        return None
    within = {path for path in changed if path.endswith(READ)}
    for _ in range(_ROUNDS):
        parts = _parts(within, changed, states, read)
        if parts is None:
            return None
        spoken = {id_ for part in parts for event in part.events for id_ in _spoken_of(event)}
        more = {path for id_ in spoken for path in memory.get(id_, ())}
        if more <= within:
            return Parts(frozenset(within), parts)
        within |= more
    return None


def _parts(
    within: set[str], changed: Collection[str], states: Sequence[State], read: Reader
) -> list[Part] | None:
    found: dict[int, Part] = {}
    states[-1].fetch(within - set(changed))
    for state in states:
        if id(state) in found:
            continue
        state.fetch(within & set(changed))
        content = {
            path: (state if path in changed else states[-1]).read(path) for path in sorted(within)
        }
        events, diagnostics = read(
            {path: data for path, data in content.items() if data is not None}
        )
        told = [event for event in events if isinstance(event, Event) and _document(event)]
        if len(told) < len(events) or any(map(_makes_routine, told)):
            return None
        found[id(state)] = Part(told, diagnostics)
    return [found[id(state)] for state in states]


_DECODER = msgspec.msgpack.Decoder(Remembered)

__all__ = ["Parts", "Remembered", "read_parts", "remember"]
