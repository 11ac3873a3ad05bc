"""The statements of an estate, in the order in which they can be run, and how to bind them.

Each job that has SQL is a `Unit`. Binding a unit in a `World` says what it reads, what it writes
and what does not hold; `Program.bind` has no other effect, so that a unit can be bound again in
a world in which something differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

from lineage.catalog.identity import scheme
from lineage.catalog.library import Library
from lineage.catalog.world import Columns, DatasetTable, Names, View, World
from lineage.model.entities import Dataset, DatasetKind, Job
from lineage.model.identity import DatasetId, JobId
from lineage.model.names import joined, parts_of
from lineage.model.snapshot import Snapshot
from lineage.sql.bound import Bound
from lineage.sql.dialect import Rules, rules_for
from lineage.sql.frame import Problem
from lineage.sql.meaning import Definition, Meaning, Reader, Terms
from lineage.sql.outline import Outline, Role, outline, parsed
from lineage.sql.parse import Parsed, with_deep_stack
from lineage.sql.relation import Column, Origin, Origins, Relation, Table
from lineage.sql.statement import StatementBinder
from lineage.sql.typing import TypeSystem, type_system

_DIALECTS: Final[Mapping[str, str]] = {
    "postgres": "postgres", "postgresql": "postgres", "redshift": "redshift", "mysql": "mysql",
    "sqlserver": "tsql", "mssql": "tsql", "synapse": "tsql", "snowflake": "snowflake",
    "bigquery": "bigquery", "duckdb": "duckdb", "trino": "trino", "presto": "presto",
    "athena": "athena", "awsathena": "athena", "hive": "hive", "spark": "spark",
    "databricks": "databricks", "oracle": "oracle", "sqlite": "sqlite", "teradata": "teradata",
    "clickhouse": "clickhouse",
}  # fmt: skip
"""sqlglot's dialect for the engine that a namespace names (OpenLineage naming specification)."""


Syntax = tuple[tuple[Parsed, ...], tuple[Outline, ...]]
"""A text's statements, and an outline of each."""
Naming = Callable[[tuple[DatasetId, str]], tuple[DatasetId, str]]
"""What a column (in lower case) was called before it was renamed."""


@dataclass(eq=False, slots=True)
class Unit:
    """A job's SQL, parsed."""

    job: Job
    dialect: str | None
    statements: tuple[Parsed, ...]
    outlines: tuple[Outline, ...]
    output: DatasetId | None
    """What a bare query fills: the job's only output."""
    reads: frozenset[DatasetId] = frozenset()
    """Datasets that are named; a dead CTE's too."""
    writes: tuple[DatasetId, ...] = ()
    view: bool = False

    @property
    def makes(self) -> bool:
        """Return whether it makes what it writes anew."""
        return self.output is not None or any(item.makes for item in self.outlines)

    @property
    def id(self) -> JobId:
        """Return the job's."""
        return self.job.id


@dataclass(slots=True)
class Written:
    """What a unit puts into one dataset."""

    target: DatasetId
    columns: list[tuple[str, Column]]
    indirect: Origins = field(default_factory=dict)


@dataclass(slots=True)
class Outcome:
    """A unit, bound."""

    written: list[Written] = field(default_factory=list)
    defined: dict[DatasetId, Columns | None] = field(default_factory=dict)
    """Datasets that the unit makes, and their columns; None where a star hides them."""
    reads: dict[DatasetId, None] = field(default_factory=dict)
    uses: frozenset[Origin] = frozenset()
    problems: tuple[Problem, ...] = ()
    candidates: tuple[tuple[tuple[Origin, ...], str], ...] = ()
    rows: Relation | None = None
    """The rows of its last query."""
    missing: tuple[DatasetId, ...] = ()
    shapes: tuple[tuple[str, ...], ...] = ()
    """The columns of each row that is a value as a whole."""
    unsure: dict[tuple[str | None, ...], tuple[int, int]] = field(default_factory=dict)
    """Types that were worked out together, one of them not known, and where first."""


