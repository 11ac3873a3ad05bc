"""Ways to look at an estate: what is said of each dataset, column and edge, in a few words.

A lens gives each thing one of a few values. A value has a sign and a word besides its colour, so
that nothing is told by colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

import lineage
from app.scene import GROUPS, Change, Scene
from app.words import STATUS_MARKS, named
from lineage import DatasetId

BAD, WARN, NOTE, GOOD, NONE = "#c62f3b", "#b8660a", "#7b52a8", "#2f8550", "#68707d"
TONES = ("#3f6fb5", "#3c8d5a", "#9a6a1c", "#7b52a8", "#a8434f", "#2c8a94", "#68707d", "#8d7a2a")
"""Colours that are seen on light and on dark ground, 3:1 at least."""
_TOLD = (
    *(tone for tone in TONES if tone != NONE),
    *("#b8468f", "#5b63c9", "#5e8022", "#a0522d", "#4a7f9e", "#b0607a", "#7a6fae"),
    *("#c05c1a", "#3a7d7d", "#7d6b52"),
)
"""Those for names: grey is for what has none."""
LENSES = (
    *GROUPS,
    "verdict",
    "freshness",
    "tests",
    "tags",
    "transformation",
    "basis",
    "change",
)


@dataclass(frozen=True, slots=True)
class Value:
    """One of the few values of a lens."""

    name: str
    sign: str
    tone: str


@dataclass(slots=True)
class Painting:
    """What a lens says of the cards, lines and rows of a picture, by their numbers."""

    cards: dict[int, Value] = field(default_factory=dict)
    lines: dict[int, Value] = field(default_factory=dict)
    rows: dict[int, Value] = field(default_factory=dict)
    texts: dict[int, str] = field(default_factory=dict)
    """What stands on a card in place of its value's name."""

    def legend(self) -> list[tuple[Value, int]]:
        """Return the values that there are, in order, and how often each is there."""
        counted = Counter((*self.cards.values(), *self.lines.values(), *self.rows.values()))
        return sorted(counted.items(), key=lambda item: (-item[1], item[0].name))


_VERDICTS = {
    "BREAKS": BAD,
    "BLOCKED": WARN,
    "UNKNOWN": NONE,
    "SCHEMA_CHANGES": NOTE,
    "VALUE_CHANGES": TONES[5],
    "OK": GOOD,
}
_BASES = {
    "DECLARED": Value("declared", "D", TONES[0]),
    "DERIVED": Value("derived from SQL", "S", TONES[3]),
    "BOTH": Value("both", "✓", GOOD),
    "ASSUMED": Value("assumed", "?", WARN),
}
_STEPS = {
    "IDENTITY": Value("identity", "=", TONES[0]),
    "TRANSFORMATION": Value("transformation", "ƒ", TONES[3]),
    "AGGREGATION": Value("aggregation", "Σ", TONES[5]),
    "JOIN": Value("join", "⋈", TONES[2]),
    "FILTER": Value("filter", "▽", BAD),
    "GROUP_BY": Value("group by", "#", TONES[1]),
    "SORT": Value("sort", "⇅", TONES[6]),
    "WINDOW": Value("window", "◫", TONES[7]),
    "CONDITIONAL": Value("conditional", "◇", WARN),
}
_UNSAID = Value("unspecified", "·", NONE)
_CHANGES = {
    Change.ADDED: Value("added", "+", GOOD),
    Change.REMOVED: Value("removed", "-", BAD),
    Change.CHANGED: Value("changed", "~", WARN),
}


def paint(
    estate: lineage.Workspace, drawn: Scene, lens: str, verdicts: Mapping[DatasetId, str]
) -> Painting:
    """Return a picture as a lens shows it. ``verdicts`` are statuses of tables."""
    if lens in GROUPS:
        return _groups(estate, drawn, lens)
    if lens == "verdict":
        return _verdicts(drawn, verdicts)
    if lens == "freshness":
        known = freshness(estate)
        return _cards(drawn, lambda id_: _FRESH.get(known.get(id_, ("", ""))[0]))
    if lens == "tests":
        return _tested(estate, drawn)
    if lens == "tags":
        return _tags(estate, drawn)
    return _lines(drawn, lens)


def of_tables(
    estate: lineage.Workspace, tables: Mapping[str, DatasetId], lens: str
) -> dict[str, Value]:
    """Return what a lens says of tables, by whatever name the caller has for them."""
    if lens == "freshness":
        told = freshness(estate)
        return {name: _FRESH[told[id_][0]] for name, id_ in tables.items()}
    if lens == "tests":
        counted = tests(estate)
        return {name: _TESTED if counted[id_] else _UNTESTED for name, id_ in tables.items()}
    if lens == "tags":
        known = _tag_values(estate)
        tags = {name: sorted(estate.snapshot.datasets[id_].tags) for name, id_ in tables.items()}
        return {name: known[found[0]] for name, found in tags.items() if found}
    values = groups(estate, lens)
    return {name: values[estate.group(id_, lens)] for name, id_ in tables.items()}


