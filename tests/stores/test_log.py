"""A log keeps every event once, and answers for any instant; the same in every kind of store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lineage.catalog.apply import apply
from lineage.errors import StoreMissing
from lineage.model import event as ol
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.event import Arrival
from lineage.model.facet import SqlFacet
from lineage.model.wire import decode, encode
from lineage.stores import open_store
from lineage.stores.log import Appended, EventLog

Item: TypeAlias = ol.Event | Arrival
T0 = datetime(2024, 5, 1, 12, tzinfo=UTC)
WARNING = Diagnostic("odd", "it is odd", Severity.WARNING, Location("a.sql", 3, 7, "/x"))
ERROR = Diagnostic("worse", "it cannot be read", Severity.ERROR)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def happened(name: str, minutes: int) -> Arrival:
    """Return an event that has a time, as it came over the wire."""
    payload = encode(
        ol.run_event(
            ol.Run(name), ol.Job("air", "j"), event_type="COMPLETE", event_time=at(minutes)
        )
    )
    event = decode(payload).event
    assert event is not None
    return Arrival(event, Location("events.jsonl", 4), payload)


def model(name: str) -> ol.Event:
    """Return an event that has none, as a reader of SQL makes it."""
    return ol.job_event(ol.Job("dbt", name, ol.facets(SqlFacet(f"select {name}"))))


def told(log: EventLog, minutes: int | None = None) -> list[str]:
    """Return the names of the runs and jobs that a log tells of at an instant."""
    items = log.replay(until=None if minutes is None else at(minutes))
    return [
        item.event.run.run_id if item.event.run else item.event.job.name if item.event.job else ""
        for item in items
    ]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where an empty store may be made."""
    if request.param == "sqlite":
        return str(tmp_path / "folder" / "store.db")
    url: str = request.getfixturevalue("postgres_url")
    sqlalchemy = pytest.importorskip("sqlalchemy")
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("DROP SCHEMA IF EXISTS lineage_explorer CASCADE"))
    engine.dispose()
    return url


@pytest.fixture
def log(url: str) -> Iterator[EventLog]:
    """An empty log."""
    with open_store(url, create=True) as opened:
        yield opened


def test_there_is_none_until_it_is_made(url: str) -> None:
    with pytest.raises(StoreMissing, match="make one with `lineage ingest PATH`"):
        open_store(url)
    open_store(url, create=True).close()
    open_store(url).close()


def test_events_come_back_as_they_came(log: EventLog) -> None:
    history = [happened("r1", 0), happened("r2", 5)]
    events: list[Item] = [*history, model("m")]
    assert log.append(events, source="s", received=at(9)) == Appended(3, 0)
    back = list(log.replay())
    assert [item.payload for item in back[:2]] == [item.payload for item in history]
    assert [item.origin for item in back] == [Location("events.jsonl", 4)] * 2 + [None]
    assert [item.received for item in back] == [at(9)] * 3
    assert apply(back).jobs == apply(events).jobs
    assert apply(back).runs == apply(events).runs
    assert len(log) == 3


def test_again_is_a_no_op(log: EventLog) -> None:
    items: list[Item | Diagnostic] = [happened("r1", 0), model("m"), happened("r1", 0), WARNING]
    first = log.append(items, source="s", received=at(1))
    assert (first.new, first.known, first.over, first.diagnostics) == (2, 1, 0, (WARNING,))
    state, back = log.state(), list(log.replay())
    again = log.append(items, source="s", received=at(2))
    assert (again.new, again.known, again.over) == (0, 3, 0)
    assert log.state() == state
    assert [item.received for item in log.replay()] == [item.received for item in back]


def test_the_state_tells_of_every_change(log: EventLog) -> None:
    states = [log.state()]
    readings: list[tuple[list[Item | Diagnostic], str]] = [
        ([happened("r1", 0)], "s"),
        ([model("m")], "t"),
        ([model("m"), WARNING], "t"),
        ([model("m"), ERROR], "t"),
        ([], "t"),
    ]
    for items, source in readings:
        log.append(items, source=source, received=at(1))
        states.append(log.state())
    assert len(set(states)) == len(states)


