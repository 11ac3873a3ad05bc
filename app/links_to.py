"""Links from one page to another; nothing, where a page stands alone."""

from __future__ import annotations

import streamlit as st


def column(name: str, label: str | None = None) -> None:
    """Link to the lineage of a column or table."""
    _to("column", label or f"Lineage of {name}", {"column": name})


def _to(page: str, label: str, query: dict[str, str]) -> None:
    pages = st.session_state.get("pages")
    if pages and page in pages:
        st.page_link(pages[page], label=label, query_params=query)
    else:
        st.caption(label)
