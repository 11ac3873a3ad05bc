"""When the garbage collector need not look."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave garbage alone for a while: for work whose many objects are all kept until its end.

    Else the collector looks through what is being made, and all that was there before, again and
    again, which takes as long as making it. Whoever switched the collector off finds it off.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
