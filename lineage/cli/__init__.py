"""The command line. A command is a file, found by its name: `lineage impact` is impact.py.

Each declares `COMMAND`, a click command, and imports what it needs inside the functions that need
it, so that `lineage --help` and short questions wait for no SQL parser. A command prints its answer
to stdout and what people should know to stderr, raises a LineageError where it cannot go on, and
returns its exit code: None or 0, or 1 for findings at a threshold. `options.py` and `output.py`
belong to the room and are no commands.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

import click

from lineage.errors import LineageError, RequestError, StoreMissing, UnreadableSource
from lineage.registry import Registry

if TYPE_CHECKING:
    from lineage.model.snapshot import Snapshot
    from lineage.workspace import Workspace

FOUND = 1
"""Findings at the threshold that was asked for."""
WRONG_USE = 2
"""What was asked for cannot be answered as it was asked."""
NOT_ANALYSED = 3
AS_FAR_AS_READ = "lineage.as_far_as_read"
"""Set by a command whose answer counts although a document could not be read."""
"""A source or a store could not be read."""
CLOSED_PIPE = 141
"""The reader of our output left; what a shell reports for a program that SIGPIPE ends."""

ASKED_WRONGLY = (RequestError, StoreMissing, UnreadableSource)
"""Errors that the person who asked can avoid: a name or a path that is not there."""

COMMANDS = Registry(__name__, "COMMAND", click.Command, besides=("options", "output"))


class Commands(click.Group):
    """Finds commands by file, and turns errors into messages and exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the files."""
        del ctx
        return list(COMMANDS.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one file."""
        del ctx
        return COMMANDS.get(cmd_name) if cmd_name in COMMANDS.names() else None

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's signature
        """Run the command line; say so where its answer cannot be written."""
        _replace_closed_output()
        try:
            try:
                return super().main(*args, **kwargs)
            finally:
                sys.stdout.flush()
        except OSError as error:
            if error.filename is not None:  # not the output's: nobody expected it
                raise
            _give_up_output()
            if isinstance(error, BrokenPipeError):
                sys.exit(CLOSED_PIPE)
            with suppress(OSError):
                reason = error.strerror or str(error)
                click.echo(f"lineage: the answer cannot be written ({reason}).", err=True)
            sys.exit(NOT_ANALYSED)

    def invoke(self, ctx: click.Context) -> object:
        """Run a command; its return value is the exit code."""
        _speak_any_language()
        if os.environ.get("NO_COLOR"):
            ctx.color = False
        try:
            try:
                code = super().invoke(ctx)
                sys.stdout.flush()
            finally:
                unread = _report_reading(ctx.obj)
        except LineageError as error:
            click.secho(f"lineage: {error}", err=True, fg="red")
            code = WRONG_USE if isinstance(error, ASKED_WRONGLY) else NOT_ANALYSED
        except BrokenPipeError:
            _give_up_output()
            code = CLOSED_PIPE
        else:
            code = code if isinstance(code, int) else 0
            code = code or (0 if ctx.meta.get(AS_FAR_AS_READ) else unread)
        if code:
            ctx.exit(code)
        return code


def _replace_closed_output() -> None:
    """Put something that cannot be written in the place of an output that was closed before."""
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_RDONLY), "w", encoding="utf-8")


def _give_up_output() -> None:
    """Let what is left go nowhere: Python flushes stdout once more on its way out."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _report_reading(opened: tuple[Workspace, ...] | None) -> int:
    """Tell stderr what was wrong with the documents; return the exit code if some were not read.

    An answer without a document is not a whole one. A statement that was not understood is part of
    the answer, as UNKNOWN.
    """
    read = [estate.snapshot for estate in opened or () if "snapshot" in vars(estate)]
    if not read:
        return 0
    from lineage.cli.output import report_problems  # noqa: PLC0415 - there is time, once documents were read

    report_problems(dict.fromkeys(row for snapshot in read for row in snapshot.diagnostics))
    return NOT_ANALYSED if any(map(_lost, read)) else 0


def _lost(snapshot: Snapshot) -> bool:
    """Return whether there are errors in documents of which nothing is known."""
    from lineage.model.diagnostic import Severity  # noqa: PLC0415 - as above

    failed = [row for row in snapshot.diagnostics if row.severity is Severity.ERROR]
    if not snapshot.datasets and not snapshot.jobs:
        return bool(failed)
    known = {job.origin.document for job in snapshot.jobs.values() if job.origin is not None}
    return any(row.location is None or row.location.document not in known for row in failed)


def _speak_any_language() -> None:
    """Let any name be printed: what the terminal cannot show is escaped, not an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - slow, and rarely asked for

        click.echo(f"lineage {version('lineage-explorer')}")
        ctx.exit()


@click.group(
    "lineage",
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 fine, 1 findings at the threshold asked for, 2 wrong use, 3 could not "
    "be analysed. `lineage COMMAND --help` has examples.",
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Print the version and leave.",
)
def lineage() -> None:
    """Column-level lineage: what breaks if a column changes, and what changed before it broke.

    A SOURCE is a file or a folder of SQL, dbt artifacts or OpenLineage events, a saved snapshot, or
    - for standard input. Without one, the store is asked that `lineage ingest` filled.
    """


def main() -> None:
    """Run the `lineage` command."""
    lineage(prog_name="lineage")
