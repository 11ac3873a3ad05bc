"""What the canvas draws: cards of datasets, rows of columns, edges, and where each stands.

Layers from left to right (Sugiyama, Tagawa and Toda 1981): a card stands right of all that feeds
it; within a layer cards are sorted by the mean height of their neighbours (barycenters), and moved
apart just as far as they must be (pool adjacent violators), so that edges stay short.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import lineage
from app.words import many, named
from lineage import DatasetId, FieldId

WIDTH, GAP_X, GAP_Y = 230, 96, 22
HEAD, ROW, FOOT = 46, 25, 22
CARDS, ROWS = 300, 3000
"""The most that is drawn; the page says what is not."""
HUB = 25
"""Neighbours of one table that are drawn one by one; the others are folded into one card."""
GROUPS = ("schema", "domain", "owner")
_SWEEPS = 8

Pair = tuple[FieldId, FieldId]
Place = DatasetId | str
"""What a card stands for: a table, or the key of a fold."""


class Change(StrEnum):
    """What became of something between two instants."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is drawn, as the component takes it, and what it stands for."""

    cards: list[dict[str, object]]
    edges: list[tuple[int, int, bool]]
    columns: list[FieldId | None]
    """The column of each row, by its number; None for the row of a fold."""
    places: list[Place]
    """What each card stands for."""
    folded: dict[str, set[DatasetId]]
    """The tables of each fold."""
    made: list[list[lineage.Edge]]
    """The edges of the estate that each line stands for."""
    total_columns: int
    total_edges: int
    drawn_edges: int
    """Edges both ends of which have rows of their own."""
    folded_edges: int = 0
    folded_datasets: int = 0
    hidden_datasets: int = 0
    grouped: str = ""
    """What tables are drawn together by, because they are too many or because it was asked for."""
    root: int = -1
    home: int = -1
    """The card of the table that the picture is about."""
    version: str = ""
    changes: dict[int, Change] = field(default_factory=dict)
    """What became of each line, where two instants are compared."""
    row_changes: dict[int, Change] = field(default_factory=dict)
    cone: dict[str, list[int]] = field(default_factory=dict)
    """Where rows stand for several columns, or not all are drawn: each column by a number, its row
    (-1: none), and each pair of columns as three numbers, its two ends and its line (-1: none).
    """

    members: frozenset[FieldId] = frozenset()
    """All columns that the picture is of, drawn one by one, folded or hidden."""

    @property
    def tables(self) -> int:
        """How many tables there are, drawn one by one, folded or hidden."""
        plain = sum(not isinstance(place, str) for place in self.places)
        return plain + self.folded_datasets + self.hidden_datasets

    def row(self, column: FieldId) -> int:
        """Return the number of a column's row; -1 if it is not drawn."""
        return self.columns.index(column) if column in self.columns else -1

    def line(self, one: FieldId, other: FieldId) -> int:
        """Return the number of the line between two columns; -1 if it is not drawn."""
        rows = (self.row(one), self.row(other))
        return next((n for n, edge in enumerate(self.edges) if edge[:2] == rows), -1)


@dataclass(slots=True)
class _Card:
    place: Place
    layer: int
    rows: list[FieldId] = field(default_factory=list)
    more: int = 0
    y: float = 0.0

    @property
    def height(self) -> float:
        if isinstance(self.place, str):
            return HEAD + ROW + 6
        return HEAD + ROW * len(self.rows) + (FOOT if self.more else 6)


