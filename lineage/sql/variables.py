"""Variables of a script: what a query puts into one goes on where it is named."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from lineage.sql.bound import Bound, InlinedTable, Write
from lineage.sql.dialect import Rules
from lineage.sql.frame import CteScope, Frame
from lineage.sql.query import Binder
from lineage.sql.relation import NOTHING, TRANSFORMATION, Column, Origins, Relation, lift, merge
from lineage.sql.resolution import variable_key
from lineage.sql.target import Targets, assignments, column_of

_FILLS_VARIABLES = frozenset({"oracle", "mysql", "mariadb", "snowflake", "teradata", "bigquery"})
"""``SELECT … INTO x`` makes no table there."""


class Variables(Targets):
    """DECLARE, SET and SELECT … INTO.

    The last assignment counts: which of several branches is taken, nobody knows who reads text.
    """

    def _keep(self, node: exp.Expr, value: Column) -> None:
        self._variables = {**self._variables, variable_key(node, self.rules.dialect): value}

    def _forget_variables(self) -> None:
        """A routine begins, which knows those of the session alone."""
        kept = {key: value for key, value in self._variables.items() if key[0] in "@$"}
        self._variables = kept

    def _of_trigger(self, node: exp.Expr | None, binder: Binder) -> None:
        """Give the rows of a trigger's table the names that they have in it."""
        self._rows = None
        if not isinstance(node, exp.Table):
            return
        self._rows = self.target(node, binder)
        rows = self._rows.relation()
        for name in ("inserted", "deleted") if self.rules.concat_is_plus else ():
            self.schema.add(InlinedTable((name,), rows, temporary=True))

    def _set_variables(self, tree: exp.Set, binder: Binder) -> Bound:
        """``SET @x = (SELECT …)``; what sets an option of the session names no column."""
        put: list[tuple[str, Column]] = []
        for item in tree.expressions:
            pair = item.this if isinstance(item, exp.SetItem) else item
            if not isinstance(pair, exp.EQ | exp.PropertyEQ):
                continue
            if isinstance(pair.this, exp.Column) and pair.this.table.lower() == "new":
                put.append((pair.this.name, column_of(binder, pair.expression, Frame(CteScope()))))
            else:
                self._assign(pair.this, pair.expression, binder)
        if put and self._rows is not None:
            return Bound("update", [Write(self._rows, put)])
        return Bound("other")

    def _assign(self, left: exp.Expr, right: exp.Expr, binder: Binder) -> None:
        frame = Frame(CteScope())
        if isinstance(right.unnest(), exp.Query):
            with binder.gathering() as gathered:
                pairs = assignments(left, right.unnest(), frame, binder)
                indirect = gathered()
            for place, value in pairs:
                self._keep(place, _influenced(value, indirect))
            return
        direct: Origins = NOTHING
        with binder.gathering() as gathered:
            for part in _parts_with_values(right):
                if isinstance(part, exp.Query):
                    direct = merge(direct, binder.value(part, frame)[1])
                else:
                    key = variable_key(part, self.rules.dialect)
                    direct = merge(direct, binder.variable(key)[1])
            indirect = gathered()
        value = Column(left.name, None, lift(direct, TRANSFORMATION), indirect)
        for place in left.expressions if isinstance(left, exp.Tuple) else [left]:
            self._keep(place, value)

    def _declare_default(
        self, item: exp.DeclareItem, names: list[exp.Expr], binder: Binder
    ) -> None:
        """``DECLARE @x INT = (SELECT …)``."""
        default = item.args.get("default")
        for name in names:
            self._keep(name, Column(name.name))
            if isinstance(default, exp.Expr):
                self._assign(name, default, binder)

    def _assigned_into(self, tree: exp.Expr, relation: Relation) -> bool:
        """``SELECT a, b INTO @x, @y``: say whether variables are filled, and fill them."""
        into = tree.args.get("into") if isinstance(tree, exp.Select) else None
        if into is None:
            return False
        places = list(into.expressions) or [into.this]
        named = [_place(place) for place in places]
        if self.rules.dialect not in _FILLS_VARIABLES and not all(
            variable_key(place, self.rules.dialect) in self._variables for place in named
        ):
            return False
        for place, column in zip(named, relation.columns, strict=False):
            self._keep(place, _influenced(column, relation.indirect))
        self._assigned_in_list(tree, relation)
        return True

    def _assigned_in_list(self, tree: exp.Expr, relation: Relation) -> bool:
        """``SELECT @x = a``, ``SELECT @x := a``: fill variables; say whether no row comes out."""
        if not isinstance(tree, exp.Select) or len(relation.columns) != len(tree.expressions):
            return False
        silent = False
        for item, column in zip(tree.expressions, relation.columns, strict=True):
            place = _filled(item, self.rules)
            if place is not None:
                if place.name.lower() in self._variables:  # declared: of the routine
                    place = exp.to_identifier(place.name)
                self._keep(place, _influenced(column, relation.indirect))
                silent = silent or isinstance(item, exp.EQ)
        return silent


def values_alone(tree: exp.Expr, rules: Rules) -> exp.Expr:
    """Return T-SQL's ``SELECT @x = a`` as ``SELECT a AS "@x"``: what was in it is gone."""
    if not rules.concat_is_plus or not isinstance(tree, exp.Select):
        return tree
    if not any(map(_is_assigned, tree.expressions)):
        return tree
    tree = tree.copy()
    for item in tree.expressions:
        if _is_assigned(item):
            item.replace(exp.alias_(item.expression, f"@{item.this.name}", quoted=True))
    return tree


def _is_assigned(item: exp.Expr) -> bool:
    return isinstance(item, exp.EQ) and isinstance(item.this, exp.Parameter)


def _filled(item: exp.Expr, rules: Rules) -> exp.Expr | None:
    """Return the variable that an expression of a SELECT list fills."""
    inner = item.this if isinstance(item, exp.Alias) else item
    kinds = (exp.EQ, exp.PropertyEQ) if rules.concat_is_plus else exp.PropertyEQ
    if isinstance(inner, kinds) and isinstance(inner.this, exp.Parameter):
        return inner.this
    return None


def _place(node: exp.Expr) -> exp.Expr:
    """Return the variable behind INTO, which the parser may take for a table."""
    inner = node.this if isinstance(node, exp.Table) else node
    return inner if isinstance(inner, exp.Expr) else node


def _influenced(column: Column, indirect: Origins) -> Column:
    return Column(column.name, column.type, column.direct, merge(column.indirect, indirect))


def _parts_with_values(node: exp.Expr) -> Iterator[exp.Expr]:
    """Yield the queries and the names of an expression."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if isinstance(item, exp.Query | exp.Column | exp.Parameter | exp.Placeholder):
            yield item
        else:
            waiting.extend(item.iter_expressions())
