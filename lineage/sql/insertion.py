"""Binds INSERT: what is inserted is paired with the columns that receive it."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.alteration import Alterations
from lineage.sql.bound import Bound, Write, paired, united, written
from lineage.sql.frame import CteScope, Entry, Frame, Problem
from lineage.sql.place import place_of
from lineage.sql.query import Binder
from lineage.sql.relation import (
    FILTER,
    IDENTITY,
    JOIN,
    NOTHING,
    Column,
    Origins,
    Relation,
    Table,
    mark,
    merge,
)
from lineage.sql.repair.insertion import OUTPUT_DOT
from lineage.sql.target import assignments, column_of, schema_names


class Insertions(Alterations):
    """INSERT in all its forms, with what it does on conflict and what it puts out."""

    def _insert(self, tree: exp.Insert, binder: Binder) -> Bound:
        this = tree.this
        schema_node = this if isinstance(this, exp.Schema) else None
        target_node = this.this if schema_node is not None else this
        body = tree.args.get("expression") or tree.args.get("source") or None
        if isinstance(target_node, exp.Directory) and isinstance(body, exp.Expr):
            relation = self._query(body, binder, tree)
            table = Table((target_node.name,), None)
            return Bound("insert", [written(table, relation)], relation)
        table = self.target(target_node, binder)
        if body is None:
            return Bound("insert", [Write(table, [])])
        relation = self._query(body, binder, tree)
        names = schema_names(schema_node) or _all_but(schema_node, table)
        columns = self._placed(tree, table, names, relation, binder)
        columns, indirect = self._on_conflict(tree, table, columns, binder)
        rows = Relation([], merge(relation.indirect, indirect), None, relation.open)
        return Bound("insert", self._into(table, columns, rows), relation)

    def _on_conflict(
        self, tree: exp.Insert, table: Table, columns: list[tuple[str, Column]], binder: Binder
    ) -> tuple[list[tuple[str, Column]], Origins]:
        """Add what ON CONFLICT DO UPDATE and ON DUPLICATE KEY UPDATE set, and what decides it."""
        conflict = tree.args.get("conflict")
        if conflict is None:
            return columns, NOTHING
        frame = self._conflicting(tree, table, columns, binder)
        found: list[tuple[str, Column]] = []
        with binder.gathering() as gathered:
            for item in conflict.expressions:
                if isinstance(item, exp.EQ):
                    value = item.expression.transform(_proposed_value)
                    pairs = assignments(item.this, value, frame, binder)
                    found.extend((place.name, column) for place, column in pairs)
            where = conflict.args.get("where")
            if isinstance(where, exp.Where):
                binder.influenced(binder.value(where.this, frame)[1], FILTER)
            keys = {item.name.lower() for item in conflict.args.get("conflict_keys") or ()}
            for name, column in columns:
                if name.lower() in keys:
                    binder.influenced(column.direct, JOIN)
            indirect = gathered()
        return united([*columns, *found]), indirect

    def _conflicting(
        self, tree: exp.Insert, table: Table, columns: list[tuple[str, Column]], binder: Binder
    ) -> Frame:
        """Return what can be named there: the row in place, and around it what was proposed.

        ``excluded.x``, and ``VALUES(x)`` in MySQL, is what would have been inserted; a bare name
        is the row that is there.
        """
        proposed = Frame(CteScope())
        given = {name.lower() for name, _ in columns}
        beside = [Column(n, type_) for n, type_ in table.columns or () if n.lower() not in given]
        rows = Relation([*(column.renamed(name) for name, column in columns), *beside])
        proposed.entries.append(Entry("excluded", rows))
        body = tree.args.get("expression")
        if self.rules.dialect in ("mysql", "mariadb") and isinstance(body, exp.Select):
            # The tables of the query may be named, too.
            around = Frame(CteScope())
            if body.args.get("from_") is not None:
                binder.from_item(body.args["from_"].this, around)
            for join in body.args.get("joins") or ():
                binder.from_item(join.this, around)
            proposed.entries.extend(entry for entry in around.entries if entry.alias)
        frame = Frame(CteScope(), proposed)
        target = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        frame.entries.append(Entry(target.alias_or_name.lower(), table.relation(), table.parts))
        return frame

    def _placed(
        self, tree: exp.Expr, table: Table, names: list[str], relation: Relation, binder: Binder
    ) -> list[tuple[str, Column]]:
        """Pair what is inserted with the columns that receive it: by list, by name, by position."""
        if tree.args.get("by_name"):
            given = [(column.name, column.place) for column in relation.columns]
            self._receives(table, given, binder)
            known = {name.lower(): name for name, _ in table.columns or ()}
            return [(known.get(item.name.lower(), item.name), item) for item in relation.columns]
        partition = tree.args.get("partition") or (
            tree.this.args.get("partition") if isinstance(tree.this, exp.Table) else None
        )
        explicit = bool(names)
        if explicit:
            self._receives(table, [(name, place_of(tree)) for name in names], binder)
        else:
            names = _by_position(table, relation, partition)
        if not explicit and self.rules.fewer_values:
            names = names[: len(relation.columns)]
        if (
            names
            and len(relation.columns) != len(names)
            and not relation.open
            and (explicit or table.columns is not None)
        ):
            text = (
                f'table "{table.name}" takes {len(names)} columns here '
                f"but {len(relation.columns)} are given"
            )
            fewer = not explicit and len(relation.columns) < len(names)
            certain = not (fewer and self.rules.fills_columns)
            binder.problems.append(Problem("insert-arity", text, place_of(tree), certain=certain))
        self._check_types(table, names, relation, binder)
        return paired(relation, names)

    def _check_types(
        self, table: Table, names: list[str], relation: Relation, binder: Binder
    ) -> None:
        """Report what cannot be cast to the column that is to receive it."""
        if self.types is None:
            return
        wanted = {name.lower(): type_ for name, type_ in table.columns or ()}
        for name, column in zip(names, relation.columns, strict=False):
            type_ = wanted.get(name.lower())
            if type_ is None or column.type is None:
                continue
            answer = self.types.insert(column.type, type_)
            if answer.error is not None:
                binder.problems.append(Problem("no-cast", answer.error, column.place, column.name))

    def _multi_insert(self, tree: exp.MultitableInserts, binder: Binder) -> Bound:
        """Snowflake's and Oracle's INSERT ALL, and Hive's ``FROM t INSERT … INSERT …``."""
        source = tree.args["source"]
        frame = Frame(self._scope(tree, binder))
        if isinstance(source, exp.Table):
            binder.from_item(source, frame)
        else:
            relation = self._query(source, binder, tree)
            alias = source.args.get("alias")
            frame.entries.append(Entry(alias.name.lower() if alias else "", relation))
        rows = binder.all_of(frame)
        writes = [
            write
            for item in tree.expressions
            for write in self._one_of_many(item, rows, frame, binder)
        ]
        return Bound("insert", writes)

    def _one_of_many(
        self, item: exp.Expr, source: Relation, frame: Frame, binder: Binder
    ) -> list[Write]:
        """Bind one INSERT of several, which may have a condition of its own."""
        conditional = isinstance(item, exp.ConditionalInsert)
        insert = item.this if conditional else item
        condition = item.args.get("expression") if conditional else None
        indirect: Origins = NOTHING
        if condition is not None:
            indirect = mark(binder.value(condition, frame)[1], FILTER)
        schema_node = insert.this if isinstance(insert.this, exp.Schema) else None
        table = self.target(schema_node.this if schema_node is not None else insert.this, binder)
        body = insert.args.get("expression")
        if body is None:
            rows = source
        elif isinstance(body, exp.Values):
            items = body.expressions[0].expressions
            rows = Relation([_value_of(binder, each, frame) for each in items])
        else:
            rows = _from_outside(binder, body, frame)
        columns = self._placed(insert, table, schema_names(schema_node), rows, binder)
        everything = merge(merge(indirect, rows.indirect), source.indirect)
        return self._into(table, columns, Relation([], everything, None, rows.open))

    def _output(self, items: list[exp.Expr], into: exp.Expr, bound: Bound) -> None:
        """T-SQL's ``OUTPUT inserted.a, deleted.b INTO log (x, y)`` writes a second table."""
        if isinstance(into, exp.Func) and not isinstance(into, exp.Anonymous):
            text = f"the table that OUTPUT writes is taken for the function {into.sql_name()}"
            bound.problems = (Problem("unsupported-statement", text, certain=False),)
            return
        names = [item.name for item in into.expressions] if isinstance(into, exp.Anonymous) else []
        write = bound.writes[0]
        table = write.target
        if table is None:
            return
        written = {name.lower(): column for name, column in write.columns}
        columns: list[tuple[str, Column]] = []
        for position, item in enumerate(items):
            name = names[position] if position < len(names) else item.alias_or_name
            source = item.this if isinstance(item, exp.Alias) else item
            if not isinstance(source, exp.Column):
                columns.append((name, Column(name)))
            elif source.table.lower() == "deleted":
                origin = {table.origin(source.name): IDENTITY}
                columns.append((name, Column(name, None, origin)))
            else:
                # What an UPDATE does not set stays what it was.
                kept = bound.kind != "insert" and not self.rules.is_reserved(source.name.lower())
                old = Column(name, None, {table.origin(source.name): IDENTITY} if kept else NOTHING)
                columns.append((name, written.get(source.name.lower(), old)))
        parts = tuple(into.name.split(OUTPUT_DOT))
        target = self.schema.find(parts) or Table(self.schema.named(parts), None)
        bound.writes = [*bound.writes, Write(target, columns, write.indirect)]


