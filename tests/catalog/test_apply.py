"""The merge rules, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from lineage.catalog.apply import apply, history
from lineage.catalog.assume import assumed
from lineage.catalog.fold import is_folded, unfold
from lineage.model import event as ol
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.edge import Basis, Edge
from lineage.model.entities import DatasetKind, JobKind, RunState
from lineage.model.event import Arrival
from lineage.model.facet import (
    ColumnLineageFacet,
    DatasetTypeFacet,
    DocumentationFacet,
    EmissionPattern,
    ErrorMessageFacet,
    Identifier,
    InputField,
    JobRef,
    JobTypeFacet,
    LineageDatasetFacet,
    LineageEntry,
    LineageField,
    LineageInput,
    LineageJobFacet,
    LineageStep,
    OriginFacet,
    OutputField,
    Owner,
    OwnershipFacet,
    ParentFacet,
    RunRef,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    SymlinksFacet,
    Tag,
    TagsFacet,
    UsedField,
)
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import Anchor, Place, SourceMap
from lineage.model.snapshot import Snapshot
from lineage.model.transformation import Transformation, TransformationType
from lineage.model.wire import decode

T0 = datetime(2024, 5, 1, 12, tzinfo=UTC)
A, B, C = DatasetId("pg", "a"), DatasetId("pg", "b"), DatasetId("pg", "c")
J = JobId("air", "j")
FILTER = LineageStep("INDIRECT", "FILTER")


def at(hours: int) -> datetime:
    return T0 + timedelta(hours=hours)


def dataset(name: DatasetId, *values: ol.Facet) -> ol.Dataset:
    return ol.Dataset(name.namespace, name.name, ol.facets(*values))


def columns(*names: str) -> SchemaFacet:
    return SchemaFacet(tuple(map(SchemaField, names)))


def lineage(source: DatasetId = A, **fields: str) -> ColumnLineageFacet:
    """Return column lineage from columns of one dataset: `to="from"`."""
    return ColumnLineageFacet(
        {
            to: OutputField((InputField(source.namespace, source.name, field),))
            for to, field in fields.items()
        }
    )


def run(  # noqa: PLR0913 (the parts of an event)
    name: str,
    state: str,
    hours: int,
    *,
    inputs: tuple[ol.Dataset, ...] = (),
    outputs: tuple[ol.Dataset, ...] = (),
    job: ol.Job | None = None,
    facets: ol.Facets | None = None,
) -> ol.Event:
    return ol.run_event(
        ol.Run(name, facets or {}),
        job or ol.Job(J.namespace, J.name),
        event_type=state,
        event_time=at(hours),
        inputs=inputs,
        outputs=outputs,
    )


def pairs(snapshot: Snapshot) -> set[str]:
    """Return the column edges: `a.x > b.y`, and ` ?` behind those that are not verified."""
    return {
        f"{edge.source.dataset.name}.{edge.source.name} > "
        f"{edge.target.dataset.name}.{edge.target.name}{'' if edge.verified else ' ?'}"
        for edge in snapshot.edges
        if isinstance(edge.source, FieldId) and isinstance(edge.target, FieldId)
    }


def test_inputs_and_outputs_add_up_over_a_run() -> None:
    snapshot = apply(
        [
            run("r", "START", 0, inputs=(dataset(A),)),
            run("r", "RUNNING", 1, inputs=(dataset(B),), outputs=(dataset(C),)),
            run("r", "COMPLETE", 2),
        ]
    )
    job = snapshot.jobs[J]
    assert (job.inputs, job.outputs) == ((A, B), (C,))
    assert {(edge.source, edge.target) for edge in snapshot.edges} == {(A, C), (B, C)}
    assert all(edge.basis is Basis.DECLARED for edge in snapshot.edges)


def test_a_snapshot_event_stands_alone() -> None:
    whole = JobTypeFacet(emission_pattern=EmissionPattern("COMPLETE_SNAPSHOT"))
    job = ol.Job(J.namespace, J.name, ol.facets(whole))
    first = run("r", "RUNNING", 0, inputs=(dataset(A),), outputs=(dataset(C),), job=job)
    last = run("r", "RUNNING", 1, inputs=(dataset(B),), outputs=(dataset(C),), job=job)
    snapshot = apply([first, last])
    assert snapshot.jobs[J].inputs == (B,)


def test_a_facet_replaces_the_earlier_one_whole() -> None:
    first = run("r", "START", 0, outputs=(dataset(B, columns("x", "y"), lineage(x="p", y="q")),))
    last = run("r", "COMPLETE", 1, outputs=(dataset(B, columns("x"), lineage(x="q")),))
    snapshot = apply([first, last])
    assert [field.name for field in snapshot.datasets[B].fields or ()] == ["x"]
    assert pairs(snapshot) == {"a.q > b.x"}


def test_deleted_removes_a_facet() -> None:
    first = run("r", "START", 0, outputs=(dataset(B, columns("x"), lineage(x="p")),))
    gone = (SchemaFacet(deleted=True), ColumnLineageFacet(deleted=True))
    snapshot = apply([first, run("r", "COMPLETE", 1, outputs=(dataset(B, *gone),))])
    assert snapshot.datasets[B].fields is None
    assert pairs(snapshot) == set()


def test_an_empty_schema_says_nothing() -> None:
    first = run("r", "START", 0, outputs=(dataset(B, columns("x")),))
    snapshot = apply([first, run("r", "COMPLETE", 1, outputs=(dataset(B, SchemaFacet(())),))])
    assert [field.name for field in snapshot.datasets[B].fields or ()] == ["x"]


def test_the_last_run_that_succeeded_counts() -> None:
    old = run("r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")),))
    new = run("r2", "COMPLETE", 5, outputs=(dataset(B, lineage(x="q")),))
    assert pairs(apply([old, new])) == {"a.q > b.x"}


def test_what_a_failed_run_said_is_kept_and_not_verified() -> None:
    good = run("r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")),))
    bad = run("r2", "FAIL", 5, outputs=(dataset(B, lineage(x="p", y="q")),))
    assert pairs(apply([good, bad])) == {"a.p > b.x", "a.q > b.y ?"}
    assert pairs(apply([bad])) == {"a.p > b.x ?", "a.q > b.y ?"}


def test_a_run_that_is_not_over_adds_to_the_last() -> None:
    good = run("r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")),))
    now = run("r2", "START", 5, outputs=(dataset(B, lineage(x="q")),))
    assert pairs(apply([good, now])) == {"a.p > b.x", "a.q > b.x"}


def test_an_output_keeps_its_lineage_when_a_run_leaves_it_out() -> None:
    both = run(
        "r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")), dataset(C, lineage(y="p")))
    )
    one = run("r2", "COMPLETE", 5, outputs=(dataset(B, lineage(x="q")),))
    snapshot = apply([both, one])
    assert pairs(snapshot) == {"a.q > b.x", "a.p > c.y"}
    assert snapshot.jobs[J].outputs == (B, C)


def test_edges_know_when_they_were_seen() -> None:
    events = [
        run("r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")),)),
        run("r2", "COMPLETE", 5, outputs=(dataset(B, lineage(x="p", y="q")),)),
    ]
    seen = {
        edge.target.name: (edge.first_seen, edge.last_seen)
        for edge in apply(events).edges
        if isinstance(edge.target, FieldId)
    }
    assert seen == {"x": (at(0), at(5)), "y": (at(5), at(5))}


def test_what_is_over_is_history() -> None:
    events = [
        run("r1", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p")),)),
        run("r2", "COMPLETE", 3, outputs=(dataset(B, lineage(x="p")),)),
        run("r3", "COMPLETE", 5, outputs=(dataset(B, lineage(x="q")),)),
    ]
    assert [(edge.source, edge.first_seen, edge.last_seen) for edge in history(events)] == [
        (FieldId(A, "p"), at(0), at(3)),
        (FieldId(A, "q"), at(5), at(5)),
    ]
    assert pairs(apply(events)) == {"a.q > b.x"}


def test_what_nobody_says_is_assumed_only_when_asked_for() -> None:
    event = run("r", "COMPLETE", 0, inputs=(dataset(A, columns("x", "y")),), outputs=(dataset(B),))
    snapshot = apply([event])
    assert pairs(snapshot) == set()
    found = list(assumed(snapshot))
    assert {(edge.source, edge.target, edge.basis) for edge in found} == {
        (FieldId(A, "x"), B, Basis.ASSUMED),
        (FieldId(A, "y"), B, Basis.ASSUMED),
    }
    assert {edge.job for edge in found} == {J}


def test_the_lineage_facet_wins() -> None:
    stated = LineageDatasetFacet(
        inputs=(LineageInput("DATASET", "pg", "a", "f", transformations=(FILTER,)),),
        fields={"x": LineageField((LineageInput("DATASET", "pg", "a", "q"),))},
    )
    event = run("r", "COMPLETE", 0, outputs=(dataset(B, lineage(x="p"), stated),))
    snapshot = apply([event])
    assert pairs(snapshot) == {"a.q > b.x"}
    assert {edge.source for edge in snapshot.edges if edge.target == B} == {FieldId(A, "f")}


def test_the_lineage_facet_of_a_job() -> None:
    entries = (
        LineageEntry("DATASET", "pg", "b", inputs=(LineageInput("JOB"),)),
        LineageEntry("JOB", inputs=(LineageInput("DATASET", "pg", "a"),)),
        LineageEntry("DATASET", "pg", None),
    )
    job = ol.Job(J.namespace, J.name, ol.facets(LineageJobFacet(entries)))
    snapshot = apply([ol.job_event(job, outputs=[dataset(B, lineage(x="p"))])])
    assert {(edge.source, edge.target) for edge in snapshot.edges} == {(J, B), (A, J)}


def test_of_two_job_events_the_later_counts() -> None:
    def told(source: DatasetId, hours: int) -> ol.Event:
        job = ol.Job(J.namespace, J.name)
        return ol.job_event(
            job, inputs=[dataset(source)], outputs=[dataset(C)], event_time=at(hours)
        )

    assert apply([told(A, 0), told(B, 1)]).jobs[J].inputs == (B,)
    assert apply([told(A, 0), told(B, 0)]).jobs[J].inputs == (A, B)


def test_an_event_without_a_time_has_that_of_its_arrival() -> None:
    def told(text: str, hours: int) -> Arrival:
        job = ol.Job(J.namespace, J.name, ol.facets(SqlFacet(text)))
        return Arrival(ol.job_event(job), received=at(hours))

    assert apply([told("select 2", 1), told("select 1", 0)]).jobs[J].sql == "select 2"


def test_jobs_with_sql_get_no_dataset_edges() -> None:
    job = ol.Job(J.namespace, J.name, ol.facets(SqlFacet("insert …", "duckdb")))
    event = ol.job_event(job, inputs=[dataset(A)], outputs=[dataset(B)])
    snapshot = apply([event])
    assert snapshot.edges == ()
    assert snapshot.jobs[J].dialect == "duckdb"


# ------------------------------------------------------------------------------ transformations


def steps(*written: LineageStep, deprecated: str | None = None) -> list[set[tuple[str, str]]]:
    """Return what becomes of transformations: types and subtypes, an edge a set."""
    source = InputField("pg", "a", "p", written)
    facet = ColumnLineageFacet({"x": OutputField((source,), "how", deprecated), "y": OutputField()})
    edges = apply([run("r", "COMPLETE", 0, outputs=(dataset(B, facet),))]).edges
    return [{(step.type, step.subtype) for step in edge.transformations} for edge in edges]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ((), [set[str]()]),
        ((LineageStep("DIRECT", "IDENTITY"),), [{("DIRECT", "IDENTITY")}]),
        (
            (LineageStep("DIRECT", "AGGREGATION"), LineageStep("INDIRECT", "GROUP_BY")),
            [{("DIRECT", "AGGREGATION")}, {("INDIRECT", "GROUP_BY")}],
        ),
        ((LineageStep("", "JOIN"),), [{("INDIRECT", "JOIN")}]),
        ((LineageStep("IDENTITY"),), [{("DIRECT", "IDENTITY")}]),
        ((LineageStep("indirect", "mine"),), [{("INDIRECT", "MINE")}]),
        ((LineageStep(),), [set[str]()]),
    ],
)
def test_transformations(
    written: tuple[LineageStep, ...], expected: list[set[tuple[str, str]]]
) -> None:
    assert steps(*written) == expected


def test_deprecated_transformations() -> None:
    assert steps(deprecated="IDENTITY") == [{("DIRECT", "IDENTITY")}]
    assert steps(deprecated="MASKED") == [{("DIRECT", "TRANSFORMATION")}]
    assert steps(deprecated="") == [set()]


def repeating(**fields: tuple[InputField, ...]) -> ColumnLineageFacet:
    return ColumnLineageFacet({to: OutputField(sources) for to, sources in fields.items()})


def test_what_is_repeated_under_every_column_is_folded() -> None:
    value, condition = InputField("pg", "a", "p"), InputField("pg", "a", "f", (FILTER,))
    facet = repeating(x=(value, condition), y=(condition,))
    origin = Location("events.jsonl", 7)
    event = run("r", "COMPLETE", 0, outputs=(dataset(B, columns("x", "y"), facet),))
    snapshot = apply([Arrival(event, origin)])
    wide = [edge for edge in snapshot.edges if edge.target == B]
    assert [(edge.source, is_folded(edge)) for edge in wide] == [(FieldId(A, "f"), True)]
    assert wide[0].evidence == (
        Location("events.jsonl", 7, 0, "/outputs/0/facets/columnLineage/fields"),
    )
    assert pairs(snapshot) == {"a.p > b.x"}
    assert {(edge.source, edge.target) for edge in unfold(snapshot.edges, snapshot.datasets)} == {
        (FieldId(A, "p"), FieldId(B, "x")),
        (FieldId(A, "f"), FieldId(B, "x")),
        (FieldId(A, "f"), FieldId(B, "y")),
    }


@pytest.mark.parametrize("known", [("x", "y", "z"), ("x",), ()])
def test_nothing_is_folded_that_could_not_be_unfolded(known: tuple[str, ...]) -> None:
    condition = InputField("pg", "a", "f", (FILTER,))
    facet = repeating(x=(condition,), y=(condition,))
    event = run("r", "COMPLETE", 0, outputs=(dataset(B, columns(*known), facet),))
    assert pairs(apply([event])) == {"a.f > b.x", "a.f > b.y"}


def test_what_holds_for_the_whole_dataset_is_no_folded_edge() -> None:
    facet = ColumnLineageFacet({}, (InputField("pg", "a", "f", (FILTER,)),))
    event = run("r", "COMPLETE", 0, outputs=(dataset(B, columns("x", "y"), facet),))
    snapshot = apply([Arrival(event, Location("d", 1))])
    (edge,) = snapshot.edges
    indirect = Transformation(TransformationType.INDIRECT, "FILTER")
    assert edge == Edge(FieldId(A, "f"), B, Basis.DECLARED, J, frozenset({indirect}))
    assert not is_folded(edge)
    assert list(unfold(snapshot.edges, snapshot.datasets)) == [edge]


# -------------------------------------------------------------------------------------- names


def test_names_of_one_dataset_are_merged_with_all_that_is_known_of_it() -> None:
    path, table = DatasetId("s3://b", "/t"), DatasetId("hive://h", "db.t")
    link = SymlinksFacet((Identifier(table.namespace, table.name),))
    events = [
        run("r1", "COMPLETE", 0, outputs=(dataset(path, link, columns("x")),)),
        run(
            "r2",
            "COMPLETE",
            1,
            inputs=(dataset(table, DocumentationFacet("Orders")),),
            outputs=(dataset(C, lineage(path, y="x")),),
            job=ol.Job("air", "k"),
        ),
    ]
    snapshot = apply(events)
    merged = snapshot.datasets[table]
    assert merged.aliases == (path,)
    assert merged.description == "Orders"
    assert [field.name for field in merged.fields or ()] == ["x"]
    assert path not in snapshot.datasets
    assert pairs(snapshot) == {"db.t.x > c.y"}
    assert snapshot.jobs[J].outputs == (table,)
    assert snapshot.counts.datasets == 3


def test_columns_are_spelled_as_in_the_schema_where_case_means_nothing() -> None:
    def told(space: str) -> Snapshot:
        source, target = DatasetId(space, "db.a"), DatasetId(space, "db.b")
        return apply(
            [
                run(
                    "r",
                    "COMPLETE",
                    0,
                    inputs=(dataset(source, columns("Id")),),
                    outputs=(dataset(target, columns("Key"), lineage(source, KEY="ID")),),
                )
            ]
        )

    assert pairs(told("hive://h")) == {"db.a.Id > db.b.Key"}
    kept = told("postgres://h")
    assert pairs(kept) == {"db.a.ID > db.b.KEY"}
    assert [row.code for row in kept.diagnostics] == ["similar-names", "similar-names"]


# ----------------------------------------------------------------------------------- entities


def test_what_is_known_of_a_dataset() -> None:
    facets = (
        SchemaFacet(
            (
                SchemaField("id", "int", "the key", nullable=False),
                SchemaField("at", "struct", fields=(SchemaField("day", "date"),)),
                SchemaField("id", "text"),
            )
        ),
        TagsFacet((Tag("pii", field="id"), Tag("gold"), Tag("keep", "30d"))),
        OwnershipFacet((Owner("team:billing"), Owner("***"))),
        DatasetTypeFacet("VIEW"),
    )
    event = run("r", "COMPLETE", 3, outputs=(dataset(A, *facets),))
    found = apply([event]).datasets[A]
    fields = found.fields or ()
    assert [(field.name, field.type) for field in fields] == [
        ("id", "int"),
        ("at", "STRUCT<day date>"),
    ]
    assert fields[0].tags == {"pii"}
    assert fields[0].nullable is False
    assert found.tags == {"gold", "keep=30d"}
    assert found.owners == ("team:billing",)
    assert found.kind is DatasetKind.VIEW
    assert found.updated_at == at(3)


def test_what_our_own_facet_says() -> None:
    origin = OriginFacet(
        document="models/b.sql",
        line=4,
        column=1,
        kind="model",
        relation_kind="view",
        database="db",
        schema="main",
        note="why",
        owners=("ada",),
        domain="billing",
        fields=(UsedField("pg", "a", "x"),),
        places=((1, 1, 4, 1, True),),
    )
    job = ol.Job(J.namespace, J.name, ol.facets(origin, SqlFacet("select 1")))
    snapshot = apply([ol.job_event(job, outputs=[dataset(B)])])
    found, made = snapshot.jobs[J], snapshot.datasets[B]
    assert found.kind is JobKind.MODEL
    assert found.origin == Location("models/b.sql", 4, 1)
    assert (found.database, found.schema, found.note) == ("db", "main", "why")
    assert found.fields == (FieldId(A, "x"),)
    assert found.places == SourceMap((Anchor(1, 1, Place(4, 1)),))
    assert made.kind is DatasetKind.VIEW
    assert (made.owners, made.domain, made.origin) == (("ada",), "billing", found.origin)


def test_a_run_and_its_parent() -> None:
    parent = ParentFacet(JobRef("air", "dag"), RunRef("p"))
    snapshot = apply(
        [
            run("r", "START", 0, facets=ol.facets(parent)),
            run("r", "FAIL", 2, facets=ol.facets(ErrorMessageFacet("boom"))),
        ]
    )
    found = snapshot.runs["r"]
    assert (found.state, found.at, found.started, found.ended) == (
        RunState.FAIL,
        at(2),
        at(0),
        at(2),
    )
    assert (found.message, found.parent) == ("boom", JobId("air", "dag"))
    assert snapshot.counts.jobs == 1
    assert JobId("air", "dag") not in snapshot.jobs


def test_a_runs_end_is_later_than_its_start_at_the_same_time() -> None:
    assert apply([run("r", "COMPLETE", 0), run("r", "START", 0)]).runs["r"].state is (
        RunState.COMPLETE
    )


def test_dbt_jobs_are_known_by_their_type() -> None:
    facet = JobTypeFacet("BATCH", "DBT", "TEST")
    job = ol.Job(J.namespace, J.name, ol.facets(facet))
    assert apply([ol.job_event(job)]).jobs[J].kind is JobKind.TEST


# -------------------------------------------------------------------------------- diagnostics


def test_bad_facets_are_told_once_with_their_place_and_number() -> None:
    text = b'{"job":{"namespace":"air","name":"j%d","facets":{"sql":null}},"inputs":[]}'
    arrivals = []
    for line in (3, 1, 2):
        event = decode(text % line).event
        assert event is not None
        arrivals.append(Arrival(event, Location("d", line), text % line))
    assert apply(arrivals).diagnostics == (
        Diagnostic(
            "null-value",
            "expected an object, found null; it is left out (and in 2 more events)",
            Severity.NOTE,
            Location("d", 1, 0, "/job/facets/sql"),
        ),
    )


def test_readers_diagnostics_come_back() -> None:
    given = Diagnostic("x", "y", Severity.ERROR, Location("d", 1))
    assert apply([], [given, given]).diagnostics == (given,)


def test_an_event_type_that_there_is_not() -> None:
    snapshot = apply([run("r", "DONE", 0)])
    assert snapshot.runs["r"].state is RunState.OTHER
    assert [row.code for row in snapshot.diagnostics] == ["unknown-event-type"]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
    ],
)
def test_a_time_that_utc_does_not_have_is_none(moment: datetime) -> None:
    made = dataset(B, lineage(x="y"))
    event = ol.run_event(
        ol.Run("r"), ol.Job(J.namespace, J.name), event_type="COMPLETE", event_time=moment,
        inputs=[dataset(A)], outputs=[made],
    )  # fmt: skip
    found = apply([event])
    assert [edge.first_seen for edge in found.edges] == [None]
    assert [row.code for row in found.diagnostics] == ["wrong-type"]
