"""What a query means, in a form in which two ways of writing the same are equal.

A column's meaning is its expression with every name replaced by what it stands for, down to
columns of tables; that of rows is which tables are joined, filtered and grouped, and how. Aliases,
CTEs, subqueries, the order of conditions and of inner joins do not matter. Equal meanings give
equal rows, whatever the tables hold; the opposite does not hold: two meanings may differ and give
the same rows all the same.

Meanings are numbers: each distinct term gets the next one (hash consing), so that terms share
what they have in common and comparing them costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.relation import Parts, Schema, Table

_MAX_DEPTH: Final = 300
_IGNORED: Final = frozenset({"comments", "_quoted", "quoted"})


class TooDeep(Exception):
    """A query nests deeper than is worth following."""


@dataclass(slots=True)
class Meaning:
    """What a query yields: its columns by name in order, and its rows."""

    columns: list[tuple[str, int]]
    rows: int
    open: bool = False
    """Some of its columns are not known."""
    table: Table | None = None
    """The table that it is all of, where nobody listed its columns."""


@dataclass(slots=True)
class _Scope:
    ctes: dict[str, Meaning]
    entries: list[tuple[str, Meaning]] = field(default_factory=list)
    parent: _Scope | None = None
    aliases: dict[str, exp.Expr] = field(default_factory=dict)
    busy: set[str] = field(default_factory=set)
    windows: dict[str, exp.Expr] = field(default_factory=dict)
    merged: dict[str, int] = field(default_factory=dict)


class Terms:
    """Gives numbers to terms. Only meanings made by one `Terms` can be compared."""

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def of(self, *term: Hashable) -> int:
        """Return the number of a term."""
        return self._numbers.setdefault(term, len(self._numbers))

    def __len__(self) -> int:
        return len(self._numbers)


Naming = Callable[[Table, str], Hashable]


@dataclass(frozen=True, slots=True)
class Definition:
    """What makes a table, and what names mean there."""

    tree: exp.Expr
    schema: Schema
    name: Naming


class Reader:
    """Reads the meaning of queries against a schema.

    ``name`` says what a table's column is called, whatever a script calls it: the same thing for
    what was renamed. Without a column (``""``) it says what the table is called. A table that
    ``defined`` knows means what the query means that makes it.
    """

    def __init__(
        self,
        schema: Schema,
        terms: Terms,
        name: Naming | None = None,
        defined: Callable[[Table], Definition | None] = lambda _: None,
    ) -> None:
        self.schema = schema
        self.terms = terms
        self._name = name or (lambda table, column: (table.name.lower(), column.lower()))
        self._defined = defined
        self._depth = 0
        self._unions: dict[int, tuple[int, ...]] = {}
        """The branches of a union."""
        self._branches: dict[int, tuple[int, bool]] = {}
        """A union that is a branch: its rows, and whether it keeps duplicates."""
        self._factors: dict[int, tuple[int, ...]] = {}
        """What an inner join joins."""
        self._parts: dict[int, tuple[int, ...]] = {}
        """What rows are made from."""
        self._known_bases: dict[int, frozenset[int]] = {}
        self._filters: dict[int, tuple[int, frozenset[int]]] = {}
        """What filtered rows are filtered from, and how."""

    def statement(self, tree: exp.Expr) -> Meaning | None:
        """Return the meaning of the query in a statement; None if there is none to be read."""
        try:
            return self._statement(tree)
        except (TooDeep, RecursionError):
            return None

    def _statement(self, tree: exp.Expr) -> Meaning | None:
        query = tree
        scope = _Scope({})
        if not isinstance(tree, exp.Query):
            body = tree.args.get("expression")
            if not isinstance(body, exp.Query):
                return None
            if tree.args.get("with_") is not None:
                self._with(tree.args["with_"], scope)
            query = body
        return self._query(query, scope)

    def _definition(self, table: Table) -> Meaning | None:
        """Return the meaning of the query that makes a table, if that is to stand for it."""
        found = self._defined(table)
        if found is None:
            return None
        self._depth += 1
        around = self.schema, self._name
        self.schema, self._name = found.schema, found.name
        try:
            if self._depth > _MAX_DEPTH:
                raise TooDeep
            return self._statement(found.tree)
        finally:
            self.schema, self._name = around
            self._depth -= 1

    # ---- queries -------------------------------------------------------------------------

    def _query(self, node: exp.Expr, outer: _Scope) -> Meaning:
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                raise TooDeep
            scope = _Scope(dict(outer.ctes), parent=outer)
            if node.args.get("with_") is not None:
                self._with(node.args["with_"], scope)
            if isinstance(node, exp.Select):
                return self._select(node, scope)
            if isinstance(node, exp.SetOperation):
                return self._limited(node, self._united(node, scope), scope)
            if isinstance(node, exp.Subquery | exp.Paren):
                return self._limited(node, self._query(node.this, scope), scope)
            return self._opaque(node, scope)
        finally:
            self._depth -= 1

    def _with(self, with_: exp.Expr, scope: _Scope) -> None:
        for cte in with_.expressions:
            name = cte.alias.lower()
            if with_.args.get("recursive"):
                table = self.terms.of("recursive", name)
                scope.ctes[name] = Meaning([], table, open=True)
            found = self._query(cte.this, scope)
            names = [item.name for item in (cte.args["alias"].args.get("columns") or ())]
            scope.ctes[name] = _renamed(found, names)

    def _select(self, node: exp.Select, scope: _Scope) -> Meaning:
        conditions: set[int] = set()
        rows = self._from(node, scope, conditions)
        for window in node.args.get("windows") or ():
            scope.windows[window.name.lower()] = window
        for item in node.expressions:
            if isinstance(item, exp.Alias):
                scope.aliases.setdefault(item.alias.lower(), item.this)
        columns, open_ = self._projections(node, scope)
        where = node.args.get("where")
        if where is not None:
            conditions |= self._conjuncts(where.this, scope)
        group = node.args.get("group")
        keys = self._group(group, node, scope)
        aggregates = group is not None or _aggregates(node)
        if conditions:
            rows = self._filtered(rows, conditions)
        if aggregates:
            rows = self._made("group", rows, keys)
            columns = [(name, self.terms.of("of", keys, item)) if item not in keys else (name, item)
                       for name, item in columns]  # fmt: skip
        for key in ("having", "qualify"):
            clause = node.args.get(key)
            if clause is not None:
                rows = self._made(key, rows, frozenset(self._conjuncts(clause.this, scope)))
        rows = self._distinct(node, rows, columns, scope)
        return self._limited(node, Meaning(columns, rows, open_), scope)

    def _distinct(
        self, node: exp.Select, rows: int, columns: list[tuple[str, int]], scope: _Scope
    ) -> int:
        distinct = node.args.get("distinct")
        if distinct is None:
            return rows
        on = distinct.args.get("on")
        if on is None:
            return self._made("group", rows, frozenset(item for _, item in columns))
        order = node.args.get("order")
        kept = self._value(order, scope) if order is not None else -1
        return self._made("distinct", rows, self._value(on, scope), kept)

    def _made(self, what: str, rows: int, *how: Hashable) -> int:
        """Return rows that are made from others, and remember from which."""
        found = self.terms.of(what, rows, *how)
        self._parts[found] = (rows,)
        return found

    def _limited(self, node: exp.Expr, found: Meaning, scope: _Scope) -> Meaning:
        """Add LIMIT and OFFSET; an order matters only to them."""
        limits = [self._value(node.args[key], scope)
                  for key in ("limit", "offset") if node.args.get(key) is not None]  # fmt: skip
        sample = node.args.get("sample")
        if sample is not None:
            limits.append(self._value(sample, scope))
        if not limits:
            return found
        inside = scope
        if not scope.entries:
            inside = _Scope(scope.ctes, [("", found)], scope)
        order = node.args.get("order")
        kept = self._ordered(order, inside, found) if order is not None else -1
        rows = self._made("limit", found.rows, kept, *limits)
        return Meaning(found.columns, rows, found.open)

    def _ordered(self, order: exp.Expr, scope: _Scope, found: Meaning) -> int:
        keys = []
        for item in order.expressions:
            key = item.this
            if isinstance(key, exp.Literal) and not key.is_string:
                place = int(key.this) - 1
                value = found.columns[place][1] if 0 <= place < len(found.columns) else -1
            else:
                value = self._value(key, scope)
            keys.append((value, bool(item.args.get("desc")), str(item.args.get("nulls_first"))))
        return self.terms.of("order", *keys)

    def _united(self, node: exp.SetOperation, scope: _Scope) -> Meaning:
        branches = [self._query(node.this, scope), self._query(node.expression, scope)]
        kind = type(node).__name__
        every = node.args.get("distinct") is False
        if node.args.get("by_name"):
            names = list(
                dict.fromkeys(name.lower() for item in branches for name, _ in item.columns)
            )
            branches = [_by_name(item, names, self.terms) for item in branches]
        rows = [
            self.terms.of("branch", item.rows, *(value for _, value in item.columns))
            for item in branches
        ]
        if isinstance(node, exp.Union):
            inner = [parts for item in rows for parts in self._union_parts(item, every=every)]
            united = self.terms.of("union", every, tuple(sorted(inner)))
            self._unions[united] = tuple(sorted(inner))
        else:
            united = self.terms.of(kind, every, *rows)
        self._parts[united] = tuple(item.rows for item in branches)
        columns = [
            (name, self.terms.of("united", united, place))
            for place, (name, _) in enumerate(branches[0].columns)
        ]
        self._branches[self.terms.of("branch", united, *(value for _, value in columns))] = (
            united,
            every,
        )
        return Meaning(columns, united, any(item.open for item in branches))

    def _union_parts(self, branch: int, *, every: bool) -> tuple[int, ...]:
        """Return the branches of a union that is itself a branch of a union of the same kind."""
        known = self._branches.get(branch)
        if known is not None and known[1] is every:
            return self._unions.get(known[0], (branch,))
        return (branch,)

    # ---- FROM ----------------------------------------------------------------------------

    def _from(self, node: exp.Select, scope: _Scope, conditions: set[int]) -> int:
        from_ = node.args.get("from_")
        if from_ is None:
            return self.terms.of("one row")
        rows = self._item(from_.this, scope)
        for join in (*(from_.this.args.get("joins") or ()), *(node.args.get("joins") or ())):
            rows = self._join(join, scope, rows, conditions)
        for lateral in node.args.get("laterals") or ():
            rows = self._made("lateral", rows, self._item(lateral, scope))
        return rows

    def _join(self, join: exp.Expr, scope: _Scope, rows: int, conditions: set[int]) -> int:
        side = (join.args.get("side") or "").upper()
        kind = (join.args.get("kind") or "").upper()
        method = (join.args.get("method") or "").upper()
        before = list(scope.entries)
        other = self._item(join.this, scope)
        entry = scope.entries[-1]
        found: set[int] = set()
        names = [item.name.lower() for item in join.args.get("using") or ()]
        if method == "NATURAL":
            left = {name.lower() for _, item in before for name, _ in item.columns}
            names = [name.lower() for name, _ in entry[1].columns if name.lower() in left]
        for name in names:
            one = scope.merged.get(name)
            if one is None:
                one = self._among(name, before)
            two = self._among(name, [entry])
            if one is not None and two is not None:
                found.add(self.terms.of("EQ", *sorted((one, two))))
                scope.merged[name] = (
                    self.terms.of("Coalesce", one, two) if side == "FULL"
                    else two if side == "RIGHT" else one
                )  # fmt: skip
        on = join.args.get("on")
        if on is not None:
            found |= self._conjuncts(on, scope)
        if method not in {"", "NATURAL"} or kind not in {"", "INNER", "OUTER", "CROSS"}:
            joined = self.terms.of("join", method, side, kind, rows, other, frozenset(found))
            self._parts[joined] = (rows, other)
            return joined
        if side:
            if side != "LEFT" and conditions:
                rows = self._filtered(rows, conditions)
                conditions.clear()
            sides = (other, rows) if side == "RIGHT" else (rows, other)
            kept = self.terms.of("FULL" if side == "FULL" else "LEFT", *sides, frozenset(found))
            self._parts[kept] = sides
            return kept
        conditions |= found
        return self._product(rows, other)

    def _product(self, one: int, other: int) -> int:
        """Return the rows of an inner join, whatever the order of its sides."""
        factors = [*self._factors.get(one, (one,)), *self._factors.get(other, (other,))]
        if one in self._filters or other in self._filters:
            factors = [one, other]
        product = self.terms.of("product", tuple(sorted(factors)))
        self._factors[product] = self._parts[product] = tuple(sorted(factors))
        return product

    def _filtered(self, rows: int, conditions: Iterable[int]) -> int:
        base, known = self._filters.get(rows, (rows, frozenset()))
        every = known | frozenset(conditions)
        found = self.terms.of("filter", base, every)
        self._filters[found] = (base, every)
        self._parts[found] = (base,)
        return found

    def _item(self, node: exp.Expr, scope: _Scope) -> int:
        """Add one item of FROM to the scope and return its rows."""
        alias = (node.alias or node.name or "").lower()
        names = [
            item.name
            for item in (
                node.args["alias"].args.get("columns") or ()
                if isinstance(node.args.get("alias"), exp.TableAlias)
                else ()
            )
        ]
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            found = self._table(node, scope)
        elif isinstance(node, exp.Subquery):
            found = self._query(node.this, scope)
        else:
            found = self._opaque(node, scope)
        extra = [node.args[key] for key in ("sample", "pivots", "version") if node.args.get(key)]
        if extra:
            parts = [self._value(part, scope) for group in extra
                     for part in (group if isinstance(group, list) else [group])]  # fmt: skip
            rows = self.terms.of("altered", found.rows, *parts)
            columns = [
                (name, self.terms.of("altered", item, *parts)) for name, item in found.columns
            ]
            found = Meaning(columns, rows, open=True)
        found = self._instance(_renamed(found, names), scope)
        scope.entries.append((alias, found))
        return found.rows

    def _instance(self, found: Meaning, scope: _Scope) -> Meaning:
        """Tell the columns of a table that is joined to itself from those of its first instance."""
        bases = self._bases(found.rows)
        before = 0
        where: _Scope | None = scope
        while where is not None:
            before += sum(not bases.isdisjoint(self._bases(item.rows)) for _, item in where.entries)
            where = where.parent
        if not before:
            return found
        columns = [(name, self.terms.of("instance", before, item)) for name, item in found.columns]
        rows = found.rows
        if found.open:
            rows = self._made("instance", rows, before)
        return Meaning(columns, rows, found.open)

    def _bases(self, rows: int) -> frozenset[int]:
        """Return the tables that rows are made from."""
        known = self._known_bases.get(rows)
        if known is None:
            parts = self._parts.get(rows)
            known = frozenset({rows})
            if parts is not None:
                known = frozenset().union(*map(self._bases, parts))
            self._known_bases[rows] = known
        return known

    def _table(self, node: exp.Table, scope: _Scope) -> Meaning:
        parts: Parts = tuple(part.name for part in node.parts)
        if len(parts) == 1 and parts[0].lower() in scope.ctes:
            return scope.ctes[parts[0].lower()]
        table = self.schema.find(parts)
        if table is None:
            rows = self.terms.of("table", joined(parts).lower())
            return Meaning([], rows, open=True)
        made = self._definition(table)
        if made is not None:
            return made
        rows = self.terms.of("table", self._name(table, ""))
        if table.columns is None:
            return Meaning([], rows, open=True, table=table)
        columns = [
            (name, self.terms.of("column", self._name(table, name))) for name, _ in table.columns
        ]
        return Meaning(columns, rows)

    def _opaque(self, node: exp.Expr, scope: _Scope) -> Meaning:
        inner = scope if scope.entries or scope.parent is None else scope.parent
        return Meaning([], self._generic(node, inner), open=True)

    # ---- SELECT list ---------------------------------------------------------------------

    def _projections(self, node: exp.Select, scope: _Scope) -> tuple[list[tuple[str, int]], bool]:
        columns: list[tuple[str, int]] = []
        open_ = False
        for item in node.expressions:
            star = item.this if isinstance(item, exp.Column) else item
            if isinstance(star, exp.Star):
                expanded, more = self._star(item, star, scope)
                columns.extend(expanded)
                open_ = open_ or more
                continue
            columns.append((item.alias_or_name or item.key, self._value(item, scope)))
        return columns, open_

    def _star(
        self, item: exp.Expr, star: exp.Star, scope: _Scope
    ) -> tuple[list[tuple[str, int]], bool]:
        qualifier = item.table.lower() if isinstance(item, exp.Column) else ""
        removed = {
            part.name.lower()
            for key in ("except", "except_", "exclude")
            for part in star.args.get(key) or ()
        }
        replaced = {
            part.alias.lower(): self._value(part.this, scope)
            for key in ("replace", "replace_")
            for part in star.args.get(key) or ()
        }
        renames = {
            part.this.name.lower(): part.alias
            for key in ("rename", "rename_")
            for part in star.args.get(key) or ()
        }
        columns = []
        seen: set[str] = set()
        open_ = False
        for alias, found in scope.entries:
            if qualifier and alias != qualifier:
                continue
            open_ = open_ or found.open
            if found.open:
                columns.append(("*", self.terms.of("star", found.rows)))
            for name, value in found.columns:
                key = name.lower()
                if key in removed or (key in scope.merged and key in seen):
                    continue
                seen.add(key)
                chosen = replaced.get(key, scope.merged.get(key, value) if not qualifier else value)
                columns.append((renames.get(key, name), chosen))
        return columns, open_

    def _group(self, group: exp.Expr | None, node: exp.Select, scope: _Scope) -> frozenset[int]:
        if group is None:
            return frozenset()
        keys: set[int] = set()
        if group.args.get("all"):
            plain = [item for item in node.expressions if not item.find(exp.AggFunc)]
            keys |= {self._value(item, scope) for item in plain}
        for item in group.expressions:
            if isinstance(item, exp.Literal) and not item.is_string:
                place = int(item.this) - 1
                if 0 <= place < len(node.expressions):
                    keys.add(self._value(node.expressions[place], scope))
                continue
            keys.add(self._value(item, scope))
        for key in ("grouping_sets", "cube", "rollup"):
            keys |= {self._value(item, scope) for item in group.args.get(key) or ()}
        return frozenset(keys)

    # ---- expressions ---------------------------------------------------------------------

    def _conjuncts(self, node: exp.Expr, scope: _Scope) -> set[int]:
        node = _bare(node)
        if isinstance(node, exp.And):
            return self._conjuncts(node.this, scope) | self._conjuncts(node.expression, scope)
        if isinstance(node, exp.Between) and not node.args.get("symmetric"):
            value = self._value(node.this, scope)
            low, high = (self._value(node.args[key], scope) for key in ("low", "high"))
            return {self.terms.of("LTE", low, value), self.terms.of("LTE", value, high)}
        if isinstance(node, exp.Boolean) and node.this is True:
            return set()
        return {self._value(node, scope)}

    def _value(self, node: exp.Expr, scope: _Scope) -> int:
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                raise TooDeep
            node = _bare(node)
            handler = _HANDLERS.get(type(node))
            if handler is not None:
                return handler(self, node, scope)
            if isinstance(node, exp.Query):
                found = self._query(node, scope)
                return self.terms.of("query", found.rows, *(value for _, value in found.columns))
            return self._generic(node, scope)
        finally:
            self._depth -= 1

    def _literal(self, node: exp.Expr, scope: _Scope) -> int:
        del scope
        return self.terms.of("literal", node.is_string, node.this)

    def _and(self, node: exp.Expr, scope: _Scope) -> int:
        found = self._conjuncts(node, scope)
        return self.terms.of("And", frozenset(found)) if len(found) != 1 else found.pop()

    def _or(self, node: exp.Expr, scope: _Scope) -> int:
        found = self._disjuncts(node, scope)
        return self.terms.of("Or", frozenset(found)) if len(found) != 1 else found.pop()

    def _mirrored(self, node: exp.Expr, scope: _Scope) -> int:
        """Read ``a > b`` as ``b < a``."""
        one, other = self._value(node.this, scope), self._value(node.expression, scope)
        if isinstance(node, exp.GT | exp.GTE):
            one, other = other, one
        return self.terms.of("LT" if isinstance(node, exp.GT | exp.LT) else "LTE", one, other)

    def _commutative(self, node: exp.Expr, scope: _Scope) -> int:
        sides = (self._value(node.this, scope), self._value(node.expression, scope))
        return self.terms.of(type(node).__name__, *sorted(sides))

    def _count(self, node: exp.Expr, scope: _Scope) -> int:
        if isinstance(node.this, exp.Star | exp.Literal):
            return self.terms.of("count rows")
        return self._generic(node, scope)

    def _disjuncts(self, node: exp.Expr, scope: _Scope) -> set[int]:
        node = _bare(node)
        if isinstance(node, exp.Or):
            return self._disjuncts(node.this, scope) | self._disjuncts(node.expression, scope)
        return {self._value(node, scope)}

    def _not(self, node: exp.Expr, scope: _Scope) -> int:
        inner = _bare(node.this)
        if isinstance(inner, exp.Not):
            return self._value(inner.this, scope)
        if isinstance(inner, exp.EQ | exp.NEQ):
            sides = sorted((self._value(inner.this, scope), self._value(inner.expression, scope)))
            return self.terms.of("NEQ" if isinstance(inner, exp.EQ) else "EQ", *sides)
        return self.terms.of("Not", self._value(inner, scope))

    def _in(self, node: exp.Expr, scope: _Scope) -> int:
        if node.args.get("query") is not None or node.args.get("unnest") is not None:
            return self._generic(node, scope)
        value = self._value(node.this, scope)
        items = {self._value(item, scope) for item in node.expressions}
        if len(items) == 1:
            return self.terms.of("EQ", *sorted((value, *items)))
        return self.terms.of("Or", frozenset(self.terms.of("EQ", *sorted((value, item)))
                                             for item in items))  # fmt: skip

    def _case(self, node: exp.Expr, scope: _Scope) -> int:
        subject = node.args.get("this")
        parts = []
        for branch in node.args.get("ifs") or ():
            condition = self._value(branch.this, scope)
            if subject is not None:
                condition = self.terms.of("EQ", *sorted((self._value(subject, scope), condition)))
            parts.append((condition, self._value(branch.args["true"], scope)))
        default = node.args.get("default")
        otherwise = self._value(default, scope) if default is not None else self.terms.of("Null")
        return self.terms.of("Case", tuple(parts), otherwise)

    def _window(self, node: exp.Expr, scope: _Scope) -> int:
        named = node.args.get("alias")
        definition: exp.Expr = node
        if named is not None and named.name.lower() in scope.windows:
            definition = scope.windows[named.name.lower()]
        keys = frozenset(
            self._value(item, scope) for item in definition.args.get("partition_by") or ()
        )
        order = definition.args.get("order")
        spec = definition.args.get("spec")
        return self.terms.of(
            "Window",
            self._value(node.this, scope),
            keys,
            self._generic(order, scope) if order is not None else -1,
            self._generic(spec, scope) if spec is not None else -1,
        )

    def _generic(self, node: exp.Expr, scope: _Scope) -> int:
        """Return a node's kind and what is in it, in order."""
        parts: list[Hashable] = []
        for key in sorted(node.args):
            value = node.args[key]
            if key in _IGNORED or value is None or value is False or value == []:
                continue
            if isinstance(value, list):
                parts.append((key, tuple(self._part(item, scope) for item in value)))
            else:
                parts.append((key, self._part(value, scope)))
        if type(node) is exp.Null:
            return self.terms.of("Null")
        return self.terms.of(type(node).__name__, tuple(parts))

    def _part(self, value: object, scope: _Scope) -> Hashable:
        if isinstance(value, exp.Identifier):
            return value.name.lower()
        if isinstance(value, exp.DataType):
            return value.sql()
        if isinstance(value, exp.Expr):
            return self._value(value, scope)
        return str(value).upper()

    def _column(self, node: exp.Expr, scope: _Scope) -> int:
        name = node.name.lower()
        qualifier = node.text("table").lower()
        where: _Scope | None = scope
        while where is not None:
            if qualifier:
                entries = [entry for entry in where.entries if entry[0] == qualifier]
                found = self._among(name, entries)
                if found is not None:
                    return found
            else:
                found = where.merged.get(name)
                if found is None:
                    found = self._among(name, where.entries)
                if found is not None:
                    return found
                if name in where.aliases and name not in where.busy:
                    where.busy.add(name)
                    try:
                        return self._value(where.aliases[name], where)
                    finally:
                        where.busy.discard(name)
            where = where.parent
        return self.terms.of("name", node.sql().lower())

    def _among(self, name: str, entries: list[tuple[str, Meaning]]) -> int | None:
        open_: Meaning | None = None
        for _, found in entries:
            for known, value in found.columns:
                if known.lower() == name:
                    return value
            if found.open and open_ is None:
                open_ = found
        if open_ is None:
            return None
        if open_.table is not None:
            return self.terms.of("column", self._name(open_.table, name))
        return self.terms.of("column", open_.rows, name)


