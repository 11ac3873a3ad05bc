"""Binds queries: FROM, CTEs, stars, set operations, and the columns that come out.

One walk over the syntax tree, scope by scope, as an engine's own binder does it; the tree is
not changed, so a statement is parsed once and bound as often as its tables change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sqlglot import exp

from lineage.sql.dialect import Rules
from lineage.sql.expression import children
from lineage.sql.frame import Cte, CteScope, Frame, Problem, Routine
from lineage.sql.grouping import ungrouped
from lineage.sql.pivot import rows_of
from lineage.sql.place import place_of
from lineage.sql.projection import FAR
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    JOIN,
    NOTHING,
    SORT,
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
from lineage.sql.resolution import UNKNOWN_VALUE, Types, Value
from lineage.sql.source import deduplicated
from lineage.sql.united import SetOperations

if TYPE_CHECKING:
    from lineage.sql.typing import TypeSystem

T = TypeVar("T")
_MAX_DEPTH = 2_000
_MAX_QUERIES = 100_000


class Binder(SetOperations):
    """Binds one statement against a schema. Make a new one for every binding."""

    def __init__(
        self,
        schema: Schema,
        rules: Rules,
        types: TypeSystem | None,
        routines: Mapping[tuple[str, int], Routine] | None = None,
    ) -> None:
        self.schema = schema
        self.routines = routines or {}
        self._inside: set[exp.Expr] = set()
        """Bodies of routines that are being bound."""
        self.rules = rules
        self.types = types
        self._undecided = types.undecided if types is not None else frozenset()
        self.problems: list[Problem] = []
        self.uses: set[Origin] = set()
        self.unsure: dict[Types, tuple[int, int]] = {}
        self.shapes: dict[tuple[str, ...], None] = {}
        self.candidates: list[tuple[tuple[Origin, ...], str]] = []
        self.reads: dict[Parts, Table] = {}
        self.missing: dict[Parts, exp.Expr] = {}
        """Tables that are named and that nobody described."""
        self._unknown: dict[Parts, Table] = {}
        self._influence: Origins | None = None
        self._depth = 0
        self._queries = 0
        self.variables: Mapping[str, Column] = {}
        self.rows: Table | None = None
        self.last_rows: Relation | None = None
        """What the statement before gave, if it was a query."""
        self._ctes: list[Cte] = []
        self._around: list[Frame] = []
        """Frames that subqueries in FROM stand in: their collections may be named inside."""
        self._unfolded: dict[str, tuple[Table, str, str, tuple[str, ...]]] = {}
        """By alias, the nested collections that FROM names: table, column, its type, the path."""
        self._unfolds = False
        """FROM names a nested collection, as only Impala does; its stars pass over those."""

    def query(
        self,
        node: exp.Expr,
        ctes: CteScope,
        parent: Frame | None = None,
        *,
        top: bool = False,
    ) -> Relation:
        """Bind a query expression and return what it yields."""
        self._queries += 1
        if self._queries > _MAX_QUERIES:
            # Recursive CTEs inside one another are bound again and again: give up, and say so.
            if self._queries == _MAX_QUERIES + 1:
                text = f"binding takes more than {_MAX_QUERIES} queries; the rest is not known"
                self.problems.append(Problem("gave-up", text, place_of(node), certain=False))
            return Relation([])
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            self._depth -= 1
            self.problems.append(
                Problem(
                    "too-deep", f"queries are nested more than {_MAX_DEPTH} deep", certain=False
                )
            )
            return Relation([])
        try:
            with_ = node.args.get("with_")
            if with_ is not None:
                ctes = self.with_clause(with_, ctes, parent)
            if isinstance(node, exp.Select):
                return self._select(node, ctes, parent, top=top)
            if isinstance(node, exp.SetOperation):
                return self._set_operation(node, ctes, parent, top=top)
            if isinstance(node, exp.Subquery):
                return self._subquery(node, ctes, parent, top=top)
            if isinstance(node, exp.Paren):
                return self.query(node.this, ctes, parent, top=top)
            frame = Frame(ctes, parent)
            self.from_item(node, frame)
            return self.all_of(frame)
        finally:
            self._depth -= 1

    def _subquery(
        self, node: exp.Subquery, ctes: CteScope, parent: Frame | None, *, top: bool
    ) -> Relation:
        inner = node.this
        if node.args.get("joins") or node.args.get("pivots") or node.args.get("laterals"):
            frame = Frame(ctes, parent)
            self.from_item(node, frame)
            return self.all_of(frame)
        relation = self.query(inner, ctes, parent, top=top)
        if node.args.get("order") is not None:
            limited = node.args.get("limit") is not None or node.args.get("offset") is not None
            keys = self._order_keys(node.args["order"], relation, None, Frame(ctes, parent))
            if top or limited:
                relation = Relation(
                    relation.columns,
                    merge(relation.indirect, mark(keys, SORT)),
                    None,
                    relation.open,
                )
        return self._cut(node, relation, Frame(ctes, parent))

    @contextmanager
    def gathering(self) -> Iterator[Callable[[], Origins]]:
        """Gather apart what influences rows inside; the call returns what has been so far."""
        outer, self._influence = self._influence, NOTHING
        try:
            yield lambda: self._influence or NOTHING
        finally:
            self._influence = outer

    def all_of(self, frame: Frame) -> Relation:
        """Return every column that a FROM clause shows, as ``SELECT *`` does."""
        columns, open_tables = self._expand_star(frame, None)
        self.refuse(columns, frame)
        indirect: Origins = NOTHING
        for entry in frame.entries:
            indirect = merge(indirect, entry.relation.indirect)
        return Relation(columns, indirect, None, open_tables)

    def with_clause(self, node: exp.With, ctes: CteScope, parent: Frame | None) -> CteScope:
        """Open a scope with the CTEs of a WITH clause. Each sees those before it."""
        scope = ctes
        recursive = bool(node.args.get("recursive"))
        if self.rules.later_ctes:
            scope = CteScope(ctes)
            for item in node.expressions:
                cte = Cte(item.alias.lower(), item, scope, parent)
                scope.here[cte.name] = cte
                self._ctes.append(cte)
            return scope
        for item in node.expressions:
            name = item.alias.lower()
            made = _function_named(item) if self.rules.scalar_ctes else None
            if made is not None:
                self.routines = {**self.routines, (name, len(made.names)): made}
                continue
            inner = CteScope(scope)
            cte = Cte(name, item, inner if recursive else scope, parent)
            inner.here[name] = cte
            self._ctes.append(cte)
            scope = inner
        return scope

    def _cte_relation(self, cte: Cte) -> Relation:
        if cte.relation is not None:
            return cte.relation
        node = cte.node
        if node is None:
            return Relation([])
        body = node.this
        if cte.busy:
            return Relation([])
        cte.busy = True
        parent = cte.parent
        outer, self._influence = self._influence, None
        recursive = cte.scope.here.get(cte.name) is cte
        if recursive and isinstance(body, exp.SetOperation) and _names(body.expression, cte.name):
            relation = self._recursive(cte, body, parent)
        elif isinstance(body, exp.Query | exp.Pivot):
            relation = self.query(body, cte.scope, parent)
        else:
            relation = self._statement_as_relation(body, cte.scope, parent)
        relation = self._renamed(relation, node.args.get("alias"))
        if self.rules.dedupe_names:
            relation = deduplicated(relation)
        self._influence = outer
        cte.relation = relation
        cte.busy = False
        return relation

    def cte_value(self, cte: Cte, frame: Frame) -> Value:
        """Return the one value of a scalar CTE, which is named as if it were a column.

        An expression is bound where it is named: it may use what FROM gives there.
        """
        body = cte.node.this if cte.node is not None else None
        if isinstance(body, exp.Expr) and not isinstance(body, exp.Query | exp.Subquery):
            if cte.busy:
                return UNKNOWN_VALUE
            cte.busy = cte.used = True
            type_, origins = self.value(body, frame)
            cte.busy = False
            plain = isinstance(body, exp.Column)
            return type_, origins if plain else lift(origins, TRANSFORMATION)
        relation = self._cte_relation(cte)
        if relation.indirect:
            self._influence = merge(self._influence or NOTHING, relation.indirect)
        if not relation.columns:
            return UNKNOWN_VALUE
        self._carry(relation.columns[0])
        return (relation.columns[0].type, relation.columns[0].direct)

    def _statement_as_relation(
        self, node: exp.Expr, ctes: CteScope, parent: Frame | None
    ) -> Relation:
        """A CTE that is a scalar expression (ClickHouse) or a statement with RETURNING."""
        returning = node.args.get("returning")
        if returning is not None:
            frame = Frame(ctes, parent)
            target = node.this.this if isinstance(node.this, exp.Schema) else node.this
            if isinstance(target, exp.Table):
                self.from_item(target, frame)
            return self.project(returning.expressions, frame)
        frame = Frame(ctes, parent)
        type_, origins = self.value(node, frame)
        return Relation([Column(node.alias_or_name or "value", type_, origins)])

    def _recursive(self, cte: Cte, body: exp.SetOperation, parent: Frame | None) -> Relation:
        """Bind the anchor, then the recursive branch until the origins stop growing."""
        anchor = self.query(body.this, cte.scope, parent)
        named = self._renamed(anchor, cte.node.args.get("alias") if cte.node else None)
        current = named
        for _ in range(len(named.columns) + 4):  # values may go round through all columns
            cte.relation = current
            mark_problems, mark_candidates = len(self.problems), len(self.candidates)
            step = self.query(body.expression, cte.scope, parent)
            merged = self._united(
                [current, step],
                [body.this, body.expression],
                body,
                by_name=bool(body.args.get("by_name")),
            )
            grown = len(merged.indirect) > len(current.indirect) or any(
                len(new.direct) > len(old.direct) or len(new.indirect) > len(old.indirect)
                for new, old in zip(merged.columns, current.columns, strict=False)
            )
            current = Relation(merged.columns, merged.indirect, None, merged.open)
            if not grown:
                break
            del self.problems[mark_problems:]
            del self.candidates[mark_candidates:]
        cte.relation = None
        return Relation(
            [
                new.renamed(old.name)
                for new, old in zip(current.columns, anchor.columns, strict=False)
            ],
            current.indirect,
            None,
            current.open,
        )

    def bind_dead_ctes(self) -> None:
        """Bind the CTEs that nobody read, as engines do that check them all the same."""
        for cte in list(self._ctes):
            if cte.relation is None and not cte.busy and not cte.used:
                self._cte_relation(cte)

    def discard_dead_ctes(self) -> None:
        """Learn what unread CTEs refer to, without holding their errors against the statement."""
        problems, reads = list(self.problems), dict(self.reads)
        candidates, missing = list(self.candidates), dict(self.missing)
        self.bind_dead_ctes()
        self.problems, self.reads, self.candidates, self.missing = (
            problems,
            reads,
            candidates,
            missing,
        )

    def _select(
        self, node: exp.Select, ctes: CteScope, parent: Frame | None, *, top: bool
    ) -> Relation:
        args = node.args
        frame = Frame(ctes, parent)
        outer, self._influence = self._influence, NOTHING
        from_ = args.get("from_")
        if from_ is not None:
            self.from_item(from_.this, frame)
        for item in _in_order(args.get("laterals") or [], args.get("joins") or []):
            if isinstance(item, exp.Join):
                self.join(item, frame)
            else:
                self.from_item(item, frame)
        match = args.get("match")
        if match is not None:
            self._match_recognize(match, frame)
        for window in args.get("windows") or ():
            frame.windows[window.name.lower()] = window
        projections = node.expressions
        self._name_projections(node, frame)
        if args.get("group") is not None and self.rules.generators:
            self._time_windows(args["group"], frame)
        if self.rules.alias_in_where:
            frame.position = FAR
        for clause in ("prewhere", "where"):
            found = args.get(clause)
            if found is not None:
                self.influenced(self._boolean(found.this, frame, "WHERE"), FILTER)
        connect = args.get("connect")
        if connect is not None:
            for name in ("level", "connect_by_isleaf", "connect_by_iscycle"):
                frame.values.setdefault(name, UNKNOWN_VALUE)
            for item in children(connect):
                self.influenced(self.value(item, frame)[1], JOIN)
        frame.position = 0
        relation = self.project(projections, frame)
        frame.position = FAR
        group = args.get("group")
        if group is not None:
            self._group(group, projections, relation, frame)
        if self.rules.knows_aggregates:
            self.problems.extend(ungrouped(node, frame))
        for clause in ("having", "qualify"):
            found = args.get(clause)
            if found is not None:
                self.influenced(self._after_grouping(found.this, clause, relation, frame), FILTER)
                if clause == "having" and frame.aliases and self.rules.alias_in_having:
                    self._aliased_in_having(found.this, group, frame)
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            on = distinct.args["on"]
            for item in on.expressions if isinstance(on, exp.Tuple) else [on]:
                self.influenced(self._key(item, relation, frame, aliases_first=True), GROUP_BY)
        elif distinct is not None:
            self._influence = merge(self._influence or NOTHING, rows_of(relation, GROUP_BY))
        for clause in ("order", "sort", "distribute", "cluster"):
            found = args.get(clause)
            if found is not None:
                keys = self._order_keys(found, relation, node, frame)
                if (
                    top
                    or args.get("limit") is not None
                    or args.get("offset") is not None
                    or (distinct is not None and distinct.args.get("on"))
                ):
                    self.influenced(keys, SORT)
        if frame.windows and self.rules.binds_dead_windows:
            self._bind_dead_windows(frame)
        if frame.unfolded:
            self.influenced(frame.unfolded, JOIN)
        self._limited(node, frame)
        indirect = self._influence
        for entry in frame.entries:
            if entry.relation.indirect:
                indirect = merge(indirect, entry.relation.indirect)
        self._influence = outer
        pivots = args.get("pivots")
        relation = Relation(relation.columns, indirect, None, relation.open)
        for pivot in pivots or ():
            relation = self._pivot(pivot, relation, frame)
        return relation

    def _time_windows(self, group: exp.Expr, frame: Frame) -> None:
        """Spark's ``GROUP BY window(ts, …)`` makes a column ``window`` that may be named."""
        for item in group.expressions:
            name = item.name.lower() if isinstance(item, exp.Anonymous) else ""
            if name in {"window", "session_window"}:
                marked = len(self.problems)
                type_, origins = self.value(item, frame)
                del self.problems[marked:]  # they are told with the grouping
                frame.values[name] = (type_, lift(origins, TRANSFORMATION))

    def _after_grouping(
        self, condition: exp.Expr, clause: str, relation: Relation, frame: Frame
    ) -> Origins:
        """Bind HAVING or QUALIFY."""
        if not self.rules.outputs_first:
            return self._boolean(condition, frame, clause.upper())
        with self._outputs_named(condition, relation, frame):
            return self._boolean(condition, frame, clause.upper())

    def _bind_dead_windows(self, frame: Frame) -> None:
        """Bind the windows that no function uses: they influence nothing, but they must hold."""
        outer, around = self._influence, frame.position
        frame.position = 0
        for name in sorted(frame.windows.keys() - frame.read_windows):
            self.window_parts(frame.windows[name], frame)
        self._influence, frame.position = outer, around

    def _limited(self, node: exp.Expr, frame: Frame) -> None:
        """Bind what LIMIT and OFFSET compute: it decides which rows there are."""
        for clause in ("limit", "offset"):
            found = node.args.get(clause)
            count = found.args.get("expression") if found is not None else None
            if isinstance(count, exp.Expr) and type(count) is not exp.Literal:
                self.influenced(self.value(count, frame)[1], FILTER)
            for key in found.expressions if found is not None else ():  # ClickHouse's LIMIT 1 BY
                self.influenced(self.value(key, frame)[1], FILTER)

    def _alias(self, name: str, column: Column, frame: Frame) -> None:
        """Let what follows name a column of the SELECT list."""
        if self.rules.last_alias:
            frame.aliases[name.lower()] = column
        else:
            frame.aliases.setdefault(name.lower(), column)

    def _called(self, node: exp.Expr, frame: Frame) -> tuple[exp.Expr, Frame] | None:
        """Return the body of the routine that is called, and a frame with its arguments."""
        routine = self.routines.get((node.name.lower(), len(node.expressions)))
        if routine is None or any(routine.body is body for body in self._inside):
            return None
        inside = Frame(CteScope(), frame)
        for name, item in zip(routine.names, node.expressions, strict=True):
            inside.values[name] = self.value(item, frame)
        return routine.body, inside

    def routine_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind a call as the expression that stands in the routine."""
        found = self._called(node, frame)
        if found is None:
            return (None, self.values(children(node), frame)[1])
        return self._in_routine(node, found[0], lambda: self.value(*found))

    def _in_routine(self, call: exp.Expr, body: exp.Expr, bind: Callable[[], T]) -> T:
        """Bind the body of a routine.

        DuckDB puts it in place of the call, so that its problems are the caller's; elsewhere it
        is not known whether they are.
        """
        before = self.problems
        self.problems = []
        self._inside.add(body)
        result = bind()
        self._inside.discard(body)
        own, self.problems = self.problems, before
        if self.rules.dialect == "duckdb":
            place, name = place_of(call), call.name
            before.extend(
                replace(problem, message=f"in {name}: {problem.message}", place=place)
                for problem in own
            )
        return result

    def array_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind ``ARRAY(SELECT …)``, whose value is all rows in their order."""
        relation = self.scalar_relation(node, frame, ordered=True)
        if not relation.columns:
            return UNKNOWN_VALUE
        first = relation.columns[0]
        self._carry(first)
        return (f"{first.type}[]" if first.type else None, first.direct)

    def scalar_relation(self, node: exp.Expr, frame: Frame, *, ordered: bool = False) -> Relation:
        """Bind a subquery of an expression; what filters it influences the expression."""
        relation = self.query(node, frame.ctes, frame, top=ordered)
        if relation.indirect:
            self._influence = merge(self._influence or NOTHING, relation.indirect)
        return relation

    def query_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind a scalar subquery: its first column's value."""
        relation = self.scalar_relation(node, frame)
        if not relation.columns:
            return UNKNOWN_VALUE
        if (
            len(relation.columns) > 1
            and not relation.open
            and isinstance(node.parent, (exp.Alias, exp.Select))
            and node.unnest().args.get("for_") is None  # T-SQL's FOR JSON makes one value
        ):
            self.problems.append(
                Problem(
                    "subquery-columns",
                    f"subquery returns {len(relation.columns)} columns where one is expected",
                    place_of(node),
                )
            )
        origins: Origins = NOTHING
        for column in relation.columns:
            self._carry(column)
            origins = merge(origins, column.direct)
        first = relation.columns[0]
        return (first.type, origins)


