"""What the pages say where much is asked at once, or names are long."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.load import Load, Step
from tests.app.test_pages import htmls, opened, said

RENAME = {
    "kind": "rename_column",
    "table": "billing.invoices",
    "column": "amount",
    "new": "amount_gross",
}
DROP = {"kind": "drop_column", "table": "crm.contacts", "column": "email"}


@pytest.fixture(autouse=True)
def demo(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_SOURCES", str(repository / "fixtures" / "demo"))


def test_the_headline_counts_what_the_witness_said() -> None:
    """The binder called 48 blocked; the engine knows one of them better."""
    page = opened("impact", changes=json.dumps([RENAME, DROP]), witness="1")
    listed = htmls(page)
    headline = page.subheader[0].value
    assert f"{listed.count('✖ BREAKS')} break" in headline
    assert f"{listed.count('■ BLOCKED')} are blocked" in headline


def test_each_plan_says_whose_it_is() -> None:
    page = opened("impact", changes=json.dumps([RENAME, DROP]), tab="Plan")
    headings = [str(one.value) for one in page.subheader]
    assert "Change 1: rename `billing.invoices.amount` to `amount_gross`" in headings
    assert "Change 2: drop `crm.contacts.email`" in headings
    assert "Each plan is proved by itself" in said(page)


def test_what_has_no_plan_is_told() -> None:
    added = {"kind": "add_column", "table": "billing.invoices", "new": "note", "type": "VARCHAR"}
    page = opened("impact", changes=json.dumps([added, RENAME]), tab="Plan")
    headings = [str(one.value) for one in page.subheader]
    assert "Change 2: rename `billing.invoices.amount` to `amount_gross`" in headings
    assert "No plan for change 1" in said(page)


def test_a_chosen_subject_needs_no_invitation() -> None:
    assert "Name a column or table above" in said(opened("impact"))
    page = opened("impact", subject="billing.invoices.amount")
    assert "Name a column or table above" not in said(page)


def test_a_subject_that_is_none_gets_suggestions() -> None:
    page = opened("impact", subject="drop billing.invoices.amuont")
    assert "did you mean" in said(page)
    assert "drop billing.invoices.amount" in [one.label for one in page.button]


@pytest.mark.parametrize("text", ["pii", "rename billing.invoices.amount"])
def test_nobody_is_sent_to_a_shell(text: str) -> None:
    page = opened("column", column=text)
    assert page.warning
    assert "lineage search" not in said(page)
    assert "unknown column" not in said(page)


def test_paths_are_counted_in_words() -> None:
    ends = "public.invoices.amount", "billing.invoices.amount"
    page = opened("column", column=ends[1], path=">".join(ends))
    assert "**1 path** between" in said(page)


def test_where_only_types_change_types_are_told() -> None:
    retyped = {
        "kind": "type_change",
        "table": "billing.invoices",
        "column": "amount",
        "type": "DOUBLE",
    }
    (headline,) = (
        str(one.value) for one in opened("impact", changes=json.dumps([retyped])).subheader
    )
    assert "get other types" in headline
    assert "other columns" not in headline


def test_two_waits_on_one_page_have_a_button_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a page waits for the estate, and again until everything is bound."""
    monkeypatch.setattr("app.opened.PATIENCE", 0.0)
    monkeypatch.setattr(Load, "reached", late(Load.reached))
    assert "break" in str(opened("impact", changes=json.dumps([DROP])).subheader[0].value)


def late(reached: Callable[..., bool]) -> Callable[..., bool]:
    """Nothing is there at the first look."""

    def found(self: Load, step: Step, seconds: float) -> bool:
        return seconds > 0 and reached(self, step, seconds)

    return found


def test_the_panel_says_how_much_of_a_column_is_drawn() -> None:
    """A picture is of one column's lineage: of another in it, it may hold less than there is."""
    name = "stg_billing__invoices.gross_amount"
    page = htmls(opened("column", column="billing.invoices.amount", focus=name))
    assert "<dd>6 columns, 2 of them drawn here</dd>" in page
    assert "<dd>13 columns</dd>" in page
