"""A name is written in quotes where its dialect would read something else."""

from __future__ import annotations

import pytest

from lineage.sql.quoting import quoted, quoted_like, unquoted

duckdb = pytest.importorskip("duckdb")


@pytest.mark.parametrize(
    ("dialect", "name", "written"),
    [
        ("duckdb", "order", '"order"'),
        ("duckdb", "Amount", "Amount"),
        ("postgres", "Amount", '"Amount"'),
        ("postgres", "analyse", '"analyse"'),
        ("snowflake", "Amount", '"Amount"'),
        ("snowflake", "AMOUNT", "AMOUNT"),
        ("snowflake", "amount", "amount"),
        ("snowflake", "qualify", '"qualify"'),
        ("bigquery", "order", "`order`"),
        ("bigquery", "two words", "`two words`"),
        ("databricks", "order", "`order`"),
        ("mysql", "key", "`key`"),
        ("tsql", "key", "[key]"),
        ("oracle", "number", '"number"'),
        ("redshift", "tag", '"tag"'),
        ("trino", "escape", '"escape"'),
        ("sqlite", "1st", '"1st"'),
        ("clickhouse", "a-b", '"a-b"'),
        (None, "select", '"select"'),
        (None, "amount", "amount"),
    ],
)
def test_quotes_where_they_are_needed(dialect: str | None, name: str, written: str) -> None:
    assert quoted(name, dialect) == written
    assert unquoted(written) == name


@pytest.mark.parametrize("name", ["date", "name", "value", "year", "status", "type", "count", "id"])
@pytest.mark.parametrize("dialect", ["duckdb", "postgres", "snowflake", "bigquery", "tsql", None])
def test_everyday_names_stay_bare(dialect: str | None, name: str) -> None:
    assert quoted(name, dialect) == name


def test_quotes_like_those_in_the_place() -> None:
    assert quoted_like("x", '"amount"', "duckdb") == '"x"'
    assert quoted_like("x", '"AMOUNT"', "snowflake") == "x"  # with quotes it would be another name


def test_every_keyword_of_the_engine_is_a_column() -> None:
    with duckdb.connect(":memory:") as engine:
        words = engine.execute("select distinct keyword_name from duckdb_keywords()").fetchall()
        for (word,) in words:
            name = quoted(word, "duckdb")
            engine.execute(f"create or replace table t (id integer, {name} integer)")
            view = f"select {name} as a, id as {name} from t"  # noqa: S608 - the engine's own words
            engine.execute(f"create or replace view v as {view}")
