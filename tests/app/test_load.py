"""Reading beside the pages: steps, errors, and stopping."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import lineage
from app import load as room
from app import reading
from app.load import Load, NotReadError, Step, Wanted

SQL = (
    "create table orders (id int, amount int);\n"
    "create view totals as select sum(amount) t from orders;"
)


def test_documents_are_read_elsewhere_and_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL)
    found = Load(Wanted((str(tmp_path),), dialect="duckdb"))
    assert found.reached(Step.BOUND, 60)
    assert found.error is None
    assert found.estate.snapshot == lineage.open(tmp_path, dialect="duckdb").snapshot


def test_a_store_is_opened_first_and_read_when_it_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL)
    store = str(tmp_path / "s.db")
    command = [sys.executable, "-m", "lineage", "ingest", str(tmp_path / "a.sql"), "--store", store]
    subprocess.run(command, check=True, capture_output=True)
    found = Load(Wanted(store=store))
    assert found.reached(Step.OPENED, 60)
    assert found.estate.stats().datasets == 2
    assert found.reached(Step.BOUND, 60)
    assert len(found.estate.snapshot.edges) == 1


def test_what_cannot_be_read_is_told(tmp_path: Path) -> None:
    found = Load(Wanted((str(tmp_path / "missing"),)))
    assert found.reached(Step.READ, 60)
    assert isinstance(found.error, NotReadError)
    assert "no such file or folder" in str(found.error)


def test_a_reading_that_dies_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "reading.py"
    script.write_text("import sys\nsys.exit('out of memory')\n")
    monkeypatch.setattr(reading, "__file__", str(script))
    found = Load(Wanted((str(tmp_path),)))
    assert found.reached(Step.READ, 60)
    assert str(found.error).startswith("the reading ended with 1")


def test_a_reading_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "reading.py"
    script.write_text("import sys, time\nprint('Reading SQL', file=sys.stderr)\ntime.sleep(600)\n")
    monkeypatch.setattr(reading, "__file__", str(script))
    found = Load(Wanted((str(tmp_path),)))
    assert not found.reached(Step.READ, 0.1)
    while found.phase != "Reading SQL":
        time.sleep(0.05)
    found.stop()
    assert found.reached(Step.READ, 60)
    assert found.stopped
    assert found._child is not None  # noqa: SLF001 - that it is gone cannot be seen otherwise
    assert found._child.wait(20) != 0  # noqa: SLF001 - the same


def test_one_reading_for_everybody_and_few_at_a_time(tmp_path: Path) -> None:
    wanted = [Wanted((str(tmp_path / str(number)),)) for number in range(room.KEPT + 1)]
    first = room.load(wanted[0])
    assert room.load(wanted[0]) is first
    for one in wanted[1:]:
        room.load(one)
    assert first.stopped
    assert room.load(wanted[-1]) is room.load(wanted[-1])
    for one in wanted:
        room.forget(one)


def test_what_a_thread_is_at() -> None:
    assert reading.phase(None) == "Opening"
    space: dict[str, object] = {"__name__": "lineage.sql.parse", "reading": reading}
    exec("import sys\ntold = reading.phase(sys._getframe())", space)  # noqa: S102 - a room of our own
    assert space["told"] == "Reading SQL"