def together(values: list[Value], lens: str) -> Value:
    """Return what a lens says of several tables drawn as one."""
    found = set(values)
    if len(found) == 1:
        return found.pop()
    if lens == "freshness":
        behind = _FRESH[BEHIND] in found
        return Value("some behind what they read", "▲", WARN) if behind else _FRESH[UNWRITTEN]
    if lens == "tests":
        return Value("some tested", "◐", NOTE)
    return Value(f"several {lens.removesuffix('s')}s", "", NONE)


def legend(painting: Painting, name: str) -> str:
    """Return what colours and signs mean, as HTML."""
    found = painting.legend()
    items = "".join(
        f"<li><i style='background:{value.tone}'></i>"
        f"{escape(value.sign)} {escape(value.name)} <span>{count}</span></li>"
        for value, count in found[:_LISTED]
    )
    more = f"<li>and {len(found) - _LISTED} more</li>" if len(found) > _LISTED else ""
    nothing = "<li>nothing to tell apart here</li>" if not found else ""
    return (
        "<style>ul.legend{display:flex;flex-wrap:wrap;gap:.1rem .9rem;list-style:none;margin:0;"
        "padding:0;font-size:.8rem}ul.legend li{display:flex;align-items:center;gap:.3rem;margin:0}"
        "ul.legend i{width:.75rem;height:.75rem;border-radius:3px}ul.legend span{opacity:.84}"
        f"</style><ul class='legend' aria-label='Legend: {escape(name)}'>"
        f"{items}{more}{nothing}</ul>"
    )


_LISTED = 24


def _lines(drawn: Scene, lens: str) -> Painting:
    found = Painting()
    if lens == "change":
        found.lines = {n: _CHANGES[one] for n, one in drawn.changes.items() if one in _CHANGES}
        found.rows = {n: _CHANGES[one] for n, one in drawn.row_changes.items() if one in _CHANGES}
    elif lens == "basis":
        found.lines = {number: _basis(edges) for number, edges in enumerate(drawn.made)}
    elif lens == "transformation":
        found.lines = {number: _step(edges) for number, edges in enumerate(drawn.made)}
    return found


def _cards(drawn: Scene, value: Callable[[DatasetId], Value | None]) -> Painting:
    found = Painting()
    for number, place in enumerate(drawn.places):
        one = value(place) if isinstance(place, DatasetId) else None
        if one is not None:
            found.cards[number] = one
    return found


def _groups(estate: lineage.Workspace, drawn: Scene, lens: str) -> Painting:
    """Colour cards by whose they are; a fold may hold tables of several."""
    values = groups(estate, lens)
    gone = {str(card["group"]) for card in drawn.cards} - {"", *values}
    values |= _toned(sorted(gone), lens)
    several = Value(f"several {lens}s", "", NONE)
    return Painting(
        {n: values.get(str(card["group"]), several) for n, card in enumerate(drawn.cards)}
    )


def groups(estate: lineage.Workspace, by: str) -> dict[str, Value]:
    """Return a colour for each schema, domain or owner of an estate, the same on every page."""
    return _toned(sorted({estate.group(id_, by) for id_ in estate.snapshot.datasets}), by)


def _toned(names: list[str], by: str) -> dict[str, Value]:
    """Return a colour a name; none for what is in no group."""
    order = {name: number for number, name in enumerate(one for one in names if one != "—")}
    return {
        name: Value(named(name, by), "", _TOLD[order[name] % len(_TOLD)] if name in order else NONE)
        for name in names
    }


def _verdicts(drawn: Scene, verdicts: Mapping[DatasetId, str]) -> Painting:
    found = _cards(drawn, lambda id_: _verdict(verdicts.get(id_)))
    order = list(_VERDICTS)
    for number, place in enumerate(drawn.places):
        if isinstance(place, str):  # a fold is as bad as the worst in it
            told = [verdicts[id_] for id_ in drawn.folded[place] if id_ in verdicts]
            worst = _verdict(min(told, key=order.index, default=None))
            if worst is not None:
                found.cards[number] = worst
                found.texts[number] = f"{worst.sign} {worst.name}"
    return found


def _tested(estate: lineage.Workspace, drawn: Scene) -> Painting:
    counted = tests(estate)
    found = _cards(drawn, lambda id_: _TESTED if counted[id_] else _UNTESTED)
    found.texts = {
        number: f"✓ {counted[place]} tests"
        for number, place in enumerate(drawn.places)
        if isinstance(place, DatasetId) and counted[place]
    }
    return found


