"""The instants that an estate knows of, and the slider that chooses one."""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lineage
from app import address

STEPS = 120
"""Stops of a slider; with more instants than that, some are skipped."""


def of(estate: lineage.Workspace) -> list[datetime]:
    """Return when something ran, was written, or was first seen, in order."""
    return _of(estate, id(estate))


@st.cache_data(show_spinner=False, max_entries=4)
def _of(_estate: lineage.Workspace, key: int) -> list[datetime]:
    del key
    state = _estate.snapshot
    times = {run.at for run in state.runs.values()}
    times |= {one.updated_at for one in state.datasets.values() if one.updated_at is not None}
    times |= {edge.first_seen for edge in state.edges if edge.first_seen is not None}
    return sorted(times)


def offered(known: list[datetime]) -> list[datetime]:
    """Return the stops of a slider: the last instant of each minute, thinned if there are many."""
    minutes: dict[str, datetime] = {f"{one:%Y%m%d%H%M}": one for one in known}
    every = sorted(minutes.values())
    if len(every) > STEPS:
        step = len(every) / STEPS
        every = [every[int(number * step)] for number in range(STEPS - 1)] + [every[-1]]
    return every


def slider(
    where: DeltaGenerator, label: str, stops: list[datetime], name: str, otherwise: datetime
) -> datetime:
    """Draw a slider over instants whose choice stands in the address under ``name``."""
    wanted = parsed(address.get(name)) or otherwise
    at = max(0, bisect_right(stops, wanted) - 1)
    if len(stops) == 1:
        where.caption(f"{label}: {said(stops[0])}")
        return stops[0]
    usual = stops[max(0, bisect_right(stops, otherwise) - 1)]
    part = address.held(name, stops[at], usual)
    return where.select_slider(label, stops, format_func=said, key=part.key, on_change=part.write)


def said(moment: datetime) -> str:
    """Return an instant as people read it."""
    return f"{moment:%a %d %b %H:%M} UTC"


def parsed(text: str) -> datetime | None:
    """Return the instant that a text names; None if it names none."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
