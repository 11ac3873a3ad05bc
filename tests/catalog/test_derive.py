"""What SQL says, brought together with what producers say."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import lineage
from lineage import Basis, DatasetId, FieldId


def event(name: str, sql: str | None, inputs: list[Any], outputs: list[Any]) -> str:
    facets = {"sql": {"query": sql, "dialect": "duckdb"}} if sql else {}
    return json.dumps(
        {
            "eventTime": "2026-01-01T00:00:00Z",
            "job": {"namespace": "jobs", "name": name, "facets": facets},
            "inputs": inputs,
            "outputs": outputs,
        }
    )


def data(
    name: str, columns: str = "", namespace: str = "duckdb", **facets: object
) -> dict[str, Any]:
    if columns:
        facets["schema"] = {"fields": [{"name": one, "type": "INTEGER"} for one in columns.split()]}
    return {"namespace": namespace, "name": name, "facets": facets}


def opened(tmp_path: Path, *lines: str) -> lineage.Workspace:
    (tmp_path / "e.ndjson").write_text("\n".join(lines))
    return lineage.open(tmp_path / "e.ndjson")


def pairs(estate: lineage.Workspace) -> set[tuple[str, str, str]]:
    return {
        (f"{edge.source.dataset.name}.{edge.source.name}",
         f"{edge.target.dataset.name}.{edge.target.name}", edge.basis.value)
        for edge in estate.snapshot.edges
        if isinstance(edge.source, FieldId) and isinstance(edge.target, FieldId)
    }  # fmt: skip


def test_sql_of_an_event_is_bound(tmp_path: Path) -> None:
    estate = opened(
        tmp_path,
        event(
            "j",
            "insert into m.b (q) select x + 1 from m.a",
            [data("m.a", "x y")],
            [data("m.b", "q")],
        ),
    )
    assert pairs(estate) == {("m.a.x", "m.b.q", "DERIVED")}


def test_declared_and_derived_are_both_where_they_agree(tmp_path: Path) -> None:
    source = {"namespace": "duckdb", "name": "m.a", "field": "x"}
    said = {"fields": {name: {"inputFields": [source]} for name in ("q", "r")}}
    estate = opened(
        tmp_path,
        event(
            "j",
            "insert into m.b (q, r) select x, y from m.a",
            [data("m.a", "x y")],
            [data("m.b", "q r", columnLineage=said)],
        ),
    )
    assert pairs(estate) == {
        ("m.a.x", "m.b.q", "BOTH"),
        ("m.a.x", "m.b.r", "DECLARED"),
        ("m.a.y", "m.b.r", "DERIVED"),
    }


def test_a_symlink_is_a_name_in_sql(tmp_path: Path) -> None:
    link = {"identifiers": [{"namespace": "hive", "name": "db.t", "type": "TABLE"}]}
    place = data("lake/t", "x", "s3://bucket", symlinks=link)
    estate = opened(
        tmp_path,
        event("j", "insert into db.t select x from m.a", [data("m.a", "x")], [place]),
    )
    (edge,) = [edge for edge in estate.snapshot.edges if isinstance(edge.target, FieldId)]
    assert isinstance(edge.target, FieldId)
    assert edge.target.dataset.name == "lake/t"


def test_a_script_adopts_the_only_table_of_its_name(tmp_path: Path) -> None:
    (tmp_path / "e.ndjson").write_text(event("j", None, [], [data("wh.m.a", "x", "duckdb")]))
    (tmp_path / "v.sql").write_text("create view wh.bi.v as select x from wh.m.a")
    estate = lineage.open(tmp_path, dialect="duckdb")
    source = DatasetId("duckdb", "wh.m.a")
    assert any(
        isinstance(edge.source, FieldId) and edge.source.dataset == source
        for edge in estate.snapshot.edges
    )
    assert sum(id_.name == "wh.m.a" for id_ in estate.snapshot.datasets) == 1


def test_schemas_are_learned_from_statements(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create table t (id integer, d date);\n"
        "create view w as select n + 1 as m from v;\n"
        "create view v as select count(*) as n, max(d) as last from t;\n"
    )
    estate = lineage.open(tmp_path, dialect="duckdb")
    known = {id_.name: [(one.name, one.type) for one in found.fields or ()]
             for id_, found in estate.snapshot.datasets.items()}  # fmt: skip
    assert known["v"] == [("n", "BIGINT"), ("last", "DATE")]
    assert known["w"] == [("m", "BIGINT")]


def test_a_star_over_an_unknown_table_joins_the_tables(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create view v as select * from nowhere")
    estate = lineage.open(tmp_path, dialect="duckdb")
    ends = {(str(getattr(edge.source, "name", "")), str(getattr(edge.target, "name", "")))
            for edge in estate.snapshot.edges}  # fmt: skip
    assert ends == {("nowhere", "v")}


def test_the_order_of_files_does_not_matter(tmp_path: Path) -> None:
    statements = (
        "create table t (id integer, x integer)",
        "create view a as select id, x from t",
        "create view b as select id from a where x > 0",
    )
    states = []
    for number, order in enumerate(permutations(statements)):
        folder = tmp_path / str(number)
        folder.mkdir()
        for place, text in enumerate(order):
            (folder / f"{place}.sql").write_text(text)
        estate = lineage.open(folder, dialect="duckdb")
        states.append({(str(edge.source), str(edge.target), edge.basis)
                       for edge in estate.snapshot.edges})  # fmt: skip
    assert all(state == states[0] for state in states)
    assert {basis for _, _, basis in states[0]} == {Basis.DERIVED}


def test_a_loop_is_no_trap(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(
        "create view a as select x from b;\ncreate view b as select x from a;\n"
    )
    estate = lineage.open(tmp_path, dialect="duckdb")
    assert len(pairs(estate)) == 2
