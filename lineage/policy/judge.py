"""From what the rules found to what is told, and whether it stops a merge."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from lineage.model.diagnostic import Severity
from lineage.model.finding import Finding
from lineage.model.verdict import Known, Status
from lineage.policy import RULES, Facts, Found, Rule, identifier
from lineage.policy.config import Acknowledgement, Config, Deprecation

IGNORE = re.compile(r"lineage:ignore\s+([A-Z_]+)\s+(\S[^\n]*?)\s*(?:\*/|#\}|-->)?\s*$")
ORDER = {severity: rank for rank, severity in enumerate(Severity)}


class Standing(StrEnum):
    """Whether a finding counts. What does not is shown all the same."""

    ACTIVE = "active"
    ACKNOWLEDGED = "acknowledged"
    BASELINE = "baseline"
    IGNORED = "ignored"
    DEPRECATED = "deprecated"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A finding, and how it stands."""

    finding: Finding
    standing: Standing = Standing.ACTIVE
    note: str = ""
    """Who said so and why; or that what somebody said has expired."""


@dataclass(frozen=True, slots=True)
class Given:
    """What is known besides the facts: the day, and what people wrote down."""

    today: date
    texts: Mapping[str, str]
    """The head's files by path, for comments in them."""
    baseline: frozenset[str] = frozenset()


def judge(facts: Facts, config: Config, given: Given) -> tuple[Ruling, ...]:
    """Return what all rules found, the worst first; each fingerprint comes once."""
    rulings: dict[str, Ruling] = {}
    for name in RULES.names():
        rule = RULES.get(name)
        for found in rule.check(facts):
            finding = _finding(identifier(name), rule, found)
            severity = _severity(facts, config, finding)
            if severity is None:
                continue
            finding = replace(finding, severity=severity)
            ruling = _ruling(finding, found, config, given)
            rulings.setdefault(finding.fingerprint, ruling)
    return tuple(sorted(rulings.values(), key=_order))


def _order(ruling: Ruling) -> tuple[bool, int, str, str, str]:
    finding = ruling.finding
    return (
        ruling.standing is not Standing.ACTIVE,
        ORDER[finding.severity],
        finding.rule,
        finding.subject,
        finding.message,
    )


def fingerprint(rule: str, subject: str, key: str) -> str:
    """Return what stays the same when files move and are formatted anew: no place is in it."""
    text = "\0".join((rule, subject.lower(), " ".join(key.lower().split())))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _finding(id_: str, rule: Rule, found: Found) -> Finding:
    return Finding(
        id_,
        found.message,
        found.severity or rule.severity,
        found.subject,
        found.status,
        found.known,
        fingerprint(id_, found.subject, found.key),
        found.location,
        found.owners,
        found.path,
        found.fix or rule.fix,
    )


def _severity(facts: Facts, config: Config, finding: Finding) -> Severity | None:
    """Return the severity that the last matching override gives; None is off."""
    severity: Severity | None = finding.severity
    if severity is Severity.ERROR and finding.known is Known.LINEAGE:
        severity = Severity.WARNING  # only what is proved may block
    by_domain = any(override.domain is not None for override in config.overrides)
    domain = _domain(facts, finding.subject) if by_domain else None
    path = finding.location.document if finding.location else ""
    for override in config.overrides:
        if override.matches(finding.rule, path, finding.owners, domain):
            severity = override.severity
    return severity


def _domain(facts: Facts, subject: str) -> str | None:
    """Return the domain of a relation by its short name, or of a consumer."""
    for id_, dataset in facts.head.snapshot.datasets.items():
        if dataset.domain and (id_.name == subject or id_.name.endswith(f".{subject}")):
            return dataset.domain
    jobs = facts.head.snapshot.jobs.items()
    return next((job.domain for job_id, job in jobs if job_id.name == subject), None)


def _ruling(finding: Finding, found: Found, config: Config, given: Given) -> Ruling:
    deprecation = _deprecation(finding, found, config.deprecations)
    if deprecation is not None:
        if given.today >= deprecation.until:
            note = f"deprecated until {deprecation.until}; {deprecation.reason}".rstrip("; ")
            return Ruling(finding, Standing.DEPRECATED, note)
        early = replace(finding, severity=Severity.ERROR)
        return Ruling(early, note=f"promised to stay until {deprecation.until}")
    ignored = _ignored(finding, given.texts)
    if ignored is not None:
        return Ruling(finding, Standing.IGNORED, ignored)
    expired = ""
    for row in config.acknowledgements:
        if row.fingerprint == finding.fingerprint:
            if given.today <= row.expires:
                return Ruling(finding, Standing.ACKNOWLEDGED, _said(row))
            expired = f"the acknowledgement of {row.owner} expired on {row.expires}"
    if finding.fingerprint in given.baseline:
        return Ruling(finding, Standing.BASELINE, "in the baseline")
    return Ruling(finding, note=expired)


def _said(row: Acknowledgement) -> str:
    return f"{row.owner}: {row.reason} (until {row.expires})"


def _deprecation(finding: Finding, found: Found, rows: Iterable[Deprecation]) -> Deprecation | None:
    if finding.rule != "COLUMN_NO_DELETE":
        return None
    name = f"{finding.subject}.{found.key}".lower()
    for row in rows:
        if name == row.column.lower() or name.endswith("." + row.column.lower()):
            return row
    return None


def _ignored(finding: Finding, texts: Mapping[str, str]) -> str | None:
    """Return the reason in a comment on the finding's line or on the line before it."""
    place = finding.location
    if place is None or place.document not in texts:
        return None
    lines = texts[place.document].splitlines()
    for number in (place.line, place.line - 1):
        if 0 < number <= len(lines):
            match = IGNORE.search(lines[number - 1])
            if match is not None and match[1] == finding.rule:
                return match[2]
    return None


def fails(rulings: Iterable[Ruling], fail_on: str) -> bool:
    """Return whether a finding that counts is at the threshold.

    ``breaking``: an error, all of which are proved. ``risky``: a warning as well. ``unknown``: an
    error, or what nobody could judge. ``any``: anything at all. ``never``: nothing.
    """
    for ruling in rulings:
        finding = ruling.finding
        if ruling.standing is not Standing.ACTIVE or fail_on == "never":
            continue
        if finding.severity is Severity.ERROR or fail_on == "any":
            return True
        if fail_on == "risky" and finding.severity is Severity.WARNING:
            return True
        if fail_on == "unknown" and finding.status is Status.UNKNOWN:
            return True
    return False