def scene(  # noqa: PLR0913 - what may be said about a picture
    estate: lineage.Workspace,
    root: FieldId | DatasetId,
    *,
    direction: str = "both",
    depth: int | None = None,
    opened: Iterable[str] = (),
    direct: bool = False,
    only: Iterable[FieldId] | None = None,
    by: str = "schema",
    group: str = "",
    before: lineage.Workspace | None = None,
) -> Scene:
    """Return the lineage of a column, or of all columns of a dataset.

    ``opened`` are labels of datasets of which all columns are shown, and keys of folds that are
    unfolded. ``only`` keeps just these columns. Cards say whose they are ``by`` schema, domain or
    owner. ``group`` draws all tables of one schema, domain or owner as one card; that is done
    unasked where the tables are too many. With ``before`` what was there then is drawn too.
    """
    hops, pairs = reached(estate, root, direction, depth, direct=direct)
    changes: dict[Pair, Change] = {}
    if before is not None:
        hops, pairs, changes = _both(
            (hops, pairs), reached(before, root, direction, depth, direct=direct)
        )
    total = (len(hops), len(pairs))
    if only is not None:
        kept = set(only)
        hops = {column: hop for column, hop in hops.items() if column in kept}
        pairs = {pair: made for pair, made in pairs.items() if pair[0] in hops and pair[1] in hops}
    home = root.dataset if isinstance(root, FieldId) else root
    folds, group = _folds(estate, home, hops, pairs, set(opened), group)
    shown = sorted(hops, key=lambda column: (abs(hops[column]), column))
    places: dict[Place, None] = {}
    for column in shown:
        places.setdefault(folds.get(column.dataset, column.dataset))
    chosen = set(list(places)[:CARDS])
    shown = [one for one in shown if folds.get(one.dataset, one.dataset) in chosen]
    plain = [one for one in shown if one.dataset not in folds][:ROWS]
    # In order of distance, which is the order in which the keyboard reaches them.
    kept_rows = set(plain)
    drawn = dict.fromkeys(one for one in shown if one in kept_rows or one.dataset in folds)
    lines = {pair: made for pair, made in pairs.items() if pair[0] in drawn and pair[1] in drawn}
    ends = {column: folds.get(column.dataset, column.dataset) for column in drawn}
    cards = _cards(estate if before is None else before, estate, plain, ends, lines, set(opened))
    _place(cards, {pair: (ends[pair[0]], ends[pair[1]]) for pair in lines})
    return _made(
        estate,
        _Drawing(cards, ends, lines, changes, by, group, before, hops, pairs),
        root,
        total,
        len({column.dataset for column in hops} - {column.dataset for column in drawn}),
    )


def _both(
    now: tuple[dict[FieldId, int], dict[Pair, list[lineage.Edge]]],
    then: tuple[dict[FieldId, int], dict[Pair, list[lineage.Edge]]],
) -> tuple[dict[FieldId, int], dict[Pair, list[lineage.Edge]], dict[Pair, Change]]:
    """Return what is in either of two pictures, and what became of each pair."""
    hops = {**then[0], **now[0]}
    pairs = {**then[1], **now[1]}
    changes: dict[Pair, Change] = {}
    for pair in pairs:
        if pair not in then[1]:
            changes[pair] = Change.ADDED
        elif pair not in now[1]:
            changes[pair] = Change.REMOVED
        else:
            changes[pair] = Change.SAME
    return hops, pairs, changes


def _folds(  # noqa: PLR0913, PLR0917 - a picture before it is one
    estate: lineage.Workspace,
    home: DatasetId,
    hops: Mapping[FieldId, int],
    pairs: Iterable[Pair],
    opened: set[str],
    group: str,
) -> tuple[dict[DatasetId, str], str]:
    """Return which tables are drawn together, as which fold, and what by."""
    near: dict[DatasetId, int] = {}
    for column, hop in hops.items():
        near[column.dataset] = min(abs(hop), near.get(column.dataset, abs(hop)))
    if not group:
        found = _hubs(estate, home, near, pairs, opened)
        if len(near) - len(found) <= CARDS:
            return found, ""
        group = next(
            (by for by in GROUPS if 1 < len({estate.group(one, by) for one in near}) <= CARDS),
            "",
        )
        if not group:
            return found, ""
    keys = {one: f"{group}:{estate.group(one, group)}" for one in near if one != home}
    return {one: key for one, key in keys.items() if key not in opened}, group


