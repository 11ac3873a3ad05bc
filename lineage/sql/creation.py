"""Binds CREATE, DECLARE and CACHE: the tables, views and routines that exist from now on."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.bound import (
    Bound,
    InlinedTable,
    Write,
    declared_table,
    paired,
    with_names,
    written,
)
from lineage.sql.dialect import SPARK
from lineage.sql.frame import CteScope, Entry, Frame, Problem, Routine
from lineage.sql.place import place_of
from lineage.sql.query import Binder
from lineage.sql.relation import NOTHING, Column, Relation, Table
from lineage.sql.routine import routines_of
from lineage.sql.source import deduplicated
from lineage.sql.target import column_of, schema_names, temporary_name
from lineage.sql.variables import Variables

_MADE_BY_NAME = frozenset({"mysql", "mariadb", "singlestore"})
"""``CREATE TABLE t (a INT) SELECT b …`` has both: what is selected keeps its name there."""

_FILES = frozenset({"parquet", "orc", "csv", "json", "avro", "text", "textfile", "sequencefile",
                    "rcfile", "hive"})  # fmt: skip


class Creations(Variables):
    """Statements that make tables, views and routines."""

    def _create(self, tree: exp.Create, binder: Binder) -> Bound:
        kind = (tree.args.get("kind") or "").upper()
        if isinstance(tree.this, exp.UserDefinedFunction):
            self._routines.update(routines_of(tree, self.rules.dialect))
        body = tree.args.get("expression")
        if kind == "MODEL" and isinstance(tree.this, exp.Table) and isinstance(body, exp.Query):
            relation = self._query(body, binder, tree)
            return Bound("create", [written(self.target(tree.this, binder), relation)], relation)
        if kind not in ("TABLE", "VIEW", "SINK"):
            return Bound("other")
        this = tree.this
        schema_node = this if isinstance(this, exp.Schema) else None
        target = this.this if schema_node is not None else this
        if not isinstance(target, exp.Table):
            return Bound("other")
        temporary = _is_temporary(tree) or temporary_name(target)
        body = tree.args.get("expression")
        clone = tree.args.get("clone")
        if clone is not None and isinstance(clone.this, exp.Table):
            return self._clone(target, clone.this, binder, temporary=temporary)
        like = tree.find(exp.LikeProperty)
        if body is None and like is not None:
            return self._like(target, like.this, binder, temporary=temporary)
        if body is None:
            return self._declare(target, schema_node, binder, temporary=temporary, kind=kind)
        if isinstance(body, exp.DDL) and not isinstance(body, exp.Query | exp.Table):
            return Bound("other")
        return self._filled(tree, target, binder, temporary=temporary, kind=kind)

    def _filled(
        self, tree: exp.Create, target: exp.Table, binder: Binder, *, temporary: bool, kind: str
    ) -> Bound:
        """``CREATE TABLE t (a, b) AS query``, and views."""
        schema_node = tree.this if isinstance(tree.this, exp.Schema) else None
        relation = self._query(tree.args["expression"], binder, tree)
        names = schema_names(schema_node)
        declared = _declared_types(schema_node, binder)
        if kind == "TABLE" and self.rules.dialect in _MADE_BY_NAME and not relation.open:
            given = {column.name.lower() for column in relation.columns}
            beside = [Column(name) for name in names if name.lower() not in given]
            relation = Relation([*beside, *relation.columns], relation.indirect)
            names = []
        width = len(relation.columns)
        exact = kind == "VIEW" and bool(names) and self.rules.exact_column_lists
        if not relation.open and (len(names) > width or (exact and len(names) < width)):
            text = f"{len(names)} column names are given for {len(relation.columns)} columns"
            binder.problems.append(Problem("alias-columns", text, place_of(target)))
        if kind == "TABLE" and names and self.rules.dedupe_names:
            relation = deduplicated(relation)
            _named_twice(relation, names, target, binder)
        relation = with_names(binder.settled(relation), names)
        if self.rules.exact_column_lists:
            self._refuse_repeated(relation, binder, target)
        last = self._partitioned_by(tree)
        if last and not relation.open:
            ordered = sorted(relation.columns, key=lambda column: last.get(column.name.lower(), -1))
            relation = Relation(ordered, relation.indirect)
            names = []
        table = self._define(
            target, binder, relation, temporary=temporary, types=declared, view=kind == "VIEW"
        )
        properties = tree.args.get("properties")
        into = properties.find(exp.ToTableProperty) if properties is not None else None
        # ClickHouse: what the view computes is kept in another table.
        kept = self.target(into.this, binder) if into is not None else table
        write = Write(kept, paired(relation, names), relation.indirect)
        return Bound("create", self._visible(table, [write]), relation, table)

    def _refuse_repeated(self, relation: Relation, binder: Binder, target: exp.Table) -> None:
        """Report the columns that a table or view would have twice."""
        seen: set[str] = set()
        for column in relation.columns:
            key = column.name.lower()
            if key in seen and key != "*":
                text = f'column "{column.name}" would be there more than once'
                binder.problems.append(
                    Problem("repeated-column", text, place_of(target), column.name)
                )
            seen.add(key)

    def _alter_view(self, tree: exp.Alter, query: exp.Expr, binder: Binder) -> Bound:
        """``ALTER VIEW v AS …`` makes the view anew."""
        relation = binder.settled(binder.query(query, CteScope(), top=True))
        known = self.schema.find(binder.parts_of(tree.this))
        table = self._define(tree.this, binder, relation, view=True)
        if known is not None and known.parts != table.parts:
            table = Table(known.parts, table.columns, kind="view")
            self.schema.add(table)
        write = written(table, relation)
        return Bound("create", [write], relation, table)

    def _declare(
        self,
        target: exp.Table,
        schema_node: exp.Schema | None,
        binder: Binder,
        *,
        temporary: bool,
        kind: str,
    ) -> Bound:
        """``CREATE TABLE t (a INT, …)``."""
        parts = self.schema.named(binder.parts_of(target))
        columns = None
        if schema_node is not None:
            columns = tuple(
                (item.this.name, self._type_of(item))
                for item in schema_node.expressions
                if isinstance(item, exp.ColumnDef)
            )
            columns += tuple(
                (item.name, None)
                for item in schema_node.expressions
                if isinstance(item, exp.Identifier)
            )
        if columns is not None and isinstance(schema_node, exp.Schema):
            last = self._partitioned_by(schema_node.parent)
            columns = tuple(sorted(columns, key=lambda column: last.get(column[0].lower(), -1)))
        partitioned = (
            schema_node.parent.find(exp.PartitionedByProperty)
            if schema_node is not None and schema_node.parent
            else None
        )
        if (
            columns is not None
            and partitioned is not None
            and isinstance(partitioned.this, exp.Schema)
        ):
            columns += tuple(
                (item.this.name, self._type_of(item))
                for item in partitioned.this.expressions
                if isinstance(item, exp.ColumnDef)
            )
        table = declared_table(parts, columns, temporary=temporary, kind=kind.lower())
        self.schema.add(table)
        computed = _computed(schema_node)
        table.computed = self._filled_by_itself(schema_node)
        bound = Bound("define", defines=table)
        if computed:
            frame = Frame(CteScope())
            frame.entries.append(Entry(table.parts[-1].lower(), table.relation(), table.parts))
            values = [(name, column_of(binder, value, frame)) for name, value in computed]
            bound.writes = self._into(table, values, Relation([]))
        return bound

    def _filled_by_itself(self, schema_node: exp.Schema | None) -> frozenset[str]:
        """Return the columns for which an INSERT without a list gives no value."""
        kinds = _FILLED_BY_ITSELF.get(self.rules.dialect, (exp.ComputedColumnConstraint,))
        return frozenset(
            item.this.name.lower()
            for item in (schema_node.expressions if schema_node is not None else ())
            if isinstance(item, exp.ColumnDef)
            and any(
                isinstance(one.args.get("kind"), kinds)
                for one in item.args.get("constraints") or ()
            )
        )

    def _partitioned_by(self, tree: exp.Expr | None) -> dict[str, int]:
        """Return the columns, with their order, that stand last because files are sorted by them.

        Of a table format such as Delta each column keeps its place; without a word of it, Spark
        makes a table of files, and Databricks one of Delta's.
        """
        properties = tree.args.get("properties") if tree is not None else None
        by = properties.find(exp.PartitionedByProperty) if properties is not None else None
        if by is None or properties is None or self.rules.dialect not in SPARK:
            return {}
        format_ = properties.find(exp.FileFormatProperty)
        default = "parquet" if self.rules.dialect != "databricks" else "delta"
        if (format_.name if format_ is not None else default).lower() not in _FILES:
            return {}
        return {item.name.lower(): place for place, item in enumerate(by.this.expressions)}

    def _declare_variables(self, tree: exp.Declare, binder: Binder) -> Bound:
        """T-SQL's ``DECLARE @t TABLE (a INT)``: a temporary table under that name."""
        if tree.meta.get("opens"):
            self._forget_variables()
            self._of_trigger(tree.meta.get("trigger"), binder)
            self._returning(tree.meta.get("returns"))
        for item in tree.expressions:
            schema_node = item.args.get("kind") if isinstance(item, exp.DeclareItem) else None
            names = item.this if isinstance(item.this, list) else [item.this]
            if not isinstance(schema_node, exp.Schema):
                plain = [one for one in names if isinstance(one, exp.Expr)]
                if isinstance(item, exp.DeclareItem):
                    self._declare_default(item, plain, binder)
                continue
            for name in names:
                target = exp.Table(this=name.copy())
                self._declare(target, schema_node, binder, temporary=True, kind="TABLE")
        return Bound("define")

    def _returning(self, returns: tuple[str, int, str] | None) -> None:
        """A routine begins that returns what it puts into a table of its own, ``@t``.

        The one that began before has ended: its table keeps its rows under another name.
        """
        if self._returns_into is not None:
            routine, name = self._returns_into
            table = self.schema.find((name,))
            if isinstance(table, InlinedTable):
                kept = f"{name} of {routine[0]}"
                self.schema.add(InlinedTable((kept,), table.relation(), temporary=True))
                self._routines[routine] = Routine((*"?" * routine[1],), _all_from(kept))
        self._returns_into = None
        if returns is not None:
            routine = (returns[0].lower(), returns[1])
            self._returns_into = (routine, returns[2])
            self._routines[routine] = Routine((*"?" * returns[1],), _all_from(returns[2]))

    def _clone(
        self, target: exp.Table, source: exp.Table, binder: Binder, *, temporary: bool
    ) -> Bound:
        frame = Frame(CteScope())
        binder.from_item(source, frame)
        relation = frame.entries[0].relation if frame.entries else Relation([])
        columns = list(relation.columns) or [table.star() for table in relation.open]
        relation = Relation(columns, NOTHING, None, relation.open)
        table = self._define(target, binder, relation, temporary=temporary)
        return Bound("create", self._visible(table, [written(table, relation)]), relation, table)

    def _like(
        self, target: exp.Table, source: exp.Expr, binder: Binder, *, temporary: bool
    ) -> Bound:
        model = self.schema.find(binder.parts_of(source)) if isinstance(source, exp.Table) else None
        parts = self.schema.named(binder.parts_of(target))
        table = declared_table(parts, model.columns if model else None, temporary=temporary)
        self.schema.add(table)
        return Bound("define", defines=table)

    def _cache(self, tree: exp.Cache, binder: Binder) -> Bound:
        body = tree.args.get("expression")
        if body is None:
            return Bound("other")
        relation = self._query(body, binder, tree)
        table = self._define(tree.this, binder, relation, temporary=True)
        return Bound(
            "create",
            self._visible(table, [written(table, relation)]),
            relation,
            table,
        )


