"""`lineage explore`: the explorer, in the browser."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click

from lineage.cli.options import Place, dialect, store
from lineage.errors import LineageError

ENTRY = Path("app", "main.py")
SERVE = Path("app", "serve.py")
"""Runs Streamlit, and reads the estate while the browser loads."""


@click.command("explore")
@click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=Place())
@store
@click.option(
    "--server",
    type=Place(),
    metavar="URL",
    help="Server to ask (`lineage serve`), as --store does.",
)
@dialect
@click.option("--namespace", help="Namespace of datasets that have none of their own.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8501, show_default=True, help="Port to use."
)
@click.option("--host", default="localhost", show_default=True, help="Address to listen on.")
@click.option("--headless", is_flag=True, help="Do not open a browser.")
def COMMAND(  # noqa: N802, PLR0913, PLR0917 - the constant of this room; a command's options
    sources: tuple[str, ...],
    store: str | None,
    server: str | None,
    dialect: str | None,
    namespace: str | None,
    port: int,
    host: str,
    headless: bool,
) -> int:
    """Open the explorer on sources, or on the store.

    Needs the [app] extra. Nothing is sent anywhere; it works without a network.

    \b
    Examples:
      lineage explore
      lineage explore models/ --dialect duckdb
      lineage explore --store .lineage/store.db --port 8600 --headless
      lineage explore --server http://lineage.example:5000
      lineage explore --server https://lineage.example
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli import NOT_ANALYSED  # noqa: PLC0415 - the package imports this module

    if server is not None:
        if store is not None or "://" not in server:
            message = "--server takes the URL of a server, and takes the place of --store"
            raise click.UsageError(message)
        store = server
    command = arguments(port, host, headless=headless)
    environment = {**os.environ, **settings(sources, server or store, dialect, namespace)}
    with subprocess.Popen(command, env=environment) as process:  # noqa: S603 - our own interpreter
        # Whoever stops this command means the server: it must not go on without it.
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            code = process.wait()
        except KeyboardInterrupt:
            process.wait()
            return 0
        finally:
            signal.signal(signal.SIGTERM, before)
    return NOT_ANALYSED if code > 0 else 0


def arguments(port: int, host: str, *, headless: bool) -> list[str]:
    """Return the command that serves the explorer."""
    if find_spec("streamlit") is None:
        msg = 'the explorer is not installed; get it with: pip install "lineage-explorer[app]"'
        raise LineageError(msg)
    return [
        sys.executable,
        "-P",  # names of the explorer's files must not hide modules
        str(home() / SERVE),
        str(port),
        host,
        *(("--headless",) if headless else ()),
    ]


def settings(
    sources: tuple[str, ...], store: str | None, dialect: str | None, namespace: str | None
) -> dict[str, str]:
    """Return the environment that tells the explorer what to open."""
    found = {
        "PYTHONPATH": os.pathsep.join(
            filter(None, (str(home()), os.environ.get("PYTHONPATH", "")))
        ),
        "LINEAGE_SOURCES": os.pathsep.join(str(Path(path).absolute()) for path in sources),
    }
    said = {
        "LINEAGE_STORE": store,
        "LINEAGE_DIALECT": dialect,
        "LINEAGE_NAMESPACE": namespace,
    }
    found.update({name: value for name, value in said.items() if value})
    return found


def home() -> Path:
    """Return the folder that holds `app`: inside the wheel, or the root of a checkout."""
    package = Path(__file__).parents[1]
    for folder in (package / "_explorer", package.parent):
        if (folder / ENTRY).is_file():
            return folder
    msg = "the explorer's pages are missing from this installation; install lineage-explorer again"
    raise LineageError(msg)
