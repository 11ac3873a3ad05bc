"""Where answers go: a full disk, a closed output, a terminal that wants no colours."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

COMMANDS = (
    ("stats", "a.sql"),
    ("downstream", "a.sql", "orders.amount"),
    ("impact", "a.sql", "--drop", "orders.amount", "--fail-on", "any"),
    ("export", "a.sql"),
    ("stats", "--help"),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table and a view of it."""
    text = "create table orders (amount int);\ncreate view v as select amount from orders;\n"
    (tmp_path / "a.sql").write_text(text)
    return tmp_path


def lineage(*words: str) -> list[str]:
    """How the command is started."""
    return [sys.executable, "-m", "lineage", *words]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("target", [">/dev/full", ">&-"])
def test_an_answer_that_cannot_be_written(
    folder: Path, words: tuple[str, ...], target: str
) -> None:
    told = ["sh", "-c", f'"$@" {target}', "sh", *lineage(*words)]
    done = subprocess.run(told, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert done.stderr.startswith("lineage: the answer cannot be written (")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", COMMANDS[1:3], ids=" ".join)
@pytest.mark.parametrize("said", ["", "1"])
def test_colours_are_for_those_who_want_them(
    folder: Path, words: tuple[str, ...], said: str
) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": said, "TERM": "xterm"}
    subprocess.run(lineage(*words), cwd=folder, stdout=theirs, check=False, env=environment)
    os.close(theirs)
    shown = os.read(ours, 1 << 16)
    os.close(ours)
    assert b"orders.amount" in shown
    assert (b"\x1b[" in shown) == (not said)
