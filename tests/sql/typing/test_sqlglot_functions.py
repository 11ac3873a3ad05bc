"""Every function of the engine's catalogue survives sqlglot's parser."""

from __future__ import annotations

import re

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from lineage.sql.typing.sqlglot_functions import engine_call
from lineage.sql.typing.tables import table

_PLAIN = re.compile(r"[a-z][a-z_0-9]*\Z")
# Names that sqlglot's grammar does not read as calls, or whose argument it drops.
_NOT_CALLS = {"apply", "struct_pack"}
_LOST_ARGUMENT = {("decode", 2), ("jaro_winkler_similarity", 3)}
# The parser writes another function that does the same.
_SAME = {
    "array_append": "list_append",
    "array_prepend": "list_prepend",
    "array_reverse": "list_reverse",
    "datediff": "date_diff",
    "datetrunc": "date_trunc",
    "json_extract_path": "json_extract",
    "json_extract_path_text": "json_extract_string",
    "log10": "log",
    "log2": "log",
    "position": "strpos",
    "today": "current_date",
}
_OTHER_ARGUMENTS = {"log10", "log2", "position", "reduce", "range", "generate_series"}
_MADE_UP_ARGUMENT = {("regexp_extract", 2), ("regexp_extract_all", 2)}


def calls() -> list[tuple[str, int]]:
    document = table("duckdb")
    found: set[tuple[str, int]] = set()
    for name, overloads in document["functions"].items():
        for _, parameters, varargs, _ in overloads:
            counts = range(len(parameters), len(parameters) + (3 if varargs else 1))
            found.update((name, count) for count in counts)
    for name, macros in document["macros"].items():
        found.update((name, len(parameters)) for parameters, _ in macros)
    return sorted(call for call in found if _PLAIN.match(call[0]) and call[0] not in _NOT_CALLS)


@pytest.fixture(scope="module")
def originals() -> dict[str, str]:
    with duckdb.connect() as connection:
        rows = connection.execute(
            "SELECT lower(function_name), lower(alias_of) FROM duckdb_functions()"
            " WHERE alias_of IS NOT NULL"
        ).fetchall()
    return dict(rows)


def projection(sql: str) -> exp.Expr:
    """The first expression of a SELECT."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(tree, exp.Select)
    first = tree.selects[0]
    assert isinstance(first, exp.Expr)
    return first


def test_name_and_arguments_come_back(originals: dict[str, str]) -> None:
    wrong: list[str] = []
    for name, count in calls():
        written = [f"a{index}" for index in range(count)]
        try:
            node = projection(f"SELECT {name}({', '.join(written)})")
        except sqlglot.ParseError:
            continue
        found, arguments = engine_call(node)
        wanted = _SAME.get(name, name)
        if originals.get(found, found) != originals.get(wanted, wanted):
            wrong.append(f"{name}/{count} came back as {found}")
        given = [argument.sql("duckdb").strip("'").lower() for argument in arguments]
        inexact = (name, count) in _LOST_ARGUMENT | _MADE_UP_ARGUMENT or name in _OTHER_ARGUMENTS
        if given != written and not inexact:
            wrong.append(f"{name}/{count} came back with {given}")
    assert wrong == []


@pytest.mark.parametrize(
    ("sql", "name", "arguments"),
    [
        ("date_diff('day', a, b)", "date_diff", ["'day'", "a", "b"]),
        ("date_trunc('month', a)", "date_trunc", ["'month'", "a"]),
        ("extract(year FROM a)", "date_part", ["'year'", "a"]),
        ("extract(epoch FROM a)", "epoch", ["a"]),
        ("date_part('epoch', a)", "epoch", ["a"]),
        ("a -> 'x'", "->", ["a", "'$'"]),
        ("a ->> '$.x'", "->>", ["a", "'$'"]),
        ("json_extract_string(a, '$.x')", "json_extract_string", ["a", "'$'"]),
        ("string_agg(a, ',')", "string_agg", ["a", "','"]),
        ("position('x' IN a)", "strpos", ["a", "'x'"]),
        ("trim(LEADING 'x' FROM a)", "ltrim", ["a", "'x'"]),
        ("epoch_ms(a)", "epoch_ms", ["a"]),
        ("a AT TIME ZONE 'UTC'", "timezone", ["'UTC'", "a"]),
        ("MAP {'k': a}", "map", ["['k']", "[a]"]),
        ("any_value(a)", "any_value", ["a"]),
    ],
)
def test_syntax_leads_to_the_function_behind_it(sql: str, name: str, arguments: list[str]) -> None:
    node = projection(f"SELECT {sql} FROM t")  # noqa: S608 - parsed, never run

    found, given = engine_call(node)

    assert (found, [argument.sql("duckdb") for argument in given]) == (name, arguments)


def test_arguments_are_the_node_s_own() -> None:
    node = projection("SELECT upper(a)")

    _, (argument,) = engine_call(node)

    assert isinstance(argument, exp.Column)
    assert argument.parent is node
