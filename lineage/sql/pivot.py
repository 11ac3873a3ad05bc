"""PIVOT, UNPIVOT and MATCH_RECOGNIZE: rows of another shape."""

from __future__ import annotations

import re
from abc import abstractmethod

from sqlglot import exp

from lineage.sql.frame import Entry, Frame
from lineage.sql.projection import Projections, identifier_name
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    NOTHING,
    SORT,
    TRANSFORMATION,
    Column,
    Origins,
    Pivoted,
    Relation,
    Table,
    lift,
    mark,
    merge,
)

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Pivots(Projections):
    """Turns rows into columns and back."""

    # What the classes that follow provide.

    @abstractmethod
    def _renamed(self, relation: Relation, alias: exp.Expr | None) -> Relation:
        """Apply the column list of ``AS t(a, b)``."""

    # What it does itself.

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
        names = [identifier_name(name) for name in node.args.get("columns") or ()]
        open_tables = relation.open
        made = any(
            isinstance(item, (exp.PivotAny, exp.Query))
            for field in fields
            for item in (field.expressions if isinstance(field, exp.In) else ())
        )
        if made:
            names = ["*"]
        elif self.rules.dialect == "duckdb" and not statement_form:
            names = _pivot_names(fields, aggregates) or names
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
        indirect = merge(indirect, rows_of(Relation(kept), GROUP_BY))
        pivoted = Relation([*kept, *produced], indirect, None, open_tables)
        if made:
            pivoted.invented = lift(values, TRANSFORMATION)
        return pivoted

    def _unpivot(self, node: exp.Pivot, relation: Relation, inside: Frame) -> Relation:
        fields = list(node.args.get("fields") or ())
        consumed: set[str] = set()
        produced: list[Column] = []
        into = node.args.get("into")
        value_names = [identifier_name(_last_identifier(item)) for item in node.expressions]
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
                (identifier_name(_last_identifier(field.this)), list(field.expressions))
                for field in fields
                if isinstance(field, exp.In)
            ]
            if (
                value_names
                and len(node.expressions) == 1
                and isinstance(node.expressions[0], exp.Tuple)
            ):
                value_names = [
                    identifier_name(_last_identifier(item))
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
            text = self._concrete("STRING_LITERAL")
            produced.append(Column(label, text, lift(everything, TRANSFORMATION)))
            for name, origins, seen in zip(value_names, slots, kinds, strict=False):
                produced.append(Column(name, self._folded(tuple(seen), node), origins))
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

    def _folded(self, types: tuple[str | None, ...], node: exp.Pivot) -> str | None:
        """Return the type of a column that several become: DuckDB does not convert all for it."""
        if self.types is None or not types:
            return None
        if self.rules.dialect != "duckdb":
            return self.types.combine("union", types).type
        return self.typed(self.types.combine("coalesce", types), node, "cannot-mix")

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


def rows_of(relation: Relation, flag: int) -> Origins:
    """Return the influence of whole rows: of what is compared where rows are told apart."""
    found: Origins = NOTHING
    for column in relation.columns:
        found = merge(merge(found, mark(column.direct, flag)), column.indirect)
    return found


def _pivot_names(fields: list[exp.Expr], aggregates: list[exp.Expr]) -> list[str]:
    """Return the names of the columns that PIVOT makes; none where the data decides."""
    names = [""]
    for field in fields:
        if not isinstance(field, exp.In) or not field.expressions:
            return []
        values = [text for item in field.expressions if (text := _written(item)) is not None]
        if len(values) < len(field.expressions):
            return []
        names = [f"{start}_{value}" for start in names for value in values]
    ends = [item.alias or item.sql("duckdb", normalize_functions="lower") for item in aggregates]
    if len(aggregates) > 1 or isinstance(aggregates[0], exp.Alias):
        ends = [end.replace("count(*)", "count_star()") for end in ends]
        names = [f"{name}_{end}" for name in names for end in ends]
    return [name[1:] for name in names]


def _written(value: exp.Expr) -> str | None:
    """Return what the column of a value is called; None where the engine works that out."""
    match value:
        case exp.PivotAlias() | exp.Alias():
            return str(value.alias)
        case exp.Literal():
            return value.name
        case exp.Neg(this=exp.Literal() as number):
            return f"-{number.name}"
        case exp.Boolean():
            return "true" if value.this else "false"
        case exp.Null():
            return "NULL"
        case exp.Cast(this=exp.Literal() as text) if _DAY.fullmatch(text.name):
            return text.name
    return None


def _last_identifier(node: exp.Expr) -> exp.Expr:
    return node.this if isinstance(node, exp.Column) else node
