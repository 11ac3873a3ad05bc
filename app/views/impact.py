"""Impact: a what-if of one or many changes, with the verdict for everything behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping

import streamlit as st

import lineage
from app import address, opened, words
from lineage import FieldId

KINDS = {
    "drop_column": "Drop a column",
    "rename_column": "Rename a column",
    "type_change": "Change a type",
    "add_column": "Add a column",
    "reorder": "Reorder columns",
    "drop_table": "Drop a table",
    "rename_table": "Rename a table",
    "edit": "Edit a statement",
}
_OF_COLUMN = {"drop_column", "rename_column", "type_change"}
_NEEDS = {"rename_column": "New name", "type_change": "New type", "rename_table": "New name"}


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("What breaks?", anchor=False)
    changes = _changes()
    _form(estate, changes)
    if not changes:
        st.info("Propose a change: everything downstream is bound again, and judged.")
        return
    for number, record in enumerate(changes):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.write(f"**{KINDS.get(str(record.get('kind')), '?')}** {_said(record)}")
        if right.button("Remove", key=f"remove {number}", width="stretch"):
            _keep([one for place, one in enumerate(changes) if place != number])
    try:
        with st.spinner("Binding everything downstream …"):
            found = estate.impact(estate.parse_change({"id": "explorer", "changes": changes}))
    except lineage.LineageError as error:
        st.error(str(error))
        return
    _answer(estate, found)


def _changes() -> list[Mapping[str, object]]:
    try:
        found = json.loads(address.get("changes", "[]"))
    except ValueError:
        return []
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _keep(changes: list[Mapping[str, object]]) -> None:
    address.put(changes=json.dumps(changes, separators=(",", ":")) if changes else None)
    st.rerun()


def _said(record: Mapping[str, object]) -> str:
    subject = ".".join(str(record[key]) for key in ("table", "column") if record.get(key))
    new = record.get("new") or record.get("type")
    return f"`{subject}`" + (f" → `{new}`" if new else "")


def _form(estate: lineage.Workspace, changes: list[Mapping[str, object]]) -> None:
    with st.expander("Propose a change", expanded=not changes):
        kind = st.selectbox("Change", list(KINDS), format_func=KINDS.__getitem__)
        tables = sorted(estate.label(id_) for id_ in estate.snapshot.datasets)
        record: dict[str, object] = {"kind": kind}
        if kind in _OF_COLUMN:
            text = st.selectbox(
                "Column", opened.labels(estate), index=None, placeholder="orders.amount"
            )
            column = estate.resolve(text) if text else None
            if isinstance(column, FieldId):
                record |= {"table": column.dataset.name, "column": column.name}
        else:
            text = st.selectbox("Table", tables, index=None, placeholder="orders")
            if text:
                record["table"] = estate.resolve(text).name
        if kind in _NEEDS:
            record["new"] = st.text_input(_NEEDS[kind])
        if kind == "add_column":
            record["new"] = st.text_input("Name of the column")
            record["type"] = st.text_input("Type", value="VARCHAR")
        if kind == "edit" and text:
            record["sql"] = _editor(estate, text)
        ready = bool(text) and all(value for value in record.values())
        if st.button("Add the change", type="primary", disabled=not ready):
            _keep([*changes, record])


def _editor(estate: lineage.Workspace, table: str) -> str:
    """Offer the statement that makes a table, to be edited."""
    dataset = estate.resolve(table)
    job = next(
        (one for one in estate.snapshot.jobs.values() if dataset in one.outputs and one.sql), None
    )
    current = job.sql if job is not None and job.sql else "select 1 as id"
    return st.text_area("Statement", current, height=320)


def _answer(estate: lineage.Workspace, found: lineage.Impact) -> None:
    st.subheader(estate.headline(found), anchor=False)
    coverage = found.coverage
    st.caption(
        f"{coverage.proved} proved by binding · {coverage.inferred} inferred from lineage · "
        f"{coverage.unknown} unknown"
    )
    rows = words.verdict_rows(found)
    one, two, three, _ = st.columns([1, 1, 1, 3])
    one.download_button("CSV", words.csv_of(rows), "impact.csv", "text/csv", width="stretch")
    two.download_button(
        "JSON", estate.told(found, "json"), "impact.json", "application/json", width="stretch"
    )
    three.download_button(
        "Markdown", estate.told(found), "impact.md", "text/markdown", width="stretch"
    )
    if st.toggle("Ask DuckDB as a witness", value=address.get("witness") == "1"):
        address.put(witness="1")
        try:
            found = estate.witness(found, "duckdb")
            rows = words.verdict_rows(found)
            for told in found.diagnostics:
                st.warning(told.message)
        except lineage.LineageError as error:
            st.warning(str(error))
    else:
        address.put(witness=None)
    if not rows:
        st.success("Everything downstream was bound again, and stays as it is.")
        return
    st.dataframe(rows, hide_index=True, width="stretch")
    _evidence(estate, found)


def _evidence(estate: lineage.Workspace, found: lineage.Impact) -> None:
    st.subheader("Evidence", anchor=False)
    for verdict in (*found.relations, *found.consumers):
        if verdict.status.value in {"OK", "BLOCKED"}:
            continue
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
        st.html(words.marked(job.sql, ()))
