"""Serves the explorer with Streamlit, and reads the estate meanwhile.

    python serve.py PORT HOST [--headless]

Streamlit runs a page when a browser asks for one. By then both have loaded for two seconds, and the
estate may as well be read in that time.
"""

from __future__ import annotations

import errno
import mimetypes
import re
import socket
import sys
import threading
import webbrowser
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # the estate is begun to be read before Streamlit is imported
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from streamlit.starlette import App

ENTRY = Path(__file__).with_name("main.py")
SWITCH = 0.001
"""Seconds after which one thread lets another go on: a page that is asked for waits so long at each
step while statements are bound, and Python's own 5 ms add up."""
_SOON = ("app.views.column", "numpy")
"""What the first page imports."""
SETTINGS = {
    "browser.gatherUsageStats": False,
    "client.toolbarMode": "minimal",
    "server.fileWatcherType": "none",
    "server.headless": True,
}
"""Nothing is sent anywhere, and nobody develops the pages here. Opening a browser is ours."""
_FOREVER = b"public, immutable, max-age=31536000"
"""Names of Streamlit's files hold a hash of what is in them."""


_ELEMENTS = (
    "BidiComponent",
    "ButtonGroup",
    "Checkbox",
    "DownloadButton",
    "Html",
    "NumberInput",
    "PageLink",
    "Selectbox",
    "Slider",
    "TextInput",
)
"""Elements of the first page, as Streamlit calls their modules."""
_IMPORTED = re.compile(r'(?:from|import)"\./([^"/]+\.js)"')


class Assets:
    """Streamlit's own files, read once and sent in one piece.

    A page needs more than a hundred of them. Starlette asks a thread for each one's place, for its
    bytes and for its end, and each time waits until whoever reads the estate lets it go on.

    A browser learns which modules a page's elements need when the elements come. The page says so
    before, in a Link header (RFC 8288, HTML's modulepreload).
    """

    def __init__(self, app: ASGIApp) -> None:
        import streamlit  # noqa: PLC0415 - see above

        self._app = app
        root = Path(streamlit.__file__).parent / "static"
        # Only what is listed is sent, so no name leads out of the folder.
        self._files = {
            f"/{file.relative_to(root).as_posix()}": file
            for file in (root / "static").rglob("*")
            if file.is_file()
        }
        self._read: dict[str, bytes] = {}
        self._early = (b"link", self._modules().encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for a file, or let Streamlit answer."""
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        if path not in self._files:

            async def told(message: Message) -> None:
                headers = message.get("headers", ())
                if any(key == b"content-type" and b"html" in value for key, value in headers):
                    message["headers"] = [*headers, self._early]
                await send(message)

            await self._app(scope, receive, told)
            return
        body = self._read.get(path)
        if body is None:
            body = self._read[path] = self._files[path].read_bytes()
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        headers = [
            (b"content-type", kind.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", _FOREVER),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _modules(self) -> str:
        """Return the modules of the elements, and what they import, as links."""
        folder = "/static/js/"
        open_ = [path for path in self._files if path.startswith(folder)]
        open_ = [path for path in open_ if path[len(folder) :].split(".")[0] in _ELEMENTS]
        found: dict[str, None] = {}
        while open_:
            path = open_.pop()
            if path not in found and path in self._files:
                found[path] = None
                text = self._files[path].read_text(encoding="utf-8")
                open_ += [folder + name for name in _IMPORTED.findall(text)]
        return ", ".join(f"<.{path}>; rel=modulepreload" for path in found)


def begin() -> None:
    """Begin to read what the command line named; what is wrong with it is told on the page."""
    from app.load import given, load  # noqa: PLC0415 - imported when it is run, not when it is read

    asked = given()
    if asked.exists():
        load(asked)


def warm() -> None:
    """Import what the first page needs."""
    for name in _SOON:
        import_module(name)


def explorer(started: Callable[[], object]) -> App:
    """Return the explorer as an application that says when it has started."""
    from starlette.middleware import Middleware  # noqa: PLC0415 - see above
    from streamlit.starlette import App  # noqa: PLC0415 - see above

    @asynccontextmanager
    async def life(_: App) -> AsyncGenerator[None]:
        threading.Thread(target=warm, daemon=True).start()
        started()
        yield

    return App(ENTRY, middleware=[Middleware(Assets)], lifespan=life)


def listening(host: str, port: int) -> list[socket.socket]:
    """Return sockets for every address of a host; port 0 is any that is free. Raises OSError.

    They say that they are TCP's: else asyncio leaves Nagle's algorithm on, and each answer, which
    is sent as a head and a body, waits 40 ms for the head's acknowledgement.
    """
    found: list[socket.socket] = []
    ways = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, kind, protocol, _, address in dict.fromkeys(ways):
        one = socket.socket(family, kind, protocol or socket.IPPROTO_TCP)
        if sys.platform != "win32":  # there it would share a port that is taken
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        try:
            one.bind((address[0], found[0].getsockname()[1] if found else port, *address[2:]))
        except OSError as error:
            one.close()
            # A machine may know ::1 by name and have no such address.
            if found and error.errno == errno.EADDRNOTAVAIL:
                continue
            for other in found:
                other.close()
            raise
        found.append(one)
    return found


def run(port: int, host: str, *, headless: bool) -> int:
    """Serve until somebody stops it; return the exit code."""
    try:
        sockets = listening(host, port)
    except OSError as error:
        sys.stderr.write(
            f"error: the explorer cannot listen on {host}:{port}: {error.strerror}; "
            "choose another port with --port\n"
        )
        return 1
    port = sockets[0].getsockname()[1]
    begin()
    import streamlit  # noqa: PLC0415 - takes some time, in which the estate is read
    import uvicorn  # noqa: PLC0415 - as above
    from streamlit.web.bootstrap import load_config_options  # noqa: PLC0415 - as above

    def started() -> None:
        sys.stderr.write(f"The explorer is at {address} (Ctrl+C ends it).\n")
        if not headless:  # a little later, since it listens next
            threading.Timer(0.2, webbrowser.open, (address,)).start()

    # The application first: it says which folder's config.toml is meant, the one with our colours.
    found = explorer(started)
    load_config_options({**SETTINGS, "server.port": port, "server.address": host})
    secure = streamlit.get_option("server.sslCertFile")
    shown = f"[{host}]" if ":" in host else host
    address = f"{'https' if secure else 'http'}://{shown}:{port}"
    server = uvicorn.Server(
        uvicorn.Config(
            found,
            ssl_certfile=secure,
            ssl_keyfile=streamlit.get_option("server.sslKeyFile"),
            ws="websockets-sansio",
            ws_max_size=streamlit.get_option("server.maxMessageSize") * 1_000_000,
            log_level="warning",
        )
    )
    with suppress(KeyboardInterrupt):  # it ends in order, and then passes the signal on
        server.run(sockets)
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH)
    sys.exit(run(int(sys.argv[1]), sys.argv[2], headless=sys.argv[3:] == ["--headless"]))
