"""What mends a finding fits the kind of its reason."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lineage.policy import statement_binds as rule
from tests.check.repositories import check, edit, sql

TABLES = (
    "create table raw.orders (id integer, amount integer, status varchar);\n"
    "create table raw.rows (key integer, day date);\n"
)
CASES = [
    ("select amount from raw.orders", "amount integer", "net integer", rule.NAME),
    ("select amount from raw.orders", "raw.orders", "raw.orders_v2", rule.TABLE),
    ("select sum(amount) as s from raw.orders", "amount integer", "amount varchar", rule.TYPE),
    ("select amount * 2 as n from raw.orders", "amount integer", "amount date", rule.TYPE),
    (
        "select id, key from raw.orders join raw.rows on id = key",
        "key integer",
        "key integer, id integer",
        rule.WHICH,
    ),
]


@pytest.mark.parametrize(("query", "before", "after", "fix"), CASES)
def test_the_fix_fits_the_reason(
    query: str, before: str, after: str, fix: str, tmp_path: Path
) -> None:
    report = f"create view marts.report as {query};\n"
    root = sql(tmp_path / "repository", tables=TABLES, report=report)
    edit(root, "tables.sql", before, after)
    assert told(root) == {fix}


@pytest.mark.parametrize(
    ("before", "after", "fix"),
    [("group by status", "", rule.GROUPED), ("order by 1", "order by 3",
      rule.FIXES["position-out-of-range"])],
)  # fmt: skip
def test_the_fix_of_a_statement_that_was_edited(
    before: str, after: str, fix: str, tmp_path: Path
) -> None:
    query = "select status, max(id) as last from raw.orders group by status order by 1"
    report = f"create view marts.report as {query};\n"
    root = sql(tmp_path / "repository", tables=TABLES, report=report)
    edit(root, "report.sql", before, after)
    assert told(root) == {fix}


def told(root: Path) -> set[str]:
    """Return how the findings of STATEMENT_BINDS are mended."""
    found = json.loads(check(root, "--dialect", "duckdb", "--output", "json").stdout)
    rows = [row for row in found["findings"] if row["rule"] == "STATEMENT_BINDS"]
    return {row["help"] for row in rows}
