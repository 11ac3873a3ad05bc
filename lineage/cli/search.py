"""`lineage search`: datasets, columns and jobs by what people know of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import ANSWERS, open_estate, sources

if TYPE_CHECKING:
    from lineage.model.answer import Hit


@click.command("search")
@sources
@click.argument("text")
@click.option(
    "--kind", type=click.Choice(["column", "dataset", "job"]), help="Only things of this kind."
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=25, show_default=True, help="At most this many."
)
@ANSWERS
def COMMAND(text: str, kind: str | None, limit: int, form: str, **given: Any) -> None:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Find datasets, columns and jobs by name, description, tag or owner, best first.

    Every word of TEXT has to be found, letter case aside.

    \b
    Examples:
      lineage search amount
      lineage search "pii email" --kind column
      lineage search team:billing --format jsonl
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    every = 1_000_000 if kind else limit
    hits = [hit for hit in estate.search(text, limit=every) if kind in {None, hit.kind.value}]
    hits = hits[:limit]
    emit(form, {"text": text, "hits": hits}, "hits", lambda: _lines(hits, text))


def _lines(hits: list[Hit], text: str) -> Iterator[str]:
    if not hits:
        yield f'nothing is called "{text}", described so, tagged so or owned so'
        return
    wide = max(len(hit.label) for hit in hits)
    for hit in hits:
        kind = click.style(f"{hit.kind.value:<7}", fg="cyan")
        yield f"{kind}  {hit.label:<{wide}}  {hit.detail}".rstrip()
