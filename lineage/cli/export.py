"""`lineage export`: the estate, or a part of it, in a form that something else reads."""

from __future__ import annotations

from typing import Any

import click

from lineage.cli.options import Column, Place, open_estate, sources
from lineage.reports import REPORTS


@click.command("export")
@sources
@click.option(
    "--format",
    "form",
    type=click.Choice(REPORTS.names()),
    default="edges",
    show_default=True,
    help="Form: edges is one JSON object a column edge; html is a page that needs no network.",
)
@click.option(
    "--basis",
    type=click.Choice(["declared", "derived", "all"]),
    default="all",
    show_default=True,
    help="Who says so: a producer, or the SQL. What both say counts for either.",
)
@click.option(
    "--select",
    metavar="TEXT",
    type=Column(),
    help="Only this column and all around it; +NAME is upstream, NAME+2 two hops down, * any text.",
)
@click.option("-o", "--output", type=Place(), default="-", help="File to write instead of stdout.")
def COMMAND(form: str, basis: str, select: str | None, output: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Write the estate in a form that something else reads.

    \b
    Examples:
      lineage export --format edges --basis declared
      lineage export models/ --format html -o lineage.html
      lineage export --format mermaid --select +churn_scores.score
      lineage export --format graphml -o lineage.graphml
      lineage export --format openlineage | curl -T - https://…
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import save  # noqa: PLC0415 - `--help` needs none
    from lineage.workspace import export  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    pieces = export(estate, form, basis=basis, select=select)
    save(output, pieces)
