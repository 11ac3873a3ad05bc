"""Reads OpenLineage events: one JSON document, one a line, or an array of them.

A line is an event wherever lines are JSON objects of their own (NDJSON). Everything else, an
indented event, an array, several documents one after the other, is cut into its outermost objects
while it is read, so that a document of any length passes through. A line or object that is not
JSON is reported with its place and left out; the next one is read all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from io import BufferedReader
from itertools import chain
from typing import NamedTuple

import msgspec

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.event import Arrival
from lineage.model.wire import decode
from lineage.sources import Item, Options, Reader
from lineage.sources.document import MAX_RECORD, Document

_MEMBER = re.compile(
    rb'"(?:eventTime|eventType|runId|schemaURL|inputs|outputs|run|job|dataset)"\s*:'
)
_ENOUGH = 2
"""Members of that name that make a JSON object look like an event, rather than like JSON."""
_BYTE = re.compile(r"\(byte (\d+)\)")
_CHUNK = 1 << 16
_QUOTE, _OPENING, _ARRAY = b'"{['
_SPACE = b" \t\r\n,\xef\xbb\xbf\x1e"
"""What may stand between events; U+001E begins a record in application/json-seq (RFC 7464)."""
_BETWEEN = _SPACE + b"[]"
_TOKEN = re.compile(rb'"(?:[^"\\\n]++|\\[^\n])*+("?)|[{}\[\]]')
"""A string, the group empty when it does not end here, or a bracket."""
_REST = re.compile(rb'(?:[^"\\\n]++|\\[^\n])*+("?)')
"""What is left of a string that began in an earlier chunk."""

_NOTES = frozenset({"time-without-zone", "null-value"})
"""Problems that cost nothing: what is meant is known."""


class Piece(NamedTuple):
    """A part of a document that should be an event; None when it was too large to keep."""

    content: bytes | None
    line: int


def recognises(document: Document) -> bool:
    """Return whether the document starts like JSON and has the members of an event."""
    if document.is_folder:
        return False
    head = document.head()
    return head.lstrip(_SPACE)[:1] in {b"{", b"["} and (len(set(_MEMBER.findall(head))) >= _ENOUGH)


def read(document: Document, options: Options) -> Iterator[Item]:  # noqa: ARG001 (a reader's signature)
    """Yield the events of a document and what is wrong with them, as it is read."""
    with document.open() as stream:
        for piece in pieces(stream):
            yield from _events(document, piece)


def _events(document: Document, piece: Piece) -> Iterator[Item]:
    if piece.content is None:
        message = (
            f"larger than {MAX_RECORD >> 20} MiB, which is more than an event may have; "
            f"it is left out"
        )
        yield document.problem("too-large", message, line=piece.line)
        return
    try:
        event, problems = decode(piece.content)
    except msgspec.DecodeError as error:
        yield _not_json(document, piece, str(error))
        return
    origin = Location(document.name, piece.line)
    for problem in problems:
        severity = Severity.ERROR if event is None else Severity.WARNING
        severity = Severity.NOTE if problem.code in _NOTES else severity
        place = Location(document.name, piece.line, 0, problem.pointer)
        yield Diagnostic(problem.code, problem.message, severity, place)
    if event is not None:
        yield Arrival(event, origin, piece.content)


def _not_json(document: Document, piece: Piece, reason: str) -> Diagnostic:
    """Say where in the document the JSON goes wrong."""
    content = piece.content or b""
    found = _BYTE.search(reason)
    at = min(int(found[1]), len(content)) if found else len(content)
    line = piece.line + content.count(b"\n", 0, at)
    column = at - content.rfind(b"\n", 0, at)
    if "truncated" in reason:
        message = "the JSON ends before it is complete; what is incomplete is left out"
        return document.problem("truncated-json", message, line=line, column=column)
    reason = _BYTE.sub("", reason).removeprefix("JSON is malformed:").strip()
    message = f"this is not JSON: {reason}; it is left out"
    return document.problem("malformed-json", message, line=line, column=column)


# ------------------------------------------------------------------------ cutting into pieces


def pieces(stream: BufferedReader, limit: int = MAX_RECORD) -> Iterator[Piece]:
    """Cut a document into the parts that should be events; none is larger than `limit` bytes."""
    if stream.peek(_CHUNK).lstrip(_SPACE)[:1] == b"[":
        yield from _Cutter(limit).cut(_chunks(stream))
        return
    held: list[Piece] = []
    lines = _lines(stream, limit)
    for piece in lines:
        if piece.content is None:
            yield piece
            continue
        held.append(piece)
        if _is_object(piece.content):
            yield from _filled(held)
            yield from _filled(lines)
            return
        if len(held) > _ENOUGH:
            break
    first = held[0].line if held else 1
    yield from _Cutter(limit, first).cut(
        chain((piece.content or b"" for piece in held), _chunks(stream))
    )


def _filled(found: Iterable[Piece]) -> Iterator[Piece]:
    for piece in found:
        if piece.content is None:
            yield piece
        elif content := piece.content.strip(_SPACE):
            yield Piece(content, piece.line)


def _is_object(line: bytes) -> bool:
    line = line.strip(_SPACE)
    try:
        return line.startswith(b"{") and bool(msgspec.json.decode(line, type=msgspec.Raw))
    except (msgspec.DecodeError, RecursionError):
        return False


def _lines(stream: BufferedReader, limit: int) -> Iterator[Piece]:
    """Yield every line; one that is too long is read in parts, and comes without content."""
    number = 1
    while line := stream.readline(limit + 1):
        if len(line) <= limit:
            yield Piece(line, number)
        else:
            yield Piece(None, number)
            while line and not line.endswith(b"\n"):
                line = stream.readline(_CHUNK)
        number += 1


def _chunks(stream: BufferedReader) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk


class _Cutter:
    """Finds the outermost objects of a document that comes in chunks."""

    def __init__(self, limit: int, line: int = 1) -> None:
        self._limit = limit
        self._data = b""
        """What is not cut up yet."""
        self._line = line
        """The line on which that begins."""
        self._piece = bytearray()
        """The beginning of the present piece."""
        self._begun = line
        self._depth = 0
        """How many brackets of the present piece are open; at 0 it is what stands between two."""
        self._arrays = 0
        """How many arrays around the objects are open."""
        self._inside = False
        """Whether the last chunk ended within a string."""
        self._dropped = False
        """Whether the present piece was too large, and has been reported."""

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """Yield every outermost object, and what stands between them and should not."""
        for chunk in chunks:
            self._data += chunk
            yield from self._scan(ended=False)
        yield from self._scan(ended=True)
        complete = not self._depth
        yield from self._finish()
        if complete and self._arrays > 0:  # cut off between two objects: say so as for any other
            yield Piece(b"{", self._line)

    def _scan(self, *, ended: bool) -> Iterator[Piece]:
        at = 0
        token = _REST.match(self._data) if self._inside else _TOKEN.search(self._data)
        while token:
            at = token.end()
            kind = _QUOTE if self._inside else self._data[token.start()]
            self._inside = kind == _QUOTE and not token[1]
            if self._inside:
                if not ended and at >= len(self._data) - 1:  # a backslash may be left over
                    yield from self._take(at)
                    return
                # Text does not go over the end of a line: what began here is lost, up to the next
                # object that begins a line.
                following = self._data.find(b"\n{", at)
                yield from self._take(following + 1 if following >= 0 else len(self._data))
                yield from self._finish()
                at = self._arrays = 0
            elif kind in b"}]" and self._depth:
                self._depth -= 1
                if not self._depth:
                    yield from self._take(at)
                    yield from self._finish()
                    at = 0
            elif kind == _OPENING and not self._depth:
                yield from self._take(token.start())
                yield from self._finish()
                self._depth = at = 1
            elif kind in b"{[" and self._depth:
                self._depth += 1
            elif kind in b"[]":
                self._arrays += 1 if kind == _ARRAY else -1
            token = _TOKEN.search(self._data, at)
        yield from self._take(len(self._data))

    def _take(self, end: int) -> Iterator[Piece]:
        """Move what was scanned to the present piece."""
        taken, self._data = self._data[:end], self._data[end:]
        self._line += taken.count(b"\n")
        if self._dropped:
            return
        self._piece += taken
        if len(self._piece) > self._limit:
            self._dropped = True
            self._piece.clear()
            yield Piece(None, self._begun)

    def _finish(self) -> Iterator[Piece]:
        """Yield the present piece, if there is anything to it, and begin the next."""
        piece = bytes(self._piece).strip(_SPACE)
        if not self._depth and not piece.startswith(b"{"):
            piece = piece.strip(_BETWEEN)
        if piece:
            yield Piece(piece, self._begun)
        self._piece.clear()
        self._begun = self._line
        self._depth, self._inside, self._dropped = 0, False, False


READER = Reader(
    purpose="OpenLineage events: a JSON file, one event a line, or an array",
    recognises=recognises,
    read=read,
)
