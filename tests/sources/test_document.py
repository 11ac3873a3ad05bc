"""Documents are opened without trusting them."""

from __future__ import annotations

import gzip
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lineage import sources
from lineage.errors import BrokenSource, UnknownExtension, UnknownFormat, UnreadableSource
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival
from lineage.sources import READERS, Reading, read
from lineage.sources.document import Document, document, standard_input

EVENT = b'{"eventType": "START", "job": {"namespace": "n", "name": "j"}, "run": {"runId": "r"}}'


class OneReader:
    """A registry with the reader that these documents are for, and no other."""

    def names(self) -> tuple[str, ...]:
        """Return its name."""
        return ("openlineage",)

    def get(self, name: str) -> sources.Reader:
        """Return it."""
        return READERS.get(name)

    def __iter__(self) -> Iterator[sources.Reader]:
        yield READERS.get("openlineage")


@pytest.fixture(autouse=True)
def _one_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "READERS", OneReader())


def refuse(monkeypatch: pytest.MonkeyPatch, refused: Path) -> None:
    """Make the system refuse a path; chmod would not stop the tests where they run as root."""
    opened, scanned = Path.open, os.scandir

    def path_open(path: Path, *arguments: object, **options: object) -> object:
        if path == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **options)  # type: ignore[call-overload]

    def scandir(path: Path) -> object:
        if Path(path) == refused:
            raise PermissionError(13, "Permission denied", str(path))
        return scanned(path)

    monkeypatch.setattr(Path, "open", path_open)
    monkeypatch.setattr(os, "scandir", scandir)


def names(reading: Reading) -> list[str]:
    """Return the documents that events came from."""
    return [
        Path(item.origin.document).name
        for item in reading.events
        if isinstance(item, Arrival) and item.origin
    ]


def codes(diagnostics: tuple[Diagnostic, ...]) -> list[tuple[str, str]]:
    """Return what was wrong and with which file."""
    return [(row.code, Path(row.location.document).name) for row in diagnostics if row.location]


def test_a_folder_is_read_in_order_with_what_is_packed_and_hidden(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "one.json").write_bytes(EVENT)
    (tmp_path / "c.gz").write_bytes(gzip.compress(EVENT))
    (tmp_path / "a.ndjson").write_bytes(EVENT)
    (tmp_path / ".hidden.json").write_bytes(EVENT)
    (tmp_path / "notes.md").write_text("hello")
    (tmp_path / "nothing.json").write_bytes(b"")
    reading = read([tmp_path])
    assert names(reading) == ["a.ndjson", "one.json", "c.gz"]
    assert codes(reading.diagnostics) == [
        ("unrecognised", "notes.md"),
        ("empty-document", "nothing.json"),
    ]


def test_a_folder_without_rights_is_told_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked").mkdir()
    (tmp_path / "open.json").write_bytes(EVENT)
    refuse(monkeypatch, tmp_path / "locked")
    reading = read([tmp_path])
    assert names(reading) == ["open.json"]
    assert codes(reading.diagnostics) == [("unreadable", "locked")]
    assert "(Permission denied); check the path and its permissions" in (
        reading.diagnostics[0].message
    )


def test_a_file_without_rights_is_told_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "locked.json").write_bytes(EVENT)
    (tmp_path / "open.json").write_bytes(EVENT)
    refuse(monkeypatch, tmp_path / "locked.json")
    reading = read([tmp_path / "locked.json", tmp_path / "open.json"])
    assert names(reading) == ["open.json"]
    assert codes(reading.diagnostics) == [("unreadable", "locked.json")]


def test_a_damaged_archive_gives_what_came_before(tmp_path: Path) -> None:
    lines = b"".join(EVENT.replace(b'"r"', b'"%d"' % n) + b"\n" for n in range(20_000))
    packed = gzip.compress(lines)
    (tmp_path / "cut.gz").write_bytes(packed[: len(packed) // 2])
    reading = read([tmp_path])
    assert 0 < len(reading.events) < 20_000
    assert codes(reading.diagnostics) == [
        ("truncated-json", "cut.gz"),
        ("broken-document", "cut.gz"),
    ]
    assert "damaged or cut off" in reading.diagnostics[1].message
    assert "what came before is used" in reading.diagnostics[1].message


def test_wrong_use_raises(tmp_path: Path) -> None:
    (tmp_path / "notes.bin").write_bytes(b"\x00\x01")
    with pytest.raises(UnreadableSource, match="no such file or folder"):
        read([tmp_path / "missing.json"])
    with pytest.raises(UnknownFormat, match=r"notes\.bin: no reader recognises"):
        read([tmp_path / "notes.bin"])
    with pytest.raises(UnknownExtension):
        read([tmp_path], format="cobol")


def test_a_missing_path_is_told_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(EVENT)
    with pytest.raises(UnreadableSource):
        read([tmp_path / "a.json", tmp_path / "missing"])


@pytest.mark.parametrize(
    "content", [EVENT, gzip.compress(EVENT, mtime=0), EVENT + b"\n" * 100_000 + EVENT]
)
def test_standard_input(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BufferedReader(Unseekable(content))

    monkeypatch.setattr(sys, "stdin", Pipe)
    reading = read(["-"])
    plain = gzip.decompress(content) if content[:1] == b"\x1f" else content
    assert len(reading.events) == plain.count(b"runId")
    assert names(reading)[0] == "<stdin>"
    assert not Pipe.buffer.closed


class Unseekable(io.BytesIO):
    """A stream that can be read once, as a pipe."""

    def seekable(self) -> bool:
        """Return False."""
        return False


def test_the_head_of_a_stream_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"x" * 200_000

    class Pipe:
        buffer = io.BufferedReader(Unseekable(content))

    monkeypatch.setattr(sys, "stdin", Pipe)
    found = standard_input()
    assert len(found.head()) == 1 << 16
    assert found.read() == content


def test_a_document_may_be_too_large_to_read_whole() -> None:
    with pytest.raises(BrokenSource, match=r"larger than 0 MiB.*split it"):
        document("a", b"12345").read(limit=4)
    assert document("a", b"\xef\xbb\xbf1234").text() == "1234"


def test_a_link_back_up_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(EVENT)
    (tmp_path / "again").symlink_to(tmp_path, target_is_directory=True)
    assert names(read([tmp_path])) == ["a.json"]


def test_a_document_without_anything_to_open_says_so() -> None:
    with pytest.raises(UnreadableSource):
        Document("nothing").head()


def test_what_comes_before_the_damage_is_used(tmp_path: Path) -> None:
    path = tmp_path / "trail.ndjson.gz"
    path.write_bytes(gzip.compress(EVENT + b"\n") + b"garbage")
    reading = read([path])
    assert len(reading.events) == 1
    assert [found.code for found in reading.diagnostics] == ["broken-document"]


def test_nothing_is_used_of_what_is_read_in_one_piece_and_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "READERS", READERS)
    path = tmp_path / "views.sql.gz"
    path.write_bytes(gzip.compress(b"create view v as select 1 as a;")[:-4])
    reading = read([path])
    assert not reading.events
    assert "nothing of it is used" in reading.diagnostics[0].message


def test_a_link_to_itself(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "event.json").write_bytes(EVENT)
    reading = read([tmp_path])
    assert len(reading.events) == 1
    assert codes(reading.diagnostics) == [("unreadable", "loop"), ("unreadable", "loop.json")]
