"""Columns that are neither grouped nor aggregated, as DuckDB refuses them."""

from __future__ import annotations

import duckdb
import pytest

from lineage.sql.case import answer

SCHEMA = {
    "t": {"a": "INTEGER", "b": "INTEGER", "s": "VARCHAR", "d": "DATE"},
    "u": {"k": "INTEGER", "a": "INTEGER"},
}
QUERIES = [
    "select a, sum(b) from t",
    "select a, sum(b) from t group by a",
    "select a+1, sum(b) from t group by a",
    "select a+1, sum(b) from t group by a+1",
    "select lower(s), count(*) from t group by lower(s)",
    "select lower(s) x, count(*) from t group by x",
    "select s, count(*) from t group by 1",
    "select t.a, sum(b) from t group by a",
    "select a, sum(b) from t group by t.a",
    "select s, date_trunc('month',d) m, sum(a) from t group by all",
    "select a, row_number() over (order by a) from t group by a",
    "select a, b from t group by a",
    "select t.a, u.k, count(*) from t join u using(a) group by t.a, u.k",
    "select a, count(*) from t join u using(a) group by a",
    "select case when a>1 then s end, count(*) from t group by a",
    "select case when a>1 then s end, count(*) from t group by a,s",
    "select max(a)+b from t",
    "select a, sum(b) x, x/count(*) from t group by a",
    "select (select max(k) from u where u.a=t.a), count(*) from t group by t.a",
    "select s, a from t group by grouping sets((s),(a))",
    "select s, count(*), b from t group by rollup(s)",
    "select string_agg(s order by a) from t",
    "select a, first(s) from t group by a",
    "select a, list(b)[1] from t group by a",
    "select coalesce(s,'x') as s, count(*) from t group by s",
    "select coalesce(s,'x') as s, count(*) from t group by coalesce(s,'x')",
    "select any_value(a), b from t group by b",
    "select a as b, count(*) from t group by b",
    "select extract(year from d), count(*) from t group by extract(year from d)",
    "select a::varchar, count(*) from t group by a::varchar",
    "select count(*) filter (where a>1), s from t group by s",
    "select 1, s, count(*) from t group by s",
    "select s, s || 'x', count(*) from t group by s",
    "select distinct a, count(*) over () from t",
    "select x.a, count(*) from (select * from t) x group by x.a",
    "with q as (select * from t) select q.s, count(*) from q group by q.s",
    "select arg_max(a,b), s from t group by s",
    "select quantile_cont(a,0.5), s from t group by s",
    "select count(distinct a), b from t",
]


@pytest.mark.parametrize("query", QUERIES)
def test_the_engine_says_the_same(query: str) -> None:
    with duckdb.connect(":memory:") as engine:
        engine.execute("create table t (a integer, b integer, s varchar, d date)")
        engine.execute("create table u (k integer, a integer)")
        try:
            engine.execute(f"explain {query}")
        except duckdb.BinderException as error:
            refused = "GROUP BY" in str(error)
        else:
            refused = False
    codes = {found["code"] for found in answer(query, dialect="duckdb", schema=SCHEMA).diagnostics}
    assert ("ungrouped-column" in codes) is refused
