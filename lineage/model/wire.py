"""Events and facets as JSON: read as far as they can be understood, written one way only.

`decode` takes what can be understood of a faulty event and lists the rest as `Problem`s, because
a third of the events that real producers send breaks the schema. Equal events give equal bytes.
"""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, UTC, datetime, timedelta
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    NamedTuple,
    TypeAlias,
    get_args,
    get_origin,
)

import msgspec

from lineage.model.event import (
    _GREATEST,
    FACETS,
    PRODUCER,
    Dataset,
    Event,
    F,
    Facet,
    Facets,
    FacetValue,
    Number,
)

# ----------------------------------------------------------------------------------- decoding


class Problem(NamedTuple):
    """Something in an event that could not be understood, and where it is (a JSON Pointer)."""

    code: str
    message: str
    pointer: str


class Decoded(NamedTuple):
    """An event, None when there is none in the document, and what was wrong with it."""

    event: Event | None
    problems: tuple[Problem, ...]


_EVENT = msgspec.json.Decoder(Event)
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS = msgspec.json.Decoder(list[msgspec.Raw])
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EDGES = frozenset({MINYEAR, MAXYEAR})
"""Years of which a part lies outside the calendar in another zone."""
_MILLISECONDS = 1e11
"""A count of seconds above this would be in the year 5138: it must be milliseconds."""


class _Nothing:
    """What `_salvage` returns where nothing could be understood."""


_NOTHING = _Nothing()


def decode(payload: bytes | memoryview | msgspec.Raw) -> Decoded:
    """Return the event in `payload`.

    Raises msgspec.DecodeError when that is not JSON. What has the wrong type is left out, and what
    lacks a name is dropped; each is listed.
    """
    try:
        event = _EVENT.decode(payload)
    except (msgspec.ValidationError, UnicodeDecodeError, RecursionError):
        return _decode_faulty(bytes(payload))
    moment = event.event_time
    if moment is not None and (moment.tzinfo is None or moment.year in _EDGES):
        return _complete(event, [])
    if event.run is None and event.job is None and event.dataset is None:
        return _complete(event, [])
    if event.run is not None and (event.job is None or not event.run.run_id):
        return _complete(event, [])
    return Decoded(event, ())


def _decode_faulty(payload: bytes) -> Decoded:
    problems: list[Problem] = []
    try:
        found = _salvage(payload, Event, "", problems)
    except RecursionError as error:
        message = "JSON is malformed: it is nested too deeply"
        raise msgspec.DecodeError(message) from error
    except UnicodeDecodeError:
        again = decode(_repaired(payload))
        return Decoded(again.event, (_NOT_UTF8, *again.problems))
    if not isinstance(found, Event):
        return Decoded(None, tuple(problems))
    return _complete(found, problems)


def _complete(event: Event, problems: list[Problem]) -> Decoded:
    """Say what the types cannot: which members an event must have, and that times have a zone."""
    if event.run is None and event.job is None and event.dataset is None:
        message = "this JSON object is no OpenLineage event: it has no run, job or dataset"
        return Decoded(None, (*problems, Problem("not-an-event", message, "")))
    if event.event_time is not None and event.event_time.tzinfo is None:
        message = "the time has no zone; it is taken as UTC"
        problems.append(Problem("time-without-zone", message, "/eventTime"))
        event = msgspec.structs.replace(event, event_time=event.event_time.replace(tzinfo=UTC))
    if event.event_time is not None and not _has_utc(event.event_time):
        message = "the time lies outside the years 1 to 9999 in UTC; it is left out"
        problems.append(Problem("wrong-type", message, "/eventTime"))
        event = msgspec.structs.replace(event, event_time=None)
    if event.run is not None and event.job is None:
        message = "the run event names no job; its datasets are used, its lineage is not"
        problems.append(Problem("event-without-job", message, "/job"))
    if event.run is not None and not event.run.run_id:
        message = "the run has no id; it is not counted as a run"
        problems.append(Problem("run-without-id", message, "/run/runId"))
    return Decoded(event, tuple(problems))


