"""FROM: tables, subqueries, VALUES, collections, functions."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.elsewhere import passed_on, query_elsewhere, stored
from lineage.sql.expression import children
from lineage.sql.frame import Cte, CteScope, Entry, Frame, Problem
from lineage.sql.generators import generator, yielded
from lineage.sql.nested import fields, unfolded
from lineage.sql.pivot import Pivots
from lineage.sql.place import place_of
from lineage.sql.postgres_names import POSTGRES
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
    Schema,
    Table,
    lift,
    mark,
    merge,
)
from lineage.sql.resolution import Value
from lineage.sql.stars import matches

T = TypeVar("T")
_QUERIES = (exp.Query, exp.Subquery, exp.Paren)
_VALUES_CALLED: dict[str, tuple[str, int]] = {
    "snowflake": ("column", 1), "postgres": ("column", 1), "redshift": ("column", 1),
    "sqlite": ("column", 1), "spark": ("col", 1), "databricks": ("col", 1), "hive": ("col", 1),
    "mysql": ("column_", 0), "trino": ("_col", 0), "presto": ("_col", 0), "athena": ("_col", 0),
    "flink": ("EXPR$", 0),
}  # fmt: skip
"""What the columns of VALUES are called when nobody says, and where the count begins."""
_READS_FILES = frozenset({"clickhouse", "databricks", "spark"})
_ELSEWHERE = frozenset({"remote", "remotesecure", "cluster", "clusterallreplicas"})
_WINDOWS = frozenset({"tumble", "hop", "cumulate", "session"})
_OF_A_TABLE = _WINDOWS | {"appends", "changes"}
"""Table functions whose first argument is a table, though the word TABLE may be gone."""
_FUNCTION_COLUMNS: dict[str, tuple[str, ...]] = {
    "string_split": ("value", "ordinal"),
    "openjson": ("key", "value", "type"),
    "split_to_table": ("seq", "index", "value"),
    "strtok_split_to_table": ("seq", "index", "value"),
    "jsonb_each": ("key", "value"),
    "json_each": ("key", "value"),
    "jsonb_each_text": ("key", "value"),
    "json_each_text": ("key", "value"),
    "jsonb_array_elements": ("value",),
    "json_array_elements": ("value",),
    "jsonb_array_elements_text": ("value",),
    "json_array_elements_text": ("value",),
}
"""What the columns of a function in FROM are called when nobody says."""
_EACH = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path")
_OWN_COLUMNS: dict[tuple[str, str], tuple[str, ...]] = {
    ("clickhouse", "numbers"): ("number",),
    ("clickhouse", "zeros"): ("zero",),
    ("databricks", "range"): ("id",),
    ("spark", "range"): ("id",),
    ("sqlite", "generate_series"): ("value",),
    ("sqlite", "json_each"): _EACH,
    ("sqlite", "json_tree"): _EACH,
    ("trino", "sequence"): ("sequential_number",),
    ("tsql", "generate_series"): ("value",),
}
"""Where one dialect calls them otherwise."""
_SEQUENCES = frozenset({"trino", "presto", "athena", "spark", "databricks", "hive"})
"""What is generate_series elsewhere is sequence there."""
_OF_VALUES = (exp.XMLTable, exp.GenerateSeries, exp.ExplodingGenerateSeries, exp.UDTF)
_WITHOUT_TABLE_ARGUMENTS = frozenset({"postgres", "redshift", "sqlite", "tsql"})
_FLATTENED = ("seq", "key", "path", "index", "value", "this")


class Sources(Pivots):
    """Binds the items of a FROM clause."""

    _around: list[Frame]
    _unfolded: dict[str, tuple[Table, str, str, tuple[str, ...]]]
    _unknown: dict[Parts, Table]
    last_rows: Relation | None
    missing: dict[Parts, exp.Expr]
    reads: dict[Parts, Table]
    schema: Schema

    # What the classes that follow provide.

    @abstractmethod
    def all_of(self, frame: Frame) -> Relation:
        """Return all that a FROM clause shows."""

    @abstractmethod
    def _called(self, node: exp.Expr, frame: Frame) -> tuple[exp.Expr, Frame] | None:
        """Return the body of the routine that is called, and a frame with its arguments."""

    @abstractmethod
    def _cte_relation(self, cte: Cte) -> Relation:
        """Return what a CTE yields, bound when it is first read."""

    @abstractmethod
    def _in_routine(self, call: exp.Expr, body: exp.Expr, bind: Callable[[], T]) -> T:
        """Bind the body of a routine, whose problems are not those of the statement."""

    @abstractmethod
    def join(self, node: exp.Join, frame: Frame) -> None:
        """Add a joined item, and settle what ON, USING and NATURAL say."""

    @abstractmethod
    def query(
        self,
        node: exp.Expr,
        ctes: CteScope,
        parent: Frame | None = None,
        *,
        top: bool = False,
    ) -> Relation:
        """Bind a query expression and return what it yields."""

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

    def _from_rows(self, node: exp.TableFromRows, frame: Frame) -> None:
        """``TABLE(f(…))``, which Snowflake also takes for LATERAL."""
        function = node.this
        alias = node.args.get("alias")
        if isinstance(function, exp.Window):
            function = function.this
        if isinstance(function, exp.Explode) and self.rules.dialect == "snowflake":
            named = alias.copy() if alias is not None else exp.TableAlias()
            if not named.args.get("columns"):
                named.set("columns", [exp.to_identifier(name) for name in _FLATTENED])
            self._from_lateral(exp.Lateral(this=function.copy(), alias=named), frame)
            return
        self._from_function(exp.Table(this=function.copy(), alias=alias and alias.copy()), frame)

    def _from_stream(self, node: exp.Stream, frame: Frame) -> None:
        """Databricks' ``STREAM(t)``: the rows of a table as they come."""
        inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        self.from_item(inner, frame)

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

    def _from_rows_from(self, node: exp.Table, frame: Frame) -> None:
        """PostgreSQL's ``ROWS FROM (f(…), g(…))``: the rows of functions side by side."""
        start = len(frame.entries)
        for item in node.args["rows_from"]:
            self.from_item(item, frame)
        columns = [column for one in frame.entries[start:] for column in one.relation.columns]
        if node.args.get("ordinality"):
            columns.append(Column("ordinality", "BIGINT"))
        del frame.entries[start:]
        alias = node.args.get("alias")
        name = alias.name.lower() if alias is not None else ""
        frame.entries.append(Entry(name, self._renamed(Relation(columns), alias)))

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

    def _from_unnest(self, node: exp.Unnest, frame: Frame) -> None:
        alias = node.args.get("alias")
        names = (
            [identifier_name(name) for name in (alias.args.get("columns") or ())]
            if alias is not None
            else []
        )
        columns: list[Column] = []
        for position, item in enumerate(node.expressions):
            type_, origins = self.value(item, frame)
            element = self._element_of(type_, item)
            parts = fields(element) if element else ()
            self.influenced(origins, JOIN)
            source = Column("", None, origins)
            origins = lift(origins, TRANSFORMATION)
            if parts and (
                node.args.get("explode_array")
                or (
                    names
                    and len(names) == len(parts)
                    and len(node.expressions) == 1
                    and len(names) > 1
                )
            ):
                columns.extend(Column(field, kind, origins) for field, kind in parts)
                continue
            columns.append(Column(_unnested(names, alias, position), element, origins))
            for field, kind in parts if self.rules.dialect != "duckdb" else ():
                deep = self.rules.dialect == "bigquery"
                columns.append(
                    Column(field, kind, self._at_path(source, (field,)) if deep else origins)
                )
            if len(names) > len(node.expressions) and position == len(node.expressions) - 1:
                extra = names[len(columns) :] if not parts else []
                columns.extend(Column(name, None, origins) for name in extra)
        offset = node.args.get("offset")
        beside = []
        if offset:
            beside.append(
                Column(offset.name if isinstance(offset, exp.Expr) else "offset", "BIGINT")
            )
        name = alias.name.lower() if alias is not None else ""
        if not name and names:
            name = names[0].lower()
        relation = Relation([*columns, *beside])
        if not names:
            self._also_called(relation, "unnest")
        if self.rules.dialect == "bigquery" and len(node.expressions) == 1:
            relation = Elements(columns, len(columns) - 1, beside)
            if alias is None and columns[0].type is None:
                relation.invented = columns[0].direct
        frame.entries.append(Entry(name, relation))

    def _element_of(self, type_: str | None, node: exp.Expr) -> str | None:
        """Return the type of the rows that a collection becomes; DuckDB wants a list."""
        if self.types is None or type_ is None:
            return None
        if self.rules.dialect == "duckdb" and not type_.endswith("]"):
            text = f"UNNEST requires a single list or array as input, not {type_}"
            self.problems.append(Problem("no-function", text, place_of(node)))
            return None
        return self.types.element(type_).type

    def _from_lateral(self, node: exp.Lateral, frame: Frame) -> None:
        inner = node.this
        alias = node.args.get("alias")
        names = (
            [identifier_name(name) for name in (alias.args.get("columns") or ())]
            if alias is not None
            else []
        )
        name = alias.name.lower() if alias is not None else ""
        if isinstance(inner, (exp.Subquery, exp.Query)):
            outer, self._influence = self._influence, NOTHING
            relation = self.query(inner, frame.ctes, frame)
            self._influence = outer
            frame.entries.append(Entry(name, self._renamed(relation, alias)))
            return
        if isinstance(inner, exp.Unnest):
            self._from_unnest(inner, frame)
            if alias is not None and frame.entries:
                entry = frame.entries.pop()
                frame.entries.append(Entry(name, self._renamed(entry.relation, alias)))
            return
        call = inner.expression if isinstance(inner, exp.Dot) else inner
        called = self._called(call, frame) if isinstance(call, exp.Anonymous) else None
        if called is not None and isinstance(called[0], exp.Query):
            body, inside = called
            relation = self._in_routine(call, body, lambda: self.query(body, inside.ctes, inside))
            frame.entries.append(Entry(name, self._renamed(relation, alias)))
            return
        self._unknown_routine(inner, call)
        arguments = children(inner) if isinstance(inner, exp.Func) else [inner]
        kinds, origins = self.values(arguments, frame)
        self.influenced(origins, JOIN)
        origins = lift(origins, TRANSFORMATION)
        element = None
        if self.types is not None and kinds and kinds[0]:
            element = self.types.element(kinds[0]).type
        if self.rules.generators and generator(inner) is not None:
            first = kinds[0] if kinds else None
            rows = self._generator_entry(inner, (first, origins), name, names, frame)
            if rows is not None:
                frame.entries.append(rows)
                return
        if not names:
            names = ["key", "value"] if isinstance(inner, exp.Inline) else ["col"]
            if isinstance(inner, exp.Posexplode):
                names = ["pos", "col"]
            if self.rules.dialect in POSTGRES:
                one = alias.name if alias is not None and alias.name else ""
                names = [one or _function_name(inner, self.rules.dialect)]
                element = self._yielded_type(inner, _function_name(inner, "postgres"), kinds)
            names = self._shown(inner) or names
        columns = [Column(item, element if len(names) == 1 else None, origins) for item in names]
        split = self._stacked(inner, len(names), frame)
        if split is not None:
            columns = [Column(name, None, each) for name, each in zip(names, split, strict=True)]
        relation = Relation(columns)
        relation.invented = origins
        frame.entries.append(Entry(name, relation))

    def _generator_entry(
        self, node: exp.Expr, argument: Value, label: str, names: list[str], frame: Frame
    ) -> Entry | None:
        """Return the rows of ``explode`` and its like; None if what they hold is not known."""
        made = yielded(node, argument[0])
        if not made or (names and len(names) != len(made)):
            return None
        called = names or [name for name, _ in made]
        split = self._stacked(node, len(made), frame) or [argument[1]] * len(made)
        columns = [
            Column(name, kind, origins)
            for name, (_, kind), origins in zip(called, made, split, strict=True)
        ]
        relation = Relation(columns)
        if argument[0] is None and not names:
            relation.invented = argument[1]  # a map has other columns than an array
        return Entry(label, relation)

    def _from_function(self, node: exp.Expr, frame: Frame) -> None:
        """A table function: every column that it is said to have comes from its arguments."""
        function = node.this if isinstance(node, exp.Table) else node
        while (
            isinstance(function, exp.Anonymous)
            and function.name.upper() == "TABLE"
            and len(function.expressions) == 1
        ):
            function = function.expressions[0]
        alias = node.args.get("alias")
        names = (
            [identifier_name(name) for name in (alias.args.get("columns") or ())]
            if alias is not None
            else []
        )
        called_as = _function_name(function, self.rules.dialect)
        if self._from_elsewhere(function, alias, frame):
            return
        if function.name.upper() == "RESULT_SCAN":
            self._from_result(function, alias, frame)
            return
        if isinstance(function, exp.VectorSearch):
            self._from_vector_search(function, alias, frame)
            return
        inner = None if self._takes_values(function) else _table_argument(function)
        if self.rules.generators and generator(function) is not None:
            kinds, origins = self.values(children(function), frame)
            self.influenced(origins, JOIN)
            value = (kinds[0] if kinds else None, lift(origins, TRANSFORMATION))
            label = alias.name.lower() if alias is not None else ""
            rows = self._generator_entry(function, value, label, names, frame)
            if rows is not None:
                frame.entries.append(rows)
                return
        called = self._called(function, frame) if isinstance(function, exp.Anonymous) else None
        if called is not None and isinstance(called[0], exp.Query):
            body, inside = called
            relation = self._in_routine(
                function, body, lambda: self.query(body, inside.ctes, inside)
            )
            relation = self._renamed(relation, alias)
        elif inner is not None and _given_to_model(function) is not None:
            relation = self._from_model(inner, _given_to_model(function), frame)
        elif inner is not None:
            relation = self._windowed(inner, function, frame)
        else:
            self._unknown_routine(node, function)
            given = isinstance(function, exp.Column)
            arguments: list[exp.Expr] = [function] if given else children(function)
            kinds, origins = self.values(arguments, frame)
            origins = lift(origins, TRANSFORMATION)
            self.influenced(origins, JOIN)
            element = self._yielded_type(function, called_as, kinds)
            shown = names or self._shown(function)
            shown = shown or [alias.name if alias is not None and alias.name else called_as]
            if isinstance(function, (exp.ReadCSV, exp.ReadParquet)) and not names:
                table = Table((function.sql(self.rules.parser),))
                relation = table.relation()
            else:
                relation = Relation([Column(name, element, origins) for name in shown])
                if not names and not isinstance(function, exp.GenerateSeries):
                    relation.invented = origins
                elif not names and shown != [called_as]:
                    self._also_called(relation, called_as)
        if inner is not None and names:
            relation = self._renamed(relation, alias)
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
            alias = pivot.args.get("alias") or alias
        label = alias.name.lower() if alias is not None else called_as
        frame.entries.append(Entry(label, relation))

    def _yielded_type(
        self, function: exp.Expr, name: str, kinds: tuple[str | None, ...]
    ) -> str | None:
        """Return the type of what a function in FROM yields, where that is one column."""
        if self.types is None:
            return None
        if self.rules.dialect in POSTGRES:
            return self._concrete(self.types.call(name, kinds).type)
        return "BIGINT" if isinstance(function, exp.GenerateSeries) else None

    def _takes_values(self, function: exp.Expr) -> bool:
        """Return whether a subquery that a function in FROM is given is one value, and no table."""
        return (
            isinstance(function, _OF_VALUES)
            or self.rules.dialect in _WITHOUT_TABLE_ARGUMENTS
            or _function_name(function, self.rules.dialect) in _FUNCTION_COLUMNS
        )

    def _shown(self, function: exp.Expr) -> list[str]:
        """Return what the columns of a table function are called; none where that is not known."""
        told = _columns_told(function)
        if told:
            return told
        name = _function_name(function, self.rules.dialect)
        if name == "string_split" and len(children(function)) < len(("text", "separator", "on")):
            return ["value"]
        own = _OWN_COLUMNS.get((self.rules.dialect, name))
        return list(own or _FUNCTION_COLUMNS.get(name, ()))

    def _unknown_routine(self, around: exp.Expr, call: exp.Expr) -> None:
        """Say that somebody's own function, ``dbo.f(…)``, may return what no argument gives."""
        own = isinstance(around, exp.Dot) or (isinstance(around, exp.Table) and around.db)
        method = call.name.lower() == "nodes"  # of a column that is XML
        if own and not method and isinstance(call, exp.Anonymous) and self.rules.concat_is_plus:
            text = f"what {call.name} returns is not known here"
            problem = Problem("calls-routine", text, place_of(call), certain=False)
            self.problems.append(problem)

    def _also_called(self, relation: Relation, name: str) -> None:
        """DuckDB lets the column of ``range(3) AS r`` be called ``range`` too; no star shows it."""
        if self.rules.dialect != "duckdb" or relation.find(name) is not None:
            return
        if relation.index is not None and relation.columns:
            relation.index[name] = relation.columns[0].renamed(name)

    def _from_elsewhere(self, function: exp.Expr, alias: exp.Expr | None, frame: Frame) -> bool:
        """A function that names a table or a query of elsewhere: ``remote('host', db, t)``."""
        query = passed_on(function)
        if query is not None:
            self._from_passed_on(function, query, alias, frame)
            return True
        if self.rules.dialect == "clickhouse" and function.name.lower() == "merge":
            self._from_merged(function, alias, frame)
            return True
        table = stored(function) if self.rules.dialect in _READS_FILES else None
        if function.name.lower() in _ELSEWHERE:
            parts: list[str] = []
            for item in function.expressions[1:3]:
                named = item.parts if isinstance(item, exp.Column) else ()
                parts.extend(part.name for part in named)
            names = [exp.to_identifier(part, quoted=True) for part in parts]
            keys = ("this", "db", "catalog")
            table = exp.Table(**dict(zip(keys, names[::-1], strict=False))) if names else None
        if table is None:
            return False
        if alias is not None:
            table.set("alias", alias.copy())
        self.from_item(table, frame)
        return True

    def _from_merged(self, function: exp.Expr, alias: exp.Expr | None, frame: Frame) -> None:
        """ClickHouse's ``merge(db, 'regex')``: all tables whose names match, by column name."""
        pattern = function.expressions[-1].name if function.expressions else ""
        tables = [one for one in self.schema.tables() if matches(pattern, one.parts[-1])]
        text = f"which tables match '{pattern}' is known only of those that are described"
        self.problems.append(Problem("tables-by-name", text, place_of(function), certain=False))
        named: dict[str, Column] = {}
        for table in tables:
            self.reads[table.parts] = table
            for column in table.relation().columns:
                known = named.get(column.name)
                both = merge(known.direct if known is not None else NOTHING, column.direct)
                named[column.name] = Column(column.name, column.type, both)
        relation = Relation(list(named.values()))
        if not named:
            relation.invented = NOTHING
        called = alias.name if alias is not None and alias.name else function.name
        frame.entries.append(Entry(called.lower(), self._renamed(relation, alias)))

    def _from_passed_on(
        self, function: exp.Expr, query: tuple[str, str], alias: exp.Expr | None, frame: Frame
    ) -> None:
        """Bind ``OPENQUERY(srv, 'SELECT …')``: its text is a query over the server's tables."""
        tree = query_elsewhere(*query, self.rules.dialect)
        if tree is None:
            text = f"the query that is passed on to {query[0]} does not parse; it is not followed"
            problem = Problem("query-elsewhere", text, place_of(function), certain=False)
            self.problems.append(problem)
            relation = Relation([])
            relation.invented = NOTHING
        else:
            before = len(self.problems)
            relation = self.query(tree, CteScope())
            told = [replace(item, place=place_of(function)) for item in self.problems[before:]]
            self.problems[before:] = told
        called = alias.name if alias is not None and alias.name else function.name
        frame.entries.append(Entry(called.lower(), self._renamed(relation, alias)))

    def _from_model(self, model: exp.Expr, given: exp.Expr | None, frame: Frame) -> Relation:
        """``ML.PREDICT(MODEL m, query)``: the query's columns, and what the model makes of them."""
        inside = Frame(frame.ctes, frame.parent)
        if isinstance(given, exp.Expr):
            self.from_item(given, inside)
        relation = self.all_of(inside)
        origins: Origins = NOTHING
        for column in relation.columns:
            origins = merge(origins, column.direct)
        learned = Frame(frame.ctes, frame.parent)
        self.from_item(model, learned)
        for column in self.all_of(learned).columns:
            origins = merge(origins, column.direct)
        made = lift(origins, TRANSFORMATION)
        shown = Relation([*relation.columns, Column("*", None, made)], relation.indirect)
        shown.invented = made
        return shown

    def _from_result(self, function: exp.Expr, alias: exp.Expr | None, frame: Frame) -> None:
        """Snowflake's ``RESULT_SCAN(LAST_QUERY_ID())``: what the statement before gave."""
        given = function.expressions[0] if function.expressions else None
        last = given is not None and given.name.upper() == "LAST_QUERY_ID" and not given.expressions
        relation = self.last_rows if last else None
        if relation is None:
            text = "which query's rows these are, is not said here"
            problem = Problem("result-of-a-query", text, place_of(function), certain=False)
            self.problems.append(problem)
            relation = Relation([])
            relation.invented = NOTHING
        called = alias.name if alias is not None and alias.name else "result_scan"
        frame.entries.append(Entry(called.lower(), self._renamed(relation, alias)))

    def _from_vector_search(self, function: exp.Expr, alias: exp.Expr | None, frame: Frame) -> None:
        """BigQuery's VECTOR_SEARCH: ``base``, ``query`` are rows, ``distance`` is of both."""
        called = alias.name.lower() if alias is not None else "vector_search"
        origins: Origins = NOTHING
        for name, key in (("base", "this"), ("query", "query_table")):
            given = function.args.get(key)
            inside = Frame(frame.ctes, frame.parent)
            if isinstance(given, exp.Expr):
                self.from_item(given, inside)
            relation = self.all_of(inside)
            for column in relation.columns:
                origins = merge(origins, column.direct)
            frame.entries.append(Entry(name, relation, (called, name)))
        distance = Column("distance", None, lift(origins, TRANSFORMATION))
        frame.entries.append(Entry(called, Relation([distance])))

    def _windowed(self, inner: exp.Expr, function: exp.Expr, frame: Frame) -> Relation:
        """``TUMBLE(TABLE t, …)`` and its kin: the table's columns and the window's own three."""
        inside = Frame(frame.ctes, frame.parent)
        if isinstance(inner, exp.Query) and not isinstance(inner, exp.Subquery):
            relation = self.query(inner, frame.ctes, frame)
        else:
            self.from_item(inner, inside)
            relation = self.all_of(inside)
        lowered = _function_name(function, self.rules.dialect)
        if lowered not in _WINDOWS:
            return relation
        origins: Origins = NOTHING
        for descriptor in function.find_all(exp.Anonymous):
            if descriptor.name.lower() == "descriptor":
                origins = merge(origins, self.values(descriptor.expressions, inside)[1])
        named = function.expressions[1:2] if isinstance(function, exp.Anonymous) else ()
        if named and isinstance(named[0], exp.Column):  # without DESCRIPTOR
            origins = merge(origins, self.value(named[0], inside)[1])
        added = [
            Column(name, "TIMESTAMP", lift(origins, TRANSFORMATION))
            for name in ("window_start", "window_end", "window_time")
        ]
        return Relation([*relation.columns, *added], relation.indirect, None, relation.open)

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


