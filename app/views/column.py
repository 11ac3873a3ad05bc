"""Column lineage: where a column comes from, where it goes, and what breaks without it."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lineage
from app import address, links_to, opened, question, words
from app.ask import ask
from app.canvas import canvas
from app.load import Step
from app.scene import Scene, scene
from app.views import panel, start
from lineage import DatasetId, FieldId

KEY = "canvas"
DIRECTIONS = ("both", "up", "down")
CHANGES = ("drop", "rename", "none")
GROUPS = ("schema", "domain", "owner")


def show() -> None:
    """Draw the page."""
    # Names and counts are known first, and are all that the start page needs.
    estate = opened.estate(Step.OPENED)
    row = st.columns([4, 2.6, 1.5, 1.7, 1.2], vertical_alignment="bottom")
    with row[0]:
        ask(
            estate,
            lambda text: _asked(estate, text),
            key="ask",
            label="Column, table or question",
            value=address.get("column"),
            hint="Search: orders.amount, or a table",
            only=("column", "dataset", "job"),
        )
    if not address.get("column"):
        start.draw(estate)
        return
    estate = opened.estate()
    root = _root(estate)
    direction, depth, change = _controls(row[1:])
    label = estate.label(root)
    judged = change != "none" and opened.is_bound()
    found = _impact(estate, root, change) if judged else None
    marks = {}
    if found is not None:
        marks = {
            verdict.subject: words.STATUS_MARKS[verdict.status.value]
            for verdict in found.relations
            if isinstance(verdict.subject, DatasetId)
        }
    drawn = scene(
        estate,
        root,
        direction=direction,
        depth=depth or None,
        opened=_opened(estate),
        direct=address.get("direct") == "1",
        only=_only(estate, root),
        marks=marks,
        by=address.one_of("by", GROUPS),
    )
    focus = _focus(estate, drawn)
    st.session_state["drawn_columns"] = drawn.columns
    st.session_state["drawn_labels"] = {
        number: estate.label(column) for number, column in enumerate(drawn.columns)
    }
    left, right = st.columns([3, 1])
    with left:
        canvas(drawn, key=KEY, focus=focus, on_change=_clicked)
        _counts(drawn)
    with right:
        panel.draw(estate, drawn, focus, root)
    if change != "none" and not judged:
        _later()
    _breaks(found, label, change)


# ---- what is asked for ---------------------------------------------------------------------


def _asked(estate: lineage.Workspace, text: str) -> None:
    """Go where what was written is answered; what is not understood is told on this page."""
    try:
        place = question.place(estate, text)
    except lineage.LineageError:
        place = question.Place("column", {"column": text.strip()})
    if place.page == "column":
        nothing = dict.fromkeys(("column", "focus", "edge", "only", "open", "path"))
        address.put(**{**nothing, **place.query})
    else:
        links_to.go(place)


def _root(estate: lineage.Workspace) -> FieldId | DatasetId:
    """Return the column or table that the address names; else offer what it may mean, and stop."""
    text = address.get("column")
    try:
        return estate.resolve(text)
    except lineage.LineageError as error:
        told = error
    st.warning(str(told))
    hits = estate.search(text, limit=8) if opened.is_searchable() else ()
    meant = [hit.label for hit in hits if hit.kind.value != "job"]
    near = (*getattr(told, "nearest", ()), *getattr(told, "candidates", ()), *meant)
    for name in dict.fromkeys(near):
        if st.button(name, key=f"meant {name}"):
            address.put(column=name, focus=None, edge=None, only=None, open=None)
            st.rerun()
    return st.stop()


def _controls(row: list[DeltaGenerator]) -> tuple[str, int, str]:
    with row[0]:
        labels = {"both": "Both", "up": "Up", "down": "Down"}
        direction = st.segmented_control(
            "Direction",
            ("up", "both", "down"),
            default=address.one_of("direction", DIRECTIONS),
            format_func=labels.__getitem__,
        )
    with row[1]:
        change = st.selectbox(
            "What if", CHANGES, index=CHANGES.index(address.one_of("change", CHANGES))
        )
    with row[2]:
        group = st.selectbox("Colour by", GROUPS, index=GROUPS.index(address.one_of("by", GROUPS)))
    with row[3], st.popover("View", width="stretch"):
        depth = st.number_input(
            "Depth (0: all)", 0, 50, address.number("depth", 0, low=0, high=50), step=1
        )
        direct = st.toggle(
            "Values only",
            value=address.get("direct") == "1",
            help="Leave out what only filters, joins, groups or sorts.",
        )
    address.put(
        direction=None if direction in {None, "both"} else str(direction),
        depth=str(depth) if depth else None,
        change=None if change == "drop" else change,
        by=None if group == "schema" else group,
        direct="1" if direct else None,
    )
    return str(direction or "both"), int(depth), str(change)


def _opened(estate: lineage.Workspace) -> list[DatasetId]:
    found = []
    for name in filter(None, address.get("open").split(",")):
        try:
            item = estate.resolve(name)
        except lineage.LineageError:
            continue
        if isinstance(item, DatasetId):
            found.append(item)
    return found


def _focus(estate: lineage.Workspace, drawn: Scene) -> int:
    text = address.get("focus")
    if not text:
        return drawn.root
    try:
        found = estate.resolve(text)
    except lineage.LineageError:
        return drawn.root
    return drawn.row(found) if isinstance(found, FieldId) else drawn.root


def _only(estate: lineage.Workspace, root: FieldId | DatasetId) -> set[FieldId] | None:
    """Return the columns to be shown, if not all are: between two columns, or through one."""
    between = address.get("path")
    text = address.get("only")
    try:
        if ">" in between:
            one, _, other = between.partition(">")
            return _between(estate, estate.resolve(one), estate.resolve(other))
        if not text:
            return None
        found = estate.resolve(text)
    except lineage.LineageError:
        return None
    kept = {
        row.field
        for cone in (estate.upstream(found), estate.downstream(found))
        for row in cone.reached
    }
    kept |= {item for item in (found, root) if isinstance(item, FieldId)}
    return kept


def _between(
    estate: lineage.Workspace, one: FieldId | DatasetId, other: FieldId | DatasetId
) -> set[FieldId]:
    """Return the columns on any way between two, whichever feeds the other."""
    kept: set[FieldId] = set()
    for start_, end in ((one, other), (other, one)):
        ends = [
            {item} if isinstance(item, FieldId) else set(estate.columns(item))
            for item in (start_, end)
        ]
        below = {row.field for row in estate.downstream(start_).reached} | ends[0]
        above = {row.field for row in estate.upstream(end).reached} | ends[1]
        if below & ends[1]:
            kept |= below & above
    return kept


# ---- what was clicked ----------------------------------------------------------------------


def _clicked() -> None:
    """Take what the canvas says into the address; runs before the page is drawn again."""
    said = st.session_state.get(KEY) or {}
    columns: list[FieldId] = st.session_state.get("drawn_columns", [])
    labels: dict[int, str] = st.session_state.get("drawn_labels", {})
    if said.get("toggle"):
        names = [name for name in address.get("open").split(",") if name]
        name = str(said["toggle"])
        names = [one for one in names if one != name] if name in names else [*names, name]
        address.put(open=",".join(names))
    if said.get("edge"):
        one, other = said["edge"]
        address.put(edge=f"{labels[one]}>{labels[other]}")
    if said.get("pair"):
        one, other = said["pair"]
        address.put(path=f"{labels[one]}>{labels[other]}")
    if said.get("focus") is not None:
        number = int(said["focus"])
        address.put(focus=labels.get(number) if 0 <= number < len(columns) else None, edge=None)


# ---- what is said about it -----------------------------------------------------------------


def _counts(drawn: Scene) -> None:
    """Say how much is drawn, and never leave anything out in silence."""
    hidden = drawn.total_edges - drawn.drawn_edges
    text = f"drawn {drawn.drawn_edges:,} of {drawn.total_edges:,} edges"
    if hidden or drawn.hidden_datasets:
        text += f" · hidden: {hidden:,} edges, {drawn.hidden_datasets:,} tables"
    st.caption(
        f"{text} · solid: the value flows, dotted: it only influences · "
        "arrow keys walk, Enter focuses, E shows the edge's SQL, Esc clears, / searches, "
        "Shift-click a second column for the paths"
    )


@st.fragment(run_every=1)
def _later() -> None:
    """Say that the verdicts follow; draw the page again when every statement is bound."""
    if opened.is_bound():
        st.rerun()
    st.caption(f"{opened.phase()} … what breaks follows when every statement is bound.")


def _impact(
    estate: lineage.Workspace, root: FieldId | DatasetId, change: str
) -> lineage.Impact | None:
    try:
        return estate.impact(lineage.ChangeSet((_proposed(root, change),)))
    except lineage.LineageError as error:
        st.warning(f"What breaks cannot be told: {error}")
        return None


def _proposed(root: FieldId | DatasetId, change: str) -> lineage.Change:
    if isinstance(root, DatasetId):
        return (
            lineage.DropTable(root.name)
            if change == "drop"
            else lineage.RenameTable(root.name, f"{root.name.split('.')[-1]}__new")
        )
    table = root.dataset.name
    if change == "rename":
        return lineage.RenameColumn(table, root.name, f"{root.name}__new")
    return lineage.DropColumn(table, root.name)


def _breaks(found: lineage.Impact | None, label: str, change: str) -> None:
    if found is None:
        return
    rows = words.verdict_rows(found)
    broken = [row for row in rows if str(row["verdict"]).endswith(("BREAKS", "BLOCKED"))]
    verb = "drop" if change == "drop" else "rename"
    left, right = st.columns([4, 1])
    with left:
        st.subheader(
            f"What breaks if you {verb} it: {len(broken)} of {len(rows)} affected", anchor=False
        )
    with right:
        st.download_button(
            "CSV", words.csv_of(rows), "impact.csv", "text/csv", width="stretch", disabled=not rows
        )
    if not rows:
        st.success(f"Nothing that is known reads {label} in a way that this would change.")
        return
    text = st.text_input(
        "Filter", placeholder="part of a name, owner or reason", label_visibility="collapsed"
    )
    words.drawn(words.filtered(rows, text), "What breaks")
