"""`lineage diff`: two states compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lineage.cli.options import ANSWERS, Place, dialect, open_estate

if TYPE_CHECKING:
    from lineage.analysis.diff import Diff, Difference
    from lineage.workspace import Workspace

SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


@click.command("diff")
@click.argument("before", metavar="A", type=Place())
@click.argument("after", metavar="B", type=Place())
@dialect
@click.option("--namespace", help="Namespace of datasets that have none of their own.")
@click.option(
    "--fail-on",
    type=click.Choice(["never", "any"]),
    default="never",
    show_default=True,
    help="Exit with 1 when anything differs.",
)
@ANSWERS
def COMMAND(  # noqa: N802, PLR0913, PLR0917 - the constant of this room; a command's options
    before: str, after: str, dialect: str | None, namespace: str | None, fail_on: str, form: str
) -> int:
    """Compare two states: datasets, columns, types, statements and edges.

    A and B are files, folders, saved snapshots or stores (.db).

    \b
    Examples:
      lineage diff main/models/ models/
      lineage diff before.json after.json --format jsonl
      lineage diff before.json .lineage/store.db --fail-on any
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli import FOUND  # noqa: PLC0415 - the package imports this module
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none

    one = _open(before, dialect, namespace)
    other = _open(after, dialect, namespace)
    found = one.diff(other)
    value = {"before": before, "after": after, "differences": found.differences}
    emit(form, value, "differences", lambda: _lines(one, other, found))
    return FOUND if found and fail_on == "any" else 0


def _open(what: str, dialect: str | None, namespace: str | None) -> Workspace:
    from lineage.origin import is_store  # noqa: PLC0415 - `--help` needs none

    if is_store(what):
        return open_estate((), what, dialect, namespace)
    return open_estate((what,), None, dialect, namespace)


def _lines(one: Workspace, other: Workspace, found: Diff) -> Iterator[str]:
    if not found:
        yield "nothing differs"
        return
    counted = Counter(row.act.value for row in found.differences)
    yield ", ".join(f"{number:,} {act}" for act, number in sorted(counted.items()))
    last = None
    for row in found.differences:
        if row.aspect != last:
            yield ""
            last = row.aspect
        sign, colour = SIGNS[row.act.value]
        estate = one if row.after is None else other
        yield click.style(f"{sign} {_text(estate, row)}", fg=colour)


def _text(estate: Workspace, row: Difference) -> str:
    from lineage.analysis.diff import Aspect, Flow  # noqa: PLC0415 - `--help` needs none

    if isinstance(row.subject, Flow):
        ends = " -> ".join(estate.label(end) for end in (row.subject.source, row.subject.target))
        return f"edge {ends}{_change(row)}"
    name = estate.label(row.subject)
    if row.aspect in {Aspect.SQL, Aspect.JOB}:
        if row.before is None or row.after is None:
            return f"{row.aspect.value} of {name}" if row.aspect is Aspect.SQL else f"job {name}"
        from lineage.analysis.blame import changed_line  # noqa: PLC0415 - `--help` needs none

        return f"sql of {name}: {changed_line(row.before, row.after)}"
    return f"{row.aspect.value} {name}{_change(row)}"


def _change(row: Difference) -> str:
    if row.before is not None and row.after is not None:
        return f": {row.before} -> {row.after}"
    detail = row.before if row.after is None else row.after
    return f" ({detail})" if detail else ""
