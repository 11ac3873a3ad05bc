"""What was not understood is listed, with its reason; nothing is left out."""

from __future__ import annotations

from dataclasses import replace

from lineage.analysis.coverage import coverage, near_misses
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.entities import Job, JobKind
from lineage.model.identity import DatasetId, JobId
from lineage.model.snapshot import Snapshot
from tests.workspace.shop import PUBLISH, SHOP, STAGE, SUMMARISE, TOPIC


def test_the_shop() -> None:
    found = coverage(SHOP)
    assert (found.statements, found.understood) == (2, 0)
    assert (found.datasets, found.with_schema, found.with_lineage) == (5, 4, 3)
    assert (found.declared, found.derived, found.both, found.assumed) == (3, 2, 1, 0)
    assert [(row.subject, row.code, row.reason.split(";")[0]) for row in found.opaque] == [
        (STAGE, "bad-sql", "expected a name"),
        (SUMMARISE, "no-sql", "the run failed"),
        (TOPIC, "no-schema", "its columns are not known"),
    ]


def test_an_error_belongs_to_the_statement_before_it() -> None:
    first, second = (
        Job(JobId("n", f"s{line}"), "select 1", origin=Location("a.sql", line, 1))
        for line in (1, 5)
    )
    jobs = {job.id: job for job in (first, second)}

    def failing(line: int) -> list[object]:
        problem = Diagnostic("bad", "no", Severity.ERROR, Location("a.sql", line, 3))
        found = coverage(Snapshot({}, jobs, {}, diagnostics=(problem,)))
        assert found.understood == 1
        return [row.subject for row in found.opaque if row.code == "bad"]

    assert failing(1) == failing(4) == [first.id]
    assert failing(5) == failing(9) == [second.id]


def test_warnings_do_not_make_a_statement_a_failure() -> None:
    quiet = tuple(replace(row, severity=Severity.WARNING) for row in SHOP.diagnostics)
    assert coverage(replace(SHOP, diagnostics=quiet)).understood == 1


def test_a_job_that_reads_and_writes_without_lineage_is_opaque() -> None:
    rest = tuple(edge for edge in SHOP.edges if edge.job != PUBLISH)
    found = coverage(replace(SHOP, edges=rest))
    assert (PUBLISH, "no-lineage") in {(row.subject, row.code) for row in found.opaque}
    silent = replace(SHOP.jobs[PUBLISH], sql="select 1")
    found = coverage(replace(SHOP, edges=rest, jobs={PUBLISH: silent}))
    [row] = [row for row in found.opaque if row.code == "no-lineage"]
    assert row.reason.startswith("its SQL was read")


def test_a_model_without_sql_is_told_even_without_a_note() -> None:
    job = Job(JobId("n", "m"), kind=JobKind.MODEL)
    [row] = coverage(Snapshot({}, {job.id: job}, {})).opaque
    assert "nothing can be proved" in row.reason


def test_near_misses() -> None:
    def misses(*names: str) -> list[tuple[str, str]]:
        ids = [DatasetId(*name.split("|")) for name in names]
        return [(f"{a.namespace}|{a.name}", f"{b.namespace}|{b.name}") for a, b in near_misses(ids)]

    assert misses("n|Orders", 'n|"orders"', "n|items") == [('n|"orders"', "n|Orders")]
    assert misses("n|orders", "n|shop.orders") == [("n|orders", "n|shop.orders")]
    assert misses("a|orders", "b|orders") == [("a|orders", "b|orders")]
    assert misses("a|orders", "b|shop.orders", "b|reorders") == []
