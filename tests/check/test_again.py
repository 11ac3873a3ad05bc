"""An incremental model is another statement when it is run again: that has to bind as well."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.repositories import begin, commit, edit, write
from tests.check.test_refused import BASE, rows

M = "select id, amt, id as day from {{ source('raw', 'o') }}\n"
N = """\
{{ config(materialized='incremental', unique_key='id') }}
select id, amt from {{ ref('m') }}
{% if is_incremental() %} where day > (select max(id) from {{ this }}) {% endif %}
"""
KEY = "unique_key='id'"
FAILS = {
    "this has no such column": (("n", "max(id)", "max(nope)"), "models/n.sql:3:51", "nope"),
    "nor has the model any more": (
        ("n", "id, amt from", "amt from"), "models/n.sql:1:39", '"id" not found'
    ),
    "nor has what it reads": (("m", ", id as day", ""), "models/n.sql:3:33", '"day" not found'),
    "the key": (("n", KEY, "unique_key='key'"), "models/n.sql:1:39", '"key" not found'),
    "one of the keys": (("n", KEY, "unique_key=['id', 'b']"), "models/n.sql:1:39", '"b" not'),
    "the key of a strategy": (
        ("n", KEY, "unique_key='b', incremental_strategy='merge'"), "models/n.sql:1:39", '"b" not'
    ),
}  # fmt: skip
RUNS = {
    "a key that is an expression": ("n", KEY, "unique_key=\"id || '-' || amt\""),
    "a key that nothing is found by": ("n", KEY, "unique_key='b', incremental_strategy='append'"),
    "a table that keeps its columns": (
        "n", KEY, "unique_key='b', on_schema_change='append_new_columns'"
    ),
    "always made anew": ("n", KEY, "unique_key='b', full_refresh=true"),
    "no incremental model": ("n", "='incremental', unique_key='id'", "='table', unique_key='b'"),
    "a name that dbt declares": ("n", "max(id)", "max(_dbt_max_partition)"),
    "a condition that nobody knows": (
        "n", "is_incremental() %}", "is_incremental() and var('x') %}{{ nope }}"
    ),
    "a value that nobody knows": ("n", "max(id)", "max({{ var('column') }})"),
    "both renamed": ("n", "id, amt from", "id, amt as amount from"),
}  # fmt: skip


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small dbt project with an incremental model."""
    files = {**BASE, "models/m.sql": M, "models/n.sql": N}
    for path, text in files.items():
        if path != "models/z.sql":
            write(tmp_path, path, text)
    return begin(tmp_path)


def binds(root: Path) -> list[tuple[str, str, str]]:
    """Return where what does not bind, and how bad that is."""
    return [
        (
            f"{row['location']['document']}:{row['location']['line']}:{row['location']['column']}",
            row["message"],
            row["severity"],
        )
        for row in rows(root)[1]
        if row["rule"] == "STATEMENT_BINDS"
    ]


@pytest.mark.parametrize("name", FAILS)
def test_what_fails_from_the_second_run_on_is_an_error(name: str, project: Path) -> None:
    (model, before, after), place, says = FAILS[name]
    edit(project, f"models/{model}.sql", before, after)
    found = {where: (message, severity) for where, message, severity in binds(project)}
    assert place in found
    message, severity = found[place]
    assert message.startswith("when it is run again: ")
    assert says in message
    assert severity == "error"
    commit(project)
    edit(project, "models/n.sql", "{{ config", "-- told before\n{{ config")
    assert binds(project) == []


@pytest.mark.parametrize("name", RUNS)
def test_what_may_run_is_none(name: str, project: Path) -> None:
    model, before, after = RUNS[name]
    edit(project, f"models/{model}.sql", before, after)
    assert binds(project) == []
