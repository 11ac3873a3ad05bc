"""Binds queries: FROM, CTEs, stars, set operations, and the columns that come out.

One walk over the syntax tree, scope by scope, as an engine's own binder does it; the tree is
not changed, so a statement is parsed once and bound as often as its tables change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.chosen import NAME_TESTS, Unsure, chooses
from lineage.sql.dialect import Rules
from lineage.sql.expression import UNKNOWN_VALUE, Expressions, Types, Value, children
from lineage.sql.frame import CteScope, Entry, Frame, Problem, Routine
from lineage.sql.grouping import aggregates_rows, ungrouped
from lineage.sql.nested import collection, fields, unfolded
from lineage.sql.place import place_of
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    JOIN,
    NEVER,
    NOTHING,
    SORT,
    TRANSFORMATION,
    Column,
    Elements,
    Origin,
    Origins,
    Parts,
    Pivoted,
    Relation,
    Schema,
    Table,
    United,
    flagged,
    lift,
    mark,
    merge,
)

if TYPE_CHECKING:
    from lineage.sql.typing import TypeSystem

T = TypeVar("T")

_MAX_DEPTH = 2_000
_MAX_QUERIES = 100_000
_LONGEST_NAME = 300
_FAR = 1 << 30


class Cte:
    """A common table expression, bound when it is first read."""

    __slots__ = ("busy", "name", "node", "parent", "relation", "scope", "used")

    def __init__(
        self, name: str, node: exp.CTE | None, scope: CteScope, parent: Frame | None = None
    ) -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.parent = parent
        self.relation: Relation | None = None
        self.busy = False
        self.used = False


class Binder(Expressions):
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
        self.candidates: list[tuple[tuple[Origin, ...], str]] = []
        self.reads: dict[Parts, Table] = {}
        self.missing: dict[Parts, exp.Expr] = {}
        """Tables that are named and that nobody described."""
        self._unknown: dict[Parts, Table] = {}
        self._influence: Origins | None = None
        self._depth = 0
        self._queries = 0
        self.variables: frozenset[str] = frozenset()
        self._ctes: list[Cte] = []
        self._around: list[Frame] = []
        """Frames that subqueries in FROM stand in: their collections may be named inside."""
        self._unfolded: dict[str, tuple[Table, str, str, tuple[str, ...]]] = {}
        """By alias, the nested collections that FROM names: table, column, its type, the path."""
        self._unfolds = False
        """FROM names a nested collection, as only Impala does; its stars pass over those."""

    # ---- queries -----------------------------------------------------------------------

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
            return self._all_of(frame)
        finally:
            self._depth -= 1

    def _subquery(
        self, node: exp.Subquery, ctes: CteScope, parent: Frame | None, *, top: bool
    ) -> Relation:
        inner = node.this
        if node.args.get("joins") or node.args.get("pivots") or node.args.get("laterals"):
            frame = Frame(ctes, parent)
            self.from_item(node, frame)
            return self._all_of(frame)
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

    def _all_of(self, frame: Frame) -> Relation:
        columns, open_tables = self._expand_star(frame, None)
        indirect: Origins = NOTHING
        for entry in frame.entries:
            indirect = merge(indirect, entry.relation.indirect)
        return Relation(columns, indirect, None, open_tables)

    def with_clause(self, node: exp.With, ctes: CteScope, parent: Frame | None) -> CteScope:
        """Open a scope with the CTEs of a WITH clause. Each sees those before it."""
        scope = ctes
        recursive = bool(node.args.get("recursive"))
        for item in node.expressions:
            name = item.alias.lower()
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
            relation = _deduplicated(relation)
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
            return self._project(returning.expressions, frame)
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

    # ---- SELECT ------------------------------------------------------------------------

    def _select(
        self, node: exp.Select, ctes: CteScope, parent: Frame | None, *, top: bool
    ) -> Relation:
        args = node.args
        frame = Frame(ctes, parent)
        outer, self._influence = self._influence, NOTHING
        from_ = args.get("from_")
        if from_ is not None:
            self.from_item(from_.this, frame)
        for lateral in args.get("laterals") or ():
            self.from_item(lateral, frame)
        for join in args.get("joins") or ():
            self.join(join, frame)
        match = args.get("match")
        if match is not None:
            self._match_recognize(match, frame)
        for window in args.get("windows") or ():
            frame.windows[window.name.lower()] = window
        projections = node.expressions
        self._name_projections(projections, frame)
        if self.rules.alias_in_where:
            frame.position = _FAR
        for clause in ("prewhere", "where"):
            found = args.get(clause)
            if found is not None:
                self._influenced(self._boolean(found.this, frame, "WHERE"), FILTER)
        connect = args.get("connect")
        if connect is not None:
            for name in ("level", "connect_by_isleaf", "connect_by_iscycle"):
                frame.values.setdefault(name, UNKNOWN_VALUE)
            for item in children(connect):
                self._influenced(self.value(item, frame)[1], JOIN)
        frame.position = 0
        relation = self._project(projections, frame)
        frame.position = _FAR
        group = args.get("group")
        if group is not None:
            self._group(group, projections, relation, frame)
        if self.rules.catalogue:  # what aggregates is known for sure
            self.problems.extend(ungrouped(node, frame))
        for clause in ("having", "qualify"):
            found = args.get(clause)
            if found is not None:
                self._influenced(self._boolean(found.this, frame, clause.upper()), FILTER)
                if clause == "having" and frame.aliases and self.rules.lateral_aliases:
                    self._aliased_in_having(found.this, group, frame)
        distinct = args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            on = distinct.args["on"]
            for item in on.expressions if isinstance(on, exp.Tuple) else [on]:
                self._influenced(self._key(item, relation, frame, aliases_first=True), GROUP_BY)
        elif distinct is not None:
            self._influence = merge(self._influence or NOTHING, _rows_of(relation, GROUP_BY))
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
                    self._influenced(keys, SORT)
        if frame.unfolded:
            self._influenced(frame.unfolded, JOIN)
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

    def _aliased_in_having(self, condition: exp.Expr, group: exp.Expr | None, frame: Frame) -> None:
        """``SELECT SUM(a) AS b … HAVING b > 1`` means the sum, though FROM has a ``b``."""
        keys = {item.name.lower() for item in group.expressions} if group is not None else set()
        for column in condition.find_all(exp.Column):
            key = column.name.lower()
            known = frame.aliases.get(key)
            if known is not None and key not in keys and not column.table:
                self._carry(known)
                self._influenced(known.direct, FILTER)

    def _limited(self, node: exp.Expr, frame: Frame) -> None:
        """Bind what LIMIT and OFFSET compute: it decides which rows there are."""
        for clause in ("limit", "offset"):
            found = node.args.get(clause)
            count = found.args.get("expression") if found is not None else None
            if isinstance(count, exp.Expr) and type(count) is not exp.Literal:
                self._influenced(self.value(count, frame)[1], FILTER)

    def _boolean(self, node: exp.Expr, frame: Frame, clause: str) -> Origins:
        type_, origins = self.value(node, frame)
        if self.types is not None and type_ not in (None, "BOOLEAN", "NULL"):
            answer = self.types.operator("NOT", (type_,))
            if answer.error is not None:
                self.problems.append(
                    Problem("not-boolean", f"{clause}: {answer.error}", place_of(node))
                )
        return origins

    def _influenced(self, origins: Origins, flag: int) -> None:
        if origins:
            self._influence = merge(self._influence or NOTHING, mark(origins, flag))

    def _name_projections(self, projections: list[exp.Expr], frame: Frame) -> None:
        for position, item in enumerate(projections):
            if type(item) is exp.Alias:
                if self.rules.last_alias:
                    frame.projections.pop(item.alias.lower(), None)
                frame.projections.setdefault(item.alias.lower(), (position, item.this))
                continue
            star = _star_of(item)
            for renamed in (star.args.get("rename") or ()) if star is not None else ():
                old = renamed.this
                old = old if isinstance(old, exp.Column) else exp.column(old.copy())
                frame.projections.setdefault(renamed.alias.lower(), (position, old))

    def alias_value(self, key: str, frame: Frame) -> Column | None:
        """Bind the SELECT list's expression called ``key`` if it may be named from here."""
        known = frame.aliases.get(key)
        if known is not None:
            return known
        position, node = frame.projections[key]
        if position >= frame.position or key in frame.busy:
            return None
        frame.busy.add(key)
        outer, frame.position = frame.position, position
        around, self._influence = self._influence, NOTHING
        type_, origins = self.value(node, frame)
        frame.position = outer
        frame.busy.discard(key)
        direct = origins if type(node) is exp.Column else lift(origins, TRANSFORMATION)
        column = Column(key, type_, direct, self._taken())
        self._influence = around
        frame.aliases[key] = column
        return column

    def _project(self, projections: list[exp.Expr], frame: Frame) -> Relation:
        columns: list[Column] = []
        open_tables: dict[Table, None] = {}
        outer, self._influence = self._influence, NOTHING
        stars = False
        for position, item in enumerate(projections):
            frame.position = position
            kind = type(item)
            if kind is exp.Column and type(item.this) is not exp.Star:
                type_, origins = self.resolve(item, frame)
                columns.append(
                    Column(
                        item.this.this,
                        self._concrete(type_),
                        origins,
                        self._taken(),
                        None,
                        _at(item.this),
                    )
                )
                continue
            if (
                kind is exp.Alias
                and type(item.this) is exp.Column
                and type(item.this.this) is not exp.Star
            ):
                type_, origins = self.resolve(item.this, frame)
                name = item.args["alias"]
                kind_ = self._concrete(type_)
                column = Column(name.name, kind_, origins, self._taken(), None, _at(name))
                columns.append(column)
                self._alias(name.name, column, frame)
                continue
            star = _star_of(item)
            if star is not None:
                stars = True
                found, opened = self._star(star, item, frame)
                columns.extend(found)
                open_tables.update(dict.fromkeys(opened))
                continue
            columns.extend(self._expression(item, frame, len(columns)))
        self._influence = outer
        if stars and not columns and not open_tables and self.rules.catalogue:
            text = "SELECT list is empty after resolving * expressions"
            self.problems.append(Problem("empty-select", text, _first_place(projections[0])))
        return Relation(columns, NOTHING, None, tuple(open_tables))

    def _expression(self, item: exp.Expr, frame: Frame, position: int) -> list[Column]:
        """Bind one expression of the SELECT list that is neither a column nor a star."""
        if isinstance(item, exp.EQ) and self.rules.concat_is_plus and item.this.is_string:
            item = exp.alias_(item.expression, item.this.name, quoted=True)  # T-SQL's `'x' = a`
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(item, exp.Aliases):
            inner = item.this
        spread = None
        if type(inner) is not exp.Literal and inner.find(*_ROWWISE_NOT) is not None:
            frame.aggregates = True
            if self.rules.dialect == "duckdb" and inner.find(exp.Columns) is not None:
                spread = _spread_in(inner)
        if spread is not None and spread.args.get("unpack"):
            inner = _unpacked(inner, lambda found: self._chosen(found, frame))
        elif spread is not None:
            return self._spread(item, inner, spread, frame)
        if type(inner) is exp.Explode and self.rules.dialect == "duckdb":
            parts = self._struct_parts(inner, frame)
            if parts:
                return parts
        outer, self._influence = self._influence, NOTHING
        if isinstance(item, exp.Alias):
            key = item.alias.lower()
            known = (
                frame.aliases.get(key) if frame.projections.get(key, (None,))[-1] is inner else None
            )
            if known is not None:
                type_, origins, self._influence = known.type, known.direct, known.indirect
            else:
                type_, origins = self.value(inner, frame)
        else:
            type_, origins = self.value(inner, frame)
        indirect, self._influence = self._influence or NOTHING, outer
        core = inner.unnest() if isinstance(inner, exp.Paren) else inner
        if not isinstance(core, exp.Column):
            origins = lift(origins, TRANSFORMATION) if origins else origins
        if isinstance(item, exp.Aliases):
            names = item.args["expressions"]
            split = self._stacked(inner, len(names), frame) or [origins] * len(names)
            return [
                Column(alias.name, None, each, indirect, None, place_of(alias))
                for alias, each in zip(names, split, strict=True)
            ]
        if isinstance(inner, exp.QueryTransform) and inner.args.get("schema") is not None:
            return [
                Column(_identifier_name(one), None, origins, indirect, None, place_of(item))
                for one in inner.args["schema"].expressions
            ]
        name = item.alias if isinstance(item, exp.Alias) else self._text_name(inner, position)
        column = Column(name, self._concrete(type_), origins, indirect, None, _first_place(item))
        if isinstance(item, exp.Alias):
            self._alias(name, Column(name, type_, column.direct, indirect), frame)
        return [column]

    def _alias(self, name: str, column: Column, frame: Frame) -> None:
        """Let what follows name a column of the SELECT list."""
        if self.rules.last_alias:
            frame.aliases[name.lower()] = column
        else:
            frame.aliases.setdefault(name.lower(), column)

    def _struct_parts(self, node: exp.Explode, frame: Frame) -> list[Column]:
        """Return a column for each field, as DuckDB's ``UNNEST`` of a struct gives them."""
        type_, origins = self.value(node.this, frame)
        if type_ is None or self.types is None:
            return []
        deep = any(item.name.lower() == "recursive" for item in node.expressions)
        found = list(_leaves("", type_, self.types)) if deep else fields(type_)
        if len(found) == 1 and not found[0][0]:
            return []
        if collection(type_) is not None and origins:
            frame.unfolded = merge(frame.unfolded, origins)
        direct, indirect = lift(origins, TRANSFORMATION), self._taken()
        return [Column(name, kind, direct, indirect, None, place_of(node)) for name, kind in found]

    def _stacked(self, function: exp.Expr, width: int, frame: Frame) -> list[Origins] | None:
        """``stack(n, …)`` deals its values out to the columns of ``n`` rows."""
        if not isinstance(function, exp.Stack) or not width:
            return None
        slots: list[Origins] = [NOTHING] * width
        for position, item in enumerate(function.expressions):
            found = lift(self.value(item, frame)[1], TRANSFORMATION)
            slots[position % width] = merge(slots[position % width], found)
        return slots

    def _taken(self) -> Origins:
        """Return what has influenced since the last time, so that one column can bear it."""
        found = self._influence
        if not found:
            return NOTHING
        self._influence = NOTHING
        return found

    def _concrete(self, type_: str | None) -> str | None:
        if type_ is None or self.types is None:
            return None
        if type_ in self._undecided:
            return type_
        return self.types.concrete(type_)

    def settled(self, relation: Relation) -> Relation:
        """Return the relation as its readers see it: with types for what was undecided."""
        waiting = self._undecided
        if not waiting or all(column.type not in waiting for column in relation.columns):
            return relation
        columns = []
        for column in relation.columns:
            if column.type in waiting and self.types is not None:
                decided = column.renamed(column.name)
                decided.type = self.types.concrete(column.type or "")
                columns.append(decided)
            else:
                columns.append(column)
        return Relation(columns, relation.indirect, relation.table, relation.open)

    def _text_name(self, node: exp.Expr, position: int) -> str:
        if isinstance(node, (exp.Dot, exp.JSONExtract)):
            last = str(node.expression.name)
            if last and last.replace("_", "a").isalnum():
                return last
        if (
            isinstance(node, (exp.Cast, exp.TryCast))
            and isinstance(node.this, exp.Column)
            and self.rules.dialect in ("postgres", "redshift", "snowflake")
        ):
            return node.this.name
        text = node.sql(self.rules.parser, comments=False)
        return text if len(text) <= _LONGEST_NAME else f"_col_{position}"

    # ---- stars -------------------------------------------------------------------------

    def _star(
        self, star: exp.Star, item: exp.Expr, frame: Frame
    ) -> tuple[list[Column], tuple[Table, ...]]:
        """Expand ``*``, ``t.*`` and their EXCLUDE, REPLACE and RENAME."""
        if type(item) in NAME_TESTS:
            columns, open_tables = self._star(star, _around(star), frame)
            return self._passing(item, "*", columns, item), open_tables
        qualifier: Parts | None = None
        if isinstance(item, exp.Column):
            qualifier = tuple(part.name.lower() for part in item.parts[:-1])
        excluded = star.args.get("except_") or ()
        without = self._without(excluded, qualifier, frame)
        columns, open_tables = self._expand_star(
            frame, qualifier, item, frozenset(without.values())
        )
        pattern = star.args.get("ilike")
        if pattern is not None:
            text = pattern.name if isinstance(pattern, exp.Expr) else str(pattern)
            regex = re.compile(re.escape(text).replace("%", ".*").replace("_", "."), re.IGNORECASE)
            columns = [c for c in columns if c.name == "*" or regex.fullmatch(c.name)]
        for gone in excluded:
            if id(gone) in without:
                continue
            key = gone.name.lower()
            left = [column for column in columns if column.name.lower() != key]
            if len(left) == len(columns) and not any(t.may_have(key) for t in open_tables):
                self._missing_in_star("EXCLUDE", gone, gone)
            columns = left
        for replaced in star.args.get("replace") or ():
            key = replaced.alias.lower()
            type_, origins = self.value(replaced.this, frame)
            new = Column(
                replaced.alias,
                self._concrete(type_),
                lift(origins, TRANSFORMATION),
                self._taken(),
                None,
                place_of(replaced),
            )
            if key in {column.name.lower() for column in columns}:
                columns = self._replaced(columns, key, new)
            elif open_tables:
                columns.append(new)
            else:
                self._missing_in_star("REPLACE", replaced.args["alias"], replaced)
        listed = {gone.name.lower() for gone in excluded}
        listed |= {replaced.alias.lower() for replaced in star.args.get("replace") or ()}
        for renamed in star.args.get("rename") or ():
            meant = self._meant_by(renamed.this, qualifier, frame, columns)
            if self.rules.renames_what_is_there:
                missing = renamed.this.name.lower() in listed
            else:
                missing = not meant and not open_tables
            if missing:
                self._missing_in_star("RENAME", renamed.this, renamed)
            columns = [c.renamed(renamed.alias) if id(c) in meant else c for c in columns]
            if not meant and len(open_tables) == 1 and not missing:
                unlisted = open_tables[0].learn(renamed.this.name)
                self._use(unlisted)
                columns.append(unlisted.renamed(renamed.alias))
        return columns, open_tables

    def all_columns(self, star: exp.Expr, frame: Frame) -> Origins:
        """Return the origins of everything that a star among a function's arguments means."""
        assert isinstance(star, exp.Star)  # noqa: S101 - as its handler says
        origins: Origins = NOTHING
        for column in self._star(star, star, frame)[0]:
            origins = merge(origins, column.direct)
        return lift(origins, TRANSFORMATION)

    def _passing(
        self, condition: exp.Expr, variable: str, columns: list[Column], node: exp.Expr
    ) -> list[Column]:
        """Return the columns whose names a condition selects; all, and a word, where it is open."""
        try:
            return [c for c in columns if c.name == "*" or chooses(condition, variable, c.name)]
        except Unsure:
            text = f"which columns {node.sql(self.rules.parser)} selects is not known"
            problem = Problem("unknown-columns", text, place_of(node), certain=False)
            self.problems.append(problem)
            return columns

    def _replaced(self, columns: list[Column], key: str, new: Column) -> list[Column]:
        """Put a column into the place of those of its name: of the first alone, in some engines."""
        found: list[Column] = []
        done = False
        for column in columns:
            if column.name.lower() != key:
                found.append(column)
            elif not done or not self.rules.replaces_first:
                found.append(new.renamed(column.name))
                done = True
        return found

    def _without(
        self, excluded: Iterable[exp.Expr], star: Parts | None, frame: Frame
    ) -> dict[int, tuple[Entry | None, str]]:
        """Return, by the node that says so, the columns of one FROM item that a star leaves out."""
        found: dict[int, tuple[Entry | None, str]] = {}
        for gone in excluded:
            if not self._is_qualified(gone, star, frame):
                continue
            key = gone.name.lower()
            entry = self._listed_in(gone, star, frame)
            if entry is None:
                self._missing_in_star("EXCLUDE", gone, gone)
            found[id(gone)] = (entry, key)
        return found

    def _meant_by(
        self, node: exp.Expr, star: Parts | None, frame: Frame, columns: list[Column]
    ) -> frozenset[int]:
        """Return the columns of a star, by identity, that a name in a list of it means."""
        key = node.name.lower()
        named = [column for column in columns if column.name.lower() == key]
        if not self._is_qualified(node, star, frame):
            return frozenset(map(id, named))
        entry = self._listed_in(node, star, frame)
        if entry is None:
            return frozenset()
        own = {id(column) for column in entry.relation.columns}
        first = next((one for one in frame.entries if one.relation.find(key) is not None), None)
        if first is entry and key in frame.merged:
            own.add(id(frame.merged[key]))
        return frozenset(id(column) for column in named if id(column) in own)

    @staticmethod
    def _is_qualified(node: exp.Expr, star: Parts | None, frame: Frame) -> bool:
        """Return whether a name in a list of a star says which FROM item is meant."""
        if not isinstance(node, exp.Column) or not node.table or node.db:
            return False
        return star is None or any(entry.answers_to(star) for entry in frame.entries)

    @staticmethod
    def _listed_in(node: exp.Expr, star: Parts | None, frame: Frame) -> Entry | None:
        """Return the FROM item, of those that a star shows, that a qualified name is of."""
        assert isinstance(node, exp.Column)  # noqa: S101 - as `_is_qualified` says
        qualifier = (node.table.lower(),)
        for entry in frame.entries:
            shown = star is None or entry.answers_to(star)
            known = entry.relation.open or entry.relation.find(node.name.lower()) is not None
            if shown and known and entry.answers_to(qualifier):
                return entry
        return None

    def _missing_in_star(self, what: str, name: exp.Expr, node: exp.Expr) -> None:
        parts = name.parts if isinstance(name, exp.Column) else (name,)
        text = ".".join(part.name for part in parts)
        self.problems.append(
            Problem(
                "unknown-column",
                f'column "{text}" in {what} list not found in the FROM clause',
                place_of(node),
                name.name,
            )
        )

    def _expand_star(
        self,
        frame: Frame,
        qualifier: Parts | None,
        node: exp.Expr | None = None,
        without: frozenset[tuple[Entry | None, str]] = frozenset(),
    ) -> tuple[list[Column], tuple[Table, ...]]:
        entries = frame.entries
        if qualifier is not None:
            entries = [entry for entry in frame.entries if entry.answers_to(qualifier)][:1]
            if not entries:
                return self._star_elsewhere(qualifier, frame, node)
        columns: list[Column] = []
        open_tables: dict[Table, None] = {}
        merged_done: set[str] = set()
        if qualifier is None and frame.merged and self.rules.using_first:
            columns.extend(frame.merged.values())
            merged_done.update(frame.merged)
        for entry in entries:
            relation = entry.relation
            if relation.table is not None:
                for column in relation.columns:
                    self._use(column)
            if without or (qualifier is None and (frame.merged or entry.hidden)):
                for column in relation.columns:
                    key = column.name.lower()
                    if (entry, key) in without:
                        continue
                    if qualifier is None and key in frame.merged and frame.is_merged(key, entry):
                        if key not in merged_done:
                            merged_done.add(key)
                            columns.append(frame.merged[key])
                        continue
                    columns.append(column)
            elif type(relation) is Elements:
                columns.extend(relation.shown(qualified=qualifier is not None))
            else:
                columns.extend(relation.columns)
            if relation.open and not any(column.name == "*" for column in relation.columns):
                columns.extend(table.star() for table in relation.open)
            open_tables.update(dict.fromkeys(relation.open))
        if self._unfolds:
            columns = [one for one in columns if one.type is None or collection(one.type) is None]
        return columns, tuple(open_tables)

    def _star_elsewhere(
        self, qualifier: Parts, frame: Frame, node: exp.Expr | None
    ) -> tuple[list[Column], tuple[Table, ...]]:
        """``x.*`` where ``x`` is no FROM item: an outer one, or a struct to take apart."""
        scope = frame.parent
        while scope is not None:
            if any(entry.answers_to(qualifier) for entry in scope.entries):
                return self._expand_star(scope, qualifier, node)
            scope = scope.parent
        column = self._exact(qualifier, frame, learn=False) if qualifier else None
        if column is None and self.rules.nested_paths:
            column = self._field_owner(qualifier, frame)
        if column is not None:
            parts = fields(column.type) if column.type else ()
            if parts:
                return [
                    Column(name, type_, self._at_path(column, (name,))) for name, type_ in parts
                ], ()
            return [Column("*", None, lift(column.direct, TRANSFORMATION))], ()
        for entry in frame.entries:
            table = entry.relation.table
            name = tuple(part.lower() for part in table.parts) if table is not None else ()
            if name[-len(qualifier) :] == qualifier:
                text = f'table "{joined(name)}" is called "{entry.alias}" here; name it so'
                where = place_of(node) if node is not None else (0, 0)
                self.problems.append(Problem("hidden-by-alias", text, where))
                return self._expand_star(frame, (entry.alias,), node)
        if not self.rules.is_pseudo_table(qualifier[-1]):
            self.problems.append(
                Problem(
                    "unknown-qualifier",
                    f'nothing in the FROM clause is called "{".".join(qualifier)}"',
                    place_of(node) if node is not None else (0, 0),
                )
            )
        return [], ()

    @staticmethod
    def _field_owner(qualifier: Parts, frame: Frame) -> Column | None:
        """``s.*`` over one table that nobody described: its column ``s`` is a struct."""
        opened = [table for entry in frame.entries for table in entry.relation.open]
        if len(frame.entries) != 1 or len(opened) != 1 or len(qualifier) != 1:
            return None
        if any(part.lower() == qualifier[0] for part in opened[0].parts):
            return None
        return opened[0].learn(qualifier[0])

    def _spread(
        self, item: exp.Expr, inner: exp.Expr, spread: exp.Columns, frame: Frame
    ) -> list[Column]:
        """DuckDB's ``COLUMNS(…)``: the expression once for every column that it selects."""
        chosen = self._chosen(spread, frame)
        if inner is spread:
            if isinstance(item, exp.Alias):
                return [column.renamed(_group_of(column.name, spread, item.alias))
                        for column in chosen]  # fmt: skip
            return chosen
        results = []
        for column in chosen:
            copy = inner.copy()
            target = _spread_in(copy)
            if target is not None:
                name = exp.Identifier(this=column.name, quoted=True)
                replacement = exp.Column(this=name)
                target.replace(replacement)
            outer = frame.values
            frame.values = {**outer, column.name.lower(): (column.type, column.direct)}
            self._carry(column)
            type_, origins = self.value(copy, frame)
            frame.values = outer
            name_text = column.name
            if isinstance(item, exp.Alias):
                name_text = _group_of(name_text, spread, item.alias)
            results.append(
                Column(
                    name_text,
                    self._concrete(type_),
                    lift(origins, TRANSFORMATION),
                    self._taken(),
                    None,
                    place_of(item),
                )
            )
        return results

    def spread(self, node: exp.Expr, frame: Frame) -> list[Column]:
        """Return the columns that ``COLUMNS(…)`` selects, outside the SELECT list."""
        return self._chosen(node, frame)

    def _chosen(self, spread: exp.Expr, frame: Frame) -> list[Column]:
        what = spread.this
        columns, _ = self._expand_star(frame, None)
        if isinstance(what, exp.Star):
            return self._star(what, what, frame)[0]
        if isinstance(what, exp.Column) and isinstance(what.this, exp.Star):
            return self._star(what.this, what, frame)[0]
        if isinstance(what, exp.Literal):
            try:
                regex = re.compile(what.name)
            except re.error:
                return columns
            found = [column for column in columns if regex.search(column.name)]
            if not found:
                self.problems.append(
                    Problem(
                        "unknown-column",
                        f"no column matches COLUMNS('{what.name}')",
                        place_of(spread),
                    )
                )
            return found
        if isinstance(what, (exp.Array, exp.Tuple)):
            named = [item for item in what.expressions if isinstance(item, exp.Literal)]
            there = {column.name.lower() for column in columns}
            for item in named:
                if item.name.lower() not in there and "*" not in there:
                    self._missing_in_star("COLUMNS", item, spread)
            names = {item.name.lower() for item in named}
            return [column for column in columns if column.name.lower() in names]
        if isinstance(what, exp.Lambda) and what.expressions:
            return self._passing(what.this, what.expressions[0].name, columns, spread)
        return columns

    # ---- clauses -----------------------------------------------------------------------

    def _group(
        self, group: exp.Group, projections: list[exp.Expr], relation: Relation, frame: Frame
    ) -> None:
        if group.args.get("all"):
            for column in _ungrouped(projections, relation):
                self._carry(column)
                self._influenced(column.direct, GROUP_BY)
        keys = list(group.expressions)
        for name in ("grouping_sets", "cube", "rollup"):
            for item in group.args.get(name) or ():
                if isinstance(item, exp.Expr):
                    keys.extend(_flat(item))
        for key in keys:
            self._influenced(self._key(key, relation, frame, aliases_first=False), GROUP_BY)

    def _key(
        self, node: exp.Expr, relation: Relation, frame: Frame, *, aliases_first: bool
    ) -> Origins:
        """Bind a GROUP BY or ORDER BY key: a position, an output's name, or an expression."""
        core = node.this if isinstance(node, (exp.Ordered, exp.Paren)) else node
        if isinstance(core, exp.Literal) and not core.is_string:
            position = int(core.this) if core.this.isdigit() else 0
            if any(column.name == "*" for column in relation.columns):
                return NOTHING
            if not 1 <= position <= len(relation.columns):
                self.problems.append(
                    Problem(
                        "position-out-of-range",
                        f"position {core.this} is not in the SELECT list, which has "
                        f"{len(relation.columns)} columns",
                        place_of(node),
                    )
                )
                return NOTHING
            self._carry(relation.columns[position - 1])
            return relation.columns[position - 1].direct
        if isinstance(core, exp.Tuple):
            origins: Origins = NOTHING
            for item in core.expressions:
                origins = merge(
                    origins, self._key(item, relation, frame, aliases_first=aliases_first)
                )
            return origins
        if (
            isinstance(core, exp.Column)
            and core.args.get("table") is None
            and not isinstance(core.this, exp.Star)
        ):
            key = core.name.lower()
            if aliases_first:
                found = relation.find(key)
                if isinstance(found, list) and self.rules.last_alias:
                    found = found[-1]
                if isinstance(found, Column):
                    self._carry(found)
                    return found.direct
            elif self.rules.alias_in_group:
                known = self._in_frame(key, core.name, core, frame)
                if known is not None:
                    return known[1]
                found = relation.find(key)
                if isinstance(found, Column):
                    self._carry(found)
                    return found.direct
        if (
            isinstance(core, exp.Column)
            and isinstance(core.this, exp.Var)
            and core.name.upper() == "ALL"
        ):
            return NOTHING
        frame.position = _FAR
        if self.rules.lateral_aliases:
            return self.value(core, frame)[1]
        return self._with_outputs(core, relation, frame)

    def _with_outputs(self, node: exp.Expr, relation: Relation, frame: Frame) -> Origins:
        """Bind an ORDER BY expression, which may also name outputs where an engine allows it."""
        outer = frame.values
        frame.values = dict(outer)
        for key in frame.projections:
            found = relation.find(key)
            if isinstance(found, Column) and not any(
                entry.relation.find(key) for entry in frame.entries
            ):
                frame.values[key] = (found.type, found.direct)
        origins = self.value(node, frame)[1]
        frame.values = outer
        return origins

    def _order_keys(
        self, order: exp.Expr, relation: Relation, node: exp.Expr | None, frame: Frame
    ) -> Origins:
        origins: Origins = NOTHING
        items = order.expressions or children(order)
        for item in items:
            core = item.this if isinstance(item, exp.Ordered) else item
            if (
                isinstance(core, exp.Column)
                and core.name.upper() == "ALL"
                and not core.args.get("table")
                and relation.find("all") is None
            ):
                for column in relation.columns:
                    self._carry(column)
                    origins = merge(origins, column.direct)
                continue
            if isinstance(core, exp.Var) and core.name.upper() == "ALL":
                for column in relation.columns:
                    self._carry(column)
                    origins = merge(origins, column.direct)
                continue
            if isinstance(core, exp.Var):
                continue
            origins = merge(origins, self._key(item, relation, frame, aliases_first=True))
        del node
        return origins

    def window_parts(self, node: exp.Expr, frame: Frame) -> Origins:
        """Bind PARTITION BY and ORDER BY of a window, following names to the WINDOW clause."""
        origins: Origins = NOTHING
        keys = list(node.args.get("partition_by") or ())
        order = node.args.get("order")
        if order is not None:
            keys.extend(order.expressions)
        spec = node.args.get("spec")
        if spec is not None:
            keys.extend(b for b in (spec.args.get("start"), spec.args.get("end"))
                        if isinstance(b, exp.Expr))  # fmt: skip
        for key in keys:
            found = self.value(key, frame)[1]
            if found:
                origins = merge(origins, found)
        name = node.args.get("alias") or (
            node.args.get("first") if isinstance(node.args.get("first"), exp.Expr) else None
        )
        if name is not None:
            scope: Frame | None = frame
            while scope is not None:
                window = scope.windows.get(name.name.lower())
                if window is not None:
                    if window is not node:
                        origins = merge(origins, self.window_parts(window, frame))
                    break
                scope = scope.parent
        return origins

    # ---- routines ------------------------------------------------------------------------

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
        return self._in_routine(found[0], lambda: self.value(*found))

    def _in_routine(self, body: exp.Expr, bind: Callable[[], T]) -> T:
        """Bind the body of a routine, whose problems are not those of the statement."""
        problems = list(self.problems)
        self._inside.add(body)
        result = bind()
        self._inside.discard(body)
        self.problems = problems
        return result

    # ---- subqueries in expressions -------------------------------------------------------

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

    # ---- FROM ---------------------------------------------------------------------------

    def from_item(self, node: exp.Expr, frame: Frame) -> None:
        """Add one item of a FROM clause (and what is joined inside it) to the frame."""
        if isinstance(node, exp.Final):
            node = node.this
        if isinstance(node, exp.TableAlias):  # BigQuery's `|> AS z`
            node = exp.Table(this=node.this)
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
            relation = self._all_of(inside)
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
            relation = _deduplicated(relation)
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
            if _named_by_text(node.this):
                return tuple(part.strip('"') for part in node.this.name.split("."))
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
                    self._influenced(origins, JOIN)
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
        if len(names) > len(columns) and not relation.open:
            self.problems.append(
                Problem(
                    "alias-columns",
                    f'table "{alias.name if alias else ""}" has {len(columns)} columns '
                    f"but {len(names)} names were given",
                    place_of(names[0]),
                )
            )
        renamed = [
            column.renamed(_identifier_name(names[i])) if i < len(names) else column
            for i, column in enumerate(columns)
        ]
        if relation.open and len(names) > len(columns):
            star = [table.star() for table in relation.open]
            origins: Origins = NOTHING
            for column in star:
                origins = merge(origins, column.direct)
            renamed = [Column(_identifier_name(name), None, origins) for name in names]
            return Relation(renamed, relation.indirect)
        result = Relation(renamed, relation.indirect, None, relation.open)
        return _deduplicated(result) if self.rules.dedupe_names else result

    # ---- joins --------------------------------------------------------------------------

    def join(self, node: exp.Join, frame: Frame) -> None:
        """Add a joined item, and settle what ON, USING and NATURAL say."""
        args = node.args
        if str(args.get("kind") or "").upper() == "ARRAY":
            items = [node.this, *node.expressions]
            plain = [self._array_element(item, frame) for item in items]
            for item, element in zip(items, plain, strict=True):
                self._array_join(item, element, frame)
            return
        before = len(frame.entries)
        self.from_item(node.this, frame)
        added = frame.entries[before:]
        if not args.keys() - {"this"} or not any(v for k, v in args.items() if k != "this"):
            frame.group = before  # a comma: what is joined from here on is joined to this alone
        on = args.get("on")
        if on is not None:
            outer = frame.position
            frame.position = 0
            self._influenced(self._boolean(on, frame, "ON"), JOIN)
            frame.position = outer
        using = args.get("using")
        if using:
            self._using([name.name for name in using], frame, before, node, list(using))
        elif (args.get("method") or "").upper() == "NATURAL":
            left = _visible(frame.entries[frame.group : before])
            right = _visible(added)
            common = [name for key, name in right.items() if key in left]
            if common:
                self._using(common, frame, before, node, [])
            elif not any(entry.relation.open for entry in frame.entries):
                self.problems.append(
                    Problem(
                        "natural-join",
                        "no columns found to join on in NATURAL JOIN",
                        place_of(node),
                    )
                )
        condition = args.get("match_condition")
        if isinstance(condition, exp.Expr):
            self._influenced(self.value(condition, frame)[1], JOIN)
        if (args.get("kind") or "").upper() in ("SEMI", "ANTI") or (
            args.get("side") or ""
        ).upper() in ("SEMI", "ANTI"):
            for entry in added:
                if entry.relation.indirect:
                    self._influence = merge(self._influence or NOTHING, entry.relation.indirect)
            del frame.entries[before:]

    def _array_element(self, node: exp.Expr, frame: Frame) -> Column:
        """Bind what ClickHouse's ARRAY JOIN makes rows of."""
        inner = node.this if isinstance(node, exp.Alias) else node
        column = exp.column(inner.this) if isinstance(inner, exp.Table) else inner
        kind, origins = self.value(column, frame)
        element = self.types.element(kind).type if self.types is not None and kind else None
        self._influenced(origins, JOIN)
        return Column(node.alias_or_name, element, lift(origins, TRANSFORMATION))

    def _array_join(self, node: exp.Expr, unfolded: Column, frame: Frame) -> None:
        """ClickHouse's ``ARRAY JOIN x AS y``: a row for each element, under a name of its own."""
        if isinstance(node, exp.Alias):
            frame.entries.append(Entry("", Relation([unfolded])))
        else:  # in place of the column
            frame.merged[unfolded.name.lower()] = unfolded

    def _using(
        self, names: list[str], frame: Frame, before: int, node: exp.Join, places: list[exp.Expr]
    ) -> None:
        left_entries, right_entries = frame.entries[frame.group : before], frame.entries[before:]
        side = (node.args.get("side") or "").upper()
        kind = (node.args.get("kind") or "").upper()
        asof = (node.args.get("method") or "").upper() == "ASOF"
        for position, name in enumerate(names):
            key = name.lower()
            where = place_of(places[position] if position < len(places) else node)
            left = frame.merged.get(key)
            together = frame.together.get(key)
            if left is None or (together is not None and together.isdisjoint(left_entries)):
                left = self._side(key, name, left_entries, "left", where)
            right = self._side(key, name, right_entries, "right", where)
            if left is None or right is None:
                known = left or right
                if known is not None:
                    frame.merged[key] = known
                continue
            type_ = right.type if side == "RIGHT" else left.type
            if self.types is not None:
                self.beside((left.type, right.type), node)
                answer = self.types.combine("equal", (left.type, right.type))
                if answer.error is not None:
                    self.problems.append(Problem("cannot-compare", answer.error, where, name))
                elif side == "FULL":
                    type_ = self.types.combine("coalesce", (left.type, right.type)).type
            self._influenced(merge(left.direct, right.direct), JOIN)
            if kind in {"SEMI", "ANTI"}:
                continue  # only what is on the left comes out
            # What ASOF compares last is not equal: the value is the left's.
            alone = asof and position == len(names) - 1
            frame.merged[key] = Column(
                left.name,
                type_,
                left.direct if alone else merge(left.direct, right.direct),
                merge(left.indirect, right.indirect),
            )
            frame.together[key] = {*left_entries, *right_entries}
        hidden = frozenset(name.lower() for name in names)
        for entry in right_entries:
            entry.hidden |= hidden

    def _side(
        self, key: str, name: str, entries: list[Entry], side: str, place: tuple[int, int]
    ) -> Column | None:
        found: Column | None = None
        for entry in entries:
            column = entry.relation.find(key)
            if isinstance(column, list):
                column = column[0]
            if column is None:
                continue
            if entry.relation.table is not None:
                self._use(column)
            if found is None:
                found = column
            elif key not in entry.hidden:
                self.problems.append(
                    Problem(
                        "ambiguous-column",
                        f'column name "{name}" is ambiguous: it exists more than once on '
                        f"{side} side of join",
                        place,
                        name,
                    )
                )
        if found is None:
            open_tables = [
                table for entry in entries for table in entry.relation.open if table.may_have(name)
            ]
            if len(open_tables) == 1:
                return open_tables[0].learn(name)
            if open_tables:
                self._candidates([table.origin(name) for table in open_tables], name)
                return None
            self.problems.append(
                Problem(
                    "unknown-column",
                    f'column "{name}" does not exist on {side} side of join',
                    place,
                    name,
                )
            )
        return found

    # ---- table functions, VALUES, UNNEST, LATERAL ------------------------------------------

    def _from_values(self, node: exp.Values, frame: Frame) -> None:
        rows = node.expressions
        width = 0
        kinds: list[list[str | None]] = []
        origins: list[Origins] = []
        for row in rows:
            items = row.expressions if isinstance(row, exp.Tuple) else [row]
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
        relation = self._renamed(relation, alias)
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
        frame.entries.append(Entry(alias.name.lower() if alias else "", relation))

    def _from_unnest(self, node: exp.Unnest, frame: Frame) -> None:
        alias = node.args.get("alias")
        names = (
            [_identifier_name(name) for name in (alias.args.get("columns") or ())]
            if alias is not None
            else []
        )
        columns: list[Column] = []
        for position, item in enumerate(node.expressions):
            type_, origins = self.value(item, frame)
            element = self.types.element(type_).type if self.types is not None and type_ else None
            parts = fields(element) if element else ()
            self._influenced(origins, JOIN)
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
            name = (
                names[position]
                if position < len(names)
                else ("unnest" if not position else f"unnest_{position}")
            )
            columns.append(Column(name, element, origins))
            for field, kind in parts:
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
        if self.rules.dialect == "bigquery" and len(node.expressions) == 1:
            relation = Elements(columns, len(columns) - 1, beside)
            if alias is None and columns[0].type is None:
                relation.invented = columns[0].direct
        frame.entries.append(Entry(name, relation))

    def _from_lateral(self, node: exp.Lateral, frame: Frame) -> None:
        inner = node.this
        alias = node.args.get("alias")
        names = (
            [_identifier_name(name) for name in (alias.args.get("columns") or ())]
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
        arguments = children(inner) if isinstance(inner, exp.Func) else [inner]
        kinds, origins = self.values(arguments, frame)
        self._influenced(origins, JOIN)
        origins = lift(origins, TRANSFORMATION)
        element = None
        if self.types is not None and kinds and kinds[0]:
            element = self.types.element(kinds[0]).type
        if not names:
            names = ["key", "value"] if isinstance(inner, exp.Inline) else ["col"]
            if isinstance(inner, exp.Posexplode):
                names = ["pos", "col"]
            if alias is None or not alias.name:
                told = _columns_told(inner) or _FUNCTION_COLUMNS.get(inner.name.lower(), names)
                names = list(told)
        columns = [Column(item, element if len(names) == 1 else None, origins) for item in names]
        split = self._stacked(inner, len(names), frame)
        if split is not None:
            columns = [Column(name, None, each) for name, each in zip(names, split, strict=True)]
        relation = Relation(columns)
        relation.invented = origins
        frame.entries.append(Entry(name, relation))

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
            [_identifier_name(name) for name in (alias.args.get("columns") or ())]
            if alias is not None
            else []
        )
        if function.name.lower() in _ELSEWHERE:
            self._from_elsewhere(function, alias, frame)
            return
        inner = None if isinstance(function, exp.XMLTable) else _table_argument(function)
        called = self._called(function, frame) if isinstance(function, exp.Anonymous) else None
        if called is not None and isinstance(called[0], exp.Query):
            body, inside = called
            relation = self._in_routine(body, lambda: self.query(body, inside.ctes, inside))
            relation = self._renamed(relation, alias)
        elif inner is not None:
            relation = self._windowed(inner, function, frame)
        else:
            given = isinstance(function, exp.Column)
            arguments: list[exp.Expr] = [function] if given else children(function)
            origins = lift(self.values(arguments, frame)[1], TRANSFORMATION)
            self._influenced(origins, JOIN)
            element = (
                "BIGINT"
                if isinstance(function, exp.GenerateSeries) and self.types is not None
                else None
            )
            shown = names or _columns_told(function)
            if not shown and (alias is None or not alias.name):
                shown = list(_FUNCTION_COLUMNS.get(function.name.lower(), ()))
            shown = shown or [
                (alias.name if alias is not None and alias.name else function.name or function.key)
            ]
            if isinstance(function, (exp.ReadCSV, exp.ReadParquet)) and not names:
                table = Table((function.sql(self.rules.parser),))
                relation = table.relation()
            else:
                relation = Relation([Column(name, element, origins) for name in shown])
                if not names and not isinstance(function, exp.GenerateSeries):
                    relation.invented = origins
        if inner is not None and names:
            relation = self._renamed(relation, alias)
        for pivot in node.args.get("pivots") or ():
            relation = self._pivot(pivot, relation, frame)
            alias = pivot.args.get("alias") or alias
        label = alias.name.lower() if alias is not None else (function.name or function.key).lower()
        frame.entries.append(Entry(label, relation))

    def _from_elsewhere(self, function: exp.Expr, alias: exp.Expr | None, frame: Frame) -> None:
        """ClickHouse's ``remote('host', db, t)`` names a table, OPENQUERY only a server."""
        parts: list[str] = []
        if function.name.lower() != "openquery":
            for item in function.expressions[1:3]:
                named = item.parts if isinstance(item, exp.Column) else ()
                parts.extend(part.name for part in named)
        keys = ("this", "db", "catalog")
        names = [exp.to_identifier(part, quoted=True) for part in parts]
        if names:
            table = exp.Table(**dict(zip(keys, names[::-1], strict=False)))
            if alias is not None:
                table.set("alias", alias.copy())
            self.from_item(table, frame)
            return
        relation = Relation([])
        relation.invented = NOTHING
        label = alias.name.lower() if alias is not None else function.name.lower()
        frame.entries.append(Entry(label, relation))

    def _windowed(self, inner: exp.Expr, function: exp.Expr, frame: Frame) -> Relation:
        """``TUMBLE(TABLE t, …)`` and its kin: the table's columns and the window's own three."""
        inside = Frame(frame.ctes, frame.parent)
        if isinstance(inner, exp.Query) and not isinstance(inner, exp.Subquery):
            relation = self.query(inner, frame.ctes, frame)
        else:
            self.from_item(inner, inside)
            relation = self._all_of(inside)
        lowered = (function.name or function.key).lower()
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

    # ---- PIVOT, MATCH_RECOGNIZE ------------------------------------------------------------

    def _from_pivot(self, node: exp.Pivot, frame: Frame) -> None:
        """DuckDB's statement form ``PIVOT t ON … USING …``."""
        inside = Frame(frame.ctes, frame.parent)
        self.from_item(node.this, inside)
        relation = self._pivot(node, self._all_of(inside), inside)
        alias = node.args.get("alias")
        frame.entries.append(Entry(alias.name.lower() if alias else "", relation))

    def _pivot(self, node: exp.Pivot, relation: Relation, frame: Frame) -> Relation:
        inside = Frame(frame.ctes, frame.parent)
        inside.entries.append(Entry("", relation))
        alias = node.args.get("alias")
        result = (
            self._unpivot(node, relation, inside)
            if node.args.get("unpivot")
            else self._pivoted(node, relation, inside)
        )
        if alias is not None and alias.args.get("columns"):
            result = self._renamed(result, alias)
        return result

    def _pivoted(self, node: exp.Pivot, relation: Relation, inside: Frame) -> Relation:
        statement_form = isinstance(node.this, exp.Expr)
        aggregates = (node.args.get("using") or []) if statement_form else node.expressions
        if statement_form and not aggregates:
            aggregates = [exp.Count(this=exp.Star())]
        used: set[str] = set()
        values: Origins = NOTHING
        per_aggregate: list[tuple[str, str | None, Origins]] = []
        for item in aggregates:
            core = item.this if isinstance(item, exp.Alias) else item
            type_, origins = self.value(core, inside)
            used.update(column.name.lower() for column in core.find_all(exp.Column))
            per_aggregate.append(
                (item.alias if isinstance(item, exp.Alias) else "", type_, origins)
            )
            values = merge(values, origins)
        keys: Origins = NOTHING
        fields = list(node.args.get("fields") or ())
        if statement_form:
            fields.extend(node.expressions)
        for field in fields:
            column = field.this if isinstance(field, exp.In) else field
            keys = merge(keys, self.value(column, inside)[1])
            used.update(item.name.lower() for item in column.find_all(exp.Column))
        group = node.args.get("group")
        if group is not None:
            for item in group.expressions:
                self.value(item, inside)
            found = [relation.find(item.name.lower()) for item in group.expressions]
            kept = [column for column in found if isinstance(column, Column)]
            if len(relation.open) == 1 and not kept:
                kept = [relation.open[0].learn(item.name) for item in group.expressions]
        else:
            kept = [column for column in relation.columns if column.name.lower() not in used]
        produced = []
        names = [_identifier_name(name) for name in node.args.get("columns") or ()]
        open_tables = relation.open
        made = any(
            isinstance(item, (exp.PivotAny, exp.Query))
            for field in fields
            for item in (field.expressions if isinstance(field, exp.In) else ())
        )
        if made:
            names = ["*"]
        elif not names and statement_form:
            names = _pivot_names(fields, aggregates)
            if not names:
                names = ["*"]
                open_tables = (*open_tables, Pivoted(lift(values, TRANSFORMATION)))
        for position, name in enumerate(names):
            label, type_, origins = (
                per_aggregate[position % len(per_aggregate)]
                if per_aggregate
                else ("", None, values)
            )
            del label
            influence = lift(keys, TRANSFORMATION)
            produced.append(
                Column(
                    name,
                    self._concrete(type_),
                    lift(origins, TRANSFORMATION),
                    mark(influence, FILTER),
                )
            )
        indirect = merge(relation.indirect, mark(keys, GROUP_BY))
        if relation.open and group is None and all(one.name != "*" for one in relation.columns):
            kept = [*kept, *(table.star() for table in relation.open)]
        indirect = merge(indirect, _rows_of(Relation(kept), GROUP_BY))
        pivoted = Relation([*kept, *produced], indirect, None, open_tables)
        if made:
            pivoted.invented = lift(values, TRANSFORMATION)
        return pivoted

    def _unpivot(self, node: exp.Pivot, relation: Relation, inside: Frame) -> Relation:
        fields = list(node.args.get("fields") or ())
        consumed: set[str] = set()
        produced: list[Column] = []
        into = node.args.get("into")
        value_names = [_identifier_name(_last_identifier(item)) for item in node.expressions]
        if not fields and node.expressions:
            sources = list(node.expressions)
            value_names = ["value"]
            label = "name"
            if into is not None:
                label = into.this.name if isinstance(into.this, exp.Expr) else label
                value_names = [item.name for item in into.expressions] or value_names
            fields_sources = [(label, sources)]
        else:
            fields_sources = [
                (_identifier_name(_last_identifier(field.this)), list(field.expressions))
                for field in fields
                if isinstance(field, exp.In)
            ]
            if (
                value_names
                and len(node.expressions) == 1
                and isinstance(node.expressions[0], exp.Tuple)
            ):
                value_names = [
                    _identifier_name(_last_identifier(item))
                    for item in node.expressions[0].expressions
                ]
        for label, sources in fields_sources:
            groups: list[list[exp.Expr]] = []
            for source in sources:
                core = source.this if isinstance(source, (exp.PivotAlias, exp.Alias)) else source
                items = core.expressions if isinstance(core, exp.Tuple) else [core]
                if isinstance(core, exp.Star) or (
                    isinstance(core, exp.Column) and isinstance(core.this, exp.Star)
                ):
                    chosen = self._star(
                        core if isinstance(core, exp.Star) else core.this, core, inside
                    )[0]
                    groups.extend([[exp.column(column.name)] for column in chosen])
                elif isinstance(core, exp.Columns):
                    groups.extend(
                        [[exp.column(column.name)] for column in self._chosen(core, inside)]
                    )
                else:
                    groups.append(list(items))
            slots: list[Origins] = [NOTHING for _ in value_names]
            kinds: list[list[str | None]] = [[] for _ in value_names]
            everything: Origins = NOTHING
            for group in groups:
                for position, item in enumerate(group):
                    type_, origins = self.value(item, inside)
                    consumed.update(column.name.lower() for column in item.find_all(exp.Column))
                    if position < len(slots):
                        slots[position] = merge(slots[position], origins)
                        kinds[position].append(type_)
                    everything = merge(everything, origins)
            text = "VARCHAR" if self.types is not None else None
            produced.append(Column(label, text, lift(everything, TRANSFORMATION)))
            for name, origins, seen in zip(value_names, slots, kinds, strict=False):
                type_ = (
                    self.types.combine("union", tuple(seen)).type
                    if self.types is not None and seen
                    else None
                )
                produced.append(Column(name, type_, origins))
        if (
            self.rules.dialect != "duckdb"
            and len(fields_sources) == 1
            and len(produced) == 1 + len(value_names)
            and node.args.get("value_columns_first")
        ):
            produced = [*produced[1:], produced[0]]
        kept = [column for column in relation.columns if column.name.lower() not in consumed]
        if relation.open and not any(column.name == "*" for column in relation.columns):
            kept = [*kept, *(table.star() for table in relation.open)]
        indirect = relation.indirect
        if not node.args.get("include_nulls"):  # rows without a value are left out
            for column in produced:
                indirect = merge(indirect, mark(column.direct, FILTER))
        return Relation([*kept, *produced], indirect, None, relation.open)

    def _match_recognize(self, node: exp.MatchRecognize, frame: Frame) -> None:
        if not frame.entries:
            return
        source = frame.entries.pop()
        inside = Frame(frame.ctes, frame)
        inside.entries.append(source)
        pattern = node.args.get("pattern")
        variables = set(
            re.findall(
                r"[A-Za-z_]\w*",
                pattern.name if isinstance(pattern, exp.Expr) else str(pattern or ""),
            )
        )
        defined = node.args.get("define") or ()
        variables.update(item.alias_or_name for item in defined)
        influence: Origins = NOTHING
        partition = list(node.args.get("partition_by") or ())
        order = node.args.get("order")
        columns: list[Column] = []
        for item in partition:
            type_, origins = self.value(item, inside)
            columns.append(Column(item.alias_or_name, type_, origins))
            influence = merge(influence, mark(origins, GROUP_BY))
        for item in order.expressions if order is not None else ():
            influence = merge(influence, mark(self.value(item, inside)[1], SORT))
        for name in variables:
            inside.entries.append(Entry(name.lower(), source.relation))
        matching = Frame(frame.ctes, inside)
        matching.entries = [Entry(e.alias, e.relation) for e in inside.entries]
        matching.merged = {c.name.lower(): c for c in source.relation.columns}
        for item in defined:
            core = item.this if isinstance(item, exp.Alias) else item
            influence = merge(influence, mark(self.value(core, matching)[1], FILTER))
        for item in node.args.get("measures") or ():
            measure = item.this if isinstance(item, exp.MatchRecognizeMeasure) else item
            core = measure.this if isinstance(measure, exp.Alias) else measure
            type_, origins = self.value(core, matching)
            columns.append(
                Column(measure.alias_or_name, self._concrete(type_), lift(origins, TRANSFORMATION))
            )
        rows = node.args.get("rows")
        opened: tuple[Table, ...] = ()
        if (
            rows is not None
            and "ALL ROWS" in str(rows.name if isinstance(rows, exp.Expr) else rows).upper()
        ):
            opened = source.relation.open
            columns = columns if opened else columns[len(partition) :]
            columns = [*source.relation.columns, *columns]
        alias = node.args.get("alias")
        frame.entries.append(
            Entry(
                alias.name.lower() if alias is not None else source.alias,
                Relation(columns, merge(source.relation.indirect, influence), None, opened),
            )
        )

    # ---- set operations --------------------------------------------------------------------

    def _set_operation(
        self, node: exp.SetOperation, ctes: CteScope, parent: Frame | None, *, top: bool
    ) -> Relation:
        """Unite the branches from left to right; a chain of thousands does not recurse."""
        chain = [node]
        left = node.this
        while (
            isinstance(left, exp.SetOperation)
            and not left.args.get("with_")
            and left.args.get("order") is None
        ):
            chain.append(left)
            left = left.this
        outer, self._influence = self._influence, NOTHING
        relation = self.query(left, ctes, parent)
        first = left
        for step in reversed(chain):
            right = self.query(step.expression, ctes, parent)
            relation = self._united(
                [relation, right],
                [first, step.expression],
                step,
                by_name=bool(step.args.get("by_name")),
            )
            first = step
        self._influence = outer
        order = node.args.get("order")
        if order is not None:
            frame = Frame(ctes, parent)
            frame.entries.append(Entry("", relation))
            keys = self._order_keys(order, relation, None, frame)
            if top or node.args.get("limit") is not None or node.args.get("offset") is not None:
                relation = Relation(
                    relation.columns,
                    merge(relation.indirect, mark(keys, SORT)),
                    None,
                    relation.open,
                )
        return self._cut(node, relation, Frame(ctes, parent))

    def _cut(self, node: exp.Expr, relation: Relation, frame: Frame) -> Relation:
        """Return the rows that LIMIT and OFFSET, where they are computed, leave of a relation."""
        outer, self._influence = self._influence, NOTHING
        self._limited(node, frame)
        found, self._influence = self._influence, outer
        if not found:
            return relation
        return Relation(relation.columns, merge(relation.indirect, found), None, relation.open)

    def _united(
        self, relations: list[Relation], nodes: list[exp.Expr], step: exp.Expr, *, by_name: bool
    ) -> Relation:
        left, right = relations
        indirect = merge(left.indirect, right.indirect)
        if step.args.get("distinct") or not isinstance(step, exp.Union):
            told_apart = GROUP_BY if isinstance(step, exp.Union) else FILTER
            indirect = merge(indirect, _rows_of(left, told_apart))
            indirect = merge(indirect, _rows_of(right, told_apart))
        if by_name:
            open_tables = tuple(dict.fromkeys((*left.open, *right.open)))
            return self._united_by_name(left, right, indirect, open_tables, step)
        if left.open or right.open:
            return self._united_loosely(left, right, indirect, step, nodes[1])
        if len(left.columns) != len(right.columns):
            self.problems.append(
                Problem(
                    "set-arity",
                    f"set operation needs the same number of columns on both sides: "
                    f"{len(left.columns)} and {len(right.columns)}",
                    place_of(nodes[1]),
                )
            )
        columns: list[Column] = []
        for position, column in enumerate(left.columns):
            if position >= len(right.columns):
                columns.append(column)
                continue
            other = right.columns[position]
            columns.append(self._mixed(column, other, step, "union", nodes[1]))
        if len(right.columns) > len(left.columns):
            columns.extend(right.columns[len(left.columns) :])
        return Relation(columns, indirect)

    def _united_loosely(
        self, left: Relation, right: Relation, indirect: Origins, step: exp.Expr, place: exp.Expr
    ) -> Relation:
        """Unite branches of which one has columns that nobody knows.

        Up to its first star a branch's positions are known. From there on, each column may be
        any: the star as well as what is written after it goes into every column from there on.
        """
        here, there = _known_prefix(left), _known_prefix(right)
        known = min(here, there)
        columns = [
            self._mixed(column, other, step, "union", place)
            for column, other in zip(left.columns[:known], right.columns[:known], strict=True)
        ]
        beside: Origins = NOTHING
        for column in right.columns[known:]:
            beside = merge(beside, column.direct)
        for column in left.columns[known:]:
            mixed = merge(column.direct, beside)
            columns.append(Column(column.name, None, mixed, column.indirect, None, column.place))
        others = right.columns[known:]
        named = tuple(United(table, others) if others else table for table in left.open)
        return Relation(columns, indirect, None, named)

    def _mixed(
        self, column: Column, other: Column, step: exp.Expr, how: str, place: exp.Expr
    ) -> Column:
        type_ = column.type
        if self.types is not None:
            if column.type == other.type:
                type_ = column.type
            else:
                self.beside((column.type, other.type), place)
                answer = self.types.combine(how, (column.type, other.type))
                if answer.error is not None:
                    self.problems.append(
                        Problem(
                            "cannot-mix",
                            answer.error,
                            other.place if other.place[0] else place_of(place),
                            other.name,
                        )
                    )
                type_ = answer.type
        direct = merge(column.direct, other.direct)
        if type_ is not None and self.types is not None:
            never = [
                side.direct
                for side in (column, other)
                if side.type not in {None, type_} and self.types.cast(side.type, type_).never
            ]
            for origins in never:
                # Where a constant is never converted, whatever is united with it is not read.
                direct = merge(direct, flagged(origins or direct, NEVER))
        indirect = merge(column.indirect, other.indirect)
        del step
        return Column(column.name, type_, direct, indirect, None, column.place)

    def _united_by_name(
        self,
        left: Relation,
        right: Relation,
        indirect: Origins,
        open_tables: tuple[Table, ...],
        step: exp.Expr,
    ) -> Relation:
        columns = []
        for column in left.columns:
            other = right.find(column.name.lower())
            columns.append(
                self._mixed(column, other, step, "union", step)
                if isinstance(other, Column)
                else column
            )
        columns.extend(column for column in right.columns if left.find(column.name.lower()) is None)
        return Relation(columns, indirect, None, open_tables)


