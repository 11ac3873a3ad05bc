"""`lineage blame`: what changed upstream before something broke."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import ANSWERS, Column, Instant, open_estate, sources

if TYPE_CHECKING:
    from lineage.analysis.blame import Blame
    from lineage.workspace import Workspace


@click.command("blame")
@sources
@click.argument("column", type=Column())
@click.option(
    "--at", "before", type=Instant(), help="When it was seen to be broken.  [default: now]"
)
@click.option("--since", type=Instant(), help="Leave out what happened before this.")
@ANSWERS
def COMMAND(  # noqa: N802 - the constant of this room
    column: str,
    before: datetime | None,
    since: datetime | None,
    form: str,
    **given: Any,  # noqa: ANN401 - the options of `sources`
) -> None:
    """Show what changed upstream of COLUMN before it broke, the latest first.

    Schemas that changed, statements that changed and runs that failed, for everything that COLUMN
    (or a dataset) is made from, with the way from there to it and whose it is.

    \b
    Examples:
      lineage blame churn_scores.score --at "2024-05-02 02:34"
      lineage blame events/ revenue.total --since 2024-05-01
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    found = estate.blame(estate.resolve(column), before or datetime.now(UTC))
    culprits = [row for row in found.culprits if since is None or row.at >= since]
    value = {
        "of": found.of,
        "before": found.before,
        "columns": found.columns,
        "datasets": found.datasets,
        "culprits": culprits,
        "without_history": found.without_history,
    }
    emit(form, value, "culprits", lambda: _lines(estate, found, since))


def _lines(estate: Workspace, found: Blame, since: datetime | None) -> Iterator[str]:
    from lineage.cli.output import count, place  # noqa: PLC0415 - `--help` needs none

    culprits = [row for row in found.culprits if since is None or row.at >= since]
    upstream = f"{count(found.columns, 'column')} in {count(found.datasets, 'dataset')}"
    name = click.style(estate.label(found.of), bold=True)
    yield (
        f"{name}: {count(len(culprits), 'change')} upstream ({upstream}) "
        f"until {found.before:%Y-%m-%d %H:%M:%S %Z}"
    )
    for row in culprits:
        yield ""
        colour = {"run": "red", "schema": "yellow", "sql": "magenta"}[row.kind.value]
        kind = click.style(f"{row.kind.value:<6}", fg=colour)
        yield f"{row.at:%Y-%m-%d %H:%M:%S}  {kind}  {estate.label(row.subject)}: {row.message}"
        if len(row.path) > 1:
            yield f"    {' -> '.join(estate.label(step) for step in row.path)}"
        details = [*row.owners, *([place(row.location)] if row.location else [])]
        if details:
            yield f"    {', '.join(details)}"
    if found.without_history:
        few = ", ".join(estate.label(id_) for id_ in found.without_history[:5])
        more = len(found.without_history) - 5
        yield ""
        yield (
            f"no history of {few}{f' and {more} more' if more > 0 else ''}: "
            f"what changed there, if anything, is not known"
        )
