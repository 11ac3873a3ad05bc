"""Statements said anew: fixtures/sql/repairs.cases has what comes out; here is how it is done."""

from __future__ import annotations

import pytest
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from lineage.sql.dialect import parser_dialect
from lineage.sql.parse import parse
from lineage.sql.repair import repairs
from lineage.sql.repair.administration import administered, administers
from tests.sql import cases

CASES = [case for case in cases.read() if case.file == "repairs"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_half_a_statement_does_no_harm(case: cases.Case) -> None:
    engine = Dialect.get_or_raise(parser_dialect(case.dialect) or None)
    for end in range(0, len(case.sql), 3):
        try:
            tokens = engine.tokenize(case.sql[:end])
        except SqlglotError:
            continue
        if tokens:
            repairs(tokens)
            administers(tokens)


def test_what_reads_well_is_left_alone() -> None:
    sql = "INSERT INTO o (k) SELECT a, t.session, top FROM t WHERE model = 1 LIMIT 5"
    assert repairs(Dialect.get_or_raise(None).tokenize(sql)) == []


def test_places_inside_a_block_stay_true() -> None:
    text = "SELECT 1;\nBEGIN INSERT INTO o (k)\n  SELECT a FROM t WHERE;\nEND"
    places = [(one.line, one.column) for one in parse(text, "bigquery") if one.tree is None]
    assert places == [(3, 19)]


@pytest.mark.parametrize(
    ("sql", "harmless"),
    [
        ("ALTER TABLE t OWNER TO r", True),
        ("ALTER TABLE t ADD COLUMN a INT", False),
        ("ALTER TABLE t ATTACH PARTITION 1 FROM u", False),
        ("ALTER WAREHOUSE w RESUME", True),
        ("ALTER VIEW v AS SELECT 1", False),
        ("CREATE EXTERNAL SCHEMA s FROM DATA CATALOG", True),
        ("CREATE EXTERNAL TABLE s (a INT)", False),
        ("CREATE OR REPLACE MASKING POLICY p AS (a INT)", True),
        ("DROP TABLE t", False),
        ("DROP TASK t", True),
    ],
)
def test_administers(sql: str, *, harmless: bool) -> None:
    assert administers(Dialect.get_or_raise(None).tokenize(sql)) is harmless


@pytest.mark.parametrize(
    ("sql", "rest"),
    [
        ("GRANT SELECT, INSERT ON t TO r\nINSERT INTO o SELECT a FROM t", "INSERT"),
        ("GRANT\n  SELECT,\n  INSERT ON t TO r", None),
        ("CREATE POLICY p ON t FOR\nSELECT USING (a)", None),
        ("EXPLAIN\nSELECT a FROM t", None),
        ("USE d\nUPDATE o SET x = 1", "UPDATE"),
    ],
)
def test_what_stands_behind_is_not_lost(sql: str, rest: str | None) -> None:
    tokens = Dialect.get_or_raise("tsql").tokenize(sql)
    end = administered(tokens)
    assert (tokens[end].text if 0 < end < len(tokens) else None) == rest


@pytest.mark.parametrize("around", ["{}", "CREATE PROCEDURE p AS BEGIN\n{}\nEND"])
@pytest.mark.parametrize(
    "before",
    [
        "SET NOCOUNT ON", "SET @x = 1", "DECLARE @x INT = 1", "PRINT N'x' + @y", "EXEC dbo.p 1",
        "COMMIT TRAN", "BEGIN TRANSACTION", "RAISERROR('x', 16, 1) WITH NOWAIT", "RETURN 1",
        "TRUNCATE TABLE z", "DROP TABLE IF EXISTS #z", "CREATE TABLE #z (a INT)",
        "CREATE TABLE z (a INT, CONSTRAINT pk PRIMARY KEY (a))", "CREATE INDEX ix ON z (a)",
        "ALTER TABLE z ADD b INT", "GRANT SELECT ON z TO r", "IF @x = 1 PRINT 'x'", "DELETE z",
        "UPDATE z SET a = 1", "INSERT INTO z (a) VALUES (1)", "SELECT a INTO z2 FROM z", "SELECT 1",
        "UPDATE STATISTICS z", "DECLARE @t TABLE (a INT)", "DECLARE c CURSOR FOR SELECT a FROM z",
        "FETCH NEXT FROM c INTO @x", "BULK INSERT z FROM 'f' WITH (ROWTERMINATOR = ',')",
        "ALTER TABLE z SWITCH TO y", "THROW 50000, 'x', 1", "END\nELSE IF @x = 0",
        "WHILE @x > 0\nBEGIN", "END TRY\nBEGIN CATCH",
    ],
)  # fmt: skip
def test_no_semicolon_costs_a_statement(before: str, around: str) -> None:
    for statement in ("INSERT INTO o (k) SELECT a FROM t", "UPDATE o SET k = t.a FROM t"):
        found = cases.told(around.format(f"{before}\n{statement}"), "tsql", ())
        assert "t.a -> o.k" in found, statement
