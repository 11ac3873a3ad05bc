"""Merging events is commutative, associative and idempotent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.catalog.apply import apply, summary
from lineage.catalog.gather import Gathered
from lineage.model import event as ol
from lineage.model.diagnostic import Location
from lineage.model.event import Arrival
from lineage.model.facet import (
    ColumnLineageFacet,
    DocumentationFacet,
    EmissionPattern,
    Identifier,
    InputField,
    JobTypeFacet,
    LineageStep,
    OriginFacet,
    OutputField,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    SymlinksFacet,
)
from lineage.model.wire import decode, encode

START = datetime(2024, 5, 1, tzinfo=UTC)
# Few of each, so that events often speak of one thing at one time.
NAMES = st.sampled_from(["a", "b", '"b"'])
SPACES = st.sampled_from(["hive://h", "pg://h"])
TIMES = st.none() | st.integers(0, 1).map(lambda hours: START + timedelta(hours=hours))
STEPS = st.sampled_from(
    [(), (LineageStep("DIRECT", "IDENTITY"),), (LineageStep("INDIRECT", "FILTER"),)]
)
SOURCES = st.builds(InputField, SPACES, NAMES, NAMES, STEPS)
COLUMNS = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.builds(OutputField, st.lists(SOURCES, max_size=2).map(tuple)),
    max_size=2,
)
FACETS = st.lists(
    st.builds(
        SchemaFacet,
        st.lists(st.sampled_from(["x", "y"]).map(SchemaField), max_size=2).map(tuple),
        st.booleans(),
    )
    | st.builds(
        ColumnLineageFacet, COLUMNS, st.lists(SOURCES, max_size=1).map(tuple), st.booleans()
    )
    | st.builds(DocumentationFacet, st.sampled_from(["one", "two", None]))
    | st.builds(
        SymlinksFacet, st.lists(st.builds(Identifier, SPACES, NAMES), max_size=1).map(tuple)
    )
    | st.builds(OriginFacet, st.sampled_from(["", "a.sql"]), kind=st.sampled_from(["model"])),
    max_size=3,
).map(lambda values: ol.facets(*values))
JOB_FACETS = st.lists(
    st.builds(SqlFacet, st.sampled_from(["select 1", "select 2"]))
    | st.builds(
        JobTypeFacet,
        emission_pattern=st.builds(
            EmissionPattern, st.sampled_from(["COMPLETE_SNAPSHOT", "ACCUMULATIVE"])
        ),
    ),
    max_size=2,
).map(lambda values: ol.facets(*values))
DATASETS = st.lists(st.builds(ol.Dataset, SPACES, NAMES, FACETS), max_size=2).map(tuple)
EVENTS = st.builds(
    ol.Event,
    event_time=TIMES,
    event_type=st.sampled_from([None, "START", "COMPLETE", "FAIL"]),
    run=st.none() | st.builds(ol.Run, st.sampled_from(["r1", "r2", ""])),
    job=st.none() | st.builds(ol.Job, st.just("n"), st.sampled_from(["j", "k"]), JOB_FACETS),
    dataset=st.none() | st.builds(ol.Dataset, SPACES, NAMES, FACETS),
    inputs=DATASETS,
    outputs=DATASETS,
)
ARRIVALS = st.builds(
    Arrival,
    EVENTS,
    st.none() | st.builds(Location, st.sampled_from(["d1", "d2"]), st.integers(1, 3)),
)


@given(st.lists(EVENTS | ARRIVALS, max_size=6), st.data())
def test_order_does_not_matter(events: list[ol.Event | Arrival], data: st.DataObject) -> None:
    """Commutative: any order of the same events gives an equal snapshot."""
    shuffled = data.draw(st.permutations(events))
    assert apply(shuffled) == apply(events)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            ol.dataset_event(ol.Dataset("n", "a", ol.facets(DocumentationFacet("one")))),
            ol.dataset_event(ol.Dataset("n", "a", ol.facets(DocumentationFacet("two")))),
            id="facets of one time",
        ),
        pytest.param(
            ol.run_event(ol.Run("r"), ol.Job("n", "one"), event_type="START"),
            ol.run_event(ol.Run("r"), ol.Job("n", "two"), event_type="START"),
            id="a run of two jobs",
        ),
        pytest.param(
            Arrival(ol.Event(event_type="odd", job=ol.Job("n", "j")), Location("d", 1)),
            Arrival(ol.Event(event_type="odd", job=ol.Job("n", "j")), Location("d", 2)),
            id="a problem of one event in two places",
        ),
        pytest.param(
            Arrival(ol.Event(event_type="odd", job=ol.Job("n", "j")), Location("d", 1)),
            ol.Event(event_type="odd", job=ol.Job("n", "j")),
            id="a problem of one event in a place that is not known",
        ),
        pytest.param(
            ol.run_event(ol.Run("r"), ol.Job("n", "j"), event_type="FAIL"),
            ol.run_event(ol.Run("r"), ol.Job("n", "j"), event_type="ABORT"),
            id="two ends of a run",
        ),
    ],
)
def test_order_does_not_matter_at_one_time(one: ol.Event, other: ol.Event) -> None:
    assert apply([one, other]) == apply([other, one])


@given(st.lists(EVENTS | ARRIVALS, max_size=6), st.data())
def test_deliveries_do_not_matter(events: list[ol.Event | Arrival], data: st.DataObject) -> None:
    """Idempotent: an event that comes again, at any time, changes nothing."""
    again = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    assert apply([*events, *again]) == apply(events)


@given(st.lists(EVENTS, max_size=6), st.integers(0, 6))
def test_batches_do_not_matter(events: list[ol.Event], cut: int) -> None:
    """Associative: what is gathered may be summed up in between, and gathered on."""
    gathered = Gathered()
    for event in events[:cut]:
        gathered.add(event)
    first = summary(gathered)
    assert first == apply(events[:cut])
    for event in events[cut:]:
        gathered.add(event)
    assert summary(gathered) == apply(events)


@given(st.lists(EVENTS, max_size=4))
def test_the_wire_does_not_matter(events: list[ol.Event]) -> None:
    """An event means the same, whether made in memory or read from JSON."""
    wired = [decode(encode(event)).event or event for event in events]
    wired = [event if event.job or event.run or event.dataset else ol.Event() for event in wired]
    known = [event if event.job or event.run or event.dataset else ol.Event() for event in events]
    assert apply(wired) == apply(known)


@given(st.lists(EVENTS, max_size=6))
def test_every_end_of_an_edge_is_in_the_snapshot(events: list[ol.Event]) -> None:
    """Nothing dangles: ends are datasets of the snapshot, jobs read and write such."""
    snapshot = apply(events)
    names = set(snapshot.datasets)
    for edge in snapshot.edges:
        for end in (edge.source, edge.target):
            dataset = getattr(end, "dataset", end)
            assert dataset in names
    for job in snapshot.jobs.values():
        assert names.issuperset(job.inputs)
        assert names.issuperset(job.outputs)
