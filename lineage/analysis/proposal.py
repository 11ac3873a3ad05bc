"""A change set applied: the world as it would be, before anything downstream is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from lineage.analysis.estate import Estate, short
from lineage.catalog.program import Unit
from lineage.catalog.world import Columns, DatasetTable, World
from lineage.errors import BadChange, UnknownName
from lineage.model.change import (
    AddColumn,
    Change,
    ChangeSet,
    DropColumn,
    DropTable,
    EditStatement,
    RenameColumn,
    RenameTable,
    ReorderColumns,
    RetypeColumn,
    SetNullable,
)
from lineage.model.diagnostic import Location
from lineage.model.entities import Job, JobKind
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import joined, parts_of
from lineage.sql.outline import Role, outline
from lineage.sql.relation import Parts

Key = tuple[DatasetId, str]
"""A column: its dataset, and its name in lower case."""


@dataclass(slots=True)
class Proposal:
    """What differs at the place of the change itself."""

    world: World
    subjects: dict[DatasetId, None] = field(default_factory=dict)
    """Datasets that are changed by hand; their own statements are not asked."""
    gone: dict[DatasetId, str] = field(default_factory=dict)
    """Those that are not there any more, and why."""
    before: dict[Key, Key] = field(default_factory=dict)
    """Columns that have a new name, and what they were called."""
    retyped: dict[Key, tuple[str | None, str | None]] = field(default_factory=dict)
    nulls: dict[Key, str] = field(default_factory=dict)
    """Columns in which NULL may be from now on, and why."""
    edits: dict[JobId, Unit] = field(default_factory=dict)
    """Units with another text; a new one is not among the estate's steps."""


def propose(estate: Estate, changes: ChangeSet) -> Proposal:
    """Apply changes in order. Raises UnknownName, AmbiguousName and BadChange."""
    proposal = Proposal(estate.world.child())
    for change in changes.changes:
        _apply(estate, proposal, change, changes.id)
    return proposal


def _apply(estate: Estate, proposal: Proposal, change: Change, id_: str) -> None:
    match change:
        case EditStatement():
            _edit(estate, proposal, change)
        case DropTable():
            dataset = estate.dataset(change.table)
            proposal.world.remove(dataset)
            proposal.gone[dataset] = f"{short(dataset)} is dropped"
        case RenameTable():
            _rename_table(estate, proposal, change, id_)
        case _:
            dataset = estate.dataset(change.table)
            table = described(estate, proposal.world, dataset, id_)
            columns = _changed(estate, proposal, table, change, id_)
            proposal.subjects[dataset] = None
            proposal.world.put(_with(estate, table, columns))


def described(estate: Estate, world: World, dataset: DatasetId, id_: str) -> DatasetTable:
    """Return a table with its columns; where nobody listed them, those that statements use.

    Raises BadChange where none is known, or no table: ``id_`` is the change that asks.
    """
    table = world.table(dataset)
    if table is None:
        raise BadChange(id_, f"{short(dataset)} is not there any more when this change is made")
    if table.columns is None and not table.partly:
        # Nobody listed the columns; those that statements use are all that can be asked about.
        columns = tuple((name, None) for name in estate.learned(dataset))
        if not columns:
            reason = (
                f"the columns of {short(dataset)} are not known; give a schema for it "
                "(CREATE TABLE, dbt's catalog.json, a schema facet)"
            )
            raise BadChange(id_, reason)
        table = table.with_some(columns, table.gone)
    return table


def _with(estate: Estate, table: DatasetTable, columns: Columns) -> DatasetTable:
    """Return a table with other columns; where nobody listed any, there may still be more."""
    if table.columns is not None:
        return estate.program.table(table.dataset, columns)
    names = {name.lower() for name, _ in columns}
    gone = table.gone | {name.lower() for name, _ in table.partly}
    return table.with_some(columns, gone - names)


def _changed(
    estate: Estate, proposal: Proposal, table: DatasetTable, change: Change, id_: str
) -> Columns:
    columns = table.listed
    dataset = table.dataset
    match change:
        case DropColumn():
            name = estate.column(table, change.column)
            return tuple(item for item in columns if item[0] != name)
        case RenameColumn():
            name = estate.column(table, change.column)
            _refuse_twice(columns, change.new, name, id_)
            old = proposal.before.pop((dataset, name.lower()), (dataset, name.lower()))
            proposal.before[dataset, change.new.lower()] = old
            return tuple((change.new, type_) if item == name else (item, type_)
                         for item, type_ in columns)  # fmt: skip
        case RetypeColumn():
            name = estate.column(table, change.column)
            wanted = _type(estate, dataset, change.type)
            was = next(type_ for item, type_ in columns if item == name)
            if was != wanted:
                proposal.retyped[dataset, name.lower()] = (was, wanted)
            return tuple((item, wanted if item == name else type_) for item, type_ in columns)
        case AddColumn():
            _refuse_twice(columns, change.column, None, id_)
            return (*columns, (change.column, _type(estate, dataset, change.type)))
        case ReorderColumns():
            return _reordered(estate, table, columns, change)
        case SetNullable():
            name = estate.column(table, change.column)
            if change.nullable:
                proposal.nulls[dataset, name.lower()] = f"{short(dataset)}.{name} may be NULL"
            return columns
        case _:
            raise BadChange(id_, f"{type(change).__name__} is not a change of columns")


