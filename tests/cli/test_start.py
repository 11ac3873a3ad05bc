"""What a command imports, since that is most of what a person waits for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HEAVY = {
    "jinja2", "msgspec", "networkx", "numpy", "rich", "sqlglot", "sqlite3", "ssl",
    "urllib.request", "yaml",
}  # fmt: skip


def test_a_prepared_index_answers_without_what_reads_and_binds(tmp_path: Path) -> None:
    (tmp_path / "views.sql").write_text("create view v as select a from t;")
    command = [sys.executable, "-m", "lineage"]
    subprocess.run([*command, "ingest", "views.sql"], cwd=tmp_path, check=True, capture_output=True)
    found = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "lineage", "downstream", "t.a"],
        cwd=tmp_path, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "v\n" in found.stdout
    imported = {line.rpartition("|")[2].strip() for line in found.stderr.splitlines()}
    assert "lineage.graph.index" in imported
    assert HEAVY & imported == set()
