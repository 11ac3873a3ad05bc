"""Who reads what cannot be read or built is told of, with the model that is the reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.check.repositories import begin, check, write
from tests.check.test_refused import BASE, rows

CHAIN = {
    **BASE,
    "models/y.sql": "select id from {{ ref('z') }}\n",
    "models/p.py": "def model(dbt, session):\n    return dbt.ref('y')\n",
    "models/board.yml": "exposures:\n  - {name: board, type: dashboard, depends_on: [ref('y')]}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a chain of models in a repository."""
    for path, text in CHAIN.items():
        write(tmp_path, path, text)
    return begin(tmp_path)


def told(found: list[dict[str, Any]], rule: str) -> dict[str, str]:
    """Return what a rule says, by subject."""
    return {row["subject"]: row["message"] for row in found if row["rule"] == rule}


UNREADABLE = {
    "asks the database": "select {{ run_query('select 1').columns[0][0] }} as id",
    "an adapter's own method": "select {{ adapter.get_partitions(this) }} as id, 1 as amt",
    "does not parse": "select id, sum(amt as amt from {{ ref('m') }}",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_readers_of_what_cannot_be_read_are_not_judged(name: str, project: Path) -> None:
    write(project, "models/n.sql", UNREADABLE[name])
    code, found = rows(project)
    assert code == 0
    assert {row["rule"] for row in found} == {"STATEMENT_KNOWN"}
    why = told(found, "STATEMENT_KNOWN")
    why.pop("main.n")
    far = "made from main.n, whose statement is not understood"
    assert why == {
        "main.z": "reads main.n, whose statement is not understood",
        "not_null_n_id": "reads main.n, whose statement is not understood",
        "main.y": f"reads main.z, {far}",
        "main.p": f"reads main.y, {far}",
        "board": f"reads main.y, {far}",
    }
    assert "6 unknown" in check(project).stdout


REFUSED = {
    "no such macro": "select {{ cent('id') }} as id",
    "no such model": "select id, amt from {{ ref('mm') }}",
    "no such version": "select id, amt from {{ ref('m', v=3) }}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_readers_of_what_dbt_refuses_are_blocked(name: str, project: Path) -> None:
    write(project, "models/n.sql", REFUSED[name])
    code, found = rows(project)
    (error,) = [row for row in found if row["severity"] == "error"]
    assert (code, error["subject"]) == (1, "main.n")
    assert error["location"]["document"] == "models/n.sql"
    assert told(found, "RELATION_BUILDS").keys() == {"main.z", "main.y", "main.p", "not_null_n_id"}
    assert told(found, "EXPOSURE_UNAFFECTED").keys() == {"board"}
    assert {row["rule"] for row in found} <= {
        "REFERENCE_RESOLVES", "TEMPLATE_RENDERS", "RELATION_BUILDS", "EXPOSURE_UNAFFECTED",
    }  # fmt: skip
    assert "1 breaks, 5 cannot be built because of that" in check(project).stdout
    if name == "no such version":
        assert "ref('m', v=3)" in error["message"]


def test_a_model_that_is_gone_has_the_readers_that_dbt_refuses(project: Path) -> None:
    (project / "models/y.sql").unlink()
    _, found = rows(project)
    assert told(found, "RELATION_NO_DELETE") == {"main.y": "main.y is gone; main.p, board read it"}
    assert told(found, "REFERENCE_RESOLVES").keys() == {"main.p", "board"}


def test_a_python_model_that_refers_to_nothing_is_refused(project: Path) -> None:
    text = "# dbt.ref('old')\ndef model(dbt, session):\n    return dbt.ref('yy')\n"
    write(project, "models/p.py", text)
    code, (row,) = rows(project)
    assert (code, row["rule"], row["subject"]) == (1, "REFERENCE_RESOLVES", "main.p")
    assert (row["location"]["document"], row["location"]["line"]) == ("models/p.py", 3)


@pytest.mark.parametrize("installed", [True, False])
def test_macros_of_packages_that_are_not_here_are_not_known(
    project: Path, *, installed: bool
) -> None:
    write(project, "packages.yml", "packages:\n  - {package: acme/tools, version: 1.0.0}\n")
    if installed:
        write(project, "dbt_packages/tools/dbt_project.yml", "name: tools\n")
    begin(project)
    write(project, "models/n.sql", "select {{ tools.cut('amt') }} as amt, 1 as id")
    code, found = rows(project)
    rule = "TEMPLATE_RENDERS" if installed else "STATEMENT_KNOWN"
    assert (code, rule in {row["rule"] for row in found}) == (int(installed), True)


def test_a_variable_that_nobody_sets_is_named(project: Path) -> None:
    settings = BASE["dbt_project.yml"]
    write(project, "dbt_project.yml", settings + "vars: {least: 1}\n")
    write(project, "models/n.sql", BASE["models/n.sql"] + "where amt > {{ var('least') }}\n")
    begin(project)
    write(project, "dbt_project.yml", settings)
    _, found = rows(project)
    (row,) = [row for row in found if row["rule"] == "TEMPLATE_RENDERS"]
    assert (row["severity"], row["subject"], row["location"]["line"]) == ("warning", "main.n", 3)
    assert row["message"].startswith("var('least') is set nowhere and has no default")
    write(project, "dbt_project.yml", settings + "vars: {least: 1}\n")
    assert "TEMPLATE_RENDERS" not in {row["rule"] for row in rows(project)[1]}
