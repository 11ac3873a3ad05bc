"""An editor for one statement: line numbers, colours, and a text area that any keyboard knows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
_MOUNT = st.components.v2.component(
    "lineage_editor",
    html='<div class="lineage-editor"></div>',
    css=(_HERE / "editor.css").read_text(encoding="utf-8"),
    js=(_HERE / "editor.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def editor(text: str, *, of: str, label: str) -> str:
    """Draw the editor on a text; return what it says now. A moment after a key it is told."""
    # A digest: Streamlit refuses a key with two underscores, which names of models have.
    key = f"editor {hashlib.sha256(of.encode()).hexdigest()[:12]}"
    _MOUNT(
        key=key,
        # A list: see app.ask.
        data=[{"text": text, "label": label}],
        default={"text": text},
        on_text_change=lambda: None,
    )
    said = st.session_state.get(key) or {}
    return str(said.get("text") or text)
