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
