"""What TAB offers."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from lineage.intake import ingest
from lineage.model.event import Dataset, dataset_event, facets
from lineage.model.facet import SchemaFacet, SchemaField
from lineage.model.wire import encode

ROOT = Path(__file__).parents[2]


def offered(folder: Path, line: str) -> list[str]:
    """Ask as bash does."""
    words = line.split(" ")
    code = "from lineage.cli import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "_LINEAGE_COMPLETE": "bash_complete",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(words) - 1),
        },
    )
    return [row.partition(",")[2] for row in found.stdout.splitlines()]


def test_commands_and_options(tmp_path: Path) -> None:
    assert offered(tmp_path, "lineage down") == ["downstream"]
    assert "--depth" in offered(tmp_path, "lineage downstream --de")
    assert offered(tmp_path, "lineage export --format me") == ["mermaid"]


def test_columns_of_the_store(tmp_path: Path) -> None:
    assert offered(tmp_path, "lineage upstream orders.") == ["orders."]  # a file, at best
    schema = SchemaFacet((SchemaField("amount"), SchemaField("id")))
    file = tmp_path / "events.ndjson"
    file.write_bytes(encode(dataset_event(Dataset("db", "shop.orders", facets(schema)))) + b"\n")
    ingest([file], store=str(tmp_path / ".lineage" / "store.db"), reader="openlineage")
    assert offered(tmp_path, "lineage export --select orders.a") == ["orders.amount"]
    assert offered(tmp_path, "lineage upstream orders.i") == ["orders.id", "orders.i"]
    assert offered(tmp_path, "lineage stats orders.i") == ["orders.i"]
    assert offered(tmp_path, "lineage export --select shop") == ["orders.amount", "orders.id"]
