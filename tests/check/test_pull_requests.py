"""The trap project: each break found with file and line, silent changes flagged, no false alarm."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lineage.analysis.estate import Estate
from lineage.model.diagnostic import Severity
from lineage.model.finding import Finding
from lineage.policy.config import Config
from lineage.policy.facts import Side, facts
from lineage.policy.judge import Given, judge
from lineage.sources.revision import Revision, revision
from lineage.sources.sides import Options, beside

ROOT = Path(__file__).parents[2] / "fixtures/pull_requests"
HEADS = sorted(path.name for path in (ROOT / "heads").iterdir() if path.is_dir())
TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Base:
    """The base, read once."""

    revision: Revision
    estate: Estate


@cache
def base() -> Base:
    """Read and bind the base."""
    found = revision(str(ROOT / "base"), ROOT)
    return Base(found, Estate.build(found.snapshot))


def truth(name: str) -> dict[str, Any]:
    """Return what happened when both sides were built."""
    found: dict[str, Any] = json.loads((ROOT / "heads" / name / "truth.json").read_text())
    return found


def lay_over(name: str, into: Path) -> Path:
    """Make the tree of a head."""
    shutil.copytree(ROOT / "base", into)
    head = ROOT / "heads" / name
    if (head / "files").is_dir():
        shutil.copytree(head / "files", into, dirs_exist_ok=True)
    for path in json.loads((head / "pull_request.json").read_text())["deleted"]:
        (into / path).unlink()
    return into


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[Finding]]:
    """Return what is found about a head, each read once."""

    @cache
    def check(name: str) -> list[Finding]:
        head = revision(str(lay_over(name, tmp_path_factory.mktemp("heads") / name)), ROOT)
        both = beside(base().estate, base().revision.files, head, Options())
        found = facts(Side(both.base, both.before), Side(both.head, both.after))
        return [row.finding for row in judge(found, Config(), Given(TODAY, {}))]

    return check


def broken(findings: list[Finding]) -> set[str]:
    """Return what is said to break."""
    return {row.subject for row in findings if row.severity is Severity.ERROR}


def misses(name: str, findings: list[Finding]) -> str:
    """Say what is wrong with what was found, if anything is."""
    known = truth(name)
    errors = [row for row in findings if row.severity is Severity.ERROR]
    outcome = known["outcome"]
    if outcome == "breaks":
        said = broken(findings)
        wanted = {*known["breaks"], *known["tests"]["breaks"]}
        missing = wanted - said
        missing |= set(known["unreadable"]) - {row.subject for row in findings}
        if missing:
            return f"not found: {sorted(missing)}"
        if not errors:
            return "nothing found" if not known["unreadable"] else ""
        false = said - wanted - set(known["blocked"]) - set(known["unreadable"])
        if false and not known["project_error"]:
            return f"said to break: {sorted(false)}"
        unplaced = [row.subject for row in errors if not (row.location and row.location.line)]
        return f"no file and line: {unplaced}" if unplaced else ""
    if outcome == "values":
        silent = set(known["value_changes"]) - {row.subject for row in findings}
        return f"silent: {sorted(silent)}" if silent else ""
    return f"blocked: {[row.message for row in errors]}" if errors else ""


@pytest.mark.parametrize("name", HEADS)
def test_a_pull_request_is_judged_as_it_turned_out(
    name: str, found: Callable[[str], list[Finding]]
) -> None:
    assert misses(name, found(name)) == ""


def test_the_counts_that_the_documents_give(found: Callable[[str], list[Finding]]) -> None:
    right: Counter[str] = Counter()
    for name in HEADS:
        right[truth(name)["outcome"]] += not misses(name, found(name))
    assert right == {"breaks": 29, "values": 17, "schema": 20, "nothing": 18}
    page = (Path(__file__).parents[2] / "docs/ci.md").read_text()
    for outcome, total in (("breaks", 29), ("values", 17), ("schema", 20), ("nothing", 18)):
        assert f"| {outcome} | {total} | {right[outcome]} |" in page
