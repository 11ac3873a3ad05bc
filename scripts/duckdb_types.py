"""Ask an embedded DuckDB for its typing rules and write them where lineage.sql.typing finds them.

    python scripts/duckdb_types.py

Function signatures, type names and keywords come from the catalogue (``duckdb_functions()``,
``duckdb_types()``, ``duckdb_keywords()``). Which types cast without being told is probed: a macro
with a typed parameter binds exactly when its argument casts implicitly. Nothing is executed: every
question is a DESCRIBE.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import duckdb

TARGET = Path(__file__).parents[1] / "lineage/sql/typing/data/duckdb.json.gz"

# One column of each type; the key is the name that the tables use.
TYPES = {
    name: name
    for name in [
        "BOOLEAN",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "HUGEINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "UBIGINT",
        "UHUGEINT",
        "FLOAT",
        "DOUBLE",
        "BIGNUM",
        "VARCHAR",
        "BLOB",
        "BIT",
        "UUID",
        "JSON",
        "VARIANT",
        "GEOMETRY",
        "DATE",
        "TIME",
        "TIME_NS",
        "TIMESTAMP",
        "TIMESTAMP_S",
        "TIMESTAMP_MS",
        "TIMESTAMP_NS",
        "TIMESTAMPTZ_NS",
        "INTERVAL",
    ]
}
TYPES["TIMESTAMP WITH TIME ZONE"] = "TIMESTAMP WITH TIME ZONE"
TYPES["TIME WITH TIME ZONE"] = "TIME WITH TIME ZONE"
TYPES["DECIMAL"] = "DECIMAL(18,3)"


class Engine:
    """An in-memory database with a table of one column ``c`` per type."""

    def __init__(self) -> None:
        self.connection = duckdb.connect()
        self.tables: dict[str, str] = {}
        for index, (name, type_) in enumerate(TYPES.items()):
            self.connection.execute(f"CREATE TABLE t{index} (c {type_})")
            self.tables[name] = f"t{index}"

    def binds(self, expression: str, *tables: str) -> bool:
        """Whether the expression binds over the given tables."""
        query = f"DESCRIBE SELECT {expression}"
        if tables:
            query += " FROM " + ", ".join(tables)
        try:
            self.connection.execute(query).fetchall()
        except duckdb.Error:
            return False
        return True


def functions(engine: Engine) -> dict[str, list[list[object]]]:
    """Overloads by lower-case name: kind, parameter types, type of further arguments, result."""
    rows = engine.connection.execute(
        """
        SELECT lower(function_name), function_type, parameter_types, varargs, return_type
        FROM duckdb_functions()
        WHERE function_type IN ('scalar', 'aggregate', 'window')
          AND NOT coalesce(list_contains(parameter_types, 'INVALID'), false)
        ORDER BY ALL
        """
    ).fetchall()
    found: dict[str, list[list[object]]] = {}
    for name, kind, parameters, varargs, result in rows:
        overload = [kind[0], [_plain(p) for p in parameters], _plain(varargs), _plain(result)]
        if overload not in found.setdefault(name, []):
            found[name].append(overload)
    return found


def _plain(type_: str | None) -> str | None:
    return None if type_ is None else type_.replace('"NULL"', "NULL")


def macros(engine: Engine) -> dict[str, list[list[object]]]:
    """Scalar macros by lower-case name: parameters and definition, one entry an overload."""
    rows = engine.connection.execute(
        """
        SELECT lower(function_name), parameters, macro_definition FROM duckdb_functions()
        WHERE function_type = 'macro' AND schema_name IN ('main', 'pg_catalog') AND internal
        ORDER BY ALL
        """
    ).fetchall()
    found: dict[str, list[list[object]]] = {}
    for name, parameters, definition in rows:
        if [parameters, definition] not in found.setdefault(name, []):
            found[name].append([parameters, definition])
    return found


def table_functions(engine: Engine) -> list[str]:
    """Names that stand in a FROM clause."""
    rows = engine.connection.execute(
        "SELECT DISTINCT lower(function_name) FROM duckdb_functions()"
        " WHERE function_type IN ('table', 'table_macro') ORDER BY 1"
    ).fetchall()
    return [name for (name,) in rows]


def implicit(engine: Engine) -> dict[str, list[str]]:
    """For each type the types that it is taken for without a cast."""
    found: dict[str, list[str]] = {name: [] for name in TYPES}
    for target, type_ in TYPES.items():
        engine.connection.execute(f"CREATE OR REPLACE MACRO probe(a {type_}) AS 1")
        for source, table in engine.tables.items():
            if source != target and engine.binds("probe(c)", table):
                found[source].append(target)
    return found


def refused_casts(engine: Engine) -> dict[str, list[str]]:
    """For each type the types that an explicit cast to is refused when it is bound."""
    found: dict[str, list[str]] = {}
    for source, table in engine.tables.items():
        refused = [
            target
            for target, type_ in TYPES.items()
            if not engine.binds(f"CAST(c AS {type_})", table)
        ]
        if refused:
            found[source] = refused
    return found


def aliases(engine: Engine) -> dict[str, str]:
    """Other names of the types, upper case."""
    rows = engine.connection.execute(
        "SELECT DISTINCT upper(type_name), logical_type FROM duckdb_types() ORDER BY 1"
    ).fetchall()
    found = dict(rows)
    found["JSON"] = "JSON"
    return found


def main() -> None:
    """Write the tables."""
    engine = Engine()
    keywords = engine.connection.execute(
        "SELECT DISTINCT lower(keyword_name) FROM duckdb_keywords()"
        " WHERE keyword_category <> 'unreserved' OR true ORDER BY 1"
    ).fetchall()
    document = {
        "source": f"DuckDB {duckdb.__version__}, duckdb_functions() and probes",
        "types": sorted(TYPES),
        "aliases": aliases(engine),
        "keywords": [word for (word,) in keywords],
        "functions": functions(engine),
        "macros": macros(engine),
        "table_functions": table_functions(engine),
        "implicit": implicit(engine),
        "refused_casts": refused_casts(engine),
    }
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode())


if __name__ == "__main__":
    main()
