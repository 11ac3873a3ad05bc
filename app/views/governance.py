"""Governance: where labelled data flows, who owns what, what is promised."""

from __future__ import annotations

from collections import Counter

import streamlit as st

import lineage
from app import address, opened
from lineage import FieldId


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("Governance", anchor=False)
    flow, owners, contracts = st.tabs(
        ["Where labelled data flows", "Owners and domains", "Contracts"]
    )
    with flow:
        _flow(estate)
    with owners:
        _owners(estate)
    with contracts:
        _contracts(estate)


def _flow(estate: lineage.Workspace) -> None:
    tagged: dict[str, list[FieldId]] = {}
    for id_, known in estate.snapshot.datasets.items():
        for one in known.fields or ():
            for tag in one.tags:
                tagged.setdefault(tag, []).append(FieldId(id_, one.name))
    if not tagged:
        st.info("No column has a tag. Tags of dbt and OpenLineage are read.")
        return
    tags = sorted(tagged)
    asked = address.get("tag")
    tag = st.selectbox("Label", tags, index=tags.index(asked) if asked in tags else 0)
    address.put(tag=tag)
    rows: dict[FieldId, dict[str, object]] = {}
    for column in tagged[tag]:
        for reached in estate.downstream(column, direct=True, edges=False).reached:
            labelled = reached.field in tagged[tag]
            rows.setdefault(
                reached.field,
                {
                    "column": estate.label(reached.field),
                    "from": estate.label(column),
                    "hops": reached.hops,
                    "labelled": labelled,
                },
            )
    bare = [row for row in rows.values() if not row["labelled"]]
    first, second, third = st.columns(3)
    first.metric("Labelled columns", len(tagged[tag]))
    second.metric("Columns their values reach", len(rows))
    third.metric("Of those without the label", len(bare))
    st.dataframe(
        sorted(rows.values(), key=lambda row: (bool(row["labelled"]), str(row["column"]))),
        hide_index=True,
        width="stretch",
    )


def _owners(estate: lineage.Workspace) -> None:
    datasets = estate.snapshot.datasets.values()
    counted = Counter(owner for known in datasets for owner in known.owners or ("nobody",))
    domains = Counter(known.domain or "none" for known in datasets)
    left, right = st.columns(2)
    left.dataframe(
        [{"owner": name, "datasets": number} for name, number in counted.most_common()],
        hide_index=True,
        width="stretch",
    )
    right.dataframe(
        [{"domain": name, "datasets": number} for name, number in domains.most_common()],
        hide_index=True,
        width="stretch",
    )
    st.write("**Between domains**")
    st.dataframe(
        [
            {
                "from": link.source,
                "to": link.target,
                "values": link.direct,
                "influences": link.indirect,
            }
            for link in estate.links("domain")
            if link.source != link.target
        ],
        hide_index=True,
        width="stretch",
    )


def _contracts(estate: lineage.Workspace) -> None:
    found = [job for job in estate.snapshot.jobs.values() if job.kind.value == "contract"]
    if not found:
        st.info("Nothing is promised: no dbt model has an enforced contract.")
        return
    st.dataframe(
        [
            {
                "contract": job.id.name,
                "promises": job.description or "",
                "owner": ", ".join(job.owners),
            }
            for job in found
        ],
        hide_index=True,
        width="stretch",
    )