def _has_utc(moment: datetime) -> bool:
    """Return whether a time can be told in UTC: at the edges of the calendar some cannot."""
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True


def read_facet(values: Facets, kind: type[F]) -> tuple[F | None, tuple[Problem, ...]]:
    """Return the facet of that kind, or None when there is none; pointers start at the facet."""
    value = values.get(kind.key)
    if value is None:
        return None, ()
    if isinstance(value, Facet):
        return (value, ()) if isinstance(value, kind) else (None, ())
    return parse_facet(bytes(value), kind)


def parse_facet(payload: bytes, kind: type[F]) -> tuple[F | None, tuple[Problem, ...]]:
    """Return the facet in `payload`; pointers start at the facet."""
    try:
        return _decoder(kind).decode(payload), ()
    except msgspec.ValidationError:
        problems: list[Problem] = []
        try:
            found = _salvage(payload, kind, "", problems)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            return None, (*problems, Problem("malformed-json", f"not JSON: {error}", ""))
        return (found if isinstance(found, kind) else None), tuple(problems)
    except UnicodeDecodeError:
        value, more = parse_facet(_repaired(payload), kind)
        return value, (_NOT_UTF8, *more)
    except (msgspec.DecodeError, RecursionError) as error:
        return None, (Problem("malformed-json", f"not JSON: {error}", ""),)


_NOT_UTF8 = Problem("not-utf-8", "not all of it is UTF-8; what is not is shown as U+FFFD", "")


def _repaired(payload: bytes) -> bytes:
    return payload.decode("utf-8", errors="replace").encode()


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 (a type, or a union of types)
    return msgspec.json.Decoder(kind)


@cache
def _fields(kind: type[msgspec.Struct]) -> tuple[msgspec.structs.FieldInfo, ...]:
    return msgspec.structs.fields(kind)


def _salvage(payload: bytes, kind: Any, pointer: str, problems: list[Problem]) -> Any:  # noqa: ANN401
    """Decode what can be of `payload`, level by level, down to the parts that are wrong."""
    try:
        return _decoder(kind).decode(payload)
    except msgspec.ValidationError:
        pass
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {UnionType, TypeAlias} or NoneType in arguments:
        (kind,) = (argument for argument in arguments if argument is not NoneType)
        origin, arguments = get_origin(kind), get_args(kind)
    found: Any = _NOTHING
    if kind is datetime:
        found = _salvage_time(payload)
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _salvage_struct(payload, kind, pointer, problems)
    elif origin is tuple and Ellipsis in arguments and (items := _try(_ITEMS, payload)) is not None:
        each = (
            _salvage(bytes(item), arguments[0], f"{pointer}/{index}", problems)
            for index, item in enumerate(items)
        )
        return tuple(item for item in each if item is not _NOTHING)
    elif origin is dict and (members := _try(_MEMBERS, payload)) is not None:
        pairs = (
            (name, _salvage(bytes(item), arguments[1], f"{pointer}/{escape(name)}", problems))
            for name, item in members.items()
        )
        return {name: item for name, item in pairs if item is not _NOTHING}
    elif kind is str and _found(payload) == "a number":
        found = payload.decode()
    if found is _NOTHING:
        problems.append(_mismatch(payload, kind, origin, pointer))
    return found


def _salvage_struct(
    payload: bytes, kind: type[msgspec.Struct], pointer: str, problems: list[Problem]
) -> Any:  # noqa: ANN401
    members = _try(_MEMBERS, payload)
    if members is None:
        problems.append(_mismatch(payload, kind, None, pointer))
        return _NOTHING
    values: dict[str, Any] = {}
    for member in _fields(kind):
        place = f"{pointer}/{member.encode_name}"
        found = _NOTHING
        if member.encode_name in members:
            found = _salvage(bytes(members[member.encode_name]), member.type, place, problems)
        if found is not _NOTHING:
            values[member.name] = found
        elif member.required:
            message = f'"{member.encode_name}" is missing; what it belongs to is left out'
            if member.encode_name not in members:
                problems.append(Problem("missing-member", message, pointer))
            return _NOTHING
    return kind(**values)


