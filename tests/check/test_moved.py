"""What is called otherwise, split or put together, and gives the same, is not told of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.check.repositories import begin, write
from tests.check.test_refused import BASE, rows

N = "select id, sum(amt) as amt\nfrom {{ ref('m') }}\nwhere amt > 1\ngroup by id\n"
Z = "select n.id, n.amt + 1 as more\nfrom {{ ref('n') }} as n\n"
PROJECT = {
    **BASE,
    "models/n.sql": N,
    "models/z.sql": Z,
    "models/y.sql": "select id from {{ ref('z') }}",
}
SAME: Mapping[str, Mapping[str, str | None]] = {
    "another alias": {"models/n.sql": "{{ config(alias='nn') }}" + N},
    "another schema": {
        "dbt_project.yml": BASE["dbt_project.yml"] + "models:\n  p:\n    +schema: x\n"
    },
    "another name": {
        "models/n.sql": None,
        "models/nn.sql": N,
        "models/schema.yml": BASE["models/schema.yml"].replace("name: n", "name: nn"),
        "models/z.sql": Z.replace("ref('n')", "ref('nn')"),
    },
    "split": {
        "models/n1.sql": "select id, amt\nfrom {{ ref('m') }}\nwhere amt > 1\n",
        "models/n.sql": "select id, sum(amt) as amt from {{ ref('n1') }} group by 1\n",
    },
    "in one": {
        "models/z.sql": None,
        "models/y.sql": f"with z as ({Z}) select id from z\n",  # noqa: S608 - never executed
    },
    "ephemeral": {"models/n.sql": "{{ config(materialized='ephemeral') }}" + N},
}
OTHER: Mapping[str, Mapping[str, str | None]] = {
    "moved, and other rows": {"models/n.sql": "{{ config(alias='nn') }}" + N.replace("> 1", "> 2")},
    "split, and other values": {
        "models/n1.sql": "select id, amt * 2 as amt\nfrom {{ ref('m') }}\nwhere amt > 1\n",
        "models/n.sql": "select id, sum(amt) as amt from {{ ref('n1') }} group by 1\n",
    },
    "filled bit by bit": {
        "models/n.sql": "{{ config(alias='nn', materialized='incremental', unique_key='id') }}" + N
    },
    "another model of those columns": {
        "models/nn.sql": N.replace("sum", "max"),
        "models/z.sql": Z.replace("ref('n')", "ref('nn')"),
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a chain of models."""
    for path, text in PROJECT.items():
        write(tmp_path, path, text)
    return begin(tmp_path)


def changed(project: Path, files: Mapping[str, str | None]) -> set[str]:
    """Return the rules that tell of a change."""
    for path, text in files.items():
        if text is None:
            (project / path).unlink()
        else:
            write(project, path, text)
    return {row["rule"] for row in rows(project)[1]}


@pytest.mark.parametrize("name", SAME)
def test_what_gives_the_same_is_not_told_of(name: str, project: Path) -> None:
    assert changed(project, SAME[name]) <= {"RELATION_NO_DELETE"}


@pytest.mark.parametrize("name", OTHER)
def test_what_may_give_something_else_is(name: str, project: Path) -> None:
    assert "MEANING_UNCHANGED" in changed(project, OTHER[name])


def test_a_test_of_an_ephemeral_model_runs(project: Path) -> None:
    """Dbt writes the model into the test, and the place is that of the test."""
    write(project, "models/n.sql", "{{ config(materialized='ephemeral') }}" + N)
    begin(project)
    write(
        project,
        "models/n.sql",
        "{{ config(materialized='ephemeral') }}" + N.replace("id,", "id as i,"),
    )
    write(project, "models/z.sql", "select 1 as id, 2 as more")
    _, found = rows(project)
    (error,) = [row for row in found if row["severity"] == "error"]
    assert (error["rule"], error["subject"]) == ("TEST_STILL_BINDS", "not_null_n_id")
    assert error["location"]["line"] == 4
    assert not error["location"].get("column")
