"""What the binder says of an expression is what a real PostgreSQL says of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import lineage
from lineage import DatasetId
from lineage.analysis.estate import Estate
from lineage.sql.typing import type_system

pytestmark = pytest.mark.postgres
COLUMNS = {
    "bo": "boolean", "si": "smallint", "i": "integer", "bi": "bigint", "r": "real",
    "d": "double precision", "n": "numeric(10,2)", "nn": "numeric", "v": "varchar(20)",
    "te": "text", "ch": "char(3)", "dt": "date", "tm": "time", "ts": "timestamp",
    "tz": "timestamptz", "iv": "interval", "js": "json", "jb": "jsonb", "uu": "uuid",
    "ia": "integer[]", "ta": "text[]", "by": "bytea",
}  # fmt: skip
LEAVES = (
    ("si", "i", "bi", "1", "3000000000", "-7"),
    ("r", "d", "n", "nn", "1.5", "2e3", "i"),
    ("v", "te", "ch", "'a'", "NULL"),
    ("dt", "tm", "ts", "tz", "iv", "DATE '2024-01-01'", "1"),
    ("bo", "TRUE", "NULL"),
    ("js", "jb", "'a'"),
    ("ia", "ta", "i"),
    ("uu", "by", "te"),
)
BINARY = (
    "+", "-", "*", "/", "%", "||", "=", "<>", "<", "<=", ">=", "AND", "OR", "LIKE", "ILIKE",
    "->", "->>", "@>", "IS DISTINCT FROM",
)  # fmt: skip
FUNCTIONS = {
    "abs": 1, "ceil": 1, "round": 1, "length": 1, "lower": 1, "upper": 1, "btrim": 1, "md5": 1,
    "concat": 2, "strpos": 2, "left": 2, "repeat": 2, "split_part": 3, "replace": 3, "power": 2,
    "sqrt": 1, "to_char": 2, "date_trunc": 2, "age": 2, "array_length": 2, "cardinality": 1,
    "jsonb_typeof": 1, "to_jsonb": 1, "array_append": 2, "string_to_array": 2, "mod": 2,
}  # fmt: skip
AGGREGATES = ("sum", "avg", "min", "max", "count", "array_agg", "bool_or", "stddev", "jsonb_agg")
TARGETS = ("integer", "bigint", "text", "date", "timestamp", "numeric(18,4)", "boolean", "jsonb")
COUNT = 900
KNOWN = 0.99
"""Of what PostgreSQL takes, so much must have a type here."""
FOUND = 0.95
"""Of what PostgreSQL refuses, so much must be refused here; the rest is unknown."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one side says of an expression: its type, or that it is refused."""

    type: str | None
    refused: bool


class Maker:
    """Makes random expressions from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self.weights: list[float] = []

    def expression(self, depth: int) -> str:  # noqa: PLR0911 - one for each kind
        pick = self.random.choice
        if depth == 0 or self.random.random() < 0.1:
            return pick(self.random.choices(LEAVES, self.weights)[0])
        inner = [self.expression(depth - 1) for _ in range(3)]
        kind = self.random.randrange(7)
        if kind < 2:
            return f"({inner[0]} {pick(BINARY)} {inner[1]})"
        if kind == 2:
            name, count = pick(tuple(FUNCTIONS.items()))
            return f"{name}({', '.join(inner[:count])})"
        if kind == 3:
            return f"CASE WHEN bo THEN {inner[0]} ELSE {inner[1]} END"
        if kind == 4:
            return f"COALESCE({inner[0]}, {inner[1]})"
        if kind == 5:
            return f"CAST({inner[0]} AS {pick(TARGETS)})"
        return f"{inner[0]} IN ({inner[1]}, {inner[2]})"

    def query(self) -> str:
        # Most of a query is about one kind of value, or PostgreSQL would refuse nearly all.
        self.weights = [1.0] * len(LEAVES)
        self.weights[self.random.randrange(len(LEAVES))] = 30.0
        if self.random.random() < 0.2:
            return selected(f"{self.random.choice(AGGREGATES)}({self.expression(1)})")
        if self.random.random() < 0.1:
            one, two = self.expression(1), self.expression(1)
            return f"{selected(one)} UNION ALL {selected(two)}"
        return selected(self.expression(2))


def selected(expression: str) -> str:
    return f"SELECT {expression} AS x FROM t"  # noqa: S608 - made here


def engine(url: str, queries: list[str]) -> list[Said]:
    """Ask PostgreSQL to make a view of each."""
    answers = []
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    with psycopg.connect(url) as connection:
        connection.execute(f"CREATE TABLE t ({columns})".encode())
        for number, query in enumerate(queries):
            try:
                with connection.transaction():
                    connection.execute(f"CREATE VIEW v{number} AS {query}".encode())
            except psycopg.Error:
                answers.append(Said(None, refused=True))
                continue
            row = connection.execute(
                "SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                "WHERE attrelid = %s::regclass AND attnum = 1",
                (f"v{number}",),
            ).fetchone()
            answers.append(Said(row[0] if row else None, refused=False))
        connection.rollback()
    return answers


def binder(folder: Path, queries: list[str]) -> list[Said]:
    """Bind the same, as files of one folder."""
    columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
    (folder / "t.sql").write_text(f"CREATE TABLE public.t ({columns});", encoding="utf-8")
    for number, query in enumerate(queries):
        text = f"CREATE VIEW public.v{number} AS {query};"
        (folder / f"v{number}.sql").write_text(text, encoding="utf-8")
    estate = Estate.build(lineage.open(folder, dialect="postgres").snapshot, "postgres")
    types = type_system("postgres")
    answers = []
    refused = {
        unit.writes[0].name
        for unit in estate.program.units
        if any(problem.certain for problem in estate.program.bind(unit, estate.world).problems)
    }
    ids = {id_.name: id_ for id_ in estate.snapshot.datasets}
    for number in range(len(queries)):
        id_: DatasetId = ids[f"public.v{number}"]
        table = estate.world.table(id_)
        assert table is not None
        type_ = next(iter(table.columns or ()), ("x", None))[1]
        answers.append(Said(types.normalize(type_) if type_ else None, id_.name in refused))
    return answers


def test_types_and_refusals(tmp_path: Path, postgres_url: str) -> None:
    maker = Maker(seed=7)
    queries = [maker.query() for _ in range(COUNT)]
    theirs = engine(postgres_url, queries)
    ours = binder(tmp_path, queries)
    pairs = list(zip(queries, theirs, ours, strict=True))
    cried_wolf = [query for query, their, our in pairs if our.refused and not their.refused]
    assert cried_wolf == []
    both = [(q, t.type, o.type) for q, t, o in pairs if not t.refused]
    assert [row for row in both if row[2] is not None and row[1] != row[2]] == []
    assert sum(row[2] is not None for row in both) >= KNOWN * len(both)
    refusals = [(q, o) for q, t, o in pairs if t.refused]
    missed = [query for query, our in refusals if not our.refused]
    assert len(missed) <= (1 - FOUND) * len(refusals), missed[:10]
