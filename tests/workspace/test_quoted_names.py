"""Names with dots in quotes: what people type, and what they are shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lineage

SQL = """
create table "o.dd"."ta ble" ("a.b" integer, c integer);
create table s."t.u" (a integer, c integer);
create table s.u (a integer);
create view v as select t.a, b.c from s."t.u" t, "o.dd"."ta ble" b;
"""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> lineage.Workspace:
    file = tmp_path_factory.mktemp("quoted") / "estate.sql"
    file.write_text(SQL)
    return lineage.open(file, dialect="duckdb")


def test_what_is_shown_can_be_typed(estate: lineage.Workspace) -> None:
    for column in estate.columns():
        assert estate.resolve(estate.label(column)) == column
        assert estate.resolve(estate.label(column.dataset)) == column.dataset


@pytest.mark.parametrize(
    ("typed", "name", "column"),
    [
        ('"o.dd"."ta ble"."a.b"', '"o.dd".ta ble', "a.b"),
        ('"o.dd".ta ble.a.b', '"o.dd".ta ble', "a.b"),
        ('s."t.u".a', 's."t.u"', "a"),
        ('"s"."t.u"."a"', 's."t.u"', "a"),
        ("s.u.a", "s.u", "a"),
        ("u.a", "s.u", "a"),
    ],
)
def test_quotes_are_typed_as_in_sql(
    estate: lineage.Workspace, typed: str, name: str, column: str
) -> None:
    found = estate.resolve(typed)
    assert isinstance(found, lineage.FieldId)
    assert (found.dataset.name, found.name) == (name, column)


def test_what_ends_in_the_middle_of_a_quoted_name_is_no_name(estate: lineage.Workspace) -> None:
    with pytest.raises(lineage.UnknownName):
        estate.resolve("t.u")


def test_a_producer_tells_a_part_with_a_dot_without_quotes(tmp_path: Path) -> None:
    told = {"_producer": "p", "_schemaURL": "u"}
    schema = {**told, "fields": [{"name": "a", "type": "int"}]}
    query = 'insert into v select a from s."t.u"'
    event = {
        "eventTime": "2024-05-01T00:00:00Z",
        "producer": "p",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/JobEvent",
        "job": {"namespace": "n", "name": "j", "facets": {"sql": {**told, "query": query}}},
        "inputs": [{"namespace": "db", "name": "s.t.u", "facets": {"schema": schema}}],
        "outputs": [{"namespace": "db", "name": "v", "facets": {"schema": schema}}],
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    found = lineage.open(tmp_path / "event.json")
    assert [str(told.code) for told in found.snapshot.diagnostics] == []
    changes = found.parse_change({"kind": "drop_column", "table": "s.t.u", "column": "a"})
    verdicts = {item.relation: item.status for item in found.impact(changes).relations}
    assert verdicts == {"v": lineage.Status.BREAKS}


def test_a_schema_with_a_dot_is_one_group(estate: lineage.Workspace) -> None:
    groups = {estate.group(column.dataset, "schema") for column in estate.columns()}
    assert groups == {"o.dd", "s", "sql"}