def _function_named(cte: exp.CTE) -> Routine | None:
    """Return the function of ClickHouse's ``WITH x -> x + 1 AS f``.

    The parser takes the arrow for the one of JSON, which holds the name tighter than it should.
    """
    body = cte.this
    if not cte.args.get("scalar") or not isinstance(body, exp.Expr):
        return None
    arrow = body
    while not isinstance(arrow, exp.JSONExtract | exp.Lambda):
        if not isinstance(arrow, exp.Binary):
            return None
        arrow = arrow.this
    if isinstance(arrow, exp.Lambda):
        return Routine(tuple(item.name.lower() for item in arrow.expressions), arrow.this)
    given = arrow.this
    names = given.expressions if isinstance(given, exp.Tuple) else [given.unnest()]
    if not all(isinstance(item, exp.Column) for item in names):
        return None
    inner = arrow.expression.copy()
    if arrow is not body:
        body = body.copy()
        found = body
        while not isinstance(found, exp.JSONExtract):
            found = found.this
        found.replace(inner)
        inner = body
    return Routine(tuple(item.name.lower() for item in names), inner)


def _names(node: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name and not table.db for table in node.find_all(exp.Table))


def _in_order(laterals: list[exp.Expr], joins: list[exp.Expr]) -> list[exp.Expr]:
    """Return LATERAL VIEWs and joins as they were written; the parser keeps them apart."""
    if not laterals or not joins:
        return [*laterals, *joins]
    return sorted([*laterals, *joins], key=_start)


def _start(node: exp.Expr) -> int:
    """Return where the first name under a node stands; the parser gives clauses no place."""
    places = (name._meta for name in node.find_all(exp.Identifier))  # noqa: SLF001 - .meta would create an empty dict on every node
    return min((meta["start"] for meta in places if meta and "start" in meta), default=0)
