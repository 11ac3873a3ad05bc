"""A plan that is written holds: the engine rebuilds everything, and nothing else has moved."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

import lineage
from lineage.analysis.plan import plan
from lineage.cli import lineage as command

duckdb = pytest.importorskip("duckdb")
SAMPLE = 6
"""Columns of each warehouse; all 50 of the figures in docs take a minute."""


def key(name: str) -> str:
    return ".".join(name.replace('"', "").lower().split(".")[-2:])


def rebuilt(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The columns of every relation after the engine has run every file, in order."""
    with duckdb.connect(":memory:") as engine:
        for file in sorted(folder.glob("*.sql")):
            engine.execute(file.read_text())
        rows = engine.execute(
            "SELECT table_schema || '.' || table_name, column_name, data_type"
            " FROM information_schema.columns ORDER BY 1, ordinal_position"
        ).fetchall()
    found: dict[str, list[tuple[str, str]]] = {}
    for name, column, type_ in rows:
        found.setdefault(key(name), []).append((column, type_))
    return found


@pytest.mark.parametrize("name", ["jaffle_shop_duckdb", "stripe", "zendesk"])
def test_a_rename_that_is_written(name: str, shared: Path, tmp_path: Path) -> None:
    source = shared / "data" / "warehouses" / name / "sql"
    before = rebuilt(source)
    estate = lineage.open(source, dialect="duckdb").estate
    columns = [
        (id_, column)
        for id_ in estate.snapshot.datasets
        for column, _ in (estate.world.table(id_).columns or ())  # type: ignore[union-attr]
    ]
    chosen = random.Random(7).sample(columns, SAMPLE)  # noqa: S311 - the same ones each time
    for number, (id_, column) in enumerate(chosen):
        folder = tmp_path / str(number)
        shutil.copytree(source, folder)
        asked = f"{id_.name}.{column}={column}__new"
        told = ["plan", str(folder), "--dialect", "duckdb", "--rename", asked, "--write"]
        found = CliRunner().invoke(command, told)
        assert found.exit_code == 0, (asked, found.output, found.exception)
        after = rebuilt(folder)
        subject = after.pop(key(id_.name))
        assert after == {name: cols for name, cols in before.items() if name != key(id_.name)}
        assert f"{column}__new" in [item for item, _ in subject]
        changed = [file.name for file in source.iterdir()
                   if file.read_text() != (folder / file.name).read_text()]  # fmt: skip
        readers = len(estate.readers.get(id_, ()))
        assert 1 <= len(changed) <= readers + 1


def test_what_is_left_to_people_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create table t (id integer, x integer);\ncreate view v as select x from t;\n"
    )
    told = ["plan", str(tmp_path), "--dialect", "duckdb", "--drop", "t.x", "--format", "json"]
    found = CliRunner().invoke(command, told)
    assert found.exit_code == 1
    answer = json.loads(found.stdout)
    assert answer["clean"] is False
    assert answer["by_hand"][0].startswith("v: column")


def test_a_retype_keeps_what_readers_yield(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create table t (id integer, x integer);\ncreate view v as select x // 2 as h from t;\n"
    )
    estate = lineage.open(tmp_path, dialect="duckdb").estate
    found = plan(estate, lineage.RetypeColumn("t", "x", "DOUBLE"))
    assert [patch.relation for patch in found.patches] == ["v"]
    assert "cast(x as INTEGER)" in found.patches[0].after


def test_unused_says_who_is_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create table t (id integer, x integer, y integer);\n"
        "create view v as select id from t where x > 0;\n"
    )
    found = CliRunner().invoke(command, ["unused", str(tmp_path), "--dialect", "duckdb",
                                         "--single", "--format", "jsonl"])  # fmt: skip
    rows = [json.loads(line) for line in found.stdout.splitlines()]
    named = {(row["subject"].get("field"), bool(row["reader"])) for row in rows}
    assert ("y", False) in named
    assert {("id", True), ("x", True)} <= named


DBT = {
    "dbt_project.yml": "name: p\nprofile: p\nmodel-paths: [models]\nseed-paths: [seeds]\n",
    "profiles.yml": "p:\n  target: d\n  outputs:\n    d: {type: duckdb, path: x.duckdb}\n",
    "models/s.yml": "sources:\n  - name: raw\n    tables:\n      - name: o\n        columns:\n"
    "          - {name: id, data_type: integer}\n          - {name: amt, data_type: integer}\n",
    "models/m.sql": "select id, amt from {{ source('raw','o') }}\n",
    "models/n.sql": "select id, amt from {{ ref('m') }}\n",
    "seeds/sd.csv": "id,colour\n1,red\n",
    "models/k.sql": "select id, colour from {{ ref('sd') }}\n",
}
EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2024-01-01T00:00:00Z",
    "producer": "p",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
    "run": {"runId": "0190a0a0-0000-7000-8000-000000000001"},
    "job": {"namespace": "n", "name": "j", "facets": {
        "sql": {"_producer": "p", "_schemaURL": "s", "query": "insert into b select id, amt from a"}
    }},
    "inputs": [{"namespace": "db", "name": "a", "facets": {"schema": {
        "_producer": "p", "_schemaURL": "s", "fields": [
            {"name": "id", "type": "integer"}, {"name": "amt", "type": "integer"}]}}}],
    "outputs": [{"namespace": "db", "name": "b", "facets": {"schema": {
        "_producer": "p", "_schemaURL": "s", "fields": [
            {"name": "id", "type": "integer"}, {"name": "amt", "type": "integer"}]}}}],
}  # fmt: skip


