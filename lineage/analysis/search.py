"""Finds datasets, columns and jobs by what people know of them."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lineage.model.answer import Hit, HitKind
from lineage.model.entities import Field
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Entry:
    """What can be found, and everything it is found by, folded."""

    kind: HitKind
    id: FieldId | DatasetId | JobId
    name: str
    full: str
    about: str
    detail: str


def entries(snapshot: Snapshot, columns: Iterable[FieldId]) -> tuple[Entry, ...]:
    """Return everything there is to find; ``columns`` are all that are known or mentioned."""
    return (*_datasets(snapshot), *_columns(snapshot, columns), *_jobs(snapshot))


def _datasets(snapshot: Snapshot) -> Iterator[Entry]:
    for id_, dataset in snapshot.datasets.items():
        detail = _line(
            dataset.kind.value, dataset.description, dataset.owners, dataset.tags, dataset.domain
        )
        also = " ".join(alias.name for alias in dataset.aliases)
        full = f"{id_.namespace}/{id_.name}"
        about = f"{detail} {also}".casefold()
        yield Entry(HitKind.DATASET, id_, id_.name.casefold(), full.casefold(), about, detail)


def _columns(snapshot: Snapshot, columns: Iterable[FieldId]) -> Iterator[Entry]:
    # What holds for all columns of a dataset is worked out once: there may be a million of them.
    of: DatasetId | None = None
    fields: Mapping[str, Field] = {}
    front = back = ""
    for id_ in columns:
        if id_.dataset is not of and id_.dataset != of:
            of = id_.dataset
            dataset = snapshot.datasets.get(of)
            fields = {field.name: field for field in (dataset and dataset.fields) or ()}
            front = f"{of.namespace}/{of.name}.".casefold()
            # A column is its dataset's owner's too, but that is not what tells it from others.
            back = " ".join((*dataset.owners, dataset.domain or "")).casefold() if dataset else ""
        detail = about = ""
        name = id_.name.casefold()
        field = fields.get(id_.name)
        if field is not None:
            plain = not field.description and not field.tags
            detail = (
                field.type or "" if plain else _line(field.type, field.description, (), field.tags)
            )
            about = f"{detail.casefold()} {back}"
        yield Entry(HitKind.COLUMN, id_, name, front + name, about, detail)


def _jobs(snapshot: Snapshot) -> Iterator[Entry]:
    for id_, job in snapshot.jobs.items():
        detail = _line(job.kind.value, job.description, job.owners, job.tags, job.domain)
        full = f"{id_.namespace}/{id_.name}"
        yield Entry(
            HitKind.JOB, id_, id_.name.casefold(), full.casefold(), detail.casefold(), detail
        )


def _line(
    kind: str | None,
    description: str | None,
    owners: Iterable[str],
    tags: Iterable[str],
    domain: str | None = None,
) -> str:
    parts = [kind or "", *owners, domain or "", *(f"#{tag}" for tag in sorted(tags))]
    return " · ".join(filter(None, [*parts, " ".join((description or "").split())]))


def search(
    table: Iterable[Entry],
    text: str,
    label: Callable[[FieldId | DatasetId | JobId], str],
    *,
    limit: int,
) -> tuple[Hit, ...]:
    """Return the entries that every word of ``text`` is found in, best first, then by name.

    A name counts more than a description, the start of a name more than its middle, and a short
    name more than a long one.
    """
    words = text.casefold().split()
    if not words:
        return ()
    found: list[tuple[float, str, int, Entry]] = []
    for place, entry in enumerate(table):
        score = 1.0
        for word in words:
            # Most entries end here, so that what is left to score is little.
            if word not in entry.full and word not in entry.about:
                break
            score = min(score, _score(entry, word))
        else:
            # At most a tenth, so that it only orders what is found in the same way.
            score -= 0.1 * min(len(entry.full), 200) / 200 if score < 1 else 0
            found.append((-score, entry.full, place, entry))
    return tuple(
        Hit(entry.kind, entry.id, label(entry.id), entry.detail, round(-score, 3))
        for score, _, _, entry in heapq.nsmallest(limit, found)
    )


def _score(entry: Entry, word: str) -> float:
    """Return how well a word fits that is in an entry's name or in what is known of it."""
    name = entry.name
    last = name.rpartition(".")[2]
    if word in (name, last, entry.full):
        return 1.0
    if word in name:
        if last.startswith(word):
            return 0.9
        return 0.8 if any(part.startswith(word) for part in _parts(name)) else 0.7
    if word in entry.full:
        return 0.6
    return 0.5


def _parts(name: str) -> list[str]:
    return name.replace(".", "_").replace("/", "_").replace("-", "_").split("_")
