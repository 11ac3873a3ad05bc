"""The canvas and the map in a browser: what is lit, what is marked, what the keys do."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Page

import lineage
from tests.app.explorer import Open
from tests.app.test_browser import COLUMN, edges_through, lit

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("group", ["schema", "owner"])
def test_lineage_drawn_together_is_counted_as_it_is(
    demo: str, page_of: Open, repository: Path, group: str
) -> None:
    estate = lineage.open(repository / "fixtures" / "demo")
    page = page_of(f"{demo}/?column={COLUMN}&group={group}")
    assert lit(page) == edges_through(estate, COLUMN)
    assert "1 column upstream, 60 downstream" in page.locator(".said").inner_text()


def test_nothing_covers_a_card(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column=marts.fct_invoices")
    page.locator(".card").first.wait_for()
    pane = page.locator(".pane").bounding_box()
    assert pane is not None
    for name in (".tools", ".mini", ".said"):
        box = page.locator(name).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= pane["y"] + 1, name


def test_the_edge_of_a_link_is_marked_and_its_star_is_seen(demo: str, page_of: Open) -> None:
    edge = "stg_billing__invoices.net_amount>int_invoices_in_eur.net_amount"
    page = page_of(f"{demo}/?column={COLUMN}&edge={edge}")
    lit(page)
    page.get_by_text("This edge").wait_for()
    assert page.locator("path.edge.picked").count() == 1
    mark = page.locator("pre mark").first
    assert mark.inner_text() == "invoices.*"
    inside, around = mark.bounding_box(), page.locator("pre").first.bounding_box()
    assert inside is not None
    assert around is not None
    assert around["y"] <= inside["y"] <= around["y"] + around["height"] - inside["height"]
    wide = page.locator("pre").first.evaluate("(pre) => pre.scrollWidth - pre.clientWidth")
    assert wide <= 0


def asked(page: Page, key: str) -> str:
    page.keyboard.press(key)
    page.wait_for_function("() => location.search.includes('edge=')")
    return unquote(page.url.rpartition("edge=")[2].partition("&")[0])


@pytest.mark.parametrize("key", ["e", "E", "Shift+e"])
def test_e_shows_an_edge_of_the_row_in_focus(demo: str, page_of: Open, key: str) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    page.locator("button.row.chosen").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert asked(page, key).endswith(">stg_billing__invoices.gross_amount")
    page.locator("path.edge.picked").wait_for(state="attached")


def test_e_shows_the_edge_that_was_walked(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    page.locator("button.row.chosen").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowLeft")
    assert asked(page, "e") == f"{COLUMN}>stg_billing__invoices.net_amount"


def test_the_keys_are_listed(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    keys = page.get_by_role("region", name="Keys")
    page.locator("button.row.chosen").focus()
    page.keyboard.press("?")
    keys.wait_for()
    assert "the SQL of the edge" in keys.inner_text()
    page.keyboard.press("Escape")
    keys.wait_for(state="hidden")
    assert lit(page) > 0
    page.get_by_role("button", name="Keys").click()
    keys.wait_for()


def test_signs_fade_with_their_edges(demo: str, page_of: Open) -> None:
    focus = "stg_billing__invoices.gross_amount"
    page = page_of(f"{demo}/?column={COLUMN}&lens=transformation&focus={focus}")
    lit(page)
    lines = page.locator("path.edge:not(.up):not(.down)").count()
    assert lines > 0
    page.locator("text.sign.faded").nth(lines - 1).wait_for(state="attached")
    opacity = "(sign) => getComputedStyle(sign).opacity"
    assert float(page.locator("text.sign.faded").first.evaluate(opacity)) < 0.2
    assert page.locator("text.sign.faded").count() == lines


def test_the_saved_picture_keeps_its_words_in_their_cards(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/?column={COLUMN}")
    lit(page)
    page.get_by_text("What breaks if you drop it").wait_for()
    with page.expect_download() as download:
        page.get_by_label("Save as SVG").click()
    picture = download.value.path().read_text(encoding="utf-8")
    assert "BLOCKED" in picture
    assert re.search("● amount<", picture)
    outside = page.evaluate(OUTSIDE, picture)
    assert outside == []


OUTSIDE = """(text) => {
  const box = document.createElement('div');
  box.innerHTML = text;
  document.body.append(box);
  const cards = [...box.querySelectorAll('rect[rx]')].map(one => one.getBBox());
  const out = [];
  for (const one of box.querySelectorAll('text')) {
    const a = one.getBBox();
    const own = cards.find(c => a.x + a.width > c.x && a.x < c.x + c.width && a.y > c.y && a.y < c.y + c.height);
    if (own && (a.x < own.x || a.x + a.width > own.x + own.width)) out.push(one.textContent);
  }
  box.remove();
  return out;
}"""  # noqa: E501


@pytest.mark.parametrize("level", ["dataset", "owner"])
def test_the_map_shows_every_node(demo: str, page_of: Open, level: str) -> None:
    page = page_of(f"{demo}/map?level={level}")
    page.locator(".network[data-drawn]").wait_for()
    assert page.locator(".network").evaluate(LOST) == []
    scale = "(root) => root.__net.getScale()"
    before = page.locator(".network").evaluate(scale)
    page.get_by_label("Zoom in").click()
    assert page.locator(".network").evaluate(scale) > before
    page.get_by_label("Show everything").click()
    assert page.locator(".network").evaluate(LOST) == []


LOST = """(root) => root.__net.body.nodeIndices.filter((id) => {
  const box = root.__net.getBoundingBox(id);
  const one = root.__net.canvasToDOM({ x: box.left, y: box.top });
  const other = root.__net.canvasToDOM({ x: box.right, y: box.bottom });
  return one.x < 0 || one.y < 0 || other.x > root.clientWidth || other.y > root.clientHeight;
})"""


def test_nothing_jumps_when_a_column_is_to_be_added(demo: str, page_of: Open) -> None:
    page = page_of(f"{demo}/impact?subject=billing.invoices")
    box = page.get_by_label("Column, table or change")
    page.get_by_label("Statement of").wait_for()
    before = box.bounding_box()
    page.get_by_role("combobox", name=re.compile("Change$")).click()
    page.get_by_role("option", name="Add a column").click()
    page.get_by_label("Its type").wait_for()
    after = box.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(before["y"] - after["y"]) <= 1
