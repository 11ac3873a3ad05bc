"""SELECT lists, and what GROUP BY, ORDER BY and windows name of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from sqlglot import exp

from lineage.sql.chosen import NAME_TESTS
from lineage.sql.expression import children
from lineage.sql.frame import Frame, Problem
from lineage.sql.grouping import aggregates_rows
from lineage.sql.nested import collection, fields
from lineage.sql.place import place_of
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    NOTHING,
    TRANSFORMATION,
    Column,
    Origins,
    Relation,
    Table,
    lift,
    merge,
)
from lineage.sql.stars import Stars, spread_in

if TYPE_CHECKING:
    from lineage.sql.typing import TypeSystem

_LONGEST_NAME = 300
FAR = 1 << 30
_ROWWISE_NOT = (exp.AggFunc, exp.WithinGroup, exp.Columns)
"""What makes an expression of the SELECT list more than a value for each row."""


class Projections(Stars):
    """Binds the expressions of a SELECT list and the keys that may name them."""

    # What the classes that follow provide.

    @abstractmethod
    def _alias(self, name: str, column: Column, frame: Frame) -> None:
        """Let what follows name a column of the SELECT list."""

    @abstractmethod
    def _stacked(self, function: exp.Expr, width: int, frame: Frame) -> list[Origins] | None:
        """``stack(n, …)`` deals its values out to the columns of ``n`` rows."""

    # What it does itself.

    def _aliased_in_having(self, condition: exp.Expr, group: exp.Expr | None, frame: Frame) -> None:
        """``SELECT SUM(a) AS b … HAVING b > 1`` means the sum, though FROM has a ``b``."""
        keys = {item.name.lower() for item in group.expressions} if group is not None else set()
        for column in condition.find_all(exp.Column):
            key = column.name.lower()
            known = frame.aliases.get(key)
            if known is not None and key not in keys and not column.table:
                self._carry(known)
                self.influenced(known.direct, FILTER)

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
        position, node = frame.projections[key]
        if self.rules.last_alias and position >= frame.position:
            return None  # where several are called so, the last counts
        known = frame.aliases.get(key)
        if known is not None:
            return known
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

    def project(self, projections: list[exp.Expr], frame: Frame) -> Relation:
        """Bind a SELECT list."""
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
                spread = spread_in(inner)
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
                Column(identifier_name(one), None, origins, indirect, None, place_of(item))
                for one in inner.args["schema"].expressions
            ]
        name = item.alias if isinstance(item, exp.Alias) else self._text_name(inner, position)
        column = Column(name, self._concrete(type_), origins, indirect, None, _first_place(item))
        if isinstance(item, exp.Alias):
            self._alias(name, Column(name, type_, column.direct, indirect), frame)
        return [column]

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

    def _group(
        self, group: exp.Group, projections: list[exp.Expr], relation: Relation, frame: Frame
    ) -> None:
        if group.args.get("all"):
            for column in _ungrouped(projections, relation):
                self._carry(column)
                self.influenced(column.direct, GROUP_BY)
        keys = list(group.expressions)
        for name in ("grouping_sets", "cube", "rollup"):
            for item in group.args.get(name) or ():
                if isinstance(item, exp.Expr):
                    keys.extend(_flat(item))
        for key in keys:
            self.influenced(self._key(key, relation, frame, aliases_first=False), GROUP_BY)

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
        frame.position = FAR
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

    def _range(self, window: exp.Expr, kinds: dict[int, str | None]) -> None:
        """Check that DuckDB can count the offsets of a RANGE from the key that it orders by."""
        order, spec = window.args.get("order"), window.args.get("spec")
        if order is None or spec is None or self.types is None or not self.rules.catalogue:
            return
        if (spec.args.get("kind") or "").upper() != "RANGE" or len(order.expressions) != 1:
            return
        key = kinds[id(order.expressions[0])]
        for end in ("start", "end"):
            offset = spec.args.get(end)
            if isinstance(offset, exp.Expr):
                before = (spec.args.get(f"{end}_side") or "").upper() == "PRECEDING"
                answer = self.types.operator("-" if before else "+", (key, kinds[id(offset)]))
                self.typed(answer, order.expressions[0], "no-operator")

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
        kinds: dict[int, str | None] = {}
        for key in keys:
            kinds[id(key)], found = self.value(key, frame)
            if found:
                origins = merge(origins, found)
        self._range(node, kinds)
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


def _unpacked(inner: exp.Expr, columns_of: Callable[[exp.Expr], list[Column]]) -> exp.Expr:
    """Return an expression in which ``*COLUMNS(…)`` is a list of arguments."""
    inner = inner.copy()
    while (spread := spread_in(inner)) is not None:
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


def _star_of(item: exp.Expr) -> exp.Star | None:
    if type(item) is exp.Star:
        return item
    if type(item) is exp.Column and type(item.this) is exp.Star:
        return item.this
    if type(item) in NAME_TESTS and isinstance(item.this, exp.Expr):
        return _star_of(item.this)
    return None


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


def identifier_name(node: exp.Expr) -> str:
    """Return the name in a column list, with a type behind it or without."""
    if isinstance(node, exp.ColumnDef):
        return str(node.this.name)
    return str(node.name)


def _flat(node: exp.Expr) -> list[exp.Expr]:
    """Return the keys inside GROUPING SETS, CUBE and ROLLUP, however they are nested."""
    if isinstance(node, (exp.Tuple, exp.GroupingSets, exp.Cube, exp.Rollup)):
        return [key for item in node.expressions for key in _flat(item)]
    if isinstance(node, exp.Paren):
        return _flat(node.this)
    return [node]


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
