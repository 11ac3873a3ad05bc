"""The plan of a change: expand, migrate with a patch a statement, contract, and the proof."""

from __future__ import annotations

import difflib
from html import escape

import streamlit as st

import lineage
from app import words

Planned = lineage.RenameColumn | lineage.RetypeColumn | lineage.DropColumn


def draw(estate: lineage.Workspace, changes: lineage.ChangeSet) -> None:
    """Draw a plan for each change that one can be made for."""
    every = changes.changes
    planned = [
        (number, change)
        for number, change in enumerate(every, 1)
        if isinstance(change, lineage.RenameColumn | lineage.RetypeColumn | lineage.DropColumn)
    ]
    if not planned:
        st.info("A plan can be made for renaming, retyping or dropping a column.")
    if len(planned) > 1:
        st.caption("Each plan is proved by itself, as if the other changes were not made.")
    for number, change in planned:
        if len(every) > 1:
            st.subheader(f"Change {number}: {said(change)}", anchor=False)
        try:
            with st.spinner("Patching, and proving the patches …"):
                _one(estate, change, number)
        except lineage.LineageError as error:
            st.warning(str(error))
    if planned and len(planned) < len(every):
        known = {number for number, _ in planned}
        left = [str(number) for number in range(1, len(every) + 1) if number not in known]
        st.caption(
            f"No plan for {'change' if len(left) == 1 else 'changes'} {', '.join(left)}: one can "
            "be made for renaming, retyping or dropping a column."
        )


def said(change: Planned) -> str:
    """Return a change in words, names as code."""
    name = f"`{change.table}.{change.column}`"
    match change:
        case lineage.RenameColumn(new=new):
            return f"rename {name} to `{new}`"
        case lineage.RetypeColumn(type=type_):
            return f"retype {name} to `{type_}`"
    return f"drop {name}"


def _one(estate: lineage.Workspace, change: Planned, number: int) -> None:
    found = estate.plan(change)
    verdict = "✓ proved" if found.clean else "▲ something is left to do"
    st.write(f"**{verdict}** with all its patches: {estate.headline(found.proof)}")
    st.write("**1. Expand**")
    for step in found.expand:
        st.text(step)
    count = len(found.patches)
    st.write(f"**2. Migrate: {count} {'patch' if count == 1 else 'patches'}**")
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
            "Patches",
            "\n".join(told) + "\n",
            f"plan-{number}.patch",
            key=f"patches {number}",
            wide=False,
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
        "white-space:pre-wrap;overflow-wrap:anywhere;font-size:.8rem;padding:.5rem .7rem;"
        "margin:0;max-height:20rem;"
        "overflow:auto;border:1px solid rgba(128,128,128,.35);border-radius:6px"
    )
    return f'<pre tabindex="0" role="region" aria-label="Patch" style="{style}">{rows}</pre>'
