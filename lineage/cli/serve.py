"""`lineage serve`: the store and its answers over HTTP."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from lineage.cli.options import Place, dialect, store
from lineage.errors import LineageError, UnreadableSource

_SAID = ("LINEAGE_SOURCES", "LINEAGE_STORE", "LINEAGE_DIALECT")
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@click.command("serve")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=Place())
@store
@dialect
@click.option(
    "--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="Port to use."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
def COMMAND(  # noqa: N802 - the constant of this room
    sources: tuple[str, ...], store: str | None, dialect: str | None, port: int, host: str
) -> None:
    """Receive OpenLineage events into the store, and answer over HTTP.

    Needs the [server] extra. Producers need OPENLINEAGE_URL only; other commands ask the server
    with --store http://HOST:PORT. With LINEAGE_TOKEN set, every request has to bring that token;
    without one, only this machine may ask.

    \b
    Examples:
      lineage serve
      lineage serve models/ --dialect duckdb --port 5001
      LINEAGE_TOKEN=… lineage serve --host 0.0.0.0
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.origin import DEFAULT_STORE  # noqa: PLC0415 - `--help` needs none

    for path in sources:
        if not Path(path).exists():
            reason = "no such file or folder"
            raise UnreadableSource(path, reason)
    token = os.environ.get("LINEAGE_TOKEN") or None
    if host not in _HERE and token is None:
        message = f"everyone who reaches {host} could read and write; set LINEAGE_TOKEN first"
        raise click.UsageError(message)
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        msg = 'the server is not installed; get it with: pip install "lineage-explorer[server]"'
        raise LineageError(msg)
    kept = store if sources else store or DEFAULT_STORE
    said = {"SOURCES": os.pathsep.join(sources), "STORE": kept, "DIALECT": dialect}
    environment = {name: text for name, text in os.environ.items() if name not in _SAID}
    environment.update({f"LINEAGE_{name}": text for name, text in said.items() if text})
    command = [sys.executable, "-m", "lineage.server", host, str(port)]
    os.execve(sys.executable, command, environment)  # noqa: S606 - our own interpreter
