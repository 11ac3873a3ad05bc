"""The explorer as people use it: in a real browser, offline, by mouse and by keyboard."""

from __future__ import annotations

import csv
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page

import lineage
from benchmarks.start import events
from lineage import DatasetId, FieldId
from tests.app.explorer import Open, served

pytestmark = pytest.mark.browser
COLUMN = "billing.invoices.amount"
BREAKS = "What breaks if you drop it: 1 breaks, 41 are blocked, of 45 judged"
XSS = "<img src=x onerror=alert(1)>"


def lit(page: Page) -> int:
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('*')].map(e => e.shadowRoot)"
        ".filter(Boolean).map(r => r.querySelector('.canvas')).filter(Boolean);"
        " return all.length && all[0].dataset.highlighted > 0 }"
    )
    return int(page.locator(".canvas").get_attribute("data-highlighted") or 0)


def ends(estate: lineage.Workspace, end: object) -> set[object]:
    """The columns that an end of an edge stands for."""
    return set(estate.columns(end)) if isinstance(end, DatasetId) else {end}


def edges_through(estate: lineage.Workspace, name: str, drawn: str | None = None) -> int:
    """How many pairs of columns have lineage on a way through a column.

    ``drawn`` is the column that the picture is about: only what is in its cone counts.
    """
    column = estate.resolve(name)
    pairs = set()
    for cone in (estate.upstream(column), estate.downstream(column)):
        members = {row.field for row in cone.reached} | {column}
        for edge in cone.edges:
            for one in members & ends(estate, edge.source):
                pairs |= {(one, other) for other in members & ends(estate, edge.target) - {one}}
    if drawn is not None:
        root = estate.resolve(drawn)
        shown: set[object] = {root}
        for cone in (estate.upstream(root), estate.downstream(root)):
            shown |= {row.field for row in cone.reached}
        pairs = {(one, other) for one, other in pairs if one in shown and other in shown}
    return len(pairs)


def test_a_click_highlights_what_the_engine_counts(
    demo: str, page_of: Open, repository: Path
) -> None:
    estate = lineage.open(repository / "fixtures" / "demo")
    page = page_of(f"{demo}/?column={COLUMN}")
    assert lit(page) == edges_through(estate, COLUMN)
    page.locator("button.row", has_text="net_amount").first.click()
    page.wait_for_url("**focus=*", timeout=5_000)
    assert lit(page) == edges_through(estate, "stg_billing__invoices.net_amount", COLUMN)


def test_a_link_shows_the_same_elsewhere_and_back_restores(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    before = lit(page)
    page.locator("button.row", has_text="net_amount").first.click()
    page.wait_for_url("**focus=*", timeout=5_000)
    count = lit(page)
    assert count != before
    other = page_of(page.url)
    assert lit(other) == count
    assert other.locator("button.row.chosen").inner_text().startswith("net_amount")
    page.go_back()
    page.wait_for_function("() => !location.search.includes('focus=')")
    page.locator(f".canvas[data-highlighted='{before}']").wait_for()
    page.go_forward()
    page.locator(f".canvas[data-highlighted='{count}']").wait_for()


def test_an_edge_shows_its_sql(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column=stg_billing__invoices.net_amount&direction=up&depth=1")
    lit(page)
    page.locator("path.edge").last.dispatch_event("click")
    page.wait_for_url("**edge=*", timeout=5_000)
    page.locator("pre mark").first.wait_for()
    assert "amount" in page.locator("pre").first.inner_text()
    assert page.get_by_text("derived").first.is_visible()


def test_search_click_verdict_link(demo: str, page_of: Open) -> None:
    """From the start page to the verdicts, and the link to somebody else."""
    page = page_of(demo)
    box = page.get_by_placeholder("Search: orders.amount, or a table")
    box.click()
    box.fill(COLUMN)
    page.get_by_role("option", name=COLUMN, exact=True).first.click()
    page.get_by_text(BREAKS).wait_for()
    page.wait_for_url("**column=*")
    other = page_of(page.url)
    other.get_by_text(BREAKS).wait_for()
    assert "BREAKS" in other.locator(".card .mark:not([hidden])").first.inner_text()


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("map", "drawn 57 of 57 datasets"),
        ("catalog", "57 listed"),
        ("health", "Statements understood"),
        ("governance", "Labelled columns"),
        ("changes", "What changed?"),
        ("impact", "Everything downstream is bound again"),
    ],
)
def test_every_page_draws_offline(demo: str, page_of: Open, path: str, text: str) -> None:
    page = page_of(f"{demo}/{path}")
    page.get_by_text(text).first.wait_for()
    assert page.locator("[data-testid='stException']").count() == 0
    if path == "map":
        page.locator(".network[data-drawn='57']").wait_for()