def _try(decoder: msgspec.json.Decoder[Any], payload: bytes) -> Any:  # noqa: ANN401
    try:
        return decoder.decode(payload)
    except msgspec.ValidationError:
        return None


def _salvage_time(payload: bytes) -> Any:  # noqa: ANN401
    """Read the times that RFC 3339 does not allow and producers write nevertheless."""
    try:
        value = msgspec.json.decode(payload)
        if isinstance(value, str):
            return datetime.fromisoformat(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _EPOCH + timedelta(seconds=value / 1000 if value > _MILLISECONDS else value)
    except (ValueError, OverflowError):  # a number may be out of range: msgspec's is a ValueError
        pass
    return _NOTHING


def _mismatch(payload: bytes, kind: Any, origin: Any, pointer: str) -> Problem:  # noqa: ANN401
    expected = _EXPECTED.get(kind) or _EXPECTED.get(origin, "an object")
    if origin is tuple and Ellipsis not in get_args(kind):
        expected = f"an array of {len(get_args(kind))} entries as they should be"
    message = f"expected {expected}, found {_found(payload)}; it is left out"
    return Problem("null-value" if payload == b"null" else "wrong-type", message, pointer)


_EXPECTED: dict[Any, str] = {
    bool: "true or false",
    int: "a whole number",
    Number: f"a whole number from 0 to {_GREATEST:,}",
    str: "text",
    datetime: "a time such as 2024-05-01T12:00:00Z",
    tuple: "an array",
}


def _found(payload: bytes) -> str:
    match payload.lstrip()[:1]:
        case b"{":
            return "an object"
        case b"[":
            return "an array"
        case b'"':
            return "text"
        case b"t" | b"f":
            return "true or false"
        case b"n":
            return "null"
        case _:
            return "a number"


def escape(name: str) -> str:
    """Return `name` as a part of a JSON Pointer (RFC 6901, section 3)."""
    return name.replace("~", "~0").replace("/", "~1")


# ----------------------------------------------------------------------------------- encoding


class _Signature(msgspec.Struct, frozen=True):
    """What the specification wants in every facet."""

    producer: str = msgspec.field(default=PRODUCER, name="_producer")
    schema_url: str = msgspec.field(default="", name="_schemaURL")


_ENCODER = msgspec.json.Encoder(order="deterministic")


def encode(event: Event) -> bytes:
    """Return the event as JSON; equal events give equal bytes."""
    run, job, dataset = event.run, event.job, event.dataset
    return _ENCODER.encode(
        msgspec.structs.replace(
            event,
            run=run and msgspec.structs.replace(run, facets=_signed(run.facets)),
            job=job and msgspec.structs.replace(job, facets=_signed(job.facets)),
            dataset=dataset and _signed_dataset(dataset),
            inputs=tuple(map(_signed_dataset, event.inputs)),
            outputs=tuple(map(_signed_dataset, event.outputs)),
        )
    )


def encode_facet(value: FacetValue) -> bytes:
    """Return a facet as JSON: as it came, or as we would write it."""
    if not isinstance(value, Facet):
        return bytes(value)
    url = FACETS + value.definition if "#" in value.definition else f"{PRODUCER}#{value.definition}"
    head = _ENCODER.encode(_Signature(schema_url=url))
    body = _ENCODER.encode(value)
    return head if body == b"{}" else head[:-1] + b"," + body[1:]


def _signed(values: Facets) -> Facets:
    return {key: msgspec.Raw(encode_facet(value)) for key, value in values.items()}


def _signed_dataset(dataset: Dataset) -> Dataset:
    return msgspec.structs.replace(
        dataset,
        facets=_signed(dataset.facets),
        input_facets=_signed(dataset.input_facets),
        output_facets=_signed(dataset.output_facets),
    )
