"""A store in a file says what is wrong with it, and is safe where several use it."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from lineage.errors import StoreMissing, UnusableStore
from lineage.model import event as ol
from lineage.stores import STORES, open_store

NOW = datetime(2024, 5, 1, tzinfo=UTC)
WRITER = """
import os, signal, sys
from datetime import UTC, datetime
from lineage.model import event as ol
from lineage.stores import open_store

def events():
    for number in range(10_000):
        yield ol.dataset_event(
            ol.Dataset("n", f"t{number}"), event_time=datetime(2024, 5, 1, tzinfo=UTC)
        )

def tell(count):
    if count >= 3000:
        os.kill(os.getpid(), signal.SIGKILL)

log = open_store(sys.argv[1], create=True)
log.append(events(), source="s", received=datetime.now(UTC), tell=tell)
"""


def test_kinds_of_store() -> None:
    assert {"postgres", "sqlite"} <= set(STORES.names())


def test_a_path_and_its_url_are_one(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}", create=True).close()
    with open_store(str(path)) as log:
        assert len(log) == 0


def test_other_files_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no database" * 100)
    with pytest.raises(
        UnusableStore, match=r"notes\.txt: the store cannot be used: .*not a database"
    ):
        open_store(str(text), create=True)
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(UnusableStore, match="a database of something else"):
        open_store(str(other), create=True)


def test_an_empty_file_is_no_store_yet(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.touch()
    with pytest.raises(StoreMissing):
        open_store(str(path))
    open_store(str(path), create=True).close()


def test_a_later_versions_store_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    open_store(str(path), create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(UnusableStore, match="a later version of this program made it"):
        open_store(str(path))


def test_unknown_urls(tmp_path: Path) -> None:
    with pytest.raises(UnusableStore, match="no kind of store has such URLs"):
        open_store("mongodb://host/x")
    (tmp_path / "file").touch()
    with pytest.raises(UnusableStore):
        open_store(str(tmp_path / "file" / "store.db"), create=True)


def test_what_was_told_durable_survives_being_killed(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    done = subprocess.run([sys.executable, "-c", WRITER, path], check=False, timeout=60)
    assert done.returncode == -9
    with open_store(path) as log:
        assert len(log) >= 3000
        log.append([], source="s", received=NOW)


def test_others_read_while_one_writes(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    first = ol.dataset_event(ol.Dataset("n", "a"), event_time=NOW)
    second = ol.dataset_event(ol.Dataset("n", "b"), event_time=NOW)
    with open_store(path, create=True) as one, open_store(path) as other:
        one.append([first], source="s", received=NOW)
        reading = other.replay()
        next(reading)
        one.append([first, second], source="s", received=NOW)
        assert len(other) == 2


def test_names_are_data(tmp_path: Path) -> None:
    nasty = "'); DROP TABLE events; --"
    with open_store(str(tmp_path / "store.db"), create=True) as log:
        log.append([ol.dataset_event(ol.Dataset(nasty, nasty))], source=nasty, received=NOW)
        (back,) = log.replay()
    assert back.event.dataset == ol.Dataset(nasty, nasty)


def test_a_path_needs_no_other_stores_packages(tmp_path: Path) -> None:
    code = (
        "import sys; from lineage.stores import open_store; "
        f"open_store({str(tmp_path / 'store.db')!r}, create=True).close(); "
        "print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == "False"


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "lineage.stores.postgres", raising=False)
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(UnusableStore, match=r"install lineage-explorer\[postgres\]"):
        open_store("postgresql://nobody@localhost/none")


def test_a_password_is_not_told() -> None:
    pytest.importorskip("sqlalchemy")
    pytest.importorskip("psycopg")
    with pytest.raises(UnusableStore) as caught:
        open_store("postgresql://me:secret@localhost:1/none")
    assert "secret" not in str(caught.value)
    assert "me@localhost:1/none" in str(caught.value)
