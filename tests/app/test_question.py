"""What the search box understands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import lineage
from app import question, spans, words
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
        ("what breaks if I drop billing.invoices.amount", [DROP]),
        ("What happens when we delete the column billing.invoices.amount?", [DROP]),
        (
            "rename table customer_360 to c360",
            [{"kind": "rename_table", "table": "warehouse.marts.customer_360", "new": "c360"}],
        ),
        *(
            (
                text,
                [
                    {
                        "kind": "add_column",
                        "table": "warehouse.billing.invoices",
                        "new": "note",
                        "type": type_,
                    }
                ],
            )
            for text, type_ in (
                ("add billing.invoices.note", "VARCHAR"),
                ("add column billing.invoices.note as decimal(10, 2)", "decimal(10, 2)"),
                ("what if I add note to billing.invoices", "VARCHAR"),
                ("add column note INTEGER to table billing.invoices", "INTEGER"),
            )
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


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rename billing.invoices.amount",
            "A new name is missing: `rename billing.invoices.amount to NEW`",
        ),
        (
            "rename billing.invoices.amount to",
            "A new name is missing: `rename billing.invoices.amount to NEW`",
        ),
        ("retype billing.invoices.amount", "A new type is missing"),
        ("drop", "A name is missing: `drop NAME`"),
        ("add note", "A table is missing: `add note to TABLE`"),
        ("add note to billing.invoices.amount", "`billing.invoices.amount` is a column"),
        ("retype billing.invoices to INT", "`billing.invoices` is a table"),
        ("who is the king", '"who is the king" is no name, and not understood'),
    ],
)
def test_what_is_missing_is_told(demo: lineage.Workspace, text: str, message: str) -> None:
    """The forms that are understood are listed; nobody is sent to a shell."""
    found = question.trouble(demo, text)
    assert found.message.startswith(message)
    assert "`rename NAME to NEW`" in found.message
    assert "lineage search" not in found.message


@pytest.mark.parametrize("text", ["pii", "sales-ops"])
def test_a_tag_or_an_owner_finds_what_has_it(demo: lineage.Workspace, text: str) -> None:
    found = question.trouble(demo, text)
    assert found.message.startswith(f'Nothing is called "{text}". These have it')
    assert "crm.contacts.email" in found.offers


def test_a_misspelt_name_is_mended_inside_a_question(demo: lineage.Workspace) -> None:
    found = question.trouble(demo, "rename billing.invoices.amuont to gross")
    assert found.offers[0] == "rename billing.invoices.amount to gross"


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


STAR = """with invoices as (
    select * from "w"."staging"."stg_invoices"
), rates as (
    select * from "w"."reference"."fx_rates"
)
select invoices.*, rates.rate, 2 * count(*) as n, invoices.net * rates.rate as eur
from invoices join rates on true"""


@pytest.mark.parametrize(
    ("sql", "source", "marks"),
    [
        (STAR, "w.staging.stg_invoices", ["invoices.*"]),
        ("select a.*, b.* from w.t1 as a join t2 b on true", "w.t2", ["b.*"]),
        ("select a.*, b.* from w.t1 as a join t2 b on true", "w.elsewhere", ["a.*", "b.*"]),
        ("create view v as select distinct * from t", "t", ["*"]),
        ("select a, count(*), 2 * b from t", "t", []),
    ],
)
def test_the_star_that_passes_a_column_on(sql: str, source: str, marks: list[str]) -> None:
    assert [sql[one:other] for one, other in spans.stars(sql, source)] == marks


def test_an_edge_through_a_star_marks_the_star(demo: lineage.Workspace) -> None:
    ends = "stg_billing__invoices.net_amount", "int_invoices_in_eur.net_amount"
    (edge,) = demo.edges_between(*map(demo.resolve, ends))
    assert edge.job is not None
    sql = demo.statement(edge.job).sql or ""
    assert [sql[one:other] for one, other in spans.of(demo, edge, sql)] == ["invoices.*"]


def test_an_excerpt_begins_shortly_before_its_mark() -> None:
    """Nothing can scroll there; what comes before is folded, not lost."""
    sql = "\n".join(f"line {number}" for number in range(40))
    at = sql.index("line 30")
    told = words.marked(sql, [(at, at + 7)])
    before, _, seen = told.partition("</details>")
    assert "… 27 lines before" in before
    assert "line 26\n" in before
    assert seen.startswith("line 27\nline 28\nline 29\n<mark>line 30</mark>")
    assert "<details>" not in words.marked(sql, [(0, 4)])
    assert "overflow-wrap:anywhere" in told