def _reordered(
    estate: Estate, table: DatasetTable, columns: Columns, change: ReorderColumns
) -> Columns:
    if not change.order:
        return (*columns[1:], *columns[:1])
    chosen = [estate.column(table, name) for name in change.order]
    types = dict(columns)
    rest = [item for item in columns if item[0] not in chosen]
    return (*((name, types[name]) for name in chosen), *rest)


def _refuse_twice(columns: Columns, new: str, renamed: str | None, id_: str) -> None:
    for name, _ in columns:
        if name.lower() == new.lower() and name != renamed:
            raise BadChange(id_, f'there is a column "{name}" already')


def _type(estate: Estate, dataset: DatasetId, text: str) -> str:
    return estate.program.type_named(text, dataset)


def _rename_table(estate: Estate, proposal: Proposal, change: RenameTable, id_: str) -> None:
    dataset = estate.dataset(change.table)
    table = proposal.world.table(dataset)
    new = parts_of(change.new)
    parts = (*table.parts[: -len(new)], *new) if table is not None else new
    _refuse_taken(estate, proposal, dataset, parts, id_)
    proposal.world.remove(dataset)
    proposal.gone[dataset] = f"{short(dataset)} is now called {change.new}"
    if table is not None:
        named = DatasetId(dataset.namespace, joined(parts))
        renamed = DatasetTable(named, parts, table.columns, kind=table.kind)
        if table.columns is None:
            renamed = renamed.with_some(table.partly, table.gone)
        proposal.world.add(renamed)


def _refuse_taken(
    estate: Estate, proposal: Proposal, renamed: DatasetId, parts: Parts, id_: str
) -> None:
    """Refuse a name that another table has when this change is made."""
    key = tuple(part.lower() for part in parts)
    for other in estate.called(parts, renamed.namespace):
        if other != renamed and proposal.world.table(other) is not None:
            raise BadChange(id_, f'there is a table "{short(other)}" already')
    added = proposal.world.added(key)
    if added is not None and len(added.parts) == len(key):
        raise BadChange(id_, f'there is a table "{short(added.dataset)}" already')


def _edit(estate: Estate, proposal: Proposal, change: EditStatement) -> None:
    try:
        dataset = estate.dataset(change.table)
    except UnknownName:
        if not _creates(estate, change):
            raise
        _new_model(estate, proposal, change)
        return
    writers = estate.program.writers.get(dataset, [])
    makers = [unit for unit in writers if unit.makes] or list(writers)
    if not makers:
        known = estate.described(dataset)
        namespace = dataset.namespace
        job = Job(JobId(namespace, short(dataset)), change.sql, estate.program.dialect,
                  JobKind.MODEL, outputs=(dataset,),
                  origin=_origin(change) or known.origin)  # fmt: skip
    else:
        meant = next((unit for unit in writers if unit.id == change.job), makers[0])
        origin = _origin(change) or meant.job.origin
        job = replace(meant.job, sql=change.sql, places=None, origin=origin)
    proposal.edits[job.id] = estate.program.unit(job)


def _origin(change: EditStatement) -> Location | None:
    return Location(change.document, 1, 1) if change.document else None


def _creates(estate: Estate, change: EditStatement) -> bool:
    """Return whether a statement itself says that it makes a table of this name."""
    name = tuple(part.lower() for part in parts_of(change.table))
    return any(
        tuple(part.lower() for part in target)[-len(name) :] == name
        for item in outline(change.sql, estate.program.dialect)
        for target in item.targets
        if item.makes or item.role in {Role.BROKEN, Role.DECLARE}
    )


def _new_model(estate: Estate, proposal: Proposal, change: EditStatement) -> None:
    """Add what is made by a statement that the estate does not have yet."""
    known = next(iter(estate.snapshot.datasets), DatasetId("sql", ""))
    parts = parts_of(change.table)
    dataset = DatasetId(known.namespace, joined(parts))
    job = Job(JobId(dataset.namespace, change.table), change.sql, estate.program.dialect,
              JobKind.MODEL, outputs=(dataset,), origin=_origin(change))  # fmt: skip
    proposal.world.add(DatasetTable(dataset, parts, None))
    proposal.edits[job.id] = estate.program.unit(job)
