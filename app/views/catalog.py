"""Catalog: every dataset, column and job, found as one types."""

from __future__ import annotations

from collections import Counter

import streamlit as st

import lineage
from app import address, lens, links_to, opened, question, words
from app.ask import ask
from lineage import DatasetId, FieldId

LISTED = 2000
KINDS = ("column", "dataset", "job")


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("Catalog", anchor=False)
    top = st.columns([3, 4], vertical_alignment="bottom")
    with top[0]:
        ask(
            estate,
            lambda text: _asked(estate, text),
            key="ask catalog",
            label="Search names, descriptions, tags and owners",
            value=address.get("q") or address.get("dataset"),
            hint="invoice, pii, billing-team …",
            only=KINDS,
        )
    with top[1]:
        kinds = Counter(known.kind.value for known in estate.snapshot.datasets.values())
        asked = address.get("kind")
        part = address.held("kind", asked if asked in kinds else None)
        wanted = st.pills(
            "Kind",
            [kind for kind, _ in kinds.most_common()],
            key=part.key,
            on_change=part.write,
        )
    text, name = address.get("q"), address.get("dataset")
    left, right = st.columns([3, 2], gap="medium") if name else (st.container(), st.container())
    with left:
        rows = _found(estate, text) if text else _datasets(estate, wanted)
        _listed(estate, rows, text, wanted)
    if name:
        with right:
            _one(estate, name)


def _asked(estate: lineage.Workspace, text: str) -> None:
    """Open what has that very name; else list what is found."""
    try:
        found = estate.resolve(text)
    except lineage.LineageError:
        if any(job.name == text for job in estate.snapshot.jobs):
            address.put(dataset=text, q=None)
        elif " " in text and _elsewhere(estate, text):
            return
        else:
            address.put(q=text, dataset=None)
        return
    address.put(dataset=estate.label(found), q=None)


def _elsewhere(estate: lineage.Workspace, text: str) -> bool:
    """Go where a question is answered, if the text is one."""
    try:
        place = question.place(estate, text)
    except lineage.LineageError:
        return False
    links_to.go(place)
    return True


def _listed(
    estate: lineage.Workspace, rows: list[dict[str, object]], text: str, kind: str | None
) -> None:
    total = len(estate.snapshot.datasets)
    st.caption(f"{len(rows):,} found" if text else f"{len(rows):,} listed of {total:,} datasets")
    if not rows:
        st.info("Nothing has that in its name, description, tags or owners.")
        return
    # A list that says something else than the address, after Back perhaps, begins anew.
    if st.session_state.get("catalog chosen", "") != address.get("dataset"):
        st.session_state["catalog chosen"] = address.get("dataset")
        st.session_state["catalog list"] = st.session_state.get("catalog list", 0) + 1
    key = f"catalog {st.session_state.get('catalog list', 0)} {text} {kind}"

    def chosen() -> None:
        selected = st.session_state[key].get("selection", {}).get("rows", [])
        name = str(rows[selected[0]]["name"]) if selected else ""
        st.session_state["catalog chosen"] = name
        address.put(dataset=name)

    st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        on_select=chosen,
        selection_mode="single-row",
        key=key,
        alt="Catalog",
    )


def _found(estate: lineage.Workspace, text: str) -> list[dict[str, object]]:
    return [
        {"name": hit.label, "kind": hit.kind.value, "about": hit.detail}
        for hit in estate.search(text, limit=200)
    ]


def _datasets(estate: lineage.Workspace, kind: str | None) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for id_, known in estate.snapshot.datasets.items():
        if kind is not None and known.kind.value != kind:
            continue
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
        if len(rows) == LISTED:
            break
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
    st.caption(
        " · ".join(filter(None, (dataset.namespace, dataset.name, words.place(known.origin))))
    )
    if known.description:
        st.text(known.description)
    tests = lens.tests(estate)[dataset]
    facts = {
        "owner": ", ".join(known.owners) or "nobody known",
        "domain": known.domain,
        "tags": ", ".join(sorted(known.tags)),
        "tests": str(tests),
        "written": f"{known.updated_at:%Y-%m-%d %H:%M} UTC" if known.updated_at else None,
        "also called": ", ".join(alias.name for alias in known.aliases),
    }
    st.html(words.facts(facts))
    links_to.column(name)
    links_to.impact(dataset, "drop_table", "May I drop it?")
    links_to.changes(estate.label(dataset), "What changed upstream?")
    rows = [
        {
            "column": f"▸ {one.name}"
            if isinstance(found, FieldId) and found.name == one.name
            else one.name,
            "type": one.type or "",
            "tags": ", ".join(sorted(one.tags)),
            "about": one.description or "",
        }
        for one in known.fields or ()
    ]
    if rows:
        empty = {key for key in rows[0] if not any(row[key] for row in rows)}
        words.drawn(rows, "Columns", without=empty)
    else:
        st.info("Its columns are not known.")
    makers = [job.id.name for job in estate.snapshot.jobs.values() if dataset in job.outputs]
    readers = [job.id.name for job in estate.snapshot.jobs.values() if dataset in job.inputs]
    with st.expander(f"Made by {len(makers)} · read by {len(readers)}"):
        st.text(
            "\n".join([*(f"makes: {job}" for job in makers), *(f"reads: {job}" for job in readers)])
        )
    _history(estate, dataset)


def _history(estate: lineage.Workspace, dataset: DatasetId) -> None:
    """List what its schema was, as far as that was recorded."""
    with st.expander("Schema history"):
        known = estate.snapshot.datasets[dataset]
        last = max((run.at for run in estate.snapshot.runs.values()), default=known.updated_at)
        if last is None:
            st.caption("Nothing that was read has a time.")
            return
        found = [
            one
            for one in estate.blame(dataset, last).culprits
            if one.kind.value == "schema" and one.hops == 0
        ]
        for one in found:
            st.text(f"{one.at:%Y-%m-%d %H:%M}  {one.message}")
        if not found:
            st.caption("It is not known to have changed.")


def _job(estate: lineage.Workspace, name: str) -> None:
    try:
        job = estate.resolve_job(name)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    statement = estate.statement(job)
    known = estate.snapshot.jobs[job]
    st.subheader(job.name, anchor=False)
    st.caption(words.place(statement.location))
    st.html(
        words.facts(
            {
                "kind": known.kind.value,
                "owner": ", ".join(known.owners) or "nobody known",
                "reads": ", ".join(estate.label(one) for one in known.inputs),
                "writes": ", ".join(estate.label(one) for one in known.outputs),
            }
        )
    )
    if known.description:
        st.text(known.description)
    if statement.sql:
        st.html(words.marked(statement.sql, ()))
    else:
        st.info(statement.note or "Its SQL is not known.")
