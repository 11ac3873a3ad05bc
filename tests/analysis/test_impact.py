"""Verdicts: each kind of change, each verdict, and what stands behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import lineage
from lineage import Change, ChangeSet, DropColumn, Impact, RenameColumn, RetypeColumn, Status

ROOT = Path(__file__).parents[2]
CASES: list[dict[str, Any]] = yaml.safe_load((ROOT / "fixtures/impact/cases.yaml").read_text())
Opened = Callable[[str], lineage.Workspace]


@pytest.fixture
def opened(tmp_path: Path) -> Opened:
    def estate(sql: str) -> lineage.Workspace:
        (tmp_path / "estate.sql").write_text(sql)
        return lineage.open(tmp_path / "estate.sql", dialect="duckdb")

    return estate


def verdicts(found: Impact) -> dict[str, str]:
    return {
        item.relation: item.status.value
        for item in (*found.relations, *found.consumers)
        if item.status is not Status.OK
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_case(case: Mapping[str, Any], opened: Opened) -> None:
    estate = opened(case["estate"])
    found = estate.impact(estate.parse_change(case["change"]))
    assert verdicts(found) == case["verdicts"]


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_the_engine_says_the_same(case: Mapping[str, Any], opened: Opened) -> None:
    pytest.importorskip("duckdb")
    estate = opened(case["estate"])
    found = estate.witness(estate.impact(estate.parse_change(case["change"])), "duckdb")
    assert [told.message for told in found.diagnostics] == []
    assert verdicts(found) == case["verdicts"]
    assert {item.known.value for item in found.relations} <= {"engine"}


def test_evidence_says_where_and_what(opened: Opened) -> None:
    estate = opened(
        "create table raw.t (id integer, x integer);\n"
        "create view v as\nselect\n  id,\n  x + 1 as y\nfrom raw.t;\n"
    )
    found = estate.impact(ChangeSet((DropColumn("raw.t", "x"),)))
    (verdict,) = found.relations
    (evidence,) = verdict.evidence
    assert evidence.location is not None
    assert (evidence.location.line, evidence.location.column) == (5, 3)
    assert (evidence.code, evidence.column) == ("unknown-column", "x")
    assert verdict.path == ("raw.t", "v")


def test_what_does_not_parse_is_unknown_and_not_safe(opened: Opened) -> None:
    estate = opened(
        "create table t (id integer, x integer);\ncreate view v as select ][ nonsense from t;\n"
    )
    found = estate.impact(ChangeSet((DropColumn("t", "x"),)))
    assert verdicts(found) == {"v": "UNKNOWN"}
    assert found.coverage.unknown == 1


def test_what_was_broken_before_is_not_blamed_on_the_change(opened: Opened) -> None:
    estate = opened(
        "create table t (id integer, x integer);\ncreate view v as select missing, id from t;\n"
    )
    found = estate.impact(ChangeSet((DropColumn("t", "x"),)))
    (verdict,) = found.relations
    assert verdict.status is Status.UNKNOWN
    assert verdict.evidence[0].code == "broken-before"


@pytest.mark.parametrize(
    "record",
    [
        {"kind": "drop_column", "table": "t", "column": "nope"},
        {"kind": "drop_column", "table": "nope", "column": "id"},
        {"kind": "rename_column", "table": "t", "column": "id", "new": "x"},
        {"kind": "add_column", "table": "t", "new": "ID", "type": "INTEGER"},
        {"kind": "edit", "table": "nope", "sql": "select 1 as id"},
        {"kind": "edit", "table": "nope", "sql": "create view u as select 1 as id"},
        {"kind": "edit", "table": "t.id", "sql": "create table t as select 1 as id"},
        {"kind": "rename_table", "table": "t", "new": "U"},
    ],
)
def test_a_change_that_cannot_be_made_is_refused(record: dict[str, object], opened: Opened) -> None:
    estate = opened("create table t (id integer, x integer); create table u (id integer);")
    with pytest.raises(lineage.RequestError):
        estate.impact(estate.parse_change(record))


STARS = """
create view v as select * from raw.t;
create view u as select * from v;
create view r as select x from u;
create view q as select v.x + 1 as x from v;
create view e as select * exclude (x) from v;
create view p as select *, upper(y) as x from v;
create view s as select x from p;
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            DropColumn("raw.t", "x"),
            {
                "v": "SCHEMA_CHANGES",
                "u": "SCHEMA_CHANGES",
                "r": "BREAKS",
                "q": "BREAKS",
                "e": "BREAKS",
            },
        ),
        (
            RenameColumn("v", "x", "z"),
            {
                "u": "SCHEMA_CHANGES",
                "r": "BREAKS",
                "q": "BREAKS",
                "e": "BREAKS",
                "p": "SCHEMA_CHANGES",
            },
        ),
        (
            RetypeColumn("raw.t", "x", "VARCHAR"),
            {"v": "SCHEMA_CHANGES", "u": "SCHEMA_CHANGES", "r": "SCHEMA_CHANGES", "q": "BREAKS"},
        ),
        (
            DropColumn("raw.t", "y"),
            {
                "v": "SCHEMA_CHANGES",
                "u": "SCHEMA_CHANGES",
                "e": "SCHEMA_CHANGES",
                "p": "BREAKS",
                "s": "BLOCKED",
            },
        ),
    ],
    ids=["drop", "rename-halfway", "retype", "drop-another"],
)
def test_columns_go_through_stars_from_a_table_that_nobody_described(
    change: Change, expected: dict[str, str], opened: Opened
) -> None:
    assert verdicts(opened(STARS).impact(ChangeSet((change,)))) == expected


