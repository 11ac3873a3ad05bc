"""What the canvas draws: cards of datasets, rows of columns, edges, and where each stands.

Layers from left to right (Sugiyama, Tagawa and Toda 1981): a card stands right of all that feeds
it; within a layer cards are sorted by the mean height of their neighbours (barycenters), and moved
apart just as far as they must be (pool adjacent violators), so that edges stay short.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import lineage
from lineage import DatasetId, FieldId

WIDTH, GAP_X, GAP_Y = 230, 96, 22
HEAD, ROW, FOOT = 46, 25, 22
CARDS, ROWS = 300, 3000
"""The most that is drawn; the page says what is not."""
_SWEEPS = 8


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is drawn, as the component takes it."""

    cards: list[dict[str, object]]
    edges: list[tuple[int, int, bool]]
    columns: list[FieldId]
    """The column of each row, by its number."""
    total_columns: int
    total_edges: int
    drawn_edges: int
    hidden_datasets: int
    root: int = -1
    version: str = ""

    def row(self, column: FieldId) -> int:
        """Return the number of a column's row; -1 if it is not drawn."""
        return self.columns.index(column) if column in self.columns else -1


@dataclass(slots=True)
class _Card:
    dataset: DatasetId
    layer: int
    rows: list[FieldId] = field(default_factory=list)
    more: int = 0
    y: float = 0.0

    @property
    def height(self) -> float:
        return HEAD + ROW * len(self.rows) + (FOOT if self.more else 6)


def scene(  # noqa: PLR0913 - what may be said about a picture
    estate: lineage.Workspace,
    root: FieldId | DatasetId,
    *,
    direction: str = "both",
    depth: int | None = None,
    opened: Iterable[DatasetId] = (),
    direct: bool = False,
    only: Iterable[FieldId] | None = None,
    marks: Mapping[DatasetId, str] | None = None,
    by: str = "schema",
) -> Scene:
    """Return the lineage of a column, or of all columns of a dataset.

    ``opened`` are datasets of which all columns are shown. ``only`` keeps just these columns.
    ``marks`` are words on the cards, such as verdicts. Cards of one schema, domain or owner, as
    ``by`` says, have one colour and say whose they are.
    """
    hops, edges = _reached(estate, root, direction, depth, direct=direct)
    total = (len(hops), len(edges))
    if only is not None:
        kept = set(only)
        hops = {column: hop for column, hop in hops.items() if column in kept}
    shown = sorted(hops, key=lambda column: (abs(hops[column]), column))
    datasets: dict[DatasetId, None] = {}
    for column in shown:
        datasets.setdefault(column.dataset)
    chosen = set(list(datasets)[:CARDS])
    shown = [column for column in shown if column.dataset in chosen][:ROWS]
    drawn = set(shown)
    pairs = [
        (one, other, plain)
        for (one, other), plain in edges.items()
        if one in drawn and other in drawn
    ]
    cards = _cards(estate, shown, pairs, set(opened))
    _place(cards, pairs)
    return _made(estate, cards, pairs, root, total, len(datasets) - len(chosen), marks or {}, by)


def _reached(
    estate: lineage.Workspace,
    root: FieldId | DatasetId,
    direction: str,
    depth: int | None,
    *,
    direct: bool,
) -> tuple[dict[FieldId, int], dict[tuple[FieldId, FieldId], bool]]:
    """Return the columns with their distance (upstream below zero), and the edges between."""
    roots = [root] if isinstance(root, FieldId) else list(estate.columns(root))
    hops: dict[FieldId, int] = dict.fromkeys(roots, 0)
    found: list[lineage.Edge] = []
    if direction in {"both", "up"}:
        cone = estate.upstream(root, depth=depth, direct=direct)
        hops.update({row.field: -row.hops for row in cone.reached if row.field not in hops})
        found.extend(cone.edges)
    if direction in {"both", "down"}:
        cone = estate.downstream(root, depth=depth, direct=direct)
        hops.update({row.field: row.hops for row in cone.reached if row.field not in hops})
        found.extend(cone.edges)
    return hops, _pairs(hops, (edge for edge in found if edge.direct or not direct))


def _pairs(
    hops: Mapping[FieldId, int], found: Iterable[lineage.Edge]
) -> dict[tuple[FieldId, FieldId], bool]:
    """Return the pairs of columns that edges join, those to whole datasets expanded."""
    members: dict[DatasetId, list[FieldId]] = defaultdict(list)
    for column in hops:
        members[column.dataset].append(column)

    def columns(end: object) -> list[FieldId]:
        if isinstance(end, FieldId):
            return [end] if end in hops else []
        return members.get(end, []) if isinstance(end, DatasetId) else []

    edges: dict[tuple[FieldId, FieldId], bool] = {}
    for edge in found:
        for one in columns(edge.source):
            for other in columns(edge.target):
                if one != other:
                    edges[one, other] = edges.get((one, other), False) or edge.direct
    return edges


def _cards(
    estate: lineage.Workspace,
    shown: list[FieldId],
    pairs: list[tuple[FieldId, FieldId, bool]],
    opened: set[DatasetId],
) -> list[_Card]:
    rows: dict[DatasetId, list[FieldId]] = defaultdict(list)
    for column in shown:
        rows[column.dataset].append(column)
    layers = _layers(rows, pairs)
    cards = []
    for dataset, columns in rows.items():
        every = [column for column in estate.columns(dataset) if column.name != "*"]
        order = {column: place for place, column in enumerate(every)}
        kept = every if dataset in opened else columns
        kept = sorted(set(kept) | set(columns), key=lambda one: (order.get(one, len(order)), one))
        cards.append(_Card(dataset, layers[dataset], kept, max(0, len(every) - len(kept))))
    return cards


