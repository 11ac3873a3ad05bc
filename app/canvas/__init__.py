"""The canvas: cards of columns and the edges between them, drawn in the browser.

A component of Streamlit's second generation, given as text, so that it needs no packaging. It is
not a sandbox: every name goes into the page as text, never as HTML.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from app.lens import Painting
from app.scene import WIDTH, Scene

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "lineage_canvas",
    html='<div class="canvas"></div>',
    css=(_HERE / "canvas.css").read_text(encoding="utf-8"),
    js=(_HERE / "canvas.js").read_text(encoding="utf-8"),
)

_KEYS = st.components.v2.component(
    "lineage_keys", html="", js=(_HERE / "keys.js").read_text(encoding="utf-8")
)


BAR = 44
LOW, HIGH = 300, 456
"""A few cards need no tall canvas; many are panned, so that the verdicts below stay in view."""


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def keys() -> None:
    """Listen for the keys that work on every page."""
    _KEYS(key="keys", height=1)


def canvas(  # noqa: PLR0913 - a picture, how it is painted, and what is in focus
    scene: Scene,
    painting: Painting,
    *,
    key: str,
    focus: int,
    picked: int = -1,
    marks: Mapping[int, str],
    on_change: Callable[[], None],
) -> None:
    """Draw a scene. What is clicked is in ``st.session_state[key]``: focus, edge, toggle, pair.

    ``marks`` are words on the cards, by their numbers; ``picked`` is the line whose SQL is shown.
    """
    lowest = max((_number(card["y"]) + _number(card["h"]) for card in scene.cards), default=0)
    height = max(LOW, min(HIGH, lowest + BAR + 42))
    painted = {
        "cards": {number: value.tone for number, value in painting.cards.items()},
        "lines": {n: [value.tone, value.sign] for n, value in painting.lines.items()},
        "rows": {n: [value.tone, value.sign] for n, value in painting.rows.items()},
        "marks": dict(marks),
    }
    _MOUNT(
        key=key,
        # A list: in a mapping Streamlit looks for data frames, and imports pandas to do so.
        data=[
            {
                "version": scene.version,
                "paint": painted,
                "painted": hashlib.sha256(json.dumps(painted).encode()).hexdigest()[:16],
                "cards": scene.cards,
                "edges": [list(edge) for edge in scene.edges],
                "cone": scene.cone,
                "tables": scene.tables,
                "total": scene.total_edges,
                "root": scene.root,
                "home": scene.home,
                "focus": focus,
                "picked": picked,
                "width": WIDTH,
                "height": height,
            }
        ],
        on_focus_change=on_change,
        on_edge_change=on_change,
        on_toggle_change=on_change,
        on_pair_change=on_change,
        height=height,
    )
