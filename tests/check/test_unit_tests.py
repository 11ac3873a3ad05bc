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
