"""The lists behind a star, beside DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

import lineage

ROOT = Path(__file__).parents[2]
GIVEN: dict[str, list[str]] = yaml.safe_load((ROOT / "fixtures/sql/star_lists.yaml").read_text())


def engine(query: str) -> list[str] | None:
    """Return the columns that DuckDB gives a view; None where it refuses to make it."""
    duckdb: Any = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        for table in GIVEN["tables"]:
            connection.execute(table)
        try:
            connection.execute(f"create view v as {query}")
        except duckdb.Error:
            return None
        return [column[0] for column in connection.execute("select * from v").description]


def bound(query: str, folder: Path) -> list[str] | None:
    """Return the columns that the binder gives a view; None where it does not bind."""
    file = folder / "view.sql"
    file.write_text(";\n".join([*GIVEN["tables"], f"create view v as {query}"]))
    estate = lineage.open(file, dialect="duckdb")
    if estate.snapshot.diagnostics:
        return None
    made = estate.snapshot.datasets[lineage.DatasetId("sql", "v")]
    return [field.name for field in made.fields or ()]


@pytest.mark.parametrize("query", GIVEN["queries"])
def test_the_engine_says_the_same(query: str, tmp_path: Path) -> None:
    assert bound(query, tmp_path) == engine(query)
