"""Stores: where events are kept, so that they can be asked about later and as of any time.

A module of this package declares how one is opened; its name begins the URLs that are its own:

    STORE = Store(purpose="A file on this machine", connect=connect)

What a store keeps, and how, is the same in all of them: see `lineage.stores.log`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineage.errors import UnusableStore
from lineage.registry import Registry

if TYPE_CHECKING:
    from lineage.stores.log import Connection, EventLog

DEFAULT = ".lineage/store.db"


@dataclass(frozen=True, slots=True)
class Store:
    """One kind of store. `connect` makes the store when asked to, and raises StoreError."""

    purpose: str
    connect: Callable[[str, bool], Connection]


STORES = Registry(__name__, "STORE", Store, besides=("index_file", "log", "remote"))


def open_store(url: str = DEFAULT, *, create: bool = False) -> EventLog:
    """Open the store at a path or URL.

    Raises StoreMissing when there is none and none is to be made, and UnusableStore when what is
    there is no store of ours, or nothing knows such URLs.
    """
    # Here, because the prepared index of a store is opened through this package too, and a cold
    # answer from it needs no decoder of events.
    from lineage.stores.log import EventLog  # noqa: PLC0415

    scheme, there, _ = url.partition("://")
    kind = scheme.lower() if there else "sqlite"
    # A store's name begins the URLs that are its own, so that only the one that is meant is
    # imported: the others may need packages that are not installed.
    for name in STORES.names():
        if kind.startswith(name):
            try:
                store = STORES.get(name)
            except ModuleNotFoundError as error:
                reason = f'"{error.name}" is not installed; install lineage-explorer[{name}]'
                raise UnusableStore(url, reason) from error
            return EventLog(url, store.connect(url, create))
    known = ", ".join(STORES.names())
    raise UnusableStore(url, f"no kind of store has such URLs; there are: {known}")
