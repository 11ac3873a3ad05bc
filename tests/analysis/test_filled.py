"""Statements that fill a table: what becomes of them when it, or what they read, changes.

A case is a file of definitions, a file of statements, another text of the first, and what breaks
then; DuckDB is asked as well, statement by statement.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

import lineage
from lineage.analysis.compare import compare
from lineage.analysis.estate import Estate

TABLES = (
    "create table o (day date, amount int); create table b (day date, s bigint);"
    "create view vb as select s from b;"
)
CASES = [
    # what a table is filled from, beside statements that read the table itself
    (
        "delete from b; insert into b select day, sum(amount) s from o group by day;",
        ("amount", "amt"),
        {"b", "vb"},
    ),
    (
        "insert into b select day, sum(amount) s from o group by day; update b set s = 0;",
        ("amount", "amt"),
        {"b", "vb"},
    ),
    (
        "insert into b select day, sum(amount) s from o group by day; delete from b where s = 0;",
        ("amount", "amt"),
        {"b", "vb"},
    ),
    # the table itself
    ("insert into b (day, s) select day, amount from o;", ("s bigint", "t bigint"), {"x", "vb"}),
    ("insert into b (day, s) values (current_date, 1);", ("s bigint", "t bigint"), {"x", "vb"}),
    ("update b set s = 0;", ("s bigint", "t bigint"), {"x", "vb"}),
    ("delete from b where s = 0;", ("s bigint", "t bigint"), {"x", "vb"}),
    ("insert into b select day, amount from o;", ("s bigint", "s bigint, z int"), {"x"}),
    ("insert into b select day, amount from o;", ("table b", "table c"), {"x", "vb"}),
    ("insert into b by name select day, amount as s from o;", ("s big", "t big"), {"x", "vb"}),
    # nothing that concerns it
    ("insert into b (day, s) select day, amount from o;", ("s bigint", "s bigint, z int"), set()),
    ("insert into b select day, amount from o;", ("day date, s", "d date, s"), set()),
    # queries that make nothing
    ("select day, s from b;", ("s bigint", "t bigint"), {"x", "vb"}),
    ("copy (select s from b) to '/dev/null';", ("s bigint", "t bigint"), {"/dev/null", "vb"}),
    ("with a as (select amount from o) select * from a;", ("amount", "amt"), {"x"}),
]


def refused(definitions: str, statements: str) -> bool:
    """Return whether DuckDB refuses any of the statements."""
    with duckdb.connect(":memory:") as engine:
        for text in (*definitions.split(";"), *statements.split(";")):
            try:
                engine.execute(text)
            except duckdb.Error:
                if text not in definitions:
                    return True
    return False


def estate(folder: Path, definitions: str, statements: str) -> Estate:
    folder.mkdir()
    (folder / "a.sql").write_text(definitions)
    (folder / "x.sql").write_text(statements)
    return Estate.build(lineage.open(folder, dialect="duckdb").snapshot, "duckdb")


@pytest.mark.parametrize(("statements", "change", "broken"), CASES)
def test_what_breaks(
    tmp_path: Path, statements: str, change: tuple[str, str], broken: set[str]
) -> None:
    after = TABLES.replace(*change, 1)
    assert not refused(TABLES, statements), "the case is wrong"
    assert refused(after, statements) is bool(broken - {"vb"}), "the case is wrong"

    found = compare(
        estate(tmp_path / "base", TABLES, statements), estate(tmp_path / "head", after, statements)
    )

    fails = {lineage.Status.BREAKS, lineage.Status.BLOCKED}
    said = {
        verdict.relation.split(".sql")[0]
        for verdict in (*found.relations, *found.consumers)
        if verdict.status in fails
    }
    assert said == broken


def test_a_break_is_not_hidden_by_what_waits_for_it(tmp_path: Path) -> None:
    statements, change, _ = CASES[0]
    found = compare(
        estate(tmp_path / "base", TABLES, statements),
        estate(tmp_path / "head", TABLES.replace(*change), statements),
    )
    status = {row.relation: row.status for row in found.relations}
    assert (status["b"], status["vb"]) == (lineage.Status.BREAKS, lineage.Status.BLOCKED)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"kind": "drop_column", "table": "b", "column": "s"}, True),
        ({"kind": "rename_column", "table": "b", "column": "s", "new": "t"}, True),
        ({"kind": "drop_table", "table": "b"}, True),
        ({"kind": "rename_table", "table": "b", "new": "c"}, True),
        ({"kind": "add_column", "table": "b", "new": "z", "type": "int"}, False),
    ],
)
def test_a_proposed_change(tmp_path: Path, change: dict[str, str], broken: bool) -> None:
    (tmp_path / "a.sql").write_text(TABLES)
    (tmp_path / "x.sql").write_text("insert into b (day, s) select day, amount from o;")
    estate = lineage.open(tmp_path, dialect="duckdb")
    found = estate.impact(estate.parse_change(change))
    said = {row.relation for row in found.consumers if row.status is lineage.Status.BREAKS}
    assert said == ({"x.sql"} if broken else set())


def test_a_table_of_which_only_a_short_name_is_left(tmp_path: Path) -> None:
    """The head, read by itself, takes the short name for a table that it does not know."""
    tables, views = "create table main.o (id int);", "create view main.v as select id from o;"
    found = compare(
        estate(tmp_path / "base", tables, views), estate(tmp_path / "head", "select 1;", views)
    )
    status = {row.relation: row.status for row in found.relations}
    assert status["main.v"] is lineage.Status.BREAKS
