"""The columns that a statement refers to, as a real PostgreSQL records them for its views."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from sqlglot import transpile
from sqlglot.errors import SqlglotError

import lineage
from lineage.analysis.estate import Estate
from lineage.catalog.program import Unit
from lineage.catalog.world import DatasetTable
from lineage.sql.dialect import rules_for
from lineage.sql.parse import parse
from lineage.sql.relation import Origin, Schema, Table
from lineage.sql.statement import StatementBinder
from lineage.sql.transpile import moved, type_in
from lineage.sql.typing import type_system
from tests.sql import random_queries

pytestmark = pytest.mark.postgres
WAREHOUSES = ("evaluator", "jaffle_shop_duckdb", "stripe", "traps", "zendesk")
ENOUGH = 0.75
"""Of the models, PostgreSQL must take so many for the comparison to say anything."""
DEPENDS = """
SELECT n.nspname, c.relname, a.attname
FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
JOIN pg_class c ON c.oid = d.refobjid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass
  AND d.refobjsubid > 0 AND r.ev_class = to_regclass(%s)
"""
LONGEST = 63
"""PostgreSQL cuts names after so many bytes."""


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def cut(name: str) -> str:
    return name.encode()[:LONGEST].decode(errors="ignore").lower()


@pytest.mark.parametrize("name", WAREHOUSES)
def test_what_is_used(name: str, shared: Path, postgres_url: str) -> None:
    folder = shared / "data" / "warehouses" / name
    estate = Estate.build(lineage.open(folder / "sql", dialect="duckdb").snapshot, "duckdb")
    compared, wrong = 0, []
    with psycopg.connect(postgres_url) as connection:
        for dataset in estate.snapshot.datasets.values():
            table = estate.world.table(dataset.id)
            assert table is not None
            schema = place(table)[0]
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}".encode())
            if dataset.id not in estate.program.writers:
                create(connection, table)
        for unit in estate.program.units:
            table = estate.world.table(unit.writes[0])
            assert table is not None
            if not view(connection, unit, table):
                create(connection, table)  # who reads it finds it all the same
                continue
            found = connection.execute(DEPENDS, (".".join(map(quoted, place(table))),)).fetchall()
            recorded = {(cut(schema), cut(relation), cut(column))
                        for schema, relation, column in found
                        if (schema, relation) != place(table)}  # fmt: skip
            said = {used(origin) for origin in uses(estate, unit)}
            compared += 1
            if recorded != said:
                wrong.append((table.name, sorted(recorded - said)[:5], sorted(said - recorded)[:5]))
        connection.rollback()
    assert compared >= ENOUGH * len(estate.program.units)
    assert wrong == []


def place(table: DatasetTable) -> tuple[str, str]:
    schema = table.parts[-2] if len(table.parts) > 1 else "main"
    return schema[:LONGEST], table.parts[-1][:LONGEST]


def used(origin: Origin) -> tuple[str, str, str]:
    assert isinstance(origin.table, DatasetTable)
    schema, name = place(origin.table)
    return cut(schema), cut(name), cut(origin.column)


def uses(estate: Estate, unit: Unit) -> frozenset[Origin]:
    """All that is referred to; PostgreSQL looks into CTEs that nobody reads, too."""
    return estate.program.bind(unit, estate.world, dead_ctes=True).uses


def create(connection: psycopg.Connection, table: DatasetTable) -> None:
    columns = ", ".join(
        f"{quoted(name[:LONGEST])} {type_in(type_ or 'VARCHAR', 'postgres')}"
        for name, type_ in table.columns or ()
    )
    target = ".".join(map(quoted, place(table)))
    connection.execute(f"CREATE TABLE {target} ({columns})".encode())


def view(connection: psycopg.Connection, unit: Unit, table: DatasetTable) -> bool:
    """Create a model as a view; PostgreSQL does not take all that DuckDB takes."""
    tree = unit.statements[0].tree
    assert tree is not None
    query = tree.args["expression"]
    text = moved(query, "duckdb", "postgres", lambda schema: schema or "main")
    target = ".".join(map(quoted, place(table)))
    try:
        with connection.transaction():
            connection.execute(f"CREATE VIEW {target} AS {text}".encode())
    except psycopg.Error:
        return False
    return True


KINDS = {"VARCHAR": "text", "INTEGER[]": "integer[]", "DATE": "date", "INTEGER": "integer"}
SEEDS = 300


def test_what_random_views_use(postgres_url: str) -> None:
    """Column lists of aliases, windows that nobody uses, and whatever else chance puts together."""
    tables = {
        name: [(column, KINDS.get(kind, "text")) for column, kind in columns.items()]
        for name, columns in random_queries.TABLES.items()
    }
    compared, wrong = 0, []
    with psycopg.connect(postgres_url) as connection:
        for name, columns in tables.items():
            listed = ", ".join(f"{column} {kind}" for column, kind in columns)
            connection.execute(f"CREATE TABLE {name} ({listed})".encode())
        for seed in range(SEEDS):
            text = random_view(seed)
            if text is None or not made(connection, f"CREATE VIEW v AS {text}"):
                continue
            rows = connection.execute(DEPENDS, ("v",)).fetchall()
            recorded = {(relation, column) for _, relation, column in rows if relation != "v"}
            connection.execute("DROP VIEW v")
            compared += 1
            if recorded != referred_to(text, tables):
                wrong.append(text)
        connection.rollback()
    assert compared > SEEDS / 10
    assert wrong == []


def random_view(seed: int) -> str | None:
    """Return a random query as PostgreSQL would write it; None where that cannot be said."""
    try:
        return transpile(random_queries.query(seed), read="duckdb", write="postgres")[0]
    except SqlglotError:
        return None


def made(connection: psycopg.Connection, text: str) -> bool:
    try:
        with connection.transaction():
            connection.execute(text.encode())
    except psycopg.Error:
        return False
    return True


def referred_to(text: str, tables: dict[str, list[tuple[str, str]]]) -> set[tuple[str, str]]:
    rules = rules_for("postgres")
    known = Schema(Table((name,), columns) for name, columns in tables.items())
    binder = StatementBinder(known, rules, type_system(rules.dialect), dead_ctes=True)
    return {
        (origin.table.name, origin.column.split(".")[0])
        for parsed in parse(text, "postgres")
        if parsed.tree is not None
        for bound in binder.bind(parsed.tree)
        for origin in bound.uses
    }


def test_there_is_something_to_compare(shared: Path) -> None:
    assert json.loads((shared / "data/warehouses/stripe/relations.json").read_text())
