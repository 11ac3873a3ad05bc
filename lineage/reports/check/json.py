"""A check for programs: one JSON document, version 1, described by check.schema.json beside this.

Within a version fields are added, never taken away or given another meaning.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lineage.reports.check import Checked, CheckReport, headline
from lineage.reports.values import Plain, plain

VERSION = 1


def write(checked: Checked) -> Iterator[str]:
    """Yield the document in one piece."""
    findings: list[Plain] = []
    for ruling in checked.rulings:
        finding = plain(ruling.finding)
        assert isinstance(finding, dict)  # noqa: S101 - a dataclass becomes an object
        findings.append({**finding, "standing": ruling.standing.value, "note": ruling.note})
    document: dict[str, Plain] = {
        "version": VERSION,
        "base": checked.base,
        "head": checked.head,
        "headline": headline(checked),
        "fail_on": checked.fail_on,
        "failed": checked.failed,
        "findings": findings,
        "relations": [plain(verdict) for verdict in checked.impact.relations],
        "consumers": [plain(verdict) for verdict in checked.impact.consumers],
        "coverage": {
            "downstream": plain(checked.impact.coverage),
            "statements_understood": checked.seen,
            "not_understood": [plain(problem) for problem in checked.unseen],
        },
        "tests": checked.tests,
    }
    yield json.dumps(document, ensure_ascii=False, indent=2) + "\n"


REPORT = CheckReport(purpose="One JSON document, versioned, with a JSON Schema", write=write)
