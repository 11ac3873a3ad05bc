"""No page has a serious fault that axe-core finds, in light and in dark."""

from __future__ import annotations

import json
from importlib.metadata import files
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
AXE = next(
    Path(str(file.locate()))
    for file in files("axe-playwright-python") or ()
    if file.name == "axe.min.js"
)
"""The package carries axe-core itself, so nothing is fetched."""
CHANGES = quote(
    json.dumps(
        [
            {
                "kind": "rename_column",
                "table": "warehouse.billing.invoices",
                "column": "amount",
                "new": "amount_gross",
            }
        ]
    )
)
PAGES = (
    "",
    "?column=billing.invoices.amount",
    "?column=billing.invoices.amount&path=billing.invoices.amount>churn_scores.churn_score",
    "?column=billing.invoices.amuont",
    "?column=billing.invoices.amount&lens=transformation&group=schema",
    "?column=fct_invoices&lens=freshness&change=none",
    "map",
    "map?lens=freshness",
    "map?level=domain&node=finance",
    "impact",
    f"impact?changes={CHANGES}",
    f"impact?changes={CHANGES}&tab=Evidence",
    f"impact?changes={CHANGES}&tab=Plan",
    "impact?subject=fct_invoices",
    "changes?broken=churn_scores.churn_score",
    "changes?tab=Two+instants+compared",
    "catalog",
    "catalog?dataset=fct_revenue_monthly",
    "catalog?q=churn",
    "governance",
    "governance?tab=Owners+and+domains",
    "governance?tab=Contracts",
    "governance?tab=Unused",
    "health",
    "health?tab=Declared+and+derived",
    "health?tab=Runs",
    "health?tab=Freshness",
)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
RUN = """async () => {
  const found = await axe.run(document, { resultTypes: ["violations"] });
  return found.violations.filter(one => ["serious", "critical"].includes(one.impact))
    .map(one => [one.id, one.nodes.length, one.nodes[0].target.join(" "),
      one.nodes[0].html.slice(0, 160), one.nodes[0].failureSummary]);
}"""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_serious(
    morning: str, demo: str, browser: Browser, path: str, scheme: Literal["light", "dark"]
) -> None:
    context = browser.new_context(
        color_scheme=scheme, viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(f"{morning if path.startswith('changes') else demo}/{path}")
    page.get_by_test_id("stSidebarNav").wait_for()
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.wait_for_timeout(700)  # elements fade in, and what is half there has half the contrast
    assert len(page.get_by_test_id("stMain").inner_text()) > 40, "nothing is drawn yet"
    page.add_script_tag(path=AXE)
    found = page.evaluate(RUN)
    context.close()
    assert found == []


@pytest.mark.parametrize(
    ("path", "reached"),
    [
        ("", {"Column, table or question"}),
        ("?column=billing.invoices.amount", {"Column, table or question", "Zoom in", "Filter"}),
        ("map", {"Only names with", "About"}),
        ("impact", {"Column, table or change"}),
        (f"impact?changes={CHANGES}", {"And another change", "Verdicts"}),
        ("changes?broken=churn_scores.churn_score", {"What is wrong", "Seen at"}),
        ("catalog", {"Search names, descriptions, tags and owners"}),
        ("governance", {"Label", "Only those with", "Where labelled data flows"}),
        ("health", {"Only those with", "What was not understood"}),
    ],
)
def test_the_keyboard_gets_everywhere(
    demo: str, browser: Browser, path: str, reached: set[str]
) -> None:
    """Tab walks from the pages' list through what a page has, and is caught nowhere."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{demo}/{path}")
    page.get_by_test_id("stSidebarNav").wait_for()
    page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
    page.wait_for_timeout(1000)
    seen: list[str] = []
    for _ in range(150):
        page.keyboard.press("Tab")
        seen.append(str(page.evaluate(NAME)))
    context.close()
    assert "Health" in seen, "the list of pages"
    assert reached <= set(seen), seen


NAME = """() => {
  let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  if (!at) return "";
  const label = at.labels && at.labels[0] && at.labels[0].innerText;
  return (at.getAttribute("aria-label") || label || at.innerText || "").trim();
}"""


def test_whoever_wants_no_motion_gets_none(demo: str, browser: Browser) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{demo}/?column=billing.invoices.amount")
    page.locator("button.row.chosen").wait_for()
    moving = page.evaluate(
        """() => [...document.querySelectorAll("*")].filter(one => {
          const style = getComputedStyle(one);
          return parseFloat(style.animationDuration) > 0 || (style.transitionProperty !== "none" &&
            parseFloat(style.transitionDuration) > 0);
        }).length"""
    )
    context.close()
    assert moving == 0
