"""Text that remembers where it was written.

A template's output is stitched together from pieces: literal text, whose every character stands
somewhere in the template, and generated text, which only has the expression that made it.
``Text`` carries that knowledge through Jinja as a string; ``SourceMap`` is what is left of it in
the end, and answers *where in the file is line 12, column 7 of the SQL?*
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Self, SupportsIndex, TypeAlias

from lineage.model.places import Anchor, Place, SourceMap

Span: TypeAlias = tuple[int, int, int, bool]
"""(start, length, source offset, exact): characters of a text, and where they come from.
Exact spans run in step with the template; the others all come from one place."""


class Text(str):
    """A string with the origin of (some of) its characters. Equal to the plain string.

    The operations that templates use most keep the origins; any other gives a plain string, whose
    place is then that of the expression around it.
    """

    __slots__ = ("spans",)
    spans: tuple[Span, ...]

    def __new__(cls, value: str, spans: tuple[Span, ...] = ()) -> Self:
        """Return ``value`` with its origins."""
        made = super().__new__(cls, value)
        made.spans = spans
        return made

    def __str__(self) -> str:
        return self

    def __add__(self, other: str) -> str:
        return join((self, other))

    def __radd__(self, other: str) -> str:
        return join((other, self))

    def __getitem__(self, index: SupportsIndex | slice) -> Text:
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self))
            if step != 1:
                return Text(super().__getitem__(index))
        else:
            start = index.__index__()
            start = start + len(self) if start < 0 else start
            stop = start + 1
        return Text(super().__getitem__(index), _cut(self.spans, start, max(start, stop)))

    def strip(self, chars: str | None = None, /) -> Text:
        """Return it without blanks at either end."""
        return self.lstrip(chars).rstrip(chars)

    def lstrip(self, chars: str | None = None, /) -> Text:
        """Return it without blanks at its start."""
        return self[len(self) - len(super().lstrip(chars)) :]

    def rstrip(self, chars: str | None = None, /) -> Text:
        """Return it without blanks at its end."""
        return self[: len(super().rstrip(chars))]

    def lower(self) -> str:
        """Return it in lower case."""
        return self._same_length(super().lower())

    def upper(self) -> str:
        """Return it in upper case."""
        return self._same_length(super().upper())

    def _same_length(self, value: str) -> str:
        # A few characters change their length with their case; then the origins are lost.
        return Text(value, self.spans) if len(value) == len(self) else value


def _cut(spans: tuple[Span, ...], start: int, stop: int) -> tuple[Span, ...]:
    kept: list[Span] = []
    for at, length, source, exact in spans:
        low, high = max(at, start), min(at + length, stop)
        if low < high:
            kept.append((low - start, high - low, source + (low - at if exact else 0), exact))
    return tuple(kept)


def join(pieces: Iterable[str]) -> str:
    """Concatenate, keeping the origin of every piece that has one."""
    parts = pieces if isinstance(pieces, (list, tuple)) else list(pieces)
    if not any(isinstance(part, Text) for part in parts):
        return "".join(parts)
    spans: list[Span] = []
    at = 0
    for part in parts:
        if isinstance(part, Text):
            spans.extend((at + start, n, source, exact) for start, n, source, exact in part.spans)
        at += len(part)
    return Text("".join(parts), tuple(spans))


def generated(value: str, source: int) -> Text:
    """Return ``value`` with ``source`` as the origin of every character that had none."""
    if not isinstance(value, Text) or not value.spans:
        return Text(value, ((0, len(value), source, False),) if value else ())
    spans: list[Span] = []
    at = 0
    for span in value.spans:
        if span[0] > at:
            spans.append((at, span[0] - at, source, False))
        spans.append(span)
        at = span[0] + span[1]
    if at < len(value):
        spans.append((at, len(value) - at, source, False))
    return Text(str.__str__(value), tuple(spans))


def line_starts(text: str) -> tuple[int, ...]:
    r"""Return the offset of the first character of every line; lines end with ``\n``."""
    starts = [0]
    at = text.find("\n")
    while at >= 0:
        starts.append(at + 1)
        at = text.find("\n", at + 1)
    return tuple(starts)


def line_and_column(starts: Sequence[int], offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an offset."""
    line = bisect_right(starts, offset)
    return line, offset - starts[line - 1] + 1


def source_map(text: str, template: str) -> SourceMap:
    """Read the map off a text that was rendered from ``template``."""
    spans = text.spans if isinstance(text, Text) else ()
    if not spans:
        return SourceMap() if text == template else SourceMap((Anchor(1, 1, Place(1, 1, False)),))
    text_lines, template_lines = line_starts(text), line_starts(template)
    anchors: list[Anchor] = []
    end = source_end = 0
    exact_before = False
    for start, length, source, exact in spans:
        # What nobody claimed was made by whatever stands after the last thing that somebody did.
        pieces = [(end, source_end, False)] if start > end else []
        pieces.append((start, source, exact))
        for at, origin, literal in pieces:
            goes_on = literal == exact_before and origin == source_end and bool(anchors)
            if not goes_on:
                place = Place(*line_and_column(template_lines, origin), literal)
                anchors.append(Anchor(*line_and_column(text_lines, at), place))
            exact_before, source_end = literal, origin
        end = start + length
        source_end = source + (length if exact else 0)
    return SourceMap(tuple(anchors))


def insert(
    text: str, places: SourceMap, at: int, piece: str, place: Place
) -> tuple[str, SourceMap]:
    """Return ``text`` with ``piece`` put in at an offset, and the map that goes with it.

    ``place`` is where in the template to look for what stands in ``piece``.
    """
    line, column = line_and_column(line_starts(text), at)
    known = places.anchors or (Anchor(1, 1, Place(1, 1)),)
    added = piece.count("\n")
    end = len(piece) - (piece.rfind("\n") + 1) if added else column - 1 + len(piece)
    before = [anchor for anchor in known if (anchor.line, anchor.column) < (line, column)]
    after = [anchor for anchor in known if (anchor.line, anchor.column) >= (line, column)]
    if not after or (after[0].line, after[0].column) != (line, column):
        after.insert(0, Anchor(line, column, places.place(line, column)))
    moved = [
        Anchor(
            anchor.line + added,
            anchor.column + (end - column + 1 if anchor.line == line else 0),
            anchor.place,
        )
        for anchor in after
    ]
    anchors = (*before, Anchor(line, column, place), *moved)
    return text[:at] + piece + text[at:], SourceMap(anchors)
