"""Events are decoded as far as they can be understood, and what cannot be is said."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.model import event as ol
from lineage.model.facet import (
    ColumnLineageFacet,
    ErrorMessageFacet,
    LineageDatasetFacet,
    OriginFacet,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    TagsFacet,
)
from lineage.model.wire import Decoded, decode, encode, parse_facet, read_facet

JOB = {"namespace": "n", "name": "j"}
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def decoded(**members: object) -> Decoded:
    return decode(json.dumps({"job": JOB, **members}).encode())


def problem(found: Decoded) -> tuple[str, str]:
    """Return code and pointer of the one problem."""
    assert len(found.problems) == 1, found.problems
    return found.problems[0].code, found.problems[0].pointer


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"run": {"runId": "r"}}, ol.EventKind.RUN),
        ({}, ol.EventKind.JOB),
        ({"job": None, "dataset": JOB}, ol.EventKind.DATASET),
        ({"run": {"runId": "r"}, "dataset": JOB}, ol.EventKind.RUN),
    ],
)
def test_an_event_is_told_by_what_it_carries(
    members: dict[str, object], kind: ol.EventKind
) -> None:
    event = decoded(**members).event
    assert event is not None
    assert event.kind is kind


def test_null_facets_are_reported_and_the_rest_is_read() -> None:
    found = decoded(run={"runId": "r", "facets": None}, outputs=[{**JOB, "facets": None}])
    assert [(row.code, row.pointer) for row in found.problems] == [
        ("null-value", "/run/facets"),
        ("null-value", "/outputs/0/facets"),
    ]
    assert found.event is not None
    assert found.event.run == ol.Run("r")
    assert found.event.outputs == (ol.Dataset("n", "j"),)


@pytest.mark.parametrize(
    ("members", "code", "pointer"),
    [
        ({"inputs": [{"namespace": "n"}]}, "missing-member", "/inputs/0"),
        ({"inputs": [3]}, "wrong-type", "/inputs/0"),
        ({"inputs": {}}, "wrong-type", "/inputs"),
        ({"outputs": None}, "null-value", "/outputs"),
        ({"eventTime": "soon"}, "wrong-type", "/eventTime"),
        ({"eventTime": "2024-05-01T12:00:00"}, "time-without-zone", "/eventTime"),
        ({"run": {}}, "run-without-id", "/run/runId"),
        ({"job": None, "run": {"runId": "r"}}, "event-without-job", "/job"),
        ({"inputs": [{"name": "t", "namespace": {}}]}, "wrong-type", "/inputs/0/namespace"),
    ],
)
def test_what_is_wrong_is_left_out_and_told(
    members: dict[str, object], code: str, pointer: str
) -> None:
    if members.get("job", JOB) is None:
        members = {name: value for name, value in members.items() if name != "job"}
        found = decode(json.dumps(members).encode())
    else:
        found = decoded(**members)
    assert problem(found) == (code, pointer)
    assert found.event is not None


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2024-05-01T12:00:00Z", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01T14:00:00+02:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        ("2024-05-01 12:00", datetime(2024, 5, 1, 12, tzinfo=UTC)),
        (1714564800, datetime(2024, 5, 1, 12, tzinfo=UTC)),
        (1714564800000, datetime(2024, 5, 1, 12, tzinfo=UTC)),
    ],
)
def test_times_that_producers_write(written: object, meant: datetime) -> None:
    event = decoded(eventTime=written).event
    assert event is not None
    assert event.event_time == meant


@pytest.mark.parametrize("text", [b"{}", b'{"a": 1}', b"[]", b"3", b"null"])
def test_what_is_no_event_is_told(text: bytes) -> None:
    found = decode(text)
    assert found.event is None
    assert len(found.problems) == 1


@pytest.mark.parametrize("text", [b"", b'{"job": {', b"hello", b'{"a":}', b'{"a":' * 100_000])
def test_what_is_no_json_raises(text: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(text)


def test_text_that_is_not_utf8_is_repaired() -> None:
    found = decode(b'{"job": {"namespace": "n", "name": "caf\xe9"}}')
    assert [row.code for row in found.problems] == ["not-utf-8"]
    assert found.event is not None
    assert found.event.job == ol.Job("n", "caf\N{REPLACEMENT CHARACTER}")


def test_a_facet_is_read_when_it_is_asked_for() -> None:
    facet = {"fields": [{"name": "id", "type": "int"}, {"type": "x"}, {"name": "b", "type": 3}]}
    event = decoded(outputs=[{**JOB, "facets": {"schema": facet, "mine": {"x": 1}}}]).event
    assert event is not None
    values = event.outputs[0].facets
    found, problems = read_facet(values, SchemaFacet)
    assert found == SchemaFacet(
        (SchemaField("id", "int"), SchemaField("b", "3")),
    )
    assert [(row.code, row.pointer) for row in problems] == [("missing-member", "/fields/1")]
    assert read_facet(values, TagsFacet) == (None, ())
    assert bytes(values["mine"]) == b'{"x": 1}'  # type: ignore[arg-type]


def test_a_facet_that_is_no_facet_is_none() -> None:
    for text in (b"null", b"[]", b'"x"'):
        found, problems = parse_facet(text, SqlFacet)
        assert found is None
        assert len(problems) == 1


def test_events_made_in_memory_survive_the_wire() -> None:
    made = ol.run_event(
        ol.Run("r", ol.facets(ErrorMessageFacet("no", "SQL"))),
        ol.Job("n", "j", ol.facets(SqlFacet("select 1"), None)),
        event_type="FAIL",
        event_time=datetime(2024, 5, 1, tzinfo=UTC),
        outputs=[ol.Dataset("n", "t", ol.facets(SchemaFacet((SchemaField("id"),))))],
    )
    text = encode(made)
    facet = json.loads(text)["outputs"][0]["facets"]["schema"]
    assert facet["_producer"] == ol.PRODUCER
    assert facet["_schemaURL"].endswith("#/$defs/SchemaDatasetFacet")
    again = decode(text)
    assert again.problems == ()
    assert again.event is not None
    assert read_facet(again.event.job.facets, SqlFacet)[0] == SqlFacet("select 1")  # type: ignore[union-attr]
    assert encode(again.event) == text


def test_our_own_facet_survives_the_wire() -> None:
    origin = OriginFacet(
        "a.sql", 3, 1, schema="main", places=((1, 1, 3, 1, True),), owners=("team",)
    )
    text = encode(ol.job_event(ol.Job("n", "j", ol.facets(origin))))
    event = decode(text).event
    assert event is not None
    assert event.job is not None
    assert read_facet(event.job.facets, OriginFacet) == (origin, ())


@given(ANYTHING, st.sampled_from(["run", "job", "dataset", "inputs", "outputs", "eventTime"]))
def test_no_json_makes_the_decoder_crash(value: object, member: str) -> None:
    found = decoded(**{member: value})
    assert found.event is not None or found.problems


@given(st.dictionaries(st.sampled_from(["fields", "dataset", "_deleted", "x"]), ANYTHING))
def test_no_json_makes_a_facet_crash(value: dict[str, object]) -> None:
    text = json.dumps(value).encode()
    for kind in (ColumnLineageFacet, LineageDatasetFacet, SchemaFacet):
        parse_facet(text, kind)
