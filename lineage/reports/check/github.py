"""A check as workflow commands: GitHub shows each finding at its line of the pull request."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.reports.check import Checked, CheckReport

LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def write(checked: Checked) -> Iterator[str]:
    """Yield a line a finding that counts."""
    for ruling in checked.active():
        finding = ruling.finding
        facts = {}
        if finding.location:
            facts["file"] = finding.location.document
            if finding.location.line:
                facts["line"] = str(finding.location.line)
            if finding.location.column:
                facts["col"] = str(finding.location.column)
        facts["title"] = f"{finding.rule}: {finding.subject}"
        listed = ",".join(f"{key}={_value(value)}" for key, value in facts.items())
        owners = f" (owners: {', '.join(finding.owners)})" if finding.owners else ""
        yield f"::{LEVELS[finding.severity]} {listed}::{_data(finding.message + owners)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _value(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


REPORT = CheckReport(purpose="Annotations at the lines of a GitHub pull request", write=write)
