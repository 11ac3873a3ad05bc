"""What manuals say: tables that read well, rules that hold, and no refusal of what engines take."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlglot import exp

import lineage
from lineage.analysis.estate import Estate
from lineage.sql.transpile import moved, type_in
from lineage.sql.typing import Typed, type_system
from lineage.sql.typing.arithmetic import ARITHMETIC, Number
from lineage.sql.typing.documented import manual

ENGINES = ("bigquery", "snowflake", "spark")
WAREHOUSES = ("evaluator", "jaffle_shop_duckdb", "stripe", "zendesk")
TYPED = 0.85
"""Of the columns of a translated warehouse, so many must have a type."""

# engine, operator, operands, the result; None is a refusal
OPERATORS = [
    ("bigquery", "+", ("INT64", "INT64"), "INT64"),
    ("bigquery", "/", ("INT64", "INT64"), "FLOAT64"),
    ("bigquery", "*", ("NUMERIC(10,2)", "INT64"), "NUMERIC"),
    ("bigquery", "*", ("NUMERIC", "FRACTION_LITERAL"), "NUMERIC"),
    ("bigquery", "+", ("STRING", "INT64"), None),
    ("bigquery", "+", ("DATE", "INT64"), "DATE"),
    ("bigquery", "-", ("DATE", "DATE"), "INTERVAL"),
    ("bigquery", "||", ("STRING", "INT64"), None),
    ("bigquery", "=", ("INT64", "STRING"), None),
    ("bigquery", "=", ("DATE", "STRING_LITERAL"), "BOOL"),
    ("bigquery", "=", ("DATE", "TIMESTAMP"), None),
    ("bigquery", "=", ("DATE", "DATETIME"), "BOOL"),
    ("bigquery", "<", ("INT64", "NUMERIC"), "BOOL"),
    ("bigquery", "AND", ("BOOL", "INT64"), None),
    ("bigquery", "LIKE", ("INT64", "STRING_LITERAL"), None),
    ("snowflake", "+", ("NUMBER(10,2)", "NUMBER(1,0)"), "NUMBER(11,2)"),
    ("snowflake", "*", ("NUMBER(10,2)", "NUMBER(5,3)"), "NUMBER(15,5)"),
    ("snowflake", "/", ("NUMBER(10,2)", "NUMBER(5,3)"), "NUMBER(19,8)"),
    ("snowflake", "+", ("FLOAT", "NUMBER(5,3)"), "FLOAT"),
    ("snowflake", "=", ("DATE", "NUMBER(38,0)"), None),
    ("snowflake", "=", ("VARCHAR", "NUMBER(38,0)"), "BOOLEAN"),
    ("snowflake", "-", ("DATE", "DATE"), "NUMBER(9,0)"),
    ("snowflake", "*", ("DATE", "NUMBER(38,0)"), None),
    ("spark", "/", ("INT", "INT"), "DOUBLE"),
    ("spark", "+", ("INT", "BIGINT"), "BIGINT"),
    ("spark", "+", ("DECIMAL(10,2)", "DECIMAL(12,4)"), "DECIMAL(13,4)"),
    ("spark", "*", ("DECIMAL(20,10)", "DECIMAL(20,10)"), "DECIMAL(38,17)"),
    ("spark", "+", ("BOOLEAN", "INT"), None),
    ("spark", "=", ("DATE", "INT"), None),
    ("spark", "=", ("STRING", "INT"), "BOOLEAN"),
]
NORMAL = [
    ("bigquery", "varchar", "STRING"),
    ("bigquery", "integer", "INT64"),
    ("bigquery", "decimal(10, 2)", "NUMERIC(10,2)"),
    ("snowflake", "int", "NUMBER(38,0)"),
    ("snowflake", "number(10)", "NUMBER(10,0)"),
    ("snowflake", "varchar(16777216)", "VARCHAR"),
    ("snowflake", "timestamp with time zone", "TIMESTAMP_TZ"),
    ("spark", "decimal", "DECIMAL(10,0)"),
    ("spark", "varchar(10)", "STRING(10)"),
    ("spark", "something new", "SOMETHING NEW"),
]


@pytest.mark.parametrize(("engine", "symbol", "operands", "result"), OPERATORS)
def test_operators(engine: str, symbol: str, operands: tuple[str, ...], result: str | None) -> None:
    answer = type_system(engine).operator(symbol, operands)
    assert answer.type == result
    assert (answer.error is not None) is (result is None)


@pytest.mark.parametrize(("engine", "written", "name"), NORMAL)
def test_names(engine: str, written: str, name: str) -> None:
    system = type_system(engine)
    assert system.normalize(written) == name
    assert system.normalize(name) == name


@pytest.mark.parametrize("engine", ENGINES)
def test_the_table_speaks_of_what_there_is(engine: str) -> None:
    found = manual(engine)
    classes = [one for one in vars(exp).values() if isinstance(one, type)]
    functions = {one.key for one in classes if issubclass(one, exp.Expr)}
    assert found.source
    assert set(found.calls) - functions == set()
    families = set(found.families.values())
    words = {"same", "array", "sum", "mean", "rounded", "unsaid"}
    system = type_system(engine)
    for result, allowed in found.calls.values():
        assert allowed <= families
        assert result in words or result.startswith("ARRAY") or system.is_known(result)
    for (_, *operands), result in found.operators.items():
        assert set(operands) <= families
        assert result == "same" or system.is_known(result)
    for name, *chain in found.wider:
        assert all(system.is_known(each) for each in (name, *chain))


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_unknown_is_refused(engine: str) -> None:
    system = type_system(engine)
    for symbol in ("+", "=", "||", "AND", "LIKE", "<"):
        assert system.operator(symbol, (None, "GEOMETRY")).error is None
        assert system.operator(symbol, ("NULL", "NULL")).error is None
    assert system.combine("union", ("NEW_TYPE", "DATE")).error is None
    assert system.call("nosuchfunction", ("DATE",)) == Typed(
        None, None, "the function nosuchfunction is not in the table"
    )


def test_decimals_stay_within_their_digits() -> None:
    for name in ("snowflake", "spark"):
        rules = ARITHMETIC[name]
        base = "NUMBER" if name == "snowflake" else "DECIMAL"
        for precision in range(1, 39):
            for sign in "+-*/":
                text = rules.result(sign, Number(base, precision, 2), Number(base, 38, 10))
                assert text is not None
                digits, scale = text.partition("(")[2].rstrip(")").split(",")
                assert int(scale) <= int(digits) <= 38


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", WAREHOUSES)
def test_real_models_are_not_refused(name: str, engine: str, shared: Path, tmp_path: Path) -> None:
    """Models that an engine takes, translated by sqlglot, are taken here too."""
    folder = shared / "data" / "warehouses" / name / "sql"
    estate = Estate.build(lineage.open(folder, dialect="duckdb").snapshot, "duckdb")
    for dataset in estate.snapshot.datasets.values():
        table = estate.world.table(dataset.id)
        assert table is not None
        if dataset.id not in estate.program.writers:
            columns = exp.Schema(
                expressions=[
                    exp.ColumnDef(
                        this=exp.to_identifier(column),
                        kind=exp.DataType.build(type_in(type_ or "VARCHAR", engine), engine),
                    )
                    for column, type_ in table.columns or ()
                ]
            )
            columns.set("this", exp.table_(table.parts[-1], table.parts[-2]))
            created = exp.Create(this=columns, kind="TABLE").sql(engine)
            (tmp_path / f"{'.'.join(table.parts)}.sql").write_text(created, encoding="utf-8")
    for unit in estate.program.units:
        table = estate.world.table(unit.writes[0])
        tree = unit.statements[0].tree
        assert table is not None
        assert tree is not None
        query = moved(tree.args["expression"], "duckdb", engine, lambda schema: schema or "main")
        text = f"CREATE VIEW {'.'.join(table.parts[-2:])} AS {query}"
        (tmp_path / f"{'.'.join(table.parts)}.sql").write_text(text, encoding="utf-8")
    found = Estate.build(lineage.open(tmp_path, dialect=engine).snapshot, engine)
    refused = [
        (unit.id.name, problem.message)
        for unit in found.program.units
        for problem in found.program.bind(unit, found.world).problems
        if problem.certain
    ]
    assert refused == []
    types = [
        type_
        for unit in found.program.units
        if (table := found.world.table(unit.writes[0])) is not None
        for _, type_ in table.columns or ()
    ]
    assert types
    if name == "stripe":
        assert sum(type_ is not None for type_ in types) >= TYPED * len(types)