def _verdict(status: str | None) -> Value | None:
    if status is None:
        return None
    sign, _, name = STATUS_MARKS[status].partition(" ")
    return Value(name, sign, _VERDICTS[status])


def _tags(estate: lineage.Workspace, drawn: Scene) -> Painting:
    tagged = {
        number: sorted(known.tags)
        for number, place in enumerate(drawn.places)
        if isinstance(place, DatasetId) and (known := estate.snapshot.datasets.get(place))
    }
    values = _tag_values(estate)
    found = Painting({n: values[tags[0]] for n, tags in tagged.items() if tags})
    found.texts = {n: "#" + " #".join(tags[:2]) for n, tags in tagged.items() if tags}
    return found


def _tag_values(estate: lineage.Workspace) -> dict[str, Value]:
    """Return a colour for each tag of an estate's tables."""
    names = sorted({tag for known in estate.snapshot.datasets.values() for tag in known.tags})
    return {name: Value(name, "#", TONES[n % len(TONES)]) for n, name in enumerate(names)}


def _basis(edges: list[lineage.Edge]) -> Value:
    found = {edge.basis.value for edge in edges}
    if {"DECLARED", "DERIVED"} <= found:
        return _BASES["BOTH"]
    return next(value for name, value in reversed(_BASES.items()) if name in found)


def _step(edges: list[lineage.Edge]) -> Value:
    """Return the strongest way in which the value gets there; else how it is influenced."""
    found = {str(step.subtype or "") for edge in edges for step in edge.transformations}
    order = ("AGGREGATION", "TRANSFORMATION", "IDENTITY", *_STEPS)
    return next((_STEPS[name] for name in order if name in found), _UNSAID)


FRESH, BEHIND, UNWRITTEN = "fresh", "behind what it reads", "no time known"


def freshness(estate: lineage.Workspace) -> dict[DatasetId, tuple[str, str]]:
    """Return for each dataset whether it is older than what it reads, and why that is said.

    A dataset is behind if something that it reads was written later, on another day's run, or if
    what it reads is behind itself. Without the time of a write nothing is said.
    """
    snapshot = estate.snapshot
    reads = _reads(snapshot)
    known = snapshot.datasets
    found: dict[DatasetId, tuple[str, str]] = {}
    for id_ in _in_order(list(known), reads):
        at = known[id_].updated_at
        if at is None:
            found[id_] = (UNWRITTEN, "")
            continue
        late = [
            one for one in reads.get(id_, ()) if one in known and (known[one].updated_at or at) > at
        ]
        stale = [one for one in reads.get(id_, ()) if found.get(one, ("", ""))[0] == BEHIND]
        if late:
            names = ", ".join(sorted(estate.label(one) for one in late)[:3])
            found[id_] = (BEHIND, f"written later: {names}")
        elif stale:
            names = ", ".join(sorted(estate.label(one) for one in stale)[:3])
            found[id_] = (BEHIND, f"reads what is behind: {names}")
        else:
            found[id_] = (FRESH, "")
    return found


_FRESH = {
    FRESH: Value(FRESH, "✓", GOOD),
    BEHIND: Value(BEHIND, "▲", WARN),
    UNWRITTEN: Value(UNWRITTEN, "?", NONE),
}
_TESTED, _UNTESTED = Value("tested", "✓", GOOD), Value("no tests", "○", WARN)


def _reads(snapshot: lineage.Snapshot) -> dict[DatasetId, set[DatasetId]]:
    reads: dict[DatasetId, set[DatasetId]] = {}
    for job in snapshot.jobs.values():
        for output in job.outputs:
            reads.setdefault(output, set()).update(one for one in job.inputs if one != output)
    return reads


def _in_order(every: list[DatasetId], reads: Mapping[DatasetId, set[DatasetId]]) -> list[DatasetId]:
    """Return what is read before what reads it; loops are cut where they close."""
    done: dict[DatasetId, None] = {}
    for start in every:
        stack = [(start, iter(sorted(reads.get(start, ()))))]
        entered = {start}
        while stack:
            here, rest = stack[-1]
            following = next((one for one in rest if one not in done and one not in entered), None)
            if following is None:
                stack.pop()
                done.setdefault(here)
            else:
                entered.add(following)
                stack.append((following, iter(sorted(reads.get(following, ())))))
    return [one for one in done if one in set(every)]


def tests(estate: lineage.Workspace) -> Counter[DatasetId]:
    """Return how many tests read each dataset."""
    found: Counter[DatasetId] = Counter()
    for job in estate.snapshot.jobs.values():
        if job.kind is lineage.JobKind.TEST:
            found.update(set(job.inputs))
    return found
