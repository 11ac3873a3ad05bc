"""A store for a team: PostgreSQL, the same tables as in a file.

URLs are `postgresql://user@host/database`; the password may come from ~/.pgpass or PGPASSWORD.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from uuid import uuid4

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from lineage.errors import StoreMissing, UnusableStore
from lineage.stores import Store
from lineage.stores.log import FIRST, TABLES, VERSION, Row, Values

_SCHEMA = "lineage_explorer"
_LOCK = 0x6C696E65
"""Of the advisory lock that a writer holds until it commits ("line")."""
_CHUNK = 1000
"""Rows that are fetched at once."""


class Database:
    """A connection to the database."""

    def __init__(self, url: str, connection: Connection) -> None:
        self._url = url
        self._connection = connection

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make durable all that is changed within, or nothing of it; one writes at a time."""
        with _told(self._url), self._connection.begin():
            self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            yield

    def change(self, statement: str, rows: Sequence[Values]) -> int:
        """Run a statement once for each row, and return how many rows it changed."""
        if not rows:
            return 0
        with _told(self._url):
            done = self._connection.execute(text(statement), [dict(row) for row in rows])
            return max(done.rowcount, 0)

    def ask(self, query: str, values: Values) -> list[Row]:
        """Return the rows of an answer."""
        with _told(self._url):
            inside = self._connection.in_transaction()
            rows = [tuple(row) for row in self._connection.execute(text(query), dict(values))]
            if not inside:
                self._connection.rollback()  # leaves the transaction that the question began
            return rows

    def stream(self, query: str, values: Values) -> Iterator[Row]:
        """Yield the rows of an answer that may be large, on a connection of its own."""
        with self._connection.engine.connect() as connection:
            with _told(self._url):
                answer = connection.execution_options(yield_per=_CHUNK).execute(
                    text(query), dict(values)
                )
                rows = answer.fetchmany(_CHUNK)
            while rows:
                yield from map(tuple, rows)
                with _told(self._url):
                    rows = answer.fetchmany(_CHUNK)

    def close(self) -> None:
        """Let go of it."""
        self._connection.close()
        self._connection.engine.dispose()


def connect(url: str, create: bool) -> Database:
    """Connect, and make the tables first if they are to be made, in a schema of their own."""
    address = "postgresql+psycopg://" + url.partition("://")[2]
    with _told(url):
        engine = create_engine(
            address, connect_args={"options": f"-c search_path={_SCHEMA} -c synchronous_commit=on"}
        )
        connection = engine.connect()
        try:
            _prepare(url, connection, create=create)
        except BaseException:
            connection.close()
            engine.dispose()
            raise
    return Database(url, connection)


def _prepare(url: str, connection: Connection, *, create: bool) -> None:
    with connection.begin():
        there = connection.execute(
            text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"{_SCHEMA}.meta"}
        ).scalar_one()
        if not there and not create:
            raise StoreMissing(url)
        if not there:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {_SCHEMA}"))
            again = connection.execute(
                text("SELECT to_regclass(:name) IS NOT NULL"), {"name": f"{_SCHEMA}.meta"}
            ).scalar_one()
            if not again:
                _make(connection)
        version = connection.execute(
            text("SELECT value FROM meta WHERE name = 'version'")
        ).scalar_one()
    if int(version) > VERSION:
        raise UnusableStore(url, "a later version of this program made it; use that one")


def _make(connection: Connection) -> None:
    kinds: Mapping[str, str] = {
        "serial": "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        "bytes": "BYTEA",
    }
    for table in TABLES:
        connection.execute(text(table.format(**kinds)))
    connection.execute(text(FIRST), {"identity": uuid4().hex})
    connection.execute(
        text("INSERT INTO meta (name, value) VALUES ('version', :version)"),
        {"version": str(VERSION)},
    )


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Turn the database's errors into ours; what it says may name the address, not the password."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", None) or error).strip().replace("\n", " ")
        raise UnusableStore(
            _without_password(url), f"{reason}; see whether it can be reached"
        ) from error


def _without_password(url: str) -> str:
    scheme, _, rest = url.partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}{at}{host}"


STORE = Store(purpose="A PostgreSQL database", connect=connect)
