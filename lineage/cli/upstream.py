"""`lineage upstream`: what flows into a column."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import ANSWERS, Column, depth, open_estate, sources

if TYPE_CHECKING:
    from lineage.model.answer import Direction
    from lineage.workspace import Workspace


@click.command("upstream")
@sources
@click.argument("column", type=Column())
@depth
@ANSWERS
def COMMAND(column: str, depth: int | None, direct: bool, form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Show what flows into COLUMN, nearest first.

    COLUMN is any unambiguous suffix of a column's or a dataset's name.

    \b
    Examples:
      lineage upstream churn_scores.score
      lineage upstream models/ revenue.total --direct
      lineage upstream revenue.total --format json
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.model.answer import Direction  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    answer(estate, column, Direction.UPSTREAM, (depth, direct), form)


def answer(
    estate: Workspace,
    column: str,
    direction: Direction,
    limits: tuple[int | None, bool],
    form: str,
) -> None:
    """Resolve a column, walk, and print what is reached."""
    from lineage.cli.output import cone_lines, emit  # noqa: PLC0415 - `--help` needs none
    from lineage.reports.values import reached  # noqa: PLC0415 - `--help` needs none

    origin = estate.resolve(column)
    walk = estate.downstream if direction.value == "downstream" else estate.upstream
    depth, direct = limits
    cone = walk(origin, depth=depth, direct=direct, edges=False)
    emit(form, reached(cone), "reached", lambda: cone_lines(estate, cone))
