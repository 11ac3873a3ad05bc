"""Reads an estate beside the pages: they show how far it is, may stop it, and never hang on it.

Documents are read by a process of their own (`app.reading`). A store that is prepared answers from
its index at once, so the first page waits for nothing else; the rest follows in the order in which
it is usually wanted.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path

import lineage
from app import reading
from lineage.garbage import uncollected

LATER, LATEST = 0.8, 10.0
"""Seconds for which steps after the first wait while nobody asks for them: after the first page was
asked for, whose picture comes first, and when none is."""


class Step(IntEnum):
    """How far an estate is read."""

    OPENED = 1
    """It can count, resolve names and walk lineage."""
    READ = 2
    """Datasets, jobs, runs and edges are there."""
    SEARCHABLE = 3
    BOUND = 4
    """Every statement is bound, so a change is judged at once."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be read."""

    sources: tuple[str, ...] = ()
    store: str | None = None
    dialect: str | None = None
    namespace: str | None = None

    def exists(self) -> bool:
        """Return whether there is anything to try."""
        return bool(self.sources or self.store) or Path(".lineage", "store.db").exists()


def given() -> Wanted:
    """Return what the command line named."""
    sources = os.environ.get("LINEAGE_SOURCES", "")
    return Wanted(
        tuple(filter(None, sources.split(os.pathsep))),
        os.environ.get("LINEAGE_STORE") or None,
        os.environ.get("LINEAGE_DIALECT") or None,
        os.environ.get("LINEAGE_NAMESPACE") or None,
    )


class NotReadError(Exception):
    """What was wanted could not be read; says why, for people."""


class Load:
    """One estate that is being read, or has been."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.error: Exception | None = None
        self.stopped = False
        self.started = time.monotonic()
        self.estate = lineage.open(
            *wanted.sources,
            store=wanted.store,
            dialect=wanted.dialect,
            namespace=wanted.namespace,
        )
        self._step = 0
        self._told = ""
        self._child: subprocess.Popen[bytes] | None = None
        self._moved = threading.Condition()
        self._asked = 0
        self._until = self.started + LATEST
        self._thread = threading.Thread(target=self._run, daemon=True, name="reading")
        self._thread.start()

    def reached(self, step: Step, seconds: float) -> bool:
        """Wait so long at most; return whether the step is reached, or will never be."""
        self.ask(step)
        with self._moved:
            return self._moved.wait_for(lambda: self.over or self._step >= step, seconds)

    def ask(self, step: Step) -> None:
        """Have it reach a step as soon as it can."""
        with self._moved:
            if not self._asked:
                self._until = time.monotonic() + LATER
            self._asked = max(self._asked, step)
            self._moved.notify_all()

    def has(self, step: Step) -> bool:
        """Return whether the step is reached; nothing is hurried for that."""
        return self._step >= step

    @property
    def over(self) -> bool:
        """Return whether it failed or was stopped."""
        return self.stopped or self.error is not None

    @property
    def phase(self) -> str:
        """Return what it is at."""
        return self._told or reading.phase(reading.frame_of(self._thread.ident or 0))

    def stop(self) -> None:
        """Stop it: a process at once, steps of our own where the next one would begin."""
        self.stopped = True
        if self._child is not None:
            self._child.kill()
        self._tell(0)

    def _run(self) -> None:
        documents: tuple[tuple[Step, Callable[[], object]], ...] = ((Step.READ, self._read),)
        store: tuple[tuple[Step, Callable[[], object]], ...] = (
            (Step.OPENED, self.estate.stats),
            (Step.READ, lambda: self.estate.snapshot),
        )
        rest: tuple[tuple[Step, Callable[[], object]], ...] = (
            (Step.SEARCHABLE, lambda: self.estate.search("a", limit=1)),
            (Step.BOUND, lambda: self.estate.estate),
        )
        try:
            for step, act in (*(documents if self.wanted.sources else store), *rest):
                if self._step:
                    self._wait(step)
                act()
                if self.stopped:
                    return
                # An estate stays as it is: to look through a million of its objects again and
                # again for what may go is a third of a second each time, in the midst of a search.
                gc.freeze()
                self._tell(step)
        except Exception as error:  # noqa: BLE001 - whatever it is, the page has to tell it
            self.error = error
        finally:
            self._tell(0)

    def _wait(self, step: Step) -> None:
        """Wait until somebody asks for a step, or for a while."""
        with self._moved:
            while not (self.over or self._asked >= step):
                left = self._until - time.monotonic()
                if left <= 0:
                    return
                self._moved.wait(left)

    def _read(self) -> None:
        script = str(Path(reading.__file__))
        # -P, so that the names of our files hide no module of somebody else.
        command = [sys.executable, "-P", script, json.dumps(asdict(self.wanted))]
        with subprocess.Popen(  # noqa: S603 - our own script, with our own interpreter
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as child:
            self._child = child
            threading.Thread(target=self._listen, daemon=True).start()
            answer = child.stdout.read() if child.stdout else b""
        if self.stopped:
            return
        if child.returncode or not answer:
            msg = f"the reading ended with {child.returncode}: {self._told or 'nothing was said'}"
            raise NotReadError(msg)
        with uncollected():
            kind, said = pickle.loads(answer)  # noqa: S301 - from our own process
        if kind == "error":
            raise NotReadError(said)
        self.estate.adopt(said)
        self._told = ""

    def _listen(self) -> None:
        """Keep what the process says last."""
        child = self._child
        if child is not None and child.stderr is not None:
            for line in child.stderr:
                self._told = line.decode(errors="replace").strip() or self._told

    def _tell(self, step: int) -> None:
        with self._moved:
            self._step = max(self._step, step)
            self._moved.notify_all()


KEPT = 4
"""Estates that are kept at a time: whoever opens a fifth lets go of the first."""
_LOADS: dict[Wanted, Load] = {}
_LOCK = threading.Lock()


def load(wanted: Wanted) -> Load:
    """Return the reading of what is wanted, begun if it was not. Raises LineageError, OSError."""
    with _LOCK:
        found = _LOADS.get(wanted)
        if found is None:
            found = Load(wanted)
            _LOADS[wanted] = found
            while len(_LOADS) > KEPT:
                _LOADS.pop(next(iter(_LOADS))).stop()
                gc.unfreeze()
        return found


def forget(wanted: Wanted) -> None:
    """Let go of a reading, so that it begins anew when it is wanted again."""
    with _LOCK:
        _LOADS.pop(wanted, None)
