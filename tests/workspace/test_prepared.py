"""A store and what is prepared beside it: never stale, never needed, never in the way."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

import lineage
from lineage import origin, workspace
from lineage.graph.build import encode
from lineage.intake import Ingested, ingest
from lineage.model.event import Dataset, Event, Job, facets, job_event
from lineage.model.facet import (
    ColumnLineageFacet,
    InputField,
    OutputField,
    SchemaFacet,
    SchemaField,
)
from lineage.model.wire import encode as event_text
from lineage.origin import stats_of
from lineage.stores import index_file
from lineage.stores.index_file import open_index, open_snapshot, place, signature, stamped, swap
from lineage.workspace import Workspace
from tests.workspace.shop import SHOP

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


def feeds(source: str, target: str, *, hour: int | None = 12, column: str = "v") -> Event:
    """A job that copies one column."""
    lineage_ = ColumnLineageFacet({column: OutputField((InputField("db", source, column),))})
    schema = SchemaFacet((SchemaField(column, "int"),))
    return job_event(
        Job("jobs", f"make_{target}"),
        inputs=[Dataset("db", source)],
        outputs=[Dataset("db", target, facets(schema, lineage_))],
        event_time=None if hour is None else NOON.replace(hour=hour),
    )


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def put(folder: Path, *events: Event, name: str = "events.ndjson") -> Ingested:
    """Write events to a file and ingest it into the default store."""
    file = folder / name
    file.write_bytes(b"".join(event_text(event) + b"\n" for event in events))
    return ingest([file], reader="openlineage")


def reached(column: str = "a.v") -> set[str]:
    """What is downstream, in the default store."""
    estate = lineage.open()
    return {estate.label(row.field) for row in estate.downstream(estate.resolve(column)).reached}


def test_twice_is_a_no_op(here: Path) -> None:
    assert (put(here, feeds("a", "b")).new, put(here, feeds("a", "b")).new) == (1, 0)
    assert put(here, feeds("a", "b")).known == 1
    assert reached() == {"b.v"}


def test_a_question_asks_the_prepared_index_and_not_the_store(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, feeds("a", "b"))
    estate = lineage.open()

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(origin, "_replay", refuse)
    monkeypatch.setattr(origin, "_settle", refuse)
    assert estate.stats().column_edges == 1
    assert len(estate.downstream(estate.resolve("a.v")).reached) == 1
    assert "snapshot" not in vars(estate)
    assert estate.snapshot.counts.events == 1


def test_what_is_prepared_is_never_stale(here: Path) -> None:
    put(here, feeds("a", "b"))
    assert reached() == {"b.v"}
    put(here, feeds("b", "c"), name="more.ndjson")
    assert reached() == {"b.v", "c.v"}


def test_a_change_behind_our_back_is_seen(here: Path) -> None:
    from lineage.stores import open_store  # noqa: PLC0415 - as another process would

    put(here, feeds("a", "b"))
    with open_store() as log:
        log.append([feeds("b", "d")], source="elsewhere", received=NOON)
        assert stamped(".lineage/store.db") is None
        assert reached() == {"b.v", "d.v"}
    assert reached() == {"b.v", "d.v"}


@pytest.mark.parametrize("ending", [".index", ".snapshot", ".stamp"])
@pytest.mark.parametrize("damage", ["gone", "empty", "cut", "garbage"])
def test_damage_is_mended(here: Path, ending: str, damage: str) -> None:
    put(here, feeds("a", "b"))
    file = here / ".lineage" / f"store.db{ending}"
    data = file.read_bytes()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes({"empty": b"", "cut": data[:-20], "garbage": b"\xff" * 99}[damage])
    assert reached() == {"b.v"}
    assert lineage.open().snapshot.counts.events == 1


def test_a_folder_that_cannot_be_written_only_costs_time(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(here, feeds("a", "b"))
    for ending in (".index", ".snapshot", ".stamp"):
        (here / ".lineage" / f"store.db{ending}").unlink()

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(index_file, "_replace", refuse)
    assert reached() == {"b.v"}


def test_no_store_says_how_to_make_one(here: Path) -> None:
    with pytest.raises(lineage.StoreMissing, match="lineage ingest"):
        lineage.open().stats()
    assert not (here / ".lineage").exists()


def test_as_of_an_instant(here: Path) -> None:
    put(here, feeds("a", "b", hour=8), feeds("b", "c", hour=16))
    then = lineage.open(as_of=NOON)
    assert [row.field.dataset.name for row in then.downstream(then.resolve("a.v")).reached] == ["b"]
    assert then.snapshot.as_of == NOON
    assert reached() == {"b.v", "c.v"}


def test_sources_on_top_of_a_store(here: Path) -> None:
    put(here, feeds("a", "b"))
    saved = here / "other.json"
    other = workspace.Workspace.of(SHOP)
    saved.write_bytes(workspace.save_snapshot(other))
    both = lineage.open(saved, store=".lineage/store.db")
    assert {"raw.orders", "a"} <= {id_.name for id_ in both.snapshot.datasets}


def test_blame_sees_what_a_source_no_longer_has(here: Path) -> None:
    put(here, feeds("a", "b", hour=None))
    put(here, feeds("a", "b", hour=None, column="w"))
    estate = lineage.open()
    found = estate.blame(lineage.DatasetId("db", "b"), datetime.now(UTC))
    assert [row.message for row in found.culprits] == [
        "column v is gone, and w stands in its place"
    ]


def test_an_upgrade_reads_the_events_anew(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(here, feeds("a", "b"))
    prepared = here / ".lineage" / "store.db.index"
    before = prepared.read_bytes()
    assert index_file.maker() == index_file.maker()
    monkeypatch.setattr(index_file, "maker", lambda: "later")
    assert reached() == {"b.v"}
    assert prepared.read_bytes() != before


def test_where_files_lie() -> None:
    assert place("a/b.db") == Path("a/b.db")
    assert place("sqlite:///a/b.db") == Path("a/b.db")
    elsewhere = place("postgresql://me@host/db")
    assert elsewhere.parent == Path(".lineage")
    assert elsewhere != place("postgresql://me@host/other")
    assert signature("postgresql://me@host/db") is None
    assert signature("no/such/store.db") is None


def test_swapping_leaves_no_rests_and_readers_alone(tmp_path: Path) -> None:
    base = tmp_path / "s.db"
    swap(base, encode(SHOP, meta={"state": "1"}), b"x")
    old = open_index(base, "1")
    assert old is not None
    swap(base, encode(SHOP, meta={"state": "2"}), b"x")
    old.verify()
    assert open_index(base, "1") is None
    assert open_index(base, "2") is not None
    assert open_snapshot(base, "2") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.db.index", "s.db.snapshot"]


def test_two_workspaces_of_one_store_agree(here: Path) -> None:
    put(here, feeds("a", "b"), feeds("b", "c"))
    cold, warm = lineage.open(), lineage.open()
    assert warm.snapshot.edges
    origin = cold.resolve("a.v")
    assert cold.downstream(origin) == warm.downstream(origin)
    assert isinstance(cold, Workspace)
    assert cold.stats() == stats_of(warm.snapshot, warm._index)  # noqa: SLF001 - the long way
