"""A check for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Severity
from lineage.policy.judge import Standing
from lineage.reports.check import Checked, CheckReport, headline, place, sight

COLOURS = {Severity.ERROR: 31, Severity.WARNING: 33, Severity.NOTE: 34}


def write(checked: Checked) -> Iterator[str]:
    """Yield lines, coloured; `cli.output.write` takes colours off."""
    yield f"\x1b[1m{headline(checked)}.\x1b[0m\n"
    yield f"{checked.base} -> {checked.head}: {sight(checked)}\n"
    for ruling in checked.rulings:
        finding = ruling.finding
        colour = COLOURS[finding.severity]
        where = place(finding.location)
        owners = f"  {', '.join(finding.owners)}" if finding.owners else ""
        standing = "" if ruling.standing is Standing.ACTIVE else f"  {ruling.standing.value}"
        yield (
            f"\n\x1b[{colour}m{finding.severity.value:<7}\x1b[0m {finding.rule}  "
            f"\x1b[1m{finding.subject}\x1b[0m{owners}{standing}\n"
        )
        yield f"  {where}{': ' if where else ''}{finding.message}\n"
        if len(finding.path) > 1:
            yield f"  via {' > '.join(finding.path)}\n"
        if ruling.note:
            yield f"  {ruling.note}\n"
        if finding.severity is Severity.ERROR:
            yield f"  fix: {finding.help}\n"
        yield f"  fingerprint {finding.fingerprint}\n"
    for problem in checked.unseen[:10]:
        yield f"\nnot seen: {place(problem.location)}: {problem.message}\n"
    if len(checked.unseen) > 10:  # noqa: PLR2004 - as above
        yield f"\nnot seen: {len(checked.unseen) - 10} more\n"
    if checked.tests:
        yield f"\nproposed tests:\n{checked.tests}"


REPORT = CheckReport(purpose="Lines for people at a terminal", write=write)