def written(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("what", ["raw.o.amt", "m.amt", "n.amt", "sd.colour", "a.amt", "b.amt"])
@pytest.mark.parametrize("change", ["--rename={}=x", "--drop={}", "--retype={}:bigint"])
def test_a_column_declared_anywhere_has_a_plan(what: str, change: str, tmp_path: Path) -> None:
    written(tmp_path / "p", DBT)
    written(tmp_path / "e", {"e.json": json.dumps(EVENT)})
    source = tmp_path / ("e" if what[0] in "ab" else "p")
    asked = ["plan", str(source), change.format(what), "--format", "json"]
    found = CliRunner().invoke(command, asked)
    assert found.exit_code in {0, 1}, (found.output, found.exception)
    assert json.loads(found.stdout)["expand"]


@pytest.mark.parametrize(
    ("what", "where"), [("raw.o.amt", "models/s.yml:4"), ("sd.colour", "seeds/sd.csv")]
)
def test_a_declaration_that_is_no_statement_is_named(what: str, where: str, tmp_path: Path) -> None:
    written(tmp_path, DBT)
    found = CliRunner().invoke(command, ["plan", str(tmp_path), "--rename", f"{what}=x"])
    assert found.exit_code == 1
    assert f"declared: {where}\n" in found.stdout


def test_a_plan_for_statements_from_a_pipe(tmp_path: Path) -> None:
    script = "create table t (id integer, x integer);\ncreate view v as select x from t;\n"
    asked = ["plan", "-", "--dialect", "duckdb", "--rename", "t.x=y"]
    found = CliRunner().invoke(command, asked, input=script)
    assert found.exit_code == 1
    assert "by hand, where t.x is declared: <stdin>:1" in found.stdout
    (tmp_path / "latin.sql").write_bytes(b"-- \xe9\n" + script.encode())
    found = CliRunner().invoke(command, ["plan", str(tmp_path), *asked[2:]])
    assert found.exit_code == 1, (found.output, found.exception)


SHOP = {
    "01.sql": "create schema raw;\ncreate schema stg;\n"
    "create table raw.orders (id integer, cust integer, amount decimal(18,2));\r\n"
    "create table raw.kept (id integer, amount decimal(18,2), primary key (amount));\n",
    "02.sql": "create view stg.orders as select id, amount from raw.orders;\n"
    "create view stg.wide as select * from raw.orders;\n"
    "create view stg.big as select o.amount * 2 as twice from raw.orders o where amount > 0;\n",
    "03.sql": "insert into raw.kept (id, amount) select id, amount from raw.orders;\n"
    "insert into raw.kept select id, amount from stg.orders;\n",
    "04.sql": "create view stg.named (id, amount) as select id, cust from raw.orders;\n"
    "create view stg.last as select amount from stg.named;\n",
}


@pytest.mark.parametrize("new", ["order", "two words", "Group", "1st", 'a"b', "end", "left", "é"])
@pytest.mark.parametrize("table", ["raw.orders", "raw.kept", "stg.orders", "stg.named"])
def test_a_name_that_needs_quotes_has_them(table: str, new: str, tmp_path: Path) -> None:
    written(tmp_path, SHOP)
    before = rebuilt(tmp_path)
    asked = ["plan", str(tmp_path), "--dialect", "duckdb", "--write"]
    found = CliRunner().invoke(command, [*asked, "--rename", f"{table}.amount={new}"])
    assert found.exit_code == 0, (found.output, found.exception)
    after = rebuilt(tmp_path)
    assert new in [column for column, _ in after.pop(table)]
    assert after == {name: columns for name, columns in before.items() if name != table}


def test_a_file_keeps_the_ends_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_bytes(b"create table t (x integer);\r\ncreate view v as\r\nselect x from t;\r\n")
    asked = ["plan", str(path), "--dialect", "duckdb", "--rename", "t.x=y", "--write"]
    assert CliRunner().invoke(command, asked).exit_code == 0
    after = b"create table t (y integer);\r\ncreate view v as\r\nselect y as x from t;\r\n"
    assert path.read_bytes() == after


def test_an_update_is_left_to_people(tmp_path: Path) -> None:
    written(tmp_path, {"a.sql": "create table t (id integer, x integer);\nupdate t set x = x + 1;"})
    asked = ["plan", str(tmp_path), "--dialect", "duckdb", "--rename", "t.x=y"]
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 1
    assert "by hand: t: a.sql writes its column x" in found.stdout


@pytest.mark.parametrize("new", ["order", '"order"', "`order`", "[order]"])
def test_a_new_name_may_come_in_quotes(new: str, tmp_path: Path) -> None:
    written(tmp_path, SHOP)
    for name in ("impact", "plan"):
        asked = [name, str(tmp_path), "--dialect", "duckdb", "--rename", f"stg.orders.amount={new}"]
        found = CliRunner().invoke(command, asked)
        assert found.exit_code == 0, (found.output, found.exception)
        assert "rename stg.orders.amount to order" in found.stdout


@pytest.mark.parametrize(
    ("dialect", "inside"),
    [
        ("duckdb", '(select * rename ("order" as x) from t) as t'),
        ("snowflake", '(select * rename ("order" as x) from t) as t'),
        ("postgres", '(select id, "order" as x from t) as t'),
        ("bigquery", "(select id, `order` as x from t) as t"),
        ("tsql", "(select id, [order] as x from t) as t"),
        ("mysql", "(select id, `order` as x from t) as t"),
    ],
)
def test_a_star_is_renamed_as_the_dialect_has_it(dialect: str, inside: str, tmp_path: Path) -> None:
    text = "create table t (id integer, x integer);\ncreate view v as select * from t;\n"
    written(tmp_path, {"a.sql": text})
    asked = ["plan", str(tmp_path), "--dialect", dialect, "--rename", "t.x=order", "--write"]
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 0, found.output
    assert f" from {inside};" in (tmp_path / "a.sql").read_text()