def _hubs(
    estate: lineage.Workspace,
    home: DatasetId,
    near: Mapping[DatasetId, int],
    pairs: Iterable[Pair],
    opened: set[str],
) -> dict[DatasetId, str]:
    """Return what is folded because one table has too many neighbours on one side."""
    readers: dict[DatasetId, set[DatasetId]] = defaultdict(set)
    feeders: dict[DatasetId, set[DatasetId]] = defaultdict(set)
    for one, other in pairs:
        if one.dataset != other.dataset:
            readers[one.dataset].add(other.dataset)
            feeders[other.dataset].add(one.dataset)
    folds: dict[DatasetId, str] = {}
    for word, sides in (("reads", readers), ("feeds", feeders)):
        for hub in sorted(sides, key=lambda place: (near[place], place)):
            if len(sides[hub]) <= HUB or hub in folds:
                continue
            key = f"{word}:{label(estate, hub)}"
            if key in opened:
                continue
            far = [place for place in sides[hub] if place != home and near[place] > near[hub]]
            for place in sorted(far, key=lambda place: (near[place], place))[HUB:]:
                folds.setdefault(place, key)
    return folds


def reached(
    estate: lineage.Workspace,
    root: FieldId | DatasetId,
    direction: str,
    depth: int | None,
    *,
    direct: bool,
) -> tuple[dict[FieldId, int], dict[Pair, list[lineage.Edge]]]:
    """Return the columns with their distance (upstream below zero), and the edges between.

    What is not there at all, at another instant perhaps, reaches nothing.
    """
    try:
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
    except lineage.LineageError:
        return {}, {}
    return hops, _pairs(hops, (edge for edge in found if edge.direct or not direct))


def _pairs(
    hops: Mapping[FieldId, int], found: Iterable[lineage.Edge]
) -> dict[Pair, list[lineage.Edge]]:
    """Return the pairs of columns that edges join, those to whole datasets expanded."""
    members: dict[DatasetId, list[FieldId]] = defaultdict(list)
    for column in hops:
        members[column.dataset].append(column)

    def columns(end: object) -> list[FieldId]:
        if isinstance(end, FieldId):
            return [end] if end in hops else []
        return members.get(end, []) if isinstance(end, DatasetId) else []

    edges: dict[Pair, list[lineage.Edge]] = {}
    for edge in found:
        for one in columns(edge.source):
            for other in columns(edge.target):
                if one != other:
                    edges.setdefault((one, other), []).append(edge)
    return edges


def _cards(  # noqa: PLR0913, PLR0917 - what a card is made of
    before: lineage.Workspace,
    estate: lineage.Workspace,
    plain: list[FieldId],
    ends: Mapping[FieldId, Place],
    lines: Iterable[Pair],
    opened: set[str],
) -> list[_Card]:
    rows: dict[Place, list[FieldId]] = defaultdict(list)
    for place in ends.values():
        rows[place] = []
    for column in plain:
        rows[column.dataset].append(column)
    layer = layers(rows, [(ends[one], ends[other]) for one, other in lines])
    cards = []
    for place, columns in rows.items():
        if isinstance(place, str):
            cards.append(_Card(place, layer[place]))
            continue
        every = [
            column
            for column in dict.fromkeys((*estate.columns(place), *before.columns(place)))
            if column.name != "*"
        ]
        order = {column: number for number, column in enumerate(every)}
        kept = every if label(estate, place) in opened else columns
        kept = sorted(set(kept) | set(columns), key=lambda one: (order.get(one, len(order)), one))
        cards.append(_Card(place, layer[place], kept, max(0, len(every) - len(kept))))
    return cards


