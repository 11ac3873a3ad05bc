"""A browser that reaches nothing but localhost, and explorers to look at with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.app.explorer import Open, served


@pytest.fixture(autouse=True)
def own_main(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit puts the page in the place of ``__main__``, which a process that is spawned by
    another test would then run.
    """
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def demo(repository: Path) -> Iterator[str]:
    with served(str(repository / "fixtures" / "demo")) as address:
        yield address


@pytest.fixture
def page_of(browser: Browser) -> Iterator[Open]:
    """Opens pages in a browser of their own that reaches nothing but localhost."""
    contexts = []
    outside: list[str] = []

    def keep_inside(route: Route) -> None:
        if "127.0.0.1" in route.request.url or route.request.url.startswith(
            ("data:", "blob:", "file:")
        ):
            route.continue_()
        else:
            outside.append(route.request.url)  # left hanging, as a network that swallows it would

    def start(url: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        context.route("**/*", keep_inside)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert outside == []


@pytest.fixture(scope="module")
def morning(repository: Path) -> Iterator[str]:
    """The demo estate the next morning: after what happened at dusk."""
    fixtures = repository / "fixtures"
    with served(str(fixtures / "demo"), str(fixtures / "demo_after_dusk")) as address:
        yield address