def _layers(
    rows: Mapping[DatasetId, list[FieldId]], pairs: list[tuple[FieldId, FieldId, bool]]
) -> dict[DatasetId, int]:
    """Return the longest way from a source to each dataset; loops are cut where they close."""
    before: dict[DatasetId, set[DatasetId]] = {dataset: set() for dataset in rows}
    for one, other, _ in pairs:
        if one.dataset != other.dataset:
            before[other.dataset].add(one.dataset)
    layers: dict[DatasetId, int] = {}
    for start in sorted(before):
        stack = [(start, iter(sorted(before[start])))]
        entered = {start}
        while stack:
            dataset, rest = stack[-1]
            following = next(
                (one for one in rest if one not in layers and one not in entered), None
            )
            if following is not None:
                entered.add(following)
                stack.append((following, iter(sorted(before[following]))))
                continue
            stack.pop()
            layers[dataset] = 1 + max((layers.get(one, -1) for one in before[dataset]), default=-1)
    # A source stands next to what reads it first, not at the far left.
    after: dict[DatasetId, set[DatasetId]] = defaultdict(set)
    for dataset, feeding in before.items():
        for source in feeding:
            after[source].add(dataset)
    for dataset, sources in before.items():
        if not sources and after[dataset]:
            layers[dataset] = max(0, min(layers[one] for one in after[dataset]) - 1)
    return layers


def _place(cards: list[_Card], pairs: list[tuple[FieldId, FieldId, bool]]) -> None:
    columns: dict[int, list[_Card]] = defaultdict(list)
    for card in sorted(cards, key=lambda card: card.dataset):
        columns[card.layer].append(card)
    by_dataset = {card.dataset: card for card in cards}
    near: dict[DatasetId, dict[DatasetId, int]] = defaultdict(lambda: defaultdict(int))
    for one, other, _ in pairs:
        if one.dataset != other.dataset:
            near[one.dataset][other.dataset] += 1
            near[other.dataset][one.dataset] += 1
    for members in columns.values():
        top = 0.0
        for card in members:
            card.y = top
            top += card.height + GAP_Y
    for sweep in range(_SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            _sort(columns[layer], near, by_dataset)
    lowest = min((card.y for card in cards), default=0.0)
    for card in cards:
        card.y -= lowest


def _sort(
    members: list[_Card],
    near: Mapping[DatasetId, Mapping[DatasetId, int]],
    by_dataset: Mapping[DatasetId, _Card],
) -> None:
    def wanted(card: _Card) -> float:
        weights = near.get(card.dataset, {})
        total = sum(weights.values())
        if not total:
            return card.y + card.height / 2
        return (
            sum(
                (by_dataset[one].y + by_dataset[one].height / 2) * weight
                for one, weight in weights.items()
            )
            / total
        )

    goals = {id(card): wanted(card) for card in members}
    members.sort(key=lambda card: (goals[id(card)], card.dataset))
    offsets = []
    top = 0.0
    for card in members:
        offsets.append(top)
        top += card.height + GAP_Y
    blocks: list[tuple[float, int]] = []
    for card, offset in zip(members, offsets, strict=True):
        mean, count = goals[id(card)] - card.height / 2 - offset, 1
        while blocks and blocks[-1][0] > mean:
            before, size = blocks.pop()
            mean = (before * size + mean * count) / (size + count)
            count += size
        blocks.append((mean, count))
    starts = [mean for mean, count in blocks for _ in range(count)]
    for card, offset, start in zip(members, offsets, starts, strict=True):
        card.y = start + offset


def _made(  # noqa: PLR0913, PLR0917 - the parts of a scene
    estate: lineage.Workspace,
    cards: list[_Card],
    pairs: list[tuple[FieldId, FieldId, bool]],
    root: FieldId | DatasetId,
    total: tuple[int, int],
    hidden: int,
    marks: Mapping[DatasetId, str],
    by: str,
) -> Scene:
    numbers: dict[FieldId, int] = {}
    columns: list[FieldId] = []
    drawn = []
    for card in cards:
        known = estate.snapshot.datasets.get(card.dataset)
        fields = {one.name: one for one in (known.fields or ())} if known else {}
        rows = []
        for column in card.rows:
            numbers[column] = len(columns)
            columns.append(column)
            about = fields.get(column.name)
            rows.append(
                {
                    "id": numbers[column],
                    "name": column.name if column.name != "*" else "all columns",
                    "type": (about.type or "") if about else "",
                    "tags": sorted(about.tags) if about else [],
                }
            )
        owners = ", ".join(known.owners) if known else ""
        kind = known.kind.value if known else "unknown"
        drawn.append(
            {
                "x": card.layer * (WIDTH + GAP_X),
                "y": round(card.y),
                "h": round(card.height),
                "title": card.dataset.name.split(".")[-1].split("/")[-1] or card.dataset.name,
                "under": estate.group(card.dataset, by),
                "full": f"{card.dataset.namespace} {card.dataset.name}",
                "kind": kind,
                "owner": owners if by != "owner" else "",
                "group": estate.group(card.dataset, by),
                "mark": marks.get(card.dataset, ""),
                "more": card.more,
                "label": estate.label(card.dataset),
                "rows": rows,
            }
        )
    edges = sorted((numbers[one], numbers[other], plain) for one, other, plain in pairs)
    number = numbers.get(root, -1) if isinstance(root, FieldId) else -1
    version = hashlib.sha256(json.dumps([drawn, edges]).encode()).hexdigest()[:16]
    return Scene(drawn, edges, columns, *total, len(edges), hidden, number, version)
