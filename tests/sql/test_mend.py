"""What the parser gets wrong and is mended beside it: one test each, of the mend's name."""

from __future__ import annotations

import inspect

import pytest
from sqlglot import exp
from sqlglot.dialects.dialect import Dialect

from lineage.sql import mend
from lineage.sql.parse import parse
from tests.sql import cases

TABLES = ("t(a INTEGER, b INTEGER)", "u(x INTEGER, y INTEGER)")
WHOLE = {"mended_text", "mended_tokens", "mend"}
"""These apply the others."""


def test_batch_separator() -> None:
    text = "INSERT INTO u SELECT a, b FROM t\nGO\nDELETE FROM t\n  go 2\n"
    mended = mend.batch_separator(text)
    assert len(mended) == len(text)
    assert [type(item.tree).__name__ for item in parse(text, "tsql")] == ["Insert", "Delete"]
    assert mend.batch_separator("SELECT go FROM t") == "SELECT go FROM t"


def test_teradata_words() -> None:
    text = "SELECT a FROM t WHERE a ge 1 AND b ne 2"
    assert mend.teradata_words(text) == "SELECT a FROM t WHERE a >= 1 AND b <> 2"
    assert cases.told(text, "teradata", TABLES) == {
        "t.a -> <select>.a",
        "t.a ~> <select>.* FILTER",
        "t.b ~> <select>.* FILTER",
    }


def test_match_within() -> None:
    text = "MATCH_RECOGNIZE (PATTERN (A B) WITHIN INTERVAL '1' HOUR DEFINE A AS x > 1)"
    mended = mend.match_within(text)
    assert "WITHIN" not in mended
    assert mended.index("DEFINE") == text.index("DEFINE")
    assert mend.match_within("SELECT WITHIN") == "SELECT WITHIN"


def test_with_data() -> None:
    [made] = parse("CREATE MATERIALIZED VIEW v AS SELECT a FROM t WITH NO DATA", "postgres")
    assert isinstance(made.tree, exp.Create)
    [other] = parse("CREATE MATERIALIZED VIEW v AS WITH data AS (SELECT 1) SELECT * FROM data", "")
    assert isinstance(other.tree, exp.Create)


def test_replace_into() -> None:
    assert mend.replace_into("replace INTO t") == "INSERT  INTO t"
    assert mend.replace_into("SELECT REPLACE(a, 'x')") == "SELECT REPLACE(a, 'x')"
    assert cases.told("REPLACE INTO u (x) SELECT a FROM t", "mysql", TABLES) == {"t.a -> u.x"}


def test_replace_into_leaves_or_replace() -> None:
    assert mend.replace_into("INSERT OR REPLACE INTO t") == "INSERT OR REPLACE INTO t"


def test_executed_comments() -> None:
    text = "/*!50001 CREATE VIEW v AS SELECT a FROM t */; /* SELECT 1 */"
    found = mend.executed_comments(text)
    assert len(found) == len(text)
    assert found.split(";")[0].split() == "CREATE VIEW v AS SELECT a FROM t".split()  # noqa: SIM905 - as it is read
    assert found.endswith("/* SELECT 1 */")


def test_definer() -> None:
    dumped = "CREATE ALGORITHM=MERGE DEFINER=CURRENT_USER VIEW v AS SELECT a FROM t"
    assert cases.told(dumped, "mysql", TABLES) == {"t.a -> v.a"}


def test_priority_of_delete() -> None:
    assert cases.told("DELETE QUICK FROM u WHERE x = 1", "mysql", TABLES) == {"u.x ~> u.* FILTER"}


@pytest.mark.parametrize("star", ["* APPLY sum", "* APPLY(x -> sum(x))", "COLUMNS(a) APPLY(sum)"])
def test_applied(star: str) -> None:
    found = cases.told(f"SELECT {star} FROM t", "clickhouse", ("t(a)",))  # noqa: S608 - no input
    assert found == {"t.a -> <select>.sum(a) AGGREGATION"}


def test_cast_behind() -> None:
    text = "SELECT t.a (INTEGER) AS i, a (DATE, FORMAT 'YYYY') AS d, f(a) AS g FROM t"
    found = cases.told(text, "teradata", ("t(a)",))
    assert found == {
        "t.a -> <select>.i", "t.a -> <select>.d", "t.a -> <select>.g TRANSFORMATION",
    }  # fmt: skip
    assert cases.told("INSERT INTO o (date) SELECT a FROM t", "teradata", ("t(a)",)) == {
        "t.a -> o.date"
    }


def test_text_within() -> None:
    text = "EXECUTE IMMEDIATE 'SELECT ''q''\n FROM t' USING x; SELECT 1"
    found = mend.text_within(text)
    assert len(found) == len(text)
    assert found.index("FROM") == text.index("FROM")
    assert found.count("\n") == text.count("\n")
    assert found.split(";")[1].split() == ["SELECT", "'q'", "FROM", "t"]
    assert mend.text_within("EXECUTE IMMEDIATE 'a' || b") == "EXECUTE IMMEDIATE 'a' || b"
    python = "CREATE FUNCTION f() AS $$ insert into t $$ LANGUAGE python"
    assert mend.text_within(python) == python
    reading = "CREATE FUNCTION f() AS $$ SELECT 1 $$ LANGUAGE sql"
    assert mend.text_within(reading) == reading


