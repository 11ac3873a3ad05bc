"""`lineage sql`: what SQL reads and writes, column by column."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import Dialect, Place, form
from lineage.errors import BrokenSource, LineageError

if TYPE_CHECKING:
    from lineage.sources.document import Document
    from lineage.sql.case import Answer

_MAX_LINE = 1 << 25
_CHUNK = 64


@click.command("sql")
@click.argument("files", nargs=-1, metavar="[FILE]...", type=Place(dir_okay=False))
@click.option("--jsonl", is_flag=True, help="Read cases as JSON lines on stdin, answer each.")
@click.option("--dialect", type=Dialect(), help="SQL dialect.")
@click.option(
    "--schema",
    type=Place(),
    metavar="FILE",
    help="Tables and their columns: {table: {column: type}}.",
)
@click.option(
    "--processes",
    type=click.IntRange(min=1, max=64),
    default=1,
    show_default=True,
    help="Processes to share the cases of --jsonl among.",
)
@form("text", "json")
def COMMAND(  # noqa: N802, PLR0913 - the constant of this room; click passes options by name
    files: tuple[str, ...],
    *,
    jsonl: bool,
    dialect: str | None,
    schema: str | None,
    processes: int,
    form: str,
) -> None:
    """Show the columns and edges of SQL statements: of files, or of standard input.

    With --jsonl each line of stdin is a case with id, sql and, as far as they are known,
    dialect, schema, default_db, default_schema and views; each gives one line of answer.

    \b
    Examples:
      lineage sql query.sql --dialect snowflake
      echo 'select a + b as c from t' | lineage sql
      lineage sql --jsonl < cases.jsonl
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import write  # noqa: PLC0415 - `--help` needs none

    if jsonl:
        _stream(processes)
        return
    tables = _tables(schema) if schema else {}
    incomplete = False
    for name in files or ("-",):
        document = _document(name)
        found = _answer(document, dialect, tables)
        incomplete = incomplete or found.error is not None
        if form == "json":
            write([json.dumps(record(document.name, found), indent=2) + "\n"])
        else:
            write(f"{line}\n" for line in _lines(document.name, found))
    if incomplete:
        raise SystemExit(3)


def _document(name: str) -> Document:
    from lineage.sources.document import Document, standard_input  # noqa: PLC0415 - as above

    return standard_input() if name == "-" else Document(name, Path(name))


def _answer(document: Document, dialect: str | None, tables: dict[str, Any]) -> Answer:
    """Read SQL as other commands do, render it if it is a template, and return what it does."""
    from lineage.cli.output import place as shown  # noqa: PLC0415 - as above
    from lineage.sql.case import answer  # noqa: PLC0415 - as above
    from lineage.sql.template import plain, templated  # noqa: PLC0415 - as above

    text = document.text()
    if not templated(text):
        return answer(text, dialect=dialect, schema=tables)
    rendered = plain().render(text, document=document.name)
    found = answer(rendered.text, dialect=dialect, schema=tables)
    for row in found.diagnostics:
        if row["line"]:
            place = rendered.map.place(row["line"], row["column"])
            row["line"], row["column"] = place.line, place.column
    told = [
        {
            "code": row.code,
            "message": row.message.removeprefix(f"{shown(row.location)}: "),
            "line": row.location.line if row.location else 0,
            "column": row.location.column if row.location else 0,
        }
        for row in rendered.diagnostics
    ]
    found.diagnostics[:0] = told
    if not rendered.complete and found.error is None:
        found.error = "the template could not be rendered for certain"
    return found


def _stream(processes: int) -> None:
    """Answer line by line, in order, however many lines there are."""
    lines = iter(lambda: sys.stdin.buffer.readline(_MAX_LINE), b"")
    if processes == 1:
        for line in lines:
            if line.strip():
                sys.stdout.write(case(line))
                sys.stdout.flush()
        return
    from multiprocessing import get_context  # noqa: PLC0415 - one process needs none

    from lineage.sql.case import answer  # noqa: PLC0415 - those that fork have it at once

    del answer
    way = "fork" if sys.platform == "linux" else "spawn"
    with get_context(way).Pool(processes) as pool:
        for text in pool.imap(case, (line for line in lines if line.strip()), chunksize=_CHUNK):
            sys.stdout.write(text)
            sys.stdout.flush()


def case(line: bytes) -> str:
    """Return the answer to one case, as a line. Never raises: a bad case says so itself."""
    from lineage.sql.case import answer  # noqa: PLC0415 - `--help` needs none

    try:
        given: dict[str, Any] = json.loads(line)
        found = answer(
            str(given["sql"]),
            dialect=given.get("dialect"),
            schema=given.get("schema") or {},
            database=given.get("default_db"),
            default_schema=given.get("default_schema"),
            views=dict(given.get("views") or {}),
        )
    except (ValueError, KeyError, TypeError, AttributeError, LineageError) as error:
        reason = f"{type(error).__name__}: {error}; a case is an object with id and sql"
        empty: dict[str, object] = {"edges": [], "indirect": [], "candidates": []}
        return json.dumps({"id": None, **empty, "error": reason, "diagnostics": []}) + "\n"
    return json.dumps(record(given.get("id"), found), ensure_ascii=False) + "\n"


def record(id_: object, found: Answer) -> dict[str, object]:
    """Return an answer in the words of the contract."""
    return {
        "id": id_,
        "edges": [list(edge) for edge in found.edges],
        "indirect": [list(edge) for edge in found.indirect],
        "candidates": [list(edge) for edge in found.candidates],
        "error": found.error,
        "diagnostics": found.diagnostics,
    }


def _lines(name: str, found: Answer) -> Iterator[str]:
    for source, column, target, field in found.edges:
        yield f"{source}.{column} -> {target}.{field}"
    for source, column, target, field, subtype in found.indirect:
        yield f"{source}.{column} ~> {target}.{field}  {subtype}"
    for source, column, target, field in found.candidates:
        yield f"{source}.{column} ?> {target}.{field}  one of several tables that may be meant"
    for problem in found.diagnostics:
        place = f"{name}:{problem['line']}:{problem['column']}"
        click.echo(f"{place}: {problem['message']} [{problem['code']}]", err=True)


def _tables(path: str) -> dict[str, Any]:
    """Read what --schema names."""
    from lineage.sources.document import Document  # noqa: PLC0415 - as above

    try:
        found = json.loads(Document(path, Path(path)).text())
    except ValueError as error:
        raise BrokenSource(path, f"this is not JSON ({error})") from error
    if not isinstance(found, dict) or not all(
        columns is None or isinstance(columns, dict) for columns in found.values()
    ):
        raise BrokenSource(path, "it must be an object: {table: {column: type}}")
    return found
