"""`lineage impact`: what breaks if this is changed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import Place, form, open_estate, sources
from lineage.errors import BadChange, BadLine, RequestError, UnknownName

if TYPE_CHECKING:
    from lineage.model.change import ChangeSet
    from lineage.model.verdict import Impact
    from lineage.workspace import Workspace

_MAX_LINE = 1 << 22
_FLAGS = (
    ("drop", "T.C", "Drop a column.", "drop_column"),
    ("rename", "T.C=NEW", "Rename a column.", "rename_column"),
    ("retype", "T.C:TYPE", "Give a column another type.", "type_change"),
    ("add", "T.C:TYPE", "Add a column at the end.", "add_column"),
    ("nullable", "T.C", "Let a column be NULL.", "nullable_change"),
    ("reorder", "T", "Move the first column to the end; T=A,B,C gives the order.", "reorder"),
    ("drop-table", "T", "Drop a table.", "drop_table"),
    ("rename-table", "T=NEW", "Rename a table.", "rename_table"),
    ("edit", "T=FILE", "Make a table by the statement in FILE.", "edit"),
)


def _flags(command: Any) -> Any:  # noqa: ANN401 - a decorator of click's commands
    for name, metavar, text, _ in reversed(_FLAGS):
        command = click.option(f"--{name}", metavar=metavar, multiple=True, help=text)(command)
    return command


@click.command("impact")
@sources
@_flags
@click.option(
    "--changes",
    type=Place(dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Changes as JSON lines (or a YAML list): each line is a what-if of its own.",
)
@click.option(
    "--witness",
    metavar="ENGINE",
    help="Ask a real engine as well: duckdb, or postgresql://…",
)
@click.option(
    "--fail-on",
    type=click.Choice(("never", "breaking", "unknown", "any")),
    default="never",
    show_default=True,
    help="Exit with 1 when a verdict is at least this bad.",
)
@form("text", "json", "jsonl", "markdown")
def COMMAND(  # noqa: N802 - the constant of this room
    changes: str | None,
    witness: str | None,
    fail_on: str,
    form: str,
    **given: Any,  # noqa: ANN401 - the options of `sources` and the flags
) -> None:
    """Tell what breaks if a column or table changes, with the proof.

    Flags together are one change set; each line of --changes is one of its own. Everything
    downstream is bound again against the changed schema: BREAKS, BLOCKED, SCHEMA_CHANGES,
    VALUE_CHANGES and UNKNOWN each come with file, line, column, reason and owner.

    \b
    Examples:
      lineage impact --rename billing.invoices.amount=amount_gross
      lineage impact warehouse/ --dialect duckdb --drop orders.legacy_id
      lineage impact target/ --changes changes.jsonl --format jsonl
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli import AS_FAR_AS_READ  # noqa: PLC0415 - the package imports this module
    from lineage.cli.output import write  # noqa: PLC0415 - `--help` needs none
    from lineage.reports import verdicts  # noqa: PLC0415 - `--help` needs none

    flags = {name.replace("-", "_"): given.pop(name.replace("-", "_")) for name, *_ in _FLAGS}
    click.get_current_context().meta[AS_FAR_AS_READ] = fail_on == "never"
    estate = open_estate(given.pop("sources"), **given)
    reached = False
    asked = False
    for place, record in _asked(estate, flags, changes):
        asked = True
        with _at(place):
            found = _answer(estate, estate.parse_change(record), witness)
        reached = reached or verdicts.threshold(found, fail_on)
        write(_pieces(found, form))
        sys.stdout.flush()
    if not asked:
        message = "say what changes, for example --drop orders.amount, or --changes FILE"
        raise click.UsageError(message)
    if reached:
        raise SystemExit(1)


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Name the line that a change stands on, if it comes from a file."""
    try:
        yield
    except RequestError as error:
        if not place:
            raise
        said = f"{error.reason}." if isinstance(error, BadChange) else str(error)
        raise BadLine(place, said) from error


def _answer(estate: Workspace, change: ChangeSet, witness: str | None) -> Impact:
    found = estate.impact(change)
    if witness is None:
        return found
    return estate.witness(found, witness)


def _pieces(found: Impact, form: str) -> Iterator[str]:
    from lineage.reports import verdicts  # noqa: PLC0415 - `--help` needs none

    if form == "json":
        yield json.dumps(verdicts.record(found), ensure_ascii=False, indent=2) + "\n"
    elif form == "jsonl":
        yield json.dumps(verdicts.line(found), ensure_ascii=False) + "\n"
    else:
        lines = verdicts.markdown(found) if form == "markdown" else verdicts.text(found)
        yield from (f"{item}\n" for item in lines)


def _asked(
    estate: Workspace, flags: Mapping[str, tuple[str, ...]], changes: str | None
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield what to answer, and where it stands."""
    records: list[Mapping[str, object]] = []
    for name, _, _, kind in _FLAGS:
        records.extend(_record(estate, kind, text) for text in flags[name.replace("-", "_")])
    if records:
        yield "", {"changes": records}
    if changes is not None:
        yield from _read(changes)


