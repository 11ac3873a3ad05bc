"""What is prepared beside a store, so that a question needs no replay: an index and a snapshot.

Both files carry the state of the store that they were made from, are written beside their final
name and swapped in by renaming, and are never changed afterwards: whoever has one mapped goes on
reading the old one. What is missing, old or damaged is no error, but something to make again.
"""

from __future__ import annotations

import mmap
import os
from contextlib import suppress
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


def signature(store: str) -> str | None:
    """Return a text that changes with the files of a store; None for a store elsewhere.

    Asking the store itself for its state is right too, and imports what takes longer than the
    answer. In SQLite's WAL mode a commit changes the -wal file and a checkpoint the other one.
    """
    path = store.removeprefix("sqlite:///")
    if "://" in path:
        return None
    parts = []
    for name in (path, f"{path}-wal"):
        try:
            found = Path(name).stat()
        except OSError:
            continue
        if found.st_size:
            parts.append(f"{found.st_size}:{found.st_mtime_ns}:{found.st_ino}")
    return "/".join(parts) or None


def maker() -> str:
    """Return a text that changes with the code that makes a state out of events.

    An upgrade may read the same events in another way. The times of some sixty files are known in
    a millisecond; the version of the package takes fifteen, and says nothing in a checkout.
    """
    package = Path(__file__).parents[1]
    newest = count = 0
    for room in ("model", "sql", "sql/typing", "catalog", "graph"):
        with suppress(OSError), os.scandir(package / room) as files:
            for file in files:
                if file.name.endswith(".py"):
                    newest = max(newest, file.stat().st_mtime_ns)
                    count += 1
    return f"{count}.{newest:x}"


def stamped(store: str) -> str | None:
    """Return the state of a store whose files have not changed since `stamp`, else None."""
    try:
        text = _stamp_file(store).read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None
    found, _, state = text.partition("\n")
    return state if found and found == signature(store) else None


def stamp(store: str, found: str | None, state: str) -> None:
    """Note that files with the signature ``found`` hold a state.

    Take the signature first and ask for the state afterwards: then a change in between is seen,
    as it gives the files another signature than the one noted.
    """
    if found is not None:
        with suppress(OSError):
            _replace(_stamp_file(store), f"{found}\n{state}".encode())


def _stamp_file(store: str) -> Path:
    base = place(store)
    return base.with_name(base.name + ".stamp")


def swap(base: Path, index: bytes, snapshot: bytes) -> None:
    """Put both files in place. Raises OSError where the folder cannot be written."""
    base.parent.mkdir(parents=True, exist_ok=True)
    for ending, data in ((".snapshot", snapshot), (".index", index)):
        _replace(base.with_name(base.name + ending), data)


def _replace(final: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    beside = final.with_name(f"{final.name}.{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(final)
    finally:
        beside.unlink(missing_ok=True)
