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
from lineage.model.identity import DatasetId
from lineage.model.verdict import Impact, Status
from lineage.sql import rewrite
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
    table = estate.world.table(dataset)
    if table is None or table.columns is None:
        raise BadChange(change.table, "its columns are not known; give a schema for it")
    column = estate.column(table, change.column)
    patches: list[Patch] = []
    by_hand: list[str] = []
    for unit, found in _readers(estate, change):
        patch = None
        if not isinstance(change, DropColumn):
            patch = _patched(estate, change, unit, table, column)
        if patch is None:
            by_hand.append(found)
        else:
            patches.append(patch)
    own = _own(estate, change, table, column)
    edits = [EditStatement(patch.relation, patch.after) for patch in patches]
    proof = impact(estate, ChangeSet((change, *edits)))
    everything = [*own, *patches]
    return Plan(
        change,
        tuple(_expand(change, dataset, column, table)),
        tuple(everything),
        tuple(by_hand),
        tuple(_contract(change, dataset, column)),
        proof,
    )


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


def _patched(
    estate: Estate, change: Change, unit: Unit, table: DatasetTable, column: str
) -> Patch | None:
    """Return the first patch that keeps what a unit yields; None if none does."""
    trees = [statement.tree for statement in unit.statements]
    if len(trees) != 1 or trees[0] is None or len(unit.writes) != 1 or unit.job.sql is None:
        return None
    tree, text, target = trees[0], unit.job.sql, unit.writes[0]
    view = View(estate.world, estate.program.names.scope(unit.job))

    def is_table(parts: Parts) -> bool:
        return view.dataset(Table(parts)) == table.dataset

    for edits in _attempts(change, text, tree, is_table, table, column):
        if not edits:
            continue
        after = rewrite.applied(text, edits)
        judged = impact(estate, ChangeSet((change, EditStatement(short(target), after))))
        verdicts = {verdict.subject: verdict.status for verdict in judged.relations}
        if verdicts.get(target, Status.OK) in _kept(change):
            owners = estate.described(target).owners or unit.job.owners
            return Patch(short(target), text, after, unit.job.origin, owners, tuple(edits))
    return None


def _attempts(  # noqa: PLR0913, PLR0917 - what a patch is made of
    change: Change,
    text: str,
    tree: Tree,
    is_table: rewrite.IsTable,
    table: DatasetTable,
    column: str,
) -> Iterator[list[Edit] | None]:
    if isinstance(change, RenameColumn):
        yield rewrite.column_renamed(text, tree, is_table, column, change.new)
        projection = f"* rename ({change.new} as {column})"
        yield rewrite.wrapped(text, tree, is_table, projection)
    elif isinstance(change, RetypeColumn):
        type_ = dict(table.columns or ()).get(column)
        if type_ is not None:
            projection = f"* replace (cast({column} as {type_}) as {column})"
            yield rewrite.wrapped(text, tree, is_table, projection)


def _own(estate: Estate, change: Change, table: DatasetTable, column: str) -> list[Patch]:
    """Return the patch of the statement that makes what is changed."""
    if not isinstance(change, RenameColumn):
        return []
    for unit in estate.program.writers.get(table.dataset, ()):
        tree = unit.statements[0].tree if len(unit.statements) == 1 else None
        if tree is None or unit.job.sql is None:
            continue
        text = unit.job.sql
        edits = rewrite.output_renamed(tree, column, change.new)
        if edits is None:
            start = _query_start(text, bare=unit.output is not None)
            if start is None:
                continue
            around = f"select * rename ({column} as {change.new}) from (\n"  # noqa: S608 - shown
            edits = [Edit(start, start, around), Edit(len(text), len(text), "\n)")]
        after = rewrite.applied(text, edits)
        return [
            Patch(short(table.dataset), text, after, unit.job.origin, unit.job.owners, tuple(edits))
        ]
    return []


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
        type_ = dict(table.columns or ()).get(column) or "the same type"
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
