"""What is prepared beside a store, so that a question needs no replay: an index and a snapshot.

Both files carry the state of the store that they were made from, are written beside their final
name and swapped in by renaming, and are never changed afterwards: whoever has one mapped goes on
reading the old one. What is missing, old or damaged is no error, but something to make again.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path
from typing import TYPE_CHECKING

from lineage.errors import BadIndex
from lineage.graph.index import Index

if TYPE_CHECKING:
    from lineage.model.snapshot import Snapshot

CHECKED = 1 << 22
"""Files up to this many bytes are read whole and checked against their checksums when opened."""


def place(store: str) -> Path:
    """Return where the files of a store lie, less their endings.

    Beside the file of a store on this machine; a store elsewhere has them in the working folder.
    """
    path = store.removeprefix("sqlite:///") if store.startswith("sqlite:///") else store
    if "://" not in path:
        return Path(path)
    from hashlib import sha256  # noqa: PLC0415 - a store on this machine is the usual case

    return Path(".lineage", f"{sha256(store.encode()).hexdigest()[:16]}")


def open_index(base: Path, state: str | None = None) -> Index | None:
    """Map the index at ``base``; None when there is none for ``state``, or it is damaged."""
    try:
        with base.with_name(base.name + ".index").open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        index = Index(memoryview(mapped))
        if len(mapped) <= CHECKED:
            index.verify()
    except (OSError, ValueError, BadIndex):  # ValueError: an empty file cannot be mapped
        return None
    return index if state is None or index.meta.get("state") == state else None


def open_snapshot(base: Path, state: str) -> Snapshot | None:
    """Read the snapshot at ``base``; None when there is none for ``state``, or it is damaged."""
    from lineage.model.saved import Form, load  # noqa: PLC0415 - msgspec; an index needs none

    try:
        snapshot, found = load(base.with_name(base.name + ".snapshot").read_bytes(), Form.MSGPACK)
    except (OSError, ValueError):
        return None
    return snapshot if found == state else None


def swap(base: Path, index: bytes, snapshot: bytes) -> None:
    """Put both files in place. Raises OSError where the folder cannot be written."""
    base.parent.mkdir(parents=True, exist_ok=True)
    for ending, data in ((".snapshot", snapshot), (".index", index)):
        final = base.with_name(base.name + ending)
        beside = final.with_name(f"{final.name}.{os.getpid()}.new")
        try:
            with beside.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            beside.replace(final)
        finally:
            beside.unlink(missing_ok=True)
