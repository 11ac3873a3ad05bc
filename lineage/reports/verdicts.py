"""The answer to a change, for people and for programs: text, Markdown, JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lineage.model.change import (
    AddColumn,
    Change,
    ChangeSet,
    DropColumn,
    DropTable,
    EditStatement,
    RenameColumn,
    RenameTable,
    ReorderColumns,
    RetypeColumn,
    SetNullable,
)
from lineage.model.diagnostic import Location
from lineage.model.verdict import SEVERITY, Evidence, Impact, Known, Status, Verdict
from lineage.reports.values import Plain, plain

WORDS: Final[Mapping[Status, str]] = {
    Status.BREAKS: "break",
    Status.BLOCKED: "are blocked by what breaks",
    Status.UNKNOWN: "could not be judged",
    Status.SCHEMA_CHANGES: "get other columns",
    Status.VALUE_CHANGES: "get other values",
    Status.OK: "are bound again and stay as they are",
}
"""What each verdict says of several things."""

_ORDER: Final = (
    Status.BREAKS,
    Status.BLOCKED,
    Status.UNKNOWN,
    Status.SCHEMA_CHANGES,
    Status.VALUE_CHANGES,
    Status.OK,
)
"""What to look at first: what breaks by itself, then what only waits for it."""

_COLOURS: Final[Mapping[Status, int]] = {
    Status.BREAKS: 31,
    Status.BLOCKED: 31,
    Status.UNKNOWN: 35,
    Status.SCHEMA_CHANGES: 33,
    Status.VALUE_CHANGES: 33,
    Status.OK: 32,
}
VERSION: Final = 1
"""Of the JSON form. Members may be added; one that goes or changes makes a new version."""
_REASONS: Final = 5
_WIDE: Final = 44


def said(change: Change) -> str:
    """Return one change in words."""
    match change:
        case DropColumn(table, column):
            text = f"drop {table}.{column}"
        case RenameColumn(table, column, new):
            text = f"rename {table}.{column} to {new}"
        case RetypeColumn(table, column, type_):
            text = f"make {table}.{column} {type_}"
        case SetNullable(table, column, nullable):
            text = f"let {table}.{column} be {'NULL' if nullable else 'never NULL'}"
        case AddColumn(table, column, type_):
            text = f"add {table}.{column} {type_}"
        case ReorderColumns(table):
            text = f"reorder the columns of {table}"
        case DropTable(table):
            text = f"drop {table}"
        case RenameTable(table, new):
            text = f"rename {table} to {new}"
        case EditStatement(table):
            text = f"make {table} by another statement"
    return text


def title(changes: ChangeSet) -> str:
    """Return a change set in words."""
    return "; ".join(map(said, changes.changes)) or "no change"


def counts(impact: Impact) -> dict[Status, int]:
    """Return how many relations and consumers have each verdict."""
    found = Counter(verdict.status for verdict in (*impact.relations, *impact.consumers))
    return {status: found[status] for status in Status}


def headline(impact: Impact) -> str:
    """Return the answer in one sentence, the number that breaks first."""
    found = counts(impact)
    words = {**WORDS, Status.SCHEMA_CHANGES: _other(impact)}
    parts = [f"{found[status]} {words[status]}" for status in _ORDER[1:-1] if found[status]]
    breaks = found[Status.BREAKS]
    first = f"{breaks} {WORDS[Status.BREAKS] if breaks != 1 else 'breaks'}" if breaks else ""
    if not first:
        first = "Nothing breaks" if not found[Status.UNKNOWN] else "Nothing is known to break"
    return ", ".join([first, *parts]) + "."


def _other(impact: Impact) -> str:
    """Return what is other where schemas change: the columns, or only their types."""
    told = [
        verdict.difference
        for verdict in (*impact.relations, *impact.consumers)
        if verdict.status is Status.SCHEMA_CHANGES and verdict.difference
    ]
    typed = [one for one in told if not (one.lost or one.gained or one.reordered)]
    return "get other types" if typed and len(typed) == len(told) else WORDS[Status.SCHEMA_CHANGES]


def seen(impact: Impact) -> str:
    """Return how much of the answer is proved."""
    coverage = impact.coverage
    parts = [f"{coverage.proved} proved by binding"]
    if coverage.inferred:
        parts.append(f"{coverage.inferred} inferred from lineage")
    if coverage.unknown:
        parts.append(f"{coverage.unknown} unknown")
    return ", ".join(parts)


def ranked(impact: Impact) -> list[Verdict]:
    """Return all verdicts but OK, what to look at first in front; build order within."""
    every = [*impact.relations, *impact.consumers]
    return sorted(
        (verdict for verdict in every if verdict.status is not Status.OK),
        key=lambda verdict: _ORDER.index(verdict.status),
    )


def text(impact: Impact) -> Iterator[str]:
    """Yield the lines of the text form, coloured; `cli.output.write` takes colours off."""
    yield f"\x1b[1m{headline(impact)}\x1b[0m"
    yield f"{title(impact.change)}  ({seen(impact)})"
    every = ranked(impact)
    waiting = [verdict for verdict in every if verdict.status is Status.BLOCKED]
    for verdict in every:
        if verdict.status is not Status.BLOCKED:
            yield ""
            yield from _block(verdict)
        elif verdict is waiting[0]:
            yield ""
            yield from _waiting(waiting)
    for found in impact.diagnostics:
        yield f"note: {found.message}"


def _block(verdict: Verdict) -> Iterator[str]:
    colour = _COLOURS[verdict.status]
    known = "" if verdict.known is Known.BOUND else f"  by {verdict.known.value}"
    owners = f"  {', '.join(verdict.owners)}" if verdict.owners else ""
    head = f"\x1b[{colour}m{verdict.status.value:<14}\x1b[0m \x1b[1m{verdict.relation}\x1b[0m"
    yield f"{head}  {verdict.kind}{known}{owners}"
    for evidence in verdict.evidence[:_REASONS]:
        place = where(evidence.location or verdict.location)
        may = "" if evidence.certain else "may: "
        yield f"  {place}{': ' if place else ''}{may}{evidence.message}"
    if len(verdict.evidence) > _REASONS:
        yield f"  and {len(verdict.evidence) - _REASONS} more reasons"
    if len(verdict.path) > 1:
        yield f"  via {' > '.join(verdict.path)}"


def _waiting(blocked: list[Verdict]) -> Iterator[str]:
    """Yield a line each for what cannot be built because something before it breaks."""
    name = max(len(verdict.relation) for verdict in blocked)
    name = min(name, _WIDE)
    for verdict in blocked:
        known = "" if verdict.known is Known.BOUND else f"by {verdict.known.value}"
        cause = verdict.evidence[0].message if verdict.evidence else ""
        owners = ", ".join(verdict.owners)
        details = "; ".join(part for part in (cause, known, owners) if part)
        head = f"\x1b[{_COLOURS[verdict.status]}m{verdict.status.value:<14}\x1b[0m"
        yield f"{head} \x1b[1m{verdict.relation:<{name}}\x1b[0m  {verdict.kind:<9} {details}"


def where(place: Location | None) -> str:
    """Return ``file:line:column``, as far as it is known."""
    if place is None:
        return ""
    parts = [place.document]
    if place.line:
        parts.append(str(place.line))
        if place.column:
            parts.append(str(place.column))
    return ":".join(parts)


def markdown(impact: Impact) -> Iterator[str]:
    """Yield the lines of the Markdown form."""
    yield f"### {headline(impact)}"
    yield ""
    yield f"{_safe(title(impact.change))}: {seen(impact)}."
    found = ranked(impact)
    if found:
        yield ""
        yield "| verdict | what | where | why | owner |"
        yield "|---|---|---|---|---|"
    for verdict in found:
        first = verdict.evidence[0] if verdict.evidence else Evidence("", "")
        place = where(first.location or verdict.location)
        cells = (
            verdict.status.value,
            f"{verdict.relation} ({verdict.kind})",
            place,
            ("" if first.certain else "may: ") + first.message,
            ", ".join(verdict.owners),
        )
        yield "| " + " | ".join(_safe(cell) for cell in cells) + " |"


def _safe(text_: str) -> str:
    """Return text that Markdown takes for text: no table, link, tag or emphasis comes of it."""
    flat = " ".join(text_.split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return "".join("\\" + letter if letter in "\\`*_{}[]()#|!@" else letter for letter in escaped)


def record(impact: Impact) -> dict[str, Plain]:
    """Return the JSON form."""
    return {
        "version": VERSION,
        "id": impact.change.id,
        "change": title(impact.change),
        "headline": headline(impact),
        "counts": {status.value: number for status, number in counts(impact).items()},
        "coverage": plain(impact.coverage),
        "relations": [plain(verdict) for verdict in impact.relations],
        "consumers": [plain(verdict) for verdict in impact.consumers],
        "diagnostics": [plain(found) for found in impact.diagnostics],
    }


def line(impact: Impact) -> dict[str, Plain]:
    """Return the form of one line a change: what is not OK, by name, the worst of each name."""
    return {
        "id": impact.change.id,
        "results": _worst(impact.relations),
        "consumers": _worst(impact.consumers),
    }


def _worst(verdicts: Iterable[Verdict]) -> dict[str, Plain]:
    found: dict[str, Status] = {}
    for verdict in verdicts:
        known = found.get(verdict.relation, Status.OK)
        if SEVERITY[verdict.status] > SEVERITY[known]:
            found[verdict.relation] = verdict.status
    return {name: status.value for name, status in found.items()}


def threshold(impact: Impact, fail_on: str) -> bool:
    """Return whether a verdict is at or above a threshold: the exit code 1.

    ``breaking`` is BREAKS or BLOCKED, proved; ``unknown`` adds what could not be judged or is
    only inferred; ``any`` adds everything that is not OK; ``never`` is never reached.
    """
    for verdict in (*impact.relations, *impact.consumers):
        broken = verdict.status in {Status.BREAKS, Status.BLOCKED}
        proved = verdict.known in {Known.BOUND, Known.ENGINE}
        if fail_on == "any" and verdict.status is not Status.OK:
            return True
        if fail_on == "unknown" and (broken or verdict.status is Status.UNKNOWN):
            return True
        if fail_on == "breaking" and broken and proved:
            return True
    return False
