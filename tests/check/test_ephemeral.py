"""What does not bind inside an ephemeral model is shown in that model's own file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.check.repositories import begin, check, edit, write

PROJECT = {
    "dbt_project.yml": "name: p\nprofile: p\nmodel-paths: [models]\n",
    "profiles.yml": "p:\n  target: d\n  outputs:\n    d: {type: duckdb, path: x.duckdb}\n",
    "models/s.yml": "sources:\n  - name: raw\n    tables:\n      - name: o\n        columns:\n"
    "          - {name: id, data_type: integer}\n          - {name: amt, data_type: integer}\n",
    "models/m.sql": "select id, amt from {{ source('raw','o') }}\n",
    "models/first.sql": "{{ config(materialized='ephemeral') }}\n\nselect id,\n"
    "    amt as net\nfrom {{ ref('m') }}\n",
    "models/second.sql": "{{ config(materialized='ephemeral') }}\n"
    "select id, {{ 'net' }} from {{ ref('first') }};\n",
    "models/last.sql": "{{ config(materialized='table') }}\n-- about\n"
    "with q as (select 1 as z)\nselect e.id,\n  net,\n  z\nfrom {{ ref('second') }} e, q\n",
    "models/short.sql": "select net from {{ ref('first') }}",
}


@pytest.mark.parametrize("runs", [1, 2], ids=["read as a whole", "from what is kept"])
@pytest.mark.parametrize(
    ("path", "before", "after", "places"),
    [
        ("m", "id, amt", "id", {("last", "first", 4, 5), ("short", "first", 4, 5)}),
        ("first", "net", "nex", {("last", "second", 2, 12), ("short", "short", 1, 8)}),
        ("second", "'net'", "'nett'", {("last", "second", 2, 12), ("last", "last", 5, 3)}),
        ("last", "  z\n", "  zz\n", {("last", "last", 6, 3)}),
    ],
)
def test_the_place_is_in_the_file_that_holds_the_text(  # noqa: PLR0913, PLR0917 - a row of a table
    path: str, before: str, after: str, places: set[tuple[str, str, int, int]], runs: int,
    tmp_path: Path,
) -> None:  # fmt: skip
    for name, text in PROJECT.items():
        write(tmp_path, name, text)
    begin(tmp_path)
    edit(tmp_path, f"models/{path}.sql", before, after)
    for _ in range(runs):
        answer = json.loads(check(tmp_path, "--output", "json").stdout)
    found = {
        (
            row["subject"].removeprefix("main."),
            Path(row["location"]["document"]).stem,
            row["location"]["line"],
            row["location"]["column"],
        )
        for row in answer["findings"]
        if row["rule"] == "STATEMENT_BINDS"
    }
    assert found >= places
    assert {row for row in found if row[0] in {row[0] for row in places}} == places
