"""Makes random DuckDB queries, and scripts of statements, whose features stand in one another.

Names are drawn from few, so that aliases hide columns, CTEs hide tables and joins share keys. Types
are followed, so that an engine accepts most of what is made; a small part is spoilt on purpose.
"""

# ruff: noqa: S311, S608 - chance that can be repeated is wanted, and so is SQL made of text
# ruff: noqa: C901, PLR0911, PLR0912, PLR0915, ISC004 - each choice is one among many, side by side

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

INT, TEXT, DATE, BOOL, LIST, STRUCT, MAP, JSON, OTHER = (
    "INTEGER", "VARCHAR", "DATE", "BOOLEAN", "INTEGER[]", "STRUCT(p INTEGER, q VARCHAR)",
    "MAP(VARCHAR, INTEGER)", "JSON", "?",
)  # fmt: skip

TABLES: dict[str, dict[str, str]] = {
    "a": {"id": INT, "k": INT, "x": INT, "s": TEXT, "d": DATE, "g": TEXT},
    "b": {"id": INT, "k": INT, "y": INT, "s": TEXT, "g": TEXT},
    "c": {"k": INT, "z": TEXT, "l": LIST, "st": STRUCT, "m": MAP, "j": JSON},
    "e": {"k": INT, "x": INT, "q1": INT, "q2": INT, "d": DATE},
}
NAMES = ("id", "k", "x", "y", "s", "z", "g", "d", "v", "w", "u", "n1", "n2", "n3", "n4", "n5")

T = TypeVar("T")
Columns = list[tuple[str, str]]


@dataclass
class Source:
    """An item of FROM."""

    alias: str
    columns: Columns


@dataclass
class Scope:
    """What may be named at a place, and what is around it."""

    sources: list[Source] = field(default_factory=list)
    outer: Scope | None = None
    variables: Columns = field(default_factory=list)
    aliases: Columns = field(default_factory=list)


