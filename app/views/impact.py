"""Impact: a what-if of one or many changes, with the verdict for everything behind it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping

import streamlit as st

import lineage
from app import address, links_to, opened, question, spans, words
from app.ask import ask
from app.editor import editor
from app.load import Step
from app.views import plan
from lineage import DatasetId, FieldId

OF_COLUMN = {
    "drop_column": "Drop it",
    "rename_column": "Rename it",
    "type_change": "Change its type",
}
OF_TABLE = {
    "edit": "Edit its statement",
    "add_column": "Add a column",
    "reorder": "Reorder its columns",
    "drop_table": "Drop it",
    "rename_table": "Rename it",
}
_SAID = {
    "drop_column": "drop",
    "rename_column": "rename",
    "type_change": "retype",
    "add_column": "add to",
    "reorder": "reorder",
    "drop_table": "drop",
    "rename_table": "rename",
    "edit": "edit",
}
Record = Mapping[str, object]
TABS = ("Verdicts", "Evidence", "Plan")


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    opened.bind_soon()
    st.title("What breaks?", anchor=False)
    changes = _changes()
    _form(estate, changes)
    if not changes and not address.get("subject"):
        st.info(
            "Name a column or table above, or write the change: *drop orders.amount*, *rename "
            "orders.amount to net*. Everything downstream is bound again, and judged."
        )
    if not changes:
        return
    for number, record in enumerate(changes):
        left, right = st.columns([7, 1], vertical_alignment="center")
        left.write(
            f"**Change {number + 1}: {_SAID.get(str(record.get('kind')), '?')}** {_said(record)}"
        )
        if right.button("Remove", key=f"remove {number}", width="stretch"):
            _keep([one for place, one in enumerate(changes) if place != number])
    estate = opened.estate(Step.BOUND)
    try:
        with st.spinner("Binding everything downstream …"):
            found = estate.impact(estate.parse_change({"id": "explorer", "changes": changes}))
    except lineage.LineageError as error:
        st.error(str(error))
        return
    _answer(estate, found)


def _changes() -> list[Record]:
    try:
        found = json.loads(address.get("changes", "[]"))
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _keep(changes: list[Record]) -> None:
    address.put(
        changes=json.dumps(changes, separators=(",", ":")) if changes else None, subject=None
    )
    st.rerun()


def _said(record: Record) -> str:
    subject = ".".join(str(record[key]) for key in ("table", "column") if record.get(key))
    new = record.get("new") or record.get("type")
    return f"`{subject}`" + (f" → `{new}`" if new else "")


# ---- what is proposed ----------------------------------------------------------------------


def _form(estate: lineage.Workspace, changes: list[Record]) -> None:
    row = st.columns([4, 2, 3.2, 1.2], vertical_alignment="bottom")
    with row[0]:
        ask(
            estate,
            lambda text: _asked(estate, text, changes),
            key="ask impact",
            label="Column, table or change" if not changes else "And another change",
            value=address.get("subject"),
            hint="drop orders.amount",
        )
    text = address.get("subject")
    if not text:
        return
    try:
        subject = estate.resolve(text)
    except lineage.LineageError:
        _mend(estate, text, changes)
        return
    kinds = OF_COLUMN if isinstance(subject, FieldId) else OF_TABLE
    with row[1]:
        kind = st.selectbox("Change", list(kinds), format_func=kinds.__getitem__, key="kind")
    record = _record(subject, str(kind))
    with row[2]:
        _details(record)
    if kind == "edit" and isinstance(subject, DatasetId):
        record["sql"] = _edited(estate, subject)
    with row[3]:
        ready = all(value for value in record.values())
        if st.button("Judge", disabled=not ready, width="stretch"):
            _keep([*changes, record])
    if ready:
        _live(estate, changes, record)


def _mend(estate: lineage.Workspace, text: str, changes: list[Record]) -> None:
    """Say what is wrong with what was written, and offer what may be meant."""
    found = question.trouble(estate, text, searchable=opened.is_searchable())
    st.warning(found.message)
    for offer in dict.fromkeys(found.offers):
        if st.button(offer, key=f"meant {offer}"):
            _asked(estate, offer, changes)
            st.rerun()


def _asked(estate: lineage.Workspace, text: str, changes: list[Record]) -> None:
    """Take a change that was written out, or what is to be changed."""
    try:
        place = question.place(estate, text)
    except lineage.LineageError:
        address.put(subject=text)
        return
    if place.page == "impact":
        more = json.loads(place.query["changes"])
        address.put(
            changes=json.dumps([*changes, *more], separators=(",", ":")),
            subject=None,
            tab=place.query.get("tab"),
        )
    elif place.page == "column":
        address.put(subject=place.query["column"])
    else:
        links_to.go(place)


def _record(subject: FieldId | DatasetId, kind: str) -> dict[str, object]:
    if isinstance(subject, FieldId):
        return {"kind": kind, "table": subject.dataset.name, "column": subject.name}
    return {"kind": kind, "table": subject.name}


def _details(record: dict[str, object]) -> None:
    kind = record["kind"]
    if kind in {"rename_column", "rename_table"}:
        record["new"] = st.text_input("New name")
    elif kind == "type_change":
        record["type"] = st.text_input("New type", placeholder="DOUBLE")
    elif kind == "add_column":
        # Side by side: one above the other would move what stands beside them.
        left, right = st.columns(2)
        record["new"] = left.text_input("Its name")
        record["type"] = right.text_input("Its type", value="VARCHAR")


def _edited(estate: lineage.Workspace, dataset: DatasetId) -> str:
    """Offer the statement that makes a table, to be edited; what differs is shown beside it."""
    job = next(
        (one for one in estate.snapshot.jobs.values() if dataset in one.outputs and one.sql), None
    )
    current = job.sql if job is not None and job.sql else "select 1 as id"
    text = editor(current, of=dataset.name, label=f"Statement of {dataset.name}")
    lines = list(difflib.unified_diff(current.splitlines(), text.splitlines(), n=1, lineterm=""))
    if not lines:
        st.caption("Change it: Tab indents, Escape then Tab leaves, Ctrl+Enter judges at once.")
        return ""
    st.html(plan.marked(lines))
    return text


def _live(estate: lineage.Workspace, changes: list[Record], record: Record) -> None:
    """Say in one line what would come of it, before it is added."""
    if not opened.is_bound():
        st.caption(f"{opened.phase()} … what would break follows when every statement is bound.")
        return
    try:
        found = estate.impact(estate.parse_change({"id": "live", "changes": [*changes, record]}))
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    st.info(f"With this: {estate.headline(found)}")


# ---- what comes of it ----------------------------------------------------------------------


def _answer(estate: lineage.Workspace, found: lineage.Impact) -> None:
    head = st.container()
    # First, although it stands below: what the witness says is in the headline.
    found = _witnessed(estate, found)
    coverage = found.coverage
    head.subheader(estate.headline(found), anchor=False)
    head.caption(
        f"{coverage.proved} proved by binding · {coverage.inferred} inferred from lineage · "
        f"{coverage.unknown} unknown"
    )
    part = address.held("tab", address.one_of("tab", TABS), TABS[0])
    verdicts, evidence, patches = st.tabs(TABS, key=part.key, on_change=part.write)
    if verdicts.open:
        with verdicts:
            _verdicts(estate, found)
    if evidence.open:
        with evidence:
            _evidence(estate, found)
    if patches.open:
        with patches:
            plan.draw(estate, found.change)


def _witnessed(estate: lineage.Workspace, found: lineage.Impact) -> lineage.Impact:
    """Ask a real engine too, if that is wanted."""
    part = address.flag("witness")
    wanted = st.toggle("Ask DuckDB as a witness", key=part.key, on_change=part.write)
    if not wanted:
        return found
    try:
        with st.spinner("DuckDB builds it on empty tables …"):
            answer = estate.witness(found, "duckdb")
    except lineage.LineageError as error:
        st.warning(str(error))
        return found
    engine = sum(
        verdict.known is lineage.Known.ENGINE for verdict in (*answer.relations, *answer.consumers)
    )
    st.caption(f"DuckDB was asked about {engine} of them, and its word stands.")
    for told in answer.diagnostics:
        st.warning(told.message)
    return answer


def _verdicts(estate: lineage.Workspace, found: lineage.Impact) -> None:
    rows = words.verdict_rows(found)
    text, one, two, three = st.columns([3, 1, 1, 1], vertical_alignment="bottom")
    wanted = text.text_input("Only those with", placeholder="part of a name, owner or reason")
    words.save("CSV", words.csv_of(rows), "impact.csv", place=one)
    words.save("JSON", estate.told(found, "json"), "impact.json", place=two)
    words.save("Markdown", estate.told(found), "impact.md", place=three)
    if not rows:
        st.success("Everything downstream was bound again, and stays as it is.")
        return
    words.drawn(words.filtered(rows, wanted), "Verdicts", without={"kind", "path"})


def _evidence(estate: lineage.Workspace, found: lineage.Impact) -> None:
    told = [
        verdict
        for verdict in (*found.relations, *found.consumers)
        if verdict.status.value not in {"OK", "BLOCKED"}
    ]
    if not told:
        st.success("Nothing is hurt at first hand.")
    for verdict in told:
        mark = words.STATUS_MARKS[verdict.status.value]
        with st.expander(f"{mark} {verdict.relation}", expanded=verdict.status.value == "BREAKS"):
            for evidence in verdict.evidence:
                where = words.place(evidence.location or verdict.location)
                st.text(f"{where}\n{'' if evidence.certain else 'may: '}{evidence.message}")
            if verdict.path:
                st.caption(" → ".join(verdict.path))
            if verdict.owners:
                st.caption(f"Owner: {', '.join(verdict.owners)}")
            _statement(estate, verdict)


def _statement(estate: lineage.Workspace, verdict: lineage.Verdict) -> None:
    job = next(
        (
            one
            for one in estate.snapshot.jobs.values()
            if one.sql and (verdict.subject in one.outputs or verdict.subject == one.id)
        ),
        None,
    )
    if job is not None and job.sql:
        st.html(words.marked(job.sql, _spans(job, verdict)))


def _spans(job: lineage.Job, verdict: lineage.Verdict) -> list[tuple[int, int]]:
    """Return the words of the statement that the evidence names."""
    named = [one.column.rsplit(".", 1)[-1] for one in verdict.evidence if one.column]
    return spans.named(job.sql or "", named)
