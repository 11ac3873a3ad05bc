"""What a page shows stands in its address, so that a link shows the same to somebody else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st


def get(name: str, otherwise: str = "") -> str:
    """Return one part of the state."""
    found = st.query_params.get(name, otherwise)
    return str(found)


def put(**parts: str | None) -> None:
    """Set parts of the state, all at once; what is empty or None is left out.

    Once, because the browser keeps each address that it is told: Back would lead to one at which
    nobody ever was.
    """
    known = st.query_params.to_dict()
    wanted = {name: value for name, value in {**known, **parts}.items() if value}
    if wanted != known:
        st.query_params.from_dict(wanted)


@dataclass(frozen=True, slots=True)
class Held:
    """A part of the state that a control holds; the control takes ``key`` and ``write``."""

    name: str
    usual: object
    on: str = "1"
    """What is written of what is on."""

    @property
    def key(self) -> str:
        """The key of the control."""
        return f"at {self.name}"

    def write(self) -> None:
        """Take what the control says into the address; runs before the page is drawn again."""
        value = st.session_state.get(self.key)
        text = self.on if value is True else _text(value)
        put(**{self.name: None if value == self.usual else text})


def held(name: str, value: object, usual: object = None, *, on: str = "1") -> Held:
    """Return a part of the state for a control, which then says ``value``.

    The address leads: whenever it says something else than the control does, because of a link,
    of Back, or of another control, the control follows. ``usual`` is not written. The control
    itself is given no value: Streamlit takes one with another value for another control, and
    throws away what is said to the one that was there.
    """
    found = Held(name, usual, on)
    if found.key not in st.session_state or st.session_state[found.key] != value:
        st.session_state[found.key] = value
    return found


def flag(name: str, on: str = "1") -> Held:
    """Return a part of the state for what is on or off."""
    return held(name, get(name) == on, usual=False, on=on)


def _text(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if value else None


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