def layers(rows: Iterable[Place], pairs: Iterable[tuple[Place, Place]]) -> dict[Place, int]:
    """Return the longest way from a source to each dataset; loops are cut where they close."""
    before: dict[Place, set[Place]] = {dataset: set() for dataset in rows}
    for one, other in pairs:
        if one != other:
            before[other].add(one)
    found: dict[Place, int] = {}
    for start in sorted(before, key=_key):
        stack = [(start, iter(sorted(before[start], key=_key)))]
        entered = {start}
        while stack:
            dataset, rest = stack[-1]
            following = next((one for one in rest if one not in found and one not in entered), None)
            if following is not None:
                entered.add(following)
                stack.append((following, iter(sorted(before[following], key=_key))))
                continue
            stack.pop()
            found[dataset] = 1 + max((found.get(one, -1) for one in before[dataset]), default=-1)
    # A source stands next to what reads it first, not at the far left.
    after: dict[Place, set[Place]] = defaultdict(set)
    for dataset, feeding in before.items():
        for source in feeding:
            after[source].add(dataset)
    for dataset, sources in before.items():
        if not sources and after[dataset]:
            found[dataset] = max(0, min(found[one] for one in after[dataset]) - 1)
    return found


def _key(place: Place) -> tuple[bool, str, str]:
    """Order places: tables by name, then folds by theirs."""
    if isinstance(place, str):
        return (True, place, "")
    return (False, place.namespace, place.name)


def _place(cards: list[_Card], pairs: Mapping[Pair, tuple[Place, Place]]) -> None:
    columns: dict[int, list[_Card]] = defaultdict(list)
    for card in sorted(cards, key=lambda card: _key(card.place)):
        columns[card.layer].append(card)
    by_place = {card.place: card for card in cards}
    near: dict[Place, dict[Place, int]] = defaultdict(lambda: defaultdict(int))
    for one, other in pairs.values():
        if one != other:
            near[one][other] += 1
            near[other][one] += 1
    for members in columns.values():
        top = 0.0
        for card in members:
            card.y = top
            top += card.height + GAP_Y
    for sweep in range(_SWEEPS):
        for layer in sorted(columns, reverse=bool(sweep % 2)):
            _sort(columns[layer], near, by_place)
    lowest = min((card.y for card in cards), default=0.0)
    for card in cards:
        card.y -= lowest


def _sort(
    members: list[_Card],
    near: Mapping[Place, Mapping[Place, int]],
    by_place: Mapping[Place, _Card],
) -> None:
    def wanted(card: _Card) -> float:
        weights = near.get(card.place, {})
        total = sum(weights.values())
        if not total:
            return card.y + card.height / 2
        return (
            sum(
                (by_place[one].y + by_place[one].height / 2) * weight
                for one, weight in weights.items()
            )
            / total
        )

    goals = {id(card): wanted(card) for card in members}
    members.sort(key=lambda card: (goals[id(card)], _key(card.place)))
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


def label(estate: lineage.Workspace, of: FieldId | DatasetId) -> str:
    """Return the label of something that may be gone by now: then its whole name."""
    try:
        return estate.label(of)
    except (lineage.LineageError, KeyError):
        return f"{of.dataset.name}.{of.name}" if isinstance(of, FieldId) else of.name


@dataclass(frozen=True, slots=True)
class _Drawing:
    """A picture whose cards have their places."""

    cards: list[_Card]
    ends: Mapping[FieldId, Place]
    lines: Mapping[Pair, list[lineage.Edge]]
    changes: Mapping[Pair, Change]
    by: str
    group: str
    before: lineage.Workspace | None
    every: Iterable[FieldId]
    """All columns of the lineage, and all pairs of them, drawn or not."""
    pairs: Mapping[Pair, list[lineage.Edge]]


