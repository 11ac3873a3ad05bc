"""Health: what was read, what was not understood and why, what ran, what is stale."""

from __future__ import annotations

from collections import Counter

import streamlit as st

import lineage
from app import address, lens, opened, words

TABS = ("Not understood", "Declared and derived", "Runs", "Freshness")
_BAD = {"FAIL": "✖ FAIL", "ABORT": "■ ABORT", "RUNNING": "… RUNNING", "START": "… START"}


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    st.title("Health", anchor=False)
    report = estate.coverage()
    one, two, three, four = st.columns(4)
    one.metric("Statements understood", f"{report.understood:,} of {report.statements:,}")
    two.metric("Datasets with a schema", f"{report.with_schema:,} of {report.datasets:,}")
    three.metric("Datasets with column lineage", f"{report.with_lineage:,}")
    four.metric("Diagnostics", f"{len(estate.snapshot.diagnostics):,}")
    part = address.held("tab", address.one_of("tab", TABS), TABS[0])
    understood, edges, runs, fresh = st.tabs(TABS, key=part.key, on_change=part.write)
    if understood.open:
        with understood:
            _problems(estate, report)
    if edges.open:
        with edges:
            _edges(report)
    if runs.open:
        with runs:
            _runs(estate)
    if fresh.open:
        with fresh:
            _freshness(estate)


def _problems(estate: lineage.Workspace, report: lineage.CoverageReport) -> None:
    rows = [
        {
            "severity": "opaque",
            "code": item.code,
            "of": "" if item.subject is None else estate.label(item.subject),
            "message": item.reason,
            "where": words.place(item.location),
        }
        for item in report.opaque
    ]
    rows += [
        {
            "severity": found.severity.value,
            "code": found.code,
            "of": "",
            "message": found.message,
            "where": words.place(found.location),
        }
        for found in sorted(
            estate.snapshot.diagnostics, key=lambda one: one.severity.value != "error"
        )
    ]
    if not rows:
        st.success("Everything that was read was understood.")
        return
    counted = Counter(row["code"] for row in rows)
    st.caption(" · ".join(f"{code} {number:,}" for code, number in counted.most_common(12)))
    words.table(rows, "What was not understood", "diagnostics.csv")
    if report.near_misses:
        st.write("**Names that look alike and were kept apart**")
        words.drawn(
            [
                {"one": f"{one.namespace} {one.name}", "other": f"{two.namespace} {two.name}"}
                for one, two in report.near_misses
            ],
            "Names that look alike",
        )


def _edges(report: lineage.CoverageReport) -> None:
    st.write("Producers declare lineage, and SQL says it again. Where both agree, it is *both*.")
    words.drawn(
        [
            {"basis": "both", "edges": f"{report.both:,}"},
            {"basis": "only declared", "edges": f"{report.declared:,}"},
            {"basis": "only derived from SQL", "edges": f"{report.derived:,}"},
            {"basis": "assumed", "edges": f"{report.assumed:,}"},
        ],
        "Edges by basis",
    )


def _runs(estate: lineage.Workspace) -> None:
    runs = sorted(estate.snapshot.runs.values(), key=lambda run: run.at, reverse=True)
    if not runs:
        st.info("No runs are known: they come with OpenLineage events and dbt's run results.")
        return
    counted = Counter(run.state.value for run in runs)
    st.caption(" · ".join(f"{state} {number:,}" for state, number in counted.most_common()))
    # What went wrong in front: it is what one comes here for.
    runs.sort(key=lambda run: list(_BAD).index(run.state.value) if run.state.value in _BAD else 9)
    words.table(
        [
            {
                "state": _BAD.get(run.state.value, f"✓ {run.state.value}"),
                "job": run.job.name,
                "at": f"{run.at:%Y-%m-%d %H:%M:%S}",
                "message": (run.message or "")[:300],
            }
            for run in runs
        ],
        "Runs",
        "runs.csv",
    )


def _freshness(estate: lineage.Workspace) -> None:
    found = lens.freshness(estate)
    counted = Counter(word for word, _ in found.values())
    st.caption(" · ".join(f"{word} {number:,}" for word, number in counted.most_common()))
    order = [lens.BEHIND, lens.UNWRITTEN, lens.FRESH]
    signs = {lens.BEHIND: "▲", lens.UNWRITTEN: "?", lens.FRESH: "✓"}
    rows: list[dict[str, str]] = []
    for id_, (word, why) in sorted(found.items(), key=lambda item: order.index(item[1][0])):
        known = estate.snapshot.datasets[id_]
        rows.append(
            {
                "freshness": f"{signs[word]} {word}",
                "dataset": estate.label(id_),
                "written": f"{known.updated_at:%Y-%m-%d %H:%M}" if known.updated_at else "",
                "why": why,
                "owner": ", ".join(known.owners),
            }
        )
    words.table(rows, "Freshness", "freshness.csv")
