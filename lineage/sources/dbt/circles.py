"""References that lead back to where they begin: dbt refuses a project that has any."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sources.dbt.files import CALLED, Reading
from lineage.sql.sourcemap import line_and_column, line_starts

CODE = "dbt-circle"


def circles(reading: Reading) -> Iterator[Diagnostic]:
    """Yield a problem for each circle; where a part of one is not read, ask for it."""

    def leads_to(id_: str) -> Iterable[str]:
        node = None if id_ in reading.surely else reading.elsewhere(id_)
        return node.depends_on if node is not None else reading.surely.get(id_, ())

    for circle in _found(sorted(reading.surely), leads_to):
        unread = [id_ for id_ in circle if id_ not in reading.surely]
        for id_ in unread:
            node = reading.elsewhere(id_)
            reading.lacking.update([node.file] if node is not None else [])
        if not unread:
            yield _told(reading, circle)


def _found(starts: Iterable[str], leads_to: Callable[[str], Iterable[str]]) -> list[list[str]]:
    """Return circles with one of ``starts`` in them, each beginning with its first name."""
    first = set(starts)
    done: set[str] = set()
    found: dict[tuple[str, ...], None] = {}
    for start in sorted(first):
        path: dict[str, Iterator[str]] = {}
        waiting = [] if start in done else [start]
        while waiting:
            current = waiting[-1]
            if current not in path:
                path[current] = iter(sorted(leads_to(current)))
            following = next(path[current], None)
            if following is None:
                del path[current]
                done.add(current)
                waiting.pop()
            elif following in path:
                circle = waiting[waiting.index(following) :]
                at = circle.index(min(circle))
                if first.intersection(circle):
                    found[*circle[at:], *circle[:at]] = None
            elif following not in done:
                waiting.append(following)
    return [list(circle) for circle in found]


def _told(reading: Reading, circle: list[str]) -> Diagnostic:
    steps = list(zip(circle, [*circle[1:], circle[0]], strict=True))
    places = [_place(reading, id_, following) for id_, following in steps]
    where = places[0]
    names = [reading.drafts[id_].name for id_ in circle]
    way = " -> ".join([*names, names[0]])
    shown = ", ".join(f"{place.document}:{place.line}" for place in places)
    said = f"{names[0]} refers to itself" if len(names) == 1 else "these refer to each other"
    return Diagnostic(
        CODE,
        f"{where.document}:{where.line}:{where.column}: {said}: {way} ({shown}); dbt refuses a "
        f"project with a circle in it. Take one of the references out.",
        Severity.ERROR,
        where,
    )


def _place(reading: Reading, id_: str, following: str) -> Location:
    """Return where a node refers to another; the beginning of its file if that is a macro's."""
    draft = reading.drafts[id_]
    for call in CALLED.finditer(draft.written):
        if reading.referred(call[1], call[2], draft.package) == following:
            line, column = line_and_column(line_starts(draft.written), call.start())
            return Location(draft.file, line, column)
    return Location(draft.file, 1, 1)


__all__ = ["CODE", "circles"]
