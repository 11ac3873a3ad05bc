"""Each feature that is claimed, as a statement and its edges: fixtures/sql."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sql import cases

ALL = list(cases.read())


@pytest.mark.parametrize("case", ALL, ids=[f"{case.file}-{case.name}" for case in ALL])
def test_case(case: cases.Case) -> None:
    wanted = {line for line in case.answer if not line.startswith("= ")}
    assert cases.told(case.sql, case.dialect, case.tables) == wanted
    for line in case.answer - wanted:
        columns = cases.outputs(case.sql, case.dialect, case.tables)
        said = cases.COMMA.split(line.removeprefix("= "))
        typed = any(" " in item for item in said)
        assert [f"{c.name} {c.type}" if typed else c.name for c in columns] == said


def test_no_case_hides_another() -> None:
    names = Counter((case.file, case.name) for case in ALL)
    assert len(ALL) > 250
    assert [name for name, count in names.items() if count > 1] == []
