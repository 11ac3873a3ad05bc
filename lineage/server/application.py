"""The routes: each reads what was asked, asks the library in a thread, and writes JSON."""

from __future__ import annotations

import hmac
import json
import threading
import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from lineage.errors import LineageError, RequestError, StoreMissing, UnknownName
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival, Event
from lineage.model.snapshot import Snapshot
from lineage.model.wire import encode
from lineage.reports import verdicts
from lineage.reports.values import plain, reached
from lineage.sources import Options
from lineage.sources.document import document
from lineage.sources.openlineage import READER
from lineage.stores import open_store
from lineage.workspace import Workspace, open_workspace, save_snapshot

MAX_BODY = 64 << 20
"""Bytes of a request, unpacked."""
_FOUND = 100
_WRONG, _WANTS_TOKEN, _NOT_FOUND, _NOT_HERE, _TOO_LARGE, _FAILED = 400, 401, 404, 405, 413, 500
_YES, _NO = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})
_DIGITS = 9
"""Of a depth: no way is longer."""
_REASONS = {
    _NOT_FOUND: "there is nothing at {path}; docs/server.md lists what there is",
    _NOT_HERE: "{method} is not for {path}; docs/server.md lists what is",
    _FAILED: "something went wrong here; the log of the server has more",
}

Work: TypeAlias = Callable[[Request, bytes], object]


class _RefusedError(Exception):
    """What is wrong with a request, and its status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


@dataclass(slots=True)
class Served:
    """What is served: documents, or a store that also takes events."""

    sources: tuple[str, ...] = ()
    store: str | None = None
    dialect: str | None = None
    token: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _known: tuple[str, Workspace] | None = None

    def estate(self) -> Workspace:
        """Return the estate as it is now; of a store it is opened again when that has changed.

        A store that no event has come to yet is an empty one.
        """
        with self._lock:
            try:
                state = self._state()
            except StoreMissing:
                if self.sources:
                    raise
                return Workspace.of(Snapshot({}, {}, {}))
            if self._known is None or self._known[0] != state:
                found = open_workspace(*self.sources, store=self.store, dialect=self.dialect)
                self._known = (state, found)
            return self._known[1]

    def _state(self) -> str:
        if self.store is None:
            return ""
        with open_store(self.store) as log:
            return log.state()

    def keep(self, body: bytes, source: str | None) -> dict[str, object]:
        """Put events into the store, and tell what became of them."""
        if self.store is None:
            reason = "this server shows documents; start it on a store to send events to it"
            raise _RefusedError(_NOT_HERE, reason)
        received = datetime.now(UTC)
        name = source or f"http {received.isoformat()}"
        items: list[Event | Arrival | Diagnostic] = list(
            READER.read(document("request", body), Options())
        )
        if not any(not isinstance(item, Diagnostic) for item in items):
            reasons = [item.message for item in items if isinstance(item, Diagnostic)]
            raise _RefusedError(_WRONG, reasons[0] if reasons else "there is no event in it")
        with open_store(self.store, create=True) as log:
            done = log.append(items, source=name, received=received)
        return {
            "new": done.new,
            "known": done.known,
            "diagnostics": [_problem(item) for item in done.diagnostics],
        }


def _problem(found: Diagnostic) -> dict[str, object]:
    """Return what is wrong with a request's events, and where in it."""
    place = found.location
    return {
        "code": found.code,
        "message": found.message,
        "severity": found.severity.value,
        "line": place.line if place else 0,
        "pointer": place.pointer if place else "",
    }


class Answers:
    """What each route answers. Each is run in a thread, so that none holds up another."""

    def __init__(self, served: Served) -> None:
        self._served = served

    def lineage(self, request: Request, body: bytes) -> object:
        """Take events in."""
        return self._served.keep(body, request.query_params.get("source"))

    def events(self, request: Request, body: bytes) -> Response:
        """Return every event as JSON lines."""
        del request, body
        lines = b"".join(_payload(item) + b"\n" for item in self._served.estate().history())
        return Response(lines, media_type="application/x-ndjson")

    def snapshot(self, request: Request, body: bytes) -> Response:
        """Return the state as a saved snapshot."""
        del body
        estate = self._served.estate()
        instant = _instant(request)
        if instant is not None:
            estate = estate.at(instant)
        return Response(save_snapshot(estate), media_type="application/json")

    def stats(self, request: Request, body: bytes) -> object:
        """Return the counts."""
        del request, body
        return asdict(self._served.estate().stats())

    def search(self, request: Request, body: bytes) -> object:
        """Return what goes by a text, best first."""
        del body
        text = _asked(request, "q")
        return {"text": text, "hits": self._served.estate().search(text, limit=_FOUND)}

    def walk(self, request: Request, body: bytes) -> object:
        """Return what a column flows into, or what flows into it."""
        del body
        estate = self._served.estate()
        origin = estate.resolve(_asked(request, "column"))
        upward = request.url.path.endswith("upstream")
        cone = (estate.upstream if upward else estate.downstream)(
            origin,
            depth=_depth(request),
            direct=_direct(request),
            edges=False,
        )
        return reached(cone)

    def impact(self, request: Request, body: bytes) -> object:
        """Return what a change breaks."""
        del request
        try:
            record = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise _RefusedError(_WRONG, f"the change is not JSON ({error})") from error
        if not isinstance(record, dict):
            raise _RefusedError(_WRONG, 'a change is an object, or {"changes": [change, …]}')
        estate = self._served.estate()
        return verdicts.record(estate.impact(estate.parse_change(record)))


