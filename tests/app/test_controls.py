"""Each control of each page is used twice: both uses count, and Back undoes those of each kind."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qs, quote

import pytest
from playwright.sync_api import Locator, Page

from tests.app.explorer import Open

pytestmark = pytest.mark.browser
COLUMN = "?column=billing.invoices.amount"
DROP = quote('[{"kind":"drop_column","table":"warehouse.billing.invoices","column":"amount"}]')


@dataclass(frozen=True, slots=True)
class Use:
    """A control, what is done with it twice, and what the address then says, each time."""

    path: str
    label: str
    kind: str
    first: tuple[str, str]
    second: tuple[str, str]
    part: str
    within: str = ""
    """The button behind which the control is."""


USES = (
    Use(COLUMN, "Direction", "radio", ("Up", "up"), ("Down", "down"), "direction"),
    Use(COLUMN, "What if", "choice", ("rename", "rename"), ("none", "none"), "change"),
    Use(COLUMN, "Lens", "choice", ("tests", "tests"), ("tags", "tags"), "lens"),
    Use(COLUMN, "Depth (0: all)", "number", ("1", "1"), ("3", "3"), "depth", "View"),
    Use(
        COLUMN,
        "Draw together",
        "choice",
        ("schema", "schema"),
        ("owner", "owner"),
        "group",
        "View",
    ),
    Use(COLUMN, "Values only", "toggle", ("on", "1"), ("off", ""), "direct", "View"),
    Use(COLUMN, "As of", "slider", ("", "2026-11-16T02:5"), ("", "2026-11-16T02:4"), "asof"),
    Use(
        f"{COLUMN}&asof=2026-11-16T02:40:00%2B00:00",
        "Beside now",
        "toggle",
        ("on", "1"),
        ("off", ""),
        "compare",
    ),
    Use(COLUMN, "Filter", "text", ("churn", "churn"), ("fct", "fct"), "filter"),
    Use(
        f"{COLUMN}&focus=stg_billing__invoices.net_amount",
        "Only this path",
        "toggle",
        ("on", "stg_billing__invoices.net_amount"),
        ("off", ""),
        "only",
    ),
    Use("map", "Draw", "radio", ("Schema", "schema"), ("Owner", "owner"), "level"),
    Use("map", "Colour by", "choice", ("owner", "owner"), ("tests", "tests"), "lens"),
    Use("map", "Only names with", "text", ("stg", "stg"), ("fct", "fct"), "with"),
    Use(
        "map?with=fct",
        "About",
        "choice",
        ("fct_invoices", "fct_invoices"),
        ("fct_revenue_monthly", "fct_revenue_monthly"),
        "node",
    ),
    Use(f"impact?changes={DROP}", "", "tab", ("Evidence", "Evidence"), ("Verdicts", ""), "tab"),
    Use(
        f"impact?changes={DROP}",
        "Ask DuckDB as a witness",
        "toggle",
        ("on", "1"),
        ("off", ""),
        "witness",
    ),
    Use(
        "changes?broken=churn_scores.churn_score",
        "Seen at",
        "text",
        ("2026-11-16 02:00", "2026-11-16 02:00"),
        ("2026-11-16 03:00", "2026-11-16 03:00"),
        "at",
    ),
    Use("changes", "Since ever", "toggle", ("on", "1"), ("off", ""), "ever"),
    Use(
        "changes",
        "",
        "tab",
        ("Two instants compared", "Two instants compared"),
        ("It broke: what changed upstream?", ""),
        "tab",
    ),
    Use("changes?tab=Two+instants+compared", "From", "slider", ("", "20"), ("", "20"), "from"),
    Use("changes?tab=Two+instants+compared", "To", "slider", ("", "20"), ("", "20"), "to"),
    Use("catalog", "Kind", "radio", ("table", "table"), ("view", "view"), "kind"),
    Use("governance", "", "tab", ("Unused", "Unused"), ("Contracts", "Contracts"), "tab"),
    Use(
        "governance?tab=Unused",
        "Also what has a single reader",
        "toggle",
        ("on", "1"),
        ("off", ""),
        "single",
    ),
    Use("health", "", "tab", ("Runs", "Runs"), ("Freshness", "Freshness"), "tab"),
)


FIRST = [next(use for use in USES if use.kind == kind) for kind in {use.kind for use in USES}]
"""One of each kind is undone as well."""


def named(use: Use) -> str:
    return f"{use.path.partition('?')[0] or 'column'} {use.label or use.kind}"


@pytest.mark.parametrize("use", USES, ids=named)
def test_a_control_is_used_twice(morning: str, demo: str, page_of: Open, use: Use) -> None:
    page = page_of(f"{morning if use.path.startswith('changes') else demo}/{use.path}")
    if use.within:
        page.get_by_test_id("stMain").get_by_test_id("stPopoverButton").click()
    control(page, use).first.wait_for(state="attached")
    page.set_default_timeout(15_000)
    settled(page)
    seen = [said(page, use)]
    for value, written in (use.first, use.second):
        left = page.url
        act(page, use, value)
        settled(page, left)
        assert wrote(page, use).startswith(written), value
        assert bool(wrote(page, use)) == bool(written)
        seen.append(said(page, use))
    assert len(set(seen[1:])) == 2
    if use not in FIRST:
        return
    # Back, each time to what was there; then forward again.
    if use.within:
        page.keyboard.press("Escape")
    for step in (1, 0):
        left = page.url
        page.go_back()
        settled(page, left)
        assert shown(page, use) == seen[step], f"back to {step}"
    for step in (1, 2):
        left = page.url
        page.go_forward()
        settled(page, left)
        assert shown(page, use) == seen[step], f"forward to {step}"


def settled(page: Page, left: str = "") -> None:
    """Wait until the page is another one than the one that was left, and is drawn."""
    page.wait_for_function("left => location.href !== left", arg=left)
    page.wait_for_timeout(500)
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.wait_for_timeout(150)


def wrote(page: Page, use: Use) -> str:
    query = str(page.evaluate("() => location.search.slice(1)"))
    return parse_qs(query).get(use.part, [""])[0]


def control(page: Page, use: Use) -> Locator:
    if use.kind == "radio":
        return page.locator("[role=radio], input[type=radio]")
    if use.kind == "tab":
        return page.get_by_role("tab")
    if use.kind == "toggle":
        return page.get_by_test_id("stCheckbox").filter(has_text=use.label)
    if use.kind == "slider":
        return page.get_by_test_id("stSlider").filter(has_text=use.label).get_by_role("slider")
    if use.kind == "choice":
        return page.get_by_test_id("stSelectbox").filter(has_text=use.label).locator("input")
    return page.get_by_label(use.label, exact=True).and_(page.locator("input"))


def act(page: Page, use: Use, value: str) -> None:
    here = control(page, use)
    if use.kind == "radio":
        page.get_by_role("radio", name=value, exact=True).click()
    elif use.kind == "tab":
        here.filter(has_text=value).click()
    elif use.kind == "toggle":
        here.locator("label").first.click()
    elif use.kind == "slider":
        here.focus()
        page.keyboard.press("ArrowLeft")
    elif use.kind == "choice":
        here.click()
        page.get_by_role("option", name=value, exact=True).click()
    else:
        here.fill(value)
        page.keyboard.press("Enter")


def said(page: Page, use: Use) -> str:
    """What the control says."""
    here = control(page, use)
    if use.kind == "radio":
        return str(page.evaluate(CHOSEN))
    if use.kind == "tab":
        return page.locator("[role=tab][aria-selected=true]").inner_text()
    if use.kind == "toggle":
        return str(here.locator("input").is_checked())
    if use.kind == "slider":
        return here.get_attribute("aria-valuetext") or here.get_attribute("aria-valuenow") or ""
    return here.input_value()


CHOSEN = """() => [...document.querySelectorAll("[role=radio], input[type=radio]")]
  .filter(one => one.checked || one.getAttribute("aria-checked") === "true")
  .map(one => one.innerText || one.closest("label")?.innerText || one.value).join(" ")"""


def shown(page: Page, use: Use) -> str:
    """What the control says, wherever it is."""
    if not use.within:
        return said(page, use)
    page.get_by_test_id("stMain").get_by_test_id("stPopoverButton").click()
    page.wait_for_timeout(300)
    found = said(page, use)
    page.keyboard.press("Escape")
    return found


def test_back_restores_what_was_before_a_control_was_used(demo: str, page_of: Open) -> None:
    """From the start page: a search, a control, and the way back."""
    page = page_of(demo)
    box = page.get_by_placeholder("Search: orders.amount, or a table")
    box.click()
    box.fill("billing.invoices.amount")
    page.get_by_role("option", name="billing.invoices.amount", exact=True).first.click()
    page.locator("button.row.chosen").wait_for()
    settled(page)
    page.get_by_role("radio", name="Up", exact=True).click()
    settled(page)
    page.get_by_text("drawn 1 of 1 edge ").wait_for()
    page.go_back()
    page.get_by_text("drawn 71 of 71 edges").wait_for()
    settled(page)
    assert "direction" not in str(page.evaluate("() => location.search"))
    page.go_back()
    page.get_by_text("Much depends on").wait_for()


def test_starting_from_the_focus_is_one_step(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/{COLUMN}&focus=stg_billing__invoices.net_amount")
    page.get_by_role("button", name="Start from here").click()
    page.wait_for_function("() => !location.search.includes('focus')")
    settled(page)
    page.go_back()
    settled(page)
    assert "focus=" in str(page.evaluate("() => location.search"))
    assert "column=billing.invoices.amount" in str(page.evaluate("() => location.search"))


def test_another_instant_is_drawn_at_once(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/{COLUMN}")
    page.get_by_text("drawn 71 of 71 edges").wait_for()
    settled(page)
    slider = page.get_by_test_id("stSlider").get_by_role("slider")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_text("What breaks is not told here").wait_for()
    slider.focus()
    page.keyboard.press("Home")
    page.get_by_text(re.compile("was not there on .* UTC")).wait_for()
    page.get_by_text("drawn 71 of 71 edges").wait_for(state="detached")
    slider.focus()
    page.keyboard.press("End")
    page.get_by_text("drawn 71 of 71 edges").wait_for()
    settled(page)
    assert "UTC" in page.get_by_test_id("stSlider").last.inner_text()


@pytest.mark.parametrize("path", [COLUMN, "map"])
def test_a_narrow_window_can_be_read(demo: str, page_of: Open, path: str) -> None:
    page = page_of(f"{demo}/{path}")
    page.set_viewport_size({"width": 800, "height": 900})
    page.locator("button.row.chosen, .network[data-drawn]").first.wait_for()
    settled(page)
    assert page.evaluate(CUT) == []
    if path == COLUMN:
        assert page.locator("dl.known dd").first.evaluate("one => one.clientWidth") > 120


CUT = """() => [...document.querySelectorAll("[data-testid='stMain'] [role='radiogroup'], " +
    "[data-testid='stMain'] [data-testid='stButtonGroup'], " +
    "[data-testid='stMain'] [data-testid='stPopoverButton']")]
  .filter(one => one.scrollWidth > one.clientWidth + 1 || one.clientWidth < 60)
  .map(one => one.innerText)"""
