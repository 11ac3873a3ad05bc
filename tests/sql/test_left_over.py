"""The cases that other projects answer otherwise are those that the documents list."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROW = re.compile(r"^\| ([a-z_]+-\d+) \|", re.MULTILINE)
MISSED = re.compile(r"^= ([a-z_]+-\d+)", re.MULTILINE)
TOTAL = re.compile(r"^TOTAL +\d+ +([\d.]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def scored(shared: Path) -> str:
    scorer = shared / "tools" / "score_sql.py"
    command = f"{sys.executable} -m lineage sql --jsonl"
    done = subprocess.run(
        [sys.executable, str(scorer), command, "--diff"], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_each_is_listed(scored: str, repository: Path) -> None:
    text = (repository / "docs" / "sql-lineage.md").read_text(encoding="utf-8")
    assert set(ROW.findall(text)) == set(MISSED.findall(scored))


def test_the_figure_is_true(scored: str, repository: Path) -> None:
    text = (repository / "docs" / "sql-lineage.md").read_text(encoding="utf-8")
    assert f"| {TOTAL.findall(scored)[0]} % |" in text
