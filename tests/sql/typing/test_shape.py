"""A type's name and its structure say the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.sql.typing import type_system
from lineage.sql.typing.shape import Shape, read, write

_LEAVES = st.sampled_from(["INTEGER", "VARCHAR", "TIMESTAMP WITH TIME ZONE", "JSON"]).map(Shape)
_DECIMALS = st.tuples(st.integers(1, 38), st.integers(0, 38)).map(
    lambda pair: Shape("DECIMAL", width=pair[0], scale=min(pair))
)
_NAMES = st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=3, unique=True)


def _nest(inner: st.SearchStrategy[Shape]) -> st.SearchStrategy[Shape]:
    def members(names: list[str]) -> st.SearchStrategy[Shape]:
        children = st.lists(inner, min_size=len(names), max_size=len(names))
        return children.map(lambda found: Shape("STRUCT", tuple(found), tuple(names)))

    return st.one_of(
        inner.map(lambda child: Shape("LIST", (child,))),
        st.tuples(inner, st.integers(1, 9)).map(
            lambda pair: Shape("ARRAY", (pair[0],), size=pair[1])
        ),
        st.tuples(inner, inner).map(lambda pair: Shape("MAP", pair)),
        _NAMES.flatmap(members),
    )


@given(st.recursive(st.one_of(_LEAVES, _DECIMALS), _nest, max_leaves=8))
def test_what_is_written_is_read_again(shape: Shape) -> None:
    assert read(write(shape), {}) == shape


@given(st.text(max_size=40))
def test_no_text_makes_the_reader_crash(text: str) -> None:
    type_system("duckdb").normalize(text)


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("int4", "INTEGER"),
        ("numeric", "DECIMAL(18,3)"),
        ("decimal( 10 )", "DECIMAL(10,0)"),
        ("varchar(20)", "VARCHAR"),
        ("double precision", "DOUBLE"),
        ("timestamptz", "TIMESTAMP WITH TIME ZONE"),
        ("text[]", "VARCHAR[]"),
        ("int[3][]", "INTEGER[3][]"),
        ('struct(a int, "year" text)', 'STRUCT(a INTEGER, "year" VARCHAR)'),
        ("map(varchar, int)", "MAP(VARCHAR, INTEGER)"),
        ("NULL", '"NULL"'),
        ("enum('a','b')", "ENUM('a', 'b')"),
        ("some_type", "SOME_TYPE"),
    ],
)
def test_names_become_the_engine_s(written: str, canonical: str) -> None:
    assert type_system("duckdb").normalize(written) == canonical
