"""`lineage snapshot`: a state in a file, to be asked or compared later."""

from __future__ import annotations

from typing import Any

import click

from lineage.cli.options import Place, open_estate, sources


@click.command("snapshot")
@sources
@click.option(
    "-o",
    "--output",
    type=Place(),
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
    from lineage.cli.output import count, save  # noqa: PLC0415 - `--help` needs none
    from lineage.workspace import save_snapshot  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    text = save_snapshot(estate).decode() + "\n"
    number = count(len(estate.snapshot.datasets), "dataset")
    save(output, [text], f": {number}, {count(len(estate.snapshot.edges), 'edge')}")
