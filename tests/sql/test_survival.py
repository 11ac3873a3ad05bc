"""No text makes the binder crash, hang or recurse out."""

# ruff: noqa: S608 - the statements are only bound; nothing runs them

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lineage.sql.case import answer
from tests.sql import cases

ALL = list(cases.read())
DIALECTS = (
    None, "duckdb", "postgres", "snowflake", "bigquery", "spark", "tsql", "oracle", "hive",
    "redshift", "clickhouse", "mysql", "trino", "teradata", "flink", "databricks", "sqlite",
)  # fmt: skip
TOKEN = re.compile(r"\w+|\s+|'[^']*'|.", re.DOTALL)
SCHEMA = {"t": {"a": "INTEGER", "b": "INTEGER", "c": "VARCHAR"}, "u": {"a": "INTEGER"}}
names = st.sampled_from(["a", "b", "c", "x", "t.a", "u.a", "nope", "t.nope", "1", "'s'", "NULL"])
tables = st.sampled_from(["t", "u", "far", "x", "db.t"])


def expressions() -> st.SearchStrategy[str]:
    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("({} + {})".format, inner, inner),
            st.builds("CASE WHEN {} > 0 THEN {} ELSE {} END".format, inner, inner, inner),
            st.builds("COALESCE({}, {})".format, inner, inner),
            st.builds("SUM({}) OVER (PARTITION BY {} ORDER BY {})".format, inner, inner, inner),
            st.builds("CAST({} AS VARCHAR)".format, inner),
            st.builds("(SELECT MAX({}) FROM {} WHERE {} = 1)".format, inner, tables, inner),
            st.builds("{} IN (SELECT {} FROM {})".format, inner, inner, tables),
            st.builds("[{}, {}][{}]".format, inner, inner, inner),
        )

    return st.recursive(names, larger, max_leaves=6)


def queries() -> st.SearchStrategy[str]:
    value = expressions()

    def larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        return st.one_of(
            st.builds("WITH x AS ({}) {}".format, inner, inner),
            st.builds("WITH RECURSIVE x AS ({} UNION ALL {}) SELECT * FROM x".format, inner, inner),
            st.builds("{} UNION ALL {}".format, inner, inner),
            st.builds("SELECT *, {} AS y FROM ({}) AS t".format, value, inner),
            st.builds("SELECT t.* FROM t JOIN ({}) AS u USING (a) WHERE {}".format, inner, value),
            st.builds("SELECT a FROM t GROUP BY {} HAVING {} ORDER BY 2".format, value, value),
            st.builds("INSERT INTO t {}".format, inner),
            st.builds("CREATE TABLE made AS {}".format, inner),
            st.builds("{}; {}".format, inner, inner),
        )

    simple = st.builds("SELECT {} AS x, {} FROM {} WHERE {}".format, value, value, tables, value)
    return st.recursive(simple, larger, max_leaves=5)


@settings(max_examples=300)
@given(queries(), st.sampled_from(DIALECTS))
def test_made_queries(sql: str, dialect: str | None) -> None:
    found = answer(sql, dialect=dialect, schema=SCHEMA)
    assert found.edges == sorted(set(found.edges))
    assert "cannot be bound" not in (found.error or "")


@settings(max_examples=100)
@given(st.text(), st.sampled_from(DIALECTS))
def test_any_text(text: str, dialect: str | None) -> None:
    answer(text, dialect=dialect)


@settings(max_examples=400)
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.integers(0, 2**32))
def test_mutated_statements(case: cases.Case, other: cases.Case, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    tokens = TOKEN.findall(case.sql)
    spare = TOKEN.findall(other.sql)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(tokens) + 1)
        match chance.randrange(4):
            case 0:
                del tokens[at : at + chance.randint(1, 3)]
            case 1:
                tokens.insert(at, chance.choice(spare))
            case 2:
                tokens[at : at + 1] = spare[chance.randrange(len(spare)) :][:5]
            case _:
                other_place = chance.randrange(len(tokens) + 1)
                tokens[at:at] = tokens[other_place : other_place + 4]
    answer("".join(tokens), dialect=case.dialect, schema=SCHEMA)


def test_ten_thousand_terms() -> None:
    found = answer("SELECT " + " + ".join(["a", "b"] * 5_000) + " AS x FROM t", schema=SCHEMA)
    assert found.edges == [("t", "a", "<select>", "x"), ("t", "b", "<select>", "x")]
    assert found.error is None


