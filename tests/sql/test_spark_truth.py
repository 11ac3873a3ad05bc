"""What Spark's own analyzer answered, held against the binder: fixtures/spark.

Each line of ``statements.jsonl`` is a query and the names, types and base columns of its outputs as
the analyzed plan of Spark 3.5.9 has them (columns by the ids that run through the plan), or the
class of the error. ``expressions.tsv`` has expressions over a column of each type, with the type
that they have by default and under ANSI mode, where both give one, or ``!`` where both refuse.
"""

from __future__ import annotations

import json
import re
from typing import Any

from tests.sql import cases

FOLDER = cases.FOLDER.parent / "spark"
TYPED = 0.9
REFUSED = 0.75
"""Of expressions, so many types must be known, and so many refusals found."""
_SHARED_KEYS = re.compile(r"\b(USING|NATURAL|PIVOT|UNPIVOT)\b")
"""A joined key has both columns here, the left one there; what pivots decides here, and is read
there; the names that UNPIVOT makes are columns' here, and constants there."""


def _lines(name: str) -> list[str]:
    return (FOLDER / name).read_text(encoding="utf-8").splitlines()


def _statements() -> list[tuple[tuple[str, ...], dict[str, Any]]]:
    tables: tuple[str, ...] = ()
    found = []
    for line in _lines("statements.jsonl"):
        said = json.loads(line)
        if "tables" in said:
            tables = tuple(said["tables"])
        else:
            found.append((tables, said))
    return found


def _base(origin: object) -> str:
    return ".".join(str(origin).split(".")[:2])


def _plain(type_: str) -> str:
    bare = type_.replace(" NOT NULL", "").replace("`", "")
    return "INTERVAL" if bare.startswith("INTERVAL") else bare


def _differences(tables: tuple[str, ...], said: dict[str, Any]) -> list[str]:
    results, _ = cases.bind(said["sql"], "spark", tables)
    problems = [p.code for bound in results for p in bound.problems if p.certain]
    if "refused" in said:
        return [] if problems else ["not refused"]
    write = results[-1].writes[0]
    found = [f"refused: {code}" for code in problems]
    names = [name for name, _ in write.columns]
    if names != [name for name, _, _ in said["columns"]]:
        return [*found, f"names {names}"]
    influence = {_base(o) for o in write.indirect}
    for (_, column), (name, type_, sources) in zip(write.columns, said["columns"], strict=True):
        direct = {_base(origin) for origin in column.direct}
        wanted = set(sources)
        if _SHARED_KEYS.search(said["sql"]):
            everything = direct | influence | {_base(o) for o in column.indirect}
            if not wanted <= everything or not direct <= wanted | set(said["all"]):
                found.append(f"{name} of {sorted(direct)}")
        elif direct != wanted:
            found.append(f"{name} of {sorted(direct)}")
        if column.type is not None and _plain(column.type) != _plain(type_):
            found.append(f"{name} is {column.type}")
    return found


def test_statements() -> None:
    cases_ = _statements()
    wrong = [
        (said["sql"], found) for tables, said in cases_ if (found := _differences(tables, said))
    ]
    assert wrong == []
    assert len(cases_) > 500


def test_expressions() -> None:
    head, *lines = _lines("expressions.tsv")
    tables = (head,)
    typed = refused = accepted = 0
    wrong = []
    for line in lines:
        expression, _, said = line.rpartition("\t")
        query = f"SELECT {expression} AS r FROM ty"  # noqa: S608 - read from a fixture
        results, _ = cases.bind(query, "spark", tables)
        problems = [p.message for bound in results for p in bound.problems if p.certain]
        if said == "!":
            refused += bool(problems)
            continue
        accepted += 1
        type_ = results[-1].writes[0].columns[0][1].type
        typed += type_ is not None
        if problems or (type_ is not None and _plain(type_) != _plain(said)):
            wrong.append((expression, said, type_, problems))
    assert wrong == []
    assert accepted > 250
    assert typed >= TYPED * accepted
    assert refused >= REFUSED * (len(lines) - accepted)
