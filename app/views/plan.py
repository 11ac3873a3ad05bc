"""The plan of a change: expand, migrate with a patch a statement, contract, and the proof."""

from __future__ import annotations

import difflib
from html import escape

import streamlit as st

import lineage
from app import words


def draw(estate: lineage.Workspace, changes: lineage.ChangeSet) -> None:
    """Draw a plan for each change that one can be made for."""
    planned = [
        change
        for change in changes.changes
        if isinstance(change, lineage.RenameColumn | lineage.RetypeColumn | lineage.DropColumn)
    ]
    if not planned:
        st.info("A plan can be made for renaming, retyping or dropping a column.")
    for number, change in enumerate(planned):
        try:
            with st.spinner("Patching, and proving the patches …"):
                _one(estate, change, number)
        except lineage.LineageError as error:
            st.warning(str(error))


def _one(estate: lineage.Workspace, change: lineage.Change, number: int) -> None:
    found = estate.plan(change)
    verdict = "✓ proved" if found.clean else "▲ something is left to do"
    st.write(f"**{verdict}**: all patches together, {estate.headline(found.proof)}")
    st.write("**1. Expand**")
    for step in found.expand:
        st.text(step)
    st.write(
        f"**2. Migrate: {len(found.patches)} {'patch' if len(found.patches) == 1 else 'patches'}**"
    )
    told: list[str] = []
    for patch in found.patches:
        name = patch.location.document if patch.location else patch.relation
        lines = list(
            difflib.unified_diff(
                patch.before.splitlines(), patch.after.splitlines(), name, name, n=1, lineterm=""
            )
        )
        told += lines
        owners = f" · {', '.join(patch.owners)}" if patch.owners else ""
        st.caption(f"{patch.relation}{owners}")
        st.html(marked(lines))
    for left in found.by_hand:
        st.warning(f"By hand: {left}")
    st.write("**3. Contract**")
    for step in found.contract:
        st.text(step)
    if told:
        words.save(
            "Patches", "\n".join(told) + "\n", "plan.patch", key=f"patches {number}", wide=False
        )


def marked(lines: list[str]) -> str:
    """Return the lines of a unified diff as HTML: a sign in front, and a colour."""
    tones = {"+": "rgb(40 160 80 / 22%)", "-": "rgb(220 60 60 / 20%)"}
    rows = "".join(
        f"<div style='background:{tones.get(line[:1], 'none')}'>{escape(line) or ' '}</div>"
        for line in lines
        if not line.startswith(("+++", "---"))
    )
    style = (
        "white-space:pre-wrap;font-size:.8rem;padding:.5rem .7rem;margin:0;max-height:20rem;"
        "overflow:auto;border:1px solid rgba(128,128,128,.35);border-radius:6px"
    )
    return f'<pre tabindex="0" role="region" aria-label="Patch" style="{style}">{rows}</pre>'