_FROM: Mapping[type[exp.Expr], Callable[[Binder, Any, Frame], None]] = {
    exp.Table: Binder._from_table,  # noqa: SLF001 - the table of this class
    exp.Subquery: Binder._from_query,  # noqa: SLF001 - the table of this class
    exp.Values: Binder._from_values,  # noqa: SLF001 - the table of this class
    exp.Unnest: Binder._from_unnest,  # noqa: SLF001 - the table of this class
    exp.Stream: Binder._from_stream,  # noqa: SLF001 - the table of this class
    exp.TableFromRows: Binder._from_rows,  # noqa: SLF001 - the table of this class
    exp.Lateral: Binder._from_lateral,  # noqa: SLF001 - the table of this class
    exp.Pivot: Binder._from_pivot,  # noqa: SLF001 - the table of this class
}


_QUERIES = (exp.Query, exp.Subquery, exp.Paren)
_ROWWISE_NOT = (exp.AggFunc, exp.WithinGroup, exp.Columns)
"""What makes an expression of the SELECT list more than a value for each row."""


def _rows_of(relation: Relation, flag: int) -> Origins:
    """Return the influence of whole rows: of what is compared where rows are told apart."""
    found: Origins = NOTHING
    for column in relation.columns:
        found = merge(merge(found, mark(column.direct, flag)), column.indirect)
    return found