def application(served: Served) -> Starlette:
    """Return the application. It opens nothing before the first request."""

    def route(path: str, work: Work, method: str = "GET", status: int = 200) -> Route:
        async def handle(request: Request) -> Response:
            try:
                _admit(request, served.token)
                body = await _body(request) if method == "POST" else b""
                found = await run_in_threadpool(work, request, body)
            except _RefusedError as error:
                return _told(error, error.status)
            except LineageError as error:
                return _told(error, _status(error))
            if isinstance(found, Response):
                return found
            return JSONResponse(plain(found), status)

        return Route(path, handle, methods=[method])

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else _FAILED
        reason = _REASONS.get(status, "it cannot be answered").format(
            path=request.url.path, method=request.method
        )
        headers = error.headers if isinstance(error, HTTPException) else None
        return JSONResponse({"error": reason}, status, headers)

    async def health(request: Request) -> Response:
        del request
        return JSONResponse({"status": "ok"})

    answers = Answers(served)
    return Starlette(
        routes=[
            Route("/health", health),
            route("/api/v1/lineage", answers.lineage, "POST", 201),
            route("/api/v1/lineage/batch", answers.lineage, "POST", 201),
            route("/api/v1/events", answers.events),
            route("/api/v1/snapshot", answers.snapshot),
            route("/api/v1/stats", answers.stats),
            route("/api/v1/search", answers.search),
            route("/api/v1/upstream", answers.walk),
            route("/api/v1/downstream", answers.walk),
            route("/api/v1/impact", answers.impact, "POST"),
        ],
        exception_handlers={HTTPException: refused, Exception: refused},
    )


def _status(error: LineageError) -> int:
    if isinstance(error, UnknownName):
        return _NOT_FOUND
    return _WRONG if isinstance(error, RequestError | StoreMissing) else _FAILED


def _told(error: Exception, status: int) -> Response:
    return JSONResponse({"error": str(error)}, status)


def _admit(request: Request, token: str | None) -> None:
    """Let pass who has the token; the comparison takes the same time whatever was sent."""
    if token is None:
        return
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
        raise _RefusedError(_WANTS_TOKEN, "a token is needed: Authorization: Bearer …")


async def _body(request: Request) -> bytes:
    """Read a request, packed or not, up to the limit."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > MAX_BODY:
        raise _RefusedError(_TOO_LARGE, f"a request has at most {MAX_BODY:,} bytes")
    parts: list[bytes] = []
    size = 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > MAX_BODY:
                raise _RefusedError(_TOO_LARGE, f"a request has at most {MAX_BODY:,} bytes")
            parts.append(part)
    except ClientDisconnect as error:
        raise _RefusedError(_WRONG, "the request ended before it was whole") from error
    data = b"".join(parts)
    if request.headers.get("content-encoding", "").lower() == "gzip":
        return _unpacked(data)
    return data


def _unpacked(data: bytes) -> bytes:
    """Unpack, and stop where what comes out is too much."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(data, MAX_BODY)
    except zlib.error as error:
        raise _RefusedError(_WRONG, f"it is not gzip ({error})") from error
    if unpacker.unconsumed_tail:
        raise _RefusedError(_TOO_LARGE, f"a request has at most {MAX_BODY:,} bytes, unpacked")
    return found


def _asked(request: Request, name: str) -> str:
    value = request.query_params.get(name)
    if not value:
        raise _RefusedError(_WRONG, f"say what to look for: ?{name}=…")
    return value


def _depth(request: Request) -> int | None:
    value = request.query_params.get("depth")
    if not value:
        return None
    if not value.isdecimal() or int(value[:_DIGITS]) < 1:
        raise _RefusedError(_WRONG, f"depth={value} is no number of hops; write 1 or more")
    return int(value[:_DIGITS])


def _direct(request: Request) -> bool:
    value = request.query_params.get("direct", "0").lower()
    if value not in _YES | _NO:
        raise _RefusedError(_WRONG, f"direct={value} is neither yes nor no; write 1 or 0")
    return value in _YES


def _instant(request: Request) -> datetime | None:
    value = request.query_params.get("as_of")
    if not value:
        return None
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        reason = f"as_of={value} is no date or time; write it like 2024-05-01T02:34:00Z"
        raise _RefusedError(_WRONG, reason) from error


def _payload(item: Event | Arrival) -> bytes:
    if isinstance(item, Arrival):
        return item.payload if item.payload is not None else encode(item.event)
    return encode(item)
