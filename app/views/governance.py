"""Governance: where labelled data flows, who owns what, what is promised, what may go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import streamlit as st

import lineage
from app import address, lens, opened, words
from app.load import Step
from lineage import FieldId

TABS = ("Labelled data", "Owners and domains", "Contracts", "Unused")


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("Governance", anchor=False)
    part = address.held("tab", address.one_of("tab", TABS), TABS[0])
    flow, owners, contracts, unused = st.tabs(TABS, key=part.key, on_change=part.write)
    if flow.open:
        with flow:
            _flow(estate)
    if owners.open:
        with owners:
            _owners(estate)
    if contracts.open:
        with contracts:
            _contracts(estate)
    if unused.open:
        with unused:
            _unused(estate)


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
    part = address.held("tag", address.one_of("tag", tuple(tags)))
    tag = st.selectbox("Label", tags, key=part.key, on_change=part.write)
    labelled = set(tagged[tag])
    rows: dict[FieldId, dict[str, object]] = {}
    for column in tagged[tag]:
        for reached in estate.downstream(column, direct=True, edges=False).reached:
            known_ = estate.snapshot.datasets.get(reached.field.dataset)
            rows.setdefault(
                reached.field,
                {
                    "label": f"✓ {tag}" if reached.field in labelled else "▲ without",
                    "column": estate.label(reached.field),
                    "from": estate.label(column),
                    "hops": reached.hops,
                    "owner": ", ".join(known_.owners) if known_ else "",
                },
            )
    bare = sum(column not in labelled for column in rows)
    first, second, third = st.columns(3)
    first.metric("Labelled columns", len(labelled))
    second.metric("Columns their values reach", len(rows))
    third.metric("Of those without the label", bare)
    words.table(
        sorted(rows.values(), key=lambda row: (str(row["label"])[:1] == "✓", str(row["column"]))),
        "Where labelled data flows",
        f"{tag}.csv",
    )


def _owners(estate: lineage.Workspace) -> None:
    datasets = estate.snapshot.datasets.values()
    tested = lens.tests(estate)
    rows = []
    for by, name in _groups(estate):
        members = [
            known
            for known in datasets
            if name in (known.owners or ("nobody",) if by == "owner" else (known.domain or "none",))
        ]
        rows.append(
            {
                "who": name,
                "as": by,
                "datasets": len(members),
                "owned": _share(bool(one.owners) for one in members),
                "described": _share(bool(one.description) for one in members),
                "tested": _share(tested[one.id] > 0 for one in members),
            }
        )
    st.write(
        "**Scorecard**: how much of what each owner and domain has is owned, described, tested"
    )
    words.table(rows, "Scorecard", "scorecard.csv")
    st.write("**Between domains**: column edges from the row to the column")
    links = [link for link in estate.links("domain") if link.source != link.target]
    ends = sorted({end for link in links for end in (link.source, link.target)})
    counted = {(link.source, link.target): link.direct + link.indirect for link in links}
    words.drawn(
        [{"from": one, **{to: str(counted.get((one, to), "·")) for to in ends}} for one in ends],
        "Between domains",
    )


def _groups(estate: lineage.Workspace) -> list[tuple[str, str]]:
    datasets = estate.snapshot.datasets.values()
    owners = Counter(owner for known in datasets for owner in known.owners or ("nobody",))
    domains = Counter(known.domain or "none" for known in datasets)
    return [
        *(("owner", name) for name, _ in owners.most_common()),
        *(("domain", name) for name, _ in domains.most_common()),
    ]


def _share(facts: Iterable[bool]) -> str:
    every = list(facts)
    return f"{sum(every)} of {len(every)}"


def _contracts(estate: lineage.Workspace) -> None:
    found = [job for job in estate.snapshot.jobs.values() if job.kind.value == "contract"]
    if not found:
        st.info("Nothing is promised: no dbt model has an enforced contract.")
        return
    for job in found:
        name = ", ".join(estate.label(one) for one in job.inputs) or job.id.name
        st.write(f"**{name}** promises {words.many(len(job.promised), 'column')}")
        if job.owners:
            st.caption(f"Owner: {', '.join(job.owners)}")
        words.drawn([{"column": column, "type": kind or ""} for column, kind in job.promised], name)


def _unused(estate: lineage.Workspace) -> None:
    st.write(
        "No statement, test, contract or exposure reads these. *May* means that part of the "
        "estate could not be read."
    )
    found = opened.estate(Step.BOUND).unused()
    part = address.flag("single")
    single = st.toggle("Also what has a single reader", key=part.key, on_change=part.write)
    rows = [
        {
            "what": estate.label(item.subject),
            "is": "column" if isinstance(item.subject, FieldId) else "table",
            "known": "proved" if item.proved else "may",
            "only read by": item.reader.name if item.reader else "",
        }
        for item in found
        if single or item.reader is None
    ]
    st.caption(f"{len(rows):,} listed")
    words.table(rows, "What nobody reads", "unused.csv")
