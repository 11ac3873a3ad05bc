"""A store in one file: SQLite, without a server, safe against a crash at any moment.

URLs are paths, or `sqlite:///path`. WAL lets others read while one writes; `synchronous = FULL`
makes a commit wait until the disk has it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from lineage.errors import StoreMissing, UnusableStore
from lineage.stores import Store
from lineage.stores.log import FIRST, TABLES, VERSION, Row, Values

PREFIX = "sqlite:///"
_APPLICATION = 0x6C696E65
"""Marks the file as ours ("line"), so that no other database is taken for a store."""
_CHUNK = 1000
"""Rows that are fetched at once."""
_PRIMARY = 0xFF
"""What of SQLite's error codes is the kind of error."""
_REFUSED = frozenset({sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN})
_PATIENCE = 30.0
"""Seconds to wait for another process to finish writing."""


class File:
    """A connection to the file."""

    def __init__(self, url: str, connection: sqlite3.Connection) -> None:
        self._url = url
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make durable all that is changed within, or nothing of it."""
        with _told(self._url):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def change(self, statement: str, rows: Sequence[Values]) -> int:
        """Run a statement once for each row, and return how many rows it changed."""
        with _told(self._url):
            before = self._connection.total_changes
            self._connection.executemany(statement, rows)
            return self._connection.total_changes - before

    def ask(self, query: str, values: Values) -> list[Row]:
        """Return the rows of an answer."""
        with _told(self._url):
            return self._connection.execute(query, values).fetchall()

    def stream(self, query: str, values: Values) -> Iterator[Row]:
        """Yield the rows of an answer that may be large."""
        with _told(self._url):
            cursor = self._connection.execute(query, values)
            rows = cursor.fetchmany(_CHUNK)
        while rows:
            yield from rows
            with _told(self._url):
                rows = cursor.fetchmany(_CHUNK)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def connect(url: str, create: bool) -> File:
    """Open the file, and make it first if it is to be made."""
    path = Path(url.removeprefix(PREFIX))
    if not path.exists():
        if not create:
            raise StoreMissing(url)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableStore(url, error.strerror or str(error)) from error
    with _told(url):
        try:
            connection = _opened(url, str(path), create=create)
        except sqlite3.OperationalError as error:
            if create or error.sqlite_errorcode & _PRIMARY not in _REFUSED:
                raise
            connection = _opened(url, _read_only(path), create=False)
    return File(url, connection)


def _opened(url: str, name: str, *, create: bool) -> sqlite3.Connection:
    named = name.startswith("file:")
    connection = sqlite3.connect(name, timeout=_PATIENCE, isolation_level=None, uri=named)
    try:
        _prepare(url, connection, create=create)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_only(path: Path) -> str:
    """Return the URI of a file that may be read only, in a folder that nothing can be put into.

    Readers of a file in WAL mode share their locks in another beside it. Where that cannot be, the
    file cannot be changed by us either, so that it may be read without; but not when changes wait
    in its -wal file, which would be passed over.
    """
    waiting = path.with_name(path.name + "-wal")
    alone = not waiting.exists() or not waiting.stat().st_size
    return path.absolute().as_uri() + "?mode=ro" + ("&immutable=1" if alone else "")


def _prepare(url: str, connection: sqlite3.Connection, *, create: bool) -> None:
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    mark, version, tables = connection.execute(
        "SELECT * FROM pragma_application_id, pragma_user_version, "
        "(SELECT COUNT(*) FROM sqlite_schema)"
    ).fetchone()
    if tables and mark != _APPLICATION:
        raise UnusableStore(url, "it is a database of something else; name another file")
    if version > VERSION:
        reason = "a later version of this program made it; use that one, or name another file"
        raise UnusableStore(url, reason)
    if tables:
        return
    if not create:
        raise StoreMissing(url)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0]:
        for table in TABLES:
            connection.execute(table.format(serial="INTEGER PRIMARY KEY", bytes="BLOB"))
        connection.execute(FIRST, {"identity": uuid4().hex})
        connection.execute(f"PRAGMA application_id = {_APPLICATION}")
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn SQLite's errors into ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise UnusableStore(url, f"{error}; see whether the file is damaged or in use") from error


STORE = Store(purpose="A file on this machine", connect=connect)