class Program:
    """All units of an estate and the names that they may use."""

    def __init__(self, snapshot: Snapshot, dialect: str | None = None) -> None:
        self.snapshot = snapshot
        self.dialect = dialect or usual(snapshot.jobs.values())
        self._library = Library(())
        self.names = Names(snapshot.datasets)
        units = self._all()
        unheard = {id_ for unit in units for id_ in unit.writes if id_ not in snapshot.datasets}
        if unheard:
            more = {id_: Dataset(id_) for id_ in unheard}
            self.names = Names({**snapshot.datasets, **more})
            units = self._all()
        self._library = Library(units)
        for unit in units:
            unit.reads |= self._library.reads(unit)
        self.units = ordered(units)
        self.by_job = {unit.id: unit for unit in self.units}
        self.writers: dict[DatasetId, list[Unit]] = {}
        for unit in self.units:
            for target in unit.writes:
                self.writers.setdefault(target, []).append(unit)

    def _all(self) -> list[Unit]:
        found = (self.unit(job) for job in self.snapshot.jobs.values() if job.sql is not None)
        return [unit for unit in found if unit.statements]

    def unit(self, job: Job, sql: str | None = None, known: Syntax | None = None) -> Unit:
        """Return the unit of a job, or of the job with another text.

        ``known`` is the syntax of that text, where somebody has parsed it.
        """
        text = job.sql or "" if sql is None else sql
        dialect = self.dialect_of(job)
        statements, outlines = known or (parsed(text, dialect), outline(text, dialect))
        queries = any(item.role is Role.QUERY for item in outlines)
        output = job.outputs[0] if queries and len(job.outputs) == 1 else None
        view = View(World(), self.names.scope(job))
        reads = {
            found
            for item in outlines
            for parts in item.reads
            if (found := view.dataset(Table(parts))) is not None
        }
        targets = {
            found or self._new(job, parts)
            for item in outlines
            if item.role in {Role.FILL, Role.BROKEN} and not item.temporary
            for parts in item.targets
            for found in (view.dataset(Table(parts)),)
        }
        if output is not None:
            targets.add(output)
        targets.update(job.outputs)
        is_view = any(item.view for item in outlines)
        unit = Unit(
            job, dialect, statements, outlines, output,
            frozenset(reads), tuple(sorted(targets)), is_view,
        )  # fmt: skip
        unit.reads |= self._library.reads(unit)
        return unit

    def bind(self, unit: Unit, world: World, *, dead_ctes: bool = False) -> Outcome:
        """Bind a unit in a world.

        With ``dead_ctes`` what CTEs use that nobody reads is counted, even where the engine does
        not look into them.
        """
        text = unit.job.sql or ""
        return with_deep_stack(lambda: self._bind(unit, world, dead_ctes=dead_ctes), text)

    def meaning(
        self,
        unit: Unit,
        world: World,
        terms: Terms,
        name: Naming,
        through: AbstractSet[DatasetId] = frozenset(),
    ) -> Meaning | None:
        """Return what the query of a unit means; None where it has none, or several.

        ``name`` says what a column of a dataset is called; see `lineage.sql.meaning.Reader`.
        What is in ``through`` means what the query means that makes it.
        """
        meant = self._definition(unit, world, name)
        if meant is None:
            return None

        def defined(table: Table) -> Definition | None:
            if not isinstance(table, DatasetTable) or table.dataset not in through:
                return None
            makers = self.writers.get(table.dataset, ())
            if len(makers) != 1 or makers[0].job.later is not None or not makers[0].makes:
                return None  # what is filled bit by bit is more than its query says
            return self._definition(makers[0], world, name)

        reader = Reader(meant.schema, terms, meant.name, defined)
        return with_deep_stack(lambda: reader.statement(meant.tree), unit.job.sql or "")

    def _definition(self, unit: Unit, world: World, name: Naming) -> Definition | None:
        trees = [item.tree for item in unit.statements]
        if len(trees) != 1 or trees[0] is None:
            return None
        view = View(world, self.names.scope(unit.job))

        def named(table: Table, column: str) -> tuple[DatasetId, str]:
            dataset = self._id(table, view, unit) or DatasetId("", table.name)
            return name((dataset, column.lower()))

        return Definition(trees[0], view, named)

    @property
    def has_routines(self) -> bool:
        """Whether any unit makes macros, which mean what they mean in all of it."""
        return bool(self._library)

    def makers(self, unit: Unit) -> tuple[Unit, ...]:
        """Return the units that only make macros, and that have to be run before another."""
        return tuple(maker for maker in self._library.makers(unit) if not maker.writes)

    def rules(self, unit: Unit) -> tuple[Rules, TypeSystem]:
        """Return the engine's rules and types."""
        rules = rules_for(unit.dialect)
        return rules, type_system(rules.dialect)

    def normalized(self, dataset: Dataset) -> Columns | None:
        """Return a dataset's declared columns, their types in the engine's words."""
        if dataset.fields is None:
            return None
        normalize = type_system(rules_for(self.dialect).dialect).normalize
        return tuple(
            (field.name, normalize(field.type) if field.type else None) for field in dataset.fields
        )

    def type_named(self, text: str, dataset: DatasetId) -> str:
        """Return a type, as a person wrote it, in the words of the engine of a dataset."""
        writers = self.writers.get(dataset)
        dialect = writers[0].dialect if writers else self.dialect
        return type_system(rules_for(dialect).dialect).normalize(text)

    def table(self, id_: DatasetId, columns: Columns | None) -> DatasetTable:
        """Return a table for a dataset."""
        known = self.snapshot.datasets.get(id_)
        kind = known.kind.value if known is not None else DatasetKind.UNKNOWN.value
        return DatasetTable(id_, parts_of(id_.name), columns, kind=kind)

    # -----------------------------------------------------------------------------------------

    def dialect_of(self, job: Job) -> str | None:
        """Return the dialect of a job: its own, its engine's, or the usual one."""
        if job.dialect:
            return job.dialect
        for id_ in (*job.outputs, *job.inputs):
            known = _DIALECTS.get(scheme(id_.namespace))
            if known is not None:
                return known
        return self.dialect

    def _new(self, job: Job, parts: tuple[str, ...]) -> DatasetId:
        """Return the dataset that a name makes, which nobody has spoken of before."""
        home = next((id_.namespace for id_ in (*job.outputs, *job.inputs)), job.id.namespace)
        if len(parts) == 1 and job.schema:
            parts = (job.schema, *parts)
        if len(parts) == 2 and job.database:  # noqa: PLR2004 - schema.name
            parts = (job.database, *parts)
        return DatasetId(home, joined(parts))

    def _bind(self, unit: Unit, world: World, *, dead_ctes: bool) -> Outcome:
        view = View(world, self.names.scope(unit.job))
        rules, types = self.rules(unit)
        known = self._library.routines(unit)
        binder = StatementBinder(view, rules, types, dead_ctes=dead_ctes, routines=known)
        outcome = Outcome()
        problems: list[Problem] = []
        uses: set[Origin] = set()
        candidates: list[tuple[tuple[Origin, ...], str]] = []
        missing: dict[DatasetId, None] = {}
        results: list[Bound] = []
        for statement in unit.statements:
            if statement.tree is None:
                message = statement.error or "does not parse"
                place = (statement.line, statement.column)
                problems.append(
                    Problem("does-not-parse", message, place, certain=statement.certain)
                )
                outcome.reads.update(dict.fromkeys(self._named(unit, view)))
                continue
            results.extend(binder.bind(statement.tree))
        for bound in results:
            problems.extend(bound.problems)
            uses |= bound.uses
            if bound.unsure:
                outcome.unsure = {**bound.unsure, **outcome.unsure}
            outcome.shapes = (*outcome.shapes, *bound.shapes)
            candidates.extend(bound.candidates)
            for table in bound.reads:
                found = self._id(table, view, unit)
                if found is not None:
                    outcome.reads[found] = None
                    if table in bound.missing:
                        missing[found] = None
            self._writes(unit, bound, view, outcome)
        outcome.problems = tuple(problems)
        outcome.uses = frozenset(uses)
        outcome.candidates = tuple(candidates)
        outcome.missing = tuple(missing)
        return outcome

    def _named(self, unit: Unit, view: View) -> Iterator[DatasetId]:
        """Yield what statements seem to read that do not parse."""
        for item in unit.outlines:
            if item.role is Role.BROKEN:
                for parts in item.reads:
                    yield view.dataset(Table(parts)) or self._new(unit.job, parts)

    def _id(self, table: Table, view: View, unit: Unit) -> DatasetId | None:
        if isinstance(table, DatasetTable):
            return table.dataset
        if table.temporary:
            return None
        return view.dataset(table) or self._new(unit.job, table.parts)

    def _writes(self, unit: Unit, bound: Bound, view: View, outcome: Outcome) -> None:
        if bound.kind == "select":
            outcome.rows = bound.relation
            if unit.output is not None and bound.relation is not None:
                write = bound.writes[0]
                outcome.written.append(Written(unit.output, write.columns, write.indirect))
                outcome.defined[unit.output] = _columns(bound.relation)
            return
        for write in bound.writes:
            if write.target is None:
                continue
            target = self._id(write.target, view, unit)
            if target is not None:
                outcome.written.append(Written(target, write.columns, write.indirect))
        if bound.defines is not None and not bound.defines.temporary:
            target = self._id(bound.defines, view, unit)
            if target is not None:
                outcome.defined[target] = bound.defines.columns
                outcome.rows = bound.relation or outcome.rows


