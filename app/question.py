"""What may be written into the search box: a name, or one of a few questions about names.

billing.invoices.amount                  its lineage
drop billing.invoices.amount             what breaks
rename billing.invoices.amount to gross  what breaks, and the plan
retype billing.invoices.amount to DOUBLE
add billing.invoices.note VARCHAR        what breaks once there is one column more
rename table customer_360 to c360
what breaks if I drop customer_360
billing.invoices.amount > churn_score    the ways between
why churn_score                          what changed upstream of it
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import lineage
from lineage import FieldId

_NOUN = r"(?:the )?(?:(?:table|view|column|model) )?"
_DROP = re.compile(rf"(?:drop|delete|remove) {_NOUN}(?P<name>.+)", re.IGNORECASE)
_RENAME = re.compile(rf"rename {_NOUN}(?P<name>\S+) (?:to|as|=) (?P<new>\S+)", re.IGNORECASE)
_RETYPE = re.compile(
    rf"(?:retype|cast|change) {_NOUN}(?P<name>\S+) (?:to|as) (?P<new>.+)", re.IGNORECASE
)
_ADD_TO = re.compile(
    rf"add {_NOUN}(?P<new>\S+)(?: (?P<typed>.+?))? to {_NOUN}(?P<name>\S+)", re.IGNORECASE
)
_ADD = re.compile(
    rf"add {_NOUN}(?P<name>\S+)\.(?P<new>[^\s.]+)(?: (?:as )?(?P<typed>.+))?", re.IGNORECASE
)
_ASKED = re.compile(
    r"(?:(?:what|which)(?: \w+){0,2} (?:breaks?|happens?|fails?|changes?)|what) (?:if|when) "
    r"(?:(?:i|we|you|one|somebody) )?|(?:may|can|could|should) (?:i|we) |please ",
    re.IGNORECASE,
)
_VERBS = {
    "drop": "drop_column",
    "delete": "drop_column",
    "remove": "drop_column",
    "rename": "rename_column",
    "retype": "type_change",
    "cast": "type_change",
    "change": "type_change",
    "add": "add_column",
}
_VERB = "|".join(_VERBS)
_WAYS = re.compile(r"(?:from |path )?(?P<name>\S+)\s*(?:>|->|→| to )\s*(?P<new>\S+)", re.IGNORECASE)
_WHY = re.compile(r"why (?:is |did |was )?(?P<name>\S+).*", re.IGNORECASE)
_BETWEEN = re.compile(rf"\s*(?:[,;]|\band\b)\s*(?=(?:{_VERB})\b)", re.IGNORECASE)
_BEGUN = re.compile(
    rf"(?P<before>(?:{_ASKED.pattern})?"
    rf"(?:{_VERB}|why(?: is)?) {_NOUN}|.*(?:>|->|→)\s*)(?P<name>\S*)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Place:
    """A page, and what its address says."""

    page: str
    query: dict[str, str]


class Unclear(lineage.RequestError):
    """A question that says too little; the message says what is missing."""


def place(estate: lineage.Workspace, text: str) -> Place:
    """Return where a question is answered.

    Raises LineageError where a name in it is none, and Unclear where something is missing.
    """
    text = " ".join(text.split()).rstrip("?").strip()
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
        if missing := _missing(text):
            raise Unclear(missing) from None
        raise


def _changes(estate: lineage.Workspace, text: str) -> list[dict[str, str]]:
    """Return the changes that a text proposes; none, unless each part of it is one."""
    if _known(estate, text):
        return []
    found: list[dict[str, str]] = []
    for part in _BETWEEN.split(_plain(text)):
        for pattern, kind in (
            (_RENAME, "rename_column"),
            (_RETYPE, "type_change"),
            (_DROP, "drop_column"),
            (_ADD_TO, "add_column"),
            (_ADD, "add_column"),
        ):
            if told := pattern.fullmatch(part):
                found.append(_change(estate, kind, **told.groupdict()))
                break
        else:
            return []
    return found


def _plain(text: str) -> str:
    """Return a question without what is asked about the change in it."""
    asked = _ASKED.match(text)
    return text[asked.end() :] if asked else text


def _missing(text: str) -> str:
    """Return what a change lacks that was begun; nothing, if none was."""
    verb, _, rest = _plain(text).partition(" ")
    kind = _VERBS.get(verb.lower())
    name = re.sub(rf"^{_NOUN}|\s+(?:to|as|=)$", "", rest.strip(), flags=re.IGNORECASE)
    if kind is None or " " in name:
        return ""
    if not name:
        return f"A name is missing: `{verb} NAME`"
    if kind == "rename_column":
        return f"A new name is missing: `rename {name} to NEW`"
    if kind == "type_change":
        return f"A new type is missing: `{verb} {name} to TYPE`"
    return f"A table is missing: `add {name} to TABLE`" if kind == "add_column" else ""


FORMS = (
    "drop NAME",
    "rename NAME to NEW",
    "retype NAME to TYPE",
    "add COLUMN TYPE to TABLE",
    "what breaks if I drop NAME",
    "NAME > NAME",
    "why NAME",
)
_UNDERSTOOD = "The box understands a name, or: " + " · ".join(f"`{form}`" for form in FORMS)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a text leads nowhere, and what may have been meant instead."""

    message: str
    offers: tuple[str, ...] = ()
    """Texts for the box."""


