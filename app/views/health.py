"""Health: what was read, what was not understood, and why."""

from __future__ import annotations

from collections import Counter

import streamlit as st

import lineage
from app import opened, words


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
    understood, edges, runs = st.tabs(["Not understood", "Declared and derived", "Runs"])
    with understood:
        _problems(estate, report)
    with edges:
        _edges(report)
    with runs:
        _runs(estate)


def _problems(estate: lineage.Workspace, report: lineage.CoverageReport) -> None:
    rows = [
        {
            "severity": found.severity.value,
            "code": found.code,
            "message": found.message,
            "where": words.place(found.location),
        }
        for found in estate.snapshot.diagnostics
    ]
    rows += [
        {
            "severity": "opaque",
            "code": item.code,
            "message": item.reason,
            "where": words.place(item.location),
        }
        for item in report.opaque
    ]
    if not rows:
        st.success("Everything that was read was understood.")
        return
    counted = Counter(row["code"] for row in rows)
    st.caption(" · ".join(f"{code} {number:,}" for code, number in counted.most_common(12)))
    st.dataframe(rows[:2000], hide_index=True, width="stretch")
    if report.near_misses:
        st.write("**Names that look alike and were kept apart**")
        st.dataframe(
            [
                {"one": f"{one.namespace} {one.name}", "other": f"{two.namespace} {two.name}"}
                for one, two in report.near_misses
            ],
            hide_index=True,
            width="stretch",
        )


def _edges(report: lineage.CoverageReport) -> None:
    st.write("Producers declare lineage, and SQL says it again. Where both agree, it is *both*.")
    st.dataframe(
        [
            {"basis": "both", "edges": report.both},
            {"basis": "only declared", "edges": report.declared},
            {"basis": "only derived from SQL", "edges": report.derived},
            {"basis": "assumed", "edges": report.assumed},
        ],
        hide_index=True,
        width="stretch",
    )


def _runs(estate: lineage.Workspace) -> None:
    runs = sorted(estate.snapshot.runs.values(), key=lambda run: run.at, reverse=True)
    if not runs:
        st.info("No runs are known: they come with OpenLineage events and dbt's run results.")
        return
    st.dataframe(
        [
            {
                "job": run.job.name,
                "state": run.state.value,
                "at": run.at,
                "message": (run.message or "")[:300],
            }
            for run in runs[:1000]
        ],
        hide_index=True,
        width="stretch",
    )
