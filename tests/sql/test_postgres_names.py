"""What PostgreSQL calls outputs that nobody named, held against a real server."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg

from tests.sql import cases

COLUMNS = "a int, b text, d timestamp, j jsonb, l int[], f boolean"
EXPRESSIONS = """
    a; t.a; (a); a + 1; -a; not f; a = 1; b || 'x'; b like 'x'; a between 1 and 2; a in (1, 2)
    a is null; null; 1; 'x'; true; 1::int; a::bigint; (a + 1)::numeric(10, 2); '1'::double precision
    cast(b as varchar(3)); date '2020-01-01'; timestamp '2020-01-01'; interval '1 day'; a::text::int
    count(*); sum(a); sum(a) filter (where f); max(b); string_agg(b, ','); array_agg(a order by b)
    percentile_cont(0.5) within group (order by a); bool_and(f); json_agg(a); round(avg(a), 2)
    rank() over (order by a); lag(a) over (order by a); sum(a) over (partition by b)
    coalesce(a, 1); nullif(a, 1); greatest(a, 1); least(a, 1)
    abs(a); ceil(a); ceiling(a); mod(a, 2)
    power(a, 2); pow(a, 2); length(b); char_length(b); character_length(b); lower(b); substr(b, 1)
    substring(b from 1 for 2); substring(b, 1, 2); trim(b); trim(leading from b)
    trim(trailing 'x' from b)
    ltrim(b); btrim(b); position('x' in b)
    strpos(b, 'x'); overlay(b placing 'x' from 1); left(b, 1)
    lpad(b, 3); replace(b, 'x', 'y'); split_part(b, 'x', 1); concat(b, 'x'); concat_ws(',', b, b)
    regexp_replace(b, 'x', 'y'); to_char(d, 'YYYY')
    to_date(b, 'YYYY'); to_timestamp(b, 'YYYY'); md5(b)
    now(); current_timestamp; current_date; localtimestamp; current_user; session_user; random()
    extract(year from d); date_trunc('day', d); age(d); d at time zone 'utc'; make_date(2020, 1, 1)
    case when f then 1 end; case when f then a else 2 end; case when f then 1 else a end
    case when f then 1 else max(a) end; array[1, 2]; array(select 1); row(1, 2); l[1]; l[1:2]
    j -> 'x'; j ->> 'x'; j #> '{x}'; jsonb_build_object('x', a); jsonb_array_length(j); j ? 'x'
    exists (select 1); (select 1); (select 1 as x); (select max(a) from t); (select b)::text
    b collate "C"; (b || 'x')::text; generate_series(1, 2); unnest(l); pg_catalog.lower(b)
"""


def test_unnamed_outputs_have_the_servers_names(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"create temporary table t ({COLUMNS})".encode())
        wrong = list(_misnamed(server))
    assert wrong == []


def _misnamed(server: psycopg.Connection) -> Iterator[tuple[str, str, str]]:
    """Yield each expression whose name differs: ours, and the server's."""
    asked = [one.strip() for line in EXPRESSIONS.split("\n") for one in line.split(";")]
    for text in filter(None, asked):
        grouped = "group by a, b, d, j, l, f" if "over" not in text else ""
        sql = f"select {text} from t {grouped}"  # noqa: S608 - of the list above
        description = server.execute(sql.encode()).description
        assert description is not None
        (column,) = cases.outputs("create table n as " + sql, "postgres", (f"t({COLUMNS})",))
        if column.name.lower() != description[0].name:
            yield text, column.name, description[0].name
