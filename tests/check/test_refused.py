"""What dbt refuses before it begins: files that are none, templates, names, circles."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.check.repositories import begin, check, commit, write

BASE = {
    "dbt_project.yml": "name: p\nprofile: p\nmodel-paths: [models]\n",
    "profiles.yml": "p:\n  target: dev\n  outputs:\n    dev: {type: duckdb}\n",
    "models/s.yml": """\
sources:
  - name: raw
    tables:
      - name: o
        columns:
          - {name: id, data_type: integer}
          - {name: amt, data_type: integer}
""",
    "models/schema.yml": """\
models:
  - name: n
    columns:
      - name: id
        data_tests: [not_null]
""",
    "macros/cents.sql": "{% macro cents(x, places=2) %}round({{ x }}, {{ places }}){% endmacro %}",
    "models/m.sql": "select id, amt from {{ source('raw', 'o') }}\n",
    "models/n.sql": "select id, {{ cents('amt', places=1) }} as amt\nfrom {{ ref('m') }}\n",
    "models/z.sql": "{% for x in [1] %}select id, amt from {{ ref('n') }}{% endfor %}\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small dbt project in a repository, and beside it as a folder."""
    for path, text in BASE.items():
        write(tmp_path / "base", path, text)
        write(tmp_path / "project", path, text)
    return begin(tmp_path / "project")


def rows(root: Path, *told: str) -> tuple[int, list[dict[str, Any]]]:
    """Return the exit code and what is found, read from the kept state and then again."""
    done = [check(root, "--output", "json=-", *told) for _ in range(2)]
    first, again = (json.loads(row.stdout) for row in done)
    assert first["findings"] == again["findings"]
    return done[0].exit_code, first["findings"]


def at(row: dict[str, Any]) -> str:
    """Return where a finding is."""
    place = row["location"]
    numbers = [str(place[key]) for key in ("line", "column") if place.get(key)]
    return ":".join([place["document"], *numbers])


@dataclass(frozen=True)
class Refused:
    """A change, and the error that it has to be."""

    files: dict[str, str]
    rule: str
    at: str
    says: str


def added(path: str, text: str) -> dict[str, str]:
    """Return a file of the base with something at its end."""
    return {path: BASE[path] + text}


def replaced(path: str, before: str, after: str) -> dict[str, str]:
    """Return a file of the base with something else in it."""
    assert before in BASE[path]
    return {path: BASE[path].replace(before, after)}


