"""Where the text of a statement stands in the document that it came from.

SQL is not always written as it runs: a template may have made it. A `SourceMap` says, for any
line and column of the SQL, which line and column of the document it comes from.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from lineage.model.diagnostic import Location


@dataclass(frozen=True, slots=True)
class Place:
    """A line and column of the template, both from 1.

    ``exact`` is False for generated text: the place is then where its ``{{`` or ``{%`` starts.
    """

    line: int
    column: int
    exact: bool = True
    document: str = ""
    """Where that is another document: what it holds was written into the statement."""

    def moved(self, line: int, column: int) -> Place:
        """Return another place in the same document."""
        return Place(line, column, document=self.document)


@dataclass(frozen=True, slots=True)
class Anchor:
    """From (line, column) of the text on, up to the next anchor, text comes from ``place``.

    If that place is exact, the text runs in step with the template.
    """

    line: int
    column: int
    place: Place


@dataclass(frozen=True, slots=True)
class SourceMap:
    """Where each character of a rendered text stands in its template.

    Anchors are sorted. No anchors: the text is the template.
    """

    anchors: tuple[Anchor, ...] = ()

    @property
    def identity(self) -> bool:
        """True when every position is its own."""
        return not self.anchors

    def place(self, line: int, column: int) -> Place:
        """Return the place in the template of a line and column of the text (both from 1)."""
        index = bisect_right(self.anchors, (line, column), key=lambda a: (a.line, a.column)) - 1
        if index < 0:
            return Place(line, column) if self.identity else self.anchors[0].place
        anchor = self.anchors[index]
        if not anchor.place.exact:
            return anchor.place
        if line == anchor.line:
            return anchor.place.moved(
                anchor.place.line, anchor.place.column + column - anchor.column
            )
        return anchor.place.moved(anchor.place.line + line - anchor.line, column)


def locate(
    origin: Location | None, places: SourceMap | None, line: int, column: int
) -> Location | None:
    """Return where line and column of a job's SQL (both from 1) stand in its document.

    ``origin`` and ``places`` are those of the Job. The line is 0 when it is not known.
    """
    if origin is None:
        return None
    if line < 1:
        return Location(origin.document, pointer=origin.pointer)
    if places is not None and not places.identity:
        place = places.place(line, column)
        if place.document:
            return Location(place.document, place.line, place.column)
        return Location(origin.document, place.line, place.column, origin.pointer)
    if not origin.line:
        return Location(origin.document, pointer=origin.pointer)
    shifted = column + max(origin.column, 1) - 1 if line == 1 else column
    return Location(origin.document, origin.line + line - 1, shifted, origin.pointer)