def _bare(node: exp.Expr) -> exp.Expr:
    while isinstance(node, exp.Paren | exp.Alias):
        node = node.this
    return node


_HANDLERS: Final[Mapping[type[exp.Expr], Callable[[Reader, exp.Expr, _Scope], int]]] = {
    exp.Column: Reader._column,  # noqa: SLF001 - the table of this class, which it must exist for
    exp.Literal: Reader._literal,  # noqa: SLF001 - as above
    exp.And: Reader._and,  # noqa: SLF001 - as above
    exp.Or: Reader._or,  # noqa: SLF001 - as above
    exp.Between: Reader._and,  # noqa: SLF001 - as above
    exp.Not: Reader._not,  # noqa: SLF001 - as above
    exp.In: Reader._in,  # noqa: SLF001 - as above
    exp.GT: Reader._mirrored,  # noqa: SLF001 - as above
    exp.GTE: Reader._mirrored,  # noqa: SLF001 - as above
    exp.LT: Reader._mirrored,  # noqa: SLF001 - as above
    exp.LTE: Reader._mirrored,  # noqa: SLF001 - as above
    exp.EQ: Reader._commutative,  # noqa: SLF001 - as above
    exp.NEQ: Reader._commutative,  # noqa: SLF001 - as above
    exp.Add: Reader._commutative,  # noqa: SLF001 - as above
    exp.Mul: Reader._commutative,  # noqa: SLF001 - as above
    exp.NullSafeEQ: Reader._commutative,  # noqa: SLF001 - as above
    exp.NullSafeNEQ: Reader._commutative,  # noqa: SLF001 - as above
    exp.Count: Reader._count,  # noqa: SLF001 - as above
    exp.Case: Reader._case,  # noqa: SLF001 - as above
    exp.Window: Reader._window,  # noqa: SLF001 - as above
}


def _aggregates(node: exp.Select) -> bool:
    """Return whether a SELECT without GROUP BY makes one row of all."""
    for item in node.expressions:
        for found in item.find_all(exp.AggFunc):
            parent = found.parent
            while isinstance(parent, exp.Filter | exp.WithinGroup | exp.IgnoreNulls):
                parent = parent.parent
            inside = found.find_ancestor(exp.Select)
            if inside is node and not isinstance(parent, exp.Window):
                return True
    return False


def _renamed(found: Meaning, names: list[str]) -> Meaning:
    if not names:
        return found
    columns = [
        (names[place] if place < len(names) else name, value)
        for place, (name, value) in enumerate(found.columns)
    ]
    return Meaning(columns, found.rows, found.open)


def _by_name(found: Meaning, names: list[str], terms: Terms) -> Meaning:
    known = {name.lower(): (name, value) for name, value in found.columns}
    columns = [known.get(name, (name, terms.of("Null"))) for name in names]
    return Meaning(columns, found.rows, found.open)
