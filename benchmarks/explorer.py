"""Measures what a person at the explorer waits for, in a real browser.

    python -m benchmarks.explorer [FOLDER OF STRIPE]

Starts count from the start of the process to what is seen, in a window that is open and empty, of a
browser that has none of the explorer's files yet. Stripe's models are among the data sets that
CONTRIBUTING.md speaks of; without them that line is left out.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.start import events
from lineage.intake import ingest

ROOT = Path(__file__).parents[1]
COLUMN = "billing.invoices.amount"
RUNS = 5


@contextmanager
def served(*sources: str, **settings: str) -> Iterator[str]:
    """Serve the explorer on sources, on a port of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lineage", "explore", *sources, "--port", str(port),
               "--host", "127.0.0.1", "--headless"]  # fmt: skip
    process = subprocess.Popen(
        command,
        env={**os.environ, **settings},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(1200):
            try:
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=2)  # noqa: S310 - ours
                break
            except OSError:
                if process.poll() is not None:
                    msg = "the explorer ended"
                    raise RuntimeError(msg) from None
                time.sleep(0.05)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)


def main() -> None:
    """Print a line a wait, beside what it should be at most."""
    shared = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared")
    stripe = Path(sys.argv[1]) if len(sys.argv) > 1 else shared / "data" / "warehouses" / "stripe"
    chromium = shutil.which("chromium")
    if chromium is None:
        print("no chromium on the PATH; `make system` installs one")
        return
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        _told(
            "cold start to first picture, demo", [_cold_start(browser) for _ in range(RUNS)], 3000
        )
        _told("click to highlight, 1,000 rows", _clicks(browser, Path(folder)), 100)
        if stripe.is_dir():
            first, others = _what_ifs(browser, stripe)
            _told("what-if on stripe, the first", [first], 1000)
            _told("what-if on stripe, others", others, 1000)
        opened, searches = _hundred_thousand(browser, Path(folder))
        _told("100,000-column store opens", opened, 3000)
        _told("search in it, a key pressed to its options", searches, 200)
        browser.close()


def _told(what: str, times: list[float], bar: int) -> None:
    worst, middle = max(times), statistics.median(times)
    mark = "" if middle <= bar else "  MISSED"
    print(f"{what:>44}: {middle:7.0f} ms (worst {worst:.0f}, bar {bar:,}){mark}")


def _window(browser: Browser) -> Page:
    """Return an empty page of a new profile, with nothing kept."""
    page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
    page.set_default_timeout(120_000)
    return page


def _page(browser: Browser, url: str) -> Page:
    page = _window(browser)
    page.goto(url)
    return page


def _timed(act: Callable[[], object]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


def _cold_start(browser: Browser) -> float:
    page = _window(browser)
    started = time.perf_counter()
    with served(str(ROOT / "fixtures" / "demo")) as address:
        page.goto(f"{address}/?column={COLUMN}")
        page.locator("button.row.chosen").wait_for()
        waited = (time.perf_counter() - started) * 1000
        page.context.close()
    return waited


# From the press of a row to the frame that shows it lit.
_CLICK = """async (place) => {
  const root = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
    .map(r => r.querySelector('.canvas')).filter(Boolean)[0];
  const row = root.querySelectorAll('button.row')[place];
  const started = performance.now();
  row.click();
  await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
  if (!row.classList.contains('chosen')) throw new Error('not lit');
  return performance.now() - started;
}"""


def _clicks(browser: Browser, folder: Path) -> list[float]:
    file = folder / "thousand.ndjson"
    table = events(1_000, file).rpartition(".")[0]
    with served(str(file)) as address:
        page = _page(browser, f"{address}/?column={table}")
        page.locator("button.row").nth(999).wait_for()
        page.wait_for_timeout(1500)
        times = []
        for place in (5, 105, 505, 705, 905):
            times.append(float(page.evaluate(_CLICK, place)))
            page.wait_for_timeout(800)
        page.context.close()
    return times


def _what_ifs(browser: Browser, stripe: Path) -> tuple[float, list[float]]:
    """Return the wait for the first answer, which binds every statement, and for others."""
    columns = (
        "charge_data.amount",
        "customer_data.id",
        "invoice_data.status",
        "charge_data.created",
        "refund_data.amount",
    )
    times = []
    with served(str(stripe / "dbt")) as address:
        page = _page(browser, f"{address}/impact")
        for column in columns:
            box = page.get_by_placeholder("drop orders.amount")
            box.wait_for()
            page.wait_for_timeout(1000)
            box.fill(f"drop {column}")

            def asked() -> None:
                box.press("Enter")  # noqa: B023 - called before the loop goes on
                page.get_by_text("proved by binding").wait_for()

            times.append(_timed(asked))
            page.get_by_role("button", name="Remove").click()
            page.get_by_text("Everything downstream is bound again").wait_for()
        page.context.close()
    return times[0], times[1:]


_ANSWERED = "text => document.querySelector('.lineage-ask')?.__state?.answered === text"


def _hundred_thousand(browser: Browser, folder: Path) -> tuple[list[float], list[float]]:
    file, store = folder / "large.ndjson", str(folder / "large.db")
    events(100_000, file)
    ingest([file], store=store, reader="openlineage")
    opened: list[float] = []
    searches: list[float] = []
    for _ in range(3):
        page = _window(browser)
        started = time.perf_counter()
        with served("--store", store) as address:
            page.goto(address)
            page.get_by_text("People ask").wait_for()
            page.get_by_role("combobox").first.wait_for()
            opened.append((time.perf_counter() - started) * 1000)
            page.wait_for_timeout(2000)
            box = page.get_by_role("combobox").first
            for text in ("table_04", "column_07", "area_012.table_00311", "0499", "nothing at all"):
                box.fill("")
                page.wait_for_timeout(300)

                def typed(text: str = text) -> None:
                    box.fill(text)  # noqa: B023 - called before the loop goes on
                    page.wait_for_function(  # noqa: B023 - the same
                        _ANSWERED,
                        arg=text,
                    )

                searches.append(_timed(typed))
            page.context.close()
    return opened, searches


if __name__ == "__main__":
    main()
