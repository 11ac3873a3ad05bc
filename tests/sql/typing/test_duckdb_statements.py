"""What depends on more than types (lambdas, names, clauses) has the type that DuckDB gives it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import lineage

TABLE = """CREATE TABLE t (i INTEGER, l INTEGER[], s VARCHAR[], m MAP(VARCHAR, DATE),
    st STRUCT(p INTEGER, q VARCHAR), ot STRUCT(r DOUBLE, P BIGINT), d DATE, ts TIMESTAMP,
    tz TIMESTAMP WITH TIME ZONE, ns TIMESTAMP_NS, e DECIMAL(10,2), b BOOLEAN, v VARCHAR)"""
EXPRESSIONS = """
list_transform(l, lambda x: x + 1) | list_transform(s, lambda x, n: n) | [x + 0.5 for x in l]
list_filter(l, lambda x: x > 1) | list_reduce(l, lambda a, c: a + c)
list_transform(l, lambda x: upper(v))
list_aggregate(l, 'sum') | list_aggr(s, 'string_agg', '-') | array_aggregate(l, 'count')
element_at(m, 'a') | m['a'] | m.a | map_extract(m, 'a')
array_to_string(l, ',') | array_to_string(m, ',')
d AT TIME ZONE 'UTC' | ts AT TIME ZONE 'UTC' | tz AT TIME ZONE 'UTC' | ns AT TIME ZONE v
quantile_cont(i, 0.5) | quantile_cont(d, 0.5) | quantile_cont(e, 0.5) | quantile_cont(i, [0.1, 0.9])
percentile_cont(0.5) WITHIN GROUP (ORDER BY i) | median(ts) | quantile_disc(d, 0.5)
coalesce(st, ot) | CASE WHEN b THEN st ELSE ot END | [st, ot] | greatest(st, ot) | st = ot
struct_extract(st, 'P')
struct_insert(st, z := 1.5, y := d) | struct_update(st, q := 1) | cast_to_type(v, e)
""".replace("\n", "|").strip("|").split("|")  # fmt: skip
SOURCES = (
    "SELECT * FROM range(3) AS r", "SELECT r.range, r.r, r FROM range(3) AS r",
    "SELECT u.unnest, u.u FROM t, unnest(t.l) AS u", "SELECT * FROM t, unnest(t.s) AS u(x)",
    "SELECT u.x.p AS one, u.x FROM (SELECT [st] AS k FROM t) AS g, unnest(g.k) AS u(x)",
    "PIVOT (SELECT i, b FROM t) ON b IN (true, false) USING sum(i) AS s, count(*) AS n ORDER BY 1",
    "SELECT * FROM (SELECT i, e FROM t) PIVOT (sum(i) FOR e IN (1.5, -2))",
    "WITH c AS (SELECT i, v FROM t) PIVOT c ON v IN ('x', 'y') USING max(i)",
    "UNPIVOT (SELECT i, e FROM t) ON COLUMNS(*) INTO NAME label VALUE val LIMIT 3",
    "SELECT v IS NULL AS g, i, count(*) AS n FROM t GROUP BY ROLLUP (v IS NULL, i)",
    "SELECT main.t AS whole, main.t.st.q FROM main.t", "SELECT i, t.* EXCLUDE (d), i AS i_1 FROM t",
    "SELECT st FROM t UNION SELECT ot FROM t", "SELECT * FROM t AS x FULL JOIN t AS y USING (i, v)",
)  # fmt: skip


@pytest.mark.parametrize(
    "query",
    [*(f"SELECT {text.strip()} AS x FROM t" for text in EXPRESSIONS), *SOURCES],  # noqa: S608 - no query of anybody else
)
def test_columns_and_types(query: str, tmp_path: Path) -> None:
    with duckdb.connect(":memory:") as engine:
        engine.execute(TABLE)
        engine.execute(f"CREATE VIEW made AS {query}")
        wanted = [(str(row[0]), str(row[1])) for row in engine.execute("DESCRIBE made").fetchall()]
    (tmp_path / "estate.sql").write_text(f"{TABLE};\nCREATE VIEW made AS {query};")
    estate = lineage.open(tmp_path / "estate.sql", dialect="duckdb").estate
    (outcome,) = estate.outcomes.values()
    assert outcome.problems == ()
    assert [list(columns or ()) for columns in outcome.defined.values()] == [wanted]
