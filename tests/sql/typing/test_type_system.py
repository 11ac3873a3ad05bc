"""Answers one at a time, with their words."""

from __future__ import annotations

import pytest

from lineage.sql.typing import Typed, TypeSystem, type_system
from lineage.sql.typing.duckdb import DuckDb
from lineage.sql.typing.typed import Remembered


@pytest.fixture
def duckdb_types() -> TypeSystem:
    return type_system("duckdb")


@pytest.mark.parametrize(
    ("text", "type_"),
    [
        ("1", "INTEGER_LITERAL(1)"),
        ("-1", "INTEGER_LITERAL(-1)"),
        ("1_000", "INTEGER_LITERAL(1000)"),
        ("1.5", "DECIMAL(2,1)"),
        (".5", "DECIMAL(1,1)"),
        ("1e3", "DOUBLE"),
        ("0x1F", "INTEGER_LITERAL(31)"),
        ("9" * 40, "BIGNUM"),
    ],
)
def test_numbers_are_typed_as_written(duckdb_types: TypeSystem, text: str, type_: str) -> None:
    assert duckdb_types.literal_number(text) == type_


@pytest.mark.parametrize(
    ("type_", "concrete"),
    [
        ("INTEGER_LITERAL(1)", "INTEGER"),
        ("INTEGER_LITERAL(3000000000)", "BIGINT"),
        ("STRING_LITERAL", "VARCHAR"),
        ("NULL", '"NULL"'),
        ("DATE", "DATE"),
    ],
)
def test_an_output_column_is_no_literal(
    duckdb_types: TypeSystem, type_: str, concrete: str
) -> None:
    assert duckdb_types.concrete(type_) == concrete


def test_a_refusal_is_worded_as_the_engine_s(duckdb_types: TypeSystem) -> None:
    assert duckdb_types.call("upper", ("INTEGER",)).error == (
        "No function matches the given name and argument types 'upper(INTEGER)'. "
        "You might need to add explicit type casts."
    )
    assert duckdb_types.operator("<", ("VARCHAR", "DATE")).error == (
        "Cannot compare values of type VARCHAR and type DATE - an explicit cast is required"
    )
    assert duckdb_types.combine("coalesce", ("VARCHAR", "INTEGER_LITERAL(1)")).error == (
        "Cannot mix values of type VARCHAR and INTEGER_LITERAL in COALESCE operator - "
        "an explicit cast is required"
    )


def test_a_literal_fits_where_its_value_does(duckdb_types: TypeSystem) -> None:
    assert duckdb_types.operator("+", ("TINYINT", "INTEGER_LITERAL(3)")).type == "TINYINT"
    assert duckdb_types.operator("+", ("TINYINT", "INTEGER_LITERAL(300)")).type == "INTEGER"


def test_an_unknown_argument_leaves_what_does_not_depend_on_it(duckdb_types: TypeSystem) -> None:
    assert duckdb_types.call("upper", (None,)) == Typed("VARCHAR")
    assert duckdb_types.call("max", (None,)).reason == "the type of an argument is not known"
    assert duckdb_types.combine("equal", ("DATE", None)) == Typed("BOOLEAN")


def test_a_lambda_s_parameter_is_an_element(duckdb_types: TypeSystem) -> None:
    assert duckdb_types.lambda_parameters("list_transform", ("DATE[]",), 2) == ("DATE", "BIGINT")
    assert duckdb_types.call("list_transform", ("DATE[]", "VARCHAR")) == Typed("VARCHAR[]")


def test_members_are_found_whatever_their_case(duckdb_types: TypeSystem) -> None:
    assert duckdb_types.field("STRUCT(Amount INTEGER)", "amount") == Typed("INTEGER")
    missing = duckdb_types.field("STRUCT(a INTEGER)", "b")
    assert missing.error is not None
    assert 'Could not find key "b"' in missing.error


@pytest.mark.parametrize("dialect", ["mysql", "oracle", "", "no such dialect"])
def test_a_dialect_without_rules_never_refuses(dialect: str) -> None:
    system = type_system(dialect)
    for answer in (
        system.call("upper", ("INT",)),
        system.operator("+", ("DATE", "VARCHAR")),
        system.combine("union", ("DATE", "INT")),
        system.field("INT", "a"),
        system.element("INT"),
    ):
        assert answer.error is None


def test_one_instance_serves_a_dialect() -> None:
    assert type_system("duckdb") is type_system("duckdb")


def test_a_server_does_not_remember_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lineage.sql.typing.typed.MOST", 100)
    types = DuckDb()
    for number in range(1000):
        literal = types.literal_number(str(number))
        assert types.operator("+", ("INTEGER", literal)).type == "INTEGER"
        assert types.concrete(literal) == "INTEGER"
    sizes = [len(kept) for kept in vars(types).values() if isinstance(kept, Remembered)]
    assert 0 < max(sizes) <= 100
