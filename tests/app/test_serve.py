"""How the explorer is served: Streamlit's files, where it listens, and what it asks of nobody."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import streamlit
from starlette.types import Message, Receive, Scope, Send

from app import serve

STATIC = Path(streamlit.__file__).parent / "static"


async def page(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer as Streamlit does where there is no file of that name."""
    del scope, receive
    kind = (b"content-type", b"text/html; charset=utf-8")
    await send({"type": "http.response.start", "status": 200, "headers": [kind]})
    await send({"type": "http.response.body", "body": b"page"})


def answer(path: str, method: str = "GET") -> tuple[dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError

    scope: Scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(serve.Assets(page)(scope, receive, send))
    return dict(sent[0]["headers"]), b"".join(one.get("body", b"") for one in sent[1:])


def test_streamlits_files_are_sent_whole_and_kept_for_good() -> None:
    file = next((STATIC / "static" / "js").glob("index.*.js"))
    headers, body = answer(f"/static/js/{file.name}")
    assert body == file.read_bytes()
    assert headers[b"content-type"] in {b"text/javascript", b"application/javascript"}
    assert headers[b"content-length"] == str(len(body)).encode()
    assert b"immutable" in headers[b"cache-control"]


@pytest.mark.parametrize(
    ("path", "method"),
    [
        ("/static/../index.html", "GET"),
        ("/static/js/../../../__init__.py", "GET"),
        ("/static/js/nothing.js", "GET"),
        ("/static/js", "GET"),
        ("/index.html", "POST"),
    ],
)
def test_whatever_else_is_asked_for_is_streamlits_to_answer(path: str, method: str) -> None:
    assert answer(path, method)[1] == b"page"


def test_a_page_says_which_modules_it_will_need() -> None:
    links = answer("/impact")[0][b"link"].decode().split(", ")
    assert all(link.endswith("; rel=modulepreload") for link in links)
    paths = [link.partition(">")[0].removeprefix("<./") for link in links]
    assert all((STATIC / path).is_file() for path in paths)
    named = {Path(path).name.split(".")[0] for path in paths}
    assert named > set(serve._ELEMENTS)  # noqa: SLF001 - one that Streamlit renames is noticed here


def test_it_listens_on_every_address_of_a_name_with_one_port() -> None:
    sockets = serve.listening("localhost", 0)
    try:
        assert len({one.getsockname()[1] for one in sockets}) == 1
        assert {one.proto for one in sockets} == {socket.IPPROTO_TCP}
    finally:
        for one in sockets:
            one.close()


def test_a_port_that_is_taken_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert serve.run(port, "127.0.0.1", headless=True) == 1
    told = capsys.readouterr().err
    assert f"cannot listen on 127.0.0.1:{port}" in told
    assert "--port" in told
