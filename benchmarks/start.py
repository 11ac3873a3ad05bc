"""Measures whole processes: how long a person waits for `lineage` to answer.

    python -m benchmarks.start [COLUMNS]

The store holds a made-up estate; the index beside it is prepared, as `lineage ingest` leaves it.
The bare interpreter and `import click` stand beside it, since nothing can be faster than those.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from lineage.intake import ingest
from lineage.model.event import Dataset, Job, facets, job_event
from lineage.model.facet import (
    ColumnLineageFacet,
    InputField,
    OutputField,
    SchemaFacet,
    SchemaField,
)
from lineage.model.wire import encode

RUNS = 15
WIDTH = 20


def events(columns: int, file: Path) -> str:
    """Write a chain of tables with that many columns in all; return the name of one column."""
    noon = datetime(2024, 5, 1, 12, tzinfo=UTC)
    names = [f"column_{number:02}" for number in range(WIDTH)]
    with file.open("wb") as out:
        for number in range(1, max(columns // WIDTH, 2)):
            before, here = _table(number // 3), _table(number)
            lineage = ColumnLineageFacet(
                {name: OutputField((InputField("bench", before, name),)) for name in names}
            )
            schema = SchemaFacet(tuple(SchemaField(name, "int") for name in names))
            output = Dataset("bench", here, facets(schema, lineage))
            out.write(
                encode(
                    job_event(
                        Job("bench", f"job_{number}"),
                        inputs=[Dataset("bench", before)],
                        outputs=[output],
                        event_time=noon,
                    )
                )
                + b"\n"
            )
    return "table_00000.column_07"


def _table(number: int) -> str:
    return f"area_{number // 25:03}.table_{number:05}"


def median(command: list[str]) -> float:
    """Return the median time of a command, in milliseconds."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> None:
    """Print a line a command."""
    columns = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder:
        file, store = Path(folder, "events.ndjson"), str(Path(folder, "store.db"))
        column = events(columns, file)
        started = time.perf_counter()
        done = ingest([file], store=store, reader="openlineage")
        seconds = time.perf_counter() - started
        print(f"{done.stats.fields:,} columns, {done.stats.column_edges:,} edges")
        print(f"{'ingest and prepare':>34}: {seconds * 1000:7.0f} ms")
        python, ours = [sys.executable], [sys.executable, "-m", "lineage"]
        for name, command in (
            ("python -c pass", [*python, "-c", "pass"]),
            ("python -c 'import click'", [*python, "-c", "import click"]),
            ("lineage --help", [*ours, "--help"]),
            ("lineage downstream (2 hops)", [*ours, "downstream", column, "--depth", "2"]),
            ("lineage upstream", [*ours, "upstream", "table_00900.column_07"]),
            ("lineage stats", [*ours, "stats"]),
        ):
            asks = name.startswith("lineage ") and "help" not in name
            extra = ["--store", store] if asks else []
            print(f"{name:>34}: {median([*command, *extra]):7.0f} ms")


if __name__ == "__main__":
    main()
