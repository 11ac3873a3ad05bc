"""`lineage stats`: how much there is."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from lineage.cli.options import form, open_estate, sources


@click.command("stats")
@sources
@form("text", "json")
def COMMAND(form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Count events, runs, jobs, datasets, columns, edges and diagnostics.

    \b
    Examples:
      lineage stats
      lineage stats events.jsonl --format json
      zcat events.jsonl.gz | lineage stats -
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    counts = asdict(open_estate(given.pop("sources"), **given).stats())
    wide = max(map(len, counts))
    emit(
        form,
        counts,
        "",
        lambda: (f"{name.replace('_', ' '):<{wide}}  {n:>10,}" for name, n in counts.items()),
    )
