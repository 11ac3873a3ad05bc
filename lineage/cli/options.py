"""Options and arguments that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from lineage.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])
COMPLETED = 20_000
"""Columns above which the shell offers none: it asks anew at each key."""


class Column(click.ParamType[str]):
    """A column or dataset, by any unambiguous suffix of its name."""

    name = "column"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer the columns of the prepared store, as `table.column`."""
        del param
        from lineage.errors import LineageError  # noqa: PLC0415 - only when TAB is pressed
        from lineage.workspace import open_workspace  # noqa: PLC0415 - only when TAB is pressed

        wanted = incomplete.casefold()
        try:
            estate = open_workspace(store=ctx.params.get("store"))
            columns = estate.columns()
        except (LineageError, OSError):
            return []
        if len(columns) > COMPLETED:
            return []
        labels = {estate.label(column) for column in columns if _near(column, wanted)}
        return [CompletionItem(label) for label in sorted(labels)]


class Place(click.Path):
    """A file, folder, revision or URL. Refused where it is empty: not the current folder."""

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Any:  # noqa: ANN401 - click's signature
        """Return the text as it is, unless there is none."""
        refuse_empty(value, param, ctx)
        return super().convert(value, param, ctx)


class Dialect(click.ParamType[str]):
    """The name of a SQL dialect; an empty one is none."""

    name = "text"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the name. Fails with the nearest ones where there is no such dialect."""
        from lineage.errors import UnknownDialect  # noqa: PLC0415 - only when one is given
        from lineage.sql.known import require_dialect  # noqa: PLC0415 - as above

        try:
            if value:
                require_dialect(value)
        except UnknownDialect as error:
            self.fail(str(error), param, ctx)
        return str(value)


def refuse_empty(value: str, param: click.Parameter | None, ctx: click.Context | None) -> None:
    """Fail where a place is an empty text: most often of a variable that nobody set."""
    if not str(value).strip():
        message = (
            "it is empty. If it comes from a variable, that is not set: set it, or name what is "
            "meant; the current folder is a dot."
        )
        raise click.BadParameter(message, ctx, param)


class Source(click.ParamType[str]):
    """A file or folder. While it is typed it may still become the column that comes last."""

    name = "source"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str:
        """Return the text as it is, unless there is none."""
        refuse_empty(value, param, ctx)
        return str(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Offer files and, where the command takes a column, those of the store."""
        files = [CompletionItem(incomplete, type="file")]
        for other in ctx.command.params:
            if isinstance(other, click.Argument) and isinstance(other.type, Column):
                return [*other.type.shell_complete(ctx, param, incomplete), *files]
        return files


def _near(column: Any, wanted: str) -> bool:  # noqa: ANN401 - a FieldId, not imported for this
    text = f"{column.dataset.name}.{column.name}".casefold()
    return text.startswith(wanted) or f".{wanted}" in text


class Instant(click.ParamType[datetime]):
    """A date or time in ISO 8601; without a zone it is in the zone of this machine."""

    name = "time"

    def convert(
        self,
        value: Any,  # noqa: ANN401 - click's signature
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> datetime:
        """Return a time with a zone."""
        if isinstance(value, datetime):
            return value
        try:
            return datetime.fromisoformat(str(value)).astimezone(UTC)
        except (ValueError, OverflowError):
            example = '"2024-05-01", "2024-05-01T02:34" or "2024-05-01 02:34+02:00"'
            self.fail(f"{value!r} is no date or time; write it like {example}.", param, ctx)


def sources(command: F) -> F:
    """Take any number of sources, and what is said about them."""
    for decorate in reversed(
        (
            click.argument("sources", nargs=-1, metavar="[SOURCE]...", type=Source()),
            store,
            dialect,
            click.option("--namespace", help="Namespace of datasets that have none of their own."),
            click.option(
                "--as-of", type=Instant(), help="Answer from the state at this date or time."
            ),
        )
    ):
        command = decorate(command)
    return command


def dialect(command: F) -> F:
    """Take the dialect of statements that do not name theirs."""
    return click.option(
        "--dialect", type=Dialect(), help="SQL dialect of statements that do not name theirs."
    )(command)


def store(command: F) -> F:
    """Take the URL of a store."""
    return click.option(
        "--store",
        metavar="URL",
        type=Place(),
        envvar="LINEAGE_STORE",
        help="Store to ask: a file, or the URL of a database or of `lineage serve`.  "
        "[default: ./.lineage/store.db]",
    )(command)


def form(*names: str) -> Callable[[F], F]:
    """Take ``--format``: one of ``names``, the first by default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help="How to print the answer.",
    )


ANSWERS = form("text", "json", "jsonl")


def depth(command: F) -> F:
    """Take the limits of a walk."""
    for decorate in (
        click.option("--direct", is_flag=True, help="Only where the value itself flows."),
        click.option("--depth", type=click.IntRange(min=1), help="At most this many hops."),
    ):
        command = decorate(command)
    return command


def open_estate(
    paths: tuple[str, ...] = (),
    store: str | None = None,
    dialect: str | None = None,
    namespace: str | None = None,
    as_of: datetime | None = None,
) -> Workspace:
    """Return the workspace that the options of `sources` describe.

    When the command is done, stderr is told what was wrong with the documents that it read.
    """
    from lineage.workspace import open_workspace  # noqa: PLC0415 - `--help` needs none

    estate = open_workspace(*paths, store=store, dialect=dialect, namespace=namespace, as_of=as_of)
    context = click.get_current_context(silent=True)
    if paths and context is not None:
        root = context.find_root()
        root.obj = (*(root.obj or ()), estate)
    return estate