def _record(estate: Workspace, kind: str, text: str) -> dict[str, object]:
    """Return a flag's text as a record of a file of changes."""
    record: dict[str, object] = {"kind": kind}
    if kind in {"drop_column", "nullable_change"}:
        record["table"], record["column"] = _column(estate, text, text)
    elif kind == "rename_column":
        column, new = _cut(text, "=", text)
        record["table"], record["column"] = _column(estate, column, text)
        record["new"] = new
    elif kind in {"type_change", "add_column"}:
        column, type_ = _cut(text, ":", text)
        if kind == "add_column":
            from lineage.model.names import owner_and_name  # noqa: PLC0415 - `--help` needs none

            table, name = owner_and_name(column)
            if not table:
                raise BadChange(text, "name the table as well: T.C:TYPE")
            record |= {"table": table, "new": name, "type": type_}
        else:
            record["table"], record["column"] = _column(estate, column, text)
            record["new"] = type_
    elif kind == "reorder":
        table, _, order = text.partition("=")
        record["table"] = table
        if order:
            record["order"] = [name.strip() for name in order.split(",")]
    elif kind in {"rename_table", "edit"}:
        record["table"], value = _cut(text, "=", text)
        if kind == "edit":
            record |= {"sql": _content(value), "file": value}
        else:
            record["new"] = value
    else:
        record["table"] = text
    return record


def _cut(text: str, mark: str, whole: str) -> tuple[str, str]:
    before, found, after = text.partition(mark)
    if not (before and found and after):
        raise BadChange(whole, f'there must be something on both sides of "{mark}"')
    return before, after


def _column(estate: Workspace, text: str, whole: str) -> tuple[str, str]:
    """Return table and column of an unambiguous suffix of a column's name."""
    from lineage.model.identity import FieldId  # noqa: PLC0415 - `--help` needs none
    from lineage.model.names import owner_and_name  # noqa: PLC0415 - the same

    try:
        found = estate.resolve(text)
    except UnknownName:
        # A column that is named where it leads to nothing has no lineage, and may break all the
        # same; of a table that nobody described only its statements know.
        table, name = owner_and_name(text)
        if not table or estate.is_described(table):
            raise
        return table, name
    if not isinstance(found, FieldId):
        raise BadChange(whole, f"{text} is a table; name a column of it: {text}.COLUMN")
    return found.dataset.name, found.name


def _content(path: str) -> str:
    from lineage.sources.document import Document  # noqa: PLC0415 - `--help` needs none

    return Document(path, Path(path)).text()


def _read(path: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the records of a file of changes, and where they stand. Raises BadLine."""
    found = _yaml(path) if path.endswith((".yml", ".yaml")) else _lines(path)
    for place, record in found:
        if not isinstance(record, dict):
            reason = f"a change is an object, not {record!r:.60}."
            raise BadLine(place, reason)
        yield place, record


def _lines(path: str) -> Iterator[tuple[str, object]]:
    from lineage.sources.document import Document  # noqa: PLC0415 - `--help` needs none

    name = "<stdin>" if path == "-" else path
    # Standard input is answered line by line, as the lines come.
    opened = nullcontext(sys.stdin.buffer) if path == "-" else Document(path, Path(path)).open()
    with opened as stream:
        for number, line in enumerate(iter(lambda: stream.readline(_MAX_LINE), b""), 1):
            if not line.strip():
                continue
            place = f"{name}:{number}"
            try:
                record = json.loads(line)
            except (ValueError, RecursionError) as error:
                reason = f"this line is not JSON ({error})."
                raise BadLine(place, reason) from error
            yield place, record


def _yaml(path: str) -> Iterator[tuple[str, object]]:
    import yaml  # noqa: PLC0415 - only for a file of this kind

    text = _content(path)
    try:
        loader = yaml.SafeLoader(text)
        whole = loader.get_single_node()
        listed = whole.value if isinstance(whole, yaml.SequenceNode) else [whole] if whole else []
        records = [(item.start_mark.line + 1, loader.construct_document(item)) for item in listed]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else path
        said = getattr(error, "problem", None) or re.sub(r"\s+", " ", str(error))
        reason = f"this is not YAML ({said})."
        raise BadLine(place, reason) from error
    for line, record in records:
        yield f"{path}:{line}", record
