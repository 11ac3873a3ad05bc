"""What must hold whatever the statement: how it is written down changes nothing of its lineage."""

# ruff: noqa: S608 - the statements are only bound; nothing runs them

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sql import cases

ALL = list(cases.read())
TOKEN = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\[[^\]]*\]|\s+|[^\s'\"`\[]+|\[")


def edges(sql: str, case: cases.Case) -> frozenset[str]:
    """Return the edges of a statement, without places, which move with the text."""
    told = cases.told(sql, case.dialect, case.tables)
    return frozenset(line for line in told if not line.startswith("!"))


def plain_query(case: cases.Case) -> bool:
    """Return whether a case is one query that may stand in parentheses, and nobody's columns."""
    begins = case.sql.upper().startswith(("SELECT", "WITH"))
    names = [line.split(" ")[2] for line in case.answer if " -> " in line]
    columns = cases.outputs(case.sql, case.dialect, case.tables)
    return (
        begins
        and ";" not in case.sql
        and not any(line.startswith("!") or " ?> " in line for line in case.answer)
        and all(name.startswith("<select>") and not name.endswith(".*") for name in names)
        and len({column.name.lower() for column in columns}) == len(columns)
    )


QUERIES = [case for case in ALL if plain_query(case)]
WRITTEN = [case for case in ALL if case.sql.strip() and "GO\n" not in f"{case.sql}\n"]


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: f"{case.file}-{case.name}")
def test_spaces_and_comments_mean_nothing(case: cases.Case) -> None:
    spread = "".join("\n\t  " if token.isspace() else token for token in TOKEN.findall(case.sql))
    assert edges(spread, case) == edges(case.sql, case)
    commented = case.sql.replace(" FROM ", " /* from, where? */ FROM ").replace(",", ", ")
    assert edges(f"-- first; of all\n{commented}", case) == edges(case.sql, case)


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: f"{case.file}-{case.name}")
def test_a_query_around_a_query_passes_all_on(case: cases.Case) -> None:
    """Only ORDER BY may go: inside a query it means nothing, unless a LIMIT makes it choose."""
    wanted = {line for line in edges(case.sql, case) if not line.endswith("SORT")}
    for text in (
        f"SELECT * FROM ({case.sql}) z0",
        f"WITH z0 AS ({case.sql}) SELECT * FROM z0",
        f"WITH z0 AS ({case.sql}), z1 AS (SELECT * FROM z0) SELECT z.* FROM z1 z",
    ):
        found = {line for line in edges(text, case) if not line.endswith("SORT")}
        assert found == wanted, text


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: f"{case.file}-{case.name}")
def test_what_is_kept_is_what_is_read(case: cases.Case) -> None:
    wanted = {line.replace("<select>.", "made.") for line in edges(case.sql, case)}
    assert edges(f"CREATE TABLE made AS {case.sql}", case) == wanted


@pytest.mark.parametrize("case", QUERIES, ids=lambda case: f"{case.file}-{case.name}")
def test_a_union_with_itself_adds_nothing(case: cases.Case) -> None:
    wanted = {line for line in edges(case.sql, case) if not line.endswith("SORT")}
    found = edges(f"SELECT * FROM ({case.sql}) z0 UNION ALL SELECT * FROM ({case.sql}) z1", case)
    assert {line for line in found if not line.endswith("SORT")} == wanted


def test_enough_queries_are_tried() -> None:
    assert len(QUERIES) > 120
    assert len(WRITTEN) > 250


SHAPE = (
    "WITH {0} AS (SELECT a, b FROM t WHERE c = 'k'), {1} AS (SELECT a + b AS s FROM {0}), "
    "{2} AS (SELECT x.s, y.a FROM {1} AS x JOIN {0} AS y ON x.s = y.b UNION ALL SELECT e, a FROM u)"
    " SELECT {2}.s, MAX({2}.a) AS top FROM {2} GROUP BY {2}.s"
)
word = st.from_regex(r"cte_[a-z0-9_]{0,12}", fullmatch=True)


@given(st.lists(word, min_size=3, max_size=3, unique_by=str.lower))
def test_what_a_cte_is_called_does_not_matter(names: list[str]) -> None:
    tables = ("t(a INTEGER, b INTEGER, c VARCHAR)", "u(a INTEGER, e DOUBLE)")
    wanted = cases.told(SHAPE.format("one", "two", "three"), "duckdb", tables)
    assert cases.told(SHAPE.format(*names), "duckdb", tables) == wanted
    assert "t.c ~> <select>.* FILTER" in wanted


@given(st.permutations(["a", "b", "c"]), st.permutations(["t.a = 1", "t.b = 2", "t.c = 'x'"]))
def test_order_of_columns_and_conditions(columns: list[str], conditions: list[str]) -> None:
    tables = ("t(a INTEGER, b INTEGER, c VARCHAR)",)
    text = f"SELECT {', '.join(columns)} FROM t WHERE {' AND '.join(conditions)}"
    found = cases.told(text, None, tables)
    assert found == cases.told(
        "SELECT a, b, c FROM t WHERE t.a = 1 AND t.b = 2 AND t.c = 'x'", None, tables
    )
    order = [column.name for column in cases.outputs(text, None, tables)]
    assert order == columns


@given(st.lists(st.sampled_from(QUERIES), min_size=2, max_size=4))
def test_statements_that_share_nothing_add_up(several: list[cases.Case]) -> None:
    for case in several:
        script = f"{case.sql};\n{case.sql}"
        assert edges(script, case) == edges(case.sql, case)
