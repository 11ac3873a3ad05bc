"""Bad input gives a message with its place, the rest still works, and the exit code is right."""

from __future__ import annotations

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]
GOOD = {
    "eventTime": "2024-05-01T12:00:00Z",
    "producer": "https://example.com",
    "job": {"namespace": "jobs", "name": "copy"},
    "inputs": [{"namespace": "db", "name": "a"}],
    "outputs": [
        {
            "namespace": "db",
            "name": "b",
            "facets": {
                "columnLineage": {
                    "fields": {
                        "v": {"inputFields": [{"namespace": "db", "name": "a", "field": "v"}]}
                    }
                }
            },
        }
    ],
}
LINE = json.dumps(GOOD) + "\n"


def counted(found: Result) -> dict[str, int]:
    """What `stats --format json` printed."""
    numbers: dict[str, int] = json.loads(found.stdout)
    return numbers


def test_truncated_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.ndjson").write_text(LINE + LINE[: len(LINE) // 2])
    found = run("stats", "cut.ndjson", "--format", "json")
    assert found.exit_code == 3
    assert (counted(found)["events"], counted(found)["column_edges"]) == (1, 1)
    assert "cut.ndjson:2" in found.stderr
    assert run("ingest", "cut.ndjson").exit_code == 3
    assert json.loads(run("stats", "--format", "json").stdout)["column_edges"] == 1


