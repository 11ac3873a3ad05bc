"""Reads the cases of fixtures/sql: a statement, what it is bound against, and its edges.

A case begins with ``=== name`` and, in parentheses, a dialect. Up to the first ``---`` stand the
tables that are known, one a line; ``known …`` lines before a file's first case hold for all of
them, and ``?`` in place of columns means that nobody described the table. Then the SQL, a second
``---``, and the answer, in the notation of ``lineage sql``:

    t.a -> <select>.x                    the value is made of it (an unmarked one is IDENTITY)
    t.a -> <select>.x  AGGREGATION       … by this step, and whatever else is true of it
    t.b ~> <select>.*  FILTER            it influences every column
    t.c ?> <select>.x                    one of several tables that may be meant
    = x INTEGER, y                       the columns that come out, in order; a type where given
    ! 2:8 unknown-column                 a problem, at line:column of the SQL
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lineage.sql.bound import Bound, Write
from lineage.sql.dialect import rules_for
from lineage.sql.frame import Problem
from lineage.sql.parse import parse, with_deep_stack
from lineage.sql.relation import (
    AGGREGATION,
    CONDITIONAL,
    INDIRECT_SUBTYPES,
    MASKED,
    STRENGTH,
    TRANSFORMATION,
    WINDOW,
    Column,
    Schema,
    Table,
)
from lineage.sql.statement import StatementBinder
from lineage.sql.typing import type_system

FOLDER = Path(__file__).parents[2] / "fixtures" / "sql"
_HEAD = re.compile(r"=== (?P<name>[\w-]+)(?: \((?P<dialect>\w+)\))?$")
_TABLE = re.compile(r"(?P<name>[^(]+)\((?P<columns>.*)\)$")
COMMA = re.compile(r", (?![^(]*\))(?![^<]*>)")
"""Between columns, and not inside a type."""
_FLAGS = ((MASKED, "MASKED"), (CONDITIONAL, "CONDITIONAL"), (WINDOW, "WINDOW"))


@dataclass(frozen=True, slots=True)
class Case:
    """One statement, or a script of them, and the right answer."""

    file: str
    name: str
    dialect: str | None
    tables: tuple[str, ...]
    sql: str
    answer: frozenset[str]


def read() -> Iterator[Case]:
    """Yield every case of the folder."""
    for path in sorted(FOLDER.glob("*.cases")):
        preamble, *chunks = re.split(r"^(?==== )", path.read_text(), flags=re.MULTILINE)
        shared = tuple(
            line.removeprefix("known ") for line in preamble.splitlines() if line[:6] == "known "
        )
        for chunk in chunks:
            head, sql, answer = re.split(r"^---\n", chunk, flags=re.MULTILINE)
            title, *tables = head.splitlines()
            found = _HEAD.match(title)
            assert found is not None, title
            own = tuple(line for line in tables if line.strip())
            lines = frozenset(" ".join(line.split()) for line in answer.splitlines() if line)
            name, dialect = found["name"], found["dialect"]
            yield Case(path.stem, name, dialect, (*shared, *own), sql.rstrip("\n"), lines)


def schema(tables: tuple[str, ...], dialect: str | None) -> Schema:
    """Return the tables of a case as a schema."""
    normalize = type_system(rules_for(dialect).dialect).normalize
    known = Schema()
    for text in tables:
        found = _TABLE.match(text)
        assert found is not None, text
        parts = tuple(found["name"].split("."))
        if found["columns"] == "?":
            known.add(Table(parts))
            continue
        columns = []
        for item in COMMA.split(found["columns"]):
            name, _, type_ = item.partition(" ")
            columns.append((name, normalize(type_) if type_ else None))
        known.add(Table(parts, columns))
    return known


def bind(
    sql: str, dialect: str | None, tables: tuple[str, ...]
) -> tuple[list[Bound], StatementBinder]:
    """Bind a script; what does not parse is a statement with a problem."""

    def work() -> tuple[list[Bound], StatementBinder]:
        rules = rules_for(dialect)
        binder = StatementBinder(schema(tables, dialect), rules, type_system(rules.dialect))
        results: list[Bound] = []
        for parsed in parse(sql, dialect):
            if parsed.tree is None:
                place = (parsed.line, parsed.column)
                problem = Problem("does-not-parse", parsed.error or "", place)
                results.append(Bound("other", problems=(problem,)))
            else:
                results.extend(binder.bind(parsed.tree))
        return results, binder

    return with_deep_stack(work, sql)


def told(sql: str, dialect: str | None, tables: tuple[str, ...]) -> frozenset[str]:
    """Return what is bound, in the notation of the fixtures, without the output columns."""
    results, binder = bind(sql, dialect, tables)
    lines: set[str] = set()
    for bound in results:
        for write in bound.writes:
            lines.update(edges(write))
        for origins, name in bound.candidates:
            targets = [write.target.name if write.target else "<select>" for write in bound.writes]
            for origin in origins:
                lines.update(f"{origin} ?> {target}.{name}" for target in targets)
        for problem in bound.problems:
            line, column = problem.place
            lines.add(f"! {line}:{column} {problem.code}")
    for write in binder.unread_temporaries(results):
        lines.update(edges(write))
    return frozenset(lines)


def edges(write: Write) -> Iterator[str]:
    """Yield the edges of what one statement puts into one table."""
    target = write.target.name if write.target is not None else "<select>"
    for name, column in write.columns:
        for origin, flags in column.direct.items():
            yield f"{origin} -> {target}.{name} {_steps(flags)}".strip()
        for origin, flags in column.indirect.items():
            for subtype in influences(flags):
                yield f"{origin} ~> {target}.{name} {subtype}"
    for origin, flags in write.indirect.items():
        for subtype in influences(flags):
            yield f"{origin} ~> {target}.* {subtype}"


def influences(flags: int) -> list[str]:
    """Return the words of an influence."""
    return [subtype for bit, subtype in INDIRECT_SUBTYPES if flags & bit]


def _steps(flags: int) -> str:
    strength = flags & STRENGTH
    words = ["AGGREGATION"] if strength >= AGGREGATION else []
    if strength == TRANSFORMATION:
        words.append("TRANSFORMATION")
    return " ".join([*words, *(word for bit, word in _FLAGS if flags & bit)])


def outputs(sql: str, dialect: str | None, tables: tuple[str, ...]) -> list[Column]:
    """Return the columns of the script's last statement, under the names they get."""
    results, _ = bind(sql, dialect, tables)
    for bound in reversed(results):
        if bound.defines is not None and bound.defines.columns is not None:
            return [Column(name, type_) for name, type_ in bound.defines.columns]
        if bound.writes:
            return [column.renamed(name) for name, column in bound.writes[0].columns]
    return []
