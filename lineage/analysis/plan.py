"""How to make a change without breaking anything: expand, migrate, contract.

Every statement that reads what changes gets a patch of a few tokens after which it yields what it
did; then the change and all patches together are judged like any other change set. A patch that
does not hold is taken back and named as work for a person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from lineage.analysis.estate import Estate, short
from lineage.analysis.impact import impact
from lineage.analysis.proposal import described
from lineage.analysis.silent import UNREADABLE
from lineage.catalog.program import Unit
from lineage.catalog.world import DatasetTable, View
from lineage.errors import BadChange
from lineage.model.change import (
    Change,
    ChangeSet,
    DropColumn,
    EditStatement,
    RenameColumn,
    RetypeColumn,
)
from lineage.model.diagnostic import Location
from lineage.model.identity import DatasetId, JobId
from lineage.model.verdict import Impact, Status
from lineage.sql import rewrite
from lineage.sql.quoting import has_star_rename
from lineage.sql.relation import Parts, Table
from lineage.sql.rewrite import Edit, Tree

Attempt = Callable[[Unit], list[Edit] | None]


@dataclass(frozen=True, slots=True)
class Patch:
    """New text for a statement: ``before`` stands at ``location`` and becomes ``after``."""

    relation: str
    before: str
    after: str
    location: Location | None
    owners: tuple[str, ...]
    edits: tuple[Edit, ...]
    job: JobId
    """The job whose statement it is."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps to a change, in order, and the proof that they hold together."""

    change: Change
    expand: tuple[str, ...]
    patches: tuple[Patch, ...]
    """In build order."""
    by_hand: tuple[str, ...]
    """What no patch was found for, and why."""
    contract: tuple[str, ...]
    proof: Impact
    """The change and all patches, judged together."""

    @property
    def clean(self) -> bool:
        """Return whether nothing breaks, and no column or value changes.

        After a change of type values are cast back, which may round them: that is let pass.
        """
        found = (*self.proof.relations, *self.proof.consumers)
        return not self.by_hand and all(
            verdict.status in _kept(self.change)
            and not any(evidence.code in UNREADABLE for evidence in verdict.evidence)
            for verdict in found
        )


def _edited(patch: Patch) -> EditStatement:
    return EditStatement(patch.relation, patch.after, patch.job)


def _kept(change: Change) -> frozenset[Status]:
    if isinstance(change, RetypeColumn):
        return frozenset({Status.OK, Status.VALUE_CHANGES})
    return frozenset({Status.OK})


def plan(estate: Estate, change: Change) -> Plan:
    """Return how to make a change of one column.

    Raises BadChange for a change that no plan is known for, and as `impact` does.
    """
    if not isinstance(change, RenameColumn | RetypeColumn | DropColumn):
        name = type(change).__name__
        raise BadChange(name, "only a column's name, type or removal can be planned")
    dataset = estate.dataset(change.table)
    table = described(estate, estate.world, dataset, change.table)
    column = estate.column(table, change.column)
    patches, by_hand = _migrated(estate, change, table, column)
    own, written = _own(estate, change, table, column)
    by_hand += written
    makers = {unit.id for unit in estate.program.writers.get(dataset, ()) if unit.makes}
    added = [patch for patch in own if patch.job not in makers]
    proof = impact(estate, ChangeSet((change, *map(_edited, [*added, *patches]))))
    everything = [*own, *patches]
    return Plan(
        change,
        tuple(_expand(change, dataset, column, table)),
        tuple(everything),
        tuple(by_hand),
        tuple(_contract(change, dataset, column)),
        proof,
    )


def _migrated(
    estate: Estate, change: Change, table: DatasetTable, column: str
) -> tuple[list[Patch], list[str]]:
    """Return the patches of the readers, in build order, and what is left by hand.

    A table that several statements fill holds once all of them do: what did not hold is tried
    again with the patches that were found meanwhile.
    """
    left = dict(enumerate(_readers(estate, change)))
    found: dict[int, Patch] = {}
    tried = -1
    while left and len(found) > tried and not isinstance(change, DropColumn):
        tried = len(found)
        others = tuple(found.values())
        for number, (unit, _) in list(left.items()):
            patch = _patched(estate, change, unit, table, column, others)
            if patch is not None:
                found[number] = patch
                del left[number]
    return [found[number] for number in sorted(found)], [said for _, said in left.values()]


def _readers(estate: Estate, change: Change) -> Iterator[tuple[Unit, str]]:
    """Yield the units that the change touches at first hand, in build order, and how."""
    found = impact(estate, ChangeSet((change,)))
    verdicts = {verdict.subject: verdict for verdict in (*found.relations, *found.consumers)}
    assert isinstance(change, RenameColumn | RetypeColumn | DropColumn)  # noqa: S101 - `plan` saw to it
    dataset = estate.dataset(change.table)
    for position in estate.readers.get(dataset, ()):
        unit = estate.steps[position]
        subject = next((id_ for id_ in (*unit.writes, unit.id) if id_ in verdicts), None)
        verdict = verdicts.get(subject) if subject is not None else None
        if verdict is None or verdict.status is Status.OK:
            continue
        reason = verdict.evidence[0].message if verdict.evidence else verdict.status.value
        yield unit, f"{verdict.relation}: {reason}"


