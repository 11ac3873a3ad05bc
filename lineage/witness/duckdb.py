"""DuckDB, embedded, in memory, with no way out: it reads no file and opens no connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lineage.catalog.program import Unit
from lineage.catalog.world import Columns, DatasetTable
from lineage.errors import UnknownWitness
from lineage.sql.outline import Role
from lineage.witness import EngineRefused

if TYPE_CHECKING:
    import duckdb

_PARTS = 3


class DuckDb:
    """One database in memory."""

    def __init__(self) -> None:
        try:
            import duckdb  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            name, reason = "duckdb", "it is not installed; install lineage-explorer[duckdb]"
            raise UnknownWitness(name, reason) from error
        self._error = duckdb.Error
        self._connection: duckdb.DuckDBPyConnection = duckdb.connect(":memory:")
        self._schemas: set[str] = set()
        # What is asked may be anybody's SQL: it reads no file and opens no connection.
        self._connection.execute("SET enable_external_access = false")

    def table(self, table: DatasetTable) -> None:
        """Create an empty table."""
        self._place(table)
        columns = ", ".join(
            f"{_quoted(name)} {type_ or 'VARCHAR'}" for name, type_ in table.columns or ()
        )
        self._run(f"CREATE OR REPLACE TABLE {_name(table)} ({columns})")

    def build(self, unit: Unit, target: DatasetTable) -> None:
        """Run a unit."""
        self._place(target)
        for statement, outline in zip(unit.statements, unit.outlines, strict=True):
            if statement.tree is None or outline.role not in {Role.FILL, Role.QUERY}:
                continue
            if outline.role is Role.QUERY and unit.output is not None:
                query = statement.tree.sql("duckdb") if len(unit.statements) > 1 else unit.job.sql
                text = (query or "").strip().rstrip(";")
                self._run(f"CREATE OR REPLACE TABLE {_name(target)} AS {text}")
            else:
                self._run(unit.job.sql or "")

    def query(self, unit: Unit) -> None:
        """Bind a query."""
        text = (unit.job.sql or "").strip().rstrip(";")
        self._run(f"EXPLAIN {text}")

    def routine(self, unit: Unit) -> None:
        """Make macros."""
        self._run(unit.job.sql or "")

    def columns(self, table: DatasetTable) -> Columns:
        """Return what DESCRIBE says."""
        try:
            rows = self._connection.execute(f"DESCRIBE {_name(table)}").fetchall()
        except self._error:
            return ()
        return tuple((str(row[0]), str(row[1])) for row in rows)

    def close(self) -> None:
        """Forget everything."""
        self._connection.close()

    def _place(self, table: DatasetTable) -> None:
        """Create the database and schema that a table belongs to."""
        for size in range(1, len(table.parts)):
            name = ".".join(_quoted(part) for part in table.parts[:size])
            if name.lower() in self._schemas:
                continue
            self._schemas.add(name.lower())
            if len(table.parts) == _PARTS and size == 1:
                self._quietly(f"ATTACH ':memory:' AS {name}")
            else:
                self._quietly(f"CREATE SCHEMA IF NOT EXISTS {name}")

    def _quietly(self, text: str) -> None:
        try:
            self._connection.execute(text)
        except self._error:
            return  # the statement that needs it will say what is missing

    def _run(self, text: str) -> None:
        try:
            self._connection.execute(text)
        except self._error as error:
            raise EngineRefused(str(error)) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _name(table: DatasetTable) -> str:
    return ".".join(map(_quoted, table.parts))
