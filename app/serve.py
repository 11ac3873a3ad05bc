"""Starts Streamlit on the explorer, and reads the estate meanwhile.

    python serve.py run main.py --server.port=8501 …

Streamlit runs a page when a browser asks for one. By then both have loaded for two seconds, and the
estate may as well be read in that time.
"""

from __future__ import annotations

import socket
import sys
import threading
import time
from importlib import import_module

SWITCH = 0.001
"""Seconds after which one thread lets another go on: a page that is asked for waits so long at each
step while statements are bound, and Python's own 5 ms add up."""
_SOON = ("app.views.column", "numpy")
"""What the first page imports."""


def begin() -> None:
    """Begin to read what the command line named; what is wrong with it is told on the page."""
    from app.load import given, load  # noqa: PLC0415 - imported when it is run, not when it is read

    asked = given()
    if asked.exists():
        load(asked)


def warm() -> None:
    """Import what the first page needs, once the server is there."""
    from streamlit import runtime  # noqa: PLC0415 - as above

    while not runtime.exists():
        time.sleep(0.02)
    time.sleep(0.1)  # it exists a little before it listens
    for name in _SOON:
        import_module(name)


def at_once() -> None:
    """Send what is written without waiting for more.

    Streamlit makes its socket without saying that it is TCP's, so asyncio does not switch Nagle's
    algorithm off, and each file and message waits 40 ms for an acknowledgement. What listens
    passes the option on to what it accepts.
    """
    from streamlit.web.server.starlette import starlette_server  # noqa: PLC0415 - as above

    bind = getattr(starlette_server, "_bind_socket", None)
    if bind is None:  # another version, with another way
        return

    def bound(address: str, port: int, backlog: int) -> socket.socket:
        found: socket.socket = bind(address, port, backlog)
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return found

    starlette_server._bind_socket = bound  # noqa: SLF001 - see above


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH)
    begin()
    from streamlit.web.cli import main

    at_once()
    threading.Thread(target=warm, daemon=True).start()
    sys.exit(main())
