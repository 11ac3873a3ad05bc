"""Where the nodes of the map stand: none on another, layers as wide as their widest name."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.scene import layers

LETTER, PADDING, GAP = 7.8, 20, 34
LINE, MARGIN = 18, 24
"""Points that a letter, a box around a name, and the way between two layers take; a line of text,
and what is above and below it.
"""
LONG, LONGEST = 15, 30
"""Letters above which a name takes two lines, and above which a line is cut."""
TALL = 30
"""Nodes of one layer that stand one above the other; more stand side by side, staggered."""
_SWEEPS = 6
_JOINT = re.compile(r"(?<=[._/@ -])(?=[^._/@ -])|(?<=[^._/@ -])(?=@)")


@dataclass(frozen=True, slots=True)
class Plan:
    """The middle of each node, and the room that all take from the origin on."""

    places: Mapping[str, tuple[int, int]]
    wide: int
    high: int


def plan(labels: Mapping[str, str], links: Iterable[tuple[str, str]]) -> Plan:
    """Return where nodes stand, by name: sources left; below, what is linked with nothing."""
    pairs = [(one, other) for one, other in links if one != other]
    linked = {end for pair in pairs for end in pair}
    row = LINE * max((label.count("\n") + 1 for label in labels.values()), default=1) + MARGIN
    found = layers([name for name in labels if name in linked], pairs)
    members: dict[int, list[str]] = defaultdict(list)
    for name in labels:
        if name in linked:
            members[found[str(name)]].append(name)
    lined = [sorted(members[layer]) for layer in sorted(members)]
    heights = _heights(lined, pairs, row)
    middles: dict[str, int] = {}
    right = 0.0
    for names in lined:
        for column in _columns(names):
            wide = max(width(labels[name]) for name in column)
            middles |= dict.fromkeys(column, round(right + wide / 2))
            right += wide + GAP
    top = min(heights.values(), default=0.0)
    places = {name: (middles[name], round(heights[name] - top + row / 2)) for name in middles}
    bottom = max((y for _, y in places.values()), default=0) + (row / 2 if places else 0)
    loose = [name for name in labels if name not in linked]
    places |= _grid(loose, labels, max(right - GAP, 900), bottom, row)
    wide = max((x + width(labels[name]) / 2 for name, (x, _) in places.items()), default=0)
    high = max((y for _, y in places.values()), default=0) + row / 2
    return Plan(places, round(wide), round(high))


def wrapped(name: str) -> str:
    """Return a name as it is written on a node: a long one on two lines, broken at a joint."""
    if len(name) <= LONG:
        return name
    joints = [joint.start() for joint in _JOINT.finditer(name)] or [len(name) // 2]
    middle = min(joints, key=lambda at: abs(at - len(name) / 2))
    return "\n".join(_cut(part) for part in (name[:middle], name[middle:]))


def _cut(line: str) -> str:
    """Return a line, its middle left out if it is too long: names differ at either end."""
    half = LONGEST // 2
    return line if len(line) <= LONGEST else f"{line[:half]}…{line[-half:]}"


def width(label: str) -> float:
    """Return how wide a node with a label is, or a little more."""
    return max(map(len, label.split("\n"))) * LETTER + PADDING


def _columns(names: Sequence[str]) -> list[list[str]]:
    """Return the nodes of a layer as columns, neighbours in different ones."""
    count = -(-len(names) // TALL)
    return [list(names[start::count]) for start in range(count)]


def _heights(
    lined: list[list[str]], pairs: Sequence[tuple[str, str]], row: float
) -> dict[str, float]:
    """Sort each layer by the mean height of what its nodes are linked with; return the heights."""
    near: dict[str, list[str]] = defaultdict(list)
    for one, other in pairs:
        near[one].append(other)
        near[other].append(one)
    heights: dict[str, float] = {}

    def wanted(name: str) -> float:
        known = [heights[one] for one in near[name] if one in heights]
        return sum(known) / len(known) if known else 0.0

    for sweep in range(_SWEEPS):
        for names in reversed(lined) if sweep % 2 else lined:
            if heights or sweep:
                names.sort(key=lambda name: (wanted(name), name))
            step = row / -(-len(names) // TALL)
            for place, name in enumerate(names):
                heights[name] = (place - (len(names) - 1) / 2) * step
    return heights


def _grid(
    names: Sequence[str], labels: Mapping[str, str], wide: float, top: float, row: float
) -> dict[str, tuple[int, int]]:
    """Return rows of nodes, no wider than the rest."""
    places: dict[str, tuple[int, int]] = {}
    x, y = 0.0, top + row / 2
    for name in names:
        own = width(labels[name])
        if x and x + own > wide:
            x, y = 0.0, y + row
        places[name] = (round(x + own / 2), round(y))
        x += own + GAP / 2
    return places