def _spread_in(node: exp.Expr) -> exp.Columns | None:
    """Return the first COLUMNS of an expression; that of a subquery is the subquery's."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Columns):
            return item
        if not isinstance(item, exp.Query):
            waiting.extend(item.iter_expressions())
    return None


def _group_of(name: str, spread: exp.Columns, alias: str) -> str:
    """Return an alias in which a group of COLUMNS('…') that is named shows what it matched."""
    if "\\" not in alias or not isinstance(spread.this, exp.Literal):
        return alias
    found = re.search(spread.this.name, name)
    groups = (found[0], *found.groups()) if found is not None else ()
    return re.sub(
        r"\\(\d)",
        lambda digit: groups[int(digit[1])] or "" if int(digit[1]) < len(groups) else "",
        alias,
    )


def _unpacked(inner: exp.Expr, columns_of: Callable[[exp.Expr], list[Column]]) -> exp.Expr:
    """Return an expression in which ``*COLUMNS(…)`` is a list of arguments."""
    inner = inner.copy()
    while (spread := _spread_in(inner)) is not None:
        around = spread.parent
        if not spread.args.get("unpack") or around is None:
            break
        names = [exp.column(exp.to_identifier(c.name, quoted=True)) for c in columns_of(spread)]
        if not names:
            break
        if spread.arg_key == "this":
            around.set("this", names[0])
            around.set("expressions", [*names[1:], *around.expressions])
        else:
            spread.replace(names)
    return inner


def _leaves(name: str, type_: str, types: TypeSystem) -> Iterator[tuple[str, str]]:
    """Yield what is left of a type when lists and structs in it are taken apart."""
    element = type_
    while element.endswith("]"):
        element = types.element(element).type or ""
    parts = fields(element)
    if not parts:
        yield name, element
    for field, kind in parts:
        yield from _leaves(field, kind, types)


def _pivot_names(fields: list[exp.Expr], aggregates: list[exp.Expr]) -> list[str]:
    """Return the names of the columns that PIVOT makes; none where the data decides."""
    names = [""]
    for field in fields:
        if not isinstance(field, exp.In) or not field.expressions:
            return []
        values = [item for item in field.expressions if isinstance(item, exp.Literal | exp.Null)]
        if len(values) < len(field.expressions):
            return []
        names = [f"{start}_{value.name or 'NULL'}" for start in names for value in values]
    ends = [item.alias or item.sql("duckdb", normalize_functions="lower") for item in aggregates]
    if len(aggregates) > 1 or isinstance(aggregates[0], exp.Alias):
        ends = [end.replace("count(*)", "count_star()") for end in ends]
        names = [f"{name}_{end}" for name in names for end in ends]
    return [name[1:] for name in names]


_VALUES_CALLED: dict[str, tuple[str, int]] = {
    "snowflake": ("column", 1), "postgres": ("column", 1), "redshift": ("column", 1),
    "sqlite": ("column", 1), "spark": ("col", 1), "databricks": ("col", 1), "hive": ("col", 1),
    "mysql": ("column_", 0), "trino": ("_col", 0), "presto": ("_col", 0), "athena": ("_col", 0),
    "flink": ("EXPR$", 0),
}  # fmt: skip
"""What the columns of VALUES are called when nobody says, and where the count begins."""
_ELSEWHERE = frozenset({"openquery", "remote", "remotesecure", "cluster", "clusterallreplicas"})
_WINDOWS = frozenset({"tumble", "hop", "cumulate", "session"})
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
_FLATTENED = ("seq", "key", "path", "index", "value", "this")


def _named_by_text(node: object) -> bool:
    """Return whether a table is named as ``IDENTIFIER('a.b')``."""
    return isinstance(node, exp.DynamicIdentifier) and isinstance(node.this, exp.Literal)


def _is_stage(node: object) -> bool:
    """Return whether a source of rows is Snowflake's ``@stage/path``."""
    return isinstance(node, exp.Var) and node.name.startswith("@")


