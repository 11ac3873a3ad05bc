"""Finding a compiled statement's lines in the template that it came from.

dbt keeps both texts but not how they belong together. Lines that are the same in both, in order,
are the same line; between them stands what Jinja made, in as many lines or in more.
"""

from __future__ import annotations

from difflib import SequenceMatcher

from lineage.model.places import Anchor, Place, SourceMap

_LONGEST = 4_000
"""Lines; beyond this the comparison, which is quadratic at worst, is not worth its time."""


def align(written: str, compiled: str) -> SourceMap | None:
    """Return where the lines of ``compiled`` stand in ``written``; ``None`` if nobody can tell."""
    before, after = written.split("\n"), compiled.split("\n")
    if not written.strip() or len(before) + len(after) > _LONGEST:
        return None
    if written == compiled:
        return SourceMap()
    old, new = [line.strip() for line in before], [line.strip() for line in after]
    anchors: list[Anchor] = []
    matcher = SequenceMatcher(lambda line: line in {"", ",", ")", "("}, old, new, autojunk=False)
    for what, low, high, start, stop in matcher.get_opcodes():
        if what == "delete":
            continue
        for index in range(start, stop):
            if what == "equal":
                line, exact = low + index - start, True
            elif high - low == stop - start:
                line, exact = low + index - start, False
            else:
                line, exact = min(low, len(before) - 1), False
            column = _indent(before[line])
            text_column = _indent(after[index])
            if exact or (what == "replace" and high - low == stop - start):
                anchors += _line(index, line, text_column, column, before[line], after[index])
            else:
                anchors.append(Anchor(index + 1, 1, Place(line + 1, column, False)))
    return SourceMap(tuple(anchors))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) + 1


def _line(  # noqa: PLR0913, PLR0917 - the same four of either text
    index: int, line: int, text_column: int, column: int, old: str, new: str
) -> list[Anchor]:
    """One line against one line: in step up to the first difference, and from the last one on."""
    old, new = old.strip(), new.strip()
    anchors = [Anchor(index + 1, 1, Place(line + 1, column, False))] if text_column > 1 else []
    same = 0
    while same < min(len(old), len(new)) and old[same] == new[same]:
        same += 1
    anchors.append(Anchor(index + 1, text_column, Place(line + 1, column, True)))
    if same == len(old) == len(new):
        return anchors
    end = 0
    while end < min(len(old), len(new)) - same and old[-1 - end] == new[-1 - end]:
        end += 1
    start = _construct(old, same)
    anchors.append(Anchor(index + 1, text_column + same, Place(line + 1, column + start, False)))
    if end:
        anchors.append(
            Anchor(
                index + 1,
                text_column + len(new) - end,
                Place(line + 1, column + len(old) - end, True),
            )
        )
    return anchors


def _construct(line: str, at: int) -> int:
    """Return where the ``{{`` or ``{%`` that a difference lies in starts."""
    found = max(line.rfind("{{", 0, at + 2), line.rfind("{%", 0, at + 2))
    return found if found >= 0 else at
