"""The box that finds things as one types, and understands a few questions (see `app.question`).

Each key press runs the fragment that holds the box, not the page: what is drawn below stays, and an
estate of a hundred thousand columns answers as fast as a small one. Streamlit's own selectbox
sends every option to the browser first.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

import lineage
from app import opened, question

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "lineage_ask",
    html='<div class="lineage-ask"></div>',
    css=(_HERE / "ask.css").read_text(encoding="utf-8"),
    js=(_HERE / "ask.js").read_text(encoding="utf-8"),
    # In the page itself: names and states of a combobox reach across no shadow root.
    isolate_styles=False,
)
LISTED = 12
"""Options that are shown at once."""

Chosen = Callable[[str], None]


@st.fragment
def ask(  # noqa: PLR0913 - a box has a name, a value, a hint
    estate: lineage.Workspace,
    chosen: Chosen,
    *,
    key: str,
    label: str,
    value: str = "",
    hint: str = "",
    only: tuple[str, ...] = ("column", "dataset"),
) -> None:
    """Draw the box. ``chosen`` is told what was chosen or written; the page runs after it.

    ``only`` are the kinds of thing that are offered.
    """
    said = st.session_state.get(key) or {}
    text = str(said.get("text") or "")
    found = _MOUNT(
        key=key,
        # A list: in a mapping Streamlit looks for data frames, and imports pandas to do so.
        data=[
            {
                "label": label,
                "value": value,
                "hint": hint,
                "for": text,
                "options": question.completions(estate, text, only, LISTED)
                if text and opened.is_searchable()
                else [],
            }
        ],
        default={"text": ""},
        on_text_change=lambda: None,
        on_chosen_change=lambda: None,
    )
    written = found.get("chosen")
    if written is not None:
        chosen(str(written))
        st.rerun()
