"""How much of a lineage is wanted, how much there is in all, and why the rest is left out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

import lineage
from app import words
from app.scene import Pair, Scene, reached
from lineage import Basis, DatasetId, FieldId

Part = tuple[dict[FieldId, int], dict[Pair, list[lineage.Edge]]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of the lineage of a column or table is asked for."""

    root: FieldId | DatasetId
    direction: str = "both"
    depth: int | None = None
    direct: bool = False
    only: frozenset[FieldId] | None = None
    """Columns that are kept, if not all are: those on a path."""


def told(estate: lineage.Workspace, wanted: Wanted, drawn: Scene, *also: lineage.Workspace) -> str:
    """Say how much is drawn of all that there is, and why not more.

    ``also`` is the estate at another instant, where two are compared.
    """
    edges = kept = drawn.total_edges
    text, left = "", list[str]()
    if wanted.depth or wanted.direct or wanted.only is not None:
        steps = [(why, *_size(part)) for why, part in _steps((estate, *also), wanted)]
        (_, edges, tables), kept = steps[0], steps[-1][1]
        for (_, more, wide), (why, less, narrow) in pairwise(steps):
            if more > less or wide > narrow:
                left.append(f"{why}: {_many(more - less, wide - narrow)}")
        text = f", {_cards(drawn):,} of {words.many(tables, 'table')}"
    text = f"drawn {drawn.drawn_edges:,} of {words.many(edges, 'edge')}{text}"
    if drawn.folded_edges or drawn.folded_datasets:
        by = f" by {drawn.grouped}" if drawn.grouped else ""
        left.insert(0, f"folded{by}: {_many(drawn.folded_edges, drawn.folded_datasets)}")
    hidden = kept - drawn.drawn_edges - drawn.folded_edges
    if hidden or drawn.hidden_datasets:
        left.append(f"hidden: {_many(hidden, drawn.hidden_datasets)}")
    return " · ".join((text, *left))


def edges(
    estate: lineage.Workspace, wanted: Wanted, *also: lineage.Workspace
) -> list[lineage.Edge]:
    """Return what is wanted as an edge a line of the picture, the same number in every file.

    Several statements may say that one column feeds another, and one may feed a whole table.
    """
    *_, (_, (_, pairs)) = _steps((estate, *also), wanted)
    return [_one(pair, made) for pair, made in sorted(pairs.items())]


def _steps(estates: Iterable[lineage.Workspace], wanted: Wanted) -> list[tuple[str, Part]]:
    """Return all there is, then what each wish leaves of it, with what it leaves out."""
    whole = replace(wanted, depth=None, direct=False, only=None)
    steps = [("", _part(estates, whole))]
    if wanted.direct:
        steps.append(("without values", _part(estates, replace(whole, direct=True))))
    if wanted.depth:
        deep = replace(wanted, only=None)
        steps.append((f"beyond depth {wanted.depth}", _part(estates, deep)))
    if wanted.only is not None:
        hops, pairs = steps[-1][1]
        kept = {column: hop for column, hop in hops.items() if column in wanted.only}
        on = {pair: made for pair, made in pairs.items() if pair[0] in kept and pair[1] in kept}
        steps.append(("not on the path", (kept, on)))
    return steps


def _part(estates: Iterable[lineage.Workspace], wanted: Wanted) -> Part:
    hops: dict[FieldId, int] = {}
    pairs: dict[Pair, list[lineage.Edge]] = {}
    for estate in estates:
        some, joined = reached(
            estate, wanted.root, wanted.direction, wanted.depth, direct=wanted.direct
        )
        hops, pairs = {**some, **hops}, {**joined, **pairs}
    return hops, pairs


def _size(part: Part) -> tuple[int, int]:
    hops, pairs = part
    return len(pairs), len({column.dataset for column in hops})


def _cards(drawn: Scene) -> int:
    return sum(not isinstance(place, str) for place in drawn.places)


def _many(edges: int, tables: int) -> str:
    return f"{words.many(edges, 'edge')}, {words.many(tables, 'table')}"


def _one(pair: Pair, made: list[lineage.Edge]) -> lineage.Edge:
    """Return all that is said of a pair of columns as one edge."""
    bases = {edge.basis for edge in made}
    both = {Basis.DECLARED, Basis.DERIVED} <= bases
    # What does not say how the value gets there is taken to pass it on, and stays so.
    said = all(edge.transformations for edge in made)
    return replace(
        made[0],
        source=pair[0],
        target=pair[1],
        basis=Basis.BOTH if both else made[0].basis,
        transformations=frozenset(step for edge in made for step in edge.transformations if said),
        evidence=tuple(place for edge in made for place in edge.evidence),
    )