def _patched(  # noqa: PLR0913, PLR0917 - what a patch is made of
    estate: Estate,
    change: Change,
    unit: Unit,
    table: DatasetTable,
    column: str,
    others: tuple[Patch, ...],
) -> Patch | None:
    """Return the first patch that keeps what a unit yields; None if none does."""
    trees = [statement.tree for statement in unit.statements]
    if len(trees) != 1 or trees[0] is None or len(unit.writes) != 1 or unit.job.sql is None:
        return None
    tree, text, target = trees[0], unit.job.sql, unit.writes[0]
    view = View(estate.world, estate.program.names.scope(unit.job))

    def is_table(parts: Parts) -> bool:
        return view.dataset(Table(parts)) == table.dataset

    for edits in _attempts(change, unit, tree, is_table, table, column):
        if not edits:
            continue
        after = rewrite.applied(text, edits)
        edit = EditStatement(short(target), after, unit.id)
        judged = impact(estate, ChangeSet((change, *map(_edited, others), edit)))
        verdicts = {verdict.subject: verdict.status for verdict in judged.relations}
        if verdicts.get(target, Status.OK) in _kept(change):
            owners = estate.described(target).owners or unit.job.owners
            place = unit.job.origin
            return Patch(short(target), text, after, place, owners, tuple(edits), unit.id)
    return None


def _attempts(  # noqa: PLR0913, PLR0917 - what a patch is made of
    change: Change,
    unit: Unit,
    tree: Tree,
    is_table: rewrite.IsTable,
    table: DatasetTable,
    column: str,
) -> Iterator[list[Edit] | None]:
    text, dialect = unit.job.sql or "", unit.dialect
    types = dict(table.listed)
    if isinstance(change, RenameColumn):
        yield rewrite.column_renamed(text, tree, is_table, column, change.new, dialect)
        if not _can_list(table, dialect):
            return
        renamed = [change.new if name == column else name for name in types]
        projection = rewrite.renamed_columns(renamed, change.new, column, dialect)
        yield rewrite.wrapped(text, tree, is_table, projection, dialect)
    elif isinstance(change, RetypeColumn):
        type_ = types.get(column)
        if type_ is not None and _can_list(table, dialect):
            projection = rewrite.cast_columns(types, column, type_, dialect)
            yield rewrite.wrapped(text, tree, is_table, projection, dialect)


def _can_list(table: DatasetTable, dialect: str | None) -> bool:
    """Return whether all columns of a table can be written, one of them otherwise.

    Without a word for that they are listed one by one, and nobody may know them all.
    """
    return table.columns is not None or has_star_rename(dialect)


def _own(
    estate: Estate, change: Change, table: DatasetTable, column: str
) -> tuple[list[Patch], list[str]]:
    """Return the patches of the statements that write what is changed, and what is left by hand."""
    patches: list[Patch] = []
    by_hand: list[str] = []
    if not isinstance(change, RenameColumn):
        return patches, by_hand
    name = short(table.dataset)
    for unit in estate.program.writers.get(table.dataset, ()):
        text = unit.job.sql or ""
        tree = unit.statements[0].tree if len(unit.statements) == 1 else None
        if column.lower() not in text.lower() and "*" not in text:
            continue
        edits = None if tree is None else _written(unit, tree, table, column, change.new)
        if edits:
            after = rewrite.applied(text, edits)
            origin, owners = unit.job.origin, unit.job.owners
            patches.append(Patch(name, text, after, origin, owners, tuple(edits), unit.id))
        elif edits is None:
            by_hand.append(f"{name}: {unit.id.name} writes its column {column}")
    return patches, by_hand


def _written(
    unit: Unit, tree: Tree, table: DatasetTable, column: str, new: str
) -> list[Edit] | None:
    """Return the edits after which a unit writes a column under a new name; None if unknown."""
    text, dialect = unit.job.sql or "", unit.dialect
    listed = rewrite.declared_renamed(text, tree, column, new, dialect)
    if listed is not None:
        return listed
    if not unit.makes:
        return [] if rewrite.lists_rows_by_place(tree) else None
    edits = rewrite.output_renamed(text, tree, column, new, dialect)
    start = _query_start(text, bare=unit.output is not None)
    if edits is not None or start is None or not _can_list(table, dialect):
        return edits
    names = [name for name, _ in table.listed]
    projection = rewrite.renamed_columns(names, column, new, dialect)
    around = f"select {projection} from (\n"  # noqa: S608 - shown
    end = "\n)" if has_star_rename(dialect) else "\n) renamed"
    return [Edit(start, start, around), Edit(len(text), len(text), end)]


def _query_start(text: str, *, bare: bool) -> int | None:
    """Return where the query of CREATE … AS begins; a bare query begins where its text does."""
    if bare:
        return 0
    lowered = text.lower()
    for word in ("\nas\n", " as\n", "\nas ", " as ", " as(", "\nas("):
        found = lowered.find(word)
        if found >= 0:
            return found + len(word) - (1 if word.endswith("(") else 0)
    return None


def _expand(change: Change, dataset: DatasetId, column: str, table: DatasetTable) -> Iterator[str]:
    name = short(dataset)
    if isinstance(change, RenameColumn):
        type_ = dict(table.listed).get(column) or "the same type"
        yield f"add {name}.{change.new} {type_}, and fill it from {column} until the last step"
    elif isinstance(change, RetypeColumn):
        yield f"add {name}.{column} as {change.type} beside the old one, and fill both"
    else:
        yield f"stop reading {name}.{column}; it stays until nobody does"


def _contract(change: Change, dataset: DatasetId, column: str) -> Iterator[str]:
    if isinstance(change, RenameColumn | DropColumn):
        yield f"drop {short(dataset)}.{column} once every step above is live"
    else:
        yield f"drop the old form of {short(dataset)}.{column} once every step above is live"


__all__ = ["Patch", "Plan", "plan"]
