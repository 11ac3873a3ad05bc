"""Measures extraction beside DataHub's parser and sqllineage, on the same statements.

    python -m benchmarks.peers_sql PYTHON [FOLDER …]

PYTHON is the interpreter of an environment that has `acryl-datahub[sql-parser]` and `sqllineage`.
Each tool works through the models of a warehouse in a process of its own that first warms up on
one of them; the time of imports does not count. The tools take turns, and medians are compared.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lineage
from benchmarks.sql import DIALECT, WAREHOUSES, ours, query
from lineage.catalog.derive import settle

ROOT = Path(__file__).parents[1]
PEERS = {
    "datahub": """
from datahub.sql_parsing.sqlglot_lineage import sqlglot_lineage
from datahub.sql_parsing.schema_resolver import SchemaResolver
from datahub.sql_parsing._models import _TableName
def work(text, tables):
    resolver = SchemaResolver(platform="duckdb")
    for name, columns in tables.items():
        schema, _, table = name.rpartition(".")
        urn, _ = resolver.resolve_table(_TableName(database=None, db_schema=schema, table=table))
        resolver.add_raw_schema_info(urn, dict(columns))
    sqlglot_lineage(text, schema_resolver=resolver, default_db=None)
""",
    "sqllineage": """
from sqllineage.runner import LineageRunner
def work(text, tables):
    LineageRunner("insert into out_table " + text, dialect="duckdb").get_column_lineage()
""",
}
ROUNDS = 3
LOOP = """
import json, sys, time, logging, warnings
logging.disable(logging.CRITICAL); warnings.simplefilter("ignore")
cases = json.loads(sys.stdin.readline())
work(cases[0]["text"], cases[0]["tables"])
for _ in sys.stdin:
    failed = 0
    started = time.perf_counter()
    for case in cases:
        try:
            work(case["text"], case["tables"])
        except Exception:
            failed += 1
    print(json.dumps([time.perf_counter() - started, failed]), flush=True)
"""


class Peer:
    """A tool in a process of its own, warm; it works when it is its turn."""

    def __init__(self, python: str, name: str, cases: list[dict[str, Any]]) -> None:
        self.times: list[float] = []
        self.failed = 0
        self._process = subprocess.Popen(
            [python, "-c", PEERS[name] + LOOP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._say(json.dumps(cases))

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None  # noqa: S101 - it was asked for
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def turn(self) -> None:
        """Work through all statements once."""
        assert self._process.stdout is not None  # noqa: S101 - it was asked for
        self._say("")
        seconds, self.failed = json.loads(self._process.stdout.readline())
        self.times.append(seconds)

    def stop(self) -> None:
        """Let the process end."""
        self._process.communicate()


def statements(folder: Path) -> list[dict[str, Any]]:
    """Return the models of a warehouse, with the tables that each reads."""
    settled = settle(lineage.open(folder, dialect=DIALECT).snapshot, DIALECT)
    cases: list[dict[str, Any]] = []
    for unit in settled.program.units:
        tables = {}
        for read in settled.outcomes[unit.id].reads:
            table = settled.world.table(read)
            columns = (table.columns if table else None) or ()
            tables[read.name] = [(name, type_ or "VARCHAR") for name, type_ in columns]
        cases.append({"text": query(unit), "tables": tables})
    return cases


def compare(python: str, folder: Path) -> None:
    """Let the tools take turns on a warehouse, and print the medians."""
    cases = statements(folder)
    every = [(str(case["text"]), dict(case["tables"])) for case in cases]
    peers = {name: Peer(python, name, cases) for name in PEERS}
    own = []
    for _ in range(ROUNDS):
        for peer in peers.values():
            started = time.perf_counter()
            for text, known in every:
                ours(text, known)
            own.append(time.perf_counter() - started)
            peer.turn()
    fast = statistics.median(own)
    print(f"{folder.parent.name}: {len(cases)} statements, ours with types and INDIRECT edges "
          f"{fast * 1000:.0f} ms")  # fmt: skip
    for name, peer in peers.items():
        peer.stop()
        slow = statistics.median(peer.times)
        print(f"  {name}: {slow:.1f} s ({peer.failed} fail)  {slow / fast:.0f} x")


def main() -> None:
    """Print the figures."""
    if len(sys.argv) < 2:  # noqa: PLR2004 - the interpreter
        print(__doc__)
        return
    shared = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared") / "data/warehouses"
    folders = [Path(name) for name in sys.argv[2:]] or [shared / n / "sql" for n in WAREHOUSES]
    for folder in folders:
        compare(sys.argv[1], folder)


if __name__ == "__main__":
    main()
