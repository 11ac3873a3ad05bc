"""What nothing reads: columns and tables that may go, or the one reader that is in the way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from lineage.analysis.estate import Estate, reads_of
from lineage.catalog.world import DatasetTable
from lineage.model.identity import DatasetId, FieldId, JobId


@dataclass(frozen=True, slots=True)
class Unused:
    """A column, or a whole table, that no statement, test, contract or exposure reads."""

    subject: FieldId | DatasetId
    reader: JobId | None = None
    """The only reader, if there is one; then it is not unused yet."""
    proved: bool = True
    """False where part of the estate could not be read, and may use it."""


def unused(estate: Estate) -> tuple[Unused, ...]:
    """Return what nobody reads, in name order; with one reader, after what has none.

    A table that nobody reads is listed as a whole. A table of which only the whole is known to be
    read (an exposure that names no columns) is used in all its columns.
    """
    users, whole, blind = _users(estate)
    found: list[Unused] = []
    for id_ in sorted(estate.snapshot.datasets):
        readers = {
            estate.steps[position].id
            for position in estate.readers.get(id_, ())
            if id_ not in estate.steps[position].writes
        }
        if not readers:
            found.append(Unused(id_, proved=not blind))
            continue
        if len(readers) == 1:
            found.append(Unused(id_, next(iter(readers)), proved=not blind))
        if whole[id_]:
            continue
        table = estate.world.table(id_)
        for name, _ in (table.columns if table is not None else None) or ():
            by = users[id_, name.lower()]
            if len(by) <= 1:
                reader = next(iter(by), None)
                found.append(Unused(FieldId(id_, name), reader, proved=not blind))
    return tuple(sorted(found, key=lambda item: (item.reader is not None, _key(item))))


def _key(item: Unused) -> tuple[str, str, str]:
    subject = item.subject
    if isinstance(subject, FieldId):
        return (subject.dataset.namespace, subject.dataset.name, subject.name)
    return (subject.namespace, subject.name, "")


def _users(
    estate: Estate,
) -> tuple[
    defaultdict[tuple[DatasetId, str], set[JobId]], defaultdict[DatasetId, set[JobId]], bool
]:
    """Return who uses each column, who reads tables as a whole, and if somebody is unreadable."""
    users: defaultdict[tuple[DatasetId, str], set[JobId]] = defaultdict(set)
    whole: defaultdict[DatasetId, set[JobId]] = defaultdict(set)
    blind = False
    for unit in estate.steps:
        outcome = estate.outcomes.get(unit.id) if unit.statements else None
        named = {field.dataset for field in unit.job.fields}
        for field in unit.job.fields:
            users[field.dataset, field.name.lower()].add(unit.id)
        sources = set()
        for edge in estate.edges.get(unit.id, ()):
            if isinstance(edge.source, FieldId):
                users[edge.source.dataset, edge.source.name.lower()].add(unit.id)
                sources.add(edge.source.dataset)
        if outcome is not None:
            blind = blind or any(problem.code == "does-not-parse" for problem in outcome.problems)
            for origin in outcome.uses:
                if isinstance(origin.table, DatasetTable):
                    users[origin.table.dataset, origin.column.lower()].add(unit.id)
            continue
        for id_ in reads_of(unit, None) - named - sources:
            whole[id_].add(unit.id)
    return users, whole, blind
