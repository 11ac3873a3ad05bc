"""Asks DuckDB what depends on what: values of one column are changed, and the query is run again.

What comes out of that is true of the engine whatever anybody thinks lineage should be: an output
column whose values change when a source column does depends on it, and a text that is recognisable
as a value of a source column came from there.
"""

# ruff: noqa: S311, S608 - chance that can be repeated is wanted, and so is SQL made of text
# ruff: noqa: PLR0911 - a value of each type, side by side

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

import duckdb

from lineage.sql.relation import STRENGTH, Column
from tests.sql import cases
from tests.sql.random_queries import DATE, INT, JSON, LIST, MAP, STRUCT, TABLES, TEXT

Place = tuple[str, str]
"""A table and a column of it."""
Rows = list[list[object]]

WAYS = ("shift", "shuffle", "nulls", "equal", "again")
KNOWN = tuple(
    f"{name}({', '.join(f'{column} {kind}' for column, kind in columns.items())})"
    for name, columns in TABLES.items()
)
_TAGGED = (("a", "s"), ("b", "s"), ("c", "z"))


def _value(random: Random, table: str, column: str, kind: str, row: int) -> object:
    if random.random() < 0.15:
        return None
    number = random.randint(0, 3)
    if kind == TEXT:
        if (table, column) in _TAGGED:
            return f"<{table}.{column}#{row}>" if number else f"<{table}.{column}#0>"
        return ("red", "blue", "gray", "rosy")[number]
    if kind == INT:
        return number
    if kind == DATE:
        return date(2024, 1 + number, 1 + row % 2)
    if kind == LIST:
        return [random.randint(0, 3) for _ in range(random.randint(0, 3))]
    if kind == STRUCT:
        return {"p": number, "q": f"q{number}"}
    if kind == MAP:
        return {"red": number, "blue": 1}
    if kind == JSON:
        return f'{{"p": {number}, "q": "j{number}"}}'
    raise ValueError(kind)


def _shifted(value: object) -> object:
    if value is None:
        return None
    if isinstance(value, int):
        return value + 1
    if isinstance(value, date):
        return value + timedelta(days=32)
    if isinstance(value, list):
        return [*value, 2]
    if isinstance(value, dict):
        return {key: _shifted(item) for key, item in value.items()}
    text = str(value)
    return text.replace('"p": ', '"p": 1').replace("j", "jr") if text[0] == "{" else f"{text}r"


def _changed(rows: Rows, place: int, way: str, random: Random, table: str) -> Rows:
    values = [row[place] for row in rows]
    column, kind = list(TABLES[table].items())[place]
    if way == "shift":
        values = [_shifted(value) for value in values]
    elif way == "shuffle":
        values = values[1:] + values[:1]
    elif way == "nulls":
        values = [None if number % 2 else value for number, value in enumerate(values)]
    elif way == "equal":
        values = [next((v for v in values if v is not None), None)] * len(values)
    else:
        values = [_value(random, table, column, kind, row) for row in range(len(rows))]
    return [[*row[:place], new, *row[place + 1 :]] for row, new in zip(rows, values, strict=True)]


@dataclass(frozen=True)
class Finding:
    """What was said of a query that the engine shows to be wrong."""

    kind: str
    text: str
    sql: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}\n{self.sql}"


@dataclass
class Told:
    """What lineage says of the last statement of a script."""

    names: list[str]
    types: list[str | None]
    direct: list[dict[Place, int]]
    every: list[set[Place]]
    problems: list[str]
    doubts: list[str]


