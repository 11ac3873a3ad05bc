"""Changes of statements over tables that nobody described: names go through stars all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

import lineage
from lineage import Status
from lineage.analysis.compare import compare
from lineage.analysis.estate import Estate

BEFORE = """
create view tmp as select * from raw.orders;
create view stg as select id, amount, status from tmp;
create view mart as select status, sum(amount) as total from stg group by status;
create view wide as select * from tmp;
create view reader as select amount, note from wide;
"""
STAR = "select * from raw.orders;"
CASES = {
    "columns instead of a star": (
        "select id, amount, status from raw.orders;",
        {"tmp": "SCHEMA_CHANGES", "wide": "SCHEMA_CHANGES", "reader": "BREAKS"},
    ),
    "all columns that somebody reads": (
        "select id, amount, status, note, more from raw.orders;",
        {},
    ),
    "a column less": (
        "select * exclude (note) from raw.orders;",
        {"tmp": "SCHEMA_CHANGES", "wide": "SCHEMA_CHANGES", "reader": "BREAKS"},
    ),
    "a column that nobody reads less": ("select * exclude (other) from raw.orders;", {}),
    "another name": (
        "select * rename (amount as amt) from raw.orders;",
        {"tmp": "SCHEMA_CHANGES", "wide": "SCHEMA_CHANGES", "reader": "BREAKS", "stg": "BREAKS",
         "mart": "BLOCKED"},
    ),
    "one made otherwise": (
        "select * replace (upper(note) as note) from raw.orders;",
        {"tmp": "VALUE_CHANGES", "wide": "VALUE_CHANGES", "reader": "VALUE_CHANGES"},
    ),
    "another table": (
        "select * from raw.others;",
        {"tmp": "VALUE_CHANGES", "wide": "VALUE_CHANGES", "reader": "VALUE_CHANGES",
         "stg": "VALUE_CHANGES", "mart": "VALUE_CHANGES"},
    ),
    "the same in other words": ("select o.* from raw.orders as o;", {}),
}  # fmt: skip


def estate(folder: Path, text: str) -> Estate:
    (folder / "estate.sql").write_text(text)
    return Estate.build(lineage.open(folder / "estate.sql", dialect="duckdb").snapshot, "duckdb")


@pytest.mark.parametrize(("star", "expected"), CASES.values(), ids=CASES)
def test_a_star_becomes(star: str, expected: dict[str, str], tmp_path: Path) -> None:
    before = estate(tmp_path, BEFORE)
    after = estate(tmp_path, BEFORE.replace(STAR, star))
    found = compare(before, after)
    assert {
        item.relation: item.status.value for item in found.relations if item.status is not Status.OK
    } == expected
