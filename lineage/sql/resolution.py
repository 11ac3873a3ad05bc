"""Names to columns: what a reference in an expression means, scope by scope."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from lineage.sql.frame import Cte, CteScope, Entry, Frame, Problem
from lineage.sql.place import place_of
from lineage.sql.relation import (
    NOTHING,
    ROW,
    TRANSFORMATION,
    Column,
    Origin,
    Origins,
    Parts,
    Relation,
    lift,
    merge,
)
from lineage.sql.typing import Typed

if TYPE_CHECKING:
    from lineage.sql.dialect import Rules
    from lineage.sql.relation import Table
    from lineage.sql.typing import TypeSystem

_ROWS_OF_TRIGGER = frozenset({"new", "old"})
Value = tuple[str | None, Origins]
UNKNOWN_VALUE: Value = (None, NOTHING)
Types = tuple[str | None, ...]


class Resolution(ABC):
    """Resolves names; the classes that follow bind what they stand in."""

    _influence: Origins | None
    candidates: list[tuple[tuple[Origin, ...], str]]
    problems: list[Problem]
    rules: Rules
    types: TypeSystem | None
    unsure: dict[Types, tuple[int, int]]
    shapes: dict[tuple[str, ...], None]
    _around: list[Frame]
    uses: set[Origin]
    variables: Mapping[str, Column]
    rows: Table | None
    """The table whose rows NEW and OLD are, in a trigger."""

    # What the classes that follow provide.

    @abstractmethod
    def alias_value(self, key: str, frame: Frame) -> Column | None:
        """Bind the SELECT list's expression called ``key`` if it may be named from here."""

    @abstractmethod
    def cte_value(self, cte: Cte, frame: Frame) -> Value:
        """Return the one value of a scalar CTE, which is named as if it were a column."""

    # What it does itself.

    def resolve(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind a column reference."""
        args = node.args
        identifier = args["this"]
        if type(identifier) is exp.Star:
            return self._whole_row(node, frame)
        name: str = identifier.this
        table = args.get("table")
        if type(name) is not str:  # Snowflake's `t.$1`
            return self.nth_column(identifier.name, table.name if table is not None else "", frame)
        if table is None:
            return self._unqualified(name, node, frame)
        qualifier = [table.name]
        db = args.get("db")
        if db is not None:
            qualifier.insert(0, db.name)
            catalog = args.get("catalog")
            if catalog is not None:
                qualifier.insert(0, catalog.name)
        return self._qualified((*qualifier,), name, node, frame)

    def nth_column(self, number: str, alias: str, frame: Frame) -> Value:
        """Bind ``$1``: a column of the one FROM item, or of the one so called, by its position."""
        for entry in frame.entries:
            if alias and entry.alias != alias.lower():
                continue
            columns = entry.relation.columns
            if entry.relation.open:
                column = entry.relation.open[0].learn(f"${number}")
            elif number.isdigit() and 0 < int(number) <= len(columns):
                column = columns[int(number) - 1]
            else:
                continue
            self._use(column)
            self._carry(column)
            return (column.type, column.direct)
        return UNKNOWN_VALUE

    def _unqualified(self, name: str, node: exp.Expr, frame: Frame) -> Value:
        key = name.lower()
        scope: Frame | None = frame
        while scope is not None:
            if scope.values and key in scope.values:
                return scope.values[key]  # type: ignore[return-value] # lambdas store Values
            named = key in scope.projections if scope.projections else False
            if named and self.rules.aliases_first:
                column = self.alias_value(key, scope)
                if column is not None:
                    self._carry(column)
                    return (column.type, column.direct)
            found = self._in_frame(key, name, node, scope)
            if found is not None:
                return found
            if named and not self._was_learned(name, scope):
                column = self.alias_value(key, scope)
                if column is not None:
                    self._carry(column)
                    return (column.type, column.direct)
            scope = scope.parent
        return self._learn(key, name, node, frame)

    def _was_learned(self, name: str, frame: Frame) -> bool:
        """Return whether a table that nobody described is known to have this column already."""
        return any(
            table.has_learned(name) for entry in frame.entries for table in entry.relation.open
        )

    def _in_frame(self, key: str, name: str, node: exp.Expr, frame: Frame) -> Value | None:
        """Look ``key`` up among the FROM items of one frame."""
        merged = frame.merged.get(key)
        if merged is not None:
            if key in frame.refused:
                self.problems.append(frame.refused[key])
            self._use(merged)
            self._carry(merged)
            return (merged.type, merged.direct)
        hit: Column | None = None
        owner: Entry | None = None
        for entry in frame.entries:
            relation = entry.relation
            found = relation.find(key)
            if found is None:
                continue
            if type(found) is list:
                found = self._one_of(found, name)
                if found is None:
                    self._ambiguous(name, node, [entry.alias])
                    return UNKNOWN_VALUE
            if hit is not None:
                if key in entry.hidden or self.rules.leftmost_column:
                    continue
                self._ambiguous(name, node, [owner.alias if owner else "", entry.alias])
                self._candidates([*hit.direct, *found.direct], name)  # type: ignore[union-attr]
                return (None, NOTHING)
            hit, owner = found, entry  # type: ignore[assignment]
        if hit is not None and owner is not None:
            if owner.relation.table is not None:
                self._use(hit)
            self._carry(hit)
            return (hit.type, hit.direct)
        return None

    def _one_of(self, found: list[Column], name: str) -> Column | None:
        """Choose among columns whose names differ only in case, or that are one and the same."""
        exact = [column for column in found if column.name == name]
        if len(exact) == 1:
            return exact[0]
        if self.rules.first_of_duplicates:
            return found[0]
        return None

    def _learn(self, key: str, name: str, node: exp.Expr, frame: Frame) -> Value:
        """A name that no known column has: it may belong to a table that nobody described."""
        whole = self._row_of((key,), frame)
        if whole is not None:
            return whole
        if self.rules.is_reserved(key) and not node.this.args.get("quoted"):
            return UNKNOWN_VALUE
        if key in self.variables:
            return self.variable(key)
        cte = frame.ctes.find(key) if self.rules.scalar_ctes else None
        if cte is not None and cte.node is not None and cte.node.args.get("scalar"):
            return self.cte_value(cte, frame)
        nested = self.nested_columns(name, frame) if self.rules.dotted_names else []
        if nested:
            origins: Origins = NOTHING
            for column in nested:
                self._use(column)
                origins = merge(origins, column.direct)
            return (None, lift(origins, TRANSFORMATION))
        scope: Frame | None = frame
        while scope is not None:
            tables = dict.fromkeys(
                table for entry in scope.entries for table in entry.relation.open
            )
            open_tables = [table for table in tables if table.may_have(name)]
            meanings = (entry.relation.made for entry in scope.entries)
            made = next((found for found in meanings if found is not None), None)
            if made is not None and not open_tables:
                return (None, made)
            if len(open_tables) == 1:
                column = open_tables[0].learn(name)
                self._use(column)
                return (column.type, column.direct)
            if open_tables:
                self._candidates([table.origin(name) for table in open_tables], name)
                self.problems.append(
                    Problem(
                        "ambiguous-source",
                        f'column "{name}" could come from any of '
                        f"{', '.join(table.name for table in open_tables)}; "
                        "give the schema of these tables to settle it",
                        place_of(node),
                        name,
                        certain=False,
                    )
                )
                return UNKNOWN_VALUE
            scope = scope.parent
        if self.rules.is_constant(key) or self.rules.is_row_number(key):
            return UNKNOWN_VALUE
        if self.rules.quoted_text and node.this.args.get("quoted"):
            return ("STRING_LITERAL" if self.types is not None else None, NOTHING)
        self._unknown_column(name, node, frame)
        return UNKNOWN_VALUE

    def variable(self, key: str) -> Value:
        """Return what a statement before put into a variable of the script."""
        known = self.variables.get(key)
        if known is None:
            return UNKNOWN_VALUE
        self._carry(known)
        return (known.type, known.direct)

    def _row_of(self, key: Parts, frame: Frame) -> Value | None:
        """A table's alias or name used as a value means the whole row.

        No column is *used*: the row is, whatever columns it has. PostgreSQL records it so too.
        """
        scope: Frame | None = frame
        while scope is not None:
            for entry in scope.entries:
                called = entry.answers_to(key)
                if called and (entry.relation.columns or entry.relation.open):
                    origins: Origins = NOTHING
                    for column in entry.relation.columns:
                        self._carry(column)
                        origins = merge(origins, column.direct)
                    for table in entry.relation.open:
                        origins = merge(origins, table.star().direct)
                    self.shapes[tuple(one.name.lower() for one in entry.relation.columns)] = None
                    return (self._row_type(entry.relation), lift(origins, TRANSFORMATION, ROW))
            scope = scope.parent
        return None

    def _row_type(self, relation: Relation) -> str | None:
        types = tuple(column.type for column in relation.columns if column.type is not None)
        if self.types is None or relation.open or len(types) < len(relation.columns):
            return None
        if relation.invented is not None:
            return None  # of a function: the row of one that gives a single value is that value
        return self.types.struct(tuple(column.name for column in relation.columns), types)

    def _qualified(self, qualifier: Parts, name: str, node: exp.Expr, frame: Frame) -> Value:
        key = name.lower()
        folded = tuple(part.lower() for part in qualifier)
        scope: Frame | None = frame
        seen: Entry | None = None
        while scope is not None:
            for entry in scope.entries:
                if not entry.answers_to(folded):
                    continue
                seen = entry
                found = entry.relation.find(key)
                if type(found) is list:
                    found = self._one_of(found, name)
                    if found is None:
                        self._ambiguous(name, node, [entry.alias])
                        return UNKNOWN_VALUE
                if found is not None:
                    if entry.relation.table is not None:
                        self._use(found)  # type: ignore[arg-type]
                    self._carry(found)  # type: ignore[arg-type]
                    return (found.type, found.direct)  # type: ignore[union-attr]
                open_tables = entry.relation.open
                if entry.relation.made is not None:
                    return (None, entry.relation.made)
                if open_tables:
                    if self.rules.is_reserved(key):
                        return UNKNOWN_VALUE
                    open_tables = tuple(table for table in open_tables if table.may_have(name))
                if len(open_tables) == 1:
                    column = open_tables[0].learn(name)
                    self._use(column)
                    return (column.type, column.direct)
                if open_tables:
                    self._candidates([table.origin(name) for table in open_tables], name)
                    return UNKNOWN_VALUE
            scope = scope.parent
        if key in ("nextval", "currval") and seen is None:
            return UNKNOWN_VALUE  # of a sequence
        dotted = self._dotted((*qualifier, name), frame) if self.rules.dotted_names else None
        if dotted is not None:
            return dotted
        path = self._struct_path(qualifier, name, node, frame)
        if path is not None:
            return path
        if seen is not None and self.rules.is_row_number(key):
            return UNKNOWN_VALUE
        hidden = self._hidden_by_alias(folded, name, node, frame) if seen is None else None
        if hidden is not None:
            return hidden
        whole = self._row_of((*folded, key), frame) if seen is None else None
        if whole is not None:
            return whole
        if seen is not None:
            known = ", ".join(f'"{c.name}"' for c in seen.relation.columns[:5])
            listed = "" if seen.relation.open else f" (it has {known or 'none'})"
            self.problems.append(
                Problem(
                    "unknown-column",
                    f'table "{seen.alias}" does not have a column named "{name}"{listed}',
                    place_of(node),
                    name,
                )
            )
            return UNKNOWN_VALUE
        if folded[-1] in _ROWS_OF_TRIGGER:
            return self._of_trigger(folded[-1], name, node)
        if self.rules.is_pseudo_table(folded[-1]):
            return UNKNOWN_VALUE
        self.problems.append(
            Problem(
                "unknown-qualifier",
                f'nothing in the FROM clause is called "{".".join(qualifier)}"',
                place_of(node),
                name,
            )
        )
        return UNKNOWN_VALUE

    def _of_trigger(self, row: str, name: str, node: exp.Expr) -> Value:
        """Bind ``NEW.a``: a column of the table that the trigger stands on."""
        if self.rows is None:
            text = f"whose row {row.upper()} is, is not said here: the trigger's table is not known"
            problem = Problem("unknown-row", text, place_of(node), name, certain=False)
            self.problems.append(problem)
            return UNKNOWN_VALUE
        inside = Frame(CteScope())
        inside.entries.append(Entry(row, self.rows.relation()))
        return self._qualified((row,), name, node, inside)

    def _dotted(self, names: Parts, frame: Frame) -> Value | None:
        """Bind ``n.p`` as the column whose name that is, with or without its table's in front."""
        folded = tuple(name.lower() for name in names)
        scope: Frame | None = frame
        while scope is not None:
            for entry in scope.entries:
                for start in range(len(folded) - 1):
                    if start and not entry.answers_to(folded[:start]):
                        continue
                    found = entry.relation.find(".".join(folded[start:]))
                    if isinstance(found, Column):
                        if entry.relation.table is not None:
                            self._use(found)
                        self._carry(found)
                        return (found.type, found.direct)
            scope = scope.parent
        return None

    def nested_columns(self, name: str, frame: Frame) -> list[Column]:
        """Return ClickHouse's columns ``n.p``, ``n.q`` for ``n``."""
        prefix = f"{name.lower()}."
        return [
            column
            for entry in frame.entries
            for column in entry.relation.columns
            if column.name.lower().startswith(prefix)
        ]

    def _hidden_by_alias(
        self, qualifier: Parts, name: str, node: exp.Expr, frame: Frame
    ) -> Value | None:
        """``FROM db.t AS a`` hides the name ``db.t``; the value is still clear, the error too."""
        for entry in frame.entries:
            table = entry.relation.table
            if table is None:
                continue
            parts = tuple(part.lower() for part in table.parts)
            if parts[-len(qualifier) :] != qualifier:
                continue
            if not self.rules.dotted_names:
                text = f'table "{table.name}" is called "{entry.alias}" here; name it so'
                self.problems.append(Problem("hidden-by-alias", text, place_of(node), name))
            return self._qualified((entry.alias,), name, node, frame)
        return None

    def _struct_path(
        self, qualifier: Parts, name: str, node: exp.Expr, frame: Frame
    ) -> Value | None:
        """Read ``a.b.c`` as column ``a`` (or ``t.a``) and a path into its fields."""
        names = (*qualifier, name)
        scope: Frame | None = frame
        while scope is not None:
            sizes = list(range(len(names) - 1))
            if self.rules.dialect == "duckdb":  # a table's alias goes before a column
                sizes = [*sizes[1:], *sizes[:1]]
            for first in sizes:
                head, path = names[: first + 1], names[first + 1 :]
                column = self._exact(head, scope, learn=first > 0)
                if column is not None:
                    self._carry(column)
                    type_ = self._field_at(column.type, path, node)
                    return (type_, self._at_path(column, path))
            key = names[0].lower()
            if key in scope.values:
                type_, origins = scope.values[key]
                return (self._field_at(type_, names[1:], node), origins)  # type: ignore[return-value] # lambdas store Values
            if scope.projections and key in scope.projections:
                found = self.alias_value(key, scope)
                if found is not None:
                    self._carry(found)
                    return (self._field_at(found.type, names[1:], node), found.direct)
            scope = scope.parent
        made = next((e.relation for e in frame.entries if e.relation.invented is not None), None)
        if made is not None and self.rules.nested_paths and not frame.entries[0].relation.open:
            return (None, made.invented or NOTHING)
        open_tables = {
            t for entry in frame.entries for t in entry.relation.open if t.may_have(names[0])
        }
        if len(open_tables) == 1 and len(frame.entries) == 1:
            table = next(iter(open_tables))
            qualified = frame.entries[0].answers_to((names[0].lower(),))
            if self.rules.nested_paths and not (qualified and table.gone):
                column = table.learn(names[0])
                self._use(column)
                return (None, self._at_path(column, names[1:]))
        return None

    def _field_at(self, type_: str | None, path: Parts, node: exp.Expr) -> str | None:
        """Return the type at the end of a path into a struct."""
        for part in path:
            type_ = self.field_type(type_, part, node)
        return type_

    def _at_path(self, column: Column, path: Parts) -> Origins:
        """Return the origins of a struct field: the column itself, with the path spelled out."""
        if len(column.direct) != 1:
            return lift(column.direct, TRANSFORMATION)
        origin, flags = next(iter(column.direct.items()))
        if flags:
            return lift(column.direct, TRANSFORMATION)
        nested = origin.table.origin(".".join((origin.column, *path)))
        return {nested: TRANSFORMATION}

    def _exact(self, names: Parts, frame: Frame, *, learn: bool) -> Column | None:
        """Find a column by its whole name in one frame, without a complaint when it is absent."""
        key = names[-1].lower()
        qualifier = tuple(part.lower() for part in names[:-1])
        hits = []
        for entry in frame.entries:
            if qualifier and not entry.answers_to(qualifier):
                continue
            found = entry.relation.find(key)
            if isinstance(found, Column):
                if entry.relation.table is not None:
                    self._use(found)
                hits.append(found)
            elif learn and qualifier and len(entry.relation.open) == 1:
                (table,) = entry.relation.open
                if table.may_have(names[-1]):
                    hits.append(table.learn(names[-1]))
        if len(hits) == 1:
            return hits[0]
        return None

    def _whole_row(self, node: exp.Expr, frame: Frame) -> Value:
        """``t.*`` where a value is expected, for example in ``count(t.*)``."""
        table = node.args.get("table")
        key = table.name.lower() if table is not None else ""
        for entry in frame.entries:
            if entry.alias == key:
                for column in entry.relation.columns:
                    self._use(column)
        return self._row_of((key,), frame) or UNKNOWN_VALUE

    def beyond_from(self, node: exp.Column, frame: Frame) -> bool:
        """Return whether a column is one of a FROM clause that this query itself is an item of."""
        key, qualifier = node.name.lower(), tuple(part.name.lower() for part in node.parts[:-1])
        scope: Frame | None = frame
        crossed = False
        while scope is not None:
            if key in scope.values or (not qualifier and key in scope.projections):
                return False
            for entry in scope.entries:
                relation = entry.relation
                if relation.open or relation.invented is not None:
                    return False
                if qualifier and not entry.answers_to(qualifier):
                    continue
                if relation.find(key) is not None:
                    return crossed
            crossed = crossed or any(scope.parent is around for around in self._around)
            scope = scope.parent
        return False

    def _use(self, column: Column) -> None:
        self.uses.update(column.direct)

    def _carry(self, column: Column) -> None:
        """Let what influences a column influence what is made of it."""
        if column.indirect:
            self._influence = merge(self._influence or NOTHING, column.indirect)

    def _candidates(self, origins: list[Origin], name: str) -> None:
        self.candidates.append((tuple(dict.fromkeys(origins)), name))

    def _ambiguous(self, name: str, node: exp.Expr, aliases: list[str]) -> None:
        where = ", ".join(f'"{alias}.{name}"' for alias in aliases)
        self.problems.append(
            Problem(
                "ambiguous-column",
                f'ambiguous reference to column name "{name}" (use: {where})',
                place_of(node),
                name,
            )
        )

    def _unknown_column(self, name: str, node: exp.Expr, frame: Frame) -> None:
        known = [column.name for entry in frame.entries for column in entry.relation.columns]
        near = _nearest(name, known)
        hint = f"; did you mean {near}?" if near else ""
        later = name.lower() in frame.projections
        text = (
            f'column "{name}" is an alias of the SELECT list, which cannot be used here'
            if later
            else f'column "{name}" not found in the FROM clause{hint}'
        )
        self.problems.append(Problem("unknown-column", text, place_of(node), name))

    def typed(self, answer: Typed, node: exp.Expr, code: str) -> str | None:
        """Return the type of an answer, and file its error as a problem."""
        if answer.error is not None:
            self.problems.append(Problem(code, answer.error, place_of(node), _column_in(node)))
        return answer.type

    def beside(self, types: Types, node: exp.Expr) -> None:
        """Remember that a type stands beside one that nobody knows: they may not fit."""
        if None in types and any(types) and types not in self.unsure:
            self.unsure[types] = place_of(node)

    def field_type(self, type_: str | None, name: str, node: exp.Expr) -> str | None:
        """Return the type of a struct's field."""
        if type_ is None or self.types is None:
            return None
        return self.typed(self.types.field(type_, name), node, "no-field")


def variable_key(node: exp.Expr, dialect: str) -> str:
    """Return what a variable is kept under: no column is taken for ``@x`` or ``$x``."""
    key = node.name.lower()
    if dialect == "snowflake":
        return f"${key}"
    return f"@{key}" if isinstance(node, exp.Parameter) else key


def _column_in(node: exp.Expr) -> str | None:
    """Return the first column named under ``node``: what a type error is most likely about."""
    column = node.find(exp.Column)
    return column.name if column is not None else None


def _nearest(name: str, known: list[str]) -> str:
    """Return up to three known names that look like ``name``, quoted."""
    from difflib import get_close_matches  # noqa: PLC0415 - only needed to word an error

    close = get_close_matches(name.lower(), dict.fromkeys(k.lower() for k in known[:2000]), n=3)
    return ", ".join(f'"{item}"' for item in close)