UNDESCRIBED = """
create view v as select a, upper(b) as b, c + 1 as c from raw.t;
create view w as select a + 1 as a, b || 'x' as b from v;
create view z as select max(a) as m from v;
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("a VARCHAR", {"v": "SCHEMA_CHANGES", "w": "BREAKS", "z": "SCHEMA_CHANGES"}),
        ("a DOUBLE", {"v": "SCHEMA_CHANGES", "w": "SCHEMA_CHANGES", "z": "SCHEMA_CHANGES"}),
        ("b VARCHAR", {"v": "VALUE_CHANGES", "w": "VALUE_CHANGES"}),
        ("b INTEGER", {"v": "BREAKS", "w": "BLOCKED", "z": "BLOCKED"}),
        ("c DOUBLE", {"v": "SCHEMA_CHANGES"}),
    ],
)
def test_a_column_that_nobody_described_is_given_a_type(
    change: str, expected: dict[str, str], opened: Opened
) -> None:
    column, type_ = change.split()
    found = opened(UNDESCRIBED).impact(ChangeSet((RetypeColumn("raw.t", column, type_),)))
    assert verdicts(found) == expected
    told = [item.message for one in found.relations for item in one.evidence]
    assert not any("None" in message for message in told)


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("a + b", "UNKNOWN"),
        ("coalesce(a, b)", "UNKNOWN"),
        ("case when b then a else c end", "UNKNOWN"),
        ("a = b", "UNKNOWN"),
        ("a || 'x'", "SCHEMA_CHANGES"),
        ("count(a)", "VALUE_CHANGES"),
        ("b + c", "OK"),
    ],
)
def test_a_type_beside_one_that_nobody_knows_may_not_fit(
    value: str, status: str, opened: Opened
) -> None:
    views = ("create view k as select a from raw.t", "create view v as select @ as x from raw.t")
    estate = opened(";".join(views).replace("@", value))
    found = estate.impact(ChangeSet((RetypeColumn("raw.t", "a", "VARCHAR"),)))
    assert {item.relation: item.status.value for item in found.relations}["v"] == status


def test_a_name_that_another_table_has_is_free_once_that_is_gone(opened: Opened) -> None:
    estate = opened("create table s.t (id integer); create table s.u (id integer);")
    rename = {"kind": "rename_table", "table": "s.t", "new": "u"}
    with pytest.raises(lineage.BadChange, match=r'there is a table "s\.u" already'):
        estate.impact(estate.parse_change(rename))
    away = {"kind": "rename_table", "table": "s.u", "new": "w"}
    for gone in (away, {"kind": "drop_table", "table": "s.u"}):
        assert verdicts(estate.impact(estate.parse_change({"changes": [gone, rename]}))) == {}
    again = {"kind": "rename_table", "table": "s.t", "new": "w"}
    with pytest.raises(lineage.BadChange, match=r'there is a table "s\.w" already'):
        estate.impact(estate.parse_change({"changes": [away, again]}))


def test_a_table_that_is_not_there_is_told_with_the_nearest(opened: Opened) -> None:
    estate = opened("create table staging.orders (id integer);")
    change = {"kind": "edit", "table": "order", "sql": "select 1 as id"}
    with pytest.raises(lineage.UnknownName, match=r"did you mean staging\.orders"):
        estate.impact(estate.parse_change(change))


def test_a_new_model_is_judged(opened: Opened) -> None:
    estate = opened("create table t (id integer);")
    change = {"kind": "edit", "table": "v", "sql": "create view v as select nope from t"}
    assert verdicts(estate.impact(estate.parse_change(change))) == {"v": "BREAKS"}


NAMES = st.sampled_from(["a", "b", "c", "d"])


@given(kept=st.sets(NAMES, min_size=1), changed=NAMES, drop=st.booleans())
def test_only_readers_of_a_column_break(kept: set[str], changed: str, drop: bool) -> None:
    """Whoever names the column breaks; whoever does not is left alone."""
    columns = ", ".join(sorted(kept))
    estate = small(f"create view v as select {columns} from t;")  # noqa: S608 - bound, never run
    change = DropColumn("t", changed) if drop else RenameColumn("t", changed, "z")
    wanted = {"v": "BREAKS"} if changed in kept else {}
    assert verdicts(estate.impact(ChangeSet((change,)))) == wanted


@given(changed=NAMES, hops=st.integers(1, 4))
def test_a_rename_through_stars_changes_no_value(changed: str, hops: int) -> None:
    views = ["create view v0 as select * from t;"]
    more = "create view v{} as select * from v{};"
    views += [more.format(hop, hop - 1) for hop in range(1, hops)]
    found = small("\n".join(views)).impact(ChangeSet((RenameColumn("t", changed, "z"),)))
    assert set(verdicts(found).values()) == {"SCHEMA_CHANGES"}
    assert not any(
        evidence.code != "other-columns" for item in found.relations for evidence in item.evidence
    )


def small(views: str) -> lineage.Workspace:
    """An estate of one table and some views, made without files."""
    from lineage.catalog.apply import apply  # noqa: PLC0415 - only these laws need the rooms
    from lineage.catalog.derive import derive  # noqa: PLC0415 - as above
    from lineage.model.event import Event  # noqa: PLC0415 - as above
    from lineage.sources import Options  # noqa: PLC0415 - as above
    from lineage.sources.document import document  # noqa: PLC0415 - as above
    from lineage.sources.sql import read  # noqa: PLC0415 - as above

    text = f"create table t (a integer, b integer, c integer, d integer);\n{views}"
    items = list(read(document("estate.sql", text.encode()), Options("duckdb")))
    events = [item for item in items if isinstance(item, Event)]
    return lineage.Workspace.of(derive(apply(events), "duckdb"), dialect="duckdb")
