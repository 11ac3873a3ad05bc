"""`lineage impact` and `lineage sql` at the command line: the contracts, and what goes wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lineage.cli import lineage as command

ESTATE = (
    "create table s.t (id integer, x integer);\n"
    "create view s.v as select x from s.t;\ncreate view s.w as select x from s.v;\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "estate.sql").write_text(ESTATE)
    return tmp_path


def run(*told: str, given: str | None = None) -> Result:
    return CliRunner().invoke(command, list(told), input=given)


def test_one_line_a_change(folder: Path) -> None:
    changes = folder / "changes.jsonl"
    changes.write_text(
        '{"id": "1", "kind": "drop_column", "table": "s.t", "column": "x"}\n\n'
        '{"id": "2", "kind": "add_column", "table": "s.t", "new": "y", "type": "INTEGER"}\n'
        '{"id": "3", "changes": [{"kind": "drop_table", "table": "s.v"}]}\n'
    )
    found = run("impact", str(folder / "estate.sql"), "--dialect", "duckdb",
                "--changes", str(changes), "--format", "jsonl")  # fmt: skip
    assert found.exit_code == 0
    assert [json.loads(line) for line in found.stdout.splitlines()] == [
        {"id": "1", "results": {"s.v": "BREAKS", "s.w": "BLOCKED"}, "consumers": {}},
        {"id": "2", "results": {}, "consumers": {}},
        {"id": "3", "results": {"s.w": "BREAKS"}, "consumers": {}},
    ]


@pytest.mark.parametrize(
    ("fail_on", "change", "code"),
    [
        ("never", "--drop=s.t.x", 0),
        ("breaking", "--drop=s.t.x", 1),
        ("breaking", "--drop=s.t.id", 0),
        ("breaking", "--retype=s.t.x:BIGINT", 0),
        ("any", "--retype=s.t.x:BIGINT", 1),
        ("unknown", "--drop=s.t.id", 0),
    ],
)
def test_the_threshold(fail_on: str, change: str, code: int, folder: Path) -> None:
    found = run("impact", str(folder), "--dialect", "duckdb", change, "--fail-on", fail_on)
    assert found.exit_code == code, found.output


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (["--drop", "s.t.nope"], "did you mean"),
        (["--drop", "s.t"], "name a column of it"),
        (["--rename", "s.t.x"], "both sides"),
        (["--changes", "missing.jsonl"], "missing.jsonl"),
        ([], "say what changes"),
        (["--drop", "s.t.x", "--witness", "oracle"], "neither duckdb nor postgresql"),
    ],
)
def test_wrong_use(told: list[str], message: str, folder: Path) -> None:
    found = run("impact", str(folder), "--dialect", "duckdb", *told)
    assert found.exit_code == 2, found.output
    assert message in found.stderr


BROKEN = [
    (b"{", "this line is not JSON"),
    (b"[" * 100_000, "this line is not JSON"),
    (b"\xff\xfe\xff", "this line is not JSON"),
    (b"[1]", "a change is an object"),
    (b'{"kind": "drop_column"}', 'drop_column needs "table"'),
    (b'{"kind": "paint"}', "kind must be one of"),
    (b'{"kind": "drop_column", "table": "s.t", "column": "nope"}', "unknown column"),
    (b'{"kind": "drop_table", "table": "nope"}', "unknown table"),
]


# What is no JSON may be YAML, or is refused with a message of its own: see the test after this one.
AS_YAML = [(line, reason) for line, reason in BROKEN if "JSON" not in reason]


@pytest.mark.parametrize(
    ("ending", "line", "reason"),
    [*(("jsonl", *row) for row in BROKEN), *(("yaml", *row) for row in AS_YAML)],
)
def test_a_broken_change_names_its_line(
    ending: str, line: bytes, reason: str, folder: Path
) -> None:
    path = folder / f"c.{ending}"
    path.write_bytes(b"\n" + (b"- " if ending == "yaml" else b"") + line + b"\n")
    found = run("impact", str(folder / "estate.sql"), "--changes", str(path))
    assert found.exit_code == 2
    assert found.stderr.startswith(f"lineage: {path}:2: {reason}")


@pytest.mark.parametrize(
    ("text", "line"), [("- {kind: \n- x", ":2"), ("- 7\n", ":1"), ("- a: \x00\n", "")]
)
def test_broken_yaml_names_its_line(text: str, line: str, folder: Path) -> None:
    (folder / "c.yml").write_text(text)
    found = run("impact", str(folder / "estate.sql"), "--changes", str(folder / "c.yml"))
    assert found.exit_code in {2, 3}
    assert found.stderr.startswith(f"lineage: {folder / 'c.yml'}{line}: ")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("create view s.v as select id from s.t where id >", "1:48: may: does not parse"),
        ("\nselect id as x, nope from s.t", "2:17: column "),
    ],
)
def test_an_edit_is_told_in_its_own_file(
    text: str, place: str, folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "new.sql"
    path.write_bytes(text.encode("utf-16"))
    found = run("impact", str(folder / "estate.sql"), "--edit", f"s.v={path}")
    assert f"{path}:{place}" in found.stdout
    assert "<class" not in found.stdout


def test_an_edit_from_a_file_and_yaml(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "new.txt").write_text("create view s.v as select id as x from s.t")
    source = str(folder / "estate.sql")
    found = run("impact", source, "--dialect", "duckdb", "--edit", f"s.v={tmp_path / 'new.txt'}",
                "--format", "json")  # fmt: skip
    assert json.loads(found.stdout)["counts"]["VALUE_CHANGES"] == 2
    (tmp_path / "c.yaml").write_text("- {kind: drop_column, table: s.t, column: x}\n")
    found = run("impact", source, "--changes", str(tmp_path / "c.yaml"), "--format", "jsonl")
    assert json.loads(found.stdout)["results"]["s.v"] == "BREAKS"


def test_markdown_is_safe(folder: Path) -> None:
    (folder / "estate.sql").write_text(
        'create table t ("a|b<img>" integer);\ncreate view v as select "a|b<img>" from t;\n'
    )
    found = run("impact", str(folder), "--dialect", "duckdb", "--drop-table", "t",
                "--format", "markdown")  # fmt: skip
    assert "<img>" not in found.stdout
    assert all(line.count(" | ") == 4 for line in found.stdout.splitlines() if line[:2] == "| ")


def test_cases_stream_through() -> None:
    cases = [
        {"id": 1, "sql": "insert into b select x from a", "schema": {"a": {"x": "int"}}},
        {"id": 2, "sql": "select ]["},
        {"id": 3},
    ]
    given = "".join(json.dumps(case) + "\n" for case in cases) + "not json\n"
    found = run("sql", "--jsonl", given=given)
    assert found.exit_code == 0
    one, two, three, four = map(json.loads, found.stdout.splitlines())
    assert (one["id"], one["edges"], one["error"]) == (1, [["a", "x", "b", "x"]], None)
    assert two["error"]
    assert three["error"]
    assert four["error"]


def test_sql_for_people(tmp_path: Path) -> None:
    (tmp_path / "q.sql").write_text("select sum(x) as n from t where y > 0")
    found = run("sql", str(tmp_path / "q.sql"))
    assert found.stdout.splitlines() == ["t.x -> <select>.n", "t.y ~> <select>.*  FILTER"]


@pytest.mark.parametrize(
    ("column", "code", "said"),
    [
        ("raw.t.dead", 0, "BREAKS         v"),  # named, and leads to no column
        ("raw.t.nobody", 2, 'unknown column of raw.t "nobody"'),
        ("u.nobody", 2, 'unknown column "u.nobody"'),
    ],
)
def test_what_is_only_named_of_a_table_that_nobody_described(
    column: str, code: int, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "estate.sql"
    file.write_text(
        "create table u (id int);"
        "create view v as with a as (select id, dead as d from raw.t) select id from a;"
    )
    found = run("impact", str(file), "--dialect", "duckdb", "--drop", column)
    assert found.exit_code == code
    assert said in found.output
