"""`lineage unused`: what may go, because nothing reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import ANSWERS, open_estate, sources

if TYPE_CHECKING:
    from lineage.analysis.unused import Unused
    from lineage.workspace import Workspace


@click.command("unused")
@sources
@click.option("--single", is_flag=True, help="Also what has a single reader, which is named.")
@ANSWERS
def COMMAND(single: bool, form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """List columns and tables that no statement, test, contract or exposure reads.

    What stars carry on counts as read. "may" means that part of the estate could not be read.

    \b
    Examples:
      lineage unused models/ --dialect duckdb
      lineage unused --single --format jsonl
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    found = [item for item in estate.unused() if single or item.reader is None]
    rows = [
        {"subject": item.subject, "reader": item.reader, "proved": item.proved} for item in found
    ]
    emit(form, {"unused": rows}, "unused", lambda: _lines(estate, found))


def _lines(estate: Workspace, found: list[Unused]) -> Iterator[str]:
    nobody = sum(item.reader is None for item in found)
    yield f"\x1b[1m{nobody} columns and tables have no reader.\x1b[0m"
    for item in found:
        may = "" if item.proved else "  may: part of the estate could not be read"
        reader = f"  only read by {item.reader.name}" if item.reader else ""
        yield f"{estate.label(item.subject)}{reader}{may}"
