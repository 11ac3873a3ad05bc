"""Measures extraction against sqlglot on the same statements, in turns, in one process.

    python -m benchmarks.sql [FOLDER …]

The statements are those of the demo estate and, where they are there, of the warehouses in the
shared data. What is compared does the same work on the same text: parsing it, and resolving every
column; ours also types them and collects INDIRECT edges.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import sqlglot
from sqlglot.lineage import lineage as peer_lineage
from sqlglot.optimizer.qualify import qualify

import lineage
from lineage.catalog.derive import settle
from lineage.catalog.program import Unit
from lineage.sql.dialect import rules_for
from lineage.sql.parse import parse
from lineage.sql.relation import Schema, Table
from lineage.sql.statement import StatementBinder
from lineage.sql.typing import type_system

ROOT = Path(__file__).parents[1]
RUNS = 5
WAREHOUSES = ("stripe", "zendesk", "evaluator")
DIALECT = "duckdb"


@dataclass(frozen=True)
class Statement:
    """A statement, the tables that it reads in both forms, and what it yields."""

    text: str
    tables: dict[str, list[tuple[str, str]]]
    nested: dict[str, object]
    columns: list[str]


def median(work: Callable[[], object]) -> float:
    """Return the median of several runs, in seconds."""
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def paired(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Return the medians of two pieces of work that take turns."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(RUNS):
        for place, work in enumerate((one, other)):
            started = time.perf_counter()
            work()
            times[place].append(time.perf_counter() - started)
    return statistics.median(times[0]), statistics.median(times[1])


def ours(text: str, tables: dict[str, list[tuple[str, str]]]) -> object:
    """Parse and bind one statement, with types."""
    rules = rules_for(DIALECT)
    schema = Schema(Table(tuple(name.split(".")), columns) for name, columns in tables.items())
    binder = StatementBinder(schema, rules, type_system(DIALECT))
    return [binder.bind(item.tree) for item in parse(text, DIALECT) if item.tree is not None]


def peers(text: str, nested: dict[str, object]) -> object:
    """Parse and qualify one statement with sqlglot."""
    tree = sqlglot.parse_one(text, read=DIALECT)
    return qualify(tree, dialect=DIALECT, schema=nested, validate_qualify_columns=False)


def warehouse(folder: Path) -> None:
    """Compare on the models of one warehouse."""
    settled = settle(lineage.open(folder, dialect=DIALECT).snapshot, DIALECT)
    work = []
    for unit in settled.program.units:
        tables = {}
        nested: dict[str, object] = {}
        schemas: dict[str, dict[str, object]] = {}
        for read in settled.outcomes[unit.id].reads:
            table = settled.world.table(read)
            columns = [(name, type_ or "VARCHAR") for name, type_ in
                       ((table.columns if table else None) or ())]  # fmt: skip
            tables[read.name] = columns
            schema, _, name = read.name.rpartition(".")
            schemas.setdefault(schema or "main", {})[name] = dict(columns)
        nested.update(schemas)
        names = [
            name
            for columns in settled.outcomes[unit.id].defined.values()
            for name, _ in columns or ()
        ]
        work.append(Statement(query(unit), tables, nested, names))
    one, other = paired(
        lambda: [ours(item.text, item.tables) for item in work],
        lambda: [peers(item.text, item.nested) for item in work],
    )
    print(
        f"{folder.parent.name:12} {len(work):4} statements  ours {one * 1000:8.1f} ms  "
        f"sqlglot parse + qualify {other * 1000:8.1f} ms  ratio {one / other:.2f}"
    )
    calls = sum(len(item.columns) for item in work)
    failed = 0
    started = time.perf_counter()
    for item in work:
        try:
            for column in item.columns:
                peer_lineage(column, item.text, schema=item.nested, dialect=DIALECT)
        except sqlglot.errors.SqlglotError:
            failed += 1
    slow = time.perf_counter() - started
    again = median(lambda: [ours(item.text, item.tables) for item in work])
    print(
        f"{'':12} {calls:4} columns, a call of sqlglot's lineage() each: {slow * 1000:.0f} ms "
        f"({failed} statements fail), ours {again * 1000:.1f} ms  {slow / again:.0f} x"
    )


def query(unit: Unit) -> str:
    """Return the query of a unit, without the CREATE around it."""
    tree = unit.statements[0].tree
    if tree is None:
        return unit.job.sql or ""
    body = tree.args.get("expression") or tree
    return str(body.sql(DIALECT))


def wide(columns: int = 500, ctes: int = 20) -> None:
    """Compare on one SELECT of many columns over many CTEs."""
    names = [f"c{number}" for number in range(columns)]
    listed = ", ".join(names)
    chosen = "select {} from {}".format
    parts = [f"t0 as ({chosen(listed, 'base')})"]
    parts += [f"t{n} as ({chosen(listed, f't{n - 1}')})" for n in range(1, ctes)]
    text = f"with {', '.join(parts)} {chosen(listed, f't{ctes - 1}')}"
    tables = {"main.base": [(name, "INTEGER") for name in names]}
    nested: dict[str, object] = {"main": {"base": dict.fromkeys(names, "INTEGER")}}
    one, other = paired(lambda: ours(text, tables), lambda: peers(text, nested))
    print(f"{columns} columns over {ctes} CTEs: ours {one * 1000:.0f} ms, sqlglot parse + qualify "
          f"{other * 1000:.0f} ms  ratio {one / other:.2f}")  # fmt: skip


def processes(folder: Path) -> None:
    """Compare one process with two, on a log of cases."""
    files = sorted(folder.glob("*.sql"))[1:]
    cases = [json.dumps({"id": n, "sql": file.read_text(), "dialect": DIALECT})
             for n in range(60) for file in files]  # fmt: skip
    text = "\n".join(cases).encode()
    times = {}
    for count in (1, 2):
        command = [sys.executable, "-m", "lineage", "sql", "--jsonl", "--processes", str(count)]
        started = time.perf_counter()
        subprocess.run(command, input=text, stdout=subprocess.DEVNULL, check=True)
        times[count] = time.perf_counter() - started
    print(f"{len(cases)} cases: one process {times[1]:.1f} s, two {times[2]:.1f} s  "
          f"{times[1] / times[2]:.2f} x")  # fmt: skip


def main() -> None:
    """Print the figures."""
    shared = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared") / "data/warehouses"
    wide()
    for name in WAREHOUSES:
        if (shared / name).is_dir():
            warehouse(shared / name / "sql")
    if (shared / "stripe").is_dir():
        processes(shared / "stripe" / "sql")


if __name__ == "__main__":
    main()
