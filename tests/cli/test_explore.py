"""What `lineage explore` starts, and what it tells it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from lineage.cli import explore
from lineage.errors import LineageError

Run = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pages that the command takes for the explorer's."""
    (tmp_path / explore.ENTRY).parent.mkdir()
    (tmp_path / explore.ENTRY).touch()
    monkeypatch.setattr(explore, "home", lambda: tmp_path)
    return tmp_path


def test_it_starts_the_server_of_the_explorer(home: Path) -> None:
    pytest.importorskip("streamlit")
    command = explore.arguments(8600, "localhost", headless=True)
    assert command == [
        *(sys.executable, "-P", str(home / explore.SERVE)),
        *("8600", "localhost", "--headless"),
    ]
    assert explore.arguments(0, "::1", headless=False)[-2:] == ["0", "::1"]


def test_it_tells_what_to_open(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    told = explore.settings(("models", "/b"), None, "duckdb", None)
    assert told == {
        "PYTHONPATH": os.pathsep.join((str(home), "elsewhere")),
        "LINEAGE_SOURCES": os.pathsep.join((str(home / "models"), "/b")),
        "LINEAGE_DIALECT": "duckdb",
    }


def test_without_the_extra_it_says_how_to_get_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "find_spec", lambda _: None)
    found = run("explore")
    assert found.exit_code == 3
    assert 'pip install "lineage-explorer[app]"' in found.stderr


def test_without_its_pages_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explore, "ENTRY", Path("app", "no_such_page.py"))
    with pytest.raises(LineageError, match="pages are missing"):
        explore.home()
