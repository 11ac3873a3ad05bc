"""Merges events into the state that they describe."""

from __future__ import annotations

from collections.abc import Iterable

from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival, Event
from lineage.model.snapshot import Snapshot


def apply(events: Iterable[Event | Arrival], diagnostics: Iterable[Diagnostic] = ()) -> Snapshot:
    """Return the state after `events`, in whatever order and however often each is given."""
    raise NotImplementedError(events, diagnostics)
