"""What is given empty or misspelt is said, and not taken for something else."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lineage.cli import COMMANDS
from lineage.cli import lineage as command
from lineage.sql.dialect import DIALECTS

PLACES = {"base", "head", "project", "store", "server", "config_file", "write_baseline", "changes",
          "schema", "sources", "paths", "files", "before", "after"}  # fmt: skip
"""Options and arguments that name a file, a folder, a revision or a store."""
NEEDED = {"check": ["--base=HEAD"], "init": ["ci"], "snapshot": ["--output=-"]}
ASKED = {"blame": ["t.x"], "downstream": ["t.x"], "upstream": ["t.x"], "search": ["x"],
         "path": ["t.x", "t.y"]}  # fmt: skip
"""What comes behind the sources."""


def given(name: str, place: str, text: str) -> list[str]:
    param = next(item for item in COMMANDS.get(name).params if item.name == place)
    if param.param_type_name == "argument":
        return [text] * (1 if param.nargs in {1, -1} else param.nargs)
    return [f"{param.opts[-1]}={text}"]


CASES = [
    (name, param.name)
    for name in COMMANDS.names()
    for param in COMMANDS.get(name).params
    if param.name in PLACES and param.type.name not in {"time", "column"}
] + [("export", "output"), ("snapshot", "output")]


@pytest.mark.parametrize(("name", "place"), CASES)
@pytest.mark.parametrize("text", ["", " "])
def test_an_empty_place_is_wrong_use(name: str, place: str | None, text: str) -> None:
    words = [*NEEDED.get(name, []), *given(name, place or "", text), *ASKED.get(name, [])]
    if name == "diff":
        words = ["a.sql", "b.sql", *words] if place not in {"before", "after"} else ["", "b.sql"]
    found = CliRunner().invoke(command, [name, *words])
    assert found.exit_code == 2, found.output
    assert "it is empty" in found.stderr


def test_an_empty_file_for_a_form(tmp_path: Path) -> None:
    asked = ["check", "--base", str(tmp_path), "--output", "markdown="]
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 2
    assert 'name a file behind "="' in found.stderr


WITH_DIALECT = [
    name for name in COMMANDS.names() if any(p.name == "dialect" for p in COMMANDS.get(name).params)
]


@pytest.mark.parametrize("name", WITH_DIALECT)
def test_a_dialect_that_there_is_not(name: str) -> None:
    found = CliRunner().invoke(command, [name, "--dialect", "snowflak"])
    assert found.exit_code == 2
    assert 'unknown dialect "snowflak"; did you mean snowflake' in found.stderr


def test_a_dialect_from_the_environment_and_the_configuration(tmp_path: Path) -> None:
    asked = ["check", "--base", str(tmp_path), "--project", str(tmp_path)]
    found = CliRunner().invoke(command, asked, env={"LINEAGE_DIALECT": "foo"})
    assert found.exit_code == 2
    assert 'unknown dialect "foo"; there are: athena, bigquery' in found.stderr
    (tmp_path / "lineage.toml").write_text('[check]\ndialect = "postgre"\n')
    found = CliRunner().invoke(command, asked)
    assert found.exit_code == 2
    assert 'lineage.toml: unknown dialect "postgre"; did you mean postgres' in found.stderr


@pytest.mark.parametrize("dialect", [*sorted(DIALECTS), "postgresql", "sqlserver", "DuckDB", ""])
def test_dialects_that_are_known(dialect: str, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("create table t (x integer);\n")
    found = CliRunner().invoke(command, ["stats", str(tmp_path), "--dialect", dialect])
    assert found.exit_code == 0, found.output
