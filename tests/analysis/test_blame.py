"""It broke: what changed upstream before that, and what is only noise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from lineage.analysis.blame import CulpritKind, changed_line
from lineage.catalog.apply import apply
from lineage.model.event import (
    Arrival,
    Dataset,
    Event,
    Job,
    Run,
    dataset_event,
    facets,
    job_event,
    run_event,
)
from lineage.model.facet import (
    ColumnLineageFacet,
    ErrorMessageFacet,
    InputField,
    OutputField,
    Owner,
    OwnershipFacet,
    SchemaFacet,
    SchemaField,
    SqlFacet,
)
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.origin import Given
from lineage.workspace import Workspace

NIGHT = datetime(2026, 11, 17, tzinfo=UTC)
RAW, STAGED, SCORES = (DatasetId("db", name) for name in ("raw", "staged", "scores"))


def at(hour: int, minute: int = 0) -> datetime:
    """A time of that night."""
    return NIGHT + timedelta(hours=hour, minutes=minute)


def told(id_: DatasetId, *columns: str, fed_by: DatasetId | None = None) -> Dataset:
    """A dataset as an event names it; each column comes from the first of what feeds it."""
    lineage = fed_by and ColumnLineageFacet(
        {name: OutputField((InputField(fed_by.namespace, fed_by.name, "v"),)) for name in columns}
    )
    schema = SchemaFacet(tuple(SchemaField(name, "int") for name in columns))
    owner = OwnershipFacet((Owner(f"team:{id_.name}"),))
    return Dataset(id_.namespace, id_.name, facets(schema, lineage or None, owner))


def makes(when: datetime | None, target: DatasetId, source: DatasetId, sql: str) -> Event:
    """A job that makes one dataset of another."""
    job = Job("jobs", f"make_{target.name}", facets(SqlFacet(sql)))
    return job_event(
        job,
        inputs=[Dataset(source.namespace, source.name)],
        outputs=[told(target, "v", fed_by=source)],
        event_time=when,
    )


def failed(when: datetime, run: str, message: str | None, kind: str = "FAIL") -> Event:
    """The news that the staging job failed."""
    said = facets(ErrorMessageFacet(message)) if message else {}
    return run_event(
        Run(run, said),
        Job("jobs", "make_staged"),
        event_type=kind,
        event_time=when,
        outputs=[told(STAGED, "v")],
    )


NOON = at(12)
START = (
    dataset_event(told(RAW, "k", "v"), event_time=at(0)),
    makes(at(1), STAGED, RAW, "select v from raw where day = '2026-11-16'"),
    makes(at(1), SCORES, STAGED, "select v from staged"),
)


def culprits(*events: Event | Arrival, before: datetime = NOON) -> list[tuple[str, str, str]]:
    """What is blamed: hour, kind and message, the latest first."""
    every = (*START, *events)
    estate = Workspace(Given(apply(every), every))
    found = estate.blame(FieldId(SCORES, "v"), before)
    return [(f"{row.at:%H:%M}", row.kind.value, row.message) for row in found.culprits]


def test_nothing_changed() -> None:
    assert culprits() == []
    assert culprits(*START) == []


def test_a_rename_far_upstream_with_its_way_and_owner() -> None:
    events = (*START, dataset_event(told(RAW, "k", "value"), event_time=at(2, 34)))
    estate = Workspace(Given(apply(events), events))
    [culprit] = estate.blame(FieldId(SCORES, "v"), at(3)).culprits
    assert culprit.at == at(2, 34)
    assert culprit.kind is CulpritKind.SCHEMA
    assert culprit.message == "column v is gone, and value stands in its place"
    assert culprit.subject == FieldId(RAW, "v")
    assert culprit.path == (FieldId(RAW, "v"), FieldId(STAGED, "v"), FieldId(SCORES, "v"))
    assert (culprit.hops, culprit.owners) == (2, ("team:raw",))


def test_columns_that_come_and_go() -> None:
    assert culprits(dataset_event(told(RAW, "k", "v", "new"), event_time=at(2))) == [
        ("02:00", "schema", "column new was added (int)")
    ]
    assert culprits(dataset_event(told(RAW, "v"), event_time=at(2))) == [
        ("02:00", "schema", "column k was removed (int)")
    ]
    assert culprits(dataset_event(told(RAW, "v", "k"), event_time=at(2))) == [
        ("02:00", "schema", "the columns were put in another order: v, k")
    ]


def test_a_statement_that_changed() -> None:
    changed = "select v from raw where day = '2026-11-16' → select 2 * v as v from raw"
    assert culprits(makes(at(2), STAGED, RAW, "select 2 * v as v from raw")) == [
        ("02:00", "sql", f"its SQL changed: {changed}")
    ]


def test_a_statement_made_anew_each_night_is_no_change() -> None:
    tonight = makes(at(2), STAGED, RAW, "select v\nfrom raw where day = '2026-11-17'")
    assert culprits(tonight) == []


@pytest.mark.parametrize(
    ("message", "kind", "said"),
    [
        ("boom\nat line 3", "FAIL", "a run failed: boom"),
        (None, "FAIL", "a run failed: no message was given"),
        ("stop", "ABORT", "a run was aborted: stop"),
    ],
)
def test_a_run_that_failed_counts_once(message: str | None, kind: str, said: str) -> None:
    twice = [failed(at(2), "r1", message, kind), failed(at(2, 1), "r1", message, kind)]
    assert culprits(*twice) == [("02:00", "run", said)]


def test_what_came_later_or_is_not_upstream_is_innocent() -> None:
    other = DatasetId("db", "other")
    assert (
        culprits(
            dataset_event(told(RAW, "k"), event_time=at(5)),
            dataset_event(told(other, "a"), event_time=at(2)),
            dataset_event(told(other, "b"), event_time=at(3)),
            before=at(4),
        )
        == []
    )


def test_the_latest_comes_first() -> None:
    found = culprits(dataset_event(told(RAW, "k"), event_time=at(2)), failed(at(3), "r1", "boom"))
    assert [row[:2] for row in found] == [("03:00", "run"), ("02:00", "schema")]


def test_what_has_no_time_counts_from_when_it_was_read() -> None:
    before = Arrival(makes(None, STAGED, RAW, "select v from raw"), received=at(1, 30))
    after = Arrival(makes(None, STAGED, RAW, "select k as v from raw"), received=at(2))
    every = (*START[::2], before, after)
    estate = Workspace(Given(apply(every), every))
    [culprit] = estate.blame(FieldId(SCORES, "v"), at(3)).culprits
    assert (culprit.at, culprit.subject) == (at(2), JobId("jobs", "make_staged"))
    assert estate.blame(FieldId(SCORES, "v"), at(1, 45)).culprits == ()


def test_what_nobody_recorded_is_named() -> None:
    made = makes(at(1), SCORES, STAGED, "select v from staged")
    alone = (Event(event_time=made.event_time, job=made.job, outputs=made.outputs),)
    found = Workspace(Given(apply(alone), alone)).blame(FieldId(SCORES, "v"), at(3))
    assert found.without_history == (STAGED,)
    assert (found.columns, found.datasets) == (1, 1)


def test_the_line_that_differs() -> None:
    assert changed_line("a\nb\nc", "a\nx\nc") == "b → x"
    assert changed_line("a", "a\nb") == "+ b"
    assert changed_line("a\nb", "a") == "- b"
