"""What may be written into the search box: a name, or one of a few questions about names.

billing.invoices.amount                  its lineage
drop billing.invoices.amount             what breaks
rename billing.invoices.amount to gross  what breaks, and the plan
retype billing.invoices.amount to DOUBLE
billing.invoices.amount > churn_score    the ways between
why churn_score                          what changed upstream of it
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import lineage
from lineage import FieldId

_DROP = re.compile(r"(?:(?:may|can) (?:i|we) )?(?:drop|delete|remove) (?P<name>.+)", re.IGNORECASE)
_RENAME = re.compile(r"rename (?P<name>\S+) (?:to|as|=) (?P<new>\S+)", re.IGNORECASE)
_RETYPE = re.compile(r"(?:retype|cast|change) (?P<name>\S+) (?:to|as) (?P<new>.+)", re.IGNORECASE)
_WAYS = re.compile(r"(?:from |path )?(?P<name>\S+)\s*(?:>|->|→| to )\s*(?P<new>\S+)", re.IGNORECASE)
_WHY = re.compile(r"why (?:is |did |was )?(?P<name>\S+).*", re.IGNORECASE)
_BETWEEN = re.compile(
    r"\s*(?:[,;]|\band\b)\s*(?=(?:drop|delete|remove|rename|retype|cast|change)\b)", re.IGNORECASE
)
_BEGUN = re.compile(
    r"(?P<before>(?:(?:may|can) (?:i|we) )?"
    r"(?:drop|delete|remove|rename|retype|cast|change|why(?: is)?) |.*(?:>|->|→)\s*)(?P<name>\S*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page, and what its address says."""

    page: str
    query: dict[str, str]


def place(estate: lineage.Workspace, text: str) -> Place:
    """Return where a question is answered. Raises LineageError where a name in it is none."""
    text = text.strip().rstrip("?").strip()
    if changes := _changes(estate, text):
        query = {"changes": json.dumps(changes, separators=(",", ":"))}
        planned = any(str(one["kind"]) == "rename_column" for one in changes)
        return Place("impact", query | ({"tab": "Plan"} if planned else {}))
    if (found := _WHY.fullmatch(text)) and not _known(estate, text):
        return Place("changes", {"broken": estate.label(estate.resolve(found["name"]))})
    if (found := _WAYS.fullmatch(text)) and not _known(estate, text):
        one = estate.label(estate.resolve(found["name"]))
        other = estate.label(estate.resolve(found["new"]))
        return Place("column", {"column": one, "path": f"{one}>{other}"})
    try:
        return Place("column", {"column": estate.label(estate.resolve(text))})
    except lineage.UnknownName:
        if any(job.name == text for job in estate.snapshot.jobs):
            return Place("catalog", {"dataset": text})
        raise


def _changes(estate: lineage.Workspace, text: str) -> list[dict[str, str]]:
    """Return the changes that a text proposes; none, unless each part of it is one."""
    found: list[dict[str, str]] = []
    for part in _BETWEEN.split(text):
        for pattern, kind in (
            (_RENAME, "rename_column"),
            (_RETYPE, "type_change"),
            (_DROP, "drop_column"),
        ):
            if told := pattern.fullmatch(part):
                found.append(_change(estate, kind, **told.groupdict()))
                break
        else:
            return []
    return found


def _known(estate: lineage.Workspace, text: str) -> bool:
    """Return whether a text is a name: a name may hold anything."""
    try:
        estate.resolve(text)
    except lineage.AmbiguousName:
        return True
    except lineage.LineageError:
        return False
    return True


def _change(estate: lineage.Workspace, kind: str, name: str, new: str = "") -> dict[str, str]:
    subject = estate.resolve(name)
    record: dict[str, str] = {"kind": kind}
    if isinstance(subject, FieldId):
        record |= {"table": subject.dataset.name, "column": subject.name}
    else:
        record |= {"kind": kind.replace("_column", "_table"), "table": subject.name}
    if new:
        record["type" if kind == "type_change" else "new"] = new
    return record


def completions(
    estate: lineage.Workspace, text: str, only: tuple[str, ...], limit: int
) -> list[dict[str, str]]:
    """Return what a text may become: the whole of it, what kind of thing it is, and about it."""
    begun = _BEGUN.fullmatch(text)
    before, name = (begun["before"], begun["name"]) if begun else ("", text)
    hits = estate.search(name, limit=limit * 3)
    return [
        {
            "text": before + hit.label,
            "name": hit.label,
            "kind": hit.kind.value,
            "about": hit.detail[:120],
        }
        for hit in hits
        if hit.kind.value in only
    ][:limit]
