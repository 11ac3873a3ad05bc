"""What the type system says of an expression is what DuckDB says of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import pytest

from lineage.sql.typing import Typed, TypeSystem, type_system
from lineage.sql.typing.tables import table

COLUMNS = {
    "bo": "BOOLEAN",
    "ti": "TINYINT",
    "i": "INTEGER",
    "bi": "BIGINT",
    "hi": "HUGEINT",
    "ub": "UBIGINT",
    "f": "FLOAT",
    "d": "DOUBLE",
    "de": "DECIMAL(10,2)",
    "dd": "DECIMAL(38,6)",
    "v": "VARCHAR",
    "bl": "BLOB",
    "uu": "UUID",
    "js": "JSON",
    "dt": "DATE",
    "tm": "TIME",
    "ts": "TIMESTAMP",
    "tn": "TIMESTAMP_NS",
    "tz": "TIMESTAMP WITH TIME ZONE",
    "iv": "INTERVAL",
    "en": "ENUM('a', 'b')",
    "li": "INTEGER[]",
    "lv": "VARCHAR[]",
    "st": "STRUCT(a INTEGER, b VARCHAR)",
    "mp": "MAP(VARCHAR, INTEGER)",
}
LITERALS = ("1", "300", "3000000000", "-7", "1.5", "2e3", "'a'", "NULL")
SCALARS = [
    "abs", "ceil", "coalesce", "concat", "date_trunc", "greatest", "least", "length", "lower",
    "md5", "mod", "nullif", "position", "power", "regexp_replace", "replace", "round",
    "split_part", "sqrt", "string_split", "strftime", "substr", "trim", "upper", "year",
    "date_part", "date_diff", "epoch_ms", "hash", "ifnull", "left", "len", "list_contains",
    "list_value", "strpos", "to_json", "typeof", "json_extract", "json_extract_string",
    "array_append", "contains", "now", "current_date",
]  # fmt: skip
AGGREGATES = [
    "sum", "avg", "min", "max", "count", "string_agg", "array_agg", "list", "any_value",
    "first", "median", "stddev", "bool_or", "approx_count_distinct", "arg_max", "mode",
    "count_if",
]  # fmt: skip
OPERATORS = [
    "+", "-", "*", "/", "//", "%", "||", "=", "<>", "<", "<=", ">", ">=", "AND", "OR", "LIKE",
    "ILIKE", "->", "->>", "&", "**", "IS|DISTINCT|FROM",
]  # fmt: skip
CASTS = ("INTEGER", "BIGINT", "VARCHAR", "DATE", "TIMESTAMP", "DOUBLE", "DECIMAL(18,4)", "BOOLEAN")


@dataclass(frozen=True, slots=True)
class Case:
    """An expression, and what the type system makes of it."""

    sql: str
    typed: Typed


class Maker:
    """Makes random expressions together with their types, from one seed."""

    def __init__(self, seed: int, system: TypeSystem) -> None:
        self.random = random.Random(seed)  # noqa: S311 - a sample, not a secret
        self.system = system

    def expression(self, depth: int) -> Case:
        if depth == 0 or self.random.random() < 0.15:
            return self.leaf()
        kind = self.random.choice(("call", "call", "operator", "operator", "cast", "combine"))
        if kind == "cast":
            inner = self.expression(depth - 1)
            target = self.random.choice(CASTS)
            typed = self.system.cast(inner.typed.type, target)
            return Case(f"CAST({inner.sql} AS {target})", self.after([inner], typed))
        if kind == "operator":
            symbol = self.random.choice(OPERATORS).replace("|", " ")
            left, right = self.expression(depth - 1), self.expression(depth - 1)
            typed = self.system.operator(symbol, (left.typed.type, right.typed.type))
            return Case(f"({left.sql}) {symbol} ({right.sql})", self.after([left, right], typed))
        if kind == "combine":
            return self.combination(depth)
        return self.call(depth, self.random.choice(SCALARS))

    def combination(self, depth: int) -> Case:
        kind = self.random.choice(("case", "coalesce", "between", "in", "list"))
        count = 3 if kind == "between" else self.random.choice((2, 3))
        parts = [self.expression(depth - 1) for _ in range(count)]
        typed = self.system.combine(kind, tuple(part.typed.type for part in parts))
        sql = [f"({part.sql})" for part in parts]
        text = {
            "case": f"CASE WHEN true THEN {' WHEN true THEN '.join(sql[:-1])} ELSE {sql[-1]} END",
            "coalesce": f"coalesce({', '.join(sql)})",
            "between": f"{sql[0]} BETWEEN {sql[1]} AND {sql[-1]}",
            "in": f"{sql[0]} IN ({', '.join(sql[1:])})",
            "list": f"[{', '.join(sql)}]",
        }[kind]
        return Case(text, self.after(parts, typed))

    def call(self, depth: int, name: str) -> Case:
        count = self.random.choice(arities(name))
        arguments = [self.expression(depth - 1) for _ in range(count)]
        if name == "date_trunc":
            arguments[:1] = [Case("'month'", Typed(self.system.literal_string()))]
        elif name in {"date_part", "date_diff"}:
            arguments[:1] = [Case("'day'", Typed(self.system.literal_string()))]
        typed = self.system.call(name, tuple(case.typed.type for case in arguments))
        text = ", ".join(case.sql for case in arguments)
        return Case(f"{name}({text})", self.after(arguments, typed))

    def leaf(self) -> Case:
        if self.random.random() < 0.25:
            text = self.random.choice(LITERALS)
            return Case(text, Typed(literal(self.system, text)))
        name = self.random.choice(list(COLUMNS))
        return Case(name, Typed(COLUMNS[name]))

    @staticmethod
    def after(parts: list[Case], typed: Typed) -> Typed:
        """The first refusal wins; what follows from an unknown is unknown."""
        for part in parts:
            if part.typed.error is not None:
                return part.typed
        unknown = next((part.typed for part in parts if part.typed.type is None), None)
        return typed if unknown is None else unknown


def literal(system: TypeSystem, text: str) -> str:
    if text == "NULL":
        return system.literal_null()
    return system.literal_string() if text.startswith("'") else system.literal_number(text)


def arities(name: str) -> list[int]:
    if name in {"coalesce", "ifnull", "nullif"}:
        return [2]
    found = {len(p) for _, p, varargs, _ in table("duckdb")["functions"].get(name, ())}
    found |= {len(parameters) for parameters, _ in table("duckdb")["macros"].get(name, ())}
    return sorted(found) or [0]


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        columns = ", ".join(f"{name} {type_}" for name, type_ in COLUMNS.items())
        connection.execute(f"CREATE TABLE t ({columns})")
        yield connection


@pytest.fixture(scope="module")
def system() -> TypeSystem:
    return type_system("duckdb")


def described(engine: duckdb.DuckDBPyConnection, sql: str) -> str | None:
    """The type that the engine says, ``None`` if the expression does not bind."""
    try:
        rows = engine.execute(f"DESCRIBE SELECT {sql} FROM t").fetchall()  # noqa: S608 - made here
    except duckdb.Error as error:
        if VALUE_DECIDES.intersection(str(error).lower().split()):
            pytest.skip("not a question of types")
        return None
    return str(rows[0][1])


# Words of messages about what an argument's value is, which no type system knows.
VALUE_DECIDES = frozenset({"constant", "out", "convert", "malformed", "recognized", "parameters"})


def compare(
    engine: duckdb.DuckDBPyConnection, system: TypeSystem, cases: list[Case]
) -> tuple[list[str], list[str], int]:
    """Disagreements on whether it binds, on the type, and how many were answered."""
    binding: list[str] = []
    types: list[str] = []
    answered = 0
    for case in cases:
        if case.typed.type is None and case.typed.error is None:
            continue
        try:
            wanted = described(engine, case.sql)
        except pytest.skip.Exception:
            continue
        answered += 1
        got = None if case.typed.type is None else system.concrete(case.typed.type)
        if (got is None) != (wanted is None):
            binding.append(f"{case.sql}: engine {wanted}, here {case.typed}")
        elif got != wanted:
            types.append(f"{case.sql}: engine {wanted}, here {got}")
    return binding, types, answered


@pytest.mark.parametrize("seed", range(4))
def test_random_expressions_bind_as_the_engine_binds_them(
    engine: duckdb.DuckDBPyConnection, system: TypeSystem, seed: int
) -> None:
    maker = Maker(seed, system)
    cases = [maker.expression(depth) for depth in (1, 1, 2) for _ in range(500)]
    cases += [maker.call(1, name) for name in AGGREGATES for _ in range(15)]

    binding, types, answered = compare(engine, system, cases)

    assert answered > 1200
    assert len(binding) <= answered * 0.005, "\n".join(binding)
    assert len(types) <= answered * 0.005, "\n".join(types)


TYPES = [
    "BOOLEAN", "TINYINT", "BIGINT", "HUGEINT", "UTINYINT", "UBIGINT", "UHUGEINT", "DOUBLE",
    "DECIMAL(10,2)", "DECIMAL(38,6)", "VARCHAR", "BLOB", "BIT", "UUID", "JSON", "DATE", "TIME",
    "TIME WITH TIME ZONE", "TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE", "INTERVAL",
    "INTEGER[]", "VARCHAR[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "ENUM('a', 'b')",
    "INTEGER[3]", "BIGNUM",
]  # fmt: skip
MIXES = {
    "union": "SELECT CAST(NULL AS {0}) AS v UNION ALL SELECT CAST(NULL AS {1})",
    "case": "SELECT CASE WHEN TRUE THEN CAST(NULL AS {0}) ELSE CAST(NULL AS {1}) END",
    "compare": "SELECT CAST(NULL AS {0}) < CAST(NULL AS {1})",
}


@pytest.mark.parametrize("kind", MIXES)
def test_every_pair(kind: str) -> None:
    """All pairs of types that differ in kind, united, chosen from and compared."""
    system = type_system("duckdb")
    differ = []
    with duckdb.connect() as engine:
        for left in TYPES:
            for right in TYPES:
                answer = system.combine(kind, (system.normalize(left), system.normalize(right)))
                try:
                    theirs = str(engine.sql(MIXES[kind].format(left, right)).types[0])
                except duckdb.Error:
                    theirs = ""
                ours = answer.type if answer.error is None else ""
                if ours != (system.normalize(theirs) if theirs else ""):
                    differ.append((left, right, theirs, ours))
    assert differ == []


VALUES = {
    "BOOLEAN": "true", "VARCHAR": "'x'", "BLOB": "'x'", "BIT": "'101'", "UUID": "gen_random_uuid()",
    "JSON": "'1'", "DATE": "DATE '2020-01-01'", "TIME": "TIME '10:00:00'",
    "TIME WITH TIME ZONE": "'10:00:00+00'", "INTERVAL": "INTERVAL 1 DAY", "INTEGER[]": "[1]",
    "VARCHAR[]": "['x']", "STRUCT(a INTEGER)": "{'a': 1}", "MAP(VARCHAR, INTEGER)": "MAP {'a': 1}",
    "ENUM('a', 'b')": "'a'", "INTEGER[3]": "[1, 2, 3]", "TIMESTAMP": "TIMESTAMP '2020-01-01'",
    "TIMESTAMP_NS": "TIMESTAMP '2020-01-01'", "TIMESTAMP_S": "TIMESTAMP '2020-01-01'",
    "TIMESTAMP_MS": "TIMESTAMP '2020-01-01'", "TIMESTAMP WITH TIME ZONE": "TIMESTAMP '2020-01-01'",
}  # fmt: skip
CONVERTED = "SELECT CAST(v AS {}) FROM t"
NESTED = {"INTEGER[]", "VARCHAR[]", "STRUCT(a INTEGER)", "MAP(VARCHAR, INTEGER)", "INTEGER[3]"}
NESTED.add("ENUM('a', 'b')")


def test_every_conversion() -> None:
    """Which types no value is ever converted between; of nested ones nothing is said."""
    system = type_system("duckdb")
    every = [*TYPES, "SMALLINT", "INTEGER", "USMALLINT", "UINTEGER", "FLOAT", "TIMESTAMP_S"]
    every.append("TIMESTAMP_MS")
    differ = []
    with duckdb.connect() as engine:
        for source in every:
            value = VALUES.get(source, "1")
            engine.execute(f"CREATE OR REPLACE TABLE t AS SELECT CAST({value} AS {source}) AS v")
            for target in every:
                never = system.cast(system.normalize(source), system.normalize(target)).never
                try:
                    engine.execute(CONVERTED.format(target)).fetchall()
                    fails = False
                except duckdb.Error as error:
                    fails = "Unimplemented type for cast" in str(error)
                if never != (fails and not NESTED & {source, target}):
                    differ.append((source, target, fails, never))
    assert differ == []


TEXTS = (
    "x", "", " 12 ", "1e3", "1_000", "0x1F", "0b11", "1.5", "++1", "+1", "-.5", "nan", "-inf",
    "Infinity", "2024-01-01", "2024-1-1", "2024/01/01", "2024 01 01", "2024", "today", "epoch",
    "yes", "Y", "on", "0", "2024-01-01 10:00:00", "2024-01-01T10:00:00Z", "jan 1 2024", "one day",
    "1 day", "P1D", "6f1c2b3a-0000-0000-0000-000000000000", "zz",
)  # fmt: skip
COMPARED = "SELECT v = '{}' FROM t"


def test_text_that_is_no_value_of_a_type() -> None:
    """What is refused fails in the engine, too; little that fails is not refused."""
    system = type_system("duckdb")
    wrong, missed = [], []
    with duckdb.connect() as engine:
        for kind in (*TYPES, "INTEGER", "DATE"):
            value = VALUES.get(kind, "1")
            engine.execute(f"CREATE OR REPLACE TABLE t AS SELECT CAST({value} AS {kind}) AS v")
            for text in TEXTS:
                refused = system.refuses_text(text, system.normalize(kind))
                try:
                    engine.execute(COMPARED.format(text)).fetchall()
                    fails = False
                except duckdb.ConversionException:
                    fails = True
                if refused and not fails:
                    wrong.append((text, kind))
                if fails and not refused:
                    missed.append((text, kind))
    assert wrong == []
    simple = {"BOOLEAN", "TINYINT", "BIGINT", "INTEGER", "DOUBLE", "DATE"}
    left = sorted(item for item in missed if item[1] in simple)
    assert len(left) <= 10, left
