"""Binds functions in FROM: they yield rows, unfold values, or name tables of elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sqlglot import exp

from lineage.sql.elsewhere import passed_on, query_elsewhere, stored
from lineage.sql.expression import children
from lineage.sql.frame import CteScope, Entry, Frame, Problem
from lineage.sql.generators import generator, yielded
from lineage.sql.nested import fields
from lineage.sql.pivot import Pivots
from lineage.sql.place import place_of
from lineage.sql.postgres_names import POSTGRES
from lineage.sql.projection import identifier_name
from lineage.sql.relation import (
    JOIN,
    NOTHING,
    TRANSFORMATION,
    Column,
    Elements,
    Origins,
    Parts,
    Relation,
    Schema,
    Table,
    lift,
    merge,
)
from lineage.sql.resolution import Value
from lineage.sql.stars import matches

T = TypeVar("T")
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


class TableFunctions(Pivots):
    """Binds functions that stand where a table may."""

    last_rows: Relation | None
    reads: dict[Parts, Table]
    schema: Schema

    # What the classes that follow provide.

    @abstractmethod
    def from_item(self, node: exp.Expr, frame: Frame) -> None:
        """Bind one item of a FROM clause into its frame."""

    @abstractmethod
    def all_of(self, frame: Frame) -> Relation:
        """Return all that a FROM clause shows."""

    @abstractmethod
    def _called(self, node: exp.Expr, frame: Frame) -> tuple[exp.Expr, Frame] | None:
        """Return the body of the routine that is called, and a frame with its arguments."""

    @abstractmethod
    def _in_routine(self, call: exp.Expr, body: exp.Expr, bind: Callable[[], T]) -> T:
        """Bind the body of a routine, whose problems are not those of the statement."""

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