def _made(
    estate: lineage.Workspace,
    drawing: _Drawing,
    root: FieldId | DatasetId,
    total: tuple[int, int],
    hidden: int,
) -> Scene:
    numbers: dict[FieldId | str, int] = {}
    columns: list[FieldId | None] = []
    drawn = []
    members: dict[str, list[FieldId]] = defaultdict(list)
    for column, place in drawing.ends.items():
        if isinstance(place, str):
            members[place].append(column)
    for card in drawing.cards:
        if isinstance(card.place, str):
            numbers[card.place] = len(columns)
            row = {
                "id": len(columns),
                "fold": True,
                "name": many(len(members[card.place]), "column"),
            }
            columns.append(None)
            told = _fold(estate, drawing.by, card.place, members[card.place])
            rows: list[dict[str, object]] = [{**row, "type": "", "tags": []}]
        else:
            for column in card.rows:
                numbers[column] = len(columns)
                columns.append(column)
            told = _table(estate, drawing, card.place)
            rows = _rows(estate, drawing.before, card, numbers)
        drawn.append(
            {
                **told,
                "x": card.layer * (WIDTH + GAP_X),
                "y": round(card.y),
                "h": round(card.height),
                "more": card.more,
                "rows": rows,
            }
        )
    lines: dict[tuple[int, int], list[Pair]] = defaultdict(list)
    for pair in drawing.lines:
        one, other = (
            numbers[place if isinstance(place := drawing.ends[end], str) else end] for end in pair
        )
        if one != other:
            lines[one, other].append(pair)
    plain = sum(
        not isinstance(drawing.ends[one], str) and not isinstance(drawing.ends[other], str)
        for one, other in drawing.lines
    )
    order = sorted(lines)
    made = [[edge for pair in lines[line] for edge in drawing.lines[pair]] for line in order]
    edges = [
        (*line, any(edge.direct for edge in found)) for line, found in zip(order, made, strict=True)
    ]
    folded = {one.dataset for one, place in drawing.ends.items() if isinstance(place, str)}
    return Scene(
        cards=drawn,
        edges=edges,
        columns=columns,
        places=[card.place for card in drawing.cards],
        folded={key: {column.dataset for column in of} for key, of in members.items()},
        made=made,
        total_columns=total[0],
        total_edges=total[1],
        drawn_edges=plain,
        folded_edges=len(drawing.lines) - plain,
        folded_datasets=len(folded),
        hidden_datasets=hidden,
        grouped=drawing.group,
        root=numbers.get(root, -1) if isinstance(root, FieldId) else -1,
        home=next(
            (
                number
                for number, card in enumerate(drawing.cards)
                if card.place == (root.dataset if isinstance(root, FieldId) else root)
            ),
            -1,
        ),
        version=hashlib.sha256(json.dumps([drawn, edges]).encode()).hexdigest()[:16],
        changes={
            number: _worst(drawing.changes.get(pair, Change.SAME) for pair in lines[line])
            for number, line in enumerate(order)
        }
        if drawing.before is not None
        else {},
        row_changes=_row_changes(estate, drawing.before, columns),
        members=frozenset(drawing.every),
        cone=_cone(drawing, numbers, {line: number for number, line in enumerate(order)})
        if folded or len(drawing.lines) < len(drawing.pairs)
        else {},
    )


def _cone(
    drawing: _Drawing,
    numbers: Mapping[FieldId | str, int],
    lines: Mapping[tuple[int, int], int],
) -> dict[str, list[int]]:
    """Return which columns lead to which, in numbers: rows of folds lead further than columns."""
    ends: dict[FieldId, FieldId | str] = {
        column: place if isinstance(place, str) else column
        for column, place in drawing.ends.items()
    }
    every = {column: number for number, column in enumerate(drawing.every)}
    rows = [numbers[ends[column]] if column in ends else -1 for column in every]
    flat: list[int] = []
    for one, other in drawing.pairs:
        line = lines.get((rows[every[one]], rows[every[other]]), -1)
        flat += (every[one], every[other], line)
    return {"rows": rows, "pairs": flat}


def _worst(found: Iterable[Change]) -> Change:
    every = set(found)
    if len(every) > 1:
        return Change.CHANGED
    return every.pop() if every else Change.SAME


