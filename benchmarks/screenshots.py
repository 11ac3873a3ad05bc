"""Pictures of every page of the explorer, light and dark, narrow and wide, into docs/screenshots.

The README shows the best of them; all are kept out of the repository but those (see .gitignore).
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "screenshots"
CHANGE = json.dumps(
    [{"kind": "rename_column", "table": "warehouse.billing.invoices", "column": "amount",
      "new": "amount_gross"}]
)  # fmt: skip
PAGES = {
    "column": "?column=billing.invoices.amount",
    "map": "map",
    "impact": f"impact?changes={quote(CHANGE)}",
    "changes": "changes?broken=churn_scores.churn_score",
    "catalog": "catalog?dataset=fct_revenue_monthly",
    "governance": "governance?tag=pii",
    "health": "health",
}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
WIDTHS = (1280, 1920)


def main() -> None:
    """Start the explorer on the demo estate and picture it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lineage", "explore", str(ROOT / "fixtures" / "demo"),
               "--port", str(port), "--host", "127.0.0.1", "--headless"]  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as server:
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health")
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=shutil.which("chromium"), args=["--no-sandbox"]
                )
                for name, path in PAGES.items():
                    _picture(browser, f"http://127.0.0.1:{port}/{path}", name)
                browser.close()
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def _picture(browser: Browser, url: str, name: str) -> None:
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page = context.new_page()
            page.goto(url)
            page.locator(
                "[data-testid='stMain'] [data-testid='stElementContainer']"
            ).first.wait_for()
            page.wait_for_timeout(3500)
            size = "" if width == WIDTHS[0] else f"-{width}"
            page.screenshot(path=FOLDER / f"{name}-{scheme}{size}.png")
            context.close()
            print(f"{name}-{scheme}{size}.png")


def _wait(url: str) -> None:
    for _ in range(240):
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.25)


if __name__ == "__main__":
    main()
