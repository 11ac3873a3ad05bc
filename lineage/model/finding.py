"""What a policy rule says about a change: the unit that CI reports, acknowledges and blocks on."""

from __future__ import annotations

from dataclasses import dataclass

from lineage.model.diagnostic import Location, Severity
from lineage.model.verdict import Known, Status


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule, one place. ``fingerprint`` survives moves and reformatting."""

    rule: str
    """Stable id, named for what it guards: ``COLUMN_NO_DELETE``."""
    message: str
    severity: Severity
    subject: str
    status: Status
    known: Known
    fingerprint: str
    location: Location | None = None
    owners: tuple[str, ...] = ()
    path: tuple[str, ...] = ()
    help: str = ""
