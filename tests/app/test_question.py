"""What the search box understands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lineage
from app import question, spans
from app.question import Place


@pytest.fixture(scope="module")
def demo(repository: Path) -> lineage.Workspace:
    return lineage.open(repository / "fixtures" / "demo")


DROP = {"kind": "drop_column", "table": "warehouse.billing.invoices", "column": "amount"}


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("drop billing.invoices.amount", [DROP]),
        ("May I drop billing.invoices.amount?", [DROP]),
        (
            "retype billing.invoices.amount to decimal(10, 2)",
            [DROP | {"kind": "type_change", "type": "decimal(10, 2)"}],
        ),
        (
            "drop billing.invoices.amount and drop billing.customers",
            [DROP, {"kind": "drop_table", "table": "warehouse.billing.customers"}],
        ),
    ],
)
def test_changes(demo: lineage.Workspace, text: str, changes: list[object]) -> None:
    found = question.place(demo, text)
    assert found == Place("impact", found.query)
    assert json.loads(found.query["changes"]) == changes


def test_a_rename_shows_its_plan(demo: lineage.Workspace) -> None:
    found = question.place(demo, "rename billing.invoices.amount to gross")
    assert json.loads(found.query["changes"]) == [DROP | {"kind": "rename_column", "new": "gross"}]
    assert found.query["tab"] == "Plan"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("BILLING.invoices.Amount", Place("column", {"column": "billing.invoices.amount"})),
        (
            "billing.invoices.amount > churn_scores.churn_score",
            Place(
                "column",
                {
                    "column": "billing.invoices.amount",
                    "path": "billing.invoices.amount>churn_scores.churn_score",
                },
            ),
        ),
        (
            "why is churn_scores.churn_score wrong since Tuesday?",
            Place("changes", {"broken": "churn_scores.churn_score"}),
        ),
        ("churn.score", Place("catalog", {"dataset": "churn.score"})),
    ],
)
def test_names_ways_and_blame(demo: lineage.Workspace, text: str, place: Place) -> None:
    assert question.place(demo, text) == place


def test_what_is_no_name_is_told(demo: lineage.Workspace) -> None:
    with pytest.raises(lineage.UnknownName):
        question.place(demo, "drop billing.invoices.amuont")


def test_a_name_is_completed_inside_a_question(demo: lineage.Workspace) -> None:
    found = question.completions(demo, "drop billing.invoices.am", ("column",), 3)
    assert found[0]["text"] == "drop billing.invoices.amount"


SQL = "with a as (select x, f(y, 1) as z from t)\nselect 'a, b' as s, sum(z) as total from a"


@pytest.mark.parametrize(
    ("word", "item"), [("z from", "f(y, 1) as "), ("total", "sum(z) as "), ("s, sum", "'a, b' as ")]
)
def test_an_item_is_marked_whole(word: str, item: str) -> None:
    at = SQL.index(word)
    assert SQL[spans._item(SQL, at) : at] == item  # noqa: SLF001 - the scan itself is what is tried


def test_words_in_texts_and_comments_are_not_names() -> None:
    sql = "select a -- a\n, 'a' /* a */ from t where \"A\" > 1"
    assert [sql[one:other] for one, other in spans.named(sql, ["a"])] == ["a", '"A"']
