"""A server of ours (`lineage serve`) as a store: asked over HTTP, and given events.

URLs are `http://host:port` or `https://…`. A token is read from the environment, LINEAGE_TOKEN, so
that it stands in no command line and no log.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from lineage.errors import UnusableStore

SCHEMES = ("http://", "https://")
TOKEN = "LINEAGE_TOKEN"  # noqa: S105 - the name of a variable, not a token
TIMEOUT = 300
"""Seconds: a server that binds a large estate for the first time takes its time."""
_SHOWN = 300


def is_remote(url: str) -> bool:
    """Return whether a URL is that of a server."""
    return url.lower().startswith(SCHEMES)


def snapshot(url: str, as_of: datetime | None = None) -> bytes:
    """Return the state as a saved snapshot. Raises UnusableStore."""
    return _ask(url, "snapshot", _instant(as_of))


def events(url: str) -> list[bytes]:
    """Return every event that the server knows, as JSON. Raises UnusableStore."""
    return [line for line in _ask(url, "events", {}).splitlines() if line.strip()]


def send(url: str, payloads: Iterable[bytes], source: str) -> dict[str, Any]:
    """Give a server the events of one source; return what became of them. Raises UnusableStore."""
    body = b"\n".join(payloads)
    answer = _ask(url, "lineage/batch", {"source": source}, body)
    found: dict[str, Any] = json.loads(answer)
    return found


def _instant(as_of: datetime | None) -> dict[str, str]:
    return {} if as_of is None else {"as_of": as_of.isoformat()}


def _ask(url: str, path: str, query: dict[str, str], body: bytes | None = None) -> bytes:
    # Every command asks whether its store is remote; few need what speaks HTTP.
    from urllib.error import HTTPError, URLError  # noqa: PLC0415 - see above
    from urllib.request import Request, urlopen  # noqa: PLC0415 - see above

    address = f"{url.rstrip('/')}/api/v1/{path}"
    request = Request(f"{address}?{urlencode(query)}" if query else address, data=body)  # noqa: S310 - a person named it, and only HTTP gets here
    token = os.environ.get(TOKEN)
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/x-ndjson")
    try:
        with urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310 - see above
            data: bytes = answer.read()
            return data
    except HTTPError as error:
        said = error.read(_SHOWN).decode("utf-8", "replace")
        raise UnusableStore(_shown(url), _reason(error.code, said)) from error
    except (URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        text = f"nothing answers there ({reason}); see whether `lineage serve` runs"
        raise UnusableStore(_shown(url), text) from error


def _reason(code: int, said: str) -> str:
    if code in {401, 403}:
        return f"it wants a token; set {TOKEN}"
    try:
        message = json.loads(said)["error"]
    except (ValueError, KeyError, TypeError):
        message = said.strip() or "no reason given"
    return f"it answered {code}: {message}"


def _shown(url: str) -> str:
    """Return the URL without a password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