_COMPUTED = exp.ComputedColumnConstraint
_FILLED_BY_ITSELF: dict[str, tuple[type[exp.Expr], ...]] = {
    "tsql": (_COMPUTED, exp.GeneratedAsIdentityColumnConstraint),
    "fabric": (_COMPUTED, exp.GeneratedAsIdentityColumnConstraint),
    "clickhouse": (_COMPUTED, exp.EphemeralColumnConstraint),
    **dict.fromkeys(("mysql", "mariadb", "postgres", "oracle"), ()),
}
"""Elsewhere it is the computed columns; these want DEFAULT in their place, or no value at all."""


def _computed(node: exp.Schema | None) -> list[tuple[str, exp.Expr]]:
    """Return the columns that are computed from others, and how."""
    return [
        (item.this.name, one.args["kind"].this)
        for item in (node.expressions if node is not None else ())
        if isinstance(item, exp.ColumnDef)
        for one in item.args.get("constraints") or ()
        if isinstance(one.args.get("kind"), exp.ComputedColumnConstraint)
        and isinstance(one.args["kind"].this, exp.Expr)
    ]


def _all_from(name: str) -> exp.Select:
    return exp.select("*").from_(exp.Table(this=exp.to_identifier(name, quoted=True)))


def _declared_types(node: exp.Schema | None, binder: Binder) -> dict[str, str]:
    if node is None:
        return {}
    found = {}
    for item in node.expressions:
        if isinstance(item, exp.ColumnDef) and isinstance(item.args.get("kind"), exp.DataType):
            text = binder.rules.type_text(item.args["kind"])
            if text:
                found[item.this.name.lower()] = (
                    binder.types.normalize(text) if binder.types else text
                )
    return found


def _is_temporary(tree: exp.Create) -> bool:
    properties = tree.args.get("properties")
    if properties is None:
        return False
    kinds = (exp.TemporaryProperty, exp.VolatileProperty)  # the second is Teradata's
    return any(isinstance(item, kinds) for item in properties.expressions)


def _named_twice(relation: Relation, names: list[str], target: exp.Expr, binder: Binder) -> None:
    """Tell where a column that the list leaves out is called like one that it names."""
    listed = {name.lower() for name in names}
    for column in relation.columns[len(names) :]:
        if column.name.lower() in listed:
            text = f'column with name "{column.name}" already exists'
            binder.problems.append(Problem("duplicate-column", text, place_of(target), column.name))