def test_ten_thousand_conditions() -> None:
    where = " AND ".join(f"b <> {i}" for i in range(10_000))
    found = answer(f"SELECT a FROM t WHERE {where}", schema=SCHEMA)
    assert found.indirect == [("t", "b", "<select>", "*", "FILTER")]


def test_ten_thousand_branches() -> None:
    found = answer(" UNION ALL ".join(["SELECT a FROM t"] * 10_000), schema=SCHEMA)
    assert found.edges == [("t", "a", "<select>", "a")]
    assert found.error is None


def test_ten_thousand_arguments_and_values() -> None:
    listed = ", ".join(map(str, range(10_000)))
    found = answer(f"SELECT a FROM t WHERE b IN ({listed})", schema=SCHEMA)
    assert found.indirect == [("t", "b", "<select>", "*", "FILTER")]
    rows = ", ".join(f"({i}, 'x')" for i in range(10_000))
    assert answer(f"INSERT INTO t VALUES {rows}", schema=SCHEMA).error is None


DEEP = {
    "parentheses": ("SELECT " + "(" * 500 + "a" + ")" * 500 + " AS x FROM t", "x"),
    "functions": ("SELECT " + "abs(" * 500 + "a" + ")" * 500 + " AS x FROM t", "x"),
    "cases": (
        "SELECT " + "CASE WHEN a > 0 THEN " * 500 + "a" + " ELSE 0 END" * 500 + " AS x FROM t",
        "x",
    ),
}


@pytest.mark.parametrize("name", sorted(DEEP))
def test_five_hundred_levels_of_expressions(name: str) -> None:
    sql, column = DEEP[name]
    found = answer(sql, schema=SCHEMA)
    assert found.edges == [("t", "a", "<select>", column)]
    assert found.error is None


def test_five_hundred_levels_of_queries() -> None:
    sql = "SELECT a FROM (" * 500 + "SELECT a FROM t" + ") AS s" * 500
    found = answer(sql, schema=SCHEMA)
    assert found.error is None
    assert found.edges == [("t", "a", "<select>", "a")]


@pytest.mark.parametrize(
    "text",
    [
        "SELECT a FROM (" * 5_000 + "SELECT a FROM t" + ") AS s" * 5_000,
        "SELECT " + "(" * 50_000,
        "SELECT " + "- " * 10_000 + "a FROM t",
        "SELECT " + "NOT " * 20_000 + "a FROM t",
        "SELECT a" + "::INT" * 20_000 + " FROM t",
        "SELECT " + "CASE WHEN a THEN " * 2_000,
        "BEGIN " * 5_000 + "SELECT a FROM t",
        "SELECT a FROM t " + "JOIN t " * 500,
        "SELECT a FROM t " + "LEFT JOIN u " * 500 + " ON t.a = u.a",
    ],
    ids=lambda text: text[:24].strip(),
)
def test_deeper_still_is_answered(text: str) -> None:
    found = answer(text, schema=SCHEMA)
    assert found.edges == sorted(set(found.edges))


def test_five_hundred_ctes() -> None:
    chain = ", ".join(f"x{i + 1} AS (SELECT a FROM x{i})" for i in range(500))
    sql = f"WITH x0 AS (SELECT a FROM t), {chain} SELECT a FROM x500"
    for dialect in ("duckdb", "postgres"):
        found = answer(sql, dialect=dialect, schema=SCHEMA)
        assert found.error is None
        assert found.edges == [("t", "a", "<select>", "a")]


def test_recursion_inside_recursion_gives_up_in_time() -> None:
    sql = "SELECT a FROM t"
    for i in range(12):
        sql = f"WITH RECURSIVE x{i} AS (SELECT a FROM t UNION ALL ({sql})) SELECT a FROM x{i}"
        sql = (
            f"SELECT a FROM (SELECT b AS a FROM t UNION ALL SELECT a FROM ({sql}) AS s{i}) AS z{i}"
        )
    found = answer(sql, schema=SCHEMA)
    assert ("t", "a", "<select>", "a") in found.edges or found.error


@pytest.mark.parametrize(
    "text", ["", " ", ";", "(", ")", "SELECT", "'", "--", "/*", "\0", "\ud800"]
)
def test_scraps(text: str) -> None:
    assert answer(text).edges == []
