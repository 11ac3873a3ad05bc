"""Dotted names: what is joined comes apart again, and nothing gets quotes that needs none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.model.names import is_path, joined, owner_and_name, parts_of, plain_name, starts

PARTS = st.lists(st.text(alphabet='ab."/`[]: ', min_size=1), min_size=1, max_size=4)


@given(PARTS)
def test_what_is_joined_comes_apart_again(parts: list[str]) -> None:
    name = joined(parts)
    assert parts_of(name) == tuple(parts)
    assert plain_name(name) == name


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("db", "s", "Orders"), "db.s.Orders"),
        (("ta ble",), "ta ble"),
        (("my-project", "d", "t$2024"), "my-project.d.t$2024"),
        (("data/x.csv",), "data/x.csv"),
        (("a", 'b"c'), 'a.b"c'),
        (("s", "t.u"), 's."t.u"'),
        (("s.t",), '"s.t"'),
        (("o.dd", "ta ble"), '"o.dd".ta ble'),
        (("a/b", "c"), '"a/b".c'),
    ],
)
def test_quotes_stand_where_they_are_needed(parts: tuple[str, ...], name: str) -> None:
    assert joined(parts) == name


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ('"S"."T"', "S.T"),
        ("[a.b].[c]", '"a.b".c'),
        ("`a.b`.c", '"a.b".c'),
        ('"a""b".c', 'a"b.c'),
        ("db..t", "db..t"),
        ('/x/"y".csv', '/x/"y".csv'),
    ],
)
def test_each_spelling_has_one_plain_name(written: str, plain: str) -> None:
    assert plain_name(written) == plain


def test_a_slash_in_quotes_makes_no_path() -> None:
    assert is_path("a/b.csv")
    assert is_path('"a"/b.csv')
    assert not is_path('"a/b".c')


def test_a_suffix_begins_outside_quotes() -> None:
    text = 'db/s."t.u".a'
    assert [text[at:] for at in starts(text, "./:")] == ["a", '"t.u".a', 's."t.u".a']


def test_the_last_dot_outside_quotes_parts_a_table_from_its_column() -> None:
    assert owner_and_name('s."t.u"."a.b"') == ('s."t.u"', "a.b")
    assert owner_and_name("data/x.csv.a") == ("data/x.csv", "a")
    assert owner_and_name("a") == ("", "a")
