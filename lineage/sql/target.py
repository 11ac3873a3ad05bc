"""Binds what a statement writes: the table, its columns, and the schema that follows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.bound import Bound, InlinedTable, Write, united
from lineage.sql.dialect import Rules
from lineage.sql.frame import CteScope, Frame, Problem, Routine, Routines
from lineage.sql.place import Place, place_of
from lineage.sql.query import Binder
from lineage.sql.relation import (
    NOTHING,
    TRANSFORMATION,
    Column,
    Relation,
    Schema,
    Table,
    lift,
    merge,
)
from lineage.sql.source import deduplicated
from lineage.sql.typing import TypeSystem


class Targets:
    """What every statement that writes shares: the schema of the script, and what was put where."""

    def __init__(
        self,
        schema: Schema,
        rules: Rules,
        types: TypeSystem | None,
        *,
        inline_views: bool = False,
        dead_ctes: bool = False,
        routines: Routines | None = None,
    ) -> None:
        self.schema = schema
        self.rules = rules
        self.types = types
        self.inline_views = inline_views
        self.dead_ctes = dead_ctes
        self._written_temporaries: dict[Table, Write] = {}
        self._routines: dict[tuple[str, int], Routine] = dict(routines or {})
        self._variables: dict[str, Column] = {}
        self._returns_into: tuple[tuple[str, int], str] | None = None
        """The routine that returns what is put into a table, and the name of that."""
        self._last_rows: Relation | None = None
        self._rows: Table | None = None
        """The table of the trigger whose statements are bound."""

    def _binder(self) -> Binder:
        binder = Binder(self.schema, self.rules, self.types, self._routines)
        binder.variables = self._variables
        binder.rows = self._rows
        binder.last_rows = self._last_rows
        return binder

    def _type_of(self, item: exp.ColumnDef) -> str | None:
        return self._type_named(item.args.get("kind"))

    def _type_named(self, node: exp.Expr | None) -> str | None:
        text = self.rules.type_text(node) if isinstance(node, exp.DataType) else None
        if text is None:
            return None
        return self.types.normalize(text) if self.types is not None else text

    def _query(self, node: exp.Expr, binder: Binder, outer: exp.Expr) -> Relation:
        """Bind the query inside a statement, which may carry the WITH clause itself."""
        return binder.query(node, self._scope(outer, binder), top=True)

    def _scope(self, tree: exp.Expr, binder: Binder) -> CteScope:
        """Return the scope that the WITH clause of a statement opens."""
        with_ = tree.args.get("with_")
        scope = CteScope()
        return binder.with_clause(with_, scope, None) if with_ is not None else scope

    def _define(
        self,
        target: exp.Expr,
        binder: Binder,
        relation: Relation,
        *,
        temporary: bool = False,
        types: dict[str, str] | None = None,
        view: bool = False,
    ) -> Table:
        """Make the table that a query fills, so that later statements see its columns."""
        parts = binder.parts_of(target) if isinstance(target, exp.Table) else (target.name,)
        parts = self.schema.named(parts)
        open_ = bool(relation.open) or relation.find("*") is not None
        columns = None
        if not open_:
            columns = tuple(
                (column.name, (types or {}).get(column.name.lower(), column.type))
                for column in _deduplicate(relation.columns, self.rules)
            )
        table = Table(parts, columns, temporary=temporary, kind="view" if view else "table")
        if temporary or (view and self.inline_views):
            table = InlinedTable(parts, relation, temporary=temporary)
        self.schema.add(table)
        return table

    def _visible(self, table: Table, writes: list[Write]) -> list[Write]:
        """Keep a temporary table's writes aside: they show only if nobody reads it."""
        if isinstance(table, InlinedTable) and table.temporary:
            self._written_temporaries[table] = writes[0]
            return []
        return writes

    def target(self, node: exp.Expr, binder: Binder) -> Table:
        """Return the table that a statement writes."""
        parts = binder.parts_of(node) if isinstance(node, exp.Table) else (node.name or node.sql(),)
        table = self.schema.find(parts)
        if table is None:
            if self.schema.gone(parts):
                binder.problems.append(
                    Problem(
                        "unknown-table",
                        f'table "{joined(parts)}" does not exist',
                        place_of(node),
                        parts[-1],
                    )
                )
            table = Table(self.schema.named(parts))
            self.schema.add(table)
        return table

    def _into(
        self, table: Table, columns: list[tuple[str, Column]], relation: Relation
    ) -> list[Write]:
        """Write to a table; what goes into a temporary one shows where that is read."""
        if not isinstance(table, InlinedTable):
            return [Write(table, columns, relation.indirect)]
        table.absorb(columns, relation)
        if table.temporary:
            aside = self._written_temporaries.setdefault(table, Write(table, []))
            aside.columns = united([*aside.columns, *columns])
            aside.indirect = merge(aside.indirect, relation.indirect)
        return []

    def _known_column(self, table: Table, place: exp.Expr, binder: Binder) -> None:
        """Note the use of a column that is set, or that there is none of the name."""
        if table.columns is None:
            return
        key = place.name.lower()
        found = next((name for name, _ in table.columns if name.lower() == key), None)
        if found is None:
            binder.problems.append(_no_column(table, place.name, place_of(place)))
        else:
            binder.uses.add(table.origin(found))

    def _receives(self, table: Table, columns: Iterable[tuple[str, Place]], binder: Binder) -> None:
        """Report the columns that a table is to receive and does not have."""
        if table.columns is None:
            return
        there = {name.lower() for name, _ in table.columns}
        binder.problems.extend(
            _no_column(table, name, place) for name, place in columns if name.lower() not in there
        )

    def unread_temporaries(self, results: list[Bound]) -> list[Write]:
        """Return the writes of temporary tables that no statement of the script read."""
        read = {table for bound in results for table in bound.reads}
        return [write for table, write in self._written_temporaries.items() if table not in read]


