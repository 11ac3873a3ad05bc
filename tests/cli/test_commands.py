"""What each command prints, where it prints it, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result

from lineage.cli import CLOSED_PIPE
from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId
from lineage.model.saved import dump
from lineage.reports import REPORTS
from tests.graph.estates import snapshot
from tests.workspace.shop import SHOP

Run = Callable[..., Result]
HERE = Path(__file__).parents[2]
HEAVY = {"sqlglot", "numpy", "networkx", "rich", "streamlit", "pyvis", "jinja2", "yaml"}


def command(
    *arguments: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "lineage", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(HERE), **(env or {})},
    )


def test_downstream_in_words(run: Run, shop: str) -> None:
    found = run("downstream", shop, "raw.orders.status")
    assert found.exit_code == 0
    assert found.stdout == (
        "raw.orders.status: 4 columns in 3 datasets downstream, 0 by value, 4 by influence\n"
        "\nstaging.orders\n"
        "  amount  1 hop, influence\n"
        "  id      1 hop, influence\n"
        "\nrevenue\n"
        "  total  2 hops, influence  via staging.orders.amount\n"
        "\nrevenue-changes\n"
        "  *  3 hops, influence  via revenue.total\n"
        "\nread by 1 test: not_null_total\n"
    )


def test_upstream_as_json(run: Run, shop: str) -> None:
    found = json.loads(
        run("upstream", shop, "revenue.total", "--direct", "--format", "json").stdout
    )
    assert (found["direction"], found["columns"], found["datasets"]) == ("upstream", 2, 2)
    assert found["reached"][0] == {
        "field": {"namespace": "db", "name": "staging.orders", "field": "amount"},
        "hops": 1,
        "direct": True,
        "via": {"namespace": "db", "name": "mart.revenue", "field": "total"},
    }


def test_a_line_a_column(run: Run, shop: str) -> None:
    rows = run("downstream", shop, "raw.orders.amount", "--depth", "1", "--format", "jsonl").stdout
    assert [json.loads(row)["hops"] for row in rows.splitlines()] == [1]


def test_what_has_nothing_downstream_says_so(run: Run, shop: str) -> None:
    assert run("upstream", shop, "raw.orders.id").stdout == "raw.orders.id has nothing upstream\n"


def test_path(run: Run, shop: str) -> None:
    assert run("path", shop, "raw.orders.status", "revenue.total").stdout == (
        "1. by influence\n"
        "   raw.orders.status\n"
        "   ~> staging.orders.amount  (FILTER, by stage_orders)\n"
        "   -> revenue.total  (AGGREGATION, by summarise)\n"
    )
    found = run("path", shop, "revenue.total", "raw.orders.status")
    assert found.stdout == "no way leads from revenue.total to raw.orders.status\n"
    [row] = run(
        "path", shop, "raw.orders.id", "staging.orders.id", "--format", "jsonl"
    ).stdout.splitlines()
    assert json.loads(row)["steps"][0]["jobs"] == [{"namespace": "dbt", "name": "stage_orders"}]


def test_search(run: Run, shop: str) -> None:
    found = run("search", shop, "pii")
    assert found.stdout == "column   customers.email  text · #pii\n"
    assert "nothing is called" in run("search", shop, "nonsense").stdout
    rows = run("search", shop, "orders", "--kind", "dataset", "--format", "jsonl").stdout
    assert [json.loads(row)["label"] for row in rows.splitlines()] == [
        "raw.orders",
        "staging.orders",
    ]


def test_stats_has_exactly_these_keys(run: Run, shop: str) -> None:
    assert json.loads(run("stats", shop, "--format", "json").stdout) == {
        "events": 7,
        "runs": 1,
        "jobs": 3,
        "datasets": 5,
        "fields": 9,
        "column_edges": 6,
        "declared_column_edges": 3,
        "dataset_edges": 4,
        "diagnostics": 2,
    }


def test_export_edges_has_exactly_this_form(run: Run, shop: str) -> None:
    rows = [json.loads(row) for row in run("export", shop, "--format", "edges").stdout.splitlines()]
    assert rows[0] == {
        "source": {"namespace": "db", "name": "raw.orders", "field": "id"},
        "target": {"namespace": "db", "name": "staging.orders", "field": "id"},
        "job": {"namespace": "dbt", "name": "stage_orders"},
        "transformations": [{"type": "DIRECT", "subtype": "IDENTITY", "masking": None}],
        "basis": "BOTH",
    }
    # The filter holds for the whole target, and stands under each of its columns here.
    assert [row["target"]["field"] for row in rows[2:4]] == ["id", "amount"]
    declared = run("export", shop, "--basis", "declared").stdout.splitlines()
    assert [json.loads(row)["basis"] for row in declared] == ["BOTH", "DECLARED", "DECLARED"]


@pytest.mark.parametrize(
    "form", ["edges", "json", "jsonl", "graphml", "mermaid", "csv", "openlineage", "text"]
)
def test_every_form_is_written_the_same_twice(run: Run, shop: str, form: str) -> None:
    once, twice = (run("export", shop, "--format", form) for _ in range(2))
    assert once.exit_code == 0
    assert once.stdout
    assert once.stdout == twice.stdout


def test_export_to_a_file(run: Run, shop: str, tmp_path: Path) -> None:
    found = run("export", shop, "--format", "csv", "-o", "edges.csv")
    assert (found.exit_code, found.stdout) == (0, "")
    assert (tmp_path / "edges.csv").read_text().startswith("source_namespace,")
    missing = run("export", shop, "-o", "no/such/folder.csv")
    assert missing.exit_code == 2
    assert "No such file" in missing.stderr


def test_a_snapshot_is_a_source(run: Run, shop: str) -> None:
    assert run("snapshot", shop, "-o", "copy.json").exit_code == 0
    assert run("stats", "copy.json").stdout == run("stats", shop).stdout
    assert run("snapshot", "copy.json", "-o", "-").stdout == Path("copy.json").read_text()


def test_diff(run: Run, shop: str, tmp_path: Path) -> None:
    datasets = dict(SHOP.datasets)
    gone = next(iter(datasets))
    del datasets[gone]
    after = tmp_path / "after.json"
    after.write_bytes(dump(replace(SHOP, datasets=datasets, edges=SHOP.edges[:-1])))
    found = run("diff", shop, str(after), "--fail-on", "any")
    assert found.exit_code == 1
    assert found.stdout == (
        "2 removed\n\n- dataset revenue-changes\n\n"
        "- edge revenue -> revenue-changes (unspecified)\n"
    )
    assert run("diff", shop, str(after)).exit_code == 0
    assert run("diff", shop, shop, "--fail-on", "any").stdout == "nothing differs\n"


def test_doctor_groups_and_says_what_to_do(run: Run, shop: str) -> None:
    found = run("doctor", shop)
    assert found.exit_code == 3
    assert "1 of 2 (50%) statements were understood" not in found.stdout
    assert "0 of 2 (0%) statements were understood" in found.stdout
    assert "stage.sql:4:2: error: expected a name [bad-sql]" in found.stdout
    assert "1 of no-sql: the run failed" in found.stdout
    assert "→ provide the DDL" in found.stdout
    report = json.loads(run("doctor", shop, "--format", "json").stdout)
    assert report["coverage"]["statements"] == 2
    assert report["versions"]["python"] == sys.version.split()[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("downstream", "{shop}", "revenue.totl"), "did you mean revenue.total"),
        (("downstream", "{shop}", "orders.amount"), "  staging.orders.amount"),
        (("path", "{shop}", "revenue.total", "nonsense.x"), 'unknown column "nonsense.x"'),
        (("downstream",), "Missing argument 'COLUMN'"),
        (("downstream", "{shop}", "revenue.total", "--depth", "0"), "not in the range"),
        (("frobnicate",), "No such command"),
        (("stats", "no/such/folder"), "no/such/folder: cannot be opened"),
        (("stats", "{shop}", "--as-of", "tuesday"), "is no date or time"),
        (("stats",), "make one with `lineage ingest PATH`"),
        (("export", "{shop}", "--format", "pdf"), "is not one of"),
    ],
)
def test_wrong_use_exits_with_2(
    run: Run, shop: str, arguments: tuple[str, ...], message: str
) -> None:
    found = run(*(argument.format(shop=shop) for argument in arguments))
    assert found.exit_code == 2
    assert message in found.stderr
    assert found.stdout == ""


def test_a_snapshot_that_is_cut_short_exits_with_3(run: Run, shop: str) -> None:
    path = Path(shop)
    path.write_bytes(path.read_bytes()[:-50])
    found = run("stats", shop)
    assert found.exit_code == 3
    assert f"{shop}: this saved snapshot cannot be read" in found.stderr


def test_help_has_examples(run: Run) -> None:
    listed = run("--help").stdout
    assert "Exit codes: 0 fine" in listed
    for name in ("downstream", "export", "diff", "blame", "ingest", "doctor", "explore"):
        assert name in listed
        assert "Examples:\n" in run(name, "--help").stdout


def test_version(run: Run) -> None:
    assert run("--version").stdout.startswith("lineage 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(run: Run, shell: str) -> None:
    assert "_LINEAGE_COMPLETE" in run("completion", shell).stdout


def test_a_reader_that_leaves_is_no_error(shop: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "lineage", "export", shop, "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=HERE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Error" not in process.stderr.read()
        assert process.wait() == CLOSED_PIPE


def test_names_of_any_language_are_printed_anywhere(tmp_path: Path) -> None:
    odd = FieldId(DatasetId("n", "таблица"), "größe")
    path = tmp_path / "odd.json"
    path.write_bytes(dump(snapshot([Edge(odd, odd, Basis.DECLARED)])))
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"}
    for form in ("text", "json"):
        found = command("search", str(path), "n/", "--format", form, env=ascii_only)
        assert (found.returncode, found.stderr) == (0, "")
    assert json.loads(found.stdout)["hits"][1]["id"]["field"] == "größe"
    for form in set(REPORTS.names()) - {"html"}:
        assert command("export", str(path), "--format", form, env=ascii_only).returncode == 0


@pytest.mark.parametrize("arguments", [("--help",), ("downstream", "{shop}", "revenue.total")])
def test_short_questions_import_nothing_heavy(shop: str, arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom lineage.cli import lineage\n"
        "try: lineage(prog_name='lineage')\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, *(argument.format(shop=shop) for argument in arguments)],
        check=True,
        capture_output=True,
        text=True,
        cwd=HERE,
    )
    assert not HEAVY & set(found.stderr.split())