def _known_prefix(relation: Relation) -> int:
    """Return how many columns stand before the first star that could not be expanded."""
    for position, column in enumerate(relation.columns):
        if column.name == "*":
            return position
    return len(relation.columns)


def _star_of(item: exp.Expr) -> exp.Star | None:
    if type(item) is exp.Star:
        return item
    if type(item) is exp.Column and type(item.this) is exp.Star:
        return item.this
    if type(item) in NAME_TESTS and isinstance(item.this, exp.Expr):
        return _star_of(item.this)
    return None


def _around(star: exp.Star) -> exp.Expr:
    """Return ``t.*`` for the star in it, and a bare one itself."""
    return star.parent if isinstance(star.parent, exp.Column) else star


def _at(identifier: exp.Expr) -> tuple[int, int]:
    meta = identifier._meta  # noqa: SLF001 - .meta would create an empty dict on every node
    if meta and "start" in meta:
        return (meta["line"], meta["col"] - (meta["end"] - meta["start"]))
    return (0, 0)


def _first_place(item: exp.Expr) -> tuple[int, int]:
    if isinstance(item, exp.Alias):
        alias = item.args.get("alias")
        if isinstance(alias, exp.Identifier):
            return _at(alias)
    return place_of(item)


def _identifier_name(node: exp.Expr) -> str:
    if isinstance(node, exp.ColumnDef):
        return str(node.this.name)
    return str(node.name)