def test_by_keyboard_alone(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    root = page.locator("button.row.chosen")
    root.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_url("**focus=*", timeout=5_000)
    assert page.locator("button.row.chosen").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Escape")
    page.wait_for_function("() => !location.search.includes('focus=')")


@pytest.mark.parametrize("path", ["", f"?column={COLUMN}", "catalog", "changes"])
def test_a_slash_searches(demo: str, page_of: Open, path: str) -> None:
    page = page_of(f"{demo}/{path}")
    box = page.locator("[data-testid='stMain']").locator("[role='combobox'], input").first
    box.wait_for()
    page.wait_for_timeout(1000)  # the keys are listened to once the sidebar is there
    page.keyboard.press("/")
    assert page.evaluate("() => document.activeElement.tagName") == "INPUT"
    assert page.evaluate("() => document.activeElement.value.includes('/')") is False


def test_the_sql_of_an_edge_by_keyboard(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    page.locator("button.row.chosen").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("e")
    page.wait_for_url("**edge=*", timeout=5_000)
    page.locator("pre mark").first.wait_for()


def test_the_file_holds_what_the_page_says(demo: str, page_of: Open, repository: Path) -> None:
    estate = lineage.open(repository / "fixtures" / "demo")
    column = estate.resolve(COLUMN)
    assert isinstance(column, FieldId)
    change = lineage.ChangeSet((lineage.DropColumn(column.dataset.name, column.name),))
    found = estate.impact(change)
    affected = [
        verdict.relation
        for verdict in (*found.relations, *found.consumers)
        if verdict.status.value != "OK"
    ]
    page = page_of(f"{demo}/?column={COLUMN}")
    with page.expect_download() as download:
        page.get_by_test_id("stMain").get_by_test_id("stDownloadButton").get_by_role(
            "button"
        ).filter(has_text="CSV").click()
    rows = list(csv.DictReader(download.value.path().read_text(encoding="utf-8").splitlines()))
    assert sorted(row["what"] for row in rows) == sorted(affected)


def test_an_estate_of_5000_columns(tmp_path: Path, page_of: Open) -> None:
    """250 tables; the picture of one and all behind it holds everything, or says what it lacks."""
    file = tmp_path / "events.ndjson"
    column = events(5_000, file)
    estate = lineage.open(file)
    with served(str(file)) as address:
        page = page_of(f"{address}/?column={column}")
        assert lit(page) == edges_through(estate, column) == 249
        page.get_by_text("drawn 249 of 249 edges").wait_for()
        page.get_by_text("What breaks if you drop it").wait_for()
        assert page.locator(".card").count() == 250
        page.goto(f"{address}/?column={column.rpartition('.')[0]}")
        page.get_by_text("drawn 2,980 of 4,980 edges · hidden: 2,000 edges").wait_for()
        assert page.locator("button.row").count() == 3_000


def test_an_estate_of_20000_columns(tmp_path: Path, page_of: Open) -> None:
    """1,000 tables are more than a picture holds: schemas are drawn, which the page says."""
    file = tmp_path / "events.ndjson"
    column = events(20_000, file)
    with served(str(file)) as address:
        page = page_of(f"{address}/?column={column}")
        page.get_by_text(
            "drawn 0 of 999 edges · folded by schema: 999 edges, 999 tables"
        ).wait_for()
        page.locator(".card.fold").nth(39).wait_for()
        assert page.locator(".card").count() == 41
        # A schema opens into its tables.
        page.locator(".card.fold button.head").first.focus()
        page.keyboard.press("Enter")
        page.get_by_text(re.compile(r"edges, 97[45] tables")).wait_for()
        page.locator(".card").nth(50).wait_for(state="attached")
        page.goto(f"{address}/map")
        page.get_by_text("1,000 datasets are too many to draw one by one").wait_for()
        page.locator(".network[data-drawn]").wait_for()


def test_the_exported_page_draws_alone(tmp_path: Path, page_of: Open, repository: Path) -> None:
    file = tmp_path / "lineage.html"
    text = "".join(lineage.export(lineage.open(repository / "fixtures" / "demo"), "html"))
    file.write_text(text, encoding="utf-8")
    page = page_of(file.as_uri())
    page.locator("canvas").first.wait_for()


def test_a_rerun_leaves_the_zoom_alone(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    page.get_by_label("Zoom out").click()
    moved = page.locator(".world").get_attribute("style")
    page.get_by_placeholder("part of a name, owner or reason").fill("churn")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    assert page.locator(".world").get_attribute("style") == moved


def test_a_name_is_text_whatever_it_says(tmp_path: Path, page_of: Open) -> None:
    facet = {
        "fields": {XSS: {"inputFields": [{"namespace": "n", "name": f"s.{XSS}", "field": XSS}]}}
    }
    event = {
        "eventType": "COMPLETE",
        "eventTime": "2026-01-01T00:00:00Z",
        "run": {"runId": "3f5e83fa-3480-44ff-99c5-ff943904e5e8"},
        "job": {"namespace": "j", "name": XSS},
        "inputs": [{"namespace": "n", "name": f"s.{XSS}"}],
        "outputs": [{"namespace": "n", "name": "s.t", "facets": {"columnLineage": facet}}],
    }
    (tmp_path / "e.ndjson").write_text(json.dumps(event))
    with served(str(tmp_path / "e.ndjson")) as address:
        page = page_of(f"{address}/?column={quote(f't.{XSS}')}")
        alerts: list[str] = []
        page.on("dialog", lambda dialog: alerts.append(dialog.message))
        page.locator("button.row").first.wait_for()
        assert page.locator("button.row .name").first.inner_text().strip("●◂▸ ") == XSS
        for path in ("map", "catalog", "health"):
            page.goto(f"{address}/{path}")
            page.wait_for_timeout(800)
        assert alerts == []
        assert page.locator("img[src='x']").count() == 0


def test_text_can_be_read(demo: str, browser: Browser) -> None:
    """Contrast of the canvas is 4.5:1 at least, in light and dark (WCAG 2.1, 1.4.3)."""
    schemes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    for scheme in schemes:
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{demo}/?column={COLUMN}")
        page.locator("button.row.chosen").wait_for()
        low = page.evaluate(CONTRAST)
        context.close()
        assert low == [], scheme


CONTRAST = """() => {
  const canvas = [...document.querySelectorAll('*')].map(e => e.shadowRoot).filter(Boolean)
    .map(r => r.querySelector('.canvas')).filter(Boolean)[0];
  const box = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = (text) => { box.clearRect(0,0,1,1); box.fillStyle = text; box.fillRect(0,0,1,1);
    const d = box.getImageData(0,0,1,1).data; return [d[0], d[1], d[2], d[3] / 255]; };
  const light = ([r,g,b]) => { const f = (v) => { v /= 255; return v <= .03928 ? v/12.92 : ((v+.055)/1.055)**2.4; };
    return .2126*f(r)+.7152*f(g)+.0722*f(b); };
  const ground = (el) => { for (; el; el = el.parentElement) {
    const c = rgba(getComputedStyle(el).backgroundColor); if (c[3] > .9) return c; } return [255,255,255,1]; };
  const low = [];
  for (const el of [...canvas.querySelectorAll('.title,.sub,.name,.type,.more,.said,.mark'),
      ...document.querySelectorAll('[data-testid="stCaptionContainer"] p, button[data-selected] p')]) {
    const a = light(rgba(getComputedStyle(el).color)), b = light(ground(el));
    const ratio = (Math.max(a,b)+.05)/(Math.min(a,b)+.05);
    if (ratio < 4.5) low.push([el.className, ratio.toFixed(2)]);
  }
  return low.slice(0, 5);
}"""  # noqa: E501


def test_a_statement_is_edited_and_judged_live(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/impact?subject=stg_billing__invoices")
    area = page.get_by_label("Statement of warehouse.staging.stg_billing__invoices")
    area.wait_for()
    area.fill("select 1 as invoice_id")
    page.get_by_label("Patch").get_by_text("+select 1 as invoice_id").wait_for()
    page.get_by_text("With this:").wait_for()
    assert "break" in page.get_by_text("With this:").inner_text()
    page.get_by_role("button", name="Judge").click()
    page.get_by_text("Change 1: edit").wait_for()
    assert "edit" in page.url
    # Tab indents; Escape, then Tab, leaves.
    page.goto(f"{demo}/impact?subject=stg_billing__invoices")
    area.wait_for()
    area.focus()
    page.keyboard.press("Tab")
    assert area.input_value().count("    ") > 0
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.tagName") != "TEXTAREA"


def test_a_server_is_explored(page_of: Open, repository: Path) -> None:
    """What `lineage serve` holds is drawn without the files that it came from."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "lineage", "serve", str(repository / "fixtures" / "demo")]
    with subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(240):
                with suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
                    break
                time.sleep(0.25)
            with served("--server", f"http://127.0.0.1:{port}") as address:
                page = page_of(f"{address}/?column={COLUMN}")
                page.get_by_text("drawn 71 of 71 edges").wait_for()
                page.get_by_text(BREAKS).wait_for()
        finally:
            server.terminate()


def test_a_long_reading_is_told_and_can_be_stopped(tmp_path: Path, page_of: Open) -> None:
    """A pipe that nobody writes into takes for ever to read."""
    slow = tmp_path / "slow.sql"
    os.mkfifo(slow)
    with served(str(slow)) as address:
        page = page_of(f"{address}/?column=a.b")
        page.get_by_text("Reading the estate").wait_for()
        page.get_by_text(re.compile(r"… [1-9]\d* s")).wait_for()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Reading was stopped.").wait_for()
        page.get_by_role("button", name="Read it again").click()
        page.get_by_text("Reading the estate").wait_for()
        # Other pages wait in the same way, and hang no more than this one.
        page.get_by_role("link", name="Health").click()
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Reading was stopped.").wait_for()
