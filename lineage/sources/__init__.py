"""Readers: each turns one kind of document into OpenLineage events.

A module of this package declares how it is recognised, by content, and how it is read:

    READER = Reader(purpose="SQL scripts", recognises=recognises, read=read)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TypeAlias

from lineage.errors import BrokenSource, UnknownFormat, UnreadableSource
from lineage.garbage import uncollected
from lineage.model.diagnostic import Diagnostic, Severity
from lineage.model.event import Arrival, Event
from lineage.registry import Registry
from lineage.sources.document import STDIN, Document, listing, standard_input
from lineage.sources.encoding import NO_TEXT, is_text

Item: TypeAlias = Event | Arrival | Diagnostic
"""What a reader finds, one after the other, so that a document of any length can be read."""

_TEXTS = (".json", ".jsonl", ".ndjson")
"""Endings of documents that are lost when nothing recognises them."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the person said about the documents; None where the document or the reader decides."""

    dialect: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Reader:
    """One kind of document.

    `recognises` may look at `document.head()`, and is asked about folders too: a reader that says
    yes to a folder gets all of it. `read` may raise SourceError; what it yielded until then counts.
    """

    purpose: str
    recognises: Callable[[Document], bool]
    read: Callable[[Document, Options], Iterator[Item]]


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was read, in memory."""

    events: tuple[Event | Arrival, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()


READERS = Registry(
    __name__,
    "READER",
    Reader,
    besides=("document", "encoding", "git", "halves", "keeping", "revision", "scripts", "sides"),
)


def read(
    paths: Iterable[str | PathLike[str]],
    *,
    dialect: str | None = None,
    namespace: str | None = None,
    format: str | None = None,  # noqa: A002 (what the option is called)
) -> Reading:
    """Return the events in files, folders and standard input (`-`), and what was wrong with them.

    Raises what `stream` raises.
    """
    events: list[Event | Arrival] = []
    diagnostics: list[Diagnostic] = []
    with uncollected():
        for item in stream(paths, dialect=dialect, namespace=namespace, format=format):
            if isinstance(item, Diagnostic):
                diagnostics.append(item)
            else:
                events.append(item)
    return Reading(tuple(events), tuple(diagnostics))


def stream(
    paths: Iterable[str | PathLike[str]],
    *,
    dialect: str | None = None,
    namespace: str | None = None,
    format: str | None = None,  # noqa: A002 (what the option is called)
) -> Iterator[Item]:
    """Yield the events and diagnostics of files, folders and standard input (`-`) as they are read.

    `format` names the one reader to use. Raises UnreadableSource for a path that does not exist,
    before anything is read; UnknownFormat for a file that was asked for by name and that no reader
    recognises; UnknownExtension when there is no reader called `format`.
    """
    options = Options(dialect, namespace)
    readers = (READERS.get(format),) if format else tuple(READERS)
    texts = [str(path) for path in paths]
    for text in texts:
        if text != STDIN and not _exists(text):
            raise UnreadableSource(text, "no such file or folder")
    for text in texts:
        found = standard_input() if text == STDIN else Document(text, Path(text))
        yield from _read_document(found, readers, options, named=True, forced=bool(format))


def _exists(text: str) -> bool:
    """Return False only when it is certain: what may not be looked at is reported when read."""
    try:
        return Path(text).exists()
    except OSError:
        return True


def _read_document(
    found: Document,
    readers: tuple[Reader, ...],
    options: Options,
    *,
    named: bool,
    forced: bool,
) -> Iterator[Item]:
    used = False
    try:
        reader = _recognise(found, readers, forced=forced)
        if reader is not None:
            for item in reader.read(found, options):
                used = used or not isinstance(item, Diagnostic)
                yield item
        elif found.is_folder:
            for part in listing(found):
                if isinstance(part, Diagnostic):
                    yield part
                else:
                    yield from _read_document(part, readers, options, named=False, forced=forced)
        else:
            yield _unrecognised(found, named=named)
    except UnreadableSource as error:
        yield found.problem("unreadable", str(error))
    except BrokenSource as error:
        rest = "what came before is used" if used else "nothing of it is used"
        yield found.problem("broken-document", f"{error.reason}; {rest}")


def _unrecognised(found: Document, *, named: bool) -> Diagnostic:
    """Say what a file is that no reader takes. Raises UnknownFormat if it was asked for by name."""
    head = found.head()
    if not head.strip():
        return found.problem("empty-document", "there is nothing in it", Severity.NOTE)
    if found.name.endswith(_TEXTS) and not is_text(head):
        return found.problem("unreadable", f"{NO_TEXT}; it is left out")
    if named:
        raise UnknownFormat(found.name, READERS.names())
    message = "no reader recognises this file; it is left out"
    return found.problem("unrecognised", message, Severity.NOTE)


def _recognise(found: Document, readers: tuple[Reader, ...], *, forced: bool) -> Reader | None:
    """Return the reader of the document. One that was asked for gets every file named to it."""
    for reader in readers:
        if reader.recognises(found):
            return reader
    if forced and not found.is_folder and found.root is None:
        return readers[0]
    return None
