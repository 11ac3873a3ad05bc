"""The columns of a seed: dbt infers their types from all rows of the CSV file, and so do we.

dbt tries, in this order: whole number, number, date, time stamp, true or false, text; a column
without values is a whole number. https://docs.getdbt.com/reference/resource-configs/column_types
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime

from lineage.sources.dbt.builtin import family
from lineage.sources.dbt.node import Column

_NULLS = frozenset({"", "null"})
_INTEGER = re.compile(r"[+-]?\d+(,\d{3})*\Z")
_NUMBER = re.compile(r"[+-]?(\d[\d,]*\.?\d*|\.\d+)([eE][+-]?\d+)?%?\Z")


def _integer(value: str) -> bool:
    return _INTEGER.match(value) is not None


def _number(value: str) -> bool:
    return _NUMBER.match(value) is not None


def _date(value: str) -> bool:
    if not re.match(r"\d{4}-\d{1,2}-\d{1,2}\Z", value):
        return False
    try:
        year, month, day = map(int, value.split("-"))
        date(year, month, day)
    except ValueError:
        return False
    return True


def _moment(value: str) -> bool:
    if len(value) < len("2000-01-01"):
        return False
    try:
        datetime.fromisoformat(value.replace(" UTC", "+00:00"))
    except ValueError:
        return False
    return True


def _truth(value: str) -> bool:
    return value.lower() in {"true", "false"}


_TRIES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("integer", _integer),
    ("number", _number),
    ("date", _date),
    ("timestamp", _moment),
    ("boolean", _truth),
)

_WORDS: Mapping[str, Mapping[str, str]] = {
    "duckdb": {
        "integer": "INTEGER",
        "number": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "boolean": "BOOLEAN",
        "text": "VARCHAR",
    },
    "bigquery": {
        "integer": "INT64",
        "number": "FLOAT64",
        "date": "DATE",
        "timestamp": "DATETIME",
        "boolean": "BOOL",
        "text": "STRING",
    },
    "spark": {
        "integer": "BIGINT",
        "number": "DOUBLE",
        "date": "DATE",
        "timestamp": "TIMESTAMP",
        "boolean": "BOOLEAN",
        "text": "STRING",
    },
    "trino": {"integer": "INTEGER", "number": "DOUBLE", "text": "VARCHAR"},
}
_OTHERS = {
    "integer": "INTEGER",
    "number": "DOUBLE PRECISION",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "text": "TEXT",
}
_SPELLINGS = {
    "int": "INTEGER",
    "int4": "INTEGER",
    "int8": "BIGINT",
    "string": "VARCHAR",
    "text": "VARCHAR",
    "float8": "DOUBLE",
    "double precision": "DOUBLE",
    "bool": "BOOLEAN",
    "datetime": "TIMESTAMP",
    "numeric": "DECIMAL(18,3)",
    "decimal": "DECIMAL(18,3)",
}
"""DuckDB's own names of types that column_types may spell otherwise."""


def columns(
    content: bytes,
    *,
    adapter: str | None,
    column_types: Mapping[str, object],
    delimiter: str = ",",
) -> tuple[Column, ...]:
    """Return the columns of a CSV file; none when it has no header."""
    reader = csv.reader(
        io.StringIO(content.decode("utf-8-sig", errors="replace"), newline=""),
        delimiter=delimiter[:1] or ",",
    )
    try:
        header = next(reader, [])
        names = [name.strip() for name in header]
        possible = [list(_TRIES) for _ in names]
        for row in reader:
            for index, value in enumerate(row[: len(names)]):
                tries = possible[index]
                bare = value.strip()
                if bare.lower() not in _NULLS:
                    while tries and not tries[0][1](bare):
                        tries.pop(0)
    except csv.Error:
        return ()
    words = {**_OTHERS, **_WORDS.get(family(adapter), {})}
    given = {name.lower(): str(type_) for name, type_ in column_types.items()}
    found: list[Column] = []
    for name, tries in zip(names, possible, strict=True):
        inferred = words[tries[0][0] if tries else "text"]
        told = given.get(name.lower())
        found.append(Column(name, _spelled(told, adapter) if told else inferred))
    return tuple(found)


def _spelled(type_: str, adapter: str | None) -> str:
    if family(adapter) != "duckdb":
        return type_
    return _SPELLINGS.get(type_.strip().lower(), re.sub(r"\s*,\s*", ",", type_.strip().upper()))
