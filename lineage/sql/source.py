"""FROM: tables, subqueries, VALUES, collections, functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.frame import Cte, CteScope, Entry, Frame, Problem
from lineage.sql.nested import fields, unfolded
from lineage.sql.place import place_of
from lineage.sql.projection import identifier_name
from lineage.sql.relation import (
    JOIN,
    NOTHING,
    SORT,
    TRANSFORMATION,
    Column,
    Elements,
    Origins,
    Parts,
    Relation,
    Table,
    lift,
    mark,
    merge,
)
from lineage.sql.table_function import TableFunctions

T = TypeVar("T")
_QUERIES = (exp.Query, exp.Subquery, exp.Paren)
_VALUES_CALLED: dict[str, tuple[str, int]] = {
    "snowflake": ("column", 1), "postgres": ("column", 1), "redshift": ("column", 1),
    "sqlite": ("column", 1), "spark": ("col", 1), "databricks": ("col", 1), "hive": ("col", 1),
    "mysql": ("column_", 0), "trino": ("_col", 0), "presto": ("_col", 0), "athena": ("_col", 0),
    "flink": ("EXPR$", 0),
}  # fmt: skip
"""What the columns of VALUES are called when nobody says, and where the count begins."""


class Sources(TableFunctions):
    """Binds the items of a FROM clause."""

    _around: list[Frame]
    _unfolded: dict[str, tuple[Table, str, str, tuple[str, ...]]]
    _unknown: dict[Parts, Table]
    missing: dict[Parts, exp.Expr]

    # What the classes that follow provide.

    @abstractmethod
    def _cte_relation(self, cte: Cte) -> Relation:
        """Return what a CTE yields, bound when it is first read."""

    @abstractmethod
    def join(self, node: exp.Join, frame: Frame) -> None:
        """Add a joined item, and settle what ON, USING and NATURAL say."""

    @abstractmethod
    def with_clause(self, node: exp.With, ctes: CteScope, parent: Frame | None) -> CteScope:
        """Open a scope with the CTEs of a WITH clause. Each sees those before it."""

    # What it does itself.

    def _stacked(self, function: exp.Expr, width: int, frame: Frame) -> list[Origins] | None:
        """``stack(n, …)`` deals its values out to the columns of ``n`` rows."""
        if not isinstance(function, exp.Stack) or not width:
            return None
        slots: list[Origins] = [NOTHING] * width
        for position, item in enumerate(function.expressions):
            found = lift(self.value(item, frame)[1], TRANSFORMATION)
            slots[position % width] = merge(slots[position % width], found)
        return slots

    def from_item(self, node: exp.Expr, frame: Frame) -> None:
        """Add one item of a FROM clause (and what is joined inside it) to the frame."""
        if isinstance(node, exp.Final):
            node = node.this
        if isinstance(node, exp.TableAlias):  # BigQuery's `|> AS z`
            node = exp.Table(this=node.this)
        if isinstance(node, exp.Pivot) and isinstance(node.this, exp.AtIndex):
            self._from_members(node.this, frame)
            return
        handler = _FROM.get(type(node))
        before = len(frame.entries)
        if handler is not None:
            handler(self, node, frame)
        elif isinstance(node, exp.Func):
            self._from_function(node, frame)
        elif isinstance(node, _QUERIES):
            self._from_query(node, frame)
        else:
            text = f"{node.key} is not understood as a source of rows"
            problem = Problem("unsupported-source", text, place_of(node), certain=False)
            self.problems.append(problem)
            return
        for lateral in node.args.get("laterals") or ():
            self.from_item(lateral, frame)
        if not isinstance(node, (exp.Subquery, exp.Table)):
            return
        outer = frame.group
        for join in node.args.get("joins") or ():
            if isinstance(node, exp.Table) or frame.entries[before:]:
                frame.group = max(frame.group, before)
                self.join(join, frame)
        frame.group = outer

    def _from_query(self, node: exp.Expr, frame: Frame) -> None:
        """A subquery, in parentheses or not."""
        alias = node.args.get("alias")
        inner = node.this if isinstance(node, exp.Subquery) else node
        if (
            isinstance(node, exp.Subquery)
            and isinstance(inner, (exp.Table, exp.Subquery))
            and not (
                isinstance(inner, exp.Subquery)
                and not inner.args.get("joins")
                and not inner.args.get("alias")
            )
        ):
            if alias is None:
                self.from_item(inner, frame)
                self._pivot_last(node, frame)
                return
            inside = Frame(frame.ctes, frame.parent)
            self.from_item(inner, inside)
            relation = self.all_of(inside)
        else:
            parent = (
                frame
                if self.rules.implicit_lateral or isinstance(node.parent, exp.Lateral)
                else frame.parent
            )
            outer, self._influence = self._influence, NOTHING
            with_ = node.args.get("with_") if isinstance(node, exp.Subquery) else None
            ctes = self.with_clause(with_, frame.ctes, parent) if with_ is not None else frame.ctes
            self._around.append(frame)
            relation = self.query(inner, ctes, parent)
            self._around.pop()
            self._influence = outer
            if (
                isinstance(node, exp.Subquery)
                and node.args.get("limit") is not None
                and node.args.get("order") is not None
            ):
                keys = self._order_keys(node.args["order"], relation, None, Frame(ctes, parent))
                relation = Relation(
                    relation.columns,
                    merge(relation.indirect, mark(keys, SORT)),
                    None,
                    relation.open,
                )
        if self.rules.dedupe_names:
            relation = deduplicated(relation)
        relation = self._renamed(relation, alias if isinstance(alias, exp.TableAlias) else None)
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
            alias = pivot.args.get("alias") or alias
        name = alias.name.lower() if alias is not None else ""
        frame.entries.append(Entry(name, relation))

    def _pivot_last(self, node: exp.Expr, frame: Frame) -> None:
        for pivot in node.args.get("pivots") or ():
            entry = frame.entries.pop()
            relation = self._pivot(pivot, entry.relation, frame)
            alias = pivot.args.get("alias")
            frame.entries.append(Entry(alias.name.lower() if alias else entry.alias, relation))

    def _from_indexed(self, node: exp.AtIndex, frame: Frame) -> None:
        """Redshift's ``o.items AS i AT n``: the elements, and where each stands."""
        before = len(frame.entries)
        item = node.this
        path = item.this if isinstance(item, exp.Alias) else item
        if isinstance(path, exp.Column):
            names = [part.copy() for part in reversed(path.parts)]
            called = exp.TableAlias(this=exp.to_identifier(item.alias or path.name))
            keys = ("this", "db", "catalog")
            item = exp.Table(**dict(zip(keys, names, strict=False)), alias=called)
        self.from_item(item, frame)
        added = frame.entries[before:]
        origins: Origins = NOTHING
        for entry in added:
            for column in entry.relation.columns[:1]:  # the element as a whole
                origins = merge(origins, column.direct)
            origins = merge(origins, entry.relation.invented or NOTHING)
        name = node.expression.name
        frame.entries.append(
            Entry("", Relation([Column(name, None, lift(origins, TRANSFORMATION))]))
        )

    def _from_members(self, node: exp.AtIndex, frame: Frame) -> None:
        """Redshift's ``UNPIVOT o.doc AS val AT attr``: a row for each member of an object."""
        item = node.this
        path = item.this if isinstance(item, exp.Alias) else item
        origins = lift(self.value(path, frame)[1], TRANSFORMATION)
        self.influenced(origins, JOIN)
        names = (item.alias_or_name, node.expression.name)
        frame.entries.append(Entry("", Relation([Column(name, None, origins) for name in names])))

    def _from_table(self, node: exp.Table, frame: Frame) -> None:
        this = node.this
        alias = node.args.get("alias")
        if this is None and node.args.get("rows_from"):
            self._from_rows_from(node, frame)
            return
        named = isinstance(this, exp.Identifier | exp.Dot | exp.Parameter)
        if not named and not _named_by_text(this) and not _is_stage(this):
            if isinstance(this, exp.Expr):
                self._from_function(node, frame)
            return
        parts = self.parts_of(node)
        relation, full = self._table_relation(parts, node, frame)
        if relation is None:
            return
        relation = self._renamed(relation, alias) if alias is not None else relation
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
            alias = pivot.args.get("alias") or alias
        name = parts[-1].lower()
        if alias is not None and alias.name:
            name = alias.name.lower()
            full = (name,)
        frame.entries.append(Entry(name, relation, tuple(part.lower() for part in full)))

    def parts_of(self, node: exp.Table) -> Parts:
        """Return the dotted name of a table as parts; a quoted ``a.b.c`` of BigQuery is split."""
        parts = tuple(part.name for part in node.parts if part.name)
        if type(node.this) is not exp.Identifier:
            if _is_stage(node.this):
                return (node.this.name,)
            text = _text_that_names(node.this)
            if text is not None:
                return tuple(part.strip('"`') for part in text.split("."))
            if isinstance(node.this, exp.Parameter):
                return ("@" + node.this.name,)
        if self.rules.dialect == "oracle" and parts and "@" in parts[-1]:
            parts = (*parts[:-1], parts[-1].split("@", 1)[0])
        if self.rules.dialect == "bigquery":
            parts = tuple(piece for part in parts for piece in part.split("."))
            if parts and "$" in parts[-1]:
                parts = (*parts[:-1], parts[-1].split("$", 1)[0])
        return parts

    def _table_relation(
        self, parts: Parts, node: exp.Table, frame: Frame
    ) -> tuple[Relation | None, Parts]:
        if len(parts) == 1:
            cte = frame.ctes.find(parts[0].lower())
            if cte is not None:
                cte.used = True
                return self._cte_relation(cte), parts
        else:
            nested = self._nested_collection(parts, node, frame)
            if nested:
                return None, parts
        table = self.schema.find(parts)
        if table is not None and node.meta.get("elsewhere") and len(table.parts) < len(parts):
            table = None  # one of the name here, and not there
        if table is None:
            if self.schema.gone(parts):
                self.problems.append(
                    Problem(
                        "unknown-table",
                        f'table "{joined(parts)}" does not exist',
                        place_of(node),
                        parts[-1],
                    )
                )
            named = self.schema.named(parts)
            key = tuple(part.lower() for part in named)
            table = self._unknown.get(key)
            if table is None:
                table = self._unknown[key] = Table(named)
                self.missing[named] = node
        self.reads[table.parts] = table
        return table.relation(), table.parts if len(table.parts) >= len(parts) else parts

    def _nested_collection(self, parts: Parts, node: exp.Table, frame: Frame) -> bool:
        """``FROM t, t.items`` (BigQuery, Impala): the second item is a column of the first."""
        if not self.rules.nested_paths:
            return False
        if self._collection_rows(parts, node, frame):
            return True
        folded = tuple(part.lower() for part in parts)
        scope: Frame | None = frame
        while scope is not None:
            for entry in scope.entries:
                for size in range(len(folded) - 1, 0, -1):
                    if not entry.answers_to(folded[:size]):
                        continue
                    column = self._exact(parts[: size + 1], scope, learn=bool(entry.relation.open))
                    if column is None:
                        continue
                    path = parts[size + 1 :]
                    origins = self._at_path(column, path) if path else column.direct
                    alias = node.args.get("alias")
                    name = alias.name if alias is not None and alias.name else parts[-1]
                    relation = self._element_relation(name, column, origins)
                    self.influenced(origins, JOIN)
                    frame.entries.append(Entry(name.lower(), self._renamed(relation, alias)))
                    return True
            scope = scope.parent
        return False

    def _collection_rows(self, parts: Parts, node: exp.Table, frame: Frame) -> bool:
        """Take ``FROM t.items`` for the rows of a collection, where the type of it is Hive's."""
        for table, column, type_, path in self._collections(parts, frame):
            rows = unfolded(column, type_, path)
            if rows is None:
                continue
            columns = [
                Column(name, None, {table.origin(whole): TRANSFORMATION}) for name, whole in rows
            ]
            alias = node.args.get("alias")
            name = alias.name if alias is not None and alias.name else parts[-1]
            relation = self._renamed(Relation(columns), alias)
            if rows[0][0] == "item" or rows[0][1].endswith(f".item.{rows[0][0]}"):
                # Its place in the array: it can be named, and no star shows it.
                inside = rows[0][1].removesuffix(f".{rows[0][0]}").removesuffix(".item")
                origin = {table.origin(f"{inside}.pos"): TRANSFORMATION}
                if relation.find("pos") is None and relation.index is not None:
                    relation.index["pos"] = Column("pos", None, origin)
            frame.entries.append(Entry(name.lower(), relation))
            self._unfolded[name.lower()] = (table, column, type_, path)
            self._unfolds = True
            return True
        return False

    def _collections(
        self, parts: Parts, frame: Frame
    ) -> Iterator[tuple[Table, str, str, tuple[str, ...]]]:
        """Yield the columns that a name in FROM may mean: table, name, type, and what is left."""
        folded = tuple(part.lower() for part in parts)
        inside = self._unfolded.get(folded[0])
        if inside is not None:
            table_, name_, kind_, path_ = inside
            yield table_, name_, kind_, (*path_, *parts[1:])
        scopes: list[Frame] = [*reversed(self._around)]
        scope: Frame | None = frame
        while scope is not None:
            scopes.insert(0, scope)
            scope = scope.parent
        for size in range(len(parts) - 1, 0, -1):
            tables = [
                entry.relation.table
                for scope in scopes
                for entry in scope.entries
                if entry.answers_to(folded[:size])
            ]
            for table in [*tables, self.schema.find(parts[:size]) if size > 1 else None]:
                for name, type_ in (table.columns or ()) if table is not None else ():
                    if table is not None and type_ and name.lower() == folded[size]:
                        yield table, name, type_, parts[size + 1 :]

    def _element_relation(self, name: str, column: Column, origins: Origins) -> Relation:
        """The rows of an array or map column: its element, and the names engines give the parts."""
        element = None
        if self.types is not None and column.type is not None:
            element = self.types.element(column.type).type
        columns = [Column(name, element, lift(origins, TRANSFORMATION))]
        parts = fields(element) if element else ()
        source = Column(name, None, origins)
        known = {name, *(field for field, _ in parts)}
        for field, type_ in parts:
            columns.append(Column(field, type_, self._at_path(source, (field,))))
        for member in ("item", "key", "value", "pos"):
            if member not in known:
                path = (
                    self._at_path(source, (member,))
                    if member != "pos"
                    else lift(origins, TRANSFORMATION)
                )
                columns.append(Column(member, None, path))
        return Elements(columns, len(parts), [])

    def _renamed(self, relation: Relation, alias: exp.Expr | None) -> Relation:
        """Apply the column list of ``AS t(a, b)``."""
        relation = self.settled(relation)
        names = alias.args.get("columns") if alias is not None else None
        if not names:
            return relation
        columns = relation.columns
        wrong = (
            len(names) != len(columns)
            if self.rules.exact_column_lists
            else (len(names) > len(columns))
        )
        if wrong and not relation.open and relation.invented is None:
            self.problems.append(
                Problem(
                    "alias-columns",
                    f'table "{alias.name if alias else ""}" has {len(columns)} columns '
                    f"but {len(names)} names were given",
                    place_of(names[0]),
                )
            )
        renamed = [
            column.renamed(identifier_name(names[i])) if i < len(names) else column
            for i, column in enumerate(columns)
        ]
        if relation.open and len(names) > len(columns):
            star = [table.star() for table in relation.open]
            origins: Origins = NOTHING
            for column in star:
                origins = merge(origins, column.direct)
            renamed = [Column(identifier_name(name), None, origins) for name in names]
            return Relation(renamed, relation.indirect)
        # It is the table still: naming one of its columns, whatever it is called here, uses it.
        result = Relation(renamed, relation.indirect, relation.table, relation.open)
        return deduplicated(result) if self.rules.dedupe_names else result

    def _from_values(self, node: exp.Values, frame: Frame) -> None:
        rows = node.expressions
        width = 0
        kinds: list[list[str | None]] = []
        origins: list[Origins] = []
        for row in rows:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
            if width and len(items) != width:
                text = f"VALUES lists must all be of the same length, {len(items)} is not {width}"
                self.problems.append(Problem("values-length", text, place_of(row)))
            width = max(width, len(items))
            for position, item in enumerate(items):
                type_, found = self.value(item, frame)
                if position >= len(kinds):
                    kinds.append([])
                    origins.append(NOTHING)
                kinds[position].append(type_)
                origins[position] = merge(origins[position], found)
        columns = []
        called, first = _VALUES_CALLED.get(self.rules.dialect, ("col", 0))
        for position in range(width):
            type_ = None
            if self.types is not None:
                type_ = self.types.combine("values", tuple(kinds[position])).type
            name = f"{called}{first + position}"
            kind = self._concrete(type_)
            columns.append(Column(name, kind, lift(origins[position], TRANSFORMATION)))
        relation = Relation(columns)
        alias = node.args.get("alias")
        if alias is not None:  # else they may be what an INSERT puts in, and take its types
            relation = self._renamed(relation, alias)
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
        frame.entries.append(Entry(alias.name.lower() if alias else "", relation))

    def _from_pivot(self, node: exp.Pivot, frame: Frame) -> None:
        """DuckDB's statement form ``PIVOT t ON … USING …``."""
        inside = Frame(frame.ctes, frame.parent)
        self.from_item(node.this, inside)
        relation = self._pivot(node, self.all_of(inside), inside)
        alias = node.args.get("alias")
        frame.entries.append(Entry(alias.name.lower() if alias else "", relation))


