"""SELECT lists, and what GROUP BY, ORDER BY and windows name of them."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlglot import exp

from lineage.sql.chosen import NAME_TESTS
from lineage.sql.dialect import SPARK
from lineage.sql.expression import children
from lineage.sql.frame import Frame, Problem
from lineage.sql.generators import generator, unfolds, yielded
from lineage.sql.grouping import aggregates_rows
from lineage.sql.nested import collection, fields
from lineage.sql.place import place_of
from lineage.sql.postgres_names import POSTGRES, figured_name
from lineage.sql.relation import (
    AGGREGATION,
    FILTER,
    GROUP_BY,
    NOTHING,
    TRANSFORMATION,
    Again,
    Called,
    Column,
    Origins,
    Relation,
    Table,
    lift,
    merge,
)
from lineage.sql.spark_names import output_name
from lineage.sql.stars import Stars, matches, spread_in

if TYPE_CHECKING:
    from lineage.sql.typing import TypeSystem

_LONGEST_NAME = 300
FAR = 1 << 30
_AGGREGATED = frozenset({"sum", "min", "max", "avg", "count", "any", "anylast", "uniq", "median"})
_ROWWISE_NOT = (exp.AggFunc, exp.WithinGroup, exp.Columns)
"""What makes an expression of the SELECT list more than a value for each row."""


class Projections(Stars):
    """Binds the expressions of a SELECT list and the keys that may name them."""

    _depth: int

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

    def _name_projections(self, node: exp.Select, frame: Frame) -> None:
        projections = node.expressions
        if self.rules.aliases_first:
            for inner in aliases_inside(node):
                frame.projections.setdefault(inner.alias.lower(), (0, inner.this))
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
        if not frame.position:
            return None
        position, node = frame.projections[key]
        if self.rules.last_alias and position >= frame.position:
            return None  # where several are called so, the last counts
        known = frame.aliases.get(key)
        if known is not None:
            return known
        if position >= frame.position or key in frame.busy:
            return None
        frame.busy.add(key)
        outer, frame.position = frame.position, self._seen_from(position)
        around, self._influence = self._influence, NOTHING
        type_, origins = self.value(node, frame)
        frame.position = outer
        frame.busy.discard(key)
        direct = origins if type(node) is exp.Column else lift(origins, TRANSFORMATION)
        column = Column(key, type_, direct, self._taken())
        self._influence = around
        frame.aliases[key] = column
        return column

    def _seen_from(self, position: int) -> int:
        """Return how many expressions of the SELECT list one of them may name by their alias."""
        if self.rules.aliases_first:
            return FAR
        return position if self.rules.lateral_aliases else 0

    def project(self, projections: list[exp.Expr], frame: Frame) -> Relation:
        """Bind a SELECT list."""
        columns: list[Column] = []
        open_tables: dict[Table, None] = {}
        outer, self._influence = self._influence, NOTHING
        stars = False
        for position, item in enumerate(projections):
            frame.position = self._seen_from(position)
            kind = type(item)
            if kind is exp.Column and type(item.this) is not exp.Star:
                type_, origins = self.resolve(item, frame)
                again = self.rules.same_column_again and _is_again(
                    item, origins, columns, projections
                )
                columns.append(
                    (Again if again else Column)(
                        self._dotted_name(item, frame),
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
                if columns and self.rules.same_column_again:
                    found = _shown_again(found, columns, frame)
                columns.extend(found)
                open_tables.update(dict.fromkeys(opened))
                continue
            columns.extend(self._expression(item, frame, len(columns)))
        self._influence = outer
        if stars and not columns and not open_tables and self.rules.catalogue:
            text = "SELECT list is empty after resolving * expressions"
            self.problems.append(Problem("empty-select", text, _first_place(projections[0])))
        return Relation(columns, NOTHING, None, tuple(open_tables))

    def _dotted_name(self, item: exp.Expr, frame: Frame) -> str:
        """Return what a column that is named without an alias is called."""
        name: str = item.this.this
        if not self.rules.dotted_names or item.args.get("table") is None:
            return name
        assert isinstance(item, exp.Column)  # noqa: S101 - nothing else has a table
        parts = [part.name for part in item.parts]
        for size in range(len(parts) - 1, 0, -1):
            qualifier = tuple(part.lower() for part in parts[:size])
            entry = next((one for one in frame.entries if one.answers_to(qualifier)), None)
            if entry is not None and entry.shown:
                return self.name_apart(".".join(parts[size:]), entry, frame)
        return ".".join(parts)

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
        if isinstance(inner, exp.Apply) or self._is_columns_of(inner):
            return self._applied(inner, frame)
        if type(inner) is exp.Explode and self.rules.dialect == "duckdb":
            parts = self._struct_parts(inner, frame)
            if parts:
                return parts
        if self.rules.generators and generator(inner) is not None:
            parts = self._generated(item, inner, frame)
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
        if isinstance(inner, exp.QueryTransform):
            return [
                Column(name, type_, origins, indirect, None, place_of(item))
                for name, type_ in self._transformed(inner)
            ]
        name = item.alias if isinstance(item, exp.Alias) else self._text_name(inner, position)
        kind, place = self._concrete(type_), _first_place(item)
        if isinstance(item, exp.Alias):
            self._alias(name, Column(name, type_, origins, indirect), frame)
        elif self.rules.dialect in POSTGRES:
            called = Called(figured_name(inner), kind, origins, indirect, None, place)
            # What is read by a query around it has no other name than the engine's.
            called.text = name if self._depth == 1 else called.name
            return [called]
        return [Column(name, kind, origins, indirect, None, place)]

    def _transformed(self, node: exp.QueryTransform) -> list[tuple[str, str | None]]:
        """Return what ``TRANSFORM … USING`` yields: text, where no type is given."""
        schema = node.args.get("schema")
        if schema is None:
            return [("key", self._text_type()), ("value", self._text_type())]
        found = []
        for one in schema.expressions:
            kind = one.args.get("kind") if isinstance(one, exp.ColumnDef) else None
            said = self.rules.type_text(kind) if kind is not None else None
            known = self.types.normalize(said) if said and self.types is not None else None
            found.append((identifier_name(one), known if kind is not None else self._text_type()))
        return found

    def _text_type(self) -> str | None:
        return self._concrete("STRING_LITERAL")

    def _generated(self, item: exp.Expr, node: exp.Expr, frame: Frame) -> list[Column]:
        """Return the columns that a generator of the SELECT list yields; none if nobody knows."""
        outer, self._influence = self._influence, NOTHING
        marked = len(self.problems)
        first = next(iter(children(node)), None)
        type_ = self.value(first, frame)[0] if first is not None else None
        del self.problems[marked:]  # they are told when the whole is bound
        made = yielded(node, type_)
        names: list[exp.Expr] = []
        if isinstance(item, exp.Aliases):
            names = item.args["expressions"]
        elif isinstance(item, exp.Alias):
            names = [item.args["alias"]]
        if not made or (names and len(names) != len(made)):
            self._influence = outer
            return []
        origins = lift(self.value(node, frame)[1], TRANSFORMATION)
        if unfolds(node):
            frame.unfolded = merge(frame.unfolded, origins)
        split = self._stacked(node, len(made), frame) or [origins] * len(made)
        indirect, self._influence = self._influence or NOTHING, outer
        columns = []
        for place, (name, kind) in enumerate(made):
            called = names[place].name if names else name
            column = Column(called, kind, split[place], indirect, None, place_of(node))
            columns.append(column)
            if names:
                self._alias(called, column, frame)
        return columns

    def _is_columns_of(self, node: exp.Expr) -> bool:
        """Return whether an expression is ClickHouse's ``COLUMNS('…')`` or ``t.COLUMNS('…')``."""
        if self.rules.dialect != "clickhouse":
            return False
        last = node.expression if isinstance(node, exp.Dot) else node
        return isinstance(last, exp.Columns) or (
            isinstance(last, exp.Anonymous) and last.name.upper() == "COLUMNS"
        )

    def _applied(self, node: exp.Expr, frame: Frame) -> list[Column]:
        """Return the columns of ``* APPLY(f)``: each through the function."""
        if isinstance(node, exp.Apply):
            called = node.expression.sql(self.rules.parser)
            name = node.expression.name.lower()
            aggregates = self.rules.is_aggregate(name) or name in _AGGREGATED
            frame.aggregates = frame.aggregates or aggregates
            return [
                Column(
                    f"{called}({column.name})",
                    None,
                    lift(column.direct, AGGREGATION if aggregates else TRANSFORMATION),
                    column.indirect,
                )
                for column in self._applied(node.this, frame)
            ]
        star = _star_of(node)
        if star is not None:
            return self._star(star, node, frame)[0]
        qualifier = (node.this.name.lower(),) if isinstance(node, exp.Dot) else None
        last = node.expression if isinstance(node, exp.Dot) else node
        pattern = last.expressions[0] if isinstance(last, exp.Anonymous) else last.this
        columns, _ = self._expand_star(frame, qualifier, node)
        return [one for one in columns if one.name == "*" or matches(pattern.name, one.name)]

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
        if self.rules.dialect in SPARK:
            said = output_name(node)
            if said is not None and len(said) <= _LONGEST_NAME:
                return said
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
        if self.rules.lateral_aliases or self.rules.alias_in_where:
            frame.position = FAR
            if not (aliases_first and self.rules.outputs_first):
                return self.value(core, frame)[1]
        with self._outputs_named(core, relation, frame):
            return self.value(core, frame)[1]

    @contextmanager
    def _outputs_named(
        self, node: exp.Expr, relation: Relation, frame: Frame
    ) -> Generator[None, None, None]:
        """Let an expression name outputs: those that FROM does not have, or first of all.

        What an aggregate is of is looked for in FROM in any case.
        """
        outer = frame.values
        frame.values = dict(outer)
        first = self.rules.outputs_first and node.find(exp.AggFunc) is None
        names = [one.name.lower() for one in relation.columns] if first else frame.projections
        for key in names:
            found = relation.find(key)
            if isinstance(found, Column) and (
                first or not any(entry.relation.find(key) for entry in frame.entries)
            ):
                frame.values[key] = (found.type, found.direct)
        try:
            yield
        finally:
            frame.values = outer

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
                    scope.read_windows.add(name.name.lower())
                    if window is not node:
                        origins = merge(origins, self.window_parts(window, frame))
                    break
                scope = scope.parent
        return origins


