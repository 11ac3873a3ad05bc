"""Unit tests of dbt name columns: those that are not there stop it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.repositories import begin, commit, write
from tests.check.test_refused import BASE, rows

FIT = """\
unit_tests:
  - name: u
    model: n
    given:
      - {input: ref("m"), rows: [{id: 1, AMT: 2}]}
      - {input: this, rows: [{whatever: 1}]}
    expect: {format: csv, rows: "ID, amt\\n1, 2\\n"}
"""
N = BASE["models/n.sql"]
UNFIT = {
    "the input has no such column": (
        {"models/u.yml": FIT.replace("{id: 1,", "{idd: 1,")},
        ["uses main.m.idd, which is not there"],
    ),
    "the model has no such column": (
        {"models/u.yml": FIT.replace("ID, amt", "ID, amount")},
        ["uses main.n.amount, which is not there"],
    ),
    "neither has": (
        {"models/u.yml": FIT.replace("{id: 1,", "{idd: 1,").replace("ID, amt", "ID, amount")},
        ["uses main.m.idd, which is not there", "uses main.n.amount, which is not there"],
    ),
    "the model renames it": (
        {"models/n.sql": N.replace("as amt", "as amount")},
        ["uses main.n.amt, which is gone"],
    ),
    "both, and not the test": (
        {
            "models/m.sql": BASE["models/m.sql"].replace("amt", "amt as amount"),
            "models/n.sql": N.replace("'amt'", "'amount'"),
        },
        ["uses main.m.AMT, which is gone"],
    ),
}
FITTING = {
    "renamed in both": {
        "models/n.sql": N.replace("as amt", "as amount"),
        "models/u.yml": FIT.replace("ID, amt", "ID, amount"),
    },
    "switched off": {
        "models/u.yml": FIT.replace("ID, amt", "ID, amount") + "    config: {enabled: false}\n"
    },
    "of a model whose columns nobody knows": {
        "models/n.sql": "select * from read_parquet('x')\n",
        "models/u.yml": FIT.replace("ID, amt", "ID, amount"),
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small dbt project with a unit test."""
    for path, text in {**BASE, "models/u.yml": FIT}.items():
        write(tmp_path, path, text)
    return begin(tmp_path)


@pytest.mark.parametrize("name", UNFIT)
def test_a_column_that_is_not_there_is_an_error(name: str, project: Path) -> None:
    files, messages = UNFIT[name]
    for path, text in files.items():
        write(project, path, text)
    code, found = rows(project)
    told = [row for row in found if row["rule"] == "TEST_STILL_BINDS"]
    assert code == 1
    assert [row["message"] for row in told] == messages
    assert {(row["severity"], row["subject"]) for row in told} == {("error", "u")}
    assert {(row["location"]["document"], row["location"]["line"]) for row in told} == {
        ("models/u.yml", 2)
    }
    commit(project)
    write(project, "models/n.sql", (project / "models/n.sql").read_text() + "where id > 1\n")
    assert "TEST_STILL_BINDS" not in {row["rule"] for row in rows(project)[1]}


@pytest.mark.parametrize("name", FITTING)
def test_what_fits_or_does_not_run_is_none(name: str, project: Path) -> None:
    for path, text in FITTING[name].items():
        write(project, path, text)
    assert "TEST_STILL_BINDS" not in {row["rule"] for row in rows(project)[1]}


IN_FILES = """\
unit_tests:
  - name: u
    model: n
    given:
      - {input: ref("m"), format: csv, fixture: given_m}
    expect: {format: sql, fixture: expected}
"""
ROWS = {
    "models/u.yml": IN_FILES,
    "tests/fixtures/given_m.csv": "id,AMT\n1,2\n",
    "tests/fixtures/deep/expected.sql": "select 1 as id, 2 as amt\nunion all select 2, 3\n",
}
UNFIT_FILES = {
    "the model renames it": (
        "models/n.sql", N.replace("as amt", "as amount"), "uses main.n.amt, which is gone",
    ),
    "the rows expected": (
        "tests/fixtures/deep/expected.sql", "select 1 as no", "uses main.n.no, which is not there",
    ),
    "the rows given": (
        "tests/fixtures/given_m.csv", "id,ammt\n1,2\n", "uses main.m.ammt, which is not there",
    ),
    "rows in the YAML file": (
        "models/u.yml",
        IN_FILES.replace("fixture: expected", "rows: 'select 1 as idd'"),
        "uses main.n.idd, which is not there",
    ),
    "a file that is not there": (
        "models/u.yml",
        IN_FILES.replace("given_m", "given_x"),
        "the unit test u takes its rows from given_x, which is no file.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT_FILES)
def test_rows_may_be_in_files_of_their_own(name: str, project: Path) -> None:
    for path, text in ROWS.items():
        write(project, path, text)
    commit(project)
    path, text, message = UNFIT_FILES[name]
    write(project, path, text)
    if name == "the model renames it":
        write(project, "models/z.sql", "select 1 as id")
    code, found = rows(project)
    (error,) = [row for row in found if row["severity"] == "error"]
    assert (code, error["subject"], error["message"]) == (1, "u", message)
    assert (error["location"]["document"], error["location"]["line"]) == ("models/u.yml", 2)
