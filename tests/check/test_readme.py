"""The path that the README shows is walked: from `lineage init ci` to the comment."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest

from tests.check import repositories

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
SECTION = re.compile(r"^## On pull requests\n(.*?)^## ", re.MULTILINE | re.DOTALL)
CUT = "…"


def shown() -> list[tuple[str, list[str]]]:
    """Return the commands of the section, each with the lines that it is said to print."""
    found: list[tuple[str, list[str]]] = []
    section = SECTION.search(README.read_text(encoding="utf-8"))
    assert section is not None
    for block in BLOCK.findall(section[1]):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
    return found


def matches(wanted: list[str], lines: list[str]) -> bool:
    """Return whether lines are those that are shown; a cut stands for any number of them."""
    pattern = "".join(
        r"(?:.*\n)*?" if line == CUT else re.escape(line.rstrip()) + r"\n" for line in wanted
    )
    text = "".join(f"{line.rstrip()}\n" for line in lines)
    return re.fullmatch(pattern, text) is not None


@pytest.fixture
def jaffle(shared: Path, tmp_path: Path) -> Path:
    """Return a repository with the artifacts of jaffle_shop_duckdb, as dbt leaves them."""
    root = tmp_path / "jaffle_shop"
    source = shared / "data/warehouses/jaffle_shop_duckdb/dbt"
    (root / "target").mkdir(parents=True)
    for path in source.iterdir():
        shutil.copyfile(path, root / "target" / path.name)
    return repositories.begin(root)


def renamed(root: Path) -> None:
    """Rename a column of a model, and compile."""
    path = root / "target/manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    model = manifest["nodes"]["model.jaffle_shop.stg_orders"]
    for key in ("raw_code", "compiled_code"):
        assert "        status\n" in model[key]
        model[key] = model[key].replace("        status\n", "        status as order_status\n")
    path.write_text(json.dumps(manifest), encoding="utf-8")


def test_every_command_prints_what_is_shown(jaffle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(jaffle)
    commands = shown()
    assert [command.split()[1] for command, _ in commands[:2]] == ["init", "check"]
    compared = 0
    for command, wanted in commands:
        _, *words = shlex.split(command)
        done = repositories.run(*words)
        said = done.stdout or done.stderr
        if wanted:
            assert matches(wanted, said.splitlines()), f"$ {command}\n{said}"
            compared += 1
        if words[0] == "init":
            repositories.commit(jaffle)
            renamed(jaffle)
    assert compared >= 3


def test_a_comment_says_what_breaks_and_where(
    jaffle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(jaffle)
    renamed(jaffle)
    done = repositories.run("check", "--base", "HEAD", "--output", "markdown=-")
    assert done.exit_code == 1
    assert "`models/orders.sql:38:9`" in done.stdout
    assert "### ❌ 2 break, 10 cannot be built because of that" in done.stdout


def test_artifacts_in_folders_are_compared(jaffle: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(jaffle / "target", before)
    renamed(jaffle)
    done = repositories.run("check", "--base", str(before), "--head", str(jaffle / "target"))
    assert done.exit_code == 1
    assert "models/orders.sql:38:9" in done.stdout


def test_a_model_that_dbt_left_uncompiled_is_rendered(jaffle: Path, tmp_path: Path) -> None:
    before = tmp_path / "before"
    shutil.copytree(jaffle / "target", before)
    renamed(jaffle)
    path = jaffle / "target/manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for node in manifest["nodes"].values():
        node["compiled_code"] = None
    path.write_text(json.dumps(manifest), encoding="utf-8")
    done = repositories.run("check", "--base", str(before), "--head", str(jaffle / "target"))
    assert done.exit_code == 1
    assert "models/orders.sql" in done.stdout
