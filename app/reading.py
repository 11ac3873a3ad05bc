"""Reads an estate in a process of its own, for `app.load`: it can be stopped, and hinders nobody.

    python reading.py '{"sources": ["models/"], "store": null, "dialect": null, "namespace": null}'

What it is at goes to standard error, a line whenever that changes; the state, pickled, to standard
output. Both ends are the same program, so pickle is safe, and a tenth of what JSON costs.
"""

from __future__ import annotations

import json
import pickle
import sys
import threading
import time
from types import FrameType

import lineage

PHASES = {
    "sources": "Reading documents",
    "stores": "Reading the store",
    "catalog": "Merging events",
    "sql": "Reading SQL",
    "graph": "Building the index",
    "analysis": "Binding statements",
    "model": "Decoding",
}


def phase(frame: FrameType | None) -> str:
    """Return what a thread is at, as far as the innermost room tells in which it works."""
    while frame is not None:
        parts = str(frame.f_globals.get("__name__", "")).split(".")
        if parts[0] == "lineage" and len(parts) > 1 and parts[1] in PHASES:
            return PHASES[parts[1]]
        frame = frame.f_back
    return "Opening"


def frame_of(ident: int) -> FrameType | None:
    """Return where a thread is: there is no other way to know without the rooms telling."""
    return sys._current_frames().get(ident)  # noqa: SLF001 - public, made for debuggers


def _tell(ident: int) -> None:
    told = ""
    while True:
        now = phase(frame_of(ident))
        if now != told:
            told = now
            sys.stderr.write(f"{now}\n")
            sys.stderr.flush()
        time.sleep(0.2)


def _main() -> None:
    asked = json.loads(sys.argv[1])
    threading.Thread(target=_tell, args=(threading.get_ident(),), daemon=True).start()
    sources = asked.pop("sources")
    answer: tuple[str, object]
    try:
        answer = ("state", lineage.open(*sources, **asked).snapshot)
    except (lineage.LineageError, OSError) as error:
        answer = ("error", str(error))
    sys.stdout.buffer.write(pickle.dumps(answer, pickle.HIGHEST_PROTOCOL))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    _main()