def _all_but(node: exp.Schema | None, table: Table) -> list[str]:
    """ClickHouse's ``INSERT INTO t (* EXCEPT (a))``."""
    star = node.find(exp.Star) if node is not None else None
    if star is None:
        return []
    left_out = {item.name.lower() for item in star.args.get("except_") or ()} | table.computed
    return [name for name, _ in table.columns or () if name.lower() not in left_out]


def _by_position(table: Table, relation: Relation, partition: exp.Expr | None) -> list[str]:
    """Return the columns that receive, in order, where no list says; partitions come last."""
    static, dynamic = _partition_columns(partition)
    if table.columns is not None:
        beside = static.union(dynamic, table.computed)
        names = [name for name, _ in table.columns if name.lower() not in beside]
        return names + [name for name, _ in table.columns if name.lower() in dynamic]
    kept = [column.name for column in relation.columns]
    if dynamic and len(kept) >= len(dynamic):
        return [*kept[: len(kept) - len(dynamic)], *dynamic]
    return []


def _proposed_value(node: exp.Expr) -> exp.Expr:
    """MySQL's ``VALUES(x)`` in ON DUPLICATE KEY UPDATE is what others call ``excluded.x``."""
    if isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES" and node.expressions:
        return exp.column(node.expressions[0].name, table="excluded")
    return node


