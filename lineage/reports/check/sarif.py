"""A check as SARIF 2.1.0 (OASIS), which code scanning and editors read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from lineage.policy import RULES, identifier
from lineage.policy.judge import Ruling, Standing
from lineage.reports.check import Checked, CheckReport

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def write(checked: Checked) -> Iterator[str]:
    """Yield the log in one piece."""
    names = RULES.names()
    numbers = {identifier(name): number for number, name in enumerate(names)}
    driver = {
        "name": "lineage",
        "rules": [_rule(name) for name in names],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(row, numbers) for row in checked.rulings],
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": row.message}} for row in checked.unseen
                ],
            }
        ],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    yield json.dumps(log, ensure_ascii=False, indent=2) + "\n"


def _rule(name: str) -> dict[str, Any]:
    rule = RULES.get(name)
    return {
        "id": identifier(name),
        "shortDescription": {"text": rule.purpose},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.example}\n\n{rule.fix}"},
        "defaultConfiguration": {"level": rule.severity.value},
    }


def _result(row: Ruling, numbers: dict[str, int]) -> dict[str, Any]:
    finding = row.finding
    found: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": numbers[finding.rule],
        "level": finding.severity.value,
        "message": {"text": f"{finding.subject}: {finding.message}"},
        "partialFingerprints": {"lineage/v1": finding.fingerprint},
        "properties": {"owners": list(finding.owners), "path": list(finding.path)},
    }
    if finding.location:
        physical: dict[str, Any] = {
            "artifactLocation": {"uri": quote(finding.location.document), "uriBaseId": "%SRCROOT%"}
        }
        if finding.location.line:
            physical["region"] = {"startLine": finding.location.line}
            if finding.location.column:
                physical["region"]["startColumn"] = finding.location.column
        found["locations"] = [{"physicalLocation": physical}]
    if row.standing is not Standing.ACTIVE:
        kind = "inSource" if row.standing is Standing.IGNORED else "external"
        found["suppressions"] = [{"kind": kind, "justification": row.note}]
    return found


REPORT = CheckReport(purpose="SARIF 2.1.0 for code scanning and editors", write=write)
