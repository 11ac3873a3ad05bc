"""`lineage doctor`: what was read, what was not, and what to do about it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import form, open_estate, sources

if TYPE_CHECKING:
    from lineage.model.answer import CoverageReport
    from lineage.model.diagnostic import Diagnostic
    from lineage.workspace import Workspace

PACKAGES = ("lineage-explorer", "sqlglot", "msgspec", "networkx", "numpy", "streamlit", "pyvis")
NEXT = {
    "no-schema": "provide the DDL of these datasets as a further SOURCE, or events with schemas",
    "no-sql": "run `dbt compile`, or give the folder of the SQL files as a further SOURCE",
    "no-lineage": "let these jobs send their SQL or column lineage; until then they are opaque",
}


@click.command("doctor")
@sources
@click.option(
    "--all", "everything", is_flag=True, help="List every problem, not the first of each kind."
)
@form("text", "json")
def COMMAND(everything: bool, form: str, **given: Any) -> int:  # noqa: ANN401, N802 - the options of `sources`; the constant of this room
    """Say what was read, what could not be, and what to do next.

    Silence is not safety: whatever has no schema, no SQL or no lineage is counted and named, and
    so are datasets whose names nearly match. Exits 3 when something has errors.

    \b
    Examples:
      lineage doctor
      lineage doctor target/ events/ --all
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli import NOT_ANALYSED  # noqa: PLC0415 - the package imports this module
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none
    from lineage.model.diagnostic import Severity  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    found = estate.coverage()
    context = click.get_current_context().find_root()
    context.obj = None  # all problems are told here, and need not be told again afterwards
    value = {
        "versions": dict(_versions()),
        "stats": asdict(estate.stats()),
        "coverage": found,
        "diagnostics": estate.snapshot.diagnostics,
    }
    emit(form, value, "", lambda: _lines(estate, found, everything=everything))
    failed = any(row.severity is Severity.ERROR for row in estate.snapshot.diagnostics)
    return NOT_ANALYSED if failed else 0


def _versions() -> Iterator[tuple[str, str]]:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - slow

    yield "python", sys.version.split()[0]
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"


def _lines(estate: Workspace, found: CoverageReport, *, everything: bool) -> Iterator[str]:
    from lineage.cli.output import count  # noqa: PLC0415 - `--help` needs none

    stats = estate.stats()
    yield _head("Versions")
    yield "  " + ", ".join(f"{name} {version}" for name, version in _versions())
    yield ""
    yield _head("What was read")
    yield (
        f"  {count(stats.events, 'event')}, {count(stats.runs, 'run')}, "
        f"{count(stats.jobs, 'job')}, {count(stats.datasets, 'dataset')}, "
        f"{count(stats.fields, 'column')}, {count(stats.column_edges, 'column edge')}"
    )
    yield f"  {_share(found.understood, found.statements)} statements were understood"
    yield f"  {_share(found.with_schema, found.datasets)} datasets have a schema"
    yield f"  {_share(found.with_lineage, found.datasets)} datasets have column lineage into them"
    yield (
        f"  edges: {found.declared:,} declared, {found.derived:,} derived from SQL, "
        f"{found.both:,} both, {found.assumed:,} assumed"
    )
    yield from _problems(estate.snapshot.diagnostics, everything=everything)
    yield from _opaque(estate, found, everything=everything)
    if found.near_misses:
        yield ""
        yield _head(f"Names that nearly match ({len(found.near_misses):,} pairs)")
        shown = found.near_misses if everything else found.near_misses[:5]
        for one, other in shown:
            yield f"  {one.namespace}/{one.name}  ≈  {other.namespace}/{other.name}"
        yield "  → if they are one dataset, let the producers agree on a name, or send symlinks"


def _problems(diagnostics: tuple[Diagnostic, ...], *, everything: bool) -> Iterator[str]:
    from lineage.cli.output import problem  # noqa: PLC0415 - `--help` needs none

    yield ""
    if not diagnostics:
        yield _head("Problems") + "\n  none"
        return
    counted = Counter((row.severity, row.code) for row in diagnostics)
    yield _head(f"Problems ({len(diagnostics):,})")
    severities = list(dict.fromkeys(type(diagnostics[0].severity)))
    for (severity, code), number in sorted(
        counted.items(), key=lambda item: (severities.index(item[0][0]), -item[1], item[0][1])
    ):
        rows = [row for row in diagnostics if (row.severity, row.code) == (severity, code)]
        yield f"  {number:,} of {code}"
        yield from (f"    {problem(row)}" for row in (rows if everything else rows[:2]))
        if not everything and number > 2:  # noqa: PLR2004 - as many as are shown
            yield "    … (--all lists them)"


def _opaque(estate: Workspace, found: CoverageReport, *, everything: bool) -> Iterator[str]:
    if not found.opaque:
        return
    yield ""
    yield _head(f"What lineage cannot see ({len(found.opaque):,})")
    for code, number in Counter(row.code for row in found.opaque).most_common():
        rows = [row for row in found.opaque if row.code == code]
        yield f"  {number:,} of {code}: {rows[0].reason}"
        shown = rows if everything else rows[:3]
        names = ", ".join(estate.label(row.subject) for row in shown if row.subject is not None)
        yield f"    {names}{', …' if len(rows) > len(shown) else ''}"
        if code in NEXT:
            yield f"  → {NEXT[code]}"


def _head(text: str) -> str:
    return click.style(text, bold=True)


def _share(part: int, whole: int) -> str:
    return f"{part:,} of {whole:,} ({part / whole:.0%})" if whole else "0 of 0"
