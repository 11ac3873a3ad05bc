"""UNION, EXCEPT and INTERSECT: by position, by name, and where positions are not known."""

from __future__ import annotations

from abc import abstractmethod

from sqlglot import exp

from lineage.sql.frame import CteScope, Entry, Frame, Problem
from lineage.sql.join import Joins
from lineage.sql.pivot import rows_of
from lineage.sql.place import place_of
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    NEVER,
    NOTHING,
    SORT,
    Column,
    Origins,
    Relation,
    Table,
    United,
    flagged,
    mark,
    merge,
)


class SetOperations(Joins):
    """Unites the columns of queries."""

    # What the classes that follow provide.

    @abstractmethod
    def _limited(self, node: exp.Expr, frame: Frame) -> None:
        """Bind what LIMIT and OFFSET compute: it decides which rows there are."""

    # What it does itself.

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
            indirect = merge(indirect, rows_of(left, told_apart))
            indirect = merge(indirect, rows_of(right, told_apart))
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


def _known_prefix(relation: Relation) -> int:
    """Return how many columns stand before the first star that could not be expanded."""
    for position, column in enumerate(relation.columns):
        if column.name == "*":
            return position
    return len(relation.columns)
