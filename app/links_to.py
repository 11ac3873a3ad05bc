"""Links from one page to another; nothing, where a page stands alone."""

from __future__ import annotations

import json

import streamlit as st

import lineage
from app.question import Place
from lineage import FieldId


def column(name: str, label: str | None = None) -> None:
    """Link to the lineage of a column or table."""
    _to("column", label or f"Lineage of {name}", {"column": name})


def impact(subject: lineage.FieldId | lineage.DatasetId, kind: str, label: str) -> None:
    """Link to what breaks when a column or table is dropped."""
    record = {"kind": kind, "table": subject.name}
    if isinstance(subject, FieldId):
        record = {"kind": kind, "table": subject.dataset.name, "column": subject.name}
    _to("impact", label, {"changes": json.dumps([record], separators=(",", ":"))})


def changes(name: str, label: str) -> None:
    """Link to what changed upstream of a column or table."""
    _to("changes", label, {"broken": name})


def catalog(name: str, label: str) -> None:
    """Link to a dataset in the catalog."""
    _to("catalog", label, {"dataset": name})


def page(name: str, label: str, **query: str) -> None:
    """Link to a page as it is with such an address."""
    _to(name, label, query)


def go(place: Place) -> None:
    """Go to where a question is answered; the page at hand ends."""
    pages = st.session_state.get("pages") or {}
    if place.page in pages:
        st.switch_page(pages[place.page], query_params=place.query)


def _to(page: str, label: str, query: dict[str, str]) -> None:
    pages = st.session_state.get("pages")
    if pages and page in pages:
        st.page_link(pages[page], label=label, query_params=query)
    else:
        st.caption(label)