def trouble(estate: lineage.Workspace, text: str, *, searchable: bool = True) -> Trouble:
    """Return what to say about a text that names nothing, and asks nothing that is understood."""
    text = " ".join(text.split()).rstrip("?").strip()
    try:
        place(estate, text)
    except Unclear as error:
        return Trouble(f"{error}. {_UNDERSTOOD}")
    except lineage.AmbiguousName as error:
        return Trouble(
            f'"{error.name}" may be any of these; write more of the name.',
            tuple(text.replace(error.name, one) for one in error.candidates),
        )
    except lineage.UnknownName as error:
        return _unknown(estate, text, error, searchable=searchable)
    except lineage.LineageError as error:
        return Trouble(str(error))
    return Trouble(_UNDERSTOOD)


def _unknown(
    estate: lineage.Workspace, text: str, error: lineage.UnknownName, *, searchable: bool
) -> Trouble:
    name = error.name
    if error.nearest:
        told = f'Nothing is called "{name}"; did you mean one of these?'
        return Trouble(told, tuple(text.replace(name, one) for one in error.nearest))
    if " " in name:
        return Trouble(f'"{name}" is no name, and not understood as a question. {_UNDERSTOOD}')
    hits = estate.search(name, limit=8) if searchable else ()
    meant = tuple(text.replace(name, hit.label) for hit in hits if hit.kind.value != "job")
    if not meant:
        return Trouble(f'Nothing is called "{name}", and nothing looks like it. {_UNDERSTOOD}')
    return Trouble(
        f'Nothing is called "{name}". These have it in what is known of them: their description, '
        "tags, owners or names.",
        meant,
    )


def _known(estate: lineage.Workspace, text: str) -> bool:
    """Return whether a text is a name: a name may hold anything."""
    try:
        estate.resolve(text)
    except lineage.AmbiguousName:
        return True
    except lineage.LineageError:
        return False
    return True


def _change(
    estate: lineage.Workspace, kind: str, name: str, new: str = "", typed: str | None = None
) -> dict[str, str]:
    subject = estate.resolve(name)
    record: dict[str, str] = {"kind": kind}
    if isinstance(subject, FieldId):
        if kind == "add_column":
            msg = f"`{name}` is a column; a column is added to a table: `add {new} to TABLE`"
            raise Unclear(msg)
        record |= {"table": subject.dataset.name, "column": subject.name}
    else:
        if kind == "type_change":
            msg = f"`{name}` is a table; only a column has a type: `retype {name}.COLUMN to {new}`"
            raise Unclear(msg)
        whole = {"drop_column": "drop_table", "rename_column": "rename_table"}
        record |= {"kind": whole.get(kind, kind), "table": subject.name}
    if new:
        record["type" if kind == "type_change" else "new"] = new
    return record | ({"type": typed or "VARCHAR"} if kind == "add_column" else {})


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
