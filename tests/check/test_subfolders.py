"""A dbt project in a folder of a repository: files are named from the repository's root."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.check.repositories import begin, commit, git, run, write

PROJECT = {
    "dbt_project.yml": "name: p\nprofile: p\nmodel-paths: [models]\n",
    "profiles.yml": "p:\n  target: d\n  outputs:\n    d: {type: duckdb, path: x.duckdb}\n",
    "models/s.yml": "sources:\n  - name: raw\n    tables:\n      - name: o\n        columns:\n"
    "          - {name: id, data_type: integer}\n          - {name: amt, data_type: integer}\n"
    "models:\n  - name: m\n    columns:\n      - name: amt\n        data_tests: [not_null]\n",
    "models/m.sql": "select id, amt from {{ source('raw','o') }}\n",
    "models/n.sql": "select id, {{ coins.money('amt') }} as amt from {{ ref('m') }}\n",
}
INSTALLED = {
    "dbt_packages/coins/dbt_project.yml": "name: coins\n",
    "dbt_packages/coins/macros/money.sql":
        "{% macro money(c) %}{{ c }} / 100{% endmacro %}\n",
}  # fmt: skip
WITHOUT = "select id from {{ source('raw','o') }}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Return a repository whose dbt project is in `analytics`, with a package that git ignores."""
    root = tmp_path / "repository"
    root.mkdir()
    for path, text in {**PROJECT, **INSTALLED}.items():
        write(root, f"analytics/{path}", text)
    write(root, ".gitignore", "dbt_packages/\n")
    return begin(root)


def told(form: str, *words: str) -> str:
    """Run a check in the current folder, and return what it prints."""
    found = run("check", "--base", "main", "--output", form, *words)
    assert found.exit_code == 1, found.output
    return found.stdout


@pytest.mark.parametrize("beside", [False, True])
@pytest.mark.parametrize("where", ["root", "project", "inside"])
def test_files_are_named_from_the_root(
    repository: Path, where: str, beside: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if beside:
        write(repository, "other/z.sql", "create view zz as select x from z;\n")
        commit(repository)
    git(repository, "switch", "--quiet", "--create", "next")
    words = ["--project", "analytics"] if where == "project" else []
    monkeypatch.chdir(repository / "analytics" if where == "inside" else repository)
    for text in (WITHOUT, "select id, amt as net from {{ source('raw','o') }}\n"):
        write(repository, "analytics/models/m.sql", text)
        answer = told("github", *words)
        assert "::error file=analytics/models/n.sql,line=1,col=" in answer
        assert "::error file=analytics/models/s.yml,line=" in answer
        for form in ("sarif", "gitlab", "junit", "markdown", "text"):
            answer = told(form, *words)
            assert "analytics/models/n.sql" in answer
            assert not re.search(r"(?<!analytics/)models/n\.sql", answer)
        document = json.loads(told("json", *words))
        places = re.findall(r'"document": "([^"]*)"', json.dumps(document))
        assert places
        assert all(place.startswith("analytics/") for place in places)


def test_a_snapshot_as_base(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository)
    assert run("snapshot", "analytics", "-o", "../base.json").exit_code == 0
    write(repository, "analytics/models/m.sql", WITHOUT)
    words = ["--base", "../base.json", "--project", "analytics", "--output", "github"]
    assert "::error file=analytics/models/n.sql,line=1" in run("check", *words).stdout


@pytest.mark.parametrize(
    ("words", "path"),
    [([], ".github/workflows/lineage.yml"), (["--for", "gitlab"], ".gitlab/lineage.yml")],
)
def test_the_workflow_is_written_where_it_is_looked_for(
    words: list[str], path: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository / "analytics")
    found = run("init", "ci", *words)
    assert found.exit_code == 0
    text = (repository / path).read_text()
    assert "--project analytics" in text
    assert "analytics/.lineage/check" in text
    assert not (repository / "analytics" / path).exists()
    assert (repository / "analytics/lineage.toml").is_file()
    assert "the repository begins in .." in found.stderr
    assert f"wrote {os.path.join('..', path)}" in found.stderr  # noqa: PTH118 - as it is printed


@pytest.mark.parametrize("inside", [".", "target", ".hidden"])
def test_nothing_to_check_is_said(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "readme.md", "nothing\n")
    if inside != ".":
        write(tmp_path, f"{inside}/a.sql", "select 1\n")
    monkeypatch.chdir(begin(tmp_path))
    found = run("init", "ci")
    assert found.exit_code == 2
    assert "neither a dbt project nor a SQL file in .; run this where they are" in found.stderr
    assert not (tmp_path / ".github").exists()
    assert not (tmp_path / "lineage.toml").exists()


@pytest.mark.parametrize("inside", ["models/staging", "dbt_packages/tools", "macros"])
def test_a_folder_of_a_dbt_project_is_that_project(
    inside: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "shop/dbt_project.yml", "name: shop\n")
    write(tmp_path, f"shop/{inside}/a.sql", "select 1\n")
    write(tmp_path, "shop/dbt_packages/tools/dbt_project.yml", "name: tools\n")
    monkeypatch.chdir(begin(tmp_path) / "shop" / inside)
    up = "/".join([".."] * (inside.count("/") + 1))
    refused = run("init", "ci", "--project", ".")
    assert refused.exit_code == 2
    assert f". is a folder of the dbt project in {up}" in refused.stderr
    assert f"--project {up}" in refused.stderr
    found = run("init", "ci")
    assert found.exit_code == 0, found.output
    assert f"found a dbt project in {up}" in found.stderr
    assert (tmp_path / "shop/lineage.toml").is_file()
    assert "--project shop" in (tmp_path / ".github/workflows/lineage.yml").read_text()
    assert f"try it: lineage check --base HEAD --project {up}" in found.stderr
    assert run("check", "--base", "HEAD", "--project", up).exit_code == 0


def test_a_dbt_project_outside_of_the_repository_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, "dbt_project.yml", "name: shop\n")
    write(tmp_path, "own/a.sql", "select 1\n")
    monkeypatch.chdir(begin(tmp_path / "own"))
    assert "found SQL files in ." in run("init", "ci").stderr
    assert (tmp_path / "own/lineage.toml").is_file()
