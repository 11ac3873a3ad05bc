"""What stars pass on of tables that nobody described, as far as somebody names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import lineage
from lineage import FieldId

CASES = {
    "what is read through two views is there in the table": (
        """create view v as select * from raw.t;
           create view w as select * from v;
           create view r as select x + 1 as y from w;""",
        {"raw.t.x v.x", "v.x w.x", "w.x r.y"},
    ),
    "what one statement names is in what the other lets through": (
        """create view v as select * from raw.t;
           create view r as select X from raw.t;""",
        {"raw.t.X r.X", "raw.t.X v.X"},
    ),
    "a column that is made there is not passed on": (
        """create view v as select *, upper(a) as b from raw.t;
           create view r as select b, c from v;""",
        {"raw.t.a v.b", "raw.t.a v.a", "raw.t.c v.c", "v.b r.b", "v.c r.c"},
    ),
    "nor is one that is left out, or called otherwise": (
        """create view v as select * exclude (a) from raw.t;
           create view r as select a, b from raw.t;""",
        {"raw.t.a r.a", "raw.t.b r.b", "raw.t.b v.b"},
    ),
    "a new name is known where the star gives it": (
        """create view v as select * rename (a as b) from raw.t;
           create view r as select b, c from v;""",
        {"raw.t.a v.b", "raw.t.c v.c", "v.b r.b", "v.c r.c"},
    ),
    "of two tables nobody knows which it is of": (
        """create view v as select * from raw.t cross join raw.u;
           create view r as select x from v;""",
        {"v.x r.x"},
    ),
    "the star of one of two tables is clear": (
        """create view v as select t.*, u.k from raw.t join raw.u on t.id = u.id;
           create view r as select x, k from v;""",
        {"raw.t.id v.id", "raw.t.x v.x", "raw.u.k v.k", "v.x r.x", "v.k r.k"},
    ),
    "a union goes by position": (
        """create view v as select * from raw.t union all select * from raw.u;
           create view r as select x from v;""",
        {"v.x r.x"},
    ),
    "what is inserted goes by position too": (
        """insert into v select * from raw.t;
           create view r as select x from v;""",
        {"v.x r.x"},
    ),
    "a table that is described needs no guesses": (
        """create table raw.t (x int, y int);
           create view v as select * from raw.t;
           create view r as select x from v;""",
        {"raw.t.x v.x", "raw.t.y v.y", "v.x r.x"},
    ),
    "a loop ends": (
        """create view v as select * from w;
           create view w as select * from v;
           create view r as select x from w;""",
        {"v.x w.x", "w.x v.x", "w.x r.x"},
    ),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_what_stars_pass_on(text: str, expected: set[str], tmp_path: Path) -> None:
    (tmp_path / "estate.sql").write_text(text)
    found = lineage.open(tmp_path / "estate.sql", dialect="duckdb").snapshot.edges
    pairs = [(edge.source, edge.target) for edge in found]
    assert {
        " ".join(f"{end.dataset.name}.{end.name}" for end in pair if isinstance(end, FieldId))
        for pair in pairs
        if all(isinstance(end, FieldId) for end in pair)
    } == expected


def test_a_column_that_was_only_read_through_stars_can_be_asked_about(tmp_path: Path) -> None:
    text, _ = CASES["what is read through two views is there in the table"]
    (tmp_path / "estate.sql").write_text(text)
    estate = lineage.open(tmp_path / "estate.sql", dialect="duckdb")
    origin = estate.resolve("raw.t.x")
    below = estate.downstream(origin, direct=True)
    assert [f"{one.field.dataset.name}.{one.field.name}" for one in below.reached] == [
        "v.x",
        "w.x",
        "r.y",
    ]
