"""What a page shows stands in its address, so that a link shows the same to somebody else."""

from __future__ import annotations

import streamlit as st


def get(name: str, otherwise: str = "") -> str:
    """Return one part of the state."""
    found = st.query_params.get(name, otherwise)
    return str(found)


def put(**parts: str | None) -> None:
    """Set parts of the state; what is empty or None is left out."""
    for name, value in parts.items():
        if value:
            if st.query_params.get(name) != value:
                st.query_params[name] = value
        elif name in st.query_params:
            del st.query_params[name]


def number(name: str, otherwise: int, *, low: int, high: int) -> int:
    """Return a whole number of the state, within limits."""
    try:
        found = int(get(name, str(otherwise)))
    except ValueError:
        return otherwise
    return max(low, min(high, found))


def one_of(name: str, known: tuple[str, ...]) -> str:
    """Return a choice of the state: the first, if what it says is unknown."""
    found = get(name)
    return found if found in known else known[0]