def _function_name(function: exp.Expr, dialect: str) -> str:
    """Return what a function in FROM is called, which is what its one column is called, too."""
    match function:
        case exp.GenerateSeries() if function.args.get("is_end_exclusive"):
            return "range"
        case exp.GenerateSeries() if dialect in _SEQUENCES:
            return "sequence"
        case exp.ExplodingGenerateSeries():
            return "generate_series"
        case exp.Func() if not isinstance(function, exp.Anonymous):
            return function.sql_name().lower()
    return function.name.lower()


def _unnested(names: list[str], alias: exp.Expr | None, position: int) -> str:
    """Return the name of the column that a collection becomes."""
    if position < len(names):
        return names[position]
    if position:
        return f"unnest_{position}"
    return alias.name if alias is not None and alias.name else "unnest"


def _columns_told(function: exp.Expr) -> list[str]:
    """Return the columns that XMLTABLE, JSON_TABLE and OPENJSON say themselves."""
    match function:
        case exp.XMLTable():
            items = function.args.get("columns") or []
        case exp.JSONTable():
            schema = function.args.get("schema")
            items = list(schema.find_all(exp.JSONColumnDef)) if schema is not None else []
        case exp.OpenJSON():
            items = function.expressions
        case _:
            items = []
    return [item.name for item in items if item.name]


