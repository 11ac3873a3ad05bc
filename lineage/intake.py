"""Puts the events of documents into a store or a server.

Rooms are imported inside the functions that need them: see `lineage.workspace`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from lineage.model.answer import (
    Stats,
)
from lineage.origin import DEFAULT_STORE, Stored
from lineage.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from lineage.model.diagnostic import Diagnostic


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of documents that were put into a store."""

    store: str
    new: int
    known: int
    """Events that the store had already."""
    diagnostics: tuple[Diagnostic, ...]
    """What was wrong with the documents of this time."""
    stats: Stats


def ingest(  # noqa: PLR0913 - what can be said about documents
    paths: Sequence[str | FilePath],
    *,
    store: str = DEFAULT_STORE,
    dialect: str | None = None,
    namespace: str | None = None,
    reader: str | None = None,
    tell: Callable[[int], None] = lambda _: None,
) -> Ingested:
    """Put the events of documents into a store, and prepare it for questions.

    The same documents again are a no-op. ``tell`` hears how many events were read so far. Raises
    what `lineage.sources.stream` raises.
    """
    from datetime import UTC  # noqa: PLC0415 - see above
    from os.path import normpath  # noqa: PLC0415 - see above

    from lineage.sources import stream  # noqa: PLC0415 - see above
    from lineage.sources.document import STDIN  # noqa: PLC0415 - see above
    from lineage.stores import open_store  # noqa: PLC0415 - see above
    from lineage.stores.remote import is_remote  # noqa: PLC0415 - see above

    if is_remote(store):
        return _sent(paths, store, dialect=dialect, namespace=namespace, reader=reader)
    received = datetime.now(UTC)
    new = known = 0
    diagnostics: list[Diagnostic] = []
    with open_store(store, create=True) as log:
        for path in map(str, paths):
            read = new + known
            # What comes in through a pipe is not what came through it the last time.
            source = f"{STDIN} {received.isoformat()}" if path == STDIN else normpath(path)
            done = log.append(
                stream([path], dialect=dialect, namespace=namespace, format=reader),
                source=source,
                received=received,
                tell=lambda count, read=read: tell(read + count),  # type: ignore[misc]
            )
            new, known = new + done.new, known + done.known
            diagnostics.extend(done.diagnostics)
    # Each statement keeps the dialect that was said of it, so a question need not say it again.
    stats = Workspace(Stored(store)).stats()
    return Ingested(store, new, known, tuple(diagnostics), stats)


def _sent(
    paths: Sequence[str | FilePath],
    url: str,
    *,
    dialect: str | None,
    namespace: str | None,
    reader: str | None,
) -> Ingested:
    """Send the events of documents to a server, a source at a time."""
    from lineage.model.diagnostic import Diagnostic as Told  # noqa: PLC0415 - see above
    from lineage.model.event import Arrival  # noqa: PLC0415 - see above
    from lineage.model.wire import encode  # noqa: PLC0415 - see above
    from lineage.sources import stream  # noqa: PLC0415 - see above
    from lineage.stores import remote  # noqa: PLC0415 - see above

    new = known = 0
    diagnostics: list[Diagnostic] = []
    for path in map(str, paths):
        payloads: list[bytes] = []
        for item in stream([path], dialect=dialect, namespace=namespace, format=reader):
            if isinstance(item, Told):
                diagnostics.append(item)
            elif isinstance(item, Arrival):
                payloads.append(item.payload if item.payload is not None else encode(item.event))
            else:
                payloads.append(encode(item))
        done = remote.send(url, payloads, str(FilePath(path).resolve()))
        new, known = new + int(done["new"]), known + int(done["known"])
    return Ingested(url, new, known, tuple(diagnostics), open_workspace(store=url).stats())