def _named_by_text(node: object) -> bool:
    """Return whether a table is named as ``IDENTIFIER('a.b')``."""
    return _text_that_names(node) is not None


def _text_that_names(node: object) -> str | None:
    """Return the text of ``IDENTIFIER('a.b')``; the parser of Spark takes it for a function."""
    literal = None
    if isinstance(node, exp.DynamicIdentifier):
        literal = node.this
    elif isinstance(node, exp.Anonymous) and node.name.upper() == "IDENTIFIER":
        literal = node.expressions[0] if len(node.expressions) == 1 else None
    return literal.name if isinstance(literal, exp.Literal) and literal.is_string else None


def _is_stage(node: object) -> bool:
    """Return whether a source of rows is Snowflake's ``@stage/path``."""
    return isinstance(node, exp.Var) and node.name.startswith("@")


def deduplicated(relation: Relation) -> Relation:
    """Give repeated names a suffix, as DuckDB does: ``id``, ``id_1``, ``id_2``.

    From left to right: a column that was called ``id_1`` and stands behind them is ``id_1_1``.
    """
    columns = relation.columns
    if len({column.name.lower() for column in columns}) == len(columns):
        return relation
    seen: dict[str, int] = {}
    result = []
    for column in columns:
        key = column.name.lower()
        count = seen.get(key)
        if count is None or column.name == "*":
            seen[key] = 1
            result.append(column)
            continue
        while f"{key}_{count}" in seen:
            count += 1
        seen[key] = count + 1
        seen[f"{key}_{count}"] = 1
        result.append(column.renamed(f"{column.name}_{count}"))
    return Relation(result, relation.indirect, None, relation.open)


_FROM: Mapping[type[exp.Expr], Callable[[Sources, Any, Frame], None]] = {
    exp.Table: Sources._from_table,  # noqa: SLF001 - the table of this class
    exp.Subquery: Sources._from_query,  # noqa: SLF001 - the table of this class
    exp.Values: Sources._from_values,  # noqa: SLF001 - the table of this class
    exp.Unnest: Sources._from_unnest,  # noqa: SLF001 - the table of this class
    exp.Stream: Sources._from_stream,  # noqa: SLF001 - the table of this class
    exp.TableFromRows: Sources._from_rows,  # noqa: SLF001 - the table of this class
    exp.AtIndex: Sources._from_indexed,  # noqa: SLF001 - as below
    exp.Lateral: Sources._from_lateral,  # noqa: SLF001 - the table of this class
    exp.Pivot: Sources._from_pivot,  # noqa: SLF001 - the table of this class
}
