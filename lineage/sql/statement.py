"""Binds statements: what each reads, writes and defines, and how the schema follows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sqlglot import exp

from lineage.garbage import uncollected
from lineage.model.names import joined
from lineage.sql.dialect import Rules
from lineage.sql.expression import children
from lineage.sql.frame import CteScope, Entry, Frame, Problem, Routine
from lineage.sql.parse import PARSER_ERRORS, on_deep_stack, parse
from lineage.sql.place import place_of
from lineage.sql.query import Binder
from lineage.sql.relation import (
    FILTER,
    IDENTITY,
    JOIN,
    NOTHING,
    TRANSFORMATION,
    Column,
    Origin,
    Origins,
    Parts,
    Relation,
    Schema,
    Table,
    lift,
    mark,
    merge,
)
from lineage.sql.repair import ADMINISTERS, OUTPUT_DOT
from lineage.sql.resolution import Types
from lineage.sql.typing import TypeSystem


@dataclass(slots=True)
class Write:
    """What a statement puts into one table. ``target`` is ``None`` for a bare query."""

    target: Table | None
    columns: list[tuple[str, Column]]
    indirect: Origins = field(default_factory=dict)


@dataclass(slots=True)
class Bound:
    """One statement, bound."""

    kind: str
    """``select``, ``create``, ``insert``, ``merge``, ``update``, ``delete``, ``define``, or
    ``other``."""
    writes: list[Write] = field(default_factory=list)
    relation: Relation | None = None
    """The rows of a query, or of the query inside CREATE … AS."""
    defines: Table | None = None
    """The table or view that exists from now on."""
    reads: tuple[Table, ...] = ()
    missing: tuple[Table, ...] = ()
    """Tables that are read and that nobody described."""
    uses: frozenset[Origin] = frozenset()
    """Every column that is referred to, by a person or by a star."""
    unsure: dict[Types, tuple[int, int]] = field(default_factory=dict)
    """Types that were worked out together, one of them not known, and where first."""
    problems: tuple[Problem, ...] = ()
    candidates: tuple[tuple[tuple[Origin, ...], str], ...] = ()


class StatementBinder:
    """Binds the statements of one script in order; ``schema`` follows what they define.

    ``inline`` makes temporary tables transparent: what is read from one has the origins of what
    was put into it.
    """

    def __init__(
        self,
        schema: Schema,
        rules: Rules,
        types: TypeSystem | None,
        *,
        inline_views: bool = False,
        dead_ctes: bool = False,
    ) -> None:
        self.schema = schema
        self.rules = rules
        self.types = types
        self.inline_views = inline_views
        self.dead_ctes = dead_ctes
        self._written_temporaries: dict[Table, Write] = {}
        self._routines: dict[tuple[str, int], Routine] = {}
        self._variables: frozenset[str] = frozenset()

    def bind(self, tree: exp.Expr) -> list[Bound]:
        """Bind one parsed statement; a block or procedure yields one result a statement in it."""
        if isinstance(tree, exp.Alias) and not isinstance(tree.this, exp.Condition):
            tree = tree.this
        inner = _body(tree)
        if inner is not None:
            return [bound for item in inner for bound in self.bind(item)]
        aside = [bound for part in _writing_ctes(tree) for bound in self.bind(part)]
        binder = self._binder()
        try:
            try:
                with uncollected():
                    bound = self._whole(tree, binder)
            except RecursionError:
                binder = deeper = self._binder()
                bound = on_deep_stack(lambda: self._whole(tree, deeper))
        except RecursionError:
            text = "it is nested too deep to be bound; nothing is known of it"
            bound = Bound("other", problems=(Problem("too-deep", text, certain=False),))
        except PARSER_ERRORS as error:
            # The parser lets half statements through. Such a one must not cost the others, and
            # it is not passed over either: whoever asks is told that it was given up, and why.
            text = f"it cannot be bound ({type(error).__name__}: {error}); nothing is known of it"
            problem = Problem("gave-up", text, place_of(tree), certain=False)
            bound = Bound("other", problems=(problem,))
        bound.reads = tuple(binder.reads.values())
        bound.missing = tuple(
            table for table in bound.reads if table.columns is None and not table.temporary
        )
        bound.uses = frozenset(binder.uses)
        bound.unsure = binder.unsure
        bound.problems = (*bound.problems, *binder.problems)
        bound.candidates = tuple(binder.candidates)
        return [*aside, bound]

    def _binder(self) -> Binder:
        binder = Binder(self.schema, self.rules, self.types, self._routines)
        binder.variables = self._variables
        return binder

    def _whole(self, tree: exp.Expr, binder: Binder) -> Bound:
        """Bind a statement, with the CTEs that nobody reads where those are wanted."""
        bound = self._dispatch(tree, binder)
        returning = tree.args.get("returning")
        if isinstance(returning, exp.Returning) and bound.writes:
            into = returning.args.get("into")
            if isinstance(into, exp.Expr):
                self._output(returning.expressions, into, bound)
        if self.rules.binds_dead_ctes:
            binder.bind_dead_ctes()
        elif self.dead_ctes:
            binder.discard_dead_ctes()
        return bound

    def _dispatch(self, tree: exp.Expr, binder: Binder) -> Bound:
        match tree:
            case exp.Create():
                return self._create(tree, binder)
            case exp.Insert():
                return self._insert(tree, binder)
            case exp.MultitableInserts():
                return self._multi_insert(tree, binder)
            case exp.Merge():
                return self._merge(tree, binder)
            case exp.Update():
                return self._update(tree, binder)
            case exp.Delete():
                return self._delete(tree, binder)
            case exp.Alter(actions=[exp.Query() as query]):
                return self._alter_view(tree, query, binder)
            case exp.Alter():
                return self._alter(tree)
            case exp.Export():
                return self._export(tree, binder)
            case exp.LoadData():
                return Bound("copy", [Write(self.target(tree.this, binder), [])])
            case exp.Drop():
                return self._drop(tree)
            case exp.Copy():
                return self._copy(tree, binder)
            case exp.Cache():
                return self._cache(tree, binder)
            case exp.Declare():
                return self._declare_variables(tree, binder)
            case exp.Use():
                return self._use_database(tree)
            case exp.Command() if tree.name.upper() == "UNLOAD":
                return self._unload(tree, binder)
            case exp.Command() if (
                tree.name.upper() in ADMINISTERS or tree.name.upper() == "DECLARE"
            ):
                return Bound("other")
            case exp.Command():
                problem = Problem(
                    "unsupported-statement",
                    f"{tree.this} statements are not understood; nothing is known of this one",
                    place_of(tree),
                    certain=False,
                )
                return Bound("other", problems=(problem,))
            case exp.Execute() | exp.ExecuteSql():
                text = f"what {tree.this.sql()} does is not known here"
                problem = Problem("calls-routine", text, place_of(tree), certain=False)
                return Bound("other", problems=(problem,))
            case exp.Query() | exp.Table() | exp.Values() | exp.Pivot():
                return self._select(tree, binder)
            case _:
                return Bound("other")

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
                columns.append((name, written.get(source.name.lower(), Column(name))))
        parts = tuple(into.name.split(OUTPUT_DOT))
        target = self.schema.find(parts) or Table(self.schema.named(parts), None)
        bound.writes = [*bound.writes, Write(target, columns, write.indirect)]

    # ---- queries -------------------------------------------------------------------------

    def _select(self, tree: exp.Expr, binder: Binder) -> Bound:
        relation = binder.settled(binder.query(tree, CteScope(), top=True))
        into = tree.args.get("into") if isinstance(tree, exp.Select) else None
        if into is not None and self.rules.dialect in _FILLS_VARIABLES:
            return Bound("select", [], relation)
        if into is not None:
            table = self._define(
                into.this,
                binder,
                relation,
                temporary=_temporary_name(into.this) or bool(into.args.get("temporary")),
            )
            write = Write(table, _paired(relation, None), relation.indirect)
            return Bound("create", self._visible(table, [write]), relation, table)
        return Bound("select", [Write(None, _paired(relation, None), relation.indirect)], relation)

    def _query(self, node: exp.Expr, binder: Binder, outer: exp.Expr) -> Relation:
        """Bind the query inside a statement, which may carry the WITH clause itself."""
        scope = CteScope()
        with_ = outer.args.get("with_")
        if with_ is not None:
            scope = binder.with_clause(with_, scope, None)
        return binder.query(node, scope, top=True)

    # ---- CREATE --------------------------------------------------------------------------

    def _create(self, tree: exp.Create, binder: Binder) -> Bound:
        kind = (tree.args.get("kind") or "").upper()
        if isinstance(tree.this, exp.UserDefinedFunction):
            self._routine(tree.this, tree.args.get("expression"))
        if kind not in ("TABLE", "VIEW", "SINK"):
            return Bound("other")
        this = tree.this
        schema_node = this if isinstance(this, exp.Schema) else None
        target = this.this if schema_node is not None else this
        if not isinstance(target, exp.Table):
            return Bound("other")
        temporary = _is_temporary(tree) or _temporary_name(target)
        body = tree.args.get("expression")
        clone = tree.args.get("clone")
        if clone is not None and isinstance(clone.this, exp.Table):
            return self._clone(target, clone.this, binder, temporary=temporary)
        like = tree.find(exp.LikeProperty)
        if body is None and like is not None:
            return self._like(target, like.this, binder, temporary=temporary)
        if body is None:
            return self._declare(target, schema_node, binder, temporary=temporary, kind=kind)
        if (
            isinstance(body, exp.DDL)
            and isinstance(body, exp.Query) is False
            and not isinstance(body, exp.Table)
        ):
            return Bound("other")
        relation = self._query(body, binder, tree)
        names = _schema_names(schema_node)
        declared = _declared_types(schema_node, binder)
        if kind == "TABLE" and self.rules.dialect in _MADE_BY_NAME and not relation.open:
            given = {column.name.lower() for column in relation.columns}
            beside = [Column(name) for name in names if name.lower() not in given]
            relation = Relation([*beside, *relation.columns], relation.indirect)
            names = []
        if (
            names
            and len(names) != len(relation.columns)
            and not relation.open
            and kind == "VIEW"
            and len(names) > len(relation.columns)
        ):
            binder.problems.append(
                Problem(
                    "alias-columns",
                    f"{len(names)} column names are given for {len(relation.columns)} columns",
                    place_of(target),
                )
            )
        relation = _with_names(binder.settled(relation), names)
        table = self._define(
            target, binder, relation, temporary=temporary, types=declared, view=kind == "VIEW"
        )
        properties = tree.args.get("properties")
        into = properties.find(exp.ToTableProperty) if properties is not None else None
        # ClickHouse: what the view computes is kept in another table.
        kept = self.target(into.this, binder) if into is not None else table
        write = Write(kept, _paired(relation, names), relation.indirect)
        return Bound("create", self._visible(table, [write]), relation, table)

    def _routine(self, made: exp.UserDefinedFunction, body: exp.Expr | None) -> None:
        """Keep a macro or function that is an expression or a query: it is bound where called."""
        bodies = body.expressions if isinstance(body, exp.MacroOverloads) else [body]
        for item in bodies:
            parameters = (item if isinstance(item, exp.MacroOverload) else made).expressions
            inner = item.this if isinstance(item, exp.MacroOverload) else item
            names = tuple(
                (p.this if isinstance(p, exp.ColumnDef) else p).name.lower() for p in parameters
            )
            if isinstance(inner, exp.Condition | exp.Query) and not isinstance(inner, exp.Literal):
                self._routines[made.this.name.lower(), len(names)] = Routine(names, inner)

    def _alter_view(self, tree: exp.Alter, query: exp.Expr, binder: Binder) -> Bound:
        """``ALTER VIEW v AS …`` makes the view anew."""
        relation = binder.settled(binder.query(query, CteScope(), top=True))
        known = self.schema.find(binder.parts_of(tree.this))
        table = self._define(tree.this, binder, relation, view=True)
        if known is not None and known.parts != table.parts:
            table = Table(known.parts, table.columns, kind="view")
            self.schema.add(table)
        write = Write(table, _paired(relation, None), relation.indirect)
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
        table = _declared(parts, columns, temporary=temporary, kind=kind.lower())
        self.schema.add(table)
        return Bound("define", defines=table)

    def _declare_variables(self, tree: exp.Declare, binder: Binder) -> Bound:
        """T-SQL's ``DECLARE @t TABLE (a INT)``: a temporary table under that name."""
        for item in tree.expressions:
            schema_node = item.args.get("kind") if isinstance(item, exp.DeclareItem) else None
            names = item.this if isinstance(item.this, list) else [item.this]
            if not isinstance(schema_node, exp.Schema):
                plain = {one.name.lower() for one in names if isinstance(one, exp.Expr)}
                self._variables |= plain
                continue
            for name in names:
                target = exp.Table(this=name.copy())
                self._declare(target, schema_node, binder, temporary=True, kind="TABLE")
        return Bound("define")

    def _type_of(self, item: exp.ColumnDef) -> str | None:
        kind = item.args.get("kind")
        if not isinstance(kind, exp.DataType):
            return None
        text = self.rules.type_text(kind)
        if text is None:
            return None
        return self.types.normalize(text) if self.types is not None else text

    def _clone(
        self, target: exp.Table, source: exp.Table, binder: Binder, *, temporary: bool
    ) -> Bound:
        frame = Frame(CteScope())
        binder.from_item(source, frame)
        relation = frame.entries[0].relation if frame.entries else Relation([])
        columns = list(relation.columns) or [table.star() for table in relation.open]
        relation = Relation(columns, NOTHING, None, relation.open)
        table = self._define(target, binder, relation, temporary=temporary)
        return Bound(
            "create", self._visible(table, [Write(table, _paired(relation, None))]), relation, table
        )

    def _like(
        self, target: exp.Table, source: exp.Expr, binder: Binder, *, temporary: bool
    ) -> Bound:
        model = self.schema.find(binder.parts_of(source)) if isinstance(source, exp.Table) else None
        parts = self.schema.named(binder.parts_of(target))
        table = _declared(parts, model.columns if model else None, temporary=temporary)
        self.schema.add(table)
        return Bound("define", defines=table)

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
        open_ = bool(relation.open)
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

    # ---- INSERT, UPDATE, DELETE, MERGE ------------------------------------------------------

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

    def _insert(self, tree: exp.Insert, binder: Binder) -> Bound:
        this = tree.this
        schema_node = this if isinstance(this, exp.Schema) else None
        target_node = this.this if schema_node is not None else this
        body = tree.args.get("expression") or tree.args.get("source") or None
        if isinstance(target_node, exp.Directory) and isinstance(body, exp.Expr):
            relation = self._query(body, binder, tree)
            table = Table((target_node.name,), None)
            return Bound(
                "insert", [Write(table, _paired(relation, None), relation.indirect)], relation
            )
        table = self.target(target_node, binder)
        if body is None:
            return Bound("insert", [Write(table, [])])
        relation = self._query(body, binder, tree)
        names = _schema_names(schema_node)
        columns = self._placed(tree, table, names, relation, binder)
        columns, indirect = self._on_conflict(tree, table, columns, binder)
        rows = Relation([], merge(relation.indirect, indirect), None, relation.open)
        return Bound("insert", self._into(table, columns, rows), relation)

    def _into(
        self, table: Table, columns: list[tuple[str, Column]], relation: Relation
    ) -> list[Write]:
        """Write to a table; what goes into a temporary one shows where that is read."""
        if not isinstance(table, InlinedTable):
            return [Write(table, columns, relation.indirect)]
        table.absorb(columns, relation)
        if table.temporary:
            aside = self._written_temporaries.setdefault(table, Write(table, []))
            aside.columns = _united([*aside.columns, *columns])
            aside.indirect = merge(aside.indirect, relation.indirect)
        return []

    def _on_conflict(
        self, tree: exp.Insert, table: Table, columns: list[tuple[str, Column]], binder: Binder
    ) -> tuple[list[tuple[str, Column]], Origins]:
        """Add what ON CONFLICT DO UPDATE and ON DUPLICATE KEY UPDATE set, and what decides it.

        ``excluded.x``, and ``VALUES(x)`` in MySQL, is what would have been inserted; a bare name
        is the row that is there.
        """
        conflict = tree.args.get("conflict")
        if conflict is None:
            return columns, NOTHING
        proposed = Frame(CteScope())
        rows = Relation([column.renamed(name) for name, column in columns])
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
        found: list[tuple[str, Column]] = []
        outer, binder._influence = binder._influence, NOTHING  # noqa: SLF001 - one binder in two files
        for item in conflict.expressions:
            if not isinstance(item, exp.EQ):
                continue
            places, values = [item.this], [item.expression]
            given = item.expression.unnest()
            if isinstance(item.this, exp.Tuple):
                places = item.this.expressions
                if isinstance(given, exp.Query):
                    rows = binder.scalar_relation(given, frame)
                    found.extend(
                        (place.name, column)
                        for place, column in zip(places, rows.columns, strict=False)
                    )
                    continue
                values = given.expressions if _is_row(given) else [given]
            for place, value in zip(places, values, strict=False):
                core = place.this if isinstance(place, exp.Bracket) else place
                proposed_value = value.transform(_proposed_value)
                found.append((core.name, _column_of(binder, proposed_value, frame)))
        where = conflict.args.get("where")
        if isinstance(where, exp.Where):
            binder._influenced(binder.value(where.this, frame)[1], FILTER)  # noqa: SLF001 - as above
        keys = {item.name.lower() for item in conflict.args.get("conflict_keys") or ()}
        for name, column in columns:
            if name.lower() in keys:
                binder._influenced(column.direct, JOIN)  # noqa: SLF001 - as above
        indirect, binder._influence = binder._influence or NOTHING, outer  # noqa: SLF001 - as above
        return _united([*columns, *found]), indirect

    def _placed(
        self, tree: exp.Insert, table: Table, names: list[str], relation: Relation, binder: Binder
    ) -> list[tuple[str, Column]]:
        """Pair what is inserted with the columns that receive it: by list, by name, by position."""
        partition = tree.args.get("partition") or (
            tree.this.args.get("partition") if isinstance(tree.this, exp.Table) else None
        )
        static, dynamic = _partition_columns(partition)
        if tree.args.get("by_name"):
            known = {name.lower(): name for name, _ in table.columns or ()}
            for column in relation.columns:
                if table.columns is not None and column.name.lower() not in known:
                    binder.problems.append(
                        Problem(
                            "unknown-column",
                            f'table "{table.name}" has no column "{column.name}"',
                            column.place,
                            column.name,
                        )
                    )
            return [
                (known.get(column.name.lower(), column.name), column) for column in relation.columns
            ]
        if not names and table.columns is not None:
            names = [
                name
                for name, _ in table.columns
                if name.lower() not in static and name.lower() not in dynamic
            ]
            names += [name for name, _ in table.columns if name.lower() in dynamic]
            explicit = False
        else:
            explicit = bool(names)
            there = {name.lower() for name, _ in table.columns or ()}
            for name in names:
                if table.columns is not None and name.lower() not in there:
                    binder.problems.append(
                        Problem(
                            "unknown-column",
                            f'table "{table.name}" has no column "{name}"',
                            place_of(tree),
                            name,
                        )
                    )
            if not names and dynamic:
                kept = [column.name for column in relation.columns]
                if len(kept) >= len(dynamic):
                    names = [*kept[: len(kept) - len(dynamic)], *dynamic]
        if (
            names
            and len(relation.columns) != len(names)
            and not relation.open
            and (explicit or table.columns is not None)
        ):
            binder.problems.append(
                Problem(
                    "insert-arity",
                    f'table "{table.name}" takes {len(names)} columns here '
                    f"but {len(relation.columns)} are given",
                    place_of(tree),
                    certain=self.rules.dialect != "clickhouse",
                )
            )
        if self.types is not None and table.columns is not None:
            self._check_types(table, names, relation, binder)
        return _paired(relation, names)

    def _check_types(
        self, table: Table, names: list[str], relation: Relation, binder: Binder
    ) -> None:
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
        source = tree.args["source"]
        with_ = tree.args.get("with_")
        scope = CteScope()
        frame = Frame(binder.with_clause(with_, scope, None) if with_ is not None else scope)
        if isinstance(source, exp.Table):
            binder.from_item(source, frame)
        else:
            relation = self._query(source, binder, tree)
            alias = source.args.get("alias")
            frame.entries.append(Entry(alias.name.lower() if alias else "", relation))
        source_relation = binder._all_of(frame)  # noqa: SLF001 - one binder in two files
        writes = []
        for item in tree.expressions:
            insert = item.this if isinstance(item, exp.ConditionalInsert) else item
            indirect: Origins = NOTHING
            condition = (
                item.args.get("expression") if isinstance(item, exp.ConditionalInsert) else None
            )
            if condition is not None:
                indirect = mark(binder.value(condition, frame)[1], FILTER)
            schema_node = insert.this if isinstance(insert.this, exp.Schema) else None
            table = self.target(
                schema_node.this if schema_node is not None else insert.this, binder
            )
            body = insert.args.get("expression")
            if body is None:
                rows = source_relation
            elif isinstance(body, exp.Values):
                items = body.expressions[0].expressions
                rows = Relation([_value_of(binder, each, frame) for each in items])
            else:
                select_frame = Frame(frame.ctes)
                select_frame.entries = list(frame.entries)
                rows = _from_outside(binder, body, select_frame)
            names = _schema_names(schema_node)
            columns = self._placed(insert, table, names, rows, binder)
            everything = merge(merge(indirect, rows.indirect), source_relation.indirect)
            writes.extend(self._into(table, columns, Relation([], everything, None, rows.open)))
        return Bound("insert", writes)

    def _update(self, tree: exp.Update, binder: Binder) -> Bound:
        scope = CteScope()
        with_ = tree.args.get("with_")
        if with_ is not None:
            scope = binder.with_clause(with_, scope, None)
        frame = Frame(scope)
        binder._influence = NOTHING  # noqa: SLF001 - one binder in two files
        target_node = tree.this
        from_ = tree.args.get("from_")
        aliased = _aliased_table(target_node, from_)
        if from_ is not None:
            if aliased is None:
                binder.from_item(target_node, frame)
            binder.from_item(from_.this, frame)
            for join in from_.args.get("joins") or ():
                binder.join(join, frame)
        else:
            binder.from_item(target_node, frame)
        for join in tree.args.get("joins") or ():
            binder.join(join, frame)
        writes: dict[Table, list[tuple[str, Column]]] = {}
        main = (
            self.target(aliased or target_node, binder) if not _is_cte(target_node, scope) else None
        )
        for item in tree.expressions:
            if not isinstance(item, exp.EQ):
                continue
            left, right = item.this, item.expression
            places = left.expressions if isinstance(left, exp.Tuple) else [left]
            values: list[Column]
            query = right.unnest() if isinstance(right, (exp.Subquery, exp.Paren)) else right
            if len(places) > 1 and isinstance(query, exp.Query):
                values = binder.scalar_relation(query, frame).columns
            elif len(places) > 1 and _is_row(query):
                values = [_column_of(binder, each, frame) for each in query.expressions]
            else:
                values = [_column_of(binder, right, frame)]
            for place, value in zip(places, values, strict=False):
                core = place.this if isinstance(place, exp.Bracket) else place
                table, name = self._updated(core, frame, main)
                if table is not None:
                    if name == core.name:
                        self._known_column(table, core, binder)
                    writes.setdefault(table, []).append((name, value))
        where = tree.args.get("where")
        if where is not None:
            binder._influenced(binder.value(where.this, frame)[1], FILTER)  # noqa: SLF001 - as above
        indirect = binder._influence or NOTHING  # noqa: SLF001 - as above
        for entry in frame.entries:
            indirect = merge(indirect, entry.relation.indirect)
        rows = Relation([], indirect)
        return Bound(
            "update",
            [w for table, columns in writes.items() for w in self._into(table, columns, rows)],
        )

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

    def _known_column(self, table: Table, place: exp.Expr, binder: Binder) -> None:
        if table.columns is None:
            return
        found = next(
            (name for name, _ in table.columns if name.lower() == place.name.lower()), None
        )
        if found is None:
            binder.problems.append(
                Problem(
                    "unknown-column",
                    f'table "{table.name}" has no column "{place.name}"',
                    place_of(place),
                    place.name,
                )
            )
        else:
            binder.uses.add(table.origin(found))

    def _delete(self, tree: exp.Delete, binder: Binder) -> Bound:
        scope = CteScope()
        with_ = tree.args.get("with_")
        if with_ is not None:
            scope = binder.with_clause(with_, scope, None)
        frame = Frame(scope)
        binder._influence = NOTHING  # noqa: SLF001 - one binder in two files
        this = tree.this
        if isinstance(this, exp.Table):
            binder.from_item(this, frame)
        elif tree.args.get("tables"):  # T-SQL's DELETE without FROM
            binder.from_item(tree.args["tables"][0], frame)
        using = tree.args.get("using") or ()
        for item in using if isinstance(using, list | tuple) else [using]:
            binder.from_item(item, frame)
        where = tree.args.get("where")
        if where is not None:
            binder._influenced(binder.value(where.this, frame)[1], FILTER)  # noqa: SLF001 - as above
        indirect = binder._influence or NOTHING  # noqa: SLF001 - as above
        for other in frame.entries[1:]:
            indirect = merge(indirect, other.relation.indirect)
        targets = tree.args.get("tables") or ([this] if isinstance(this, exp.Table) else [])
        table = None
        for node in targets:
            entry = next((e for e in frame.entries if e.alias == node.name.lower()), None)
            table = entry.relation.table if entry is not None else None
            table = table or self.target(node, binder)
            break
        rows = Relation([], indirect)
        return Bound("delete", self._into(table, [], rows) if table is not None else [])

    def _merge(self, tree: exp.Merge, binder: Binder) -> Bound:
        scope = CteScope()
        with_ = tree.args.get("with_")
        if with_ is not None:
            scope = binder.with_clause(with_, scope, None)
        frame = Frame(scope)
        binder._influence = NOTHING  # noqa: SLF001 - one binder in two files
        binder.from_item(tree.this, frame)
        table = self.target(tree.this, binder)
        using = tree.args["using"]
        binder.from_item(using, frame)
        sources = frame.entries[1:]
        on = tree.args.get("on")
        if on is not None:
            binder._influenced(binder.value(on, frame)[1], JOIN)  # noqa: SLF001 - as above
        columns: list[tuple[str, Column]] = []
        whens = tree.args.get("whens")
        for when in whens.expressions if whens is not None else ():
            condition = when.args.get("condition")
            if condition is not None:
                binder._influenced(binder.value(condition, frame)[1], FILTER)  # noqa: SLF001 - as above
            columns.extend(self._when(when, frame, sources, table, binder))
        indirect = binder._influence or NOTHING  # noqa: SLF001 - as above
        for entry in sources:
            indirect = merge(indirect, entry.relation.indirect)
        return Bound("merge", self._into(table, _united(columns), Relation([], indirect)))

    def _when(
        self, when: exp.When, frame: Frame, sources: list[Entry], table: Table, binder: Binder
    ) -> list[tuple[str, Column]]:
        then = when.args.get("then")
        found: list[tuple[str, Column]] = []
        if isinstance(then, exp.Update):
            if not then.expressions or any(isinstance(item, exp.Star) for item in then.expressions):
                return self._by_name(sources, table)
            for item in then.expressions:
                if isinstance(item, exp.EQ):
                    self._known_column(table, item.this, binder)
                    found.append((item.this.name, _column_of(binder, item.expression, frame)))
        elif isinstance(then, exp.Insert):
            values = then.args.get("expression")
            inside = Frame(frame.ctes)
            inside.entries = list(sources)
            row = isinstance(then.this, exp.Var) and then.this.name.upper() == "ROW"
            if isinstance(then.this, exp.Star) or row:
                return self._by_name(sources, table)
            items = (
                list(values.expressions)
                if isinstance(values, exp.Tuple)
                else ([values] if isinstance(values, exp.Expr) else [])
            )
            if isinstance(values, exp.Values):
                items = values.expressions[0].expressions
            names = (
                [item.name for item in then.this.expressions]
                if isinstance(then.this, exp.Tuple)
                else []
            )
            if not items and names and then.this.expressions[0].name.upper() == "VALUES":
                # `INSERT VALUES (…)` without columns is read as columns without values.
                names, items = [], list(then.this.expressions[0].expressions)
            if not names:
                if not items and (isinstance(values, exp.Var) or values is None):
                    return self._by_name(sources, table)
                names = [name for name, _ in table.columns or ()]
                if table.columns is None:
                    names = [item.alias_or_name for item in items]
            if len(items) == 1 and isinstance(items[0], exp.Var) and items[0].name.upper() == "ROW":
                return self._by_name(sources, table)
            for name, item in zip(names, items, strict=False):
                found.append((name, _column_of(binder, item, inside)))
        elif isinstance(then, exp.Var) and "*" in then.name:
            return self._by_name(sources, table)
        return found

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

    # ---- COPY, CACHE, ALTER, DROP, USE --------------------------------------------------------

    def _copy(self, tree: exp.Copy, binder: Binder) -> Bound:
        this = tree.this
        schema_node = this if isinstance(this, exp.Schema) else None
        target_node = this.this if schema_node is not None else this
        into = bool(tree.args.get("kind"))
        files = tree.args.get("files") or ()
        if not into:
            relation = (
                self._query(target_node, binder, tree)
                if isinstance(target_node, exp.Query)
                else _relation_of(binder, target_node)
            )
            name = files[0].name if files else "file"
            return Bound(
                "copy",
                [Write(Table((name,), None), _paired(relation, None), relation.indirect)],
                relation,
            )
        if not isinstance(target_node, exp.Table):
            return Bound("copy")
        names = _schema_names(schema_node)
        if isinstance(target_node.this, exp.Literal | exp.Var):  # out of the database
            table = Table((target_node.name,), None)
        else:
            table = self.target(target_node, binder)
        for item in files:
            query = item.unnest() if isinstance(item, exp.Subquery) else item
            if isinstance(query, exp.Table) and table.columns is None and not names:
                if isinstance(target_node.this, exp.Literal | exp.Var):
                    relation = _relation_of(binder, query)
                    write = Write(table, _paired(relation, None), relation.indirect)
                    return Bound("copy", [write], relation)
                continue
            if isinstance(query, exp.Query):
                relation = self._query(query, binder, tree)
                names = names or [name for name, _ in table.columns or ()]
                return Bound(
                    "copy", [Write(table, _paired(relation, names), relation.indirect)], relation
                )
        return Bound("copy", [Write(table, [])])

    def _export(self, tree: exp.Export, binder: Binder) -> Bound:
        """BigQuery's ``EXPORT DATA OPTIONS (uri = …) AS query``."""
        relation = self._query(tree.this, binder, tree)
        options = tree.args.get("options")
        named = {item.name.lower(): item for item in (options.expressions if options else ())}
        place = named["uri"].args["value"].name if "uri" in named else "file"
        write = Write(Table((place,), None), _paired(relation, None), relation.indirect)
        return Bound("copy", [write], relation)

    def _unload(self, tree: exp.Command, binder: Binder) -> Bound:
        """Redshift's and Athena's ``UNLOAD ('query') TO 'place'``, which the parser leaves whole.

        Its query is text of its own, so a place in it is told as that of the statement.
        """
        found = _UNLOAD.match(tree.args["expression"].name)
        parsed = parse(_unquoted(found), self.rules.dialect) if found is not None else []
        if found is None or len(parsed) != 1 or parsed[0].tree is None:
            text = "the query inside UNLOAD does not parse; nothing is known of this statement"
            return Bound("other", problems=(Problem("does-not-parse", text, place_of(tree)),))
        relation = binder.query(parsed[0].tree, CteScope(), top=True)
        binder.problems = [replace(item, place=place_of(tree)) for item in binder.problems]
        table = Table((found["place"],), None)
        return Bound("copy", [Write(table, _paired(relation, None), relation.indirect)], relation)

    def _cache(self, tree: exp.Cache, binder: Binder) -> Bound:
        body = tree.args.get("expression")
        if body is None:
            return Bound("other")
        relation = self._query(body, binder, tree)
        table = self._define(tree.this, binder, relation, temporary=True)
        return Bound(
            "create",
            self._visible(table, [Write(table, _paired(relation, None), relation.indirect)]),
            relation,
            table,
        )

    def _alter(self, tree: exp.Alter) -> Bound:
        target = tree.this
        if not isinstance(target, exp.Table):
            return Bound("other")
        parts = tuple(part.name for part in target.parts)
        table = self.schema.find(parts)
        for action in tree.args.get("actions") or ():
            table = self._altered(action, table, parts)
        return Bound("define", defines=table)

    def _altered(self, action: exp.Expr, table: Table | None, parts: Parts) -> Table | None:
        columns = list(table.columns) if table is not None and table.columns is not None else None
        name = table.parts if table is not None else self.schema.named(parts)
        match action:
            case exp.AlterRename(this=exp.Table() as new):
                self.schema.remove(name)
                renamed = tuple(part.name for part in new.parts)
                full = (*name[: len(name) - len(renamed)], *renamed)
                name = full
            case exp.SwapTable(this=exp.Table() as other):
                second = self.schema.find(tuple(part.name for part in other.parts))
                if table is None or second is None:
                    return table
                first_columns, second_columns = table.columns, second.columns
                self.schema.add(Table(second.parts, first_columns, kind=second.kind))
                columns = list(second_columns) if second_columns is not None else None
            case exp.ColumnDef() if columns is not None:
                columns.append((action.this.name, self._type_of(action)))
            case exp.Drop() if columns is not None:
                dropped = action.args.get("tables") or [action.this]
                gone = {item.name.lower() for item in dropped if item is not None}
                columns = [pair for pair in columns if pair[0].lower() not in gone]
            case exp.RenameColumn() if columns is not None:
                old, new = action.this.name.lower(), action.args["to"].name
                columns = [(new, t) if n.lower() == old else (n, t) for n, t in columns]
            case exp.AlterColumn() if columns is not None:
                kind = action.args.get("dtype")
                text = self.rules.type_text(kind) if isinstance(kind, exp.DataType) else None
                if text is not None:
                    text = self.types.normalize(text) if self.types is not None else text
                    columns = [
                        (n, text) if n.lower() == action.this.name.lower() else (n, t)
                        for n, t in columns
                    ]
            case _:
                return table
        if columns is None and table is None and not isinstance(action, exp.AlterRename):
            return None
        new_table = Table(name, columns, kind=table.kind if table is not None else "table")
        if isinstance(table, InlinedTable):
            new_table = table.altered(name, columns, action)
            if table in self._written_temporaries:
                aside = self._written_temporaries.pop(table)
                aside.target = new_table
                self._written_temporaries[new_table] = aside
        self.schema.add(new_table)
        return new_table

    def _drop(self, tree: exp.Drop) -> Bound:
        if (tree.args.get("kind") or "").upper() in ("TABLE", "VIEW"):
            for node in tree.args.get("tables") or (
                [tree.this] if isinstance(tree.this, exp.Table) else []
            ):
                if isinstance(node, exp.Table):
                    table = self.schema.find(tuple(part.name for part in node.parts))
                    if table is not None:
                        self.schema.forget(table)
        return Bound("define")

    def _use_database(self, tree: exp.Use) -> Bound:
        this = tree.this
        if isinstance(this, exp.Table):
            kind = tree.args.get("kind")
            word = kind.name.upper() if isinstance(kind, exp.Expr) else ""
            if this.db:
                self.schema.database, self.schema.default = this.db, this.name
            elif word in ("", "SCHEMA", "DATABASE"):
                if word == "DATABASE" or (
                    not word and self.rules.dialect in ("tsql", "fabric", "snowflake")
                ):
                    self.schema.database = this.name
                else:
                    self.schema.default = this.name
        return Bound("define")

    def unread_temporaries(self, results: list[Bound]) -> list[Write]:
        """Return the writes of temporary tables that no statement of the script read."""
        read = {table for bound in results for table in bound.reads}
        return [write for table, write in self._written_temporaries.items() if table not in read]


