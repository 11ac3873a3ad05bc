"""The server: what it takes, what it answers, whom it lets in."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

import pytest
from openlineage.client import OpenLineageClient
from starlette.testclient import TestClient

import lineage
from lineage.errors import UnusableStore
from lineage.intake import ingest
from lineage.server import Served, application
from lineage.server.application import MAX_BODY
from lineage.stores import open_store

EVENT = {
    "eventType": "COMPLETE",
    "eventTime": "2026-01-01T00:00:00Z",
    "producer": "https://producer.example",
    "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json",
    "run": {"runId": "0190f4b5-0000-7000-8000-000000000001"},
    "job": {"namespace": "jobs", "name": "load"},
    "inputs": [{"namespace": "db", "name": "raw.t"}],
    "outputs": [
        {
            "namespace": "db",
            "name": "mart.u",
            "facets": {
                "columnLineage": {
                    "fields": {
                        "b": {"inputFields": [{"namespace": "db", "name": "raw.t", "field": "a"}]}
                    }
                }
            },
        }
    ],
}


@pytest.fixture
def client(tmp_path: Path) -> TestClient:
    store = str(tmp_path / "store.db")
    open_store(store, create=True).close()
    return TestClient(application(Served(store=store)))


def test_an_event_is_kept_and_answered_from(client: TestClient) -> None:
    assert client.post("/api/v1/lineage", json=EVENT).json() == {
        "new": 1,
        "known": 0,
        "diagnostics": [],
    }
    assert client.post("/api/v1/lineage", json=[EVENT]).json()["known"] == 1
    found = client.get("/api/v1/downstream", params={"column": "raw.t.a"}).json()
    assert [row["field"]["field"] for row in found["reached"]] == ["b"]
    assert client.get("/api/v1/upstream", params={"column": "u.b"}).json()["columns"] == 1
    assert client.get("/api/v1/search", params={"q": "mart"}).json()["hits"]
    assert client.get("/api/v1/stats").json()["column_edges"] == 1
    change = {"kind": "drop_column", "table": "raw.t", "column": "a"}
    impact = client.post("/api/v1/impact", json={"changes": [change]}).json()
    assert impact["relations"][0]["subject"]["name"] == "mart.u"
    lines = client.get("/api/v1/events").text.splitlines()
    assert [json.loads(line)["job"]["name"] for line in lines] == ["load"]


def test_packed(client: TestClient) -> None:
    body = gzip.compress(json.dumps(EVENT).encode())
    answer = client.post("/api/v1/lineage", content=body, headers={"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["new"]) == (201, 1)


@pytest.mark.parametrize(
    ("body", "packed", "status"),
    [
        (b'{"eventTime"', False, 400),
        (b"", False, 400),
        (b"[]", False, 400),
        (b"nonsense", True, 400),
        (b"x" * (MAX_BODY + 1), False, 413),
        (gzip.compress(b" " * (MAX_BODY + 1), mtime=0), True, 413),
    ],
)
def test_what_is_no_event(client: TestClient, body: bytes, packed: bool, status: int) -> None:
    headers = {"Content-Encoding": "gzip"} if packed else {}
    answer = client.post("/api/v1/lineage", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert client.get("/api/v1/stats").json()["events"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("GET", "/api/v1/downstream", None, "?column="),
        ("GET", "/api/v1/downstream?column=raw.t.a&depth=x", None, "depth=x is no number of hops"),
        ("GET", "/api/v1/downstream?column=raw.t.a&depth=-1", None, "depth=-1"),
        ("GET", "/api/v1/downstream?column=raw.t.a&depth=0", None, "depth=0"),
        ("GET", "/api/v1/downstream?column=raw.t.a&depth=²", None, "depth="),
        ("GET", "/api/v1/upstream?column=u.b&direct=maybe", None, "direct=maybe is neither"),
        ("GET", "/api/v1/snapshot?as_of=0001-01-01T00:00:00%2B14:00", None, "no date or time"),
        ("GET", "/api/v1/snapshot?as_of=noon", None, "noon"),
        ("GET", "/api/v1/search", None, "?q="),
        ("POST", "/api/v1/impact", "{", "not JSON"),
        ("POST", "/api/v1/impact", "[" * 100_000, "not JSON"),
        ("POST", "/api/v1/impact", "[]", "object"),
        ("POST", "/api/v1/impact", '{"kind": "explode", "table": "t"}', "explode"),
    ],
)
def test_what_is_asked_wrongly(
    client: TestClient, method: str, path: str, body: str | None, said: str
) -> None:
    client.post("/api/v1/lineage", json=EVENT)
    answer = client.request(method, path, content=body)
    assert answer.status_code == 400
    assert said in answer.json()["error"]


def test_who_has_no_token_stays_outside(tmp_path: Path) -> None:
    store = str(tmp_path / "store.db")
    open_store(store, create=True).close()
    client = TestClient(application(Served(store=store, token="secret")))  # noqa: S106 - of this test
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret"}):
        for path in ("/api/v1/stats", "/api/v1/events", "/api/v1/snapshot"):
            assert client.get(path, headers=headers).status_code == 401
        assert client.post("/api/v1/lineage", json=EVENT, headers=headers).status_code == 401
    assert client.get("/health").status_code == 200
    right = {"Authorization": "Bearer secret"}
    assert client.get("/api/v1/stats", headers=right).json()["events"] == 0


def test_documents_take_no_events(tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text("CREATE TABLE t (a INT); CREATE VIEW v AS SELECT a FROM t;")
    client = TestClient(application(Served((str(tmp_path),), dialect="duckdb")))
    assert client.get("/api/v1/downstream", params={"column": "t.a"}).json()["columns"] == 1
    assert client.post("/api/v1/lineage", json=EVENT).status_code == 405


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A real server on a store of its own, with a token in its environment and ours."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "lineage", "serve", "--port", str(port)],
        cwd=tmp_path,
        env={**os.environ, "LINEAGE_TOKEN": "of-this-test"},
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{url}/health", timeout=2)  # noqa: S310 - ours
                break
            except OSError:
                assert process.poll() is None, "the server ended"
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def test_a_server_is_a_store(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UnusableStore, match="LINEAGE_TOKEN"):
        _ = lineage.open(store=address).snapshot
    monkeypatch.setenv("LINEAGE_TOKEN", "of-this-test")
    folder = tmp_path / "models"
    folder.mkdir()
    script = folder / "a.sql"
    script.write_text("CREATE TABLE t (a INT, b INT); CREATE VIEW v AS SELECT a FROM t;")
    assert ingest([folder], store=address, dialect="duckdb").new == 2
    estate = lineage.open(store=address, dialect="duckdb")
    column = estate.resolve("t.a")
    assert [row.field.name for row in estate.downstream(column).reached] == ["a"]
    # What a source no longer has is over, as in a store of one's own.
    script.write_text("CREATE TABLE t (a INT, b INT); CREATE VIEW v AS SELECT b FROM t;")
    ingest([folder], store=address, dialect="duckdb")
    again = lineage.open(store=address, dialect="duckdb")
    assert again.downstream(again.resolve("t.a")).reached == ()
    assert len(again.downstream(again.resolve("t.b")).reached) == 1
    assert len(list(again.history())) == 3


def test_the_real_client_needs_a_url_only(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from openlineage.client.event_v2 import Job, Run, RunEvent, RunState  # noqa: PLC0415 - only here
    from openlineage.client.transport.http import (  # noqa: PLC0415 - only here
        ApiKeyTokenProvider,
        HttpConfig,
        HttpTransport,
    )

    auth = ApiKeyTokenProvider({"apiKey": "of-this-test"})
    client = OpenLineageClient(transport=HttpTransport(HttpConfig(url=address, auth=auth)))
    client.emit(
        RunEvent(
            eventType=RunState.COMPLETE,
            eventTime="2026-01-01T00:00:00Z",
            run=Run(runId="0190f4b5-0000-7000-8000-000000000002"),
            job=Job(namespace="jobs", name="from-the-client"),
            producer="https://producer.example",
        )
    )
    monkeypatch.setenv("LINEAGE_TOKEN", "of-this-test")
    jobs = {job.name for job in lineage.open(store=address).snapshot.jobs}
    assert jobs == {"from-the-client"}


def test_nothing_listens_for_all_without_a_token(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "LINEAGE_TOKEN"}
    done = subprocess.run(
        [sys.executable, "-m", "lineage", "serve", "--host", "0.0.0.0"],  # noqa: S104 - refused
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "LINEAGE_TOKEN" in done.stderr


def test_what_is_wrong_with_an_event_is_told_with_its_place(client: TestClient) -> None:
    lines = json.dumps(EVENT) + "\n" + json.dumps({**EVENT, "run": []})
    answer = client.post("/api/v1/lineage/batch", content=lines)
    (problem,) = answer.json()["diagnostics"]
    assert (problem["line"], problem["pointer"]) == (2, "/run")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/", 404),
        ("GET", "/api/v1/impact", 405),
        ("DELETE", "/api/v1/stats", 405),
        ("POST", "/health", 405),
    ],
)
def test_what_there_is_not(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert path in answer.json()["error"]


def test_what_goes_wrong_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: Served) -> None:
        raise RuntimeError

    monkeypatch.setattr(Served, "estate", fail)
    served = application(Served(store=str(tmp_path / "store.db")))
    answer = TestClient(served, raise_server_exceptions=False).get("/api/v1/stats")
    assert answer.status_code == 500
    assert "the log of the server" in answer.json()["error"]


def test_a_store_that_nothing_came_to_yet(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    client = TestClient(application(Served(store=str(store))))
    assert set(client.get("/api/v1/stats").json().values()) == {0}
    assert client.get("/api/v1/search", params={"q": "a"}).json()["hits"] == []
    assert not client.get("/api/v1/events").content
    assert client.get("/api/v1/snapshot?as_of=2024-05-01").status_code == 200
    assert not store.exists()
    assert client.post("/api/v1/lineage", json=EVENT).json()["new"] == 1
    assert client.get("/api/v1/stats").json()["events"] == 1


def test_documents_that_are_not_there(tmp_path: Path) -> None:
    told = [sys.executable, "-m", "lineage", "serve", str(tmp_path / "no.sql"), "--port", "0"]
    done = subprocess.run(told, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "no.sql" in done.stderr


@pytest.mark.parametrize("path", ["/api/v1/downstream?column=no.such", "/api/v1/impact"])
def test_nothing_of_that_name(client: TestClient, path: str) -> None:
    change = {"kind": "drop_column", "table": "no", "column": "such"}
    asked = client.post(path, json=change) if path.endswith("impact") else client.get(path)
    assert asked.status_code == 404
    assert "no" in asked.json()["error"]


def test_what_is_too_long_is_refused_before_it_comes(client: TestClient) -> None:
    headers = {"content-length": "99999999999"}
    assert client.post("/api/v1/lineage", content=b"", headers=headers).status_code == 413


def test_a_client_that_goes_away_is_no_failure(tmp_path: Path) -> None:
    served = application(Served(store=str(tmp_path / "store.db")))
    scope: MutableMapping[str, Any] = {
        "type": "http", "http_version": "1.1", "method": "POST", "path": "/api/v1/lineage",
        "raw_path": b"/api/v1/lineage", "query_string": b"", "headers": [], "root_path": "",
        "scheme": "http", "server": ("here", 80), "client": None,
    }  # fmt: skip
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    asyncio.run(served(scope, receive, send))
    assert sent[0]["status"] == 400
