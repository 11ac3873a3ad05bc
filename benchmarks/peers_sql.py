"""Measures extraction beside DataHub's parser and sqllineage, on the same statements.

    python -m benchmarks.peers_sql PYTHON [FOLDER]

PYTHON is the interpreter of an environment that has `acryl-datahub[sql-parser]` and `sqllineage`.
Each tool is given each model of a warehouse once, in a process of its own that first warms up on
one of them; the time of imports does not count.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lineage
from benchmarks.sql import DIALECT, ours, query
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
LOOP = """
import json, sys, time, logging, warnings
logging.disable(logging.CRITICAL); warnings.simplefilter("ignore")
cases = json.load(sys.stdin)
failed = 0
work(cases[0]["text"], cases[0]["tables"])
started = time.perf_counter()
for case in cases:
    try:
        work(case["text"], case["tables"])
    except Exception:
        failed += 1
print(json.dumps([time.perf_counter() - started, failed]))
"""


def main() -> None:
    """Print the figures."""
    if len(sys.argv) < 2:  # noqa: PLR2004 - the interpreter
        print(__doc__)
        return
    shared = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared") / "data/warehouses"
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else shared / "stripe" / "sql"  # noqa: PLR2004
    settled = settle(lineage.open(folder, dialect=DIALECT).snapshot, DIALECT)
    cases: list[dict[str, Any]] = []
    for unit in settled.program.units:
        tables = {}
        for read in settled.outcomes[unit.id].reads:
            table = settled.world.table(read)
            columns = (table.columns if table else None) or ()
            tables[read.name] = [(name, type_ or "VARCHAR") for name, type_ in columns]
        cases.append({"text": query(unit), "tables": tables})
    every = [(str(case["text"]), dict(case["tables"])) for case in cases]
    ours(*every[0])
    started = time.perf_counter()
    for text, known in every:
        ours(text, known)
    own = time.perf_counter() - started
    print(f"{len(cases)} statements, ours with types and INDIRECT edges: {own * 1000:.0f} ms")
    for name, setup in PEERS.items():
        found = subprocess.run(
            [sys.argv[1], "-c", setup + LOOP],
            input=json.dumps(cases),
            capture_output=True,
            text=True,
            check=False,
        )
        if found.returncode:
            print(f"{name}: does not run: {found.stderr.strip().splitlines()[-1:]}")
            continue
        seconds, failed = json.loads(found.stdout.strip().splitlines()[-1])
        print(f"{name}: {seconds:.1f} s ({failed} fail)  {seconds / own:.0f} x")


if __name__ == "__main__":
    main()
