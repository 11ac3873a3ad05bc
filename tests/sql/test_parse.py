"""What does not parse is told, whatever stands around it."""

from __future__ import annotations

import pytest

from lineage.sql.parse import parse


@pytest.mark.parametrize(
    ("text", "certain"),
    [
        ("<<<<<<< HEAD\ncreate view v as select a from t;", True),
        ("create view v as\nselect a\n=======\nselect b\n>>>>>>> other\nfrom t;", True),
        ("foo bar\ncreate view v as select a from t;", False),
        ("craete view v as select a from t;", False),
    ],
)
def test_what_stands_before_a_statement_is_not_passed_over(text: str, certain: bool) -> None:
    broken = [item for item in parse(text, "duckdb") if item.tree is None]
    assert [item.certain for item in broken] == [certain]
    assert "does not parse" in (broken[0].error or "")


@pytest.mark.parametrize(
    "text",
    [
        "BEGIN insert into a select x from b; END",
        "IF 1 = 1 insert into a select x from b",
        "create procedure p as begin insert into a select x from b end",
    ],
)
def test_procedural_text_is(text: str) -> None:
    assert all(item.error is None for item in parse(text, "tsql"))