@dataclass
class World:
    """A database that holds each table in each of its variations, a schema for each."""

    seed: int
    sets: int = 1
    connection: duckdb.DuckDBPyConnection = field(init=False)
    schemas: dict[tuple[int, Place | None, str], str] = field(default_factory=dict)
    runs: int = 0

    def __post_init__(self) -> None:
        self.connection = duckdb.connect(config={"threads": 1})
        self.connection.execute("SET lambda_syntax='ENABLE_SINGLE_ARROW'")
        # A plan must not depend on statistics of the values: rows that tie would change places.
        self.connection.execute("PRAGMA disable_optimizer")
        for number in range(self.sets):
            self._fill(number)

    def _fill(self, number: int) -> None:
        random = Random(self.seed * 100 + number)
        data: dict[str, Rows] = {}
        for table, columns in TABLES.items():
            size = random.randint(5, 7)
            data[table] = [
                [_value(random, table, name, kind, row) for name, kind in columns.items()]
                for row in range(size)
            ]
        self._schema((number, None, ""), data)
        # The same rows in another order: what changes then is not settled by the query.
        self._schema((number, None, "back"), {name: rows[::-1] for name, rows in data.items()})
        swapped = {name: [*rows[2:][::-1], *rows[:2]] for name, rows in data.items()}
        self._schema((number, None, "swap"), swapped)
        for table, columns in TABLES.items():
            for place, name in enumerate(columns):
                for way in WAYS:
                    rows = _changed(data[table], place, way, random, table)
                    self._schema((number, (table, name), way), {**data, table: rows})

    def _schema(self, key: tuple[int, Place | None, str], data: dict[str, Rows]) -> None:
        name = f"v{len(self.schemas)}"
        self.schemas[key] = name
        self.connection.execute(f"CREATE SCHEMA {name}")
        for table, rows in data.items():
            columns = TABLES[table]
            listed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
            self.connection.execute(f"CREATE TABLE {name}.{table} ({listed})")
            if rows:
                text = ", ".join(
                    "(" + ", ".join(map(_literal, row, columns.values())) + ")" for row in rows
                )
                self.connection.execute(f"INSERT INTO {name}.{table} VALUES {text}")

    def run(self, script: list[str], key: tuple[int, Place | None, str]) -> list[list[str]] | None:
        """Return the values of each output column; None where the data let the query fail."""
        self.runs += 1
        self.connection.execute(f"SET schema='{self.schemas[key]}'")
        alone = len(script) == 1
        if not alone:
            self.connection.execute("BEGIN")
        try:
            for statement in script:
                self.connection.execute(statement)
            rows = self.connection.fetchall()
            width = len(self.connection.description)
        except duckdb.Error:
            return None
        finally:
            if not alone:
                self.connection.execute("ROLLBACK")
        return [[_plain(row[place]) for row in rows] for place in range(width)]

    def described(self, script: list[str]) -> list[tuple[str, str]] | str:
        """Return names and types of what a script gives, or the engine's error."""
        self.connection.execute(f"SET schema='{self.schemas[0, None, '']}'")
        self.connection.execute("BEGIN")
        try:
            for statement in script[:-1]:
                self.connection.execute(statement)
            self.connection.execute(f"DESCRIBE {script[-1]}")
            return [(row[0], row[1]) for row in self.connection.fetchall()]
        except duckdb.Error as error:
            return f"{type(error).__name__}: {error}"
        finally:
            self.connection.execute("ROLLBACK")


def _literal(value: object, kind: str) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"[{', '.join(map(str, value))}]::{kind}"
    if isinstance(value, dict):
        pairs = ", ".join(f"'{key}': {_literal(item, '')}" for key, item in value.items())
        return f"MAP {{{pairs}}}" if kind == MAP else f"{{{pairs}}}"
    if isinstance(value, int):
        return str(value)
    return f"DATE '{value}'" if isinstance(value, date) else f"'{value}'"


def _plain(value: object) -> str:
    return f"{value:.9g}" if isinstance(value, float) else repr(value)


def told(script: list[str]) -> Told:
    """Return what lineage says of what the last statement gives, traced back to the tables."""
    results, _ = cases.bind(";\n".join(script), "duckdb", KNOWN)
    made: dict[str, dict[str, tuple[dict[Place, int], set[Place]]]] = {
        table: {name: ({(table, name): 0}, {(table, name)}) for name in columns}
        for table, columns in TABLES.items()
    }
    problems = [f"{p.code}: {p.message}" for b in results for p in b.problems if p.certain]
    doubts = [f"{p.code}: {p.message}" for b in results for p in b.problems if not p.certain]
    last = Told([], [], [], [], problems, doubts)
    lengths: dict[str, set[Place]] = {}
    hidden: set[Place] = set()
    for bound in results:
        # A table that is read decides how many rows there are, whether or not a column is named.
        read = set().union(*(lengths.get(table.name.lower(), set()) for table in bound.reads))
        if any(table.temporary for table in bound.reads):
            read = read | hidden
        if not bound.writes:  # it fills a temporary table
            hidden |= read
        for write in bound.writes:
            traced = [(name, *_traced(column, made)) for name, column in write.columns]
            rows = _influences(write.indirect, made) | read
            if write.target is not None:
                name = write.target.name.lower()
                lengths[name] = rows | (
                    set() if bound.kind == "create" else lengths.get(name, set())
                )
            if write.target is None:
                last.names = [name for name, _ in write.columns]
                last.types = [column.type for _, column in write.columns]
                last.direct = [direct for _, direct, _ in traced]
                last.every = [every | rows for _, _, every in traced]
                continue
            known = {} if bound.kind == "create" else made.get(write.target.name.lower(), {})
            found = {name.lower(): (direct, every) for name, direct, every in traced}
            made[write.target.name.lower()] = {
                name: (
                    {**known.get(name, ({}, set()))[0], **found.get(name, ({}, set()))[0]},
                    known.get(name, ({}, set()))[1] | found.get(name, ({}, set()))[1] | rows,
                )
                for name in {**known, **found}
            }
    return last