def test_nothing_but_truncated_json(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.json").write_text(LINE[:200])
    found = run("stats", "cut.json")
    assert found.exit_code == 3
    assert "cut.json" in found.stderr


def test_null_facets(run: Run, tmp_path: Path) -> None:
    event = json.loads(LINE)
    event["run"] = {"runId": "r", "facets": None}
    event["job"]["facets"] = None
    event["inputs"][0]["facets"] = None
    event["outputs"][0]["outputFacets"] = None
    (tmp_path / "null.json").write_text(json.dumps(event))
    found = run("stats", "null.json", "--format", "json")
    assert found.exit_code == 0
    assert (counted(found)["events"], counted(found)["column_edges"]) == (1, 1)


def test_sql_that_does_not_parse(run: Run, tmp_path: Path) -> None:
    good = "create table a (v int);\ncreate view b as select v from a;\n"
    (tmp_path / "models.sql").write_text(good + "create view c as select from where ((;\n")
    found = run("downstream", "models.sql", "a.v", "--dialect", "duckdb")
    assert found.exit_code == 0
    assert found.stdout.startswith("a.v: 1 column in 1 dataset downstream")
    assert "models.sql:3" in found.stderr
    told = run("doctor", "models.sql", "--dialect", "duckdb")
    assert told.exit_code == 3
    assert "models.sql:3" in told.stdout


def test_a_line_of_200_megabytes(run: Run, tmp_path: Path) -> None:
    with gzip.open(tmp_path / "long.ndjson.gz", "wb", compresslevel=1) as file:
        file.write(LINE.encode())
        file.write(b'{"eventTime": "')
        for _ in range(200):
            file.write(b"x" * (1 << 20))
        file.write(b'"}\n')
        file.write(LINE.replace("copy", "again").encode())
    found = run("stats", "long.ndjson.gz", "--format", "json")
    assert found.exit_code == 3
    assert counted(found)["jobs"] == 2
    assert "long.ndjson.gz:2" in found.stderr


@contextmanager
def somebody() -> Iterator[None]:
    """Be a user without rights: root may enter any folder."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_folder_without_rights(run: Run) -> None:
    # A folder of its own: pytest's may not be entered by other users.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "events.ndjson").write_text(LINE)
        (folder / "closed").mkdir(mode=0o000)
        run("stats", str(folder))  # imports what the other user may not be able to read
        with somebody():
            found = run("stats", str(folder), "--format", "json")
        (folder / "closed").chmod(0o755)
    assert found.exit_code == 3
    assert counted(found)["column_edges"] == 1
    assert str(folder / "closed") in found.stderr


def test_an_unknown_column_while_something_could_not_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.ndjson").write_text(LINE + "{")
    found = run("downstream", "cut.ndjson", "b.w")
    assert found.exit_code == 2
    assert 'unknown column "b.w"; did you mean b.v?' in found.stderr
    assert "cut.ndjson:2" in found.stderr


def test_two_columns_of_one_suffix(run: Run, tmp_path: Path) -> None:
    other = LINE.replace('"db"', '"lake"')
    (tmp_path / "two.ndjson").write_text(LINE + other)
    found = run("downstream", "two.ndjson", "a.v")
    assert found.exit_code == 2
    assert "write more of the name" in found.stderr
    for candidate in ("db/a.v", "lake/a.v"):
        assert f"\n  {candidate}" in found.stderr
        assert run("downstream", "two.ndjson", candidate).exit_code == 0


def test_a_file_that_is_nothing_we_know(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(bytes(range(256)))
    found = run("stats", "notes.bin")
    assert found.exit_code == 3
    assert "notes.bin: no reader recognises this document" in found.stderr


def test_a_store_that_is_something_else(run: Run, tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database, whatever its name says")
    found = run("stats", "--store", "notes.db")
    assert found.exit_code == 3
    assert "notes.db" in found.stderr


def test_names_that_mean_harm_are_text(run: Run, tmp_path: Path) -> None:
    harm = "</script><img src=x onerror=alert(1)>"
    (tmp_path / "harm.ndjson").write_text(LINE.replace('"b"', json.dumps(harm)))
    page = run("export", "harm.ndjson", "--format", "html").stdout
    assert "<img" not in page.replace("<imgProps", "")
    assert page.count("</script>") == 3
    assert "\\u003cimg src=x" in page
    chart = run("export", "harm.ndjson", "--format", "mermaid").stdout
    assert "<" not in chart
    table = run("export", "harm.ndjson", "--format", "csv").stdout
    assert harm in table


@pytest.mark.parametrize(
    "time",
    ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+00:01"],
)
def test_a_time_that_utc_does_not_have(run: Run, tmp_path: Path, time: str) -> None:
    odd = {**GOOD, "eventTime": time, "eventType": "COMPLETE", "run": {"runId": "r"}}
    (tmp_path / "odd.json").write_text(json.dumps(odd))
    assert run("ingest", "odd.json").exit_code == 0
    found = run("stats", "--format", "json")
    assert found.exit_code == 0
    assert (counted(found)["events"], counted(found)["column_edges"]) == (1, 1)
    assert "[wrong-type]" in run("doctor").stdout


@pytest.mark.parametrize("time", ["1e999", "1" * 30, "-1e300"])
def test_a_time_that_is_too_large_a_number(run: Run, tmp_path: Path, time: str) -> None:
    (tmp_path / "odd.json").write_text(LINE.replace('"2024-05-01T12:00:00Z"', time))
    found = run("stats", "odd.json", "--format", "json")
    assert counted(found)["column_edges"] == 1
    assert "[wrong-type]" in found.stderr


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_an_instant_that_utc_does_not_have(run: Run, tmp_path: Path, time: str) -> None:
    (tmp_path / "good.json").write_text(LINE)
    found = run("stats", "good.json", "--as-of", time)
    assert found.exit_code == 2
    assert "is no date or time" in found.stderr


@pytest.mark.parametrize("number", [-5, 1 << 31, 10**23])
def test_a_line_that_no_file_has(run: Run, tmp_path: Path, number: int) -> None:
    place = {"document": "x.sql", "line": number, "column": number}
    place |= {"places": [[number, number, number, number, True], [1, 2]]}
    event = json.loads(LINE)
    event["job"]["facets"] = {
        "explorer_origin": place,
        "sql": {"query": "insert into b select v, nope from a"},
    }
    (tmp_path / "odd.json").write_text(json.dumps(event))
    assert run("ingest", "odd.json").exit_code == 0
    found = run("impact", "--drop", "a.v")
    assert found.exit_code == 0
    assert "wrong-type" in run("doctor").stdout


ENCODINGS = ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def encoded(text: str, encoding: str) -> bytes:
    """The text with a byte order mark."""
    marks = encoding in {"utf-8-sig", "utf-16", "utf-32"}
    return (text if marks else "\ufeff" + text).encode(encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("packed", [False, True])
def test_text_with_a_byte_order_mark(
    run: Run, tmp_path: Path, encoding: str, *, packed: bool
) -> None:
    pack: Callable[[bytes], bytes] = gzip.compress if packed else bytes
    ending = ".gz" if packed else ""
    view = "create table a (v int);\ncreate view ö as select v from a;\n"
    (tmp_path / f"view.sql{ending}").write_bytes(pack(encoded(view, encoding)))
    (tmp_path / f"one.json{ending}").write_bytes(pack(encoded(LINE, encoding)))
    found = run("stats", ".", "--format", "json")
    assert (found.exit_code, found.stderr) == (0, "")
    assert (counted(found)["events"], counted(found)["column_edges"]) == (3, 2)
    lines = run("downstream", ".", "a.v", "--format", "jsonl").stdout
    assert "ö" in lines


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_snapshot_with_a_byte_order_mark(
    run: Run, tmp_path: Path, shop: str, encoding: str
) -> None:
    text = Path(shop).read_text(encoding="utf-8")
    (tmp_path / "saved.json").write_bytes(encoded(text, encoding))
    assert run("stats", "saved.json").stdout == run("stats", shop).stdout


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_sql_in_no_known_encoding(run: Run, tmp_path: Path, encoding: str) -> None:
    (tmp_path / "odd.sql").write_bytes("create view b as select v from a;".encode(encoding))
    (tmp_path / "odd.json").write_bytes(LINE.encode(encoding))
    (tmp_path / "good.sql").write_text("create view c as select v from a;")
    told = run("doctor", ".", "--format", "json")
    assert told.exit_code == 3
    value = json.loads(told.stdout)
    errors = {row["location"]["document"] for row in value["diagnostics"]}
    assert errors == {"odd.sql", "odd.json"}
    assert (value["coverage"]["statements"], value["coverage"]["understood"]) == (3, 1)


ASKED = (
    ("stats",),
    ("downstream", "a.v"),
    ("upstream", "b.v"),
    ("search", "v"),
    ("path", "a.v", "b.v"),
    ("unused",),
    ("export", "--format", "csv"),
    ("impact", "--add", "a.z:INT", "--fail-on", "breaking"),
    ("snapshot", "-o", "-"),
)


@pytest.mark.parametrize("asked", ASKED, ids=lambda asked: str(asked[0]))
def test_an_answer_without_a_document_is_not_whole(
    run: Run, tmp_path: Path, asked: tuple[str, ...]
) -> None:
    (tmp_path / "events").mkdir()
    (tmp_path / "events" / "good.ndjson").write_text(LINE)
    command, *rest = asked
    whole = run(command, "events", *rest)
    assert (whole.exit_code, whole.stderr) == (0, "")
    (tmp_path / "events" / "cut.ndjson").write_text(LINE + "{]\n")
    found = run(command, "events", *rest)
    assert found.exit_code == 3
    assert "[malformed-json]" in found.stderr
    assert found.stdout


def test_impact_that_is_not_to_fail_ends_with_0_once_it_answered(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.ndjson").write_text(LINE + "{]\n")
    found = run("impact", "cut.ndjson", "--drop", "a.v")
    assert found.exit_code == 0
    assert "[malformed-json]" in found.stderr


def test_a_comparison_without_a_document_is_not_whole(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.ndjson").write_text(LINE)
    (tmp_path / "cut.ndjson").write_text(LINE + "{]\n")
    for sides in (("good.ndjson", "cut.ndjson"), ("cut.ndjson", "good.ndjson")):
        found = run("diff", *sides)
        assert found.exit_code == 3
        assert found.stderr.count("[malformed-json]") == 1


def test_findings_go_before_what_was_not_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cut.ndjson").write_text(LINE + "{]\n")
    assert run("impact", "cut.ndjson", "--drop", "a.v", "--fail-on", "any").exit_code == 1


def test_the_member_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.json").write_text(json.dumps({**GOOD, "run": []}))
    said = run("stats", "odd.json").stderr
    assert said.startswith("odd.json:1: warning: /run: expected an object, found an array")
    (problem,) = json.loads(run("doctor", "odd.json", "--format", "json").stdout)["diagnostics"]
    assert (problem["location"]["line"], problem["location"]["pointer"]) == (1, "/run")


def test_sql_is_read_as_other_commands_read_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "marked.sql").write_bytes(encoded("create view v as select a from t;", "utf-16"))
    (tmp_path / "packed.sql.gz").write_bytes(gzip.compress(b"create view v as select a from t;"))
    for name in ("marked.sql", "packed.sql.gz"):
        assert run("sql", name).stdout == "t.a -> v.a\n"
    found = run("sql", "--dialect", "duckdb", stdin='\nfrom {{ ref("t") }}')
    assert (found.exit_code, found.stdout, found.stderr) == (0, "t.* -> <select>.*\n", "")


@pytest.mark.parametrize(
    ("text", "place", "code"),
    [
        ("create view v as select {{ x  a from t;", ":1:31: ", "template-syntax"),
        ('select a\nfrom {{ ref("t") }} where (', ":2:", "does-not-parse"),
        ("{% for x in unknown() %}select {{ x }} as a from t{% endfor %}", ":1:", "template-"),
    ],
)
def test_a_template_that_cannot_be_rendered(
    run: Run, tmp_path: Path, text: str, place: str, code: str
) -> None:
    (tmp_path / "b.sql").write_text(text)
    found = run("sql", "b.sql")
    assert found.exit_code == 3
    assert found.stderr.startswith(f"b.sql{place}")
    assert f"[{code}" in found.stderr
    assert found.stderr.count("b.sql") == 1


@pytest.mark.parametrize("text", ["{", "[]", '{"t": 7}'])
def test_a_schema_that_is_none(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "schema.json").write_text(text)
    found = run("sql", "--schema", "schema.json", stdin="select a from t")
    assert found.exit_code == 3
    assert "schema.json" in found.stderr


@pytest.mark.parametrize("folder_mode", [0o555, 0o755])
@pytest.mark.parametrize("prepared", [True, False])
def test_a_store_that_may_only_be_read(run: Run, folder_mode: int, *, prepared: bool) -> None:
    asked = (
        ("downstream", "a.v", "--format", "json"),
        ("stats", "--format", "json"),
        ("impact", "--drop", "a.v", "--format", "json"),
        ("stats", "--as-of", "2024-06-01"),
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "events.ndjson").write_text(LINE)
        store = str(folder / "store.db")
        run("ingest", str(folder / "events.ndjson"), "--store", store)
        expected = [run(*words, "--store", store).stdout for words in asked]
        for path in folder.iterdir():
            path.chmod(0o444)
            if not prepared and path.name != "store.db":
                path.unlink()
        before = sorted(folder.iterdir())
        folder.chmod(folder_mode)
        with somebody():
            found = [run(*words, "--store", store) for words in asked]
            refused = run("ingest", str(folder / "events.ndjson"), "--store", store)
        assert sorted(folder.iterdir()) == before
        folder.chmod(0o755)
    assert [one.stdout for one in found] == expected, [one.output for one in found]
    assert refused.exit_code == 3
    assert "the store cannot be used" in refused.stderr


@pytest.mark.parametrize("text", ["{n}+b.v", "b.v+{n}"])
def test_a_number_of_hops_that_no_machine_has(run: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "good.ndjson").write_text(LINE)
    found = run("export", "good.ndjson", "--select", text.format(n="9" * 5000))
    assert found.exit_code == 2
