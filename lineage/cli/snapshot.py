"""`lineage snapshot`: a state in a file, to be asked or compared later."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from lineage.cli.options import open_estate, sources


@click.command("snapshot")
@sources
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    required=True,
    help="File to write; - is stdout.",
)
def COMMAND(output: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Save the state of the sources in a file. Every command takes that file as a SOURCE.

    \b
    Examples:
      lineage snapshot models/ -o before.json
      lineage snapshot --as-of 2024-05-01 -o may.json
      lineage diff before.json models/
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import count  # noqa: PLC0415 - `--help` needs none
    from lineage.workspace import save_snapshot  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    data = save_snapshot(estate)
    if output == "-":
        click.echo(data)
        return
    try:
        Path(output).write_bytes(data + b"\n")
    except OSError as error:
        raise click.FileError(output, error.strerror or str(error)) from error
    number = count(len(estate.snapshot.datasets), "dataset")
    click.echo(f"wrote {output}: {number}, {count(len(estate.snapshot.edges), 'edge')}", err=True)
