"""Each page by itself: it draws, says what there is, and survives what does not exist."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

PAGES = ("catalog", "changes", "column", "governance", "health", "impact", "network")


def script(page: str) -> str:
    return f"from app.views import {page}\n{page}.show()\n"


@pytest.fixture
def demo(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_SOURCES", str(repository / "fixtures" / "demo"))


def opened(page: str, **query: str) -> AppTest:
    found = AppTest.from_string(script(page), default_timeout=60)
    for name, value in query.items():
        found.query_params[name] = value
    found.run()
    assert not found.exception
    return found


def said(page: AppTest) -> str:
    parts = (*page.markdown, *page.caption, *page.subheader, *page.title, *page.warning,
             *page.info, *page.success, *page.error, *page.text)  # fmt: skip
    return "\n".join(str(part.value) for part in parts)


def htmls(page: AppTest) -> str:
    return "\n".join(str(getattr(one, "value", "")) for one in page.get("html"))


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("page", PAGES)
def test_a_page_draws(page: str) -> None:
    opened(page)


@pytest.mark.usefixtures("demo")
def test_a_column_says_what_breaks() -> None:
    page = opened("column", column="billing.invoices.amount", change="rename")
    assert "What breaks if you rename it: 1 breaks, 41 are blocked, of 45 judged" in said(page)
    assert "Broken or blocked: 60 columns in 16 tables · 15 tests" in said(page)
    assert "drawn 71 of 71 edges" in said(page)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize(
    ("lens", "legend"),
    [
        ("verdict", "✖ BREAKS"),
        ("freshness", "behind what it reads"),
        ("owner", "finance-data@acme.example"),
        ("tags", "# nightly"),
        ("tests", "○ no tests"),
        ("transformation", "Σ aggregation"),
        ("basis", "S derived from SQL"),
    ],
)
def test_a_lens_has_a_legend_with_words(lens: str, legend: str) -> None:
    page = opened("column", column="billing.invoices.amount", lens=lens)
    assert legend in htmls(page)


@pytest.mark.usefixtures("demo")
def test_lineage_as_it_was(monkeypatch: pytest.MonkeyPatch, repository: Path) -> None:
    both = ("demo", "demo_after_dusk")
    sources = os.pathsep.join(str(repository / "fixtures" / name) for name in both)
    monkeypatch.setenv("LINEAGE_SOURCES", sources)
    then = "2026-11-16T02:52:00+00:00"
    page = opened("column", column="billing.invoices.amount", asof=then)
    assert "drawn 71 of 71 edges" in said(page)
    page = opened("column", column="billing.invoices.amount", asof=then, compare="1")
    assert "- removed" in htmls(page)


@pytest.mark.usefixtures("demo")
def test_an_unknown_column_gets_suggestions() -> None:
    page = opened("column", column="billing.invoices.amuont")
    assert "did you mean" in said(page)
    assert any("billing.invoices.amount" in button.label for button in page.button)


@pytest.mark.usefixtures("demo")
def test_a_change_in_the_address_is_judged() -> None:
    change = '[{"kind":"drop_column","table":"billing.invoices","column":"amount"}]'
    page = opened("impact", changes=change, tab="Evidence")
    assert "1 breaks, 41 are blocked by what breaks." in said(page)
    assert "stg_billing__invoices.sql:17:9" in said(page)


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("changes", ["nonsense", "[1]", '[{"kind":"drop_column"}]'])
def test_a_broken_address_is_no_crash(changes: str) -> None:
    opened("impact", changes=changes)


@pytest.mark.usefixtures("demo")
def test_who_broke_it() -> None:
    page = opened("changes", broken="churn_scores.churn_score")
    assert "columns in" in said(page)


@pytest.mark.usefixtures("demo")
def test_where_labelled_data_flows() -> None:
    page = opened("governance", tag="pii")
    assert next(metric.value for metric in page.metric) == "25"


def test_the_first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAGE_SOURCES", raising=False)
    monkeypatch.delenv("LINEAGE_STORE", raising=False)
    page = opened("column")
    assert "There is nothing to show yet." in said(page)


def test_what_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINEAGE_SOURCES", str(tmp_path / "missing"))
    page = opened("column")
    assert "no such file or folder" in said(page)


def test_the_demo_is_one_click_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAGE_SOURCES", raising=False)
    monkeypatch.delenv("LINEAGE_STORE", raising=False)
    page = opened("column")
    next(one for one in page.button if one.label == "Open the demo estate").click().run()
    assert not page.exception
    assert "57 datasets" in said(page)


def test_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("LINEAGE_SOURCES", raising=False)
    monkeypatch.delenv("LINEAGE_STORE", raising=False)
    (tmp_path / "one.sql").write_text("create view v as select a from t;")
    page = opened("column")
    page.text_input[0].input(str(tmp_path))
    next(one for one in page.button if one.label == "Open").click().run()
    assert not page.exception
    assert "1 job · 1 edge" in said(page)