_FILLS_VARIABLES = frozenset({"oracle", "mysql", "mariadb", "snowflake", "teradata", "bigquery"})
"""``SELECT … INTO x`` makes no table there."""
_MADE_BY_NAME = frozenset({"mysql", "mariadb", "singlestore"})
"""``CREATE TABLE t (a INT) SELECT b …`` has both: what is selected keeps its name there."""


class InlinedTable(Table):
    """A temporary table or view that lets its readers see through to where its rows come from."""

    __slots__ = ("_inside",)

    def __init__(self, parts: Parts, relation: Relation, *, temporary: bool) -> None:
        columns = (
            None if relation.open else [(column.name, column.type) for column in relation.columns]
        )
        super().__init__(parts, columns, temporary=temporary)
        self._inside = Relation(relation.columns, relation.indirect, None, relation.open)

    def relation(self) -> Relation:
        """Return what was put in, with its origins."""
        return self._inside

    def altered(
        self, parts: Parts, columns: list[tuple[str, str | None]] | None, action: exp.Expr
    ) -> InlinedTable:
        """Return the table under another name or with other columns, and what is in it."""
        inside = self._inside
        known = {column.name.lower(): column for column in inside.columns}
        if isinstance(action, exp.RenameColumn):
            old = known.get(action.this.name.lower())
            if old is not None:
                known[action.args["to"].name.lower()] = old
        kept = inside.columns
        if columns is not None:
            kept = [
                known[name.lower()].renamed(name) if name.lower() in known else Column(name, type_)
                for name, type_ in columns
            ]
        relation = Relation(kept, inside.indirect, None, inside.open)
        return InlinedTable(parts, relation, temporary=self.temporary)

    def absorb(self, columns: list[tuple[str, Column]], relation: Relation) -> None:
        """Add what another INSERT puts in."""
        inside = self._inside
        merged = {column.name.lower(): column for column in inside.columns}
        for name, column in columns:
            old = merged.get(name.lower())
            if old is None:
                merged[name.lower()] = column.renamed(name)
                continue
            merged[name.lower()] = Column(
                old.name,
                old.type,
                merge(old.direct, column.direct),
                merge(old.indirect, column.indirect),
            )
        both = tuple(dict.fromkeys((*inside.open, *relation.open)))
        opened = () if self.columns is not None else both
        indirect = merge(inside.indirect, relation.indirect)
        self._inside = Relation(list(merged.values()), indirect, None, opened)