def _row_changes(
    estate: lineage.Workspace, before: lineage.Workspace | None, columns: list[FieldId | None]
) -> dict[int, Change]:
    """Return what became of the columns; nothing is said where nobody told the columns."""
    if before is None:
        return {}
    found: dict[int, Change] = {}
    for number, column in enumerate(columns):
        if column is None:
            continue
        now, then = (_field(one, column) for one in (estate, before))
        if now is None and then is not None:
            found[number] = Change.REMOVED
        elif then is None and now is not None:
            found[number] = Change.ADDED
        elif now is not None and then is not None and _spelled(now) != _spelled(then):
            found[number] = Change.CHANGED
    return found


def _field(estate: lineage.Workspace, column: FieldId) -> lineage.Field | None:
    known = estate.snapshot.datasets.get(column.dataset)
    fields = (known.fields or ()) if known else ()
    return next((one for one in fields if one.name == column.name), None)


def _spelled(one: lineage.Field) -> str:
    """Return a type as it is compared: producers vary in letter case and spaces."""
    return "".join((one.type or "").split()).lower()


def _fold(
    estate: lineage.Workspace, by: str, key: str, members: list[FieldId]
) -> dict[str, object]:
    """Return what the card of a fold says. Its tables may be of one group, or of several."""
    word, _, name = key.partition(":")
    datasets = {column.dataset for column in members}
    tables = len(datasets)
    groups = {estate.group(one, by) for one in datasets}
    under = {"reads": f"more that read {name}", "feeds": f"more that feed {name}"}.get(word, word)
    return {
        "title": f"+ {many(tables, 'table')}" if word in {"reads", "feeds"} else named(name, word),
        "under": under if word in {"reads", "feeds"} else f"{word} · {many(tables, 'table')}",
        "full": f"{many(tables, 'table')} drawn as one",
        "kind": "",
        "owner": "",
        "group": groups.pop() if len(groups) == 1 else "",
        "label": key,
        "fold": True,
    }


def _table(estate: lineage.Workspace, drawing: _Drawing, place: DatasetId) -> dict[str, object]:
    """Return what the card of a table says."""
    known = estate.snapshot.datasets.get(place)
    if known is None and drawing.before is not None:
        estate = drawing.before
        known = estate.snapshot.datasets.get(place)
    group = estate.group(place, drawing.by)
    return {
        "title": title(place),
        "under": named(group, drawing.by),
        "full": f"{place.namespace} {place.name}",
        "kind": known.kind.value if known else "unknown",
        "owner": ", ".join(known.owners) if known and drawing.by != "owner" else "",
        "group": group,
        "label": label(estate, place),
        "fold": False,
    }


def title(of: DatasetId) -> str:
    """Return a short name: a file's with its ending, a table's without its schema."""
    quoted = _IN_QUOTES.search(of.name)
    if quoted is not None:
        return quoted[1].replace('""', '"')
    last = of.name.rstrip("/").rsplit("/", 1)[-1]
    is_file = "/" in of.name or of.namespace.split(":")[0] in _FILES
    return (last if is_file else last.split(".")[-1]) or of.name


_IN_QUOTES = re.compile(r'(?:^|\.)"((?:[^"]|"")+)"$')
_FILES = {"file", "s3", "s3a", "gs", "gcs", "hdfs", "abfss", "abfs", "wasbs", "wasb", "dbfs"}
"""Where the names of datasets are paths."""


def _rows(
    estate: lineage.Workspace,
    before: lineage.Workspace | None,
    card: _Card,
    numbers: Mapping[FieldId | str, int],
) -> list[dict[str, object]]:
    fields: dict[str, lineage.Field] = {}
    for state in filter(None, (before, estate)):
        known = (
            state.snapshot.datasets.get(card.place) if isinstance(card.place, DatasetId) else None
        )
        fields |= {one.name: one for one in (known.fields or ())} if known else {}
    rows: list[dict[str, object]] = []
    for column in card.rows:
        about = fields.get(column.name)
        rows.append(
            {
                "id": numbers[column],
                "fold": False,
                "name": column.name if column.name != "*" else "all columns",
                "type": (about.type or "") if about else "",
                "tags": sorted(about.tags) if about else [],
            }
        )
    return rows
