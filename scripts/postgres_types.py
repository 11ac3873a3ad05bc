"""Ask a PostgreSQL server for its typing rules and write them where lineage.sql.typing finds them.

    python scripts/postgres_types.py "host=/tmp/socket user=postgres dbname=postgres"

Everything comes from the catalogues of an empty database: ``pg_type``, ``pg_proc``,
``pg_operator``, ``pg_cast`` and ``pg_aggregate``. Needs psycopg, which the library does not.
"""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import psycopg

TARGET = Path(__file__).parents[1] / "lineage/sql/typing/data/postgres.json.gz"

# Functions over these are for the server's own use and cannot be called from a query.
_INTERNAL = "internal|cstring|trigger|event_trigger|_handler|opaque|pg_ddl_command|language_handler"

_TYPES = """
    SELECT t.oid::int, format_type(t.oid, -1), t.typname, t.typcategory, t.typispreferred,
           t.typtype, t.typelem::int, t.typarray::int, t.typbasetype::int
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
    WHERE n.nspname = 'pg_catalog' AND t.typtype IN ('b', 'p', 'r', 'm')
    ORDER BY 1
"""
_FUNCTIONS = """
    SELECT p.proname, p.prokind, p.proargtypes::int[], p.provariadic::int, p.pronargdefaults,
           p.prorettype::int, p.proretset, coalesce(a.aggkind = 'o', false)
    FROM pg_proc p LEFT JOIN pg_aggregate a ON a.aggfnoid = p.oid
    WHERE p.prokind IN ('f', 'a', 'w')
    ORDER BY 1, 2, 3
"""
_OPERATORS = """
    SELECT oprname, oprleft::int, oprright::int, oprresult::int FROM pg_operator
    WHERE oprresult <> 0 ORDER BY 1, 2, 3
"""
_CASTS = "SELECT castsource::int, casttarget::int, castcontext FROM pg_cast ORDER BY 1, 2"
_RANGES = "SELECT rngtypid::int, rngsubtype::int, rngmultitypid::int FROM pg_range ORDER BY 1"


def document(connection: psycopg.Connection[Any]) -> dict[str, Any]:
    """All tables, with types by their printed name."""
    version = connection.execute("SHOW server_version").fetchone()
    rows = connection.execute(_TYPES).fetchall()
    names = {row[0]: row[1] for row in rows}
    kept = {oid for oid, name in names.items() if not _is_internal(name)}

    def known(*oids: int) -> bool:
        return all(oid in kept for oid in oids if oid)

    def name(oid: int) -> str | None:
        return names.get(oid)

    functions: dict[str, list[list[Any]]] = {}
    ordered_set = set()
    for proname, kind, args, variadic, defaults, result, returns_set, ordered in connection.execute(
        _FUNCTIONS
    ):
        if known(*args, result) and proname.isidentifier():
            entry = [kind, [name(a) for a in args], name(variadic), defaults, name(result)]
            functions.setdefault(proname, []).append([*entry, returns_set])
            if ordered:
                ordered_set.add(proname)
    operators: dict[str, list[list[Any]]] = {}
    for symbol, left, right, result in connection.execute(_OPERATORS):
        if known(left, right, result):
            operators.setdefault(symbol, []).append([name(left), name(right), name(result)])
    return {
        "source": f"PostgreSQL {version[0].split()[0] if version else ''}, system catalogues",
        "types": {
            name(oid): [typname, category, preferred, kind, name(element), name(array), name(base)]
            for oid, _, typname, category, preferred, kind, element, array, base in rows
            if oid in kept
        },
        "functions": functions,
        "ordered_set": sorted(ordered_set),
        "operators": operators,
        "casts": [
            [name(source), name(target), context]
            for source, target, context in connection.execute(_CASTS)
            if known(source, target)
        ],
        "ranges": [[name(a), name(b), name(c)] for a, b, c in connection.execute(_RANGES)],
    }


def _is_internal(name: str) -> bool:
    return any(word in name for word in _INTERNAL.split("|"))


def main() -> None:
    """Write the tables."""
    with psycopg.connect(sys.argv[1]) as connection:
        text = json.dumps(document(connection), sort_keys=True, separators=(",", ":"))
    TARGET.parent.mkdir(exist_ok=True)
    with TARGET.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode())


if __name__ == "__main__":
    main()
