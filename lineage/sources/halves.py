"""A state read and bound with two processors, where there are two and it is worth it.

The second process is a fork, so that it knows all that was read; it binds half of the statements,
says over a socket what the first has to know, and is gone.
"""

from __future__ import annotations

import os
import socket
import struct
import threading

import msgspec

from lineage.analysis.estate import Estate
from lineage.analysis.sight import keep, keep_half
from lineage.catalog.kept import Half
from lineage.catalog.share import settle_share
from lineage.model.snapshot import Snapshot

WORTH = 1_000
"""Statements from which on a second process is begun."""
_SIZE = struct.Struct("<Q")


def state(snapshot: Snapshot, dialect: str | None, memory: bytes) -> bytes:
    """Return a snapshot, bound, as bytes."""
    statements = sum(job.sql is not None for job in snapshot.jobs.values())
    if statements >= WORTH and _two():
        try:
            return _in_two(snapshot, dialect, memory)
        except (OSError, EOFError, msgspec.MsgspecError):
            pass  # the other is gone; one can do it alone
    return keep(Estate.build(snapshot, dialect), memory)


def _two() -> bool:
    """Return whether a second process may be begun, and would run beside this one."""
    if not hasattr(os, "fork") or threading.active_count() > 1:
        return False
    affinity = getattr(os, "sched_getaffinity", None)
    return (len(affinity(0)) if affinity is not None else os.cpu_count() or 1) > 1


def _in_two(snapshot: Snapshot, dialect: str | None, memory: bytes) -> bytes:
    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            here.close()
            other = _Line(there, first=True)
            settled = settle_share(snapshot, dialect, 1, other.exchange)
            other.send(keep_half(settled))
            code = 0
        finally:
            os._exit(code)  # nothing of the first process is undone here
    there.close()
    try:
        line = _Line(here, first=False)
        settled = settle_share(snapshot, dialect, 0, line.exchange)
        half = msgspec.msgpack.decode(line.receive(), type=Half)
        return keep(Estate.of(settled), memory, half)
    finally:
        here.close()
        os.waitpid(child, 0)


class _Line:
    """One end of the line between the two. One speaks first, so that neither waits for ever."""

    def __init__(self, end: socket.socket, *, first: bool) -> None:
        self._end = end
        self._first = first

    def exchange(self, data: bytes) -> bytes:
        """Say something, and return what the other says."""
        if self._first:
            self.send(data)
            return self.receive()
        said = self.receive()
        self.send(data)
        return said

    def send(self, data: bytes) -> None:
        """Say something."""
        self._end.sendall(_SIZE.pack(len(data)) + data)

    def receive(self) -> bytes:
        """Return what the other says. Raises EOFError when it is gone."""
        (size,) = _SIZE.unpack(self._exactly(_SIZE.size))
        return self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size:
            part = self._end.recv(min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


__all__ = ["state"]