def _value_of(binder: Binder, node: exp.Expr, frame: Frame) -> Column:
    """Bind what a multi-table INSERT puts in: ``$2`` is the second column, and is called so."""
    columns = frame.entries[0].relation.columns
    number = node.name if isinstance(node, exp.Parameter) else ""
    if number.isdigit() and 0 < int(number) <= len(columns):
        return columns[int(number) - 1]
    return column_of(binder, node, frame)


def _from_outside(binder: Binder, body: exp.Expr, frame: Frame) -> Relation:
    """Bind ``SELECT x`` without FROM whose rows are those of an outer source (Hive)."""
    outer = Frame(frame.ctes)
    outer.entries = list(frame.entries)
    indirect: Origins = NOTHING
    where = body.args.get("where")
    if where is not None:
        indirect = mark(binder.value(where.this, outer)[1], FILTER)
    relation = binder.project(body.expressions, outer)
    return Relation(relation.columns, indirect, None, relation.open)


def _partition_columns(node: exp.Expr | None) -> tuple[set[str], list[str]]:
    """Return the columns of PARTITION (a = 1, b): those given a value, and those that are not."""
    static: set[str] = set()
    dynamic: list[str] = []
    if not isinstance(node, exp.Expr):
        return static, dynamic
    for item in node.expressions:
        if isinstance(item, exp.EQ):
            static.add(item.this.name.lower())
        else:
            dynamic.append(item.name.lower())
    return static, dynamic
