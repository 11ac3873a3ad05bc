"""Measures verdicts: what one costs as the estate grows, and beside the engine that proves them.

    python -m benchmarks.impact

The estates are made up: layers of models of twenty columns, each reading two of the layer before.
"""

from __future__ import annotations

import json
import os
import statistics
import time
from pathlib import Path

import lineage
from lineage.analysis.estate import Estate
from lineage.analysis.impact import impact
from lineage.analysis.proposal import propose
from lineage.analysis.what_if import parse
from lineage.catalog.apply import apply
from lineage.catalog.derive import settle
from lineage.model.change import ChangeSet, DropColumn, RenameColumn
from lineage.model.event import Event
from lineage.sources import Options
from lineage.sources.document import document
from lineage.sources.sql import read
from lineage.witness import EngineRefused
from lineage.witness.duckdb import DuckDb

ROOT = Path(__file__).parents[1]
SIZES = (100, 1_000, 5_000)
LAYER, COLUMNS = 50, 20
CHANGES = 20
AGAIN = 10


def estate(models: int) -> Estate:
    """Return an estate of so many models."""
    names = [f"c{number}" for number in range(COLUMNS)]
    declared = ", ".join(f"{name} integer" for name in names)
    lines = [f"create table s0_{n} ({declared});" for n in range(LAYER)]
    template = "create view {} as select {} from {} a join {} b on a.c0 = b.c0;"
    for number in range(models):
        layer, place = divmod(number, LAYER)
        one, other = f"s{layer}_{place}", f"s{layer}_{(place * 7 + 3) % LAYER}"
        listed = ", ".join(f"a.{name} + b.{name} as {name}" if name != "c0" else "a.c0"
                           for name in names)  # fmt: skip
        # Each tenth layer starts anew from the sources, so that cones do not grow for ever.
        if layer % AGAIN == AGAIN - 1:
            one, other = f"s0_{place}", f"s0_{(place * 7 + 3) % LAYER}"
        lines.append(template.format(f"s{layer + 1}_{place}", listed, one, other))
    text = "\n".join(lines).encode()
    items = read(document("estate.sql", text), Options("duckdb"))
    events = [item for item in items if isinstance(item, Event)]
    return Estate.of(settle(apply(events), "duckdb"))


def curve() -> None:
    """Print what a change costs at each size."""
    for models in SIZES:
        started = time.perf_counter()
        found = estate(models)
        built = time.perf_counter() - started
        times, cones = [], []
        for number in range(CHANGES):
            table = f"s{(number * 3) % max(1, models // LAYER)}_{number % LAYER}"
            change = ChangeSet((DropColumn(table, f"c{1 + number % (COLUMNS - 1)}"),))
            started = time.perf_counter()
            answer = impact(found, change)
            times.append(time.perf_counter() - started)
            cones.append(len(answer.relations))
        widest = ChangeSet((RenameColumn("s0_3", "c0", "key"),))
        started = time.perf_counter()
        wide = impact(found, widest)
        longest = time.perf_counter() - started
        print(
            f"{models:6,} models: built in {built:5.1f} s; a change, median of {CHANGES}: "
            f"{statistics.median(times) * 1000:6.1f} ms for {statistics.median(cones):.0f} "
            f"relations; the widest {longest * 1000:.0f} ms for {len(wide.relations)}"
        )


def beside_the_engine(folder: Path) -> None:
    """Print what all changes of a warehouse cost, and what rebuilding the same cones costs."""
    found = Estate.of(settle(lineage.open(folder / "sql", dialect="duckdb").snapshot, "duckdb"))
    changes = [parse(json.loads(line)) for line in (folder / "changes.jsonl").open()]
    started = time.perf_counter()
    answers = [impact(found, change) for change in changes]
    ours = time.perf_counter() - started
    theirs = 0.0
    for change, answer in zip(changes, answers, strict=True):
        subjects = {verdict.subject for verdict in answer.relations}
        units = [unit for unit in found.steps if subjects.intersection(unit.writes)]
        world = propose(found, change).world
        engine = DuckDb()
        made = {target for unit in units for target in unit.writes}
        for id_ in {one for unit in units for one in unit.reads} - made:
            table = world.table(id_)
            if table is not None and table.columns is not None:
                engine.table(table)
        tables = [(unit, world.table(unit.writes[0])) for unit in units]
        started = time.perf_counter()
        for unit, table in tables:
            try:
                if table is not None:
                    engine.build(unit, table)
            except EngineRefused:
                continue
        theirs += time.perf_counter() - started
        engine.close()
    print(
        f"{folder.name}: {len(changes)} changes in {ours:.1f} s, "
        f"{ours / len(changes) * 1000:.1f} ms each; DuckDB builds the same cones in "
        f"{theirs:.1f} s, "
        f"{theirs / len(changes) * 1000:.1f} ms each  ratio {ours / theirs:.2f}"
    )


def main() -> None:
    """Print the figures."""
    shared = Path(os.environ.get("LINEAGE_SHARED") or ROOT.parent / "shared") / "data/warehouses"
    if (shared / "stripe").is_dir():
        beside_the_engine(shared / "stripe")
    curve()


if __name__ == "__main__":
    main()