def _given_to_model(function: exp.Expr) -> exp.Expr | None:
    """Return the rows that BigQuery's ``ML.PREDICT(MODEL m, …)`` and its kin are given."""
    found = [item for item in children(function) if isinstance(item, exp.Table | exp.Query)]
    if len(found) != 2 or not isinstance(found[0], exp.Table):  # noqa: PLR2004 - model and rows
        return None
    return found[1]


def _table_argument(function: exp.Expr) -> exp.Expr | None:
    """Return the table that a table function is given: a subquery, or a name and DESCRIPTOR."""
    arguments = [
        item.expression if isinstance(item, exp.Kwarg) else item for item in children(function)
    ]
    for item in arguments:
        if isinstance(item, (exp.Table, exp.Query)):
            return item
        if isinstance(item, exp.Anonymous) and item.name.upper() == "TABLE":
            inside = item.expressions[0] if len(item.expressions) == 1 else None
            if isinstance(inside, exp.Column):
                names = [exp.to_identifier(part.name, quoted=True) for part in inside.parts]
                return exp.Table(**dict(zip(("this", "db", "catalog"), names[::-1], strict=False)))
    described = any(
        isinstance(item, exp.Anonymous) and item.name.upper() == "DESCRIPTOR" for item in arguments
    )
    window = isinstance(function, exp.Anonymous) and function.name.lower() in _OF_A_TABLE
    if (
        (described or (window and len(arguments) > 1))
        and arguments
        and isinstance(arguments[0], exp.Column)
    ):
        parts = [part.copy() for part in arguments[0].parts]
        keys = ("this", "db", "catalog")
        return exp.Table(**dict(zip(keys, reversed(parts), strict=False)))
    return None


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
