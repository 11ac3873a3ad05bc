"""`lineage impact`: what breaks if this is changed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import Place, form, open_estate, sources
from lineage.errors import BadChange, UnreadableSource

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
    from lineage.cli.output import write  # noqa: PLC0415 - `--help` needs none
    from lineage.reports import verdicts  # noqa: PLC0415 - `--help` needs none

    flags = {name.replace("-", "_"): given.pop(name.replace("-", "_")) for name, *_ in _FLAGS}
    estate = open_estate(given.pop("sources"), **given)
    reached = False
    asked = False
    for change in _asked(estate, flags, changes):
        asked = True
        found = _answer(estate, change, witness)
        reached = reached or verdicts.threshold(found, fail_on)
        write(_pieces(found, form))
        sys.stdout.flush()
    if not asked:
        message = "say what changes, for example --drop orders.amount, or --changes FILE"
        raise click.UsageError(message)
    if reached:
        raise SystemExit(1)


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
) -> Iterator[ChangeSet]:
    records: list[Mapping[str, object]] = []
    for name, _, _, kind in _FLAGS:
        records.extend(_record(estate, kind, text) for text in flags[name.replace("-", "_")])
    if records:
        yield estate.parse_change({"changes": records})
    if changes is not None:
        for record in _read(changes):
            yield estate.parse_change(record)


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
        record["new" if kind == "rename_table" else "sql"] = (
            value if kind == "rename_table" else _content(value)
        )
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

    found = estate.resolve(text)
    if not isinstance(found, FieldId):
        raise BadChange(whole, f"{text} is a table; name a column of it: {text}.COLUMN")
    return found.dataset.name, found.name


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from error


def _read(path: str) -> Iterator[Mapping[str, object]]:
    """Yield the records of a file of changes. Raises BadChange with the line that is wrong."""
    name = "<stdin>" if path == "-" else path
    if path.endswith((".yml", ".yaml")):
        yield from _yaml(path)
        return
    try:
        stream = sys.stdin if path == "-" else Path(path).open(encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise UnreadableSource(path, error.strerror or str(error)) from error
    try:
        for number, line in enumerate(iter(lambda: stream.readline(_MAX_LINE), ""), 1):
            if not line.strip():
                continue
            place = f"{name}:{number}"
            try:
                record = json.loads(line)
            except ValueError as error:
                reason = f"this line is not JSON ({error})"
                raise BadChange(place, reason) from error
            if not isinstance(record, dict):
                raise BadChange(place, "a change is a JSON object")
            yield record
    finally:
        if stream is not sys.stdin:
            stream.close()


def _yaml(path: str) -> Iterator[Mapping[str, object]]:
    import yaml  # noqa: PLC0415 - only for a file of this kind

    try:
        found = yaml.safe_load(_content(path))
    except yaml.YAMLError as error:
        reason = re.sub(r"\s+", " ", str(error))
        raise BadChange(path, f"this is not YAML ({reason})") from error
    records = found if isinstance(found, list) else [found]
    for record in records:
        if not isinstance(record, dict):
            raise BadChange(path, "a change is a mapping")
        yield record
