"""What a repository decided: from lineage.toml, or [tool.lineage] in pyproject.toml.

[check]
fail_on = "breaking"
coverage_floor = 0.9
[check.rules]
COLUMN_SAME_TYPE = "off"
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from lineage.errors import BadPolicy, UnknownDialect
from lineage.model.diagnostic import Severity
from lineage.sql.known import require_dialect

FAIL_ON = ("never", "breaking", "risky", "unknown", "any")
OFF = "off"


@dataclass(frozen=True, slots=True)
class Override:
    """Another severity for findings that match all that is said; None matches everything."""

    severity: Severity | None
    """None is off."""
    rule: str | None = None
    path: str | None = None
    owner: str | None = None
    domain: str | None = None

    def matches(self, rule: str, path: str, owners: tuple[str, ...], domain: str | None) -> bool:
        """Return whether a finding is meant."""
        return (
            (self.rule is None or self.rule == rule)
            and (self.path is None or fnmatch.fnmatchcase(path, self.path))
            and (self.owner is None or self.owner in owners)
            and (self.domain is None or self.domain == domain)
        )


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody knows of a finding and takes it on, until a day."""

    fingerprint: str
    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True)
class Deprecation:
    """A column that will go: not before ``until``, and freely from that day on."""

    column: str
    until: date
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """All decisions; what nobody decided has the value here."""

    fail_on: str = "breaking"
    dialect: str | None = None
    coverage_floor: float | None = None
    baseline: str | None = None
    overrides: tuple[Override, ...] = ()
    acknowledgements: tuple[Acknowledgement, ...] = ()
    deprecations: tuple[Deprecation, ...] = ()


KEYS = frozenset(
    {
        "fail_on",
        "dialect",
        "coverage_floor",
        "baseline",
        "rules",
        "override",
        "acknowledge",
        "deprecate",
    }
)


def configured(table: Mapping[str, object], place: str, rules: Iterable[str]) -> Config:
    """Return what a ``[check]`` table says. Raises BadPolicy with what is wrong in it."""
    reader = _Reader(place, frozenset(rules))
    reader.only(table, KEYS)
    fail_on = reader.text(table, "fail_on") or "breaking"
    if fail_on not in FAIL_ON:
        raise BadPolicy(place, f'fail_on = "{fail_on}" must be one of {", ".join(FAIL_ON)}')
    rows = [
        Override(reader.severity(severity), rule=reader.rule(rule))
        for rule, severity in reader.table(table, "rules").items()
    ]
    for row in reader.rows(table, "override", "rule", "path", "owner", "domain", "severity"):
        rule = reader.text(row, "rule")
        rows.append(
            Override(
                reader.severity(row.get("severity")),
                reader.rule(rule) if rule else None,
                reader.text(row, "path"),
                reader.text(row, "owner"),
                reader.text(row, "domain"),
            )
        )
    return Config(
        fail_on,
        reader.dialect(table),
        reader.share(table.get("coverage_floor")),
        reader.text(table, "baseline"),
        tuple(rows),
        tuple(
            Acknowledgement(
                reader.needed(row, "fingerprint"),
                reader.needed(row, "reason"),
                reader.needed(row, "owner"),
                reader.day(row, "expires"),
            )
            for row in reader.rows(
                table, "acknowledge", "fingerprint", "reason", "owner", "expires"
            )
        ),
        tuple(
            Deprecation(
                reader.needed(row, "column"),
                reader.day(row, "until"),
                reader.text(row, "reason") or "",
            )
            for row in reader.rows(table, "deprecate", "column", "until", "reason")
        ),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    place: str
    rules: frozenset[str]

    def text(self, table: Mapping[str, object], key: str) -> str | None:
        found = table.get(key)
        if found is None or isinstance(found, str):
            return found
        raise BadPolicy(self.place, f"{key} must be a text")

    def dialect(self, table: Mapping[str, object]) -> str | None:
        found = self.text(table, "dialect")
        if found:
            try:
                require_dialect(found)
            except UnknownDialect as error:
                raise BadPolicy(self.place, str(error).rstrip(".?")) from error
        return found

    def needed(self, table: Mapping[str, object], key: str) -> str:
        found = self.text(table, key)
        if not found:
            raise BadPolicy(self.place, f"{key} is missing")
        return found

    def day(self, table: Mapping[str, object], key: str) -> date:
        found = table.get(key)
        if isinstance(found, str):
            try:
                return date.fromisoformat(found)
            except ValueError:
                found = None
        if not isinstance(found, date):
            raise BadPolicy(self.place, f"{key} must be a date, such as 2027-01-31")
        return found

    def table(self, table: Mapping[str, object], key: str) -> Mapping[str, object]:
        found = table.get(key, {})
        if not isinstance(found, dict):
            raise BadPolicy(self.place, f"{key} must be a table")
        return found

    def rows(
        self, table: Mapping[str, object], key: str, *known: str
    ) -> list[Mapping[str, object]]:
        found = table.get(key, [])
        if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
            raise BadPolicy(self.place, f"{key} must be tables: [[check.{key}]]")
        for row in found:
            self.only(row, known)
        return found

    def only(self, table: Mapping[str, object], known: Iterable[str]) -> None:
        """Raise for a setting that there is not: it is misspelt, and would do nothing."""
        for key in sorted(set(table) - set(known)):
            listed = ", ".join(sorted(known))
            raise BadPolicy(self.place, f'there is no setting "{key}"; there are {listed}')

    def rule(self, name: str) -> str:
        if name not in self.rules:
            raise BadPolicy(self.place, f'there is no rule "{name}"; `lineage rules` lists them')
        return name

    def severity(self, value: object) -> Severity | None:
        if value == OFF:
            return None
        try:
            return Severity(str(value))
        except ValueError:
            message = f'severity "{value}" must be error, warning, note or off'
            raise BadPolicy(self.place, message) from None

    def share(self, value: object) -> float | None:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise BadPolicy(self.place, "coverage_floor must be a number from 0 to 1")
        return float(value)
