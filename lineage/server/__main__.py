"""Serves what the environment names: `python -m lineage.server HOST PORT`, as `lineage serve` does.

LINEAGE_SOURCES and LINEAGE_STORE say what is served, LINEAGE_TOKEN who may ask.
"""

from __future__ import annotations

import os
import sys

import click
import uvicorn

from lineage.server import Served, application

if __name__ == "__main__":
    host, port = sys.argv[1], int(sys.argv[2])
    given = os.environ.get
    named = tuple(filter(None, given("LINEAGE_SOURCES", "").split(os.pathsep)))
    served = Served(named, given("LINEAGE_STORE"), given("LINEAGE_DIALECT"), given("LINEAGE_TOKEN"))
    click.echo(f"serving on http://{host}:{port}", err=True)
    uvicorn.run(application(served), host=host, port=port, log_level="warning")
