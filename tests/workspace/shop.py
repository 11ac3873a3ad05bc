"""A small shop: orders and customers feed a report, a filter among the lineage."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.edge import Basis, Edge
from lineage.model.entities import Dataset, DatasetKind, Field, Job, JobKind, Run, RunState
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.saved import dump
from lineage.model.snapshot import Counts, Snapshot
from lineage.model.transformation import Transformation, TransformationType

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
VALUE = Transformation(TransformationType.DIRECT, "IDENTITY")
SUM = Transformation(TransformationType.DIRECT, "AGGREGATION")
FILTER = Transformation(TransformationType.INDIRECT, "FILTER")

ORDERS = DatasetId("db", "raw.orders")
CUSTOMERS = DatasetId("db", "raw.customers")
STAGED = DatasetId("db", "staging.orders")
REVENUE = DatasetId("db", "mart.revenue")
TOPIC = DatasetId("kafka://broker:9092", "revenue-changes")

SQL = "select id, amount\nfrom raw.orders\nwhere status = 'paid'"
STAGE = JobId("dbt", "stage_orders")
SUMMARISE = JobId("dbt", "summarise")
PUBLISH = JobId("flink", "publish")
TEST = JobId("dbt", "not_null_total")


INT, AMOUNT = Field("id", "int"), Field("amount", "decimal")
IN_SELECT, IN_WHERE = Location("stage.sql", 3, 12), Location("stage.sql", 5, 7)


def at(dataset: DatasetId, name: str) -> FieldId:
    """A column."""
    return FieldId(dataset, name)


def edge(
    source: FieldId | DatasetId,
    target: FieldId | DatasetId,
    job: JobId,
    step: Transformation | None,
    basis: Basis = Basis.DERIVED,
    *places: Location,
) -> Edge:
    """An edge with one step, or none."""
    return Edge(source, target, basis, job, frozenset({step} if step else ()), places)


SHOP = Snapshot(
    datasets={
        dataset.id: dataset
        for dataset in (
            Dataset(
                TOPIC,
                kind=DatasetKind.TOPIC,
            ),
            Dataset(
                REVENUE,
                (Field("customer", "text"), Field("total", "decimal")),
                "What we earn, <b>by customer</b>",
                DatasetKind.TABLE,
                ("team:finance",),
                frozenset({"gold"}),
                "finance",
            ),
            Dataset(
                CUSTOMERS, (Field("id", "int"), Field("email", "text", tags=frozenset({"pii"})))
            ),
            Dataset(
                ORDERS, (Field("id", "int"), Field("amount", "decimal"), Field("status", "text"))
            ),
            Dataset(
                STAGED, (Field("id", "int"), Field("amount", "decimal")), owners=("team:data",)
            ),
        )
    },
    jobs={
        job.id: job
        for job in (
            Job(
                STAGE,
                SQL,
                "duckdb",
                JobKind.MODEL,
                (ORDERS,),
                (STAGED,),
                origin=Location("stage.sql", 3, 1),
            ),
            Job(
                SUMMARISE,
                kind=JobKind.MODEL,
                inputs=(STAGED, CUSTOMERS),
                outputs=(REVENUE,),
                note="the run failed",
            ),
            Job(PUBLISH, inputs=(REVENUE,), outputs=(TOPIC,)),
            Job(TEST, kind=JobKind.TEST, inputs=(REVENUE,), fields=(at(REVENUE, "total"),)),
        )
    },
    runs={"r1": Run("r1", STAGE, RunState.COMPLETE, NOON)},
    edges=(
        edge(at(ORDERS, "id"), at(STAGED, "id"), STAGE, VALUE, Basis.BOTH),
        edge(
            at(ORDERS, "amount"),
            at(STAGED, "amount"),
            STAGE,
            VALUE,
            Basis.DERIVED,
            Location("stage.sql", 3, 12),
        ),
        edge(
            at(ORDERS, "status"), STAGED, STAGE, FILTER, Basis.DERIVED, Location("stage.sql", 5, 7)
        ),
        edge(at(STAGED, "amount"), at(REVENUE, "total"), SUMMARISE, SUM, Basis.DECLARED),
        edge(at(CUSTOMERS, "email"), at(REVENUE, "customer"), SUMMARISE, None, Basis.DECLARED),
        edge(REVENUE, TOPIC, PUBLISH, None, Basis.DECLARED),
    ),
    diagnostics=(
        Diagnostic("near", "two names look alike", Severity.NOTE),
        Diagnostic("bad-sql", "expected a name", Severity.ERROR, Location("stage.sql", 4, 2)),
    ),
    counts=Counts(7, 1, 3, 5),
)


def saved(folder: Path, snapshot: Snapshot = SHOP) -> str:
    """Save a snapshot in a folder; its path."""
    path = folder / "shop.json"
    path.write_bytes(dump(snapshot))
    return str(path)