def _no_column(table: Table, name: str, place: Place) -> Problem:
    return Problem("unknown-column", f'table "{table.name}" has no column "{name}"', place, name)


def schema_names(node: exp.Schema | None) -> list[str]:
    """Return the names of a column list, declared or bare."""
    if node is None:
        return []
    return [
        item.this.name if isinstance(item, exp.ColumnDef) else item.name
        for item in node.expressions
        if isinstance(item, (exp.ColumnDef, exp.Identifier, exp.Column))
    ]


def temporary_name(node: exp.Expr) -> bool:
    """T-SQL's ``#name``."""
    identifier = node.this if isinstance(node, exp.Table) else node
    return bool(
        node.name.startswith("#")
        or (isinstance(identifier, exp.Identifier) and identifier.args.get("temporary"))
    )


def column_of(binder: Binder, node: exp.Expr, frame: Frame) -> Column:
    """Bind a value that is put into a column. DEFAULT comes from nowhere."""
    if (
        isinstance(node, exp.Column)
        and node.name.upper() == "DEFAULT"
        and not node.table
        and not node.this.args.get("quoted")
    ):
        return Column("default")
    type_, origins = binder.value(node, frame)
    core = node.unnest() if isinstance(node, exp.Paren) else node
    if not isinstance(core, exp.Column):
        origins = lift(origins, TRANSFORMATION)
    return Column(node.alias_or_name or node.key, type_, origins, NOTHING, None, place_of(node))


def assignments(
    left: exp.Expr, right: exp.Expr, frame: Frame, binder: Binder
) -> list[tuple[exp.Expr, Column]]:
    """Bind ``a = 1`` or ``(a, b) = …`` of a SET clause: what is set, and what to."""
    row = isinstance(left, exp.Tuple)
    given = right.unnest()
    if row and isinstance(given, exp.Query):
        values = binder.scalar_relation(given, frame).columns
    elif row and _is_row(given):
        values = [column_of(binder, each, frame) for each in given.expressions]
    else:
        values = [column_of(binder, right, frame)]
    places = left.expressions if row else [left]
    return [
        (place.this if isinstance(place, exp.Bracket) else place, value)
        for place, value in zip(places, values, strict=False)
    ]


def _is_row(node: exp.Expr) -> bool:
    """Return whether several values are given at once: ``(a, b)`` or ``ROW(a, b)``."""
    row = isinstance(node, exp.Anonymous) and node.name.upper() == "ROW"
    return row or isinstance(node, exp.Tuple)


def _deduplicate(columns: list[Column], rules: Rules) -> list[Column]:
    """Number repeated names as engines do that let a table be made of them."""
    if not rules.dedupe_names:
        return columns
    return deduplicated(Relation(columns)).columns


def relation_of(binder: Binder, node: exp.Expr) -> Relation:
    """Return all columns of a table or of what else stands in FROM."""
    frame = Frame(CteScope())
    binder.from_item(node, frame)
    return binder.all_of(frame)
