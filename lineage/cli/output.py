"""How answers are printed: payload to stdout, what people should know to stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.identity import DatasetId, FieldId
from lineage.reports.values import plain

if TYPE_CHECKING:
    from lineage.model.answer import Cone
    from lineage.workspace import Workspace

SHOWN = 5
"""Problems that are told in full while reading; `lineage doctor` tells all."""
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "blue"}


def emit(
    form: str, value: Mapping[str, object], rows: str, text: Callable[[], Iterable[str]]
) -> None:
    """Print an answer: as one JSON object, as a line for each of its ``rows``, or as text."""
    if form == "json":
        click.echo(_dumps(value, indent=2))
    elif form == "jsonl":
        listed = value[rows]
        assert isinstance(listed, Iterable)  # noqa: S101 - the caller names one of its lists
        write(_dumps(row) + "\n" for row in listed)
    else:
        write(f"{line}\n" for line in text())


def _dumps(value: object, indent: int | None = None) -> str:
    ascii_only = not (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(plain(value), ensure_ascii=ascii_only, indent=indent)


def write(pieces: Iterable[str]) -> None:
    """Print pieces of text as they come, colours only on a terminal that wants them."""
    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    for piece in pieces:
        sys.stdout.write(piece if colour else click.unstyle(piece))


def save(path: str, pieces: Iterable[str], what: str = "") -> None:
    """Write pieces of text to a file, or to stdout for ``-``, and tell stderr."""
    if path == "-":
        write(pieces)
        return
    try:
        with Path(path).open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
            file.writelines(pieces)
    except OSError as error:
        msg = f"{path} cannot be written: {error.strerror or error}."
        raise click.UsageError(msg) from error
    click.echo(f"wrote {path}{what}", err=True)


def place(location: Location | None) -> str:
    """Return ``file:line:column``, as far as it is known."""
    if location is None:
        return ""
    if location.line:
        return f"{location.document}:{location.line}" + (
            f":{location.column}" if location.column else ""
        )
    return f"{location.document}#{location.pointer}" if location.pointer else location.document


def problem(diagnostic: Diagnostic) -> str:
    """Return one line: place, severity, member, message, code."""
    location = diagnostic.location
    where = place(location)
    member = f"{location.pointer}: " if location and location.line and location.pointer else ""
    severity = click.style(diagnostic.severity.value, fg=COLOURS[diagnostic.severity])
    said = f"{severity}: {member}{diagnostic.message} [{diagnostic.code}]"
    return f"{where}: {said}" if where else said


def report_problems(diagnostics: Iterable[Diagnostic]) -> None:
    """Tell stderr what was wrong with what was read: the worst in full, the rest as a number."""
    told = [row for row in diagnostics if row.severity is not Severity.NOTE]
    if not told:
        return
    order = list(Severity)
    told.sort(key=lambda row: order.index(row.severity))
    for diagnostic in told[:SHOWN]:
        click.echo(problem(diagnostic), err=True)
    if len(told) > SHOWN:
        counted = Counter(row.severity.value for row in told)
        numbers = ", ".join(f"{count} {severity}s" for severity, count in counted.items())
        click.echo(f"{numbers} in all; `lineage doctor` lists them.", err=True)


def count(number: int, noun: str) -> str:
    """Return ``1 column`` or ``3 columns``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def cone_lines(estate: Workspace, cone: Cone, *, limit: int | None = None) -> Iterator[str]:
    """Yield a cone for people: how much, then the columns of each dataset, nearest first."""
    datasets = cone.datasets
    name = click.style(estate.label(cone.origin), bold=True)
    if not cone.reached:
        yield f"{name} has nothing {cone.direction.value}"
        yield from _readers(cone)
        return
    values = sum(row.direct for row in cone.reached)
    yield (
        f"{name}: {count(len(cone.reached), 'column')} in {count(len(datasets), 'dataset')} "
        f"{cone.direction.value}, {values:,} by value, {len(cone.reached) - values:,} by influence"
    )
    rows: dict[DatasetId, list[tuple[str, str, str]]] = {id_: [] for id_ in datasets}
    for row in cone.reached[:limit]:
        how = "value" if row.direct else "influence"
        near = "" if row.via == cone.origin else _via(estate, row.field, row.via)
        rows[row.field.dataset].append((row.field.name, f"{count(row.hops, 'hop')}, {how}", near))
    for dataset, columns in rows.items():
        if columns:
            yield ""
            yield click.style(estate.label(dataset), fg="cyan")
            wide = max(len(name) for name, _, _ in columns)
            yield from (
                f"  {name:<{wide}}  {how:<17}  {near}".rstrip() for name, how, near in columns
            )
    if limit is not None and len(cone.reached) > limit:
        yield f"\n… and {len(cone.reached) - limit:,} more"
    yield from _readers(cone)


def _readers(cone: Cone) -> Iterator[str]:
    by_kind: dict[str, list[str]] = {}
    for row in cone.consumers:
        by_kind.setdefault(row.kind, []).append(row.job.name)
    if by_kind:
        yield ""
    for kind, names in sorted(by_kind.items()):
        yield f"{click.style('read by', fg='cyan')} {count(len(names), kind)}: {', '.join(names)}"


def _via(estate: Workspace, field: FieldId, via: FieldId | DatasetId) -> str:
    if isinstance(via, FieldId) and via.dataset == field.dataset:
        return f"via {via.name}"
    return f"via {estate.label(via)}"


@contextmanager
def progress(what: str) -> Iterator[Callable[[int], None]]:
    """Yield a function to tell how far the work is; shown on a terminal, and only if it is slow."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    started = last = time.monotonic()
    shown = False

    def tell(done: int) -> None:
        nonlocal last, shown
        now = time.monotonic()
        if now - started > 1 and now - last > 0.1:  # noqa: PLR2004 - seconds
            sys.stderr.write(f"\r{what}: {done:,} ({now - started:.0f} s)\x1b[K")
            sys.stderr.flush()
            last, shown = now, True

    try:
        yield tell
    finally:
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()