def test_what_happened_is_true_from_then_on(log: EventLog) -> None:
    log.append([happened("r2", 5), happened("r1", 0)], source="s", received=at(99))
    assert told(log, -1) == []
    assert told(log, 0) == ["r1"]
    assert told(log, 5) == ["r2", "r1"]
    assert told(log) == ["r2", "r1"]


def test_what_a_source_no_longer_has_is_over(log: EventLog) -> None:
    for minutes, names in enumerate(["ab", "ab", "ac", "abc", ""]):
        items = [model(name) for name in names]
        log.append(items, source="models", received=at(minutes))
    assert [told(log, minutes) for minutes in range(-1, 5)] == [
        [],
        ["a", "b"],
        ["a", "b"],
        ["a", "c"],
        ["a", "b", "c"],
        [],
    ]
    assert told(log) == []


def test_what_came_back_is_as_new(log: EventLog) -> None:
    for minutes, names in enumerate(["a", "", "a"]):
        items = [model(name) for name in names]
        log.append(items, source="models", received=at(minutes))
    assert [item.received for item in log.replay()] == [at(2)]


def test_sources_do_not_end_each_others_events(log: EventLog) -> None:
    log.append([model("a"), model("b")], source="one", received=at(0))
    log.append([model("b")], source="two", received=at(1))
    log.append([], source="one", received=at(2))
    assert told(log) == ["b"]


def test_a_source_that_was_not_read_whole_ends_nothing(log: EventLog) -> None:
    log.append([model("a"), model("b")], source="s", received=at(0))
    done = log.append([model("a"), model("c"), ERROR], source="s", received=at(1))
    assert done.over == 0
    assert told(log) == ["a", "b", "c"]
    log.append([model("a"), model("c")], source="s", received=at(2))
    assert told(log) == ["a", "c"]


def test_problems_are_those_of_the_last_reading(log: EventLog) -> None:
    log.append([WARNING, ERROR, ERROR], source="s", received=at(0))
    log.append([WARNING], source="t", received=at(0))
    assert sorted(row.code for row in log.diagnostics()) == ["odd", "odd", "worse"]
    assert ERROR in log.diagnostics()
    log.append([], source="s", received=at(1))
    assert log.diagnostics() == (WARNING,)


def test_many_are_made_durable_in_batches(log: EventLog) -> None:
    heard: list[int] = []
    events = [happened(f"r{number}", 0) for number in range(2500)]
    done = log.append(events, source="s", received=at(0), tell=heard.append)
    assert done.new == 2500
    assert heard == [1000, 2000, 2500]


def test_what_was_written_stays_when_the_rest_cannot_be_read(url: str) -> None:
    def breaking() -> Iterator[Arrival]:
        for number in range(1500):
            yield happened(f"r{number}", 0)
        raise OSError

    with open_store(url, create=True) as log, pytest.raises(OSError):  # noqa: PT011 (any will do)
        log.append(breaking(), source="s", received=at(0))
    with open_store(url) as log:
        assert len(log) == 1000
        log.append([happened("r1400", 0)], source="s", received=at(0))
        assert len(log) == 1001


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["s", "t"]), st.sets(st.sampled_from("abc"))), max_size=6)
)
def test_each_instant_is_what_the_sources_had(
    tmp_path_factory: pytest.TempPathFactory, readings: list[tuple[str, set[str]]]
) -> None:
    """At any time the events without a time are those of the last reading of each source."""
    folder = tmp_path_factory.mktemp("law")
    with open_store(str(folder / "store.db"), create=True) as log:
        for minutes, (source, names) in enumerate(readings):
            items = [model(name) for name in sorted(names)]
            log.append(items, source=source, received=at(minutes))
        had: dict[str, set[str]] = {}
        for minutes, (source, names) in enumerate(readings):
            had[source] = names
            assert sorted(told(log, minutes)) == sorted(set().union(*had.values()))