def _last_identifier(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Column) else node


def _flat(node: exp.Expr) -> list[exp.Expr]:
    """Return the keys inside GROUPING SETS, CUBE and ROLLUP, however they are nested."""
    if isinstance(node, (exp.Tuple, exp.GroupingSets, exp.Cube, exp.Rollup)):
        return [key for item in node.expressions for key in _flat(item)]
    if isinstance(node, exp.Paren):
        return _flat(node.this)
    return [node]


def _visible(entries: list[Entry]) -> dict[str, str]:
    return {
        column.name.lower(): column.name for entry in entries for column in entry.relation.columns
    }


def _deduplicated(relation: Relation) -> Relation:
    """Give repeated names a suffix, as DuckDB does: ``id``, ``id_1``, ``id_2``."""
    seen: dict[str, int] = {}
    columns = relation.columns
    names = [column.name.lower() for column in columns]
    if len(set(names)) == len(names):
        return relation
    taken = set(names)
    result = []
    for column in columns:
        key = column.name.lower()
        count = seen.get(key, 0)
        seen[key] = count + 1
        if not count or column.name == "*":
            result.append(column)
            continue
        name = f"{column.name}_{count}"
        while name.lower() in taken:
            count += 1
            name = f"{column.name}_{count}"
        taken.add(name.lower())
        seen[key] = count + 1
        result.append(column.renamed(name))
    return Relation(result, relation.indirect, None, relation.open)


def _ungrouped(projections: list[exp.Expr], relation: Relation) -> list[Column]:
    """Return the columns that ``GROUP BY ALL`` groups by: those that aggregate nothing."""
    aggregates = {item.alias_or_name.lower() for item in projections if aggregates_rows(item)}
    return [
        column
        for position, column in enumerate(relation.columns)
        if not (
            aggregates_rows(projections[position])
            if len(projections) == len(relation.columns)
            else column.name.lower() in aggregates
        )
    ]


def _names(node: exp.Expr, name: str) -> bool:
    return any(table.name.lower() == name and not table.db for table in node.find_all(exp.Table))


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
    window = isinstance(function, exp.Anonymous) and function.name.lower() in _WINDOWS
    if (
        (described or (window and len(arguments) > 1))
        and arguments
        and isinstance(arguments[0], exp.Column)
    ):
        parts = [part.copy() for part in arguments[0].parts]
        keys = ("this", "db", "catalog")
        return exp.Table(**dict(zip(keys, reversed(parts), strict=False)))
    return None