REFUSED = {
    "project file": Refused(
        added("dbt_project.yml", "  foo: [\n"), "DOCUMENT_READS", "dbt_project.yml:4:3", "YAML"
    ),
    "conflict": Refused(
        added("models/schema.yml", "<<<<<<< HEAD\n"), "DOCUMENT_READS", "models/schema.yml:7:1", ""
    ),
    "sources": Refused(
        added("models/s.yml", "  foo: [\n"), "DOCUMENT_READS", "models/s.yml:8:3", "YAML"
    ),
    "new, and a list": Refused(
        {"models/new.yml": "- models\n"}, "DOCUMENT_READS", "models/new.yml:1:1", "keys"
    ),
    "no endfor": Refused(
        replaced("models/z.sql", "{% endfor %}", ""),
        "TEMPLATE_RENDERS",
        "models/z.sql:1:53",
        "endfor",
    ),
    "macro file": Refused(
        added("macros/cents.sql", "{% macro q() %}\n"),
        "TEMPLATE_RENDERS",
        "macros/cents.sql:1:88",
        "endmacro",
    ),
    "argument of the macro": Refused(
        replaced("macros/cents.sql", "places=2", "digits=2"),
        "TEMPLATE_RENDERS",
        "models/n.sql:1:20",
        "macro 'cents' takes no argument 'places'",
    ),
    "argument of a test": Refused(
        {
            "tests/generic/above.sql": "{% test above(model, column_name, least) %}"
            "select 1 from {{ model }} where {{ column_name }} < {{ least }}{% endtest %}\n",
            "models/schema.yml": BASE["models/schema.yml"].replace(
                "[not_null]", "[not_null, {above: {most: 1}}]"
            ),
        },
        "TEMPLATE_RENDERS",
        "models/schema.yml:5",
        "macro 'test_above' takes no argument 'most'",
    ),
    "no endsnapshot": Refused(
        {
            "snapshots/old.sql": "{# {% snapshot no %} #}\n{% snapshot old %}"
            "{{ config(unique_key='id', strategy='check', check_cols='all') }}"
            "select * from {{ ref('m') }}\n"
        },
        "TEMPLATE_RENDERS",
        "snapshots/old.sql:2",
        "no {% endsnapshot %}",
    ),
    "two models": Refused(
        {"models/x/n.sql": "select 1 as id, 2 as amt\n"},
        "REFERENCE_RESOLVES",
        "models/x/n.sql:1",
        "already a model called n, in models/n.sql:1",
    ),
    "two models of other schemas": Refused(
        {"models/x/n.sql": "{{ config(schema='x') }} select 1 as id, 2 as amt\n"},
        "REFERENCE_RESOLVES",
        "models/x/n.sql:1",
        "already a model called n, in models/n.sql:1",
    ),
    "a model and a seed": Refused(
        {"seeds/n.csv": "id,amt\n1,2\n"},
        "REFERENCE_RESOLVES",
        "models/n.sql:1",
        "already a seed called n, in seeds/n.csv:1",
    ),
    "circle": Refused(
        {"models/m.sql": "select id, amt\nfrom {{ ref('z') }}\n"},
        "REFERENCE_RESOLVES",
        "models/m.sql:2:9",
        "m -> z -> n -> m (models/m.sql:2, models/z.sql:1, models/n.sql:2)",
    ),
    "circle of one": Refused(
        {"models/z.sql": "select id, amt from {{ ref('z') }}\n"},
        "REFERENCE_RESOLVES",
        "models/z.sql:1:24",
        "z refers to itself: z -> z (models/z.sql:1)",
    ),
    "argument of the call": Refused(
        replaced("models/n.sql", "places=1", "1, 2"),
        "TEMPLATE_RENDERS",
        "models/n.sql:1:20",
        "macro 'cents' takes not more than 2 argument(s)",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_dbt_refuses_is_an_error_at_its_place(name: str, project: Path) -> None:
    wanted = REFUSED[name]
    for path, text in wanted.files.items():
        write(project, path, text)
    code, found = rows(project)
    assert code == 1
    whole = check(project, "--output", "json=-", base=str(project.parent / "base"))
    assert json.loads(whole.stdout)["findings"] == found
    errors = {(row["rule"], at(row)): row for row in found if row["severity"] == "error"}
    assert (wanted.rule, wanted.at) in errors
    message = errors[wanted.rule, wanted.at]["message"]
    assert wanted.says in message
    assert wanted.at not in message


@pytest.mark.parametrize("name", sorted(REFUSED.keys() - {"project file"}))
def test_what_dbt_refused_before_is_told_no_more(name: str, project: Path) -> None:
    for path, text in REFUSED[name].files.items():
        write(project, path, text)
    commit(project)
    write(project, "models/other.sql", "select 1 as one\n")
    assert [row for row in rows(project)[1] if row["rule"] == REFUSED[name].rule] == []


def test_what_was_unreadable_before_is_told_only_of_the_project_file(project: Path) -> None:
    write(project, "models/schema.yml", "models: [\n")
    commit(project)
    write(project, "models/schema.yml", "models:\n  - {\n")
    assert rows(project) == (0, [])
    write(project, "dbt_project.yml", "name: [\n")
    commit(project)
    write(project, "models/schema.yml", "")
    code, (row,) = rows(project)
    assert (code, row["rule"], row["location"]["document"]) == (
        1, "DOCUMENT_READS", "dbt_project.yml",
    )  # fmt: skip


UNKNOWN = {
    "empty": ({"models/n.sql": ""}, "it is empty"),
    "fails here": ({"models/n.sql": "select {{ 1 / 0 }} as id\n"}, "ZeroDivisionError"),
    "a filter of dbt's": ({"models/n.sql": "select {{ '1' | as_number }} as id\n"}, "as_number"),
    "not taken for sure": (
        replaced(
            "models/n.sql", "select", "{% if not var('x') %}{{ cents(y=1) }}{% endif %}select"
        ),
        "no argument 'y'",
    ),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_rendered_here_is_a_warning_that_counts(name: str, project: Path) -> None:
    files, said = UNKNOWN[name]
    for path, text in files.items():
        write(project, path, text)
    code, found = rows(project, "--fail-on", "unknown")
    told = {row["subject"]: row for row in found if row["rule"] == "STATEMENT_KNOWN"}
    assert code == 1
    assert said in told["main.n"]["message"]
    assert {row["severity"] for row in told.values()} == {"warning"}
    reads = "reads main.n, whose statement is not understood"
    assert {subject: row["message"] for subject, row in told.items() if subject != "main.n"} == {
        "main.z": reads, "not_null_n_id": reads,
    }  # fmt: skip
    assert check(project).exit_code == 0
    assert "3 unknown" in check(project).stdout
    assert "3 could not be judged" in check(project).stdout
    commit(project)
    write(project, "models/other.sql", "select 1 as one\n")
    assert rows(project, "--fail-on", "unknown") == (0, [])


NO_CIRCLE = {
    "this": "{{ config(materialized='incremental') }} select id, amt from {{ ref('n') }}"
    "{% if is_incremental() %} where id > (select max(id) from {{ this }}){% endif %}",
    "the way that dbt never takes": "select id, amt from {{ ref('n') }}"
    "{% if var('again') %} union all select id, amt from {{ ref('z') }}{% endif %}",
}


@pytest.mark.parametrize("name", NO_CIRCLE)
def test_what_is_no_circle_is_none(name: str, project: Path) -> None:
    write(project, "models/z.sql", NO_CIRCLE[name])
    assert "REFERENCE_RESOLVES" not in {row["rule"] for row in rows(project)[1]}


def test_two_models_of_which_one_is_off_are_one(project: Path) -> None:
    write(project, "models/x/n.sql", "{{ config(enabled=false) }} select 1 as id\n")
    assert rows(project) == (0, [])


def test_a_place_is_told_once(project: Path) -> None:
    write(project, "models/n.sql", "select id, {{ cents('amt') }} as amt\nfrom {{ ref('gone') }}\n")
    done = check(project)
    assert done.stdout.count("models/n.sql:2:6: ref('gone') names a model") == 1
    assert "models/n.sql:2:6: models/n.sql" not in done.stdout