def _declared(
    parts: Parts,
    columns: Iterable[tuple[str, str | None]] | None,
    *,
    temporary: bool,
    kind: str = "table",
) -> Table:
    """Return a table that is made without rows; what a temporary one gets is seen through it."""
    if not temporary or columns is None:
        return Table(parts, columns, temporary=temporary, kind=kind)
    empty = Relation([Column(name, type_) for name, type_ in columns])
    return InlinedTable(parts, empty, temporary=True)


_UNLOAD = re.compile(
    r"\s*\(\s*(?:'(?P<text>(?:[^'\\]|''|\\.)*)'|\$\$(?P<dollar>.*?)\$\$|(?P<bare>.*?))\s*\)"
    r"\s*TO\s*'(?P<place>[^']*)'",
    re.IGNORECASE | re.DOTALL,
)


def _unquoted(found: re.Match[str]) -> str:
    text = found["text"]
    if text is not None:
        return re.sub(r"''|\\'", "'", text)
    return found["dollar"] or found["bare"] or ""


def _proposed_value(node: exp.Expr) -> exp.Expr:
    """MySQL's ``VALUES(x)`` in ON DUPLICATE KEY UPDATE is what others call ``excluded.x``."""
    if isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES" and node.expressions:
        return exp.column(node.expressions[0].name, table="excluded")
    return node


