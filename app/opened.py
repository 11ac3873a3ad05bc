"""The estate that the explorer was started on, opened once for everybody."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import streamlit as st

import lineage

DEMO = "fixtures/demo"


@st.cache_resource(show_spinner="Reading the estate …")
def _open(
    sources: tuple[str, ...], store: str | None, dialect: str | None, namespace: str | None
) -> lineage.Workspace:
    found = lineage.open(*sources, store=store, dialect=dialect, namespace=namespace)
    _ = found.snapshot
    return found


@st.cache_data(show_spinner=False, max_entries=4)
def _labels(_estate: lineage.Workspace, key: str) -> list[str]:
    del key
    return [_estate.label(column) for column in _estate.columns()]


def source() -> tuple[tuple[str, ...], str | None]:
    """Return what was asked for: on the command line, or on the first-run page."""
    chosen = st.session_state.get("source")
    if chosen:
        return ((chosen,), None) if not _is_store(chosen) else ((), chosen)
    given = os.environ.get("LINEAGE_SOURCES", "")
    return tuple(filter(None, given.split(os.pathsep))), os.environ.get("LINEAGE_STORE") or None


def estate() -> lineage.Workspace:
    """Return the estate, or draw the page that asks for one and stop."""
    sources, store = source()
    if not sources and store is None and not Path(".lineage", "store.db").exists():
        _first_run("There is nothing to show yet.")
    try:
        found = _open(
            sources,
            store,
            os.environ.get("LINEAGE_DIALECT") or None,
            os.environ.get("LINEAGE_NAMESPACE") or None,
        )
    except (lineage.LineageError, OSError) as error:
        _first_run(f"This could not be read: {error}")
    if not found.snapshot.datasets:
        _first_run("It was read, and nothing was found in it.")
    return found


def at(found: lineage.Workspace, instant: datetime) -> lineage.Workspace:
    """Return the estate as it was; a few are kept, since reading one may take long."""
    return _at(found, repr((source(), id(found))), instant)


@st.cache_resource(show_spinner=False, max_entries=6)
def _at(_found: lineage.Workspace, key: str, instant: datetime) -> lineage.Workspace:
    del key
    then = _found.at(instant)
    _ = then.snapshot
    return then


def labels(found: lineage.Workspace) -> list[str]:
    """Return the names of all columns, in order."""
    sources, store = source()
    return _labels(found, repr((sources, store, id(found))))


def _first_run(reason: str) -> None:
    st.title("What breaks if you change it?")
    st.info(reason)
    st.write(
        "Name a folder of SQL, a dbt project or its target folder, OpenLineage events, or a store."
    )
    with st.form("first run"):
        path = st.text_input("Folder, file or store", placeholder="models/ or .lineage/store.db")
        if st.form_submit_button("Open") and path:
            _choose(path)
    if Path(DEMO).is_dir() and st.button("Open the demo estate"):
        _choose(DEMO)
    st.stop()


def _choose(path: str) -> None:
    st.session_state["source"] = path
    st.rerun()


def _is_store(text: str) -> bool:
    return "://" in text or text.endswith(".db")
