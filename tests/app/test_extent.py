"""What is left out is told with the reason, and a file holds just what is drawn."""

from __future__ import annotations

import csv
import json
import os
import re
import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

import lineage
from app import extent, moments
from app.scene import scene
from lineage import FieldId
from tests.app.test_pages import opened, said

COLUMN = "billing.invoices.amount"
PATH = f"{COLUMN}>churn_scores.churn_score"


@pytest.fixture
def demo(repository: Path, monkeypatch: pytest.MonkeyPatch) -> lineage.Workspace:
    folder = repository / "fixtures" / "demo"
    monkeypatch.setenv("LINEAGE_SOURCES", str(folder))
    return lineage.open(folder)


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ({}, "drawn 71 of 71 edges · solid"),
        ({"depth": "1"}, "drawn 3 of 71 edges, 3 of 17 tables · beyond depth 1: 68 edges"),
        ({"direct": "1"}, "drawn 42 of 71 edges, 17 of 17 tables · without values: 29 edges"),
        (
            {"path": PATH},
            "drawn 13 of 71 edges, 8 of 17 tables · not on the path: 58 edges, 9 tables",
        ),
        ({"direction": "up", "depth": "1"}, "drawn 1 of 1 edge, 2 of 2 tables · solid"),
    ],
)
@pytest.mark.usefixtures("demo")
def test_what_is_left_out_is_told(query: dict[str, str], told: str) -> None:
    assert told in said(opened("column", column=COLUMN, **query))


@pytest.mark.parametrize(
    ("direction", "depth", "direct", "path"),
    [
        ("both", None, False, False),
        ("up", 1, False, False),
        ("down", 2, True, False),
        ("both", None, False, True),
    ],
)
def test_a_file_holds_what_is_drawn(
    demo: lineage.Workspace, direction: str, depth: int | None, *, direct: bool, path: bool
) -> None:
    root = demo.resolve(COLUMN)
    assert isinstance(root, FieldId)
    only = frozenset({row.field for row in demo.upstream(root).reached} | {root}) if path else None
    drawn = scene(demo, root, direction=direction, depth=depth, direct=direct, only=only)
    edges = extent.edges(demo, extent.Wanted(root, direction, depth, direct, only))

    def text(form: str) -> str:
        return "".join(lineage.export(demo, form, edges=edges))

    counts = {
        "csv": len(list(csv.reader(text("csv").splitlines()))) - 1,
        "json": len(json.loads(text("json"))["edges"]),
        "mermaid": sum(int(number) for number in re.findall(r"\|(\d+)\|", text("mermaid"))),
        "html": int(re.findall(r"(\d+) column edge", text("html"))[0]),
    }
    assert counts == dict.fromkeys(counts, drawn.drawn_edges)


def test_an_earlier_instant_is_shown_and_says_why_nothing_breaks(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("demo", "demo_after_dusk")
    sources = os.pathsep.join(str(repository / "fixtures" / name) for name in both)
    monkeypatch.setenv("LINEAGE_SOURCES", sources)
    page = opened("column", column="public.invoices")
    slider = page.select_slider[0]
    now = counted(page)
    assert slider.options[-1].endswith(" UTC")
    found = lineage.open(*(repository / "fixtures" / name for name in both))
    stops = moments.offered(moments.of(found))
    slider.set_value(stops[0]).run()
    assert not page.exception
    assert stops[0].isoformat() in str(page.query_params["asof"])
    assert "What breaks is not told here" in said(page)
    assert counted(page) != now


def counted(page: AppTest) -> str:
    return next(text for text in said(page).splitlines() if text.startswith("drawn "))


@pytest.mark.usefixtures("demo")
def test_the_filter_is_in_the_address_and_the_heading_counts() -> None:
    page = opened("column", column=COLUMN, filter="churn")
    until = time.monotonic() + 60
    while "judged" not in said(page) and time.monotonic() < until:
        page.run()
    assert re.search(r"of 45 judged · \d+ of 42 listed", said(page))
    assert next(one.value for one in page.text_input if one.label == "Filter") == "churn"


@pytest.mark.usefixtures("demo")
def test_a_map_of_some_names_says_of_how_many() -> None:
    page = opened("network", **{"with": "stg_"})
    assert re.search(r"drawn \d+ of 57 datasets · \d+ without “stg_” in the name", said(page))


def test_what_changed_is_counted_in_plain_words(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = ("demo", "demo_after_dusk")
    sources = os.pathsep.join(str(repository / "fixtures" / name) for name in both)
    monkeypatch.setenv("LINEAGE_SOURCES", sources)
    page = opened("changes", tab="Two instants compared")
    found = [
        text for text in said(page).splitlines() if re.search(r"\d+ \w+.* (added|removed)", text)
    ]
    assert found
    for number, noun in re.findall(r"([\d,]+) ([a-z ]+?) (?:added|removed|changed)", found[0]):
        assert noun.endswith("s") == (number != "1")
