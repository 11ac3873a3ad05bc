"""Tasks as people think of them, each done from the start page in at most four actions.

An action is a click, a text typed, a key pressed or a choice made. Looking is free.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.app.explorer import Open

pytestmark = pytest.mark.browser
MOST = 4
BOX = "Search: orders.amount, or a table"


class Hand:
    """Does what a person does, and counts it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.actions = 0

    def click(self, what: Locator) -> Hand:
        self._act()
        what.click()
        return self

    def type(self, text: str) -> Hand:
        self._act()
        self.page.keyboard.type(text)
        return self

    def press(self, key: str) -> Hand:
        self._act()
        self.page.keyboard.press(key)
        return self

    def _act(self) -> None:
        self.actions += 1
        assert self.actions <= MOST, "a task takes at most four actions"

    def ask(self, text: str) -> Hand:
        """Go to the box of the start page and write: three actions."""
        self.click(self.page.get_by_placeholder(BOX)).type(text)
        return self.press("Enter")

    def page_called(self, name: str) -> Hand:
        return self.click(self.page.get_by_test_id("stSidebarNav").get_by_role("link", name=name))

    def question(self, text: str) -> Hand:
        return self.click(self.page.get_by_test_id("stMain").get_by_role("link", name=text))

    # Looking.

    def sees(self, text: str | re.Pattern[str]) -> None:
        self.page.get_by_test_id("stMain").get_by_text(text).first.wait_for()

    def sees_cell(self, text: str) -> None:
        self.page.get_by_test_id("stMain").locator("td", has_text=text).first.wait_for()

    def sees_card(self, title: str) -> None:
        self.page.locator(".card .title", has_text=title).first.wait_for(state="attached")


@pytest.fixture
def hand(demo: str, page_of: Open) -> Hand:
    return started(page_of(demo))


@pytest.fixture
def morning_hand(morning: str, page_of: Open) -> Hand:
    """The same, the morning after the churn model went wrong."""
    return started(page_of(morning))


def started(page: Page) -> Hand:
    page.get_by_text("Much depends on").wait_for()
    return Hand(page)


def test_which_dashboards_use_the_amount(hand: Hand) -> None:
    hand.click(hand.page.get_by_placeholder(BOX)).type("billing.invoices.amount")
    hand.click(hand.page.get_by_role("option", name="billing.invoices.amount", exact=True))
    exposures = hand.page.locator("dl.known dt", has_text="Exposures").locator("+ dd")
    exposures.wait_for()
    assert "revenue_dashboard" in exposures.inner_text()


def test_why_is_the_churn_score_wrong_since_tuesday(morning_hand: Hand) -> None:
    morning_hand.ask("why churn_scores.churn_score")
    morning_hand.sees(re.compile(r"It began Mon 16 Nov 18:40: public\.invoices\.amount"))
    morning_hand.sees("a run failed: SuspiciousScores")


def test_may_i_drop_the_masked_iban(hand: Hand) -> None:
    hand.ask("may I drop billing.customers.iban_masked?")
    hand.sees("Nothing breaks.")


def test_what_breaks_if_i_drop_the_amount(hand: Hand) -> None:
    hand.ask("drop billing.invoices.amount")
    hand.sees("1 breaks, 41 are blocked by what breaks.")
    hand.sees_cell("staging.stg_billing__invoices")


def test_how_do_i_rename_the_amount(hand: Hand) -> None:
    hand.ask("rename billing.invoices.amount to amount_gross")
    hand.sees("✓ proved")
    hand.sees("rename (amount_gross as amount)")


def test_what_if_the_amount_becomes_a_double(hand: Hand) -> None:
    hand.ask("retype billing.invoices.amount to DOUBLE")
    hand.sees(re.compile("Nothing breaks, .*change"))


def test_what_if_two_things_change_at_once(hand: Hand) -> None:
    hand.ask("drop billing.customers.iban_masked, drop billing.invoices.amount")
    hand.sees("Change 2: drop")
    hand.sees("1 breaks, 41 are blocked")


def test_does_a_real_engine_say_the_same(hand: Hand) -> None:
    hand.ask("drop billing.invoices.amount")
    hand.click(hand.page.get_by_text("Ask DuckDB as a witness"))
    hand.sees(re.compile("DuckDB was asked about [1-9]"))


def test_an_answer_for_the_ticket(hand: Hand) -> None:
    hand.ask("drop billing.invoices.amount")
    button = hand.page.get_by_role("button", name="Markdown")
    with hand.page.expect_download() as download:
        hand.click(button)
    assert "1 breaks, 41 are blocked" in download.value.path().read_text(encoding="utf-8")


