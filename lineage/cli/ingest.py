"""`lineage ingest`: documents into the store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lineage.cli.options import Place, dialect, form, store

if TYPE_CHECKING:
    from lineage.intake import Ingested


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=Place())
@store
@dialect
@click.option("--namespace", help="Namespace of datasets that have none of their own.")
@click.option(
    "--as", "reader", metavar="READER", help="Read as this (dbt, openlineage, sql), whatever it is."
)
@form("text", "json")
def COMMAND(  # noqa: N802, PLR0913, PLR0917 - the constant of this room; a command's options
    paths: tuple[str, ...],
    store: str | None,
    dialect: str | None,
    namespace: str | None,
    reader: str | None,
    form: str,
) -> int:
    """Put the events of documents into the store, and prepare it for questions.

    PATH is a file or a folder of SQL, dbt artifacts or OpenLineage events (JSON, NDJSON, .gz), or -
    for standard input. The same documents again change nothing. Exits 3 when a document could not
    be read to its end; what was read is kept.

    \b
    Examples:
      lineage ingest models/ --dialect snowflake
      lineage ingest target/ events/ --store .lineage/store.db
      kafkacat -C -t lineage | lineage ingest -
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli import NOT_ANALYSED  # noqa: PLC0415 - the package imports this module
    from lineage.cli.output import emit, progress, report_problems  # noqa: PLC0415 - `--help` needs none
    from lineage.intake import ingest  # noqa: PLC0415 - `--help` needs none
    from lineage.model.diagnostic import Severity  # noqa: PLC0415 - `--help` needs none
    from lineage.origin import DEFAULT_STORE  # noqa: PLC0415 - `--help` needs none

    with progress("events read") as tell:
        done = ingest(
            paths,
            store=store or DEFAULT_STORE,
            dialect=dialect,
            namespace=namespace,
            reader=reader,
            tell=tell,
        )
    value = {
        "store": done.store,
        "new": done.new,
        "known": done.known,
        "problems": len(done.diagnostics),
        "stats": asdict(done.stats),
    }
    emit(form, value, "", lambda: _lines(done))
    report_problems(done.diagnostics)
    failed = any(row.severity is Severity.ERROR for row in done.diagnostics)
    return NOT_ANALYSED if failed else 0


def _lines(done: Ingested) -> Iterator[str]:
    from lineage.cli.output import count  # noqa: PLC0415 - `--help` needs none

    stats = done.stats
    known = f", {done.known:,} known already" if done.known else ""
    yield f"{done.store}: {count(done.new, 'new event')}{known}"
    yield (
        f"{count(stats.datasets, 'dataset')}, {count(stats.fields, 'column')}, "
        f"{count(stats.jobs, 'job')}, {count(stats.column_edges, 'column edge')}"
    )
