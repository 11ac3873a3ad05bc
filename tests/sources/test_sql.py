"""SQL scripts as documents: what becomes a job, what a dataset, and where everything stands."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import lineage
from lineage.model.diagnostic import Diagnostic, Severity
from lineage.model.event import Event
from lineage.model.facet import OriginFacet, SchemaFacet
from lineage.model.wire import read_facet
from lineage.sources import Options, read
from lineage.sources.document import Document, document
from lineage.sources.sql import READER


def told(text: str, dialect: str | None = "duckdb") -> tuple[list[Event], list[Diagnostic]]:
    items = list(READER.read(document("a.sql", text.encode()), Options(dialect)))
    return (
        [item for item in items if isinstance(item, Event)],
        [item for item in items if isinstance(item, Diagnostic)],
    )


def origin(event: Event) -> OriginFacet:
    assert event.job is not None
    found, _ = read_facet(event.job.facets, OriginFacet)
    assert isinstance(found, OriginFacet)
    return found


def test_each_statement_is_a_job_with_its_place() -> None:
    events, problems = told(
        "-- first\ncreate view a as select 1 as x;\n\n  create view b as\n  select x from a;\n"
    )
    assert problems == []
    assert [event.outputs[0].name for event in events] == ["a", "b"]
    assert [(origin(event).line, origin(event).column) for event in events] == [(2, 1), (4, 3)]


def test_ddl_gives_schemas() -> None:
    (event,), problems = told(
        "create table s.t (id bigint not null, name varchar(9), primary key (id));"
    )
    assert problems == []
    assert event.dataset is not None
    schema, _ = read_facet(event.dataset.facets, SchemaFacet)
    assert isinstance(schema, SchemaFacet)
    fields = [(field.name, field.type, field.nullable) for field in schema.fields or ()]
    assert fields == [("id", "BIGINT", False), ("name", "VARCHAR", None)]


def test_statements_that_hang_together_are_one_job() -> None:
    events, _ = told(
        "create temp table x as select 1 as a;\ninsert into y select a from x;\ndrop table x;\n"
    )
    assert len(events) == 1
    assert [output.name for output in events[0].outputs] == ["y"]


def test_what_does_not_parse_is_told_and_kept() -> None:
    events, problems = told(
        "create view a as select 1 as x;\ncreate view b as\nselect x, ( from a;\n"
    )
    assert [event.outputs[0].name for event in events] == ["a", "b"]
    assert origin(events[1]).note
    (problem,) = problems
    assert (problem.code, problem.severity) == ("does-not-parse", Severity.ERROR)
    assert problem.location is not None
    assert problem.location.line == 3


def test_a_template_is_rendered_and_places_lead_back(tmp_path: Path) -> None:
    (tmp_path / "t.sql").write_text("create table raw.t (id integer, x integer);")
    (tmp_path / "v.sql").write_text(
        "{{ config(materialized='view') }}\n"
        "create view v as\nselect id,\n  {{ 'x' }} as y from {{ source('raw', 't') }}\n"
    )
    estate = lineage.open(tmp_path, dialect="duckdb")
    found = estate.impact(lineage.ChangeSet((lineage.DropColumn("raw.t", "id"),)))
    (verdict,) = found.relations
    place = verdict.evidence[0].location
    assert place is not None
    assert (Path(place.document).name, place.line, place.column) == ("v.sql", 3, 8)


@pytest.mark.parametrize(
    ("name", "content", "recognised"),
    [
        ("a.sql", "nonsense", True),
        ("a.ddl", "create table t (a int)", True),
        ("README.md", "select from the menu", False),
        ("a.csv", "select,from\n1,2", False),
        ("a.yml", "select: 1", False),
        ("query", "-- what\nselect 1", True),
        ("query", "hello world", False),
    ],
)
def test_what_is_recognised(name: str, content: str, recognised: bool, tmp_path: Path) -> None:
    (tmp_path / name).write_text(content)
    assert READER.recognises(Document(name, tmp_path / name)) is recognised


def test_a_compressed_script(tmp_path: Path) -> None:
    (tmp_path / "a.sql.gz").write_bytes(gzip.compress(b"create view v as select 1 as x"))
    found = read([tmp_path / "a.sql.gz"], dialect="duckdb")
    assert len(found.events) == 1


def test_names_do_not_depend_on_where_the_folder_is(tmp_path: Path) -> None:
    names = []
    for place in ("one", "two/deep"):
        folder = tmp_path / place / "models"
        folder.mkdir(parents=True)
        (folder / "a.sql").write_text("create view v as select 1 as x")
        names.append({str(job) for job in lineage.open(folder).snapshot.jobs})
    assert names[0] == names[1]


def test_what_is_added_to_is_the_table_of_that_name(tmp_path: Path) -> None:
    """A script that says `u` where another made `public.u` means that one."""
    (tmp_path / "a.sql").write_text("CREATE TABLE public.t (a INT); CREATE TABLE public.u (a INT);")
    (tmp_path / "b.sql").write_text("INSERT INTO u SELECT a FROM t;")
    (tmp_path / "c.sql").write_text("INSERT INTO u SELECT a FROM (t;")
    estate = lineage.open(tmp_path)
    assert {id_.name for id_ in estate.snapshot.datasets} == {"public.t", "public.u"}


def test_a_statement_that_names_both_means_both(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE raw.orders (a INT);")
    (tmp_path / "b.sql").write_text("INSERT INTO orders SELECT a FROM raw.orders;")
    estate = lineage.open(tmp_path)
    assert {id_.name for id_ in estate.snapshot.datasets} == {"raw.orders", "orders"}


def test_what_is_not_utf_8_is_told_of_with_its_line() -> None:
    document_ = document("a.sql", b"select 1 as one;\nselect 2 as caf\xe9;\n")
    items = list(READER.read(document_, Options("duckdb")))
    (problem,) = [item for item in items if isinstance(item, Diagnostic)]
    assert (problem.code, problem.severity) == ("not-utf-8", Severity.WARNING)
    assert problem.location is not None
    assert problem.location.line == 2
    assert "save it as UTF-8" in problem.message