def test_locking_request() -> None:
    wanted = {"t.a -> v.a"}
    inside = "REPLACE VIEW v AS LOCKING ROW FOR ACCESS SELECT a FROM t"
    assert cases.told(inside, "teradata", TABLES) == wanted
    before = 'LOCKING TABLE "db".t IN ACCESS MODE INSERT INTO v SELECT a FROM t'
    assert cases.told(before, "teradata", TABLES) == wanted
    plain = "SELECT locking FROM t"
    assert mend.locking_request(plain) == plain


def test_delimiter() -> None:
    text = (
        "DELIMITER $$\nBEGIN INSERT INTO u (x) SELECT a FROM t; END$$\nDELIMITER ;\nSELECT b FROM t"
    )
    found = mend.delimiter(text)
    assert len(found) == len(text)
    assert found.count("\n") == text.count("\n")
    assert found.split("\n")[1].endswith("END; ")
    assert cases.told(text, "mysql", TABLES) == {"t.a -> u.x", "t.b -> <select>.b"}
    assert mend.delimiter("SELECT delimiter FROM t") == "SELECT delimiter FROM t"


def test_window_function() -> None:
    text = (
        "SELECT window.start, sum(b) OVER w AS s FROM t GROUP BY window(a, '1 hour'), b "
        "WINDOW w AS (ORDER BY b)"
    )
    found = parse(text, "spark")
    assert [item.error for item in found] == [None]
    tree = found[0].tree
    assert tree is not None
    assert len(tree.args["windows"]) == 1
    assert cases.told(text, "spark", TABLES) == {
        "t.a -> <select>.start TRANSFORMATION",
        "t.b -> <select>.s AGGREGATION WINDOW",
        "t.a ~> <select>.* GROUP_BY",
        "t.b ~> <select>.* GROUP_BY",
    }


@pytest.mark.parametrize(
    ("dialect", "line"),
    [
        ("postgres", "\\set ON_ERROR_STOP on"),
        ("snowflake", "!set variable_substitution=true"),
        ("tsql", ":setvar db x"),
        ("oracle", "@other.sql"),
        ("teradata", ".logon host/user,pw"),
        ("sqlite", ".mode csv"),
    ],
)
def test_lines_of_a_client(dialect: str, line: str) -> None:
    text = f"{line}\nINSERT INTO u (x) SELECT a FROM t;\n{line}\n"  # noqa: S608 - only bound
    assert cases.told(text, dialect, TABLES) == {"t.a -> u.x"}


def test_impala_hints() -> None:
    text = "SELECT STRAIGHT_JOIN a FROM t JOIN [SHUFFLE] u WHERE m['shuffle'] = straight_join"
    found = mend.impala_hints(text)
    assert len(found) == len(text)
    assert found.split() == [
        "SELECT", "a", "FROM", "t", "JOIN", "u", "WHERE", "m['shuffle']", "=", "straight_join",
    ]  # fmt: skip


def test_row_type() -> None:
    sql = "SELECT CAST(a AS ROW<x INT>) AS r, ROW(a, b) < ROW(b, a) AS s FROM t"
    assert {"t.a -> <select>.r TRANSFORMATION", "t.b -> <select>.s TRANSFORMATION"} <= cases.told(
        sql, "flink", TABLES
    )


def test_table_argument() -> None:
    tokens = Dialect.get_or_raise(None).tokenize("SELECT * FROM f(TABLE t, 1)")
    assert [token.text for token in mend.table_argument(tokens)][3:6] == ["f", "(", "t"]


def test_partition_in_column_list() -> None:
    wanted = {"t.a -> u.x", "t.b -> u.y"}
    after = "INSERT INTO u (x) PARTITION (y) SELECT a, b FROM t"
    before = "INSERT INTO u PARTITION (y) (x) SELECT a, b FROM t"
    assert cases.told(after, "hive", TABLES) == wanted
    assert cases.told(before, "flink", TABLES) == wanted


def test_joins_without_condition() -> None:
    """Unmended, this test takes some thousand years."""
    many = "SELECT x.a FROM t AS x " + " ".join(f"JOIN u AS u{i}" for i in range(60))  # noqa: S608 - only bound
    found = cases.told(f"{many} JOIN t AS z ON z.a = x.a", "mysql", TABLES)
    assert found == {"t.a -> <select>.a", "t.a ~> <select>.* JOIN"}
    nested = "SELECT t.a FROM t JOIN (u JOIN t AS v ON u.x = v.a) ON t.b = v.b"
    assert "t.b ~> <select>.* JOIN" in cases.told(nested, None, TABLES)


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, value in vars(mend).items()
        if inspect.isfunction(value) and value.__module__ == mend.__name__ and name[0] != "_"
    ],
)
def test_each_has_a_test(name: str) -> None:
    assert name in WHOLE or f"test_{name}" in globals()
