"""Binds UPDATE, DELETE and MERGE."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.bound import Bound, united
from lineage.sql.frame import CteScope, Entry, Frame
from lineage.sql.insertion import Insertions
from lineage.sql.query import Binder
from lineage.sql.relation import FILTER, JOIN, Column, Relation, Table, merge
from lineage.sql.target import assignments, column_of

_JOINS_TARGET = frozenset({"duckdb", "postgres", "redshift", "materialize", "risingwave"})


class Changes(Insertions):
    """Statements that change rows which are there."""

    def _update(self, tree: exp.Update, binder: Binder) -> Bound:
        scope = self._scope(tree, binder)
        frame = Frame(scope)
        with binder.gathering() as gathered:
            node = self._updated_rows(tree, frame, binder)
            through = _is_cte(node, scope) or isinstance(node, exp.Subquery)
            main = self.target(node, binder) if not through else None
            writes: dict[Table, list[tuple[str, Column]]] = {}
            for item in tree.expressions:
                if not isinstance(item, exp.EQ):
                    continue
                for place, value in assignments(item.this, item.expression, frame, binder):
                    table, name = self._updated(place, frame, main)
                    if table is None:
                        continue
                    if name == place.name:
                        self._known_column(table, place, binder)
                    writes.setdefault(table, []).append((name, value))
            _filtered(tree, frame, binder)
            indirect = gathered()
        for entry in frame.entries:
            indirect = merge(indirect, entry.relation.indirect)
        rows = Relation([], indirect)
        return Bound(
            "update",
            [w for table, columns in writes.items() for w in self._into(table, columns, rows)],
        )

    def _updated_rows(self, tree: exp.Update, frame: Frame, binder: Binder) -> exp.Expr:
        """Bind what an UPDATE ranges over, and return the table that it names."""
        node = tree.this
        from_ = tree.args.get("from_")
        aliased = _aliased_table(node, from_, self.rules.dialect)
        if aliased is None:
            binder.from_item(node, frame)
        if from_ is not None:
            binder.from_item(from_.this, frame)
            for join in from_.args.get("joins") or ():
                binder.join(join, frame)
        for join in tree.args.get("joins") or ():
            binder.join(join, frame)
        return aliased or node

    def _updated(
        self, place: exp.Expr, frame: Frame, main: Table | None
    ) -> tuple[Table | None, str]:
        """Return the table and the column that ``alias.column = …`` sets.

        Through a CTE it is that of the table below; ``a.b`` may be a field of a column.
        """
        if isinstance(place, exp.Parameter):
            return None, ""
        qualifier = place.args.get("table") if isinstance(place, exp.Column) else None
        if qualifier is not None:
            for entry in frame.entries:
                if entry.alias == qualifier.name.lower() and entry.relation.table is not None:
                    return entry.relation.table, place.name
        if main is None:
            key = place.name.lower()
            for entry in frame.entries:
                found = entry.relation.find(key)
                if isinstance(found, Column) and len(found.direct) == 1:
                    origin = next(iter(found.direct))
                    return origin.table, origin.column
                opened = entry.relation.open
                if found is None and len(opened) == 1 and entry is frame.entries[0]:
                    return opened[0], place.name
            return None, ""
        if qualifier is not None and self.rules.nested_paths and isinstance(place, exp.Column):
            names = [part.name for part in place.parts]
            known = [e.alias for e in frame.entries] + [part.lower() for part in main.parts]
            if names[0].lower() not in known:
                return main, ".".join(names)
        return main, place.name

    def _returned(self, tree: exp.Expr, returning: exp.Returning, binder: Binder) -> None:
        """RETURNING names columns of the rows that were changed, and of those joined to them."""
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        if not isinstance(node, exp.Table) or not isinstance(
            tree, exp.Insert | exp.Update | exp.Delete
        ):
            return
        frame = Frame(self._scope(tree, binder))
        table = self.target(node, binder)
        frame.entries.append(Entry(node.alias_or_name.lower(), table.relation(), table.parts))
        from_, using = tree.args.get("from_"), tree.args.get("using")
        with binder.gathering():
            for item in [from_.this] if from_ is not None else using or []:
                binder.from_item(item, frame)
            for join in (from_.args.get("joins") or ()) if from_ is not None else ():
                binder.join(join, frame)
            binder.project(returning.expressions, frame)

    def _delete(self, tree: exp.Delete, binder: Binder) -> Bound:
        frame = Frame(self._scope(tree, binder))
        this = tree.this
        with binder.gathering() as gathered:
            if isinstance(this, exp.Table | exp.Subquery):
                binder.from_item(this, frame)
            elif tree.args.get("tables"):  # T-SQL's DELETE without FROM
                binder.from_item(tree.args["tables"][0], frame)
            using = tree.args.get("using") or ()
            for item in using if isinstance(using, list | tuple) else [using]:
                binder.from_item(item, frame)
            _filtered(tree, frame, binder)
            indirect = gathered()
        for other in frame.entries[not isinstance(this, exp.Subquery) :]:
            indirect = merge(indirect, other.relation.indirect)
        through = isinstance(this, exp.Subquery) or _is_cte(this, frame.ctes)
        below = _table_below(frame.entries[0].relation) if through and frame.entries else None
        if below is not None:
            return Bound("delete", self._into(below, [], Relation([], indirect)))
        targets = tree.args.get("tables") or ([this] if isinstance(this, exp.Table) else [])
        if not targets:
            return Bound("delete")
        named = targets[0].name.lower()
        entry = next((item for item in frame.entries if item.alias == named), None)
        table = (entry.relation.table if entry is not None else None) or self.target(
            targets[0], binder
        )
        return Bound("delete", self._into(table, [], Relation([], indirect)))

    def _merge(self, tree: exp.Merge, binder: Binder) -> Bound:
        frame = Frame(self._scope(tree, binder))
        columns: list[tuple[str, Column]] = []
        with binder.gathering() as gathered:
            binder.from_item(tree.this, frame)
            table = self.target(tree.this, binder)
            binder.from_item(tree.args["using"], frame)
            on = tree.args.get("on")
            if on is not None:
                binder.influenced(binder.value(on, frame)[1], JOIN)
            whens = tree.args.get("whens")
            for when in whens.expressions if whens is not None else ():
                condition = when.args.get("condition")
                if condition is not None:
                    binder.influenced(binder.value(condition, frame)[1], FILTER)
                columns.extend(self._when(when, frame, table, binder))
            indirect = gathered()
        for entry in frame.entries[1:]:
            indirect = merge(indirect, entry.relation.indirect)
        return Bound("merge", self._into(table, united(columns), Relation([], indirect)))

    def _when(
        self, when: exp.When, frame: Frame, table: Table, binder: Binder
    ) -> list[tuple[str, Column]]:
        """Return what one branch of a MERGE puts into which column."""
        then = when.args.get("then")
        sources = frame.entries[1:]
        match then:
            case exp.Update(expressions=items) if items:
                if any(isinstance(item, exp.Star) for item in items):
                    return self._by_name(sources, table)
                return self._set(items, frame, table, binder)
            case exp.Update():
                return self._by_name(sources, table)
            case exp.Insert():
                return self._inserted(then, frame, table, binder)
            case exp.Var() if "*" in then.name:
                return self._by_name(sources, table)
        return []

    def _set(
        self, items: list[exp.Expr], frame: Frame, table: Table, binder: Binder
    ) -> list[tuple[str, Column]]:
        found = []
        for item in items:
            if isinstance(item, exp.EQ):
                self._known_column(table, item.this, binder)
                found.append((item.this.name, column_of(binder, item.expression, frame)))
        return found

    def _inserted(
        self, then: exp.Insert, frame: Frame, table: Table, binder: Binder
    ) -> list[tuple[str, Column]]:
        """Bind ``WHEN NOT MATCHED THEN INSERT``: it sees the sources alone."""
        sources = frame.entries[1:]
        values = then.args.get("expression")
        if isinstance(then.this, exp.Star) or _is_word(then.this, "ROW"):
            return self._by_name(sources, table)
        items = _items_given(values)
        names = (
            [item.name for item in then.this.expressions]
            if isinstance(then.this, exp.Tuple)
            else []
        )
        if not items and names and then.this.expressions[0].name.upper() == "VALUES":
            # `INSERT VALUES (…)` without columns is read as columns without values.
            names, items = [], list(then.this.expressions[0].expressions)
        if len(items) == 1 and _is_word(items[0], "ROW"):
            return self._by_name(sources, table)
        if not names:
            if not items and (isinstance(values, exp.Var) or values is None):
                return self._by_name(sources, table)
            names = (
                [name for name, _ in table.columns]
                if table.columns is not None
                else [item.alias_or_name for item in items]
            )
        inside = Frame(frame.ctes)
        inside.entries = list(sources)
        return [
            (name, column_of(binder, item, inside))
            for name, item in zip(names, items, strict=False)
        ]

    def _by_name(self, sources: list[Entry], table: Table) -> list[tuple[str, Column]]:
        """``UPDATE SET *`` and ``INSERT ROW``: the source's columns, each to its namesake."""
        known = {name.lower(): name for name, _ in table.columns or ()}
        found: list[tuple[str, Column]] = []
        for entry in sources:
            columns = entry.relation.columns or [t.star() for t in entry.relation.open]
            found.extend(
                (known.get(column.name.lower(), column.name), column) for column in columns
            )
        return found