class Generator:
    """Makes queries; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.ctes: list[dict[str, Columns]] = [
            {name: list(columns.items()) for name, columns in TABLES.items()}
        ]
        self.count = 0
        self.windows: list[str] = []

    # ---- chance ------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, items: Sequence[T]) -> T:
        return self.random.choice(items)

    def some(self, items: list[T], least: int = 1) -> list[T]:
        size = self.random.randint(min(least, len(items)), len(items))
        return self.random.sample(items, size)

    def fresh(self, start: str) -> str:
        self.count += 1
        return f"{start}{self.count}"

    def names(self, size: int) -> list[str]:
        return self.random.sample(NAMES, size)

    # ---- expressions -------------------------------------------------------------------

    def column(self, scope: Scope, kind: str | None) -> str | None:
        """Return a reference to a column of a type, seldom one of the query around."""
        if scope.variables and self.chance(0.6):
            fitting = [name for name, type_ in scope.variables if kind in {None, type_}]
            if fitting:
                return self.one(fitting)
        if scope.outer is not None and (not scope.sources or self.chance(0.3)):
            found = self.column(Scope(scope.outer.sources, scope.outer.outer), kind)
            if found is not None:
                return found
        if scope.aliases and self.chance(0.2):
            fitting = [name for name, type_ in scope.aliases if kind in {None, type_}]
            if fitting:
                return self.one(fitting)
        choices = [
            (source, name)
            for source in scope.sources
            for name, type_ in source.columns
            if kind in {None, type_}
            if sum(other == name for other, _ in source.columns) == 1
        ]
        if not choices:
            return None
        source, name = self.one(choices)
        alone = sum(other == name for item in scope.sources for other, _ in item.columns) == 1
        return name if alone and self.chance(0.6) else f"{source.alias}.{name}"

    def value(self, scope: Scope, kind: str, depth: int = 1) -> str:
        """Return an expression of a type that aggregates nothing."""
        column = self.column(scope, kind)
        if column is not None and (depth <= 0 or self.chance(0.35)):
            return column
        if depth <= 0:
            return self.literal(kind)
        makers = _MAKERS.get(kind)
        if makers is None:
            return column or self.literal(kind)
        made = self.one(makers)(self, scope, depth - 1)
        return made if made is not None else column or self.literal(kind)

    def literal(self, kind: str) -> str:
        r = self.random
        return {
            INT: str(r.randint(0, 4)),
            TEXT: self.one(["'red'", "'blue'", "'p'", "NULL"]),
            DATE: f"DATE '2024-0{r.randint(1, 6)}-01'",
            BOOL: self.one(["true", "false"]),
            LIST: "[1, 2]",
            STRUCT: "{'p': 1, 'q': 'k'}",
            MAP: "MAP {'red': 1}",
            JSON: "'{\"p\": 1}'::JSON",
        }.get(kind, "NULL")

    def condition(self, scope: Scope, depth: int = 1) -> str:
        return self.value(scope, BOOL, depth)

    def order(self, scope: Scope, least: int = 1) -> str:
        keys = [self.value(scope, self.one([INT, INT, TEXT, DATE]), 1) for _ in range(least)]
        keys = [key for key in keys if not re.fullmatch(r"\d+", key)] or ["NULL"]
        return ", ".join(
            key + self.one(["", " DESC", " NULLS FIRST", " DESC NULLS LAST"]) for key in keys
        )

    def total(self, scope: Scope) -> str:
        """Return the columns of FROM as further keys: which of two rows is first is settled."""
        keys = [
            f"{source.alias}.{name}"
            for source in scope.sources
            for name, kind in self.unique(source.columns)
            if kind not in {MAP, OTHER}
        ]
        return "".join(f", {key}" for key in keys)

    def window(self, scope: Scope, *, ordered: bool) -> str:
        """Return what stands after OVER."""
        if self.windows and self.chance(0.5):
            name = self.one(self.windows)
            return name if self.chance(0.7) else f"({name})"
        return f"({self.window_body(scope, ordered=ordered)})"

    def window_body(self, scope: Scope, *, ordered: bool) -> str:
        parts = []
        if self.chance(0.6):
            parts.append(f"PARTITION BY {self.value(scope, self.one([INT, TEXT]), 1)}")
        if not ordered:
            if self.chance(0.8):
                parts.append(f"ORDER BY {self.order(scope)}")
                if self.chance(0.2):
                    parts.append("GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING")
            return " ".join(parts)
        parts.append(f"ORDER BY {self.order(scope)}{self.total(scope)}")
        if self.chance(0.3):
            parts.append(self.one([
                "ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
                "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 FOLLOWING EXCLUDE CURRENT ROW",
                f"ROWS BETWEEN coalesce(abs({self.value(scope, INT, 0)}) % 3, 0) PRECEDING "
                "AND CURRENT ROW",
            ]))  # fmt: skip
        return " ".join(parts)

    def windowed(self, scope: Scope) -> str:
        """Return a window function that gives a number."""
        ordered = self.chance(0.4)
        over = self.window(scope, ordered=ordered)
        number = self.value(scope, INT, 1)
        where = f" FILTER (WHERE {self.condition(scope, 1)})" if self.chance(0.2) else ""
        if ordered:
            made = self.one([
                "row_number()", f"lag({number})", f"lead({number}, 1, 0)", f"sum({number}){where}",
                f"first_value({number})", f"first_value({number} IGNORE NULLS)", "ntile(2)",
                f"nth_value({number}, 2)",
            ])  # fmt: skip
        else:
            made = self.one([
                "rank()", "dense_rank()", f"sum({number}){where}", f"max({number}){where}",
                f"count(*){where}", f"sum(DISTINCT {number})", "cume_dist()", f"avg({number})",
            ])  # fmt: skip
        made = f"{made} OVER {over}"
        return f"CAST({made} AS INTEGER)" if self.chance(0.2) else made

    def aggregate(self, scope: Scope, kind: str = INT) -> str:
        """Return an aggregate of a type."""
        number = self.value(scope, INT, 1)
        order = self.order(scope) + self.total(scope)
        if kind == TEXT:
            text = self.value(scope, TEXT, 1)
            made = self.one([
                f"max({text})", f"min({text})",
                f"string_agg({text}, ',' ORDER BY {order})",
                f"arg_max({text}, {number})", f"first({text} ORDER BY {order})",
                f"max_by({text}, {number})",
            ])  # fmt: skip
        elif kind == LIST:
            made = self.one([
                f"list({number} ORDER BY {order})",
                f"array_agg({number} ORDER BY {order})",
                f"list(DISTINCT {number} ORDER BY {number})",
            ])  # fmt: skip
        elif kind == DATE:
            made = f"{self.one(['min', 'max'])}({self.value(scope, DATE, 1)})"
        elif kind == BOOL:
            made = f"{self.one(['bool_or', 'bool_and'])}({self.condition(scope, 1)})"
        else:
            made = self.one([
                f"sum({number})", f"min({number})", f"max({number})", "count(*)",
                f"count({number})", f"count(DISTINCT {number})", f"arg_min({number}, "
                f"{self.value(scope, self.one([INT, TEXT]), 1)})", f"count(DISTINCT "
                f"{self.value(scope, TEXT, 1)})", f"count_if({self.condition(scope, 1)})",
                f"last({number} ORDER BY {order})", f"bit_xor({number})",
                f"quantile_disc({number}, 0.5)",
                f"mode() WITHIN GROUP (ORDER BY {number})",
            ])  # fmt: skip
        if self.chance(0.2) and "WITHIN" not in made:
            made += f" FILTER ({self.one(['WHERE ', ''])}{self.condition(scope, 1)})"
        return made

    def scalar(self, scope: Scope, kind: str) -> str:
        """Return a scalar subquery that gives one row."""
        with_, source = "", self.source(1)
        inner = Scope([source[1]], Scope(scope.sources, scope.outer))
        if self.chance(0.1):
            with_ = f"WITH {self.fresh('h')} AS (SELECT 1 AS one) "
        where = f" WHERE {self.condition(inner, 1)}" if self.chance(0.6) else ""
        if self.chance(0.75):
            return f"({with_}SELECT {self.aggregate(inner, kind)} FROM {source[0]}{where})"
        value = self.value(inner, kind, 1)
        order = self.order(inner) + self.total(inner)
        return f"(SELECT {value} FROM {source[0]}{where} ORDER BY {order} LIMIT 1)"

    # ---- FROM --------------------------------------------------------------------------

    def source(self, depth: int) -> tuple[str, Source]:
        """Return the text of one item of FROM, and what it gives."""
        alias = self.fresh(self.one(["t", "r"]))
        if depth <= 0 or self.chance(0.5):
            known = self.visible()
            name = self.one(list(known))
            columns = known[name]
            if self.chance(0.3):
                return name, Source(name, columns)
            if self.chance(0.12):
                names = self.names(self.random.randint(1, min(3, len(columns))))
                rest = [column for column in columns[len(names) :] if column[0] not in names]
                if len(rest) == len(columns) - len(names):
                    renamed = [(n, k) for n, (_, k) in zip(names, columns, strict=False)]
                    return (
                        f"{name} AS {alias}({', '.join(names)})",
                        Source(alias, [*renamed, *rest]),
                    )
            return f"{name} {self.one(['', 'AS '])}{alias}", Source(alias, columns)
        kind = self.random.random()
        if kind < 0.6:
            text, columns = self.query(depth - 1)
            if self.chance(0.2) and len({n for n, _ in columns}) == len(columns):
                names = self.names(len(columns)) if len(columns) <= len(NAMES) else []
                if names:
                    columns = [(n, k) for n, (_, k) in zip(names, columns, strict=True)]
                    return f"({text}) AS {alias}({', '.join(names)})", Source(alias, columns)
            return f"({text}) AS {alias}", Source(alias, columns)
        if kind < 0.7:
            rows = ", ".join(
                f"({self.random.randint(0, 3)}, {self.one(['1', '2', 'NULL'])}, 'red')"
                for _ in range(3)
            )
            if self.chance(0.3):
                columns = [("col0", INT), ("col1", INT), ("col2", TEXT)]
                return f"(VALUES {rows}) AS {alias}", Source(alias, columns)
            names = self.names(3)
            columns = [(names[0], INT), (names[1], INT), (names[2], TEXT)]
            return f"(VALUES {rows}) AS {alias}({', '.join(names)})", Source(alias, columns)
        if kind < 0.78:
            return self.pivoted(depth - 1, alias)
        if kind < 0.88:
            return self.unpivoted(depth - 1, alias)
        if kind < 0.94:
            low, high = self.random.randint(0, 1), self.random.randint(2, 3)
            name = self.one(NAMES)
            call = f"{self.one(['range', 'generate_series'])}({low}, {high})"
            return f"{call} AS {alias}({name})", Source(alias, [(name, INT)])
        text, columns = self.query(depth - 1)
        where = f" WHERE {self.condition(Scope([Source(alias, columns)]), 1)}"
        return f"(FROM ({text}) AS {alias}{where}) AS {alias}", Source(alias, columns)

    def visible(self) -> dict[str, Columns]:
        found: dict[str, Columns] = {}
        for scope in self.ctes:
            found.update(scope)
        return found

    def unique(self, columns: Columns) -> Columns:
        counted = [name for name, _ in columns]
        return [column for column in columns if counted.count(column[0]) == 1]

    def pivoted(self, depth: int, alias: str) -> tuple[str, Source]:
        text, inner = self.source(depth)
        columns = self.unique(inner.columns)
        keys = [name for name, kind in columns if kind == INT]
        if len(keys) < 2 or len(columns) != len(inner.columns):
            return self.source(0)
        on, value = self.random.sample(keys, 2)
        kept = [column for column in columns if column[0] not in {on, value}]
        if self.chance(0.5):
            call = f"{text} PIVOT (sum({value}) FOR {on} IN (0, 1, 2)"
            if kept and self.chance(0.5):
                kept = self.some(kept)
                call += f" GROUP BY {', '.join(name for name, _ in kept)}"
            made = f"(SELECT * FROM {call})) AS {alias}"
        else:
            call = f"PIVOT {text} ON {on} IN (0, 1, 2) USING max({value})"
            if kept and self.chance(0.5):
                kept = self.some(kept)
                call += f" GROUP BY {', '.join(name for name, _ in kept)}"
            made = f"({call}) AS {alias}"
        produced = [(f'"{place}"', INT) for place in range(3)]
        return made, Source(alias, [*kept, *produced])

    def unpivoted(self, depth: int, alias: str) -> tuple[str, Source]:
        text, inner = self.source(depth)
        columns = self.unique(inner.columns)
        numbers = [name for name, kind in columns if kind == INT and not name.startswith('"')]
        if len(numbers) < 2 or len(columns) != len(inner.columns):
            return self.source(0)
        folded = self.random.sample(numbers, 2)
        kept = [column for column in columns if column[0] not in folded]
        label, value = "lbl", "val"
        if any(name in {"lbl", "val"} for name, _ in kept):
            return self.source(0)
        nulls = self.one(["", "", "INCLUDE NULLS "])
        if self.chance(0.5):
            made = (
                f"(SELECT * FROM {text} UNPIVOT {nulls}({value} FOR {label} IN "
                f"({', '.join(folded)}))) AS {alias}"
            )
        else:
            made = (
                f"(UNPIVOT {text} ON {', '.join(folded)} INTO NAME {label} VALUE {value}) "
                f"AS {alias}"
            )
        return made, Source(alias, [*kept, (label, TEXT), (value, INT)])

    def from_clause(self, depth: int) -> tuple[str, list[Source], bool]:
        """Return a FROM clause, its items, and whether a join made columns one."""
        text, first = self.source(depth)
        sources = [first]
        merged = False
        for _ in range(self.one([0, 0, 1, 1, 2])):
            text, merged_here = self.joined(text, sources, depth)
            merged = merged or merged_here
        return text, sources, merged

    def joined(self, text: str, sources: list[Source], depth: int) -> tuple[str, bool]:
        """Add one join."""
        scope = Scope(list(sources))
        pick = self.random.random()
        if pick < 0.14:
            return self.unfolded(text, sources, scope)
        if pick < 0.22:
            inner_text, inner = self.source(0)
            inside = Scope([inner], scope)
            alias = self.fresh("lat")
            names = self.names(2)
            listed = [self.value(inside, INT, 1), self.value(inside, TEXT, 1)]
            where = f" WHERE {self.condition(inside, 1)}"
            order = ""
            if self.chance(0.3):
                order = f" ORDER BY {self.order(inside)}{self.total(Scope([inner]))} LIMIT 1"
            kind = self.one([", LATERAL ", " CROSS JOIN LATERAL ", " LEFT JOIN LATERAL ", ", "])
            tail = " ON true" if "LEFT" in kind else ""
            columns = [(names[0], INT), (names[1], TEXT)]
            sources.append(Source(alias, columns))
            return (
                f"{text}{kind}(SELECT {listed[0]} AS {names[0]}, {listed[1]} AS {names[1]} "
                f"FROM {inner_text}{where}{order}) AS {alias}{tail}",
                False,
            )
        right_text, right = self.source(depth - 1)
        if any(right.alias == source.alias for source in sources):
            return text, False
        shared = [
            name
            for name, kind in self.unique(right.columns)
            if [k for s in sources for n, k in s.columns if n == name] == [kind]
            and kind in {INT, TEXT, DATE}
        ]
        kinds = ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]
        if shared and self.chance(0.4):
            kind = self.one([*kinds, "SEMI JOIN", "ANTI JOIN", "ASOF JOIN", "ASOF LEFT JOIN"])
            if "ASOF" in kind:
                last = [
                    n for n in shared if (n, INT) in right.columns or (n, DATE) in right.columns
                ]
                if not last:
                    return text, False
                names = [*self.some([n for n in shared if n != last[0]], 0), last[0]]
            else:
                names = self.some(shared)
            made = f"{text} {kind} {right_text} USING ({', '.join(names)})"
            if kind in {"SEMI JOIN", "ANTI JOIN"}:
                return made, False
            # What is joined into one is named without a qualifier from now on.
            right = Source(right.alias, [c for c in right.columns if c[0] not in names])
            sources.append(right)
            return made, True
        if shared and len(sources) == 1 and self.chance(0.15):
            every = {n for n, _ in sources[0].columns} & {n for n, _ in right.columns}
            if every == set(shared):
                kind = self.one(["NATURAL JOIN", "NATURAL LEFT JOIN", "NATURAL FULL JOIN"])
                right = Source(right.alias, [c for c in right.columns if c[0] not in every])
                sources.append(right)
                return f"{text} {kind} {right_text}", True
        both = Scope([*sources, right])
        pick = self.random.random()
        plain = {text.split(" ", 1)[0], right_text.split(" ", 1)[0]} <= set(TABLES)
        if pick < 0.1 and len(sources) == 1 and plain:
            sources.append(right)
            return f"{text} POSITIONAL JOIN {right_text}", False
        if pick < 0.25:
            sources.append(right)
            return f"{text}{self.one([', ', ' CROSS JOIN '])}{right_text}", False
        left_key = self.column(scope, INT)
        right_key = self.column(Scope([Source(right.alias, right.columns)]), INT)
        if left_key is None or right_key is None:
            sources.append(right)
            return f"{text} CROSS JOIN {right_text}", False
        if "." not in left_key:
            left_key = next(
                f"{s.alias}.{left_key}" for s in sources for n, _ in s.columns if n == left_key
            )
        if "." not in right_key:
            right_key = f"{right.alias}.{right_key}"
        if pick < 0.4:
            sources.append(right)
            kind = self.one(["ASOF JOIN", "ASOF LEFT JOIN"])
            return f"{text} {kind} {right_text} ON {left_key} >= {right_key}", False
        if pick < 0.55:
            kind = self.one(["SEMI JOIN", "ANTI JOIN"])
            return f"{text} {kind} {right_text} ON {left_key} = {right_key}", False
        more = f" AND {self.condition(both, 1)}" if self.chance(0.3) else ""
        kind = self.one(kinds)
        sources.append(right)
        return f"{text} {kind} {right_text} ON {left_key} = {right_key}{more}", False

    def unfolded(self, text: str, sources: list[Source], scope: Scope) -> tuple[str, bool]:
        alias, name = self.fresh("un"), self.one(NAMES)
        listed = self.column(scope, LIST) or f"[{self.value(scope, INT, 0)}, 1]"
        made = self.one([
            f", UNNEST({listed}) AS {alias}({name})",
            f" CROSS JOIN UNNEST({listed}) AS {alias}({name})",
            f", LATERAL (SELECT UNNEST({listed}) AS {name}) AS {alias}",
            f", range(coalesce(abs({self.value(scope, INT, 0)}) % 3, 1)) AS {alias}({name})",
        ])  # fmt: skip
        sources.append(Source(alias, [(name, INT)]))
        return text + made, False

    # ---- SELECT ------------------------------------------------------------------------

    def query(self, depth: int = 2) -> tuple[str, Columns]:
        """Return a query and the columns that it gives."""
        with_ = ""
        pushed = False
        if self.chance(0.3) and depth > 0:
            with_ = self.with_clause(depth - 1)
            pushed = True
        pick = self.random.random()
        if pick < 0.2 and depth > 0:
            text, columns = self.set_operation(depth - 1)
        elif pick < 0.45:
            text, columns = self.grouped(depth)
        else:
            text, columns = self.plain(depth)
        if pushed:
            self.ctes.pop()
        return with_ + text, columns

    def with_clause(self, depth: int) -> str:
        parts = []
        recursive = self.chance(0.25)
        self.ctes.append({})
        for _ in range(self.random.randint(1, 3)):
            taken = self.ctes[-1]
            name = self.one(["a", "b", "w1", "w2", "w3"])
            if name in taken or (recursive and name in TABLES):
                continue
            hint = self.one(["", "", "", "MATERIALIZED ", "NOT MATERIALIZED "])
            if recursive and self.chance(0.6):
                made = self.recursive(name)
                if made is not None:
                    parts.append(made[0])
                    taken[name] = made[1]
                    continue
            text, columns = self.query(depth)
            if len({n for n, _ in columns}) != len(columns):
                continue
            if self.chance(0.25) and len(columns) <= len(NAMES):
                names = self.names(len(columns))
                columns = [(n, k) for n, (_, k) in zip(names, columns, strict=True)]
                parts.append(f"{name}({', '.join(names)}) AS {hint}({text})")
            else:
                parts.append(f"{name} AS {hint}({text})")
            taken[name] = columns
        if not parts:
            return ""
        return f"WITH {'RECURSIVE ' if recursive else ''}{', '.join(parts)} "

    def recursive(self, name: str) -> tuple[str, Columns] | None:
        """Return a recursive CTE that ends after three steps."""
        text, source = self.source(0)
        scope = Scope([source])
        width = self.random.randint(1, 5)
        names = self.names(width + 1)
        anchor = [self.column(scope, INT) or "0" for _ in range(width)]
        inner_text, inner = self.source(0)
        if inner.alias == name:
            return None
        own = Source(name, [(n, INT) for n in names[1:]])
        inside = Scope([own, inner])
        if any(n == other for n in names for other, _ in inner.columns):
            given = [n for n, k in inner.columns if k == INT] or ["k"]
            step = [
                self.one([f"{name}.{self.one(names[1:])}", f"{inner.alias}.{self.one(given)}"])
                for _ in range(width)
            ]
        else:
            step = [self.value(inside, INT, 1) for _ in range(width)]
        if self.chance(0.5):
            step = [f"{name}.{n}" for n in [*names[2:], names[1]]]
        keys = [n for n, k in inner.columns if k == INT] or ["k"]
        on = f"{name}.{self.one(names[1:])} = {inner.alias}.{self.one(keys)}"
        union = self.one(["UNION", "UNION ALL"])
        columns = [(n, INT) for n in names]
        listed = ", ".join(f"CAST({item} AS INTEGER)" for item in step)
        return (
            f"{name}({', '.join(names)}) AS (SELECT 0, {', '.join(anchor)} FROM {text} {union} "
            f"SELECT {name}.{names[0]} + 1, {listed} FROM {name} JOIN {inner_text} ON {on} "
            f"WHERE {name}.{names[0]} < 2)"
        ), columns

    def tail(self, scope: Scope, columns: Columns) -> str:
        """Return ORDER BY and LIMIT."""
        if not self.chance(0.3):
            return ""
        keys = []
        for _ in range(2):
            pick = self.random.random()
            if pick < 0.3 and columns:
                keys.append(str(self.random.randint(1, len(columns))))
            elif pick < 0.5 and self.unique(columns):
                keys.append(self.one(self.unique(columns))[0])
            elif scope.sources:
                keys.append(self.order(scope))
        order = f" ORDER BY {', '.join(keys)}" if keys else " ORDER BY ALL"
        if self.chance(0.1):
            order = " ORDER BY ALL"
        limit = self.one(["", "", " LIMIT 3", " LIMIT 2 OFFSET 1", " OFFSET 1", " LIMIT 50%",
                          " LIMIT (SELECT min(k) FROM e)"])  # fmt: skip
        if limit and order != " ORDER BY ALL":  # which of those that tie is left is nobody's word
            order += "".join(f", {place + 1}" for place in range(len(columns)))
        return order + limit

    def plain(self, depth: int) -> tuple[str, Columns]:
        """Return a SELECT that does not group."""
        text, sources, merged = self.from_clause(depth)
        scope = Scope(sources)
        where = f" WHERE {self.condition(scope)}" if self.chance(0.4) else ""
        outer, self.windows = self.windows, []
        named = ""
        if self.chance(0.25):
            body = self.window_body(scope, ordered=True)
            named = f" WINDOW w AS ({body})"
            self.windows = ["w"]
        items, columns = self.items(scope, merged=merged)
        qualify = ""
        if self.chance(0.12):
            qualify = f" QUALIFY {self.windowed(scope)} <= 3"
        self.windows = outer
        distinct = ""
        tail = self.tail(Scope(sources), columns)
        if self.chance(0.12):
            distinct = "DISTINCT "
            tail = ""
        elif self.chance(0.08):
            distinct = f"DISTINCT ON ({self.value(scope, INT, 1)}) "
            tail = f" ORDER BY {self.order(scope, 2)}{self.total(scope)}"
        listed = f"SELECT {distinct}{', '.join(items)}"
        if self.chance(0.15):
            made = f"FROM {text} {listed}{where}{named}{qualify}{tail}"
        else:
            made = f"{listed} FROM {text}{where}{named}{qualify}{tail}"
        return made, columns

    def items(self, scope: Scope, *, merged: bool) -> tuple[list[str], Columns]:
        items: list[str] = []
        columns: Columns = []
        every = [column for source in scope.sources for column in source.columns]
        distinct = len({name for name, _ in every}) == len(every)
        if self.chance(0.35) and distinct and not merged and every:
            made, found = self.star(scope, every)
            items.append(made)
            columns += found
        for name in self.names(self.random.randint(0 if items else 1, 4)):
            if name in {known for known, _ in columns}:
                continue
            pick = self.random.random()
            inside = Scope(scope.sources, scope.outer, [], [
                c for c in columns if c[0] not in {n for n, _ in every}
            ])  # fmt: skip
            if pick < 0.15:
                items.append(f"{self.windowed(inside)} AS {name}")
                columns.append((name, INT))
            elif pick < 0.2 and (listed := self.column(scope, LIST)) is not None:
                items.append(f"UNNEST({listed}) AS {name}")
                columns.append((name, INT))
            elif pick < 0.25 and scope.sources:
                source = self.one(scope.sources)
                items.append(f"{source.alias} AS {name}")
                columns.append((name, OTHER))
            elif pick < 0.4:
                column = self.column(Scope(scope.sources), None)
                if column is None:
                    continue
                bare = column.rsplit(".", 1)[-1]
                kind = next(k for n, k in every if n == bare)
                if bare in {known for known, _ in columns}:
                    continue
                items.append(column)
                columns.append((bare, kind))
            else:
                kind = self.one([INT, INT, INT, TEXT, TEXT, DATE, BOOL, LIST, STRUCT])
                style = self.one([" AS ", " AS ", " AS ", "prefix"])
                made = self.value(inside, kind)
                items.append(f"{name}: {made}" if style == "prefix" else f"{made} AS {name}")
                columns.append((name, kind))
        if not items:
            items.append("1 AS one")
            columns.append(("one", INT))
        return items, columns

    def star(self, scope: Scope, every: Columns) -> tuple[str, Columns]:
        """Return a star of some kind."""
        pick = self.random.random()
        if pick < 0.2:
            return "*", every
        if pick < 0.3:
            source = self.one(scope.sources)
            return f"{source.alias}.*", source.columns
        plain = [column for column in every if not column[0].startswith('"')]
        if pick < 0.45 and len(every) > 1 and plain:
            gone = {name for name, _ in self.some(plain)}
            left = [column for column in every if column[0] not in gone]
            if left:
                return f"* EXCLUDE ({', '.join(sorted(gone))})", left
        if pick < 0.6 and plain:
            name, kind = self.one(plain)
            return f"* REPLACE ({self.value(scope, kind)} AS {name})", every
        if pick < 0.7 and plain:
            name, _ = self.one(plain)
            return (
                f"* RENAME ({name} AS ren)",
                [("ren" if n == name else n, k) for n, k in every],
            )
        if pick < 0.78:
            kept = [column for column in every if re.search("[kx]", column[0])]
            if kept:
                return "COLUMNS('[kx]')", kept
        if pick < 0.86:
            kept = [column for column in every if column[0] in {"k", "x", "g", "id"}]
            if kept:
                test = self.one(["lambda n: n IN ('k', 'x', 'g', 'id')",
                                 "n -> n IN ('k', 'x', 'g', 'id')"])  # fmt: skip
                return f"COLUMNS({test})", kept
        if pick < 0.9:
            kept = [column for column in every if column[0].startswith("n")]
            if kept:
                return "* LIKE 'n%'", kept
        numbers = [name for name, kind in plain if kind == INT]
        if numbers:
            listed = ", ".join(f"'{name}'" for name in numbers)
            return f"COLUMNS([{listed}]) + 1", [(name, INT) for name in numbers]
        return "*", every

    def grouped(self, depth: int) -> tuple[str, Columns]:
        """Return a SELECT that groups."""
        text, sources, _ = self.from_clause(depth)
        scope = Scope(sources)
        where = f" WHERE {self.condition(scope, 1)}" if self.chance(0.3) else ""
        keys: list[tuple[str, str, str]] = []
        taken = self.names(5)
        for name in taken[: self.random.randint(0, 2)]:
            kind = self.one([INT, TEXT, DATE])
            keys.append((self.value(scope, kind, 1), name, kind))
        keys = [key for key in keys if self.column(scope, None) is not None]
        items = [f"{made} AS {name}" for made, name, _ in keys]
        columns: Columns = [(name, kind) for _, name, kind in keys]
        sum_kinds = [INT, INT, INT, TEXT, DATE, BOOL, LIST]
        for name in taken[2 : 2 + self.random.randint(1, 3)]:
            kind = self.one(sum_kinds)
            made = self.aggregate(scope, kind)
            if kind == INT and self.chance(0.2):
                made = f"{made} + {self.aggregate(scope, kind)}"
            elif kind == INT and self.chance(0.15):
                made = f"sum({made}) OVER (ORDER BY {self.aggregate(scope, INT)})"
            items.append(f"{made} AS {name}")
            columns.append((name, kind))
        if self.chance(0.1) and keys:
            items.append(f"{self.scalar(Scope(), INT)} AS sub")
            columns.append(("sub", INT))
        if self.chance(0.3):
            items, columns = items[::-1], columns[::-1]
        group = self.group_by(keys, columns)
        having = f" HAVING {self.aggregate(scope, INT)} > 0" if self.chance(0.2) else ""
        if having and self.chance(0.3):
            aggregated = [n for n, k in columns if k == INT and n not in {x[1] for x in keys}]
            own = {n for s in sources for n, _ in s.columns}
            aggregated = [n for n in aggregated if n not in own]
            if aggregated:
                having = f" HAVING {self.one(aggregated)} > 0"
        tail = self.tail(Scope(), columns)
        made = f"SELECT {', '.join(items)} FROM {text}{where}{group}{having}{tail}"
        return made, columns

    def group_by(self, keys: list[tuple[str, str, str]], columns: Columns) -> str:
        if not keys:
            return self.one(["", " GROUP BY ALL"])
        texts = [made for made, _, _ in keys]
        if any(re.fullmatch(r"\d+|NULL|'.*'", made) for made in texts):
            return " GROUP BY ALL"
        pick = self.random.random()
        listed = ", ".join(texts)
        if pick < 0.25:
            return " GROUP BY ALL"
        if pick < 0.4:
            places = [1 + [n for n, _ in columns].index(name) for _, name, _ in keys]
            return f" GROUP BY {', '.join(map(str, places))}"
        if pick < 0.5:
            return f" GROUP BY ROLLUP ({listed})"
        if pick < 0.6:
            return f" GROUP BY CUBE ({listed})"
        if pick < 0.7:
            return f" GROUP BY GROUPING SETS (({listed}), ({texts[0]}), ())"
        return f" GROUP BY {listed}"

    def set_operation(self, depth: int) -> tuple[str, Columns]:
        left, columns = self.query(depth)
        word = self.one(["UNION", "UNION ALL", "EXCEPT", "INTERSECT", "EXCEPT ALL",
                         "INTERSECT ALL", "UNION BY NAME", "UNION ALL BY NAME"])  # fmt: skip
        if "BY NAME" in word:
            right, others = self.query(depth)
            known = dict(columns)
            if len(self.unique(columns)) != len(columns) or len(self.unique(others)) != len(others):
                return left, columns
            if any(known.get(name, kind) != kind or kind == OTHER for name, kind in others):
                return left, columns
            columns = [*columns, *(c for c in others if c[0] not in known)]
            return f"({left}) {word} ({right})", columns
        text, sources, _ = self.from_clause(depth)
        scope = Scope(sources)
        if any(kind in {OTHER, MAP, JSON} for _, kind in columns):
            return left, columns
        items = [self.value(scope, kind, 1) for _, kind in columns]
        right = f"SELECT {', '.join(items)} FROM {text}"
        if self.chance(0.3):
            right += f" WHERE {self.condition(scope, 1)}"
        every = ", ".join(str(place + 1) for place in range(len(columns)))
        one = self.random.randint(1, len(columns))
        tail = self.one(["", "", f" ORDER BY {one}", f" ORDER BY {every} LIMIT 3"])
        return f"({left}) {word} ({right}){tail}", columns

    # ---- scripts -----------------------------------------------------------------------

    def script(self) -> list[str]:
        """Return statements that make and change tables, and a query of what came of it."""
        statements: list[str] = []
        touched: list[str] = []
        for _ in range(self.random.randint(1, 3)):
            made, name = self.one([
                self.create, self.create, self.insert, self.update, self.delete, self.merge,
                self.macro, self.upsert, self.alter,
            ])()  # fmt: skip
            statements += made
            touched.append(name)
        name = touched[-1]
        columns = self.ctes[0].get(name)
        if columns is None or self.chance(0.3):
            return [*statements, self.query(1)[0]]
        return [*statements, f"SELECT * FROM {name}"]

    def stored(self, depth: int = 1) -> tuple[str, Columns]:
        """Return a query whose columns have names of their own."""
        for _ in range(20):
            text, columns = self.query(depth)
            if len(self.unique(columns)) == len(columns):
                return text, columns
        return "SELECT 1 AS one", [("one", INT)]

    def create(self) -> tuple[list[str], str]:
        text, columns = self.stored()
        name = self.fresh("made")
        kind = self.one(["TABLE", "VIEW", "TEMP TABLE", "TEMP VIEW", "OR REPLACE TABLE"])
        listed = ""
        if self.chance(0.25) and len(columns) <= len(NAMES):
            names = self.names(len(columns))
            columns = [(n, k) for n, (_, k) in zip(names, columns, strict=True)]
            listed = f"({', '.join(names)})"
        self.ctes[0][name] = columns
        return [f"CREATE {kind} {name}{listed} AS {text}"], name

    def changed(self) -> tuple[str, Columns]:
        """Return a table whose rows may be changed."""
        name = self.one(["a", "b", "e"])
        return name, self.ctes[0][name]

    def holder(self) -> tuple[list[str], str, Columns]:
        """Return a table that may be changed, at times one that is made for it."""
        if self.chance(0.5):
            return [], *self.changed()
        source = self.one(["a", "b", "e"])
        name = self.fresh("held")
        columns = self.ctes[0][source]
        self.ctes[0][name] = columns
        temp = self.one(["", "TEMP "])
        return [f"CREATE {temp}TABLE {name} AS SELECT * FROM {source}"], name, columns

    def insert(self) -> tuple[list[str], str]:
        before, name, columns = self.holder()
        chosen = self.some([c for c in columns if c[1] in {INT, TEXT, DATE}])
        text, sources, _ = self.from_clause(1)
        scope = Scope(sources)
        values = [self.value(scope, kind) for _, kind in chosen]
        where = f" WHERE {self.condition(scope)}" if self.chance(0.5) else ""
        if self.chance(0.4):
            items = [f"{value} AS {n}" for value, (n, _) in zip(values, chosen, strict=True)]
            made = f"INSERT INTO {name} BY NAME SELECT {', '.join(items)} FROM {text}{where}"
        else:
            listed = ", ".join(n for n, _ in chosen)
            made = f"INSERT INTO {name} ({listed}) SELECT {', '.join(values)} FROM {text}{where}"
        return [*before, made], name

    def update(self) -> tuple[list[str], str]:
        before, name, columns = self.holder()
        scope = Scope([Source(name, columns)])
        chosen = self.some([c for c in columns if c[1] in {INT, TEXT, DATE}])[:2]
        from_, where = "", ""
        if self.chance(0.5):
            other = self.one(["a", "b", "e"])
            keys = [n for n, k in self.ctes[0][other] if k == INT]
            given = [n for n, k in columns if k == INT]
            text = (
                f"(SELECT {self.one(keys)} AS key, max({self.one(keys)}) AS v, "
                f"min({self.value(Scope([Source(other, self.ctes[0][other])]), TEXT)}) AS w "
                f"FROM {other} GROUP BY 1)"
            )
            if given:
                from_ = f" FROM {text} AS src"
                where = f" WHERE {name}.{self.one(given)} = src.key"
                source = Source("src", [("key", INT), ("v", INT), ("w", TEXT)])
                scope = Scope([*scope.sources, source])
        if self.chance(0.5):
            more = self.condition(scope)
            where = f"{where} AND {more}" if where else f" WHERE {more}"
        sets = ", ".join(f"{n} = {self.value(scope, kind)}" for n, kind in chosen)
        return [*before, f"UPDATE {name} SET {sets}{from_}{where}"], name

    def delete(self) -> tuple[list[str], str]:
        before, name, columns = self.holder()
        scope = Scope([Source(name, columns)])
        if self.chance(0.5):
            text, source = self.source(1)
            if source.alias != name:
                scope = Scope([*scope.sources, source])
                made = f"DELETE FROM {name} USING {text} WHERE {self.condition(scope)}"
                return [*before, made], name
        return [*before, f"DELETE FROM {name} WHERE {self.condition(scope)}"], name

    def merge(self) -> tuple[list[str], str]:
        before, name, columns = self.holder()
        other = self.one(["a", "b", "e"])
        inner = Scope([Source(other, self.ctes[0][other])])
        keys = [n for n, k in columns if k == INT] or ["k"]
        source = Source("src", [("key", INT), ("v", INT), ("w", TEXT)])
        both = Scope([Source(name, columns), source])
        using = (
            f"(SELECT {self.column(inner, INT)} AS key, {self.aggregate(inner, INT)} AS v, "
            f"{self.aggregate(inner, TEXT)} AS w FROM {other} GROUP BY 1) AS src"
        )
        whens = []
        if self.chance(0.7):
            n, kind = self.one([c for c in columns if c[1] in {INT, TEXT, DATE}])
            more = f" AND {self.condition(both)}" if self.chance(0.4) else ""
            whens.append(f"WHEN MATCHED{more} THEN UPDATE SET {n} = {self.value(both, kind)}")
        elif self.chance(0.5):
            whens.append("WHEN MATCHED THEN DELETE")
        if not whens or self.chance(0.6):
            chosen = self.some([c for c in columns if c[1] in {INT, TEXT, DATE}])[:3]
            only = Scope([source])
            more = f" AND {self.condition(only)}" if self.chance(0.4) else ""
            listed = ", ".join(n for n, _ in chosen)
            values = ", ".join(self.value(only, kind) for _, kind in chosen)
            whens.append(f"WHEN NOT MATCHED{more} THEN INSERT ({listed}) VALUES ({values})")
        if self.chance(0.3):
            target = Scope([Source(name, columns)])
            n, kind = self.one([c for c in columns if c[1] in {INT, TEXT}])
            whens.append(
                f"WHEN NOT MATCHED BY SOURCE THEN UPDATE SET {n} = {self.value(target, kind)}"
            )
        made = f"MERGE INTO {name} USING {using} ON {name}.{self.one(keys)} = src.key"
        return [*before, f"{made} {' '.join(whens)}"], name

    def macro(self) -> tuple[list[str], str]:
        """Return a macro, scalar or of a table, and a table that is made by it."""
        macro, name = self.fresh("mac"), self.fresh("made")
        if self.chance(0.5):
            scope = Scope([], None, [("p1", INT), ("p2", INT)])
            body = self.value(scope, INT, 2)
            text, sources, _ = self.from_clause(0)
            inside = Scope(sources)
            call = f"{macro}({self.value(inside, INT)}, {self.value(inside, INT)})"
            other = self.value(inside, TEXT)
            self.ctes[0][name] = [("v", INT), ("w", TEXT)]
            return [
                f"CREATE MACRO {macro}(p1, p2) AS {body}",
                f"CREATE TABLE {name} AS SELECT {call} AS v, {other} AS w FROM {text}",
            ], name
        text, columns = self.stored()
        self.ctes[0][name] = columns
        return [
            f"CREATE MACRO {macro}() AS TABLE {text}",
            f"CREATE TABLE {name} AS SELECT * FROM {macro}()",
        ], name

    def upsert(self) -> tuple[list[str], str]:
        name, other = self.fresh("held"), self.one(["a", "b", "e"])
        columns: Columns = [("id", INT), ("x", INT), ("s", TEXT)]
        self.ctes[0][name] = columns
        scope = Scope([Source(other, self.ctes[0][other])])
        after = Scope([Source(name, columns), Source("excluded", columns)])
        n, kind = self.one(columns[1:])
        value = self.one([f"excluded.{n}", f"{name}.{n}", f"coalesce({name}.{n}, excluded.{n})"])
        where = f" WHERE {name}.x < excluded.x" if self.chance(0.4) else ""
        action = self.one(["DO NOTHING", f"DO UPDATE SET {n} = {value}{where}"])
        head, tail = f"INSERT INTO {name}", f" ON CONFLICT (id) {action}"
        if self.chance(0.3):
            head, tail = f"INSERT OR REPLACE INTO {name}", ""
        del after, kind
        return [
            f"CREATE TABLE {name} (id INTEGER PRIMARY KEY, x INTEGER, s VARCHAR)",
            f"INSERT INTO {name} SELECT id, max(k), min(s) FROM {self.one(['a', 'b'])} "
            "WHERE id IS NOT NULL GROUP BY id",
            f"{head} SELECT k, {self.aggregate(scope, INT)}, {self.aggregate(scope, TEXT)} "
            f"FROM {other} WHERE k IS NOT NULL GROUP BY k{tail}",
        ], name

    def alter(self) -> tuple[list[str], str]:
        before, name, columns = self.holder()
        made = self.fresh("made")
        n, kind = self.one(columns)
        more = self.one([
            (f"ALTER TABLE {name} ADD COLUMN extra INTEGER", [*columns, ("extra", INT)]),
            *([(f"ALTER TABLE {name} RENAME COLUMN {n} TO extra",
                [("extra", kind) if c[0] == n else c for c in columns])]
              if "TEMP" in "".join(before) else []),
            (f"ALTER TABLE {name} DROP COLUMN {n}", [c for c in columns if c[0] != n]),
        ])  # fmt: skip
        if any(c[0] == "extra" for c in columns):
            return self.create()
        self.ctes[0][name] = more[1]
        text, found = self.stored()
        self.ctes[0][made] = found
        return [*before, more[0], f"CREATE TABLE {made} AS {text}"], made


Maker = Callable[[Generator, Scope, int], str | None]


def _int_list(g: Generator, scope: Scope, depth: int) -> str:
    return g.value(scope, LIST, depth)


def _lambda(g: Generator, scope: Scope, depth: int) -> str:
    inside = Scope(scope.sources, scope.outer, [*scope.variables, ("el", INT)])
    arrow = g.one(["lambda el: ", "el -> "])
    body = g.value(inside, INT, min(depth, 1))
    return f"list_transform({g.value(scope, LIST, depth)}, {arrow}{body})"


def _filter(g: Generator, scope: Scope, depth: int) -> str:
    inside = Scope(scope.sources, scope.outer, [*scope.variables, ("el", INT)])
    arrow = g.one(["lambda el: ", "el -> "])
    return (
        f"list_filter({g.value(scope, LIST, depth)}, "
        f"{arrow}{g.value(inside, INT, 0)} > {g.value(inside, INT, 0)})"
    )


def _comprehension(g: Generator, scope: Scope, depth: int) -> str:
    inside = Scope(scope.sources, scope.outer, [*scope.variables, ("el", INT)])
    return (
        f"[{g.value(inside, INT, 1)} FOR el IN {g.value(scope, LIST, depth)} "
        f"IF {g.value(inside, INT, 0)} > 0]"
    )


def _case(kind: str) -> Maker:
    def make(g: Generator, scope: Scope, depth: int) -> str:
        if g.chance(0.3):
            subject = g.value(scope, INT, depth - 1)
            return (
                f"CASE {subject} WHEN {g.value(scope, INT, 0)} THEN {g.value(scope, kind, depth)} "
                f"ELSE {g.value(scope, kind, depth)} END"
            )
        text = f"CASE WHEN {g.condition(scope, depth)} THEN {g.value(scope, kind, depth)}"
        if g.chance(0.6):
            text += f" ELSE {g.value(scope, kind, depth)}"
        return f"{text} END"

    return make


def _choice(kind: str) -> Maker:
    def make(g: Generator, scope: Scope, depth: int) -> str:
        one, other = g.value(scope, kind, depth), g.value(scope, kind, depth)
        return g.one([
            f"coalesce({one}, {other})", f"if({g.condition(scope, depth)}, {one}, {other})",
            f"nullif({one}, {other})", f"greatest({one}, {other})", f"least({one}, {other})",
            f"ifnull({one}, {other})",
        ])  # fmt: skip

    return make


def _scalar(kind: str) -> Maker:
    return lambda g, scope, _depth: g.scalar(scope, kind)


def _exists(g: Generator, scope: Scope, depth: int) -> str:
    text, source = g.source(min(depth, 1))
    inside = Scope([source], Scope(scope.sources, scope.outer))
    where = f" WHERE {g.condition(inside, 1)}" if g.chance(0.8) else ""
    more = f" GROUP BY {g.value(inside, INT, 0)} HAVING count(*) > 1" if g.chance(0.0) else ""
    return f"{g.one(['', 'NOT '])}EXISTS (SELECT {g.one(['1', '*'])} FROM {text}{where}{more})"


def _in_query(g: Generator, scope: Scope, depth: int) -> str:
    text, source = g.source(min(depth, 1))
    inside = Scope([source], Scope(scope.sources, scope.outer))
    kind = g.one([INT, TEXT])
    where = f" WHERE {g.condition(inside, 1)}" if g.chance(0.5) else ""
    subject = g.value(scope, kind, depth)
    value = g.value(inside, kind, 1)
    word = g.one(["IN", "NOT IN", "= ANY", "> ALL"])
    return f"{subject} {word} (SELECT {value} FROM {text}{where})"


def _compared(g: Generator, scope: Scope, depth: int) -> str:
    kind = g.one([INT, INT, TEXT, DATE])
    one, other = g.value(scope, kind, depth), g.value(scope, kind, depth)
    return f"{one} {g.one(['=', '<>', '<', '>=', 'IS DISTINCT FROM'])} {other}"


def _between(g: Generator, scope: Scope, depth: int) -> str:
    return (
        f"{g.value(scope, INT, depth)} BETWEEN {g.value(scope, INT, depth)} "
        f"AND {g.value(scope, INT, depth)}"
    )


def _logic(g: Generator, scope: Scope, depth: int) -> str:
    one, other = g.condition(scope, depth), g.condition(scope, depth)
    return g.one([f"({one} AND {other})", f"({one} OR {other})", f"NOT ({one})"])


def _field(name: str) -> Maker:
    def make(g: Generator, scope: Scope, _depth: int) -> str | None:
        column = g.column(scope, STRUCT)
        if column is None:
            return None
        return g.one([
            f"{column}.{name}", f"{column}['{name}']", f"struct_extract({column}, '{name}')",
        ])  # fmt: skip

    return make


def _json(g: Generator, scope: Scope, _depth: int) -> str | None:
    column = g.column(scope, JSON)
    return f"({column} ->> '{g.one(['p', 'q', '$.p'])}')" if column is not None else None


def _map_value(g: Generator, scope: Scope, _depth: int) -> str | None:
    column = g.column(scope, MAP)
    return f"{column}[{g.value(scope, TEXT, 0)}]" if column is not None else None


def _array_of(g: Generator, scope: Scope, _depth: int) -> str:
    text, source = g.source(0)
    inside = Scope([source], Scope(scope.sources, scope.outer))
    return (
        f"ARRAY(SELECT {g.value(inside, INT, 1)} FROM {text} WHERE {g.condition(inside, 1)} "
        f"ORDER BY {g.order(inside)}{g.total(inside)})"
    )


_MAKERS: dict[str, list[Maker]] = {
    INT: [
        lambda g, s, d: f"({g.value(s, INT, d)} + {g.value(s, INT, d)})",
        lambda g, s, d: f"({g.value(s, INT, d)} - {g.value(s, INT, d)})",
        lambda g, s, d: f"abs({g.value(s, INT, d)})",
        lambda g, s, d: f"length({g.value(s, TEXT, d)})",
        lambda g, s, d: f"{g.value(s, LIST, d)}[1]",
        lambda g, s, d: f"len({g.value(s, LIST, d)})",
        lambda g, s, d: f"list_reduce({g.value(s, LIST, d)}, lambda p1, p2: p1 + p2)",
        lambda g, s, d: f"CAST({g.value(s, BOOL, d)} AS INTEGER)",
        lambda g, s, d: f"year({g.value(s, DATE, d)})",
        lambda g, s, d: f"date_diff('day', {g.value(s, DATE, d)}, {g.value(s, DATE, d)})",
        lambda g, s, d: f"TRY_CAST({g.value(s, TEXT, d)} AS INTEGER)",
        lambda g, s, d: f"EXTRACT(month FROM {g.value(s, DATE, d)})",
        _case(INT), _choice(INT), _scalar(INT), _scalar(INT), _field("p"), _map_value,
    ],
    TEXT: [
        lambda g, s, d: f"({g.value(s, TEXT, d)} || {g.value(s, TEXT, d)})",
        lambda g, s, d: f"upper({g.value(s, TEXT, d)})",
        lambda g, s, d: f"CAST({g.value(s, INT, d)} AS VARCHAR)",
        lambda g, s, d: f"concat_ws('-', {g.value(s, TEXT, d)}, {g.value(s, INT, d)})",
        lambda g, s, d: f"substring({g.value(s, TEXT, d)}, 1, {g.value(s, INT, 0)})",
        lambda g, s, d: f"strftime({g.value(s, DATE, d)}, '%Y-%m')",
        lambda g, s, d: f"replace({g.value(s, TEXT, d)}, 'r', {g.value(s, TEXT, d)})",
        _case(TEXT), _choice(TEXT), _scalar(TEXT), _field("q"), _json,
    ],
    DATE: [
        _case(DATE), _choice(DATE), _scalar(DATE),
        lambda g, s, d: f"CAST(date_trunc('month', {g.value(s, DATE, d)}) AS DATE)",
        lambda g, s, d: f"({g.value(s, DATE, d)} + CAST({g.value(s, INT, 0)} AS INTEGER))",
        lambda g, s, d: f"last_day({g.value(s, DATE, d)})",
    ],
    BOOL: [
        _compared, _compared, _compared, _between, _logic, _exists, _in_query,
        lambda g, s, d: f"{g.value(s, INT, d)} IN ({g.value(s, INT, 0)}, {g.value(s, INT, 0)})",
        lambda g, s, d: f"{g.value(s, TEXT, d)} LIKE '%r%'",
        lambda g, s, d: f"{g.value(s, INT, d)} IS {g.one(['', 'NOT '])}NULL",
        lambda g, s, d: f"list_contains({g.value(s, LIST, d)}, {g.value(s, INT, d)})",
    ],
    LIST: [
        _lambda, _filter, _comprehension, _array_of,
        lambda g, s, d: f"[{g.value(s, INT, d)}, {g.value(s, INT, d)}]",
        lambda g, s, d: f"list_concat({g.value(s, LIST, d)}, {g.value(s, LIST, d)})",
        lambda g, s, d: f"list_sort({g.value(s, LIST, d)})",
        lambda g, s, d: f"{g.value(s, LIST, d)}[1:{g.value(s, INT, 0)}]",
        lambda g, s, d: f"range(coalesce(abs({g.value(s, INT, d)}) % 3, 1))",
        _scalar(LIST), _case(LIST),
    ],
    STRUCT: [
        lambda g, s, d: f"{{'p': {g.value(s, INT, d)}, 'q': {g.value(s, TEXT, d)}}}",
        lambda g, s, d: f"struct_pack(p := {g.value(s, INT, d)}, q := {g.value(s, TEXT, d)})",
        lambda g, s, d: f"row({g.value(s, INT, d)}, {g.value(s, TEXT, d)})",
    ],
}  # fmt: skip


def query(seed: int) -> str:
    """Return the query of a seed."""
    generator = Generator(seed)
    return generator.query(generator.one([0, 0, 1, 1, 1, 1, 2]))[0]


def script(seed: int) -> list[str]:
    """Return the script of a seed: statements that change tables, then a query."""
    return Generator(seed).script()
