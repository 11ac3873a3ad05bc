"""A check as JUnit XML, which nearly every CI shows as tests: a rule a suite, a finding a case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from lineage.model.diagnostic import Severity
from lineage.policy import RULES, identifier
from lineage.policy.judge import Ruling, Standing
from lineage.reports.check import Checked, CheckReport, place

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(checked: Checked) -> Iterator[str]:
    """Yield the document: warnings are skipped cases with their message, errors failures."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="lineage check">\n'
    for name in RULES.names():
        id_ = identifier(name)
        rows = [row for row in checked.rulings if row.finding.rule == id_]
        failures = sum(_fails(row) for row in rows)
        cases = max(len(rows), 1)
        yield (
            f'  <testsuite name="{id_}" tests="{cases}" failures="{failures}" errors="0" '
            f'skipped="{len(rows) - failures}" time="0">\n'
        )
        if not rows:
            yield f'    <testcase name="{id_}" classname="lineage.{id_}" time="0"/>\n'
        for row in rows:
            yield from _case(row)
        yield "  </testsuite>\n"
    yield "</testsuites>\n"


def _fails(row: Ruling) -> bool:
    return row.standing is Standing.ACTIVE and row.finding.severity is Severity.ERROR


def _case(row: Ruling) -> Iterator[str]:
    finding = row.finding
    name = f"{finding.subject} {finding.fingerprint}"
    yield (
        f"    <testcase name={_attribute(name)} classname={_attribute('lineage.' + finding.rule)} "
        f'time="0">\n'
    )
    message = f"{place(finding.location)}: {finding.message}".removeprefix(": ")
    if _fails(row):
        text = escape(_clean(f"{message}\n{finding.help}"))
        facts = f'message={_attribute(message)} type="{finding.rule}"'
        yield f"      <failure {facts}>{text}</failure>\n"
    else:
        why = row.note or finding.severity.value
        yield f"      <skipped message={_attribute(f'{why}: {message}')}/>\n"
    yield "    </testcase>\n"


def _clean(text: str) -> str:
    return NOT_XML.sub("?", text)


def _attribute(text: str) -> str:
    return quoteattr(_clean(text))


REPORT = CheckReport(purpose="JUnit XML, findings as test cases", write=write)
