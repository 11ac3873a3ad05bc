"""The exported page: whole, offline, and drawn by a real browser."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]


def test_it_links_to_nothing(run: Run, shop: str) -> None:
    page = run("export", shop, "--format", "html").stdout
    assert page.startswith("<!doctype html>")
    assert not re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)\s*=", page)
    assert "default-src 'none'" in page
    assert "revenue-changes" in page
    assert "5 datasets, 6 column edges" in page


@pytest.mark.browser
def test_a_browser_draws_it_offline(run: Run, shop: str, tmp_path: Path, chromium: str) -> None:
    page = tmp_path / "page.html"
    assert run("export", shop, "--format", "html", "-o", str(page)).exit_code == 0
    text = page.read_text()
    # What a person would do: choose a dataset. The rest of the test reads what that shows.
    asked = "<script>setTimeout(() => { show(2); document.title = 'done'; }, 300)</script></html>"
    page.write_text(text.replace("</html>", asked))
    found = subprocess.run(
        [
            chromium,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--virtual-time-budget=3000",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    drawn = found.stdout
    assert "<title>done</title>" in drawn
    assert re.search(r"<canvas[^>]+width", drawn)
    assert "What we earn, &lt;b&gt;by customer&lt;/b&gt;" in drawn or "Columns</h3>" in drawn
