"""OpenLineage documents of every form give the same events, and bad parts cost only themselves."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival
from lineage.sources import Options, openlineage
from lineage.sources.document import MAX_RECORD, document
from lineage.sources.openlineage import pieces

OK = b'{"eventTime": "2024-05-01T12:00:00Z", "job": {"namespace": "n", "name": "j"}}'
NAMES = ['j"', "{[", "]}", "\\", "a\nb", "né", ""]


def told(content: bytes) -> list[tuple[str, int] | tuple[str, int, int]]:
    """Return the name and line of each event; the code, line and column of each problem."""
    found: list[tuple[str, int] | tuple[str, int, int]] = []
    for item in openlineage.read(document("d", content), Options()):
        if isinstance(item, Arrival):
            assert item.event.job is not None
            assert item.origin is not None
            found.append((item.event.job.name, item.origin.line))
        else:
            assert isinstance(item, Diagnostic)
            assert item.location is not None
            found.append((item.code, item.location.line, item.location.column))
    return found


def event(name: str) -> dict[str, object]:
    return {"job": {"namespace": "n", "name": name}, "inputs": [{"namespace": "n", "name": name}]}


FORMS: dict[str, Callable[[list[dict[str, object]]], str]] = {
    "one a line": lambda events: "\n".join(map(json.dumps, events)),
    "an array": json.dumps,
    "an indented array": lambda events: json.dumps(events, indent=2),
    "indented": lambda events: "\n".join(json.dumps(item, indent=1) for item in events),
    "sequence": lambda events: "".join(f"\x1e{json.dumps(item)}\n" for item in events),
    "side by side": lambda events: "".join(map(json.dumps, events)),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_every_form_gives_the_same_events(
    form: Callable[[list[dict[str, object]]], str],
) -> None:
    content = form([event(name) for name in NAMES])
    assert [row[0] for row in told(content.encode())] == NAMES


@given(
    st.lists(st.text(max_size=8), max_size=6),
    st.sampled_from(sorted(FORMS)),
    st.integers(min_value=1, max_value=60),
)
def test_cutting_does_not_depend_on_the_chunks(names: list[str], form: str, size: int) -> None:
    """However a document arrives, it is cut into the same pieces."""
    content = FORMS[form]([event(name) for name in names]).encode()
    cutter = openlineage._Cutter(1 << 20)  # noqa: SLF001 (pieces() chooses its own chunks)
    parts = (content[start : start + size] for start in range(0, len(content), size))
    cut = [json.loads(piece.content or b"0") for piece in cutter.cut(parts)]
    assert cut == [event(name) for name in names]


@given(st.binary(max_size=300) | st.text(alphabet='{}[]",:\\\n1a ', max_size=60).map(str.encode))
def test_no_text_makes_the_reader_crash(content: bytes) -> None:
    """What is not blank gives an event or a problem."""
    assume(not content.startswith(b"\x1f\x8b"))  # taken for gzip, and then it is cut off
    found = told(content)
    assert found or not content.strip(b" \t\r\n,\xef\xbb\xbf\x1e[]")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (OK + b"\n" + OK[:40] + b"\n" + OK, [("j", 1), ("truncated-json", 2, 41), ("j", 3)]),
        (OK[:40], [("truncated-json", 1, 41)]),
        (b"[" + OK + b",\n" + OK[:30], [("j", 1), ("truncated-json", 2, 31)]),
        (b"[" + OK + b",\n", [("j", 1), ("truncated-json", 2, 2)]),
        (OK + b"\nhello\n" + OK, [("j", 1), ("malformed-json", 2, 1), ("j", 3)]),
        (b'{"a":}\n' + OK, [("malformed-json", 1, 6), ("j", 2)]),
        (b'{"job":\n "x\n"}\n' + OK, [("malformed-json", 2, 4), ("j", 4)]),
        (b'{"a": 1}\n' + OK, [("not-an-event", 1, 0), ("j", 2)]),
        (b"[1, 2]", [("wrong-type", 1, 0)]),
        (b"[]", []),
        (b"\xef\xbb\xbf" + OK, [("j", 1)]),
    ],
)
def test_bad_parts_are_told_with_their_place(
    content: bytes, expected: list[tuple[object, ...]]
) -> None:
    assert told(content) == expected


@pytest.mark.parametrize("before", [OK + b"\n", b"", b"["])
def test_a_huge_event_is_left_out_and_not_kept_in_memory(before: bytes) -> None:
    """200 MB in one line: more than an event may have, and more than is ever held."""
    block = b"y" * (1 << 20)

    class Huge(io.RawIOBase):
        blocks = iter([before + b'{"x": "', *[block] * 200, b'"},\n' + OK + b"\n"])
        rest = b""

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            self.rest = self.rest or next(self.blocks, b"")
            chunk, self.rest = self.rest[: len(buffer)], self.rest[len(buffer) :]
            buffer[: len(chunk)] = chunk
            return len(chunk)

    tracemalloc.start()
    found = list(pieces(io.BufferedReader(Huge())))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [piece.content is None for piece in found] == (
        [False, True, False]
        if before == OK + b"\n"
        else [True, False]
        if not before
        else [True, False, False]
    )
    assert peak < 4 * MAX_RECORD


def test_what_is_recognised() -> None:
    def seen(content: bytes) -> bool:
        return openlineage.recognises(document("d", content))

    assert seen(OK)
    assert seen(b"  [\n" + OK)
    assert not seen(b'{"name": "package", "version": 1}')
    assert not seen(b"select 1")
    assert not seen(b"")
