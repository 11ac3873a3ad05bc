"""Catalog: every dataset, column and job, found as one types."""

from __future__ import annotations

import streamlit as st

import lineage
from app import address, links_to, opened, words
from lineage import DatasetId

LISTED = 500


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("Catalog", anchor=False)
    asked = address.get("q")
    text = st.text_input(
        "Search names, descriptions, tags and owners",
        value=asked,
        placeholder="invoice, pii, team:billing …",
    )
    address.put(q=text)
    rows = _found(estate, text) if text else _datasets(estate)
    st.caption(f"{len(rows):,} listed")
    chosen = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"catalog {text}",
    )
    selected = chosen.get("selection", {}).get("rows", [])
    name = str(rows[selected[0]]["name"]) if selected else address.get("dataset")
    if name:
        address.put(dataset=name)
        _one(estate, name)


def _found(estate: lineage.Workspace, text: str) -> list[dict[str, object]]:
    return [
        {"name": hit.label, "kind": hit.kind.value, "about": hit.detail}
        for hit in estate.search(text, limit=200)
    ]


def _datasets(estate: lineage.Workspace) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for id_, known in list(estate.snapshot.datasets.items())[:LISTED]:
        rows.append(
            {
                "name": estate.label(id_),
                "kind": known.kind.value,
                "columns": len(known.fields or ()),
                "owner": ", ".join(known.owners),
                "domain": known.domain or "",
                "tags": ", ".join(sorted(known.tags)),
                "about": (known.description or "").split("\n")[0],
            }
        )
    return rows


def _one(estate: lineage.Workspace, name: str) -> None:
    try:
        found = estate.resolve(name)
    except lineage.LineageError:
        _job(estate, name)
        return
    dataset = found if isinstance(found, DatasetId) else found.dataset
    known = estate.snapshot.datasets[dataset]
    st.subheader(estate.label(dataset), anchor=False)
    st.caption(f"{dataset.namespace} · {dataset.name} · {words.place(known.origin)}")
    links_to.column(name)
    if known.description:
        st.text(known.description)
    st.dataframe(
        [
            {
                "column": one.name,
                "type": one.type or "",
                "nullable": one.nullable,
                "tags": ", ".join(sorted(one.tags)),
                "about": one.description or "",
            }
            for one in known.fields or ()
        ],
        hide_index=True,
        width="stretch",
    )
    makers = [job.id.name for job in estate.snapshot.jobs.values() if dataset in job.outputs]
    readers = [job.id.name for job in estate.snapshot.jobs.values() if dataset in job.inputs]
    st.write(f"**Made by** {len(makers)} · **read by** {len(readers)}")
    st.text(
        "\n".join([*(f"makes: {job}" for job in makers), *(f"reads: {job}" for job in readers)])
    )


def _job(estate: lineage.Workspace, name: str) -> None:
    try:
        job = estate.resolve_job(name)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    statement = estate.statement(job)
    st.subheader(job.name, anchor=False)
    st.caption(words.place(statement.location))
    if statement.sql:
        st.html(words.marked(statement.sql, ()))
    else:
        st.info(statement.note or "Its SQL is not known.")
