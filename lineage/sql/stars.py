"""Stars: ``*``, ``t.*``, ``COLUMNS(…)``, and the columns that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable

from sqlglot import exp

from lineage.model.names import joined
from lineage.sql.chosen import NAME_TESTS, Unsure, chooses
from lineage.sql.expression import Expressions
from lineage.sql.frame import Entry, Frame, Problem
from lineage.sql.nested import collection, fields
from lineage.sql.place import place_of
from lineage.sql.relation import (
    NOTHING,
    TRANSFORMATION,
    Column,
    Elements,
    Origins,
    Parts,
    Table,
    lift,
    merge,
)


class Stars(Expressions):
    """Expands stars, on top of expressions."""

    _unfolds: bool

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
            if isinstance(gone, exp.Literal) and self.rules.dotted_names:  # ClickHouse's
                columns = [c for c in columns if c.name == "*" or not matches(gone.name, c.name)]
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
        self.refuse(columns, frame)
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

    def refuse(self, columns: list[Column], frame: Frame) -> None:
        """Tell of joined columns among these whose two sides do not mix."""
        for key, problem in frame.refused.items():
            if any(column is frame.merged[key] for column in columns):
                self.problems.append(problem)

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
        entries = [entry for entry in frame.entries if entry.shown]
        if qualifier is not None:
            entries = [entry for entry in frame.entries if entry.answers_to(qualifier)][:1]
            if not entries:
                return self._star_elsewhere(qualifier, frame, node)
        if self.rules.hides_computed:
            without = without.union(
                (entry, name)
                for entry in entries
                if entry.relation.table is not None
                for name in entry.relation.table.computed
            )
        columns: list[Column] = []
        open_tables: dict[Table, None] = {}
        merged_done: set[str] = set()
        merged_first = qualifier is None and self.rules.using_first
        for entry in entries:
            relation = entry.relation
            for key, merged in frame.merged.items() if merged_first else ():
                head = frame.heads.get(key)
                if key not in merged_done and (
                    head is entry if head is not None else frame.is_merged(key, entry)
                ):
                    merged_done.add(key)
                    columns.append(merged)
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
                    columns.append(self._called_apart(column, entry, frame))
            elif self.rules.dotted_names and len(frame.entries) > 1:
                columns.extend(self._called_apart(one, entry, frame) for one in relation.columns)
            elif type(relation) is Elements:
                columns.extend(relation.shown(qualified=qualifier is not None))
            elif frame.merged and self.rules.using_takes_first:
                columns.extend(_keys_first(entry, frame))
            else:
                columns.extend(relation.columns)
            if relation.open and not any(column.name == "*" for column in relation.columns):
                columns.extend(table.star() for table in relation.open)
            open_tables.update(dict.fromkeys(relation.open))
        if self._unfolds:
            columns = [one for one in columns if one.type is None or collection(one.type) is None]
        return columns, tuple(open_tables)

    def _called_apart(self, column: Column, entry: Entry, frame: Frame) -> Column:
        """Return a column of a join under the name that tells it from others of its name."""
        name = self.name_apart(column.name, entry, frame)
        return column if name == column.name else column.renamed(name)

    def name_apart(self, name: str, entry: Entry, frame: Frame) -> str:
        """Return what ClickHouse calls a column of a join: ``u.a``, where ``t`` has an ``a`` too.

        Of two items the first keeps its names; of more, none does.
        """
        shown = [one for one in frame.entries if one.shown]
        if not self.rules.dotted_names or len(shown) == 1 or not entry.alias:
            return name
        pair = len(shown) == 2  # noqa: PLR2004 - as the docstring says
        others = [one for one in (shown[:1] if pair else shown) if one is not entry]
        told = any(one.relation.find(name.lower()) is not None for one in others)
        return f"{entry.alias}.{name}" if told else name

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
            prefix = f"{column.name}." if self.rules.dotted_names else ""
            if parts:
                return [
                    Column(prefix + name, type_, self._at_path(column, (name,)))
                    for name, type_ in parts
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
            target = spread_in(copy)
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
        columns = self._selected(spread, frame)
        self.refuse(columns, frame)
        return columns

    def _selected(self, spread: exp.Expr, frame: Frame) -> list[Column]:
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


def matches(pattern: str, name: str) -> bool:
    """Return whether a regular expression is found in a name; one that is none selects all."""
    try:
        return re.search(pattern, name) is not None
    except re.error:
        return True


def spread_in(node: exp.Expr) -> exp.Columns | None:
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


def _around(star: exp.Star) -> exp.Expr:
    """Return ``t.*`` for the star in it, and a bare one itself."""
    return star.parent if isinstance(star.parent, exp.Column) else star


def _keys_first(entry: Entry, frame: Frame) -> list[Column]:
    """Return an item's columns as Spark's ``t.*`` shows them: what it was joined by comes first."""
    order = {
        key: place
        for place, key in enumerate(frame.merged)
        if key in entry.hidden or entry in frame.together.get(key, ())
    }
    last = len(frame.merged)
    return sorted(entry.relation.columns, key=lambda column: order.get(column.name.lower(), last))
