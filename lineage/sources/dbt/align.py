"""Finding a compiled statement's lines in the template that it came from.

dbt keeps both texts but not how they belong together. Lines that are the same in both, in order,
are the same line. Between them stands what Jinja made; there a template's line is read as a
pattern, in which every ``{{ … }}`` can be anything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from lineage.model.places import Anchor, Place, SourceMap

_LONGEST = 4_000
"""Lines; beyond this the comparison, which is quadratic at worst, is not worth its time."""
_WIDEST = 500
"""Characters of a line, and below 8 of its constructs, that are still tried as a pattern."""
_MOST = 8
_CONSTRUCT = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_COMMON = frozenset({"", ",", ")", "("})
"""Lines that say too little to hold two texts together."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a template, cut where its constructs are."""

    pieces: tuple[tuple[int, str | None], ...]
    """(column from 1, literal text), or ``None`` for the text where a construct starts."""

    @property
    def literal(self) -> str | None:
        """Return its text, if it is nothing but text."""
        if any(text is None for _, text in self.pieces):
            return None
        return "".join(text or "" for _, text in self.pieces).strip()

    def pattern(self) -> re.Pattern[str] | None:
        """Return what a line that it makes looks like; ``None`` if that could be anything."""
        texts = [text for _, text in self.pieces if text is not None]
        said = sum(character.isalnum() for text in texts for character in text)
        if said < 2 or len(self.pieces) > _MOST or sum(map(len, texts)) > _WIDEST:  # noqa: PLR2004
            return None
        parts = (f"({re.escape(text)})" if text else "(.*?)" for _, text in self.pieces)
        # dbt puts the end of an ephemeral model's CTE before the first line.
        return re.compile(rf"(?:.*\W)??{''.join(parts)}\s*")


def align(written: str, compiled: str) -> SourceMap | None:
    """Return where the lines of ``compiled`` stand in ``written``; ``None`` if nobody can tell."""
    after = compiled.split("\n")
    lines = list(_lines(written))
    if not written.strip() or len(lines) + len(after) > _LONGEST:
        return None
    if written == compiled:
        return SourceMap()
    # A line that Jinja has a part in is equal to none; its number keeps it apart from others.
    old = [line.literal if line.literal is not None else index for index, line in enumerate(lines)]
    new: list[str | int] = [line.strip() for line in after]
    matcher: SequenceMatcher[str | int] = SequenceMatcher(
        lambda line: line in _COMMON, old, new, autojunk=False
    )
    anchors: list[Anchor] = []
    for what, low, high, start, stop in matcher.get_opcodes():
        if what == "equal":
            for index in range(start, stop):
                anchors += _same(lines[low + index - start], low + index - start, after, index)
        elif what != "delete":
            anchors += _made(lines, low, high, after, start, stop)
    return SourceMap(tuple(anchors))


def _lines(written: str) -> Iterator[_Line]:
    """Yield the lines of a template; what a construct spans belongs to the line it starts on."""
    pieces: list[tuple[int, str | None]] = []
    at, start = 0, 0
    for found in (*_CONSTRUCT.finditer(written), None):
        end = found.start() if found else len(written)
        *whole, last = written[at:end].split("\n")
        for text in whole:
            pieces.append((at - start + 1, text))
            yield _trimmed(pieces)
            pieces = []
            at += len(text) + 1
            start = at
        if last:
            pieces.append((at - start + 1, last))
        if found is None:
            yield _trimmed(pieces)
            return
        pieces.append((found.start() - start + 1, None))
        at = found.end()
        for _ in range(found[0].count("\n")):
            yield _trimmed(pieces)
            pieces = []
        start = written.rfind("\n", 0, at) + 1


def _trimmed(pieces: Sequence[tuple[int, str | None]]) -> _Line:
    """Take the blanks off both ends of a line."""
    found = [piece for piece in pieces if piece[1] != ""]
    if found and found[0][1] is not None:
        column, text = found[0]
        bare = (text or "").lstrip()
        found[0] = (column + len(text or "") - len(bare), bare)
    if found and found[-1][1] is not None:
        found[-1] = (found[-1][0], (found[-1][1] or "").rstrip())
    return _Line(tuple(piece for piece in found if piece[1] != ""))


def _same(line: _Line, number: int, after: Sequence[str], index: int) -> list[Anchor]:
    column = line.pieces[0][0] if line.pieces else 1
    indent = len(after[index]) - len(after[index].lstrip()) + 1 if line.pieces else 1
    return _indented(index, indent, number, column, [(indent, column, True)])


def _indented(
    index: int, indent: int, number: int, column: int, pieces: Sequence[tuple[int, int, bool]]
) -> list[Anchor]:
    anchors = [Anchor(index + 1, 1, Place(number + 1, column, False))] if indent > 1 else []
    anchors += [Anchor(index + 1, at, Place(number + 1, to, exact)) for at, to, exact in pieces]
    return anchors


def _made(  # noqa: PLR0913, PLR0917 - a stretch of either text
    lines: Sequence[_Line], low: int, high: int, after: Sequence[str], start: int, stop: int
) -> Iterator[Anchor]:
    """Yield where lines come from that differ: the line whose pattern they have, in order."""
    patterns = [(number, lines[number].pattern()) for number in range(low, high)]
    reached = low
    for index in range(start, stop):
        # A loop goes round: what comes next is looked for first, then what came before.
        order = (
            *(p for p in patterns if p[0] >= reached),
            *(p for p in patterns if p[0] < reached),
        )
        for number, pattern in order:
            found = pattern.fullmatch(after[index]) if pattern else None
            if found is None:
                continue
            reached = number
            line = lines[number]
            groups = [
                (found.start(group) + 1, column, text is not None)
                for group, (column, text) in enumerate(line.pieces, 1)
                if found.start(group) < found.end(group)
            ]
            yield from _indented(index, groups[0][0], number, line.pieces[0][0], groups)
            break
        else:
            number = _maker(lines, reached, max(high, low + 1))
            column = lines[number].pieces[0][0] if lines[number].pieces else 1
            yield Anchor(index + 1, 1, Place(number + 1, column, False))


def _maker(lines: Sequence[_Line], reached: int, high: int) -> int:
    """Return the line whose construct made a line that nothing else explains."""
    last = len(lines) - 1
    for number in range(reached, min(high, last + 1)):
        if lines[number].literal is None:
            return number
    return min(reached, last)
