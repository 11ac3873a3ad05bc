"""A check as GitLab Code Quality: an array of issues in Code Climate's form."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.model.verdict import Status
from lineage.reports.check import Checked, CheckReport


def write(checked: Checked) -> Iterator[str]:
    """Yield the array; what is acknowledged is left out, because GitLab would count it."""
    issues = []
    for row in checked.active():
        finding = row.finding
        severity = {Severity.ERROR: "critical", Severity.WARNING: "major", Severity.NOTE: "info"}[
            finding.severity
        ]
        if finding.status is Status.BLOCKED:
            severity = "minor"
        document = finding.location.document if finding.location else "."
        line = (finding.location.line if finding.location else 0) or 1
        issues.append(
            {
                "description": f"{finding.subject}: {finding.message}",
                "check_name": finding.rule,
                "fingerprint": finding.fingerprint,
                "severity": severity,
                "location": {"path": document, "lines": {"begin": line}},
            }
        )
    yield json.dumps(issues, ensure_ascii=False, indent=2) + "\n"


REPORT = CheckReport(purpose="GitLab Code Quality", write=write)