def _columns(relation: Relation) -> Columns | None:
    if relation.open:
        return None
    return tuple((column.name, column.type) for column in relation.columns)


def usual(jobs: Iterable[Job]) -> str | None:
    """Return the dialect that most jobs name; None if none does."""
    found = Counter(job.dialect for job in jobs if job.dialect)
    return min(found, key=lambda name: (-found[name], name)) if found else None


def ordered(units: list[Unit]) -> tuple[Unit, ...]:
    """Return units so that what writes comes before what reads; loops are cut by name.

    Depth first from each unit in name order, an iterative post-order (Tarjan 1976): linear.
    """
    units = sorted(units, key=lambda unit: (unit.id.namespace, unit.id.name))
    writers: dict[DatasetId, list[Unit]] = {}
    for unit in units:
        for target in unit.writes:
            writers.setdefault(target, []).append(unit)
    done: dict[int, Unit] = {}
    entered: set[int] = set()
    for start in units:
        stack: list[tuple[Unit, Iterator[Unit]]] = []
        if id(start) not in entered:
            entered.add(id(start))
            stack.append((start, _before(start, writers)))
        while stack:
            unit, before = stack[-1]
            following = next((item for item in before if id(item) not in entered), None)
            if following is None:
                done[id(unit)] = unit
                stack.pop()
            else:
                entered.add(id(following))
                stack.append((following, _before(following, writers)))
    return tuple(done.values())


def _before(unit: Unit, writers: Mapping[DatasetId, list[Unit]]) -> Iterator[Unit]:
    for read in sorted(unit.reads):
        yield from writers.get(read, ())
    # What adds to a table comes after what makes it.
    if not unit.makes:
        for target in unit.writes:
            yield from (other for other in writers[target] if other.makes)
