"""Pictures of every page of the explorer, light and dark, narrow and wide, into docs/screenshots.

The README shows the best of them; all are kept out of the repository but those (see .gitignore).
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

from benchmarks.explorer import served

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
CHANGE = json.dumps(
    [{"kind": "rename_column", "table": "warehouse.billing.invoices", "column": "amount",
      "new": "amount_gross"}]
)  # fmt: skip
PAGES = {
    "start": "",
    "column": "?column=billing.invoices.amount",
    "path": "?column=billing.invoices.amount&path=billing.invoices.amount>churn_scores.churn_score",
    "map": "map",
    "impact": f"impact?changes={quote(CHANGE)}",
    "plan": f"impact?changes={quote(CHANGE)}&tab=Plan",
    "changes": "changes?broken=churn_scores.churn_score",
    "diff": "changes?tab=Two instants compared",
    "catalog": "catalog?dataset=fct_revenue_monthly",
    "governance": "governance?tag=pii",
    "scorecard": "governance?tab=Owners and domains",
    "health": "health",
    "runs": "health?tab=Runs",
    "freshness": "health?tab=Freshness",
}
MORNING = {"changes", "diff", "runs", "freshness"}
"""Pages that tell of the morning after: pictured on what was sent by then."""
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 1920)


def main() -> None:
    """Start the explorer on the demo estate and picture it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (
        served(str(ROOT / "fixtures" / "demo"), str(ROOT / "fixtures" / "demo_after_dusk")) as (
            morning
        ),
        served(str(ROOT / "fixtures" / "demo")) as demo,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for name, path in PAGES.items():
            _picture(browser, f"{morning if name in MORNING else demo}/{path}", name)
        browser.close()


def _picture(browser: Browser, url: str, name: str) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(url)
            page.get_by_test_id("stSidebarNav").wait_for()
            page.locator("[data-testid='stApp'][data-test-script-state='notRunning']").wait_for()
            page.wait_for_timeout(3500)
            size = "" if width == WIDTHS[0] else f"-{width}"
            page.screenshot(path=FOLDER / f"{name}-{scheme}{size}.png")
            context.close()
            print(f"{name}-{scheme}{size}.png")


if __name__ == "__main__":
    main()
