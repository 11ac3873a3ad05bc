"""The explorer as a process of its own, for tests that drive it in a browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from benchmarks.explorer import served

Open = Callable[[str], Page]
__all__ = ["Open", "served"]