def aliases_inside(node: exp.Select) -> Iterator[exp.Alias]:
    """Yield what is given a name in the midst of an expression: ``(a + 1 AS b) * 2``."""
    waiting = list(node.expressions)
    waiting.extend(node.args[key] for key in _NAMING if node.args.get(key) is not None)
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Alias):
            yield item
        if not isinstance(item, exp.Query):
            waiting.extend(children(item))


_NAMING = ("prewhere", "where", "group", "having", "qualify", "order")


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


def _shown_again(found: list[Column], columns: list[Column], frame: Frame) -> list[Column]:
    """Mark what a star shows of what the SELECT list has already."""
    listed = [id(one.direct) for entry in frame.entries for one in entry.relation.columns]
    if len(set(listed)) < len(listed):
        return found  # a table joined to itself: which of the two is meant is not to be seen
    known = {(id(one.direct), one.name.lower()) for one in columns}
    return [
        Again(one.name, one.type, one.direct, one.indirect, one.nullable, one.place)
        if (id(one.direct), one.name.lower()) in known
        else one
        for one in found
    ]


def _is_again(
    item: exp.Expr, origins: Origins, columns: list[Column], projections: list[exp.Expr]
) -> bool:
    """Return whether the SELECT list has the very column already, under its own name."""
    if not any(one.direct is origins and one.name.lower() == item.name.lower() for one in columns):
        return False
    qualifiers = {
        one.text("table").lower()
        for one in projections
        if isinstance(one, exp.Column) and one.name.lower() == item.name.lower()
    }
    return len(qualifiers - {""}) <= 1


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
