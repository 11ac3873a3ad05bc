"""How tests of commands run them, and what on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from lineage.cli import lineage
from tests.workspace.shop import saved

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in an empty folder, stdout and stderr apart."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAGE_STORE", raising=False)

    def start(*arguments: str, stdin: str | None = None) -> Result:
        return CliRunner().invoke(lineage, arguments, input=stdin, prog_name="lineage")

    return start


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """The path of a saved snapshot of a small shop."""
    return saved(tmp_path)
