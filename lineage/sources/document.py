"""Documents: files, folders and streams, opened without trusting them.

A document may be larger than memory, compressed, cut off, or not ours to read. What is read of it
at once is limited; what goes wrong is a diagnostic, and the other documents are read all the same.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from lineage.errors import BrokenSource, UnreadableSource
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sources.encoding import LONGEST, NO_TEXT, Recoded, encoding, is_text, text, utf8

STDIN = "-"
HEAD = 1 << 16
"""Bytes that a reader may look at to recognise a document."""
MAX_RECORD = 1 << 25
"""Bytes of one event or line (32 MiB). The largest real events, Spark's, have a tenth of that."""
MAX_DOCUMENT = 1 << 28
"""Bytes of a document that has to be read in one piece (256 MiB)."""

_BUFFER = 1 << 17
_GZIP = b"\x1f\x8b"
_SKIPPED = frozenset({"__pycache__", "node_modules", "site-packages"})


@dataclass(frozen=True, slots=True)
class Document:
    """Something to read."""

    name: str
    """What to call it in messages: the path as it was given."""
    path: Path | None = None
    """Where it is, unless it is a stream."""
    root: Path | None = None
    """The folder that was given and that it was found in."""
    content: Callable[[], BinaryIO] | None = None
    """Opens it, if it has no path."""
    first: bytes | None = None
    """Its first bytes, where reading them again would lose them: those of a stream."""

    @property
    def is_folder(self) -> bool:
        """Return whether it is a folder: a reader may take one as a whole."""
        return self.path is not None and self.path.is_dir()

    @contextmanager
    def open(self) -> Iterator[io.BufferedReader]:
        """Open it for reading bytes, decompressed, a text in UTF-16 or UTF-32 as UTF-8.

        Raises UnreadableSource, also while it is read; and BrokenSource when it is closed, after
        all that could be unpacked of it.
        """
        try:
            with self._raw() as raw:
                # peek() would be shorter, but not every stream has it; seeking back, where that
                # is possible, spares a detour through Python for every block.
                first = raw.read(LONGEST)
                if isinstance(raw, io.BufferedReader) and raw.seekable():
                    raw.seek(0)
                    whole = raw
                else:
                    whole = io.BufferedReader(Prefixed(first, raw), _BUFFER)
                if first.startswith(_GZIP):
                    with _Unpacked(whole) as unpacked:
                        stream = io.BufferedReader(unpacked, _BUFFER)
                        yield _in_utf8(stream.peek(LONGEST), stream)
                        unpacked.check(self.name)
                else:
                    yield _in_utf8(first, whole)
        except OSError as error:
            raise UnreadableSource(self.name, _reason(error)) from error

    def head(self) -> bytes:
        """Return up to the first 64 KiB, without a byte order mark. Raises SourceError."""
        if self.first is not None:
            head = _unpacked(self.first) if self.first.startswith(_GZIP) else self.first
            return utf8(head)
        head = b""
        try:
            with self.open() as stream:
                head = utf8(stream.read(HEAD))
        except BrokenSource:
            if not head:
                raise
        return head

    def read(self, limit: int = MAX_DOCUMENT) -> bytes:
        """Return all of it. Raises SourceError, also when it is larger than `limit` bytes."""
        with self.open() as stream:
            content = stream.read(limit + 1)
        if len(content) > limit:
            reason = (
                f"larger than {limit >> 20} MiB, and it cannot be read piece by piece; split it"
            )
            raise BrokenSource(self.name, reason)
        return utf8(content)

    def text(self, limit: int = MAX_DOCUMENT) -> str:
        """Return all of it as text; bytes that are not UTF-8 become U+FFFD.

        Raises SourceError, also when it is no text.
        """
        content = self.read(limit)
        if not is_text(content):
            raise BrokenSource(self.name, NO_TEXT)
        return text(content)

    def problem(  # noqa: PLR0913 (the parts of a place)
        self,
        code: str,
        message: str,
        severity: Severity = Severity.ERROR,
        *,
        line: int = 0,
        column: int = 0,
        pointer: str = "",
    ) -> Diagnostic:
        """Return a diagnostic about a place in this document."""
        return Diagnostic(code, message, severity, Location(self.name, line, column, pointer))

    def _raw(self) -> BinaryIO | io.BufferedReader:
        if self.content is not None:
            return self.content()
        if self.path is None:
            raise UnreadableSource(self.name, "it has neither a path nor content")
        return self.path.open("rb", buffering=_BUFFER)


