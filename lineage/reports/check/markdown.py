"""A check as one comment on a pull request: verdict and number first, details folded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lineage.model.diagnostic import Severity
from lineage.policy.judge import Ruling, Standing
from lineage.reports.check import Checked, CheckReport, headline, place, sight

MARK = "<!-- lineage-check -->"
"""By which the one comment is found again, to be written anew."""
LIMIT = 60_000
"""GitHub takes 65,536 characters in a comment."""
ICONS = {Severity.ERROR: "🔴", Severity.WARNING: "🟠", Severity.NOTE: "🔵"}


def write(checked: Checked) -> Iterator[str]:
    """Yield the comment in one piece, cut between findings where it would be too long."""
    active = checked.active()
    icon = "❌" if checked.failed else "⚠️" if active else "✅"
    head = [MARK, f"### {icon} {headline(checked)}", ""]
    owners = sorted({owner for row in active for owner in row.finding.owners})
    if owners:
        head += [f"**Owners:** {', '.join(map(safe, owners))}", ""]
    shown = [row for row in active if row.finding.severity is Severity.ERROR]
    other = [row for row in active if row.finding.severity is not Severity.ERROR]
    quiet = [row for row in checked.rulings if row.standing is not Standing.ACTIVE]
    sides = f"{safe(checked.base)} → {safe(checked.head)}"
    foot = ["", f"<sub>{sides} · {sight(checked)}</sub>"]
    room = LIMIT - sum(map(len, head + foot))
    body = _cut(
        [
            *_table(shown),
            *_folded("Risks and notes", other),
            *_folded("Acknowledged", quiet),
            *_unseen(checked),
            *_tests(checked),
        ],
        room,
    )
    yield "\n".join([*head, *body, *foot]) + "\n"


def _cut(blocks: list[str], room: int) -> list[str]:
    kept: list[str] = []
    for block in blocks:
        room -= len(block) + 1
        if room < 100:  # noqa: PLR2004 - for the last line
            left = len(blocks) - len(kept)
            return [*kept, "", f"… {left} more blocks are in the full report of the job."]
        kept.append(block)
    return kept


def _table(rows: Iterable[Ruling]) -> Iterator[str]:
    lines = []
    for row in rows:
        finding = row.finding
        cells = (
            f"{ICONS[finding.severity]} **{safe(finding.subject)}**",
            code(place(finding.location)).replace("|", "\\|") if finding.location else "",
            safe(finding.message) + (f" *{safe(row.note)}*" if row.note else ""),
            safe(", ".join(finding.owners)),
            f"`{finding.rule}`",
        )
        lines.append(f"| {' | '.join(cells)} |")
    for start in range(0, len(lines), 50):
        part = ["| what | where | why | owner | rule |", "|---|---|---|---|---|"]
        yield "\n".join([*part, *lines[start : start + 50], ""])


def _folded(title: str, rows: list[Ruling]) -> Iterator[str]:
    for table in _table(rows):
        yield f"<details><summary>{title} ({len(rows)})</summary>\n\n{table}\n</details>"


def _unseen(checked: Checked) -> Iterator[str]:
    if checked.unseen:
        lines = [
            f"- {code(place(row.location))} {safe(row.message)}" for row in checked.unseen[:50]
        ]
        title = f"Not understood ({len(checked.unseen)})"
        listed = "\n".join(lines)
        yield f"<details><summary>{title}</summary>\n\n{listed}\n\n</details>"


def _tests(checked: Checked) -> Iterator[str]:
    if checked.tests:
        yield (
            "<details><summary>Tests that would have caught it</summary>\n\n```yaml\n"
            f"{checked.tests.replace('```', '')}```\n\n</details>"
        )


def code(text: str) -> str:
    """Return text as it stands, on one line."""
    return f"`{' '.join(text.replace('`', '').split())}`"


def safe(text: str) -> str:
    """Return text that Markdown takes for text: no table, link, tag, mention or emphasis.

    A zero-width space behind ``@`` and ``#`` keeps people and issues from being linked.
    """
    flat = " ".join(text.split())
    escaped = flat.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    marked = _MARKUP.sub(lambda found: "".join(f"\\{letter}" for letter in found[0]), escaped)
    return _LINKED.sub(r"\g<0>&#8203;", marked)


_MARKUP = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_+|_+(?![^\W_])")
_LINKED = re.compile(r"@|(?<!&)#(?=\w)")

REPORT = CheckReport(purpose="One comment on a pull request, size-capped", write=write)
