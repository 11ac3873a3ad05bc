"""The contract of ``lineage sql --jsonl``: one case in, its edges out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lineage.sql.bound import Bound, Write
from lineage.sql.dialect import rules_for
from lineage.sql.frame import Problem
from lineage.sql.parse import Parsed, parse, with_deep_stack
from lineage.sql.relation import (
    CONDITIONAL,
    INDIRECT_SUBTYPES,
    WINDOW,
    Column,
    Origins,
    Schema,
    Table,
)
from lineage.sql.statement import StatementBinder
from lineage.sql.typing import type_system

QUERY = "<select>"
"""The target of a statement that writes nothing."""

EdgeRow = tuple[str, str, str, str]
IndirectRow = tuple[str, str, str, str, str]

_INCOMPLETE = frozenset({"does-not-parse", "unsupported-statement", "too-deep", "gave-up"})
"""Problems after which edges may be missing."""


@dataclass(slots=True)
class Answer:
    """What is known of a script, in the words of the contract."""

    edges: list[EdgeRow] = field(default_factory=list)
    indirect: list[IndirectRow] = field(default_factory=list)
    candidates: list[EdgeRow] = field(default_factory=list)
    error: str | None = None
    diagnostics: list[dict[str, Any]] = field(default_factory=list)


def answer(
    sql: str,
    *,
    dialect: str | None = None,
    schema: Mapping[str, Mapping[str, str]] | None = None,
    database: str | None = None,
    default_schema: str | None = None,
    views: Mapping[str, str] | None = None,
) -> Answer:
    """Return the lineage of a script. Never raises for bad SQL."""
    return with_deep_stack(
        lambda: _answer(sql, dialect, schema or {}, database, default_schema, views or {}), sql
    )


def _answer(
    sql: str,
    dialect: str | None,
    schema: Mapping[str, Mapping[str, str]],
    database: str | None,
    default_schema: str | None,
    views: Mapping[str, str],
) -> Answer:
    rules = rules_for(dialect)
    types = type_system(rules.dialect)
    known = Schema(database=database, schema=default_schema)
    for name, columns in schema.items():
        known.add(_table(name, columns, types.normalize))
    binder = StatementBinder(known, rules, types, inline_views=True)
    for name, text in views.items():
        for parsed in parse(text, dialect):
            if parsed.tree is not None:
                _define_view(binder, name, parsed)
    binder.inline_views = False
    results: list[Bound] = []
    given = Answer()
    for parsed in parse(sql, dialect):
        if parsed.tree is None:
            problem = Problem(
                "does-not-parse", parsed.error or "does not parse", (parsed.line, parsed.column)
            )
            results.append(Bound("other", problems=(problem,)))
            continue
        results.extend(binder.bind(parsed.tree))
    for bound in results:
        for write in bound.writes:
            _edges(write, given)
        _candidates(bound, given)
        _diagnose(bound, given)
    for write in binder.unread_temporaries(results):
        _edges(write, given)
    given.edges = sorted(set(given.edges))
    given.indirect = sorted(set(given.indirect))
    given.candidates = sorted(set(given.candidates))
    return given


def _table(name: str, columns: Mapping[str, str] | None, normalize: Any) -> Table:  # noqa: ANN401 - a str -> str
    parts = tuple(part.strip('`"[]') for part in name.split("."))
    if columns is None:
        return Table(parts)
    return Table(
        parts,
        tuple((column, normalize(type_) if type_ else None) for column, type_ in columns.items()),
    )


def _define_view(binder: StatementBinder, name: str, parsed: Parsed) -> None:
    from sqlglot import exp  # noqa: PLC0415 - only where views are given

    tree = parsed.tree
    if isinstance(tree, exp.Create):
        binder.bind(tree)
        return
    create = exp.Create(
        this=exp.Table(
            this=exp.to_identifier(name.rsplit(".", maxsplit=1)[-1]),
            db=exp.to_identifier(name.split(".")[-2]) if "." in name else None,
        ),
        kind="VIEW",
        expression=tree,
    )
    binder.bind(create)


def _edges(write: Write, given: Answer) -> None:
    target = write.target.name if write.target is not None else QUERY
    for name, column in write.columns:
        for origin, flags in column.direct.items():
            given.edges.append((origin.table.name, origin.column, target, name))
            for bit, subtype in ((CONDITIONAL, "CONDITIONAL"), (WINDOW, "WINDOW")):
                if flags & bit:
                    given.indirect.append((origin.table.name, origin.column, target, name, subtype))
        _indirect(column.indirect, target, name, given)
    _indirect(write.indirect, target, "*", given)


def _indirect(origins: Origins, target: str, name: str, given: Answer) -> None:
    for origin, flags in origins.items():
        for bit, subtype in INDIRECT_SUBTYPES:
            if flags & bit:
                given.indirect.append((origin.table.name, origin.column, target, name, subtype))


def _candidates(bound: Bound, given: Answer) -> None:
    for write in bound.writes:
        target = write.target.name if write.target is not None else QUERY
        for origins, name in bound.candidates:
            given.candidates.extend(
                (origin.table.name, origin.column, target, name) for origin in origins
            )


def _diagnose(bound: Bound, given: Answer) -> None:
    for problem in bound.problems:
        line, column = problem.place
        given.diagnostics.append(
            {"code": problem.code, "message": problem.message, "line": line, "column": column}
        )
        if problem.code in _INCOMPLETE and given.error is None:
            where = f"{line}:{column}: " if line else ""
            given.error = f"{where}{problem.message}"


__all__ = ["QUERY", "Answer", "Column", "answer"]
