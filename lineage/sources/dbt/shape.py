"""What in dbt's artifacts is not what it should be: it is passed over, and told.

Only what is looked for is looked at, and only its kind: members come and go with dbt's releases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.wire import escape
from lineage.sources.dbt.facts import text

_SECTIONS = (
    "nodes",
    "sources",
    "exposures",
    "groups",
    "macros",
    "metrics",
    "saved_queries",
    "semantic_models",
    "unit_tests",
)
_NEEDED = "nodes"
"""Without these there is nothing to analyse."""
_MISSING = "missing-member"
_PARTS = ("columns", "config", "depends_on")
_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (Mapping, "an object"),
    (list, "an array"),
    (str, "text"),
    ((int, float), "a number"),
)


class Fault(NamedTuple):
    """A member that cannot be used, and whether that leaves out what is to be analysed."""

    pointer: str
    message: str
    serious: bool = False
    code: str = "wrong-type"

    def diagnostic(self, document: str) -> Diagnostic:
        """Return it as a problem of a document."""
        severity = Severity.ERROR if self.serious else Severity.WARNING
        return Diagnostic(self.code, self.message, severity, Location(document, 0, 0, self.pointer))


def of_manifest(content: object) -> Iterator[Fault]:
    """Yield what cannot be used of a manifest."""
    if not isinstance(content, Mapping):
        yield _expected("", "an object", content, serious=True)
        return
    if "metadata" in content:
        yield from _object(content["metadata"], "/metadata")
    else:
        yield Fault(
            "", '"metadata" is missing; neither project nor adapter is known', code=_MISSING
        )
    for name in _SECTIONS:
        serious = name == _NEEDED
        if name in content:
            yield from _section(content[name], f"/{name}", serious=serious)
        elif serious:
            message = '"nodes" is missing, so nothing of the project is known; run dbt again'
            yield Fault("", message, serious=True, code=_MISSING)


def of_catalog(content: object) -> Iterator[Fault]:
    """Yield what cannot be used of a catalog."""
    yield from _object(content, "")
    if not isinstance(content, Mapping):
        return
    for name in ("nodes", "sources"):
        for id_, entry in _entries(content.get(name)):
            place = f"/{name}/{escape(id_)}"
            yield from _object(entry, place)
            if isinstance(entry, Mapping):
                yield from _section(entry.get("columns"), f"{place}/columns")
        if name in content:
            yield from _object(content[name], f"/{name}")


def of_results(content: object) -> Iterator[Fault]:
    """Yield what cannot be used of run results."""
    yield from _object(content, "")
    if not isinstance(content, Mapping):
        return
    rows = content.get("results", [])
    if not isinstance(rows, list):
        yield _expected("/results", "an array", rows)
        return
    for number, row in enumerate(rows):
        place = f"/results/{number}"
        yield from _object(row, place)
        if isinstance(row, Mapping) and text(row.get("unique_id")) is None:
            message = '"unique_id" is missing; the result is left out'
            yield Fault(place, message, code=_MISSING)


def _section(content: object, place: str, *, serious: bool = False) -> Iterator[Fault]:
    """Yield what is wrong with an object of objects, and with the parts of each."""
    yield from _object(content, place, serious=serious)
    for id_, entry in _entries(content):
        inner = f"{place}/{escape(id_)}"
        yield from _object(entry, inner, serious=serious)
        if isinstance(entry, Mapping):
            for part in _PARTS:
                if entry.get(part):  # an empty array loses nothing
                    yield from _object(entry[part], f"{inner}/{part}")


def _entries(content: object) -> Iterator[tuple[str, object]]:
    if isinstance(content, Mapping):
        yield from content.items()


def _object(content: object, place: str, *, serious: bool = False) -> Iterator[Fault]:
    if not isinstance(content, Mapping):
        yield _expected(place, "an object", content, serious=serious)


def _expected(place: str, wanted: str, found: object, *, serious: bool = False) -> Fault:
    shown = next((name for kind, name in _KINDS if isinstance(found, kind)), "null")
    return Fault(place, f"expected {wanted}, found {shown}; it is left out", serious)


__all__ = ["Fault", "of_catalog", "of_manifest", "of_results"]
