"""`lineage downstream`: what a column flows into."""

from __future__ import annotations

from typing import Any

import click

from lineage.cli.options import ANSWERS, Column, depth, open_estate, sources


@click.command("downstream")
@sources
@click.argument("column", type=Column())
@depth
@ANSWERS
def COMMAND(column: str, depth: int | None, direct: bool, form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Show what COLUMN flows into, nearest first.

    COLUMN is any unambiguous suffix of a column's or a dataset's name. "By value" means that the
    value itself arrives; "by influence", that it filters, joins, groups or orders.

    \b
    Examples:
      lineage downstream orders.amount
      lineage downstream models/ orders.amount --direct --depth 2
      lineage downstream orders.amount --format jsonl | jq -r .field.name
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.upstream import answer  # noqa: PLC0415 - `--help` needs none
    from lineage.model.answer import Direction  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    answer(estate, column, Direction.DOWNSTREAM, (depth, direct), form)
