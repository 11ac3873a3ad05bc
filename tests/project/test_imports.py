"""The direction of imports is kept, and what keeps it can be seen to catch each kind of offence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGES = ("lineage", "app")


@dataclass(frozen=True, slots=True)
class Plant:
    """An offence: a line of code, where it is put, and the contract that has to notice it."""

    module: str
    code: str
    contract: str


PLANTS = {
    "upward": Plant(
        "lineage/model/planted.py",
        "from lineage import catalog",
        "Data flows one way",
    ),
    "sideways": Plant(
        "lineage/sources/planted.py",
        "from lineage import stores",
        "Data flows one way",
    ),
    "the bottom knows the top": Plant(
        "lineage/planted.py",
        "import lineage.cli",
        "Data flows one way",
    ),
    "sqlglot in another room": Plant(
        "lineage/catalog/planted.py",
        "import sqlglot",
        "Only one room knows sqlglot",
    ),
    "sqlglot inside a function": Plant(
        "lineage/analysis/planted.py",
        "def late():\n    from sqlglot import exp\n    return exp",
        "Only one room knows sqlglot",
    ),
    "networkx in another room": Plant(
        "lineage/reports/planted.py",
        "import networkx",
        "Only one room knows networkx",
    ),
    "a clock in the core": Plant(
        "lineage/analysis/planted.py",
        "import time",
        "The core touches no files, sockets, clocks or screens",
    ),
    "a database in the core": Plant(
        "lineage/graph/planted.py",
        "import sqlite3",
        "The core touches no files, sockets, clocks or screens",
    ),
    "the environment in the core": Plant(
        "lineage/policy/planted.py",
        "from os import environ",
        "The core touches no files, sockets, clocks or screens",
    ),
    "a package in the vocabulary": Plant(
        "lineage/model/planted.py",
        "import numpy",
        "The vocabulary needs the standard library and msgspec only",
    ),
    "the library knows the app": Plant(
        "lineage/server/planted.py",
        "import app",
        "The library does not know the app",
    ),
    "the app by the back door": Plant(
        "app/planted.py",
        "from lineage.graph import index",
        "The app uses the front door",
    ),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the imports of the packages in `folder`, by the rules in its pyproject.toml."""
    command = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [command, "--no-cache", "--no-logo"],
        cwd=folder,
        # Wide, so that no contract's name is broken over two lines; its own packages come first.
        env=os.environ | {"COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


def unmarked(root: Path) -> list[str]:
    """List the folders under `root` that hold Python files and no `__init__.py`.

    import-linter does not see such folders: a wrong import there would pass.
    """
    return sorted(
        str(folder.relative_to(root.parent))
        for folder in {file.parent for file in root.rglob("*.py")}
        if not (folder / "__init__.py").exists()
    )


@pytest.fixture
def copy(repository: Path, tmp_path: Path) -> Path:
    """A copy of the packages' Python files and of the rules, to plant offences in."""
    for package in PACKAGES:
        for file in sorted((repository / package).rglob("*.py")):
            target = tmp_path / file.relative_to(repository)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    shutil.copyfile(repository / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def test_imports_keep_their_direction(repository: Path) -> None:
    answer = lint(repository)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "0 broken" in answer.stdout


@pytest.mark.parametrize("plant", PLANTS.values(), ids=PLANTS.keys())
def test_a_planted_offence_is_found(copy: Path, plant: Plant) -> None:
    (copy / plant.module).write_text(plant.code + "\n")
    answer = lint(copy)
    assert answer.returncode == 1, answer.stdout + answer.stderr
    assert f"{plant.contract} BROKEN" in answer.stdout
    assert "planted" in answer.stdout


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_code_is_a_package(repository: Path, package: str) -> None:
    assert unmarked(repository / package) == []


def test_a_folder_that_is_no_package_is_found(copy: Path) -> None:
    before = unmarked(copy / "lineage")
    folder = copy / "lineage" / "catalog" / "planted"
    folder.mkdir()
    (folder / "late.py").write_text("import sqlglot\n")
    assert set(unmarked(copy / "lineage")) - set(before) == {"lineage/catalog/planted"}


@pytest.mark.parametrize("entrance", ["lineage", "lineage.cli"])
def test_the_entrance_is_light(repository: Path, entrance: str) -> None:
    heavy = ("duckdb", "networkx", "numpy", "sqlalchemy", "sqlglot", "starlette", "streamlit")
    code = f"import sys, {entrance}; print(*(name for name in {heavy} if name in sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=repository, check=True, capture_output=True, text=True
    )
    assert answer.stdout.split() == []