Made = dict[str, dict[str, tuple[dict[Place, int], set[Place]]]]


def _behind(table: str, column: str, made: Made) -> tuple[dict[Place, int], set[Place]]:
    known = made.get(table.lower(), {})
    name = column.lower()
    if name not in known and "." in name:
        direct, every = known.get(name.split(".")[0], ({}, set()))
        return dict.fromkeys(direct, 1), every
    return known.get(name, ({}, set()))


def _traced(column: Column, made: Made) -> tuple[dict[Place, int], set[Place]]:
    direct: dict[Place, int] = {}
    every = _influences(column.indirect, made)
    for origin, flags in column.direct.items():
        behind, influences = _behind(origin.table.name, origin.column, made)
        for place, strength in behind.items():
            direct[place] = max(direct.get(place, 0), strength, flags & STRENGTH)
        every |= influences
    return direct, every | set(direct)


def _influences(origins: object, made: Made) -> set[Place]:
    found: set[Place] = set()
    for origin in origins:  # type: ignore[attr-defined]
        found |= _behind(origin.table.name, origin.column, made)[1]
    return found


def examine(script: list[str], world: World) -> Iterator[Finding]:
    """Yield what lineage says of a script and the engine says otherwise."""
    text = ";\n".join(script)
    engine = world.described(script)
    said = told(script)
    if isinstance(engine, str):
        if engine.startswith(("Binder", "Catalog")) and not said.problems and not said.doubts:
            yield Finding("refused", engine.split("\n", maxsplit=1)[0], text)
        return
    if any(problem.startswith("does-not-parse") for problem in said.problems):
        return
    for problem in said.problems:
        yield Finding("accepted", problem, text)
    if said.problems:
        return
    names = [name for name, _ in engine]
    if said.names != names:
        yield Finding("names", f"{said.names} are {names}", text)
        return
    for (name, kind), type_ in zip(engine, said.types, strict=True):
        if type_ is not None and type_ != kind:
            yield Finding("types", f"{name} is {kind}, not {type_}", text)
    yield from _values(script, said, world, text)


def _values(script: list[str], said: Told, world: World, text: str) -> Iterator[Finding]:
    reported: set[tuple[str, Place]] = set()
    for number in range(world.sets):
        base = world.run(script, (number, None, ""))
        if base is not None:
            yield from _seen(said, base, text, reported)
            yield from _moved(script, said, world, text, (number, base, reported))


def _seen(
    said: Told, base: list[list[str]], text: str, reported: set[tuple[str, Place]]
) -> Iterator[Finding]:
    """Yield the columns of which values came out though nobody said that they go there."""
    for name, direct, kind, values in zip(said.names, said.direct, said.types, base, strict=True):
        for place in _TAGGED:
            if place in direct or (name, place) in reported:
                continue
            tag = f"<{place[0]}.{place[1]}#"
            if (kind is None or TEXT in kind) and any(tag in value for value in values):
                reported.add((name, place))
                yield Finding("not-direct", f"{'.'.join(place)} -> {name}", text)


def _settled(script: list[str], world: World, number: int, counted: list[Counter[str]]) -> set[int]:
    """Return the columns that do not depend on the order in which the rows are stored."""
    settled = set(range(len(counted)))
    for order in ("back", "swap"):
        again = world.run(script, (number, None, order))
        settled -= {n for n in settled if again is None or Counter(again[n]) != counted[n]}
    return settled


def _moved(
    script: list[str],
    said: Told,
    world: World,
    text: str,
    state: tuple[int, list[list[str]], set[tuple[str, Place]]],
) -> Iterator[Finding]:
    """Yield the columns that change others though nobody said that they have a part in them."""
    number, base, reported = state
    counted = [Counter(values) for values in base]
    settled = _settled(script, world, number, counted)
    lower = text.lower()
    spread = "*" in text or "COLUMNS" in text or "NATURAL" in text
    places = [(t, c) for t, columns in TABLES.items() if t in lower for c in columns]
    for place in places:
        waiting = [
            n
            for n in sorted(settled)
            if place not in said.every[n] and (said.names[n], place) not in reported
        ]
        named = spread or re.search(rf"\b{place[1]}\b", lower) is not None
        for way in WAYS if named else WAYS[-1:]:
            after = world.run(script, (number, place, way)) if waiting else None
            for n in list(waiting) if after is not None else ():
                if after is not None and Counter(after[n]) != counted[n]:
                    waiting.remove(n)
                    reported.add((said.names[n], place))
                    told_ = f"{'.'.join(place)} changes {said.names[n]} ({way})"
                    yield Finding("missing", told_, text)


__all__ = ["TABLES", "Finding", "World", "examine", "told"]