class Prefixed(io.RawIOBase):
    """A stream of which the first bytes were read already."""

    def __init__(self, first: bytes, rest: BinaryIO) -> None:
        super().__init__()
        self._first = first
        self._rest = rest

    def readable(self) -> bool:
        """Return True: that is all it is for."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next and return how many bytes that are."""
        chunk = self._first[: len(buffer)] or self._rest.read(len(buffer))
        self._first = self._first[len(buffer) :]
        buffer[: len(chunk)] = chunk
        return len(chunk)


class _Unpacked(io.RawIOBase):
    """What can be unpacked of a stream: where that is damaged, it ends."""

    def __init__(self, packed: BinaryIO | io.BufferedReader) -> None:
        super().__init__()
        self._file = gzip.GzipFile(fileobj=packed)
        self._damage: Exception | None = None

    def readable(self) -> bool:
        """Return True: that is all it is for."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next and return how many bytes that are."""
        try:
            # One read at a time: of several, an error would lose what those before it gave.
            chunk = self._file.read1(len(buffer))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            self._damage = error
            return 0
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def check(self, name: str) -> None:
        """Raise BrokenSource if it ended because it is damaged."""
        if self._damage is not None:
            said = f"the compressed file is damaged or cut off ({self._damage}); pack it again"
            raise BrokenSource(name, said) from self._damage


def document(name: str, content: bytes) -> Document:
    """Return a document that is in memory already."""
    return Document(name, content=lambda: io.BytesIO(content))


def standard_input() -> Document:
    """Return standard input, which can be opened once; `head` does not use that up."""
    stream = sys.stdin.buffer
    first = stream.read(HEAD)
    return Document("<stdin>", content=lambda: _keep_open(first, stream), first=first)


def _keep_open(first: bytes, stream: BinaryIO) -> BinaryIO:
    """Return all of `stream`; closing it leaves `stream` open."""
    return io.BufferedReader(Prefixed(first, stream))


def _in_utf8(first: bytes, stream: io.BufferedReader[Any]) -> io.BufferedReader[Any]:
    name = encoding(first)
    return stream if name is None else io.BufferedReader(Recoded(stream, name), _BUFFER)


def _unpacked(first: bytes) -> bytes:
    try:
        return zlib.decompressobj(wbits=31).decompress(first, HEAD)
    except zlib.error:
        return b""


def listing(folder: Document) -> Iterator[Document | Diagnostic]:
    """Return what is in a folder, in name order; hidden files and installed packages left out.

    A link to a folder is not followed: it may lead back up.
    """
    if folder.path is None:
        return
    try:
        with os.scandir(folder.path) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        message = str(UnreadableSource(folder.name, _reason(error)))
        yield folder.problem("unreadable", message)
        return
    for entry in listed:
        if entry.name.startswith(".") or entry.name in _SKIPPED:
            continue
        if (shown := readable(entry.name)) != entry.name:
            message = f"the name {shown} is no text in UTF-8; rename it, it is left out"
            yield folder.problem("unreadable", message)
            continue
        path = Path(entry.path)
        found = Document(str(Path(folder.name) / entry.name), path, folder.root or folder.path)
        try:
            wanted = entry.is_file() or (entry.is_dir() and not entry.is_symlink())
        except OSError as error:
            reason = str(UnreadableSource(found.name, _reason(error)))
            yield found.problem("unreadable", f"{reason} It is left out.")
            continue
        if wanted:
            yield found


def readable(name: str) -> str:
    r"""Return a file's name as text; bytes that are none are shown as ``\udcff``."""
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
