"""The estate that the explorer was started on, opened once for everybody."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import streamlit as st

import lineage
from app.load import Load, NotReadError, Step, Wanted, forget, given, load

DEMO = Path(__file__).parents[1] / "fixtures" / "demo"
"""The estate that a checkout brings along."""
PATIENCE = 0.4
"""Seconds until a page says that it waits: what is over by then would only flicker."""


def wanted() -> Wanted:
    """Return what was asked for: on the first-run page, or on the command line."""
    named = given()
    chosen = st.session_state.get("source")
    if not chosen:
        return named
    if _is_store(chosen):
        return replace(named, sources=(), store=chosen)
    return replace(named, sources=(chosen,), store=None)


def estate(step: Step = Step.READ) -> lineage.Workspace:
    """Return the estate when it is read so far, or draw the page that asks for one and stop."""
    asked = wanted()
    if not asked.exists():
        _first_run("There is nothing to show yet.")
    if st.session_state.get("stopped") == repr(asked):
        if st.button("Read it again"):
            st.session_state.pop("stopped")
            st.rerun()
        _first_run("Reading was stopped.")
    try:
        found = load(asked)
        _wait(found, step)
        if found.error is not None:
            forget(asked)
            raise found.error
    except (lineage.LineageError, NotReadError, OSError) as error:
        _first_run(f"This could not be read: {error}")
    if not found.estate.stats().datasets:
        _first_run("It was read, and nothing was found in it.")
    return found.estate


def is_bound() -> bool:
    """Return whether a change can be judged at once: else every statement is bound first."""
    return load(wanted()).reached(Step.BOUND, PATIENCE)


def bind_soon() -> None:
    """Have every statement bound as soon as can be: somebody is about to propose a change."""
    load(wanted()).ask(Step.BOUND)


def has_bound() -> bool:
    """Return whether every statement is bound already. Nothing is hurried for that."""
    return load(wanted()).has(Step.BOUND)


def phase() -> str:
    """Return what the reading is at."""
    return load(wanted()).phase


def is_searchable() -> bool:
    """Wait until the estate can be searched; return whether it can."""
    return load(wanted()).reached(Step.SEARCHABLE, 60)


def _wait(found: Load, step: Step) -> None:
    """Show how far it is until it is there; a button stops it."""
    # There whether it is needed or not: else what follows would change places, and be drawn anew.
    slot = st.empty()
    if found.reached(step, PATIENCE):
        if found.stopped:
            _stopped(found)
        return
    with slot.container():
        st.title("Reading the estate", anchor=False)
        line = st.empty()
        if st.button("Stop", key=f"stop {step.name}"):
            found.stop()
            _stopped(found)
    while not found.reached(step, 0.5):
        seconds = time.monotonic() - found.started
        line.write(f"{found.phase} … {seconds:.0f} s")
    if found.stopped:
        _stopped(found)
    slot.empty()


def _stopped(found: Load) -> None:
    forget(found.wanted)
    st.session_state["stopped"] = repr(found.wanted)
    st.rerun()


def at(found: lineage.Workspace, instant: datetime) -> lineage.Workspace:
    """Return the estate as it was; a few are kept, since reading one may take long."""
    return _at(found, repr((wanted(), id(found))), instant)


@st.cache_resource(show_spinner=False, max_entries=6)
def _at(_found: lineage.Workspace, key: str, instant: datetime) -> lineage.Workspace:
    del key
    then = _found.at(instant)
    _ = then.snapshot
    return then


def _first_run(reason: str) -> None:
    st.title("What breaks if you change it?", anchor=False)
    st.info(reason)
    st.write(
        "Name a folder of SQL, a dbt project or its target folder, OpenLineage events, or a store."
    )
    with st.form("first run"):
        path = st.text_input("Folder, file or store", placeholder="models/ or .lineage/store.db")
        if st.form_submit_button("Open") and path:
            _choose(path)
    if DEMO.is_dir() and st.button("Open the demo estate"):
        _choose(str(DEMO))
    st.stop()


def _choose(path: str) -> None:
    st.session_state["source"] = path
    st.session_state.pop("stopped", None)
    st.rerun()


def _is_store(text: str) -> bool:
    return "://" in text or text.endswith(".db")
