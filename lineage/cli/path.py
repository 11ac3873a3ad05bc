"""`lineage path`: the ways from one column to another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import ANSWERS, Column, open_estate, sources

if TYPE_CHECKING:
    from lineage.model.answer import Path
    from lineage.workspace import Workspace


@click.command("path")
@sources
@click.argument("start", metavar="A", type=Column())
@click.argument("end", metavar="B", type=Column())
@click.option("--direct", is_flag=True, help="Only ways on which the value itself flows.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="At most this many."
)
@ANSWERS
def COMMAND(start: str, end: str, direct: bool, limit: int, form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Show the ways from column A to column B, shortest first.

    \b
    Examples:
      lineage path orders.amount revenue.total
      lineage path models/ orders.status churn.label --direct
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    a, b = estate.resolve(start), estate.resolve(end)
    found = estate.paths(a, b, limit=limit, direct=direct)
    value = {
        "source": a,
        "target": b,
        "paths": [
            {
                "direct": path.direct,
                "columns": path.columns,
                "steps": [
                    {
                        "source": step.source,
                        "target": step.target,
                        "direct": step.direct,
                        "jobs": sorted({edge.job for edge in step.edges if edge.job}),
                    }
                    for step in path.steps
                ],
            }
            for path in found
        ],
    }
    emit(form, value, "paths", lambda: _lines(estate, found, (start, end)))


def _lines(estate: Workspace, found: tuple[Path, ...], ends: tuple[str, str]) -> Iterator[str]:
    from lineage.reports.text import how  # noqa: PLC0415 - `--help` needs none

    if not found:
        yield f"no way leads from {ends[0]} to {ends[1]}"
    for number, path in enumerate(found, 1):
        yield click.style(f"{number}. {'by value' if path.direct else 'by influence'}", bold=True)
        yield f"   {estate.label(path.columns[0])}"
        for step in path.steps:
            arrow = "->" if step.direct else "~>"
            steps = ", ".join(sorted({how(edge) for edge in step.edges}))
            jobs = ", ".join(sorted({edge.job.name for edge in step.edges if edge.job}))
            by = f", by {jobs}" if jobs else ""
            yield f"   {arrow} {estate.label(step.target)}  ({steps}{by})"