def _filtered(tree: exp.Expr, frame: Frame, binder: Binder) -> None:
    where = tree.args.get("where")
    if where is not None:
        binder.influenced(binder.value(where.this, frame)[1], FILTER)


def _is_word(node: exp.Expr | None, word: str) -> bool:
    return isinstance(node, exp.Var) and node.name.upper() == word


def _items_given(values: exp.Expr | None) -> list[exp.Expr]:
    """Return the values of ``INSERT … VALUES (a, b)``, however the parser keeps them."""
    if isinstance(values, exp.Values):
        return list(values.expressions[0].expressions)
    if isinstance(values, exp.Tuple):
        return list(values.expressions)
    return [values] if isinstance(values, exp.Expr) else []


def _aliased_table(target: exp.Expr, from_: exp.Expr | None, dialect: str) -> exp.Table | None:
    """``UPDATE a … FROM t AS a``: the table behind the alias.

    DuckDB and PostgreSQL join the target with what FROM lists: there it is another row of it.
    """
    if from_ is None or not isinstance(target, exp.Table) or target.db:
        return None
    for table in _items_of(from_):
        alias = table.args.get("alias")
        if alias is not None and alias.name.lower() == target.name.lower():
            return table
        named = alias is None or dialect not in _JOINS_TARGET
        if named and table.name.lower() == target.name.lower() and not target.args.get("alias"):
            return table
    return None


def _items_of(from_: exp.Expr) -> list[exp.Table]:
    """Return the tables that a FROM clause lists, not those of its subqueries."""
    found = []
    waiting = [from_.this, *(join.this for join in from_.args.get("joins") or ())]
    while waiting:
        item = waiting.pop(0)
        if isinstance(item, exp.Table):
            found.append(item)
        if isinstance(item, exp.Table | exp.Paren):
            waiting.extend(join.this for join in item.args.get("joins") or ())
        if isinstance(item, exp.Subquery | exp.Paren) and not isinstance(item.this, exp.Query):
            waiting.append(item.this)
    return found


def _table_below(relation: Relation) -> Table | None:
    """Return the table whose rows go where a query's, or a CTE's, are deleted."""
    tables = [origin.table for column in relation.columns for origin in column.direct]
    return next(iter([*relation.open, *tables]), None)


def _is_cte(node: exp.Expr | None, scope: CteScope) -> bool:
    return isinstance(node, exp.Table) and not node.db and scope.find(node.name.lower()) is not None