def test_who_owns_the_revenue_table(hand: Hand) -> None:
    hand.ask("fct_revenue_monthly")
    owner = hand.page.locator("dl.known dt", has_text="Owner").locator("+ dd")
    owner.wait_for()
    assert owner.inner_text() == "finance-data@acme.example"


def test_where_does_personal_data_flow(hand: Hand) -> None:
    hand.question("Where does personal data flow?")
    hand.sees("Columns their values reach")
    hand.sees_cell("▲ without")


def test_what_feeds_the_churn_model(hand: Hand) -> None:
    hand.ask("models/churn").click(hand.page.get_by_role("radio", name="Up"))
    hand.sees_card("churn_features")
    hand.sees_card("customer_health_daily")


def test_how_does_the_amount_reach_the_churn_score(hand: Hand) -> None:
    hand.ask("billing.invoices.amount > churn_scores.churn_score")
    hand.sees("6 paths")
    hand.sees_card("int_invoices_in_eur")


def test_which_sql_makes_the_net_revenue(hand: Hand) -> None:
    hand.ask("fct_revenue_monthly.net_revenue_eur")
    mark = hand.page.locator("pre mark").first
    mark.wait_for()
    assert mark.inner_text() == "cast(sum(i.net_eur) as decimal(18, 2)) as net_revenue_eur"


def test_which_runs_failed_last_night(morning_hand: Hand) -> None:
    morning_hand.question("Which runs failed?")
    morning_hand.sees_cell("churn.score")
    morning_hand.sees_cell("SuspiciousScores")


def test_which_tables_are_stale(morning_hand: Hand) -> None:
    morning_hand.question("Which tables are stale?")
    morning_hand.sees_cell("customer_health_daily")


def test_what_changed_since_yesterday(morning_hand: Hand) -> None:
    morning_hand.question("What changed since yesterday?")
    morning_hand.sees_cell("warehouse.billing.invoices.amount_gross")


def test_how_much_is_understood(hand: Hand) -> None:
    hand.page_called("Health")
    hand.sees("84 of 87")
    hand.sees_cell("there is no SQL for it")


def test_is_what_producers_declare_right(hand: Hand) -> None:
    hand.page_called("Health").click(hand.page.get_by_role("tab", name="Declared and derived"))
    hand.sees("only declared")


def test_what_may_go(hand: Hand) -> None:
    hand.question("What may go, because nobody reads it?")
    hand.sees_cell("int_primary_contacts.phone")


def test_what_is_promised_to_the_board(hand: Hand) -> None:
    hand.page_called("Governance").click(hand.page.get_by_role("tab", name="Contracts"))
    hand.sees(re.compile("fct_revenue_monthly promises"))


def test_how_domains_depend_on_each_other(hand: Hand) -> None:
    hand.question("How do the domains depend on each other?")
    hand.sees(re.compile(r"drawn \d+ of \d+ domains"))
    hand.page.locator(".network[data-drawn]").wait_for()


def test_what_does_the_billing_team_have(hand: Hand) -> None:
    hand.page_called("Catalog").click(hand.page.get_by_placeholder("invoice, pii, billing-team …"))
    hand.type("billing-team").press("Enter")
    # The list is a picture, with its cells for screen readers inside.
    cell = hand.page.locator("[data-testid='stDataFrame'] td", has_text="billing.refunds")
    cell.first.wait_for(state="attached")


def test_what_does_the_scoring_job_do(hand: Hand) -> None:
    hand.ask("churn.score")
    reads = hand.page.locator("dl.known dt", has_text="reads").locator("+ dd")
    reads.wait_for()
    assert "churn_features" in reads.inner_text()


def test_a_picture_for_the_slides(hand: Hand, tmp_path: Path) -> None:
    hand.click(hand.page.get_by_role("button", name=re.compile("columns downstream")).first)
    with hand.page.expect_download() as download:
        hand.click(hand.page.get_by_label("Save as SVG"))
    file = tmp_path / "picture.svg"
    download.value.save_as(file)
    assert file.read_text(encoding="utf-8").startswith("<svg")
    with hand.page.expect_download() as download:
        hand.click(hand.page.get_by_label("Save as PNG"))
    download.value.save_as(file)
    assert file.read_bytes().startswith(b"\x89PNG")


def test_the_lineage_as_a_diagram_for_the_wiki(hand: Hand, tmp_path: Path) -> None:
    hand.click(hand.page.get_by_role("button", name=re.compile("columns downstream")).first)
    hand.click(hand.page.get_by_test_id("stPopoverButton"))
    with hand.page.expect_download() as download:
        hand.click(hand.page.get_by_role("button", name="Mermaid"))
    file = tmp_path / "lineage.mmd"
    download.value.save_as(file)
    assert file.read_text(encoding="utf-8").startswith(("flowchart", "graph"))
