"""PostgreSQL: in schemas of its own, inside one transaction that is rolled back."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from lineage.catalog.program import Unit
from lineage.catalog.world import Columns, DatasetTable
from lineage.errors import UnknownWitness
from lineage.sql.outline import Role
from lineage.sql.transpile import moved, type_in
from lineage.witness import EngineRefused

if TYPE_CHECKING:
    import psycopg

_LONGEST = 63


class Postgres:
    """One transaction, in which every statement has a savepoint."""

    def __init__(self, url: str) -> None:
        try:
            import psycopg  # noqa: PLC0415 - an extra
        except ModuleNotFoundError as error:
            name, reason = "postgresql", "install lineage-explorer[postgres]"
            raise UnknownWitness(name, reason) from error
        self._error = psycopg.Error
        try:
            self._connection: psycopg.Connection = psycopg.connect(url, connect_timeout=10)
        except psycopg.Error as error:
            name = "postgresql"
            reason = "it cannot be reached (" + " ".join(str(error).split())[:200] + ")"
            raise UnknownWitness(name, reason) from error
        self._schemas: set[str] = set()

    def table(self, table: DatasetTable) -> None:
        """Create an empty table."""
        self._place(table)
        columns = ", ".join(
            f"{_quoted(name)} {type_in(type_ or 'VARCHAR', 'postgres')}"
            for name, type_ in table.columns or ()
        )
        self._run(f"CREATE TABLE {self._name(table)} ({columns})")

    def build(self, unit: Unit, target: DatasetTable) -> None:
        """Run a unit, its tables moved into our schemas."""
        self._place(target)
        for statement, outline in zip(unit.statements, unit.outlines, strict=True):
            if statement.tree is None or outline.role not in {Role.FILL, Role.QUERY}:
                continue
            text = moved(statement.tree, unit.dialect, "postgres", self._schema)
            if outline.role is Role.QUERY and unit.output is not None:
                text = f"CREATE TABLE {self._name(target)} AS {text}"
            self._run(text)

    def query(self, unit: Unit) -> None:
        """Bind a query."""
        for statement in unit.statements:
            if statement.tree is not None:
                text = moved(statement.tree, unit.dialect, "postgres", self._schema)
                self._run(f"EXPLAIN {text}")

    def routine(self, unit: Unit) -> None:
        """Make functions."""
        for statement in unit.statements:
            if statement.tree is not None:
                self._run(moved(statement.tree, unit.dialect, "postgres", self._schema))

    def columns(self, table: DatasetTable) -> Columns:
        """Return what the catalogue says."""
        rows = self._connection.execute(
            "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
            " ORDER BY attnum",
            (self._name(table),),
        ).fetchall()
        return tuple((str(name), str(type_)) for name, type_ in rows)

    def close(self) -> None:
        """Take everything back."""
        self._connection.rollback()
        self._connection.close()

    def _schema(self, schema: str) -> str:
        """Return the schema of ours that stands for one of the estate's."""
        digest = hashlib.sha256(schema.lower().encode()).hexdigest()[:8]
        return f"lineage_witness_{digest}_{schema}"[:_LONGEST]

    def _place(self, table: DatasetTable) -> None:
        schema = self._schema(table.parts[-2] if len(table.parts) > 1 else "")
        if schema not in self._schemas:
            self._schemas.add(schema)
            self._connection.execute(f"CREATE SCHEMA {_quoted(schema)}")

    def _name(self, table: DatasetTable) -> str:
        schema = self._schema(table.parts[-2] if len(table.parts) > 1 else "")
        return f"{_quoted(schema)}.{_quoted(table.parts[-1])}"

    def _run(self, text: str) -> None:
        try:
            with self._connection.transaction():
                self._connection.execute(text.encode())
        except self._error as error:
            raise EngineRefused(str(error)) from error


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