def _writing_ctes(tree: exp.Expr) -> list[exp.Expr]:
    """Return the statements inside WITH that write (PostgreSQL), each with the CTEs before it."""
    with_ = tree.args.get("with_")
    ctes = with_.expressions if isinstance(with_, exp.With) else []
    found: list[exp.Expr] = []
    for position, cte in enumerate(ctes):
        if isinstance(cte.this, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
            statement = cte.this.copy()
            if position and statement.args.get("with_") is None:
                before = [
                    item.copy() for item in ctes[:position] if isinstance(item.this, exp.Query)
                ]
                statement.set("with_", exp.With(expressions=before))
            found.append(statement)
    return found


def _body(tree: exp.Expr) -> list[exp.Expr] | None:
    """Return the statements inside a block, procedure, IF or loop; ``None`` for anything else."""
    match tree:
        case exp.Block():
            return [item for item in tree.args.get("expressions") or () if item is not None]
        case exp.IfBlock():
            return [
                item
                for key in ("true", "false")
                if isinstance(item := tree.args.get(key), exp.Expr)
            ]
        case exp.ForIn():
            return _loop(tree)
        case exp.WhileBlock():
            body = tree.args.get("body")
            return [body] if isinstance(body, exp.Expr) else []
        case exp.Create() if (tree.args.get("kind") or "").upper() in ("PROCEDURE", "FUNCTION"):
            body = tree.args.get("expression")
            if isinstance(body, exp.Block):
                return [item for item in body.args.get("expressions") or () if item is not None]
            if (
                isinstance(body, (exp.DML, exp.Merge))
                and (tree.args.get("kind") or "").upper() == "PROCEDURE"
            ):
                return [body]
    return None


def _is_row(node: exp.Expr) -> bool:
    """Return whether several values are given at once: ``(a, b)`` or ``ROW(a, b)``."""
    row = isinstance(node, exp.Anonymous) and node.name.upper() == "ROW"
    return row or isinstance(node, exp.Tuple)


def _loop(tree: exp.ForIn) -> list[exp.Expr]:
    """Return the statement of ``FOR r IN (query) DO …``, with a subquery for each ``r.a``."""
    statement = tree.expression
    if not isinstance(statement, exp.Expr) or not isinstance(tree.this, exp.In):
        return []
    query, name = tree.this.args.get("query"), tree.this.this.name.lower()
    statement = statement.copy()
    for column in list(statement.find_all(exp.Column)):
        if isinstance(query, exp.Subquery) and column.table.lower() == name:
            rows = query.copy()
            rows.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
            value = exp.Subquery(this=exp.select(column.copy()).from_(rows))
            named = isinstance(column.parent, exp.Select)
            column.replace(exp.alias_(value, column.name) if named else value)
    return [statement]


def _value_of(binder: Binder, node: exp.Expr, frame: Frame) -> Column:
    """Bind what a multi-table INSERT puts in: ``$2`` is the second column, and is called so."""
    columns = frame.entries[0].relation.columns
    number = node.name if isinstance(node, exp.Parameter) else ""
    if number.isdigit() and 0 < int(number) <= len(columns):
        return columns[int(number) - 1]
    return _column_of(binder, node, frame)


def _column_of(binder: Binder, node: exp.Expr, frame: Frame) -> Column:
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


def _from_outside(binder: Binder, body: exp.Expr, frame: Frame) -> Relation:
    """Bind ``SELECT x`` without FROM whose rows are those of an outer source (Hive)."""
    outer = Frame(frame.ctes)
    outer.entries = frame.entries
    indirect: Origins = NOTHING
    where = body.args.get("where")
    if where is not None:
        indirect = mark(binder.value(where.this, outer)[1], FILTER)
    relation = binder._project(body.expressions, outer)  # noqa: SLF001 - one binder in two files
    return Relation(relation.columns, indirect, None, relation.open)


def _relation_of(binder: Binder, node: exp.Expr) -> Relation:
    frame = Frame(CteScope())
    binder.from_item(node, frame)
    return binder._all_of(frame)  # noqa: SLF001 - one binder in two files


def _paired(relation: Relation, names: list[str] | None) -> list[tuple[str, Column]]:
    """Pair output columns with the names they are written under, by position."""
    if not names:
        return [(column.name, column) for column in relation.columns]
    if any(column.name == "*" for column in relation.columns):
        star = next(i for i, column in enumerate(relation.columns) if column.name == "*")
        head = list(zip(names, relation.columns[:star], strict=False))
        return [*head, *(("*", column) for column in relation.columns[star:])]
    return [
        (names[i] if i < len(names) else column.name, column)
        for i, column in enumerate(relation.columns)
    ]


def _united(columns: list[tuple[str, Column]]) -> list[tuple[str, Column]]:
    """Merge what several branches of a MERGE put into the same column."""
    merged: dict[str, tuple[str, Column]] = {}
    for name, column in columns:
        key = name.lower()
        if key in merged:
            old = merged[key][1]
            united = Column(
                old.name,
                old.type,
                merge(old.direct, column.direct),
                merge(old.indirect, column.indirect),
                None,
                old.place,
            )
            merged[key] = (merged[key][0], united)
        else:
            merged[key] = (name, column)
    return list(merged.values())


def _with_names(relation: Relation, names: list[str]) -> Relation:
    if not names or any(column.name == "*" for column in relation.columns):
        return relation
    columns = [
        column.renamed(names[i]) if i < len(names) else column
        for i, column in enumerate(relation.columns)
    ]
    return Relation(columns, relation.indirect, None, relation.open)


def _schema_names(node: exp.Schema | None) -> list[str]:
    if node is None:
        return []
    return [
        item.this.name if isinstance(item, exp.ColumnDef) else item.name
        for item in node.expressions
        if isinstance(item, (exp.ColumnDef, exp.Identifier, exp.Column))
    ]


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


def _is_temporary(tree: exp.Create) -> bool:
    properties = tree.args.get("properties")
    if properties is None:
        return False
    kinds = (exp.TemporaryProperty, exp.VolatileProperty)  # the second is Teradata's
    return any(isinstance(item, kinds) for item in properties.expressions)


def _temporary_name(node: exp.Expr) -> bool:
    """T-SQL's ``#name``."""
    identifier = node.this if isinstance(node, exp.Table) else node
    return bool(
        node.name.startswith("#")
        or (isinstance(identifier, exp.Identifier) and identifier.args.get("temporary"))
    )


def _aliased_table(target: exp.Expr, from_: exp.Expr | None) -> exp.Table | None:
    """``UPDATE a … FROM t AS a``: the table behind the alias."""
    if from_ is None or not isinstance(target, exp.Table) or target.db:
        return None
    for table in _items_of(from_):
        alias = table.args.get("alias")
        if alias is not None and alias.name.lower() == target.name.lower():
            return table
        if table.name.lower() == target.name.lower() and target.args.get("alias") is None:
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


def _is_cte(node: exp.Expr, scope: CteScope) -> bool:
    return isinstance(node, exp.Table) and not node.db and scope.find(node.name.lower()) is not None


def _deduplicate(columns: list[Column], rules: Rules) -> list[Column]:
    """Number repeated names as engines do that let a table be made of them."""
    from lineage.sql.source import deduplicated  # noqa: PLC0415 - one binder in two files

    if not rules.dedupe_names:
        return columns
    return deduplicated(Relation(columns)).columns


__all__ = ["Bound", "InlinedTable", "StatementBinder", "Write", "children"]
