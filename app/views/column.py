"""Column lineage: where a column comes from, where it goes, and what breaks without it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import lineage
from app import address, extent, lens, links_to, moments, opened, question, words
from app.ask import ask
from app.canvas import canvas
from app.load import Step
from app.scene import GROUPS, Scene, label, scene
from app.views import panel, start
from lineage import DatasetId, FieldId

KEY = "canvas"
DIRECTIONS = ("both", "up", "down")
CHANGES = ("drop", "rename", "none")
FORMS = {"mermaid": "mmd", "csv": "csv", "json": "json", "html": "html"}


@dataclass(frozen=True, slots=True)
class _View:
    """How the lineage is to be drawn."""

    direction: str
    depth: int | None
    change: str
    lens: str
    group: str
    direct: bool
    more: DeltaGenerator
    """Where there is room for more."""


def show() -> None:
    """Draw the page."""
    # Names and counts are known first, and are all that the start page needs.
    estate = opened.estate(Step.OPENED)
    with st.container(key="controls"):
        row = st.columns([4, 2.6, 1.5, 1.9, 1.2], vertical_alignment="bottom")
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
    then = moments.parsed(address.get("asof"))
    shown = estate if then is None else opened.at(estate, then)
    before = shown if then is not None and address.get("compare") == "1" else None
    shown = estate if before is not None else shown
    if then is not None:
        _was_there(estate, shown, then)
    root = _root(shown, before)
    view = _controls(row[1:], compared=before is not None)
    only = _only(shown, root)
    wanted = extent.Wanted(root, view.direction, view.depth, view.direct, only)
    states = (shown,) if before is None else (shown, before)
    with view.more:
        _save(states, wanted)
    judged = then is None and view.change != "none" and opened.has_bound()
    found = _impact(estate, root, view.change) if judged else None
    drawn = scene(
        shown,
        root,
        direction=view.direction,
        depth=view.depth,
        opened=filter(None, address.get("open").split(",")),
        direct=view.direct,
        only=only,
        by=view.lens if view.lens in GROUPS else "schema",
        group=view.group,
        before=before,
    )
    focus = _focus(shown, drawn)
    st.session_state["drawn_labels"] = {
        number: label(shown, column)
        for number, column in enumerate(drawn.columns)
        if column is not None
    }
    with st.container(key="picture"):
        left, right = st.columns([3, 1])
    with left:
        _picture(shown, drawn, view, focus, found)
        st.caption(f"{extent.told(states[0], wanted, drawn, *states[1:])} · {_KEYS}")
        _timeline(estate)
    with right:
        panel.draw(
            shown if before is None or _is_known(shown, root) else before, drawn, focus, root
        )
    if then is not None and view.change != "none":
        st.info(
            f"What breaks is not told here: the lineage is that of {moments.said(then)}, and a "
            "change would be made to what is there now. Move As of to its last instant to see it."
        )
    elif view.change != "none" and not judged:
        _later()
    if found is not None:
        _breaks(estate, root, found, view.change)


def _picture(
    estate: lineage.Workspace, drawn: Scene, view: _View, focus: int, found: lineage.Impact | None
) -> None:
    statuses = {
        verdict.subject: verdict.status.value
        for verdict in (found.relations if found else ())
        if isinstance(verdict.subject, DatasetId)
    }
    painting = lens.paint(estate, drawn, view.lens, statuses)
    marks = {
        number: words.STATUS_MARKS[statuses[place]]
        for number, place in enumerate(drawn.places)
        if isinstance(place, DatasetId) and place in statuses
    }
    if view.lens in {"freshness", "tests", "tags"}:
        marks = {
            number: painting.texts.get(number, f"{value.sign} {value.name}")
            for number, value in painting.cards.items()
        }
    if view.lens == "verdict":
        marks |= painting.texts
    canvas(
        drawn,
        painting,
        key=KEY,
        focus=focus,
        picked=panel.picked(estate, drawn),
        marks=marks,
        on_change=_clicked,
    )
    st.html(lens.legend(painting, view.lens))


def _timeline(estate: lineage.Workspace) -> None:
    """Let the instant be chosen at which the lineage is looked at."""
    known = moments.of(estate)
    if len(known) < 2:  # noqa: PLR2004 - one instant is no timeline
        return
    left, right = st.columns([4, 1.4], vertical_alignment="bottom")
    moments.slider(left, "As of", moments.offered(known), "asof", known[-1])
    part = address.flag("compare")
    right.toggle(
        "Beside now",
        disabled=not address.get("asof"),
        help="Draw what was there then together with what is there now.",
        key=part.key,
        on_change=part.write,
    )


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


def _is_known(estate: lineage.Workspace, of: FieldId | DatasetId) -> bool:
    return (of.dataset if isinstance(of, FieldId) else of) in estate.snapshot.datasets and (
        not isinstance(of, FieldId) or of in estate.columns(of.dataset)
    )


def _was_there(estate: lineage.Workspace, shown: lineage.Workspace, then: datetime) -> None:
    """Say so and stop, if what is there now was not there at that instant."""
    name = address.get("column")
    if not _resolves(shown, name) and _resolves(estate, name):
        st.info(f"{name} was not there on {moments.said(then)}. Move As of to a later instant.")
        _timeline(estate)
        st.stop()


def _resolves(estate: lineage.Workspace, name: str) -> bool:
    try:
        estate.resolve(name)
    except lineage.LineageError:
        return False
    return True


def _root(estate: lineage.Workspace, before: lineage.Workspace | None) -> FieldId | DatasetId:
    """Return the column or table that the address names; else offer what it may mean, and stop."""
    text = address.get("column")
    for state in filter(None, (estate, before)):
        with suppress(lineage.LineageError):
            return state.resolve(text)
    found = question.trouble(estate, text, searchable=opened.is_searchable())
    st.warning(found.message)
    for offer in dict.fromkeys(found.offers):
        if st.button(offer, key=f"meant {offer}"):
            _asked(estate, offer)
            st.rerun()
    return st.stop()


def _controls(row: list[DeltaGenerator], *, compared: bool) -> _View:
    usual = "change" if compared else lens.LENSES[0]
    asked = address.get("lens")
    part = address.held("direction", address.one_of("direction", DIRECTIONS), DIRECTIONS[0])
    row[0].segmented_control(
        "Direction",
        ("up", "both", "down"),
        format_func=str.capitalize,
        key=part.key,
        on_change=part.write,
    )
    part = address.held("change", address.one_of("change", CHANGES), CHANGES[0])
    change = row[1].selectbox("What if", CHANGES, key=part.key, on_change=part.write)
    part = address.held("lens", asked if asked in lens.LENSES else usual, usual)
    look = row[2].selectbox("Lens", lens.LENSES, key=part.key, on_change=part.write)
    more = row[3].popover("View", width="stretch")
    part = address.held("depth", address.number("depth", 0, low=0, high=50), 0)
    depth = more.number_input("Depth (0: all)", 0, 50, step=1, key=part.key, on_change=part.write)
    part = address.held("group", address.one_of("group", ("", *GROUPS)), "")
    group = more.selectbox(
        "Draw together",
        ("", *GROUPS),
        format_func=lambda one: one or "nothing",
        key=part.key,
        on_change=part.write,
    )
    part = address.flag("direct")
    direct = more.toggle(
        "Values only",
        help="Leave out what only filters, joins, groups or sorts.",
        key=part.key,
        on_change=part.write,
    )
    direction = address.one_of("direction", DIRECTIONS)
    return _View(direction, int(depth) or None, change, look, group, direct, more)


def _save(states: Sequence[lineage.Workspace], wanted: extent.Wanted) -> None:
    """Offer what is drawn as files."""
    st.caption("This lineage as a file (the picture: SVG and PNG on the canvas)")
    name = address.get("column")
    with st.container(horizontal=True, gap="small"):
        for form, ending in FORMS.items():
            words.save(
                form.upper() if form != "mermaid" else "Mermaid",
                partial(_file, states, form, name, wanted),
                f"lineage.{ending}",
                key=f"save {form}",
                wide=False,
            )


def _file(states: Sequence[lineage.Workspace], form: str, name: str, wanted: extent.Wanted) -> str:
    """Return a file's text; made when it is asked for."""
    estate, *also = states
    edges = extent.edges(estate, wanted, *also)
    try:
        return "".join(lineage.export(estate, form, edges=edges, title=f"Lineage of {name}"))
    except lineage.LineageError as error:
        return str(error)


def _focus(estate: lineage.Workspace, drawn: Scene) -> int:
    text = address.get("focus")
    if not text:
        return drawn.root
    try:
        found = estate.resolve(text)
    except lineage.LineageError:
        return drawn.root
    return drawn.row(found) if isinstance(found, FieldId) else drawn.root


def _only(estate: lineage.Workspace, root: FieldId | DatasetId) -> frozenset[FieldId] | None:
    """Return the columns to be shown, if not all are: between two columns, or through one."""
    between = address.get("path")
    text = address.get("only")
    try:
        if ">" in between:
            one, _, other = between.partition(">")
            return frozenset(_between(estate, estate.resolve(one), estate.resolve(other)))
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
    return frozenset(kept | {item for item in (found, root) if isinstance(item, FieldId)})


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
    labels: dict[int, str] = st.session_state.get("drawn_labels", {})
    if said.get("toggle"):
        names = [name for name in address.get("open").split(",") if name]
        name = str(said["toggle"])
        names = [one for one in names if one != name] if name in names else [*names, name]
        address.put(open=",".join(names))
    if said.get("edge"):
        one, other = said["edge"]
        if one in labels and other in labels:
            address.put(edge=f"{labels[one]}>{labels[other]}")
    if said.get("pair"):
        one, other = said["pair"]
        if one in labels and other in labels:
            address.put(path=f"{labels[one]}>{labels[other]}")
    if said.get("focus") is not None:
        number = int(said["focus"])
        address.put(focus=labels.get(number), edge=None)


# ---- what is said about it -----------------------------------------------------------------


_KEYS = (
    "solid: the value flows, dotted: it only influences · "
    "arrow keys walk, Enter focuses, E shows the edge's SQL, Esc clears, / searches, "
    "Shift-click a second column for the paths"
)


@st.fragment(run_every=1)
def _later() -> None:
    """Say that the verdicts follow; draw the page again when every statement is bound."""
    if "drawn" in st.session_state and opened.is_bound():
        st.rerun()
    st.session_state["drawn"] = True  # the first picture comes before every verdict
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


def _breaks(
    estate: lineage.Workspace, root: FieldId | DatasetId, found: lineage.Impact, change: str
) -> None:
    rows = words.verdict_rows(found)
    part = address.held("filter", address.get("filter"), "")
    listed = words.filtered(rows, address.get("filter"))
    left, right = st.columns([4, 1])
    with left:
        some = "" if len(listed) == len(rows) else f" · {len(listed):,} of {len(rows):,} listed"
        st.subheader(
            f"What breaks if you {change} it: {_broken(found)}{some}",
            anchor=False,
        )
    with right:
        words.save("CSV", words.csv_of(rows), "impact.csv", disabled=not rows)
    if not rows:
        name = label(estate, root)
        st.success(f"Nothing that is known reads {name} in a way that this would change.")
        return
    st.caption(_hit(estate, root, found))
    st.text_input(
        "Filter",
        placeholder="part of a name, owner or reason",
        label_visibility="collapsed",
        key=part.key,
        on_change=part.write,
    )
    words.drawn(listed, "What breaks", without={"kind", "path"})


_BAD = {lineage.Status.BREAKS, lineage.Status.BLOCKED}


def _broken(found: lineage.Impact) -> str:
    """Return how many break and how many are blocked, of how many."""
    told = Counter(verdict.status for verdict in (*found.relations, *found.consumers))
    broken, blocked = told[lineage.Status.BREAKS], told[lineage.Status.BLOCKED]
    are = "is" if blocked == 1 else "are"
    return (
        f"{broken:,} {'breaks' if broken == 1 else 'break'}, {blocked:,} {are} blocked, "
        f"of {told.total():,} judged"
    )


def _hit(estate: lineage.Workspace, root: FieldId | DatasetId, found: lineage.Impact) -> str:
    """Return what breaks or is blocked, counted: columns and tables first, then what else."""
    tables = {verdict.subject for verdict in found.relations if verdict.status in _BAD}
    columns = [
        row for row in estate.downstream(root, edges=False).reached if row.field.dataset in tables
    ]
    kinds = Counter(verdict.kind for verdict in found.consumers if verdict.status in _BAD)
    counts = [words.many(number, kind) for kind, number in kinds.most_common()]
    first = f"{words.many(len(columns), 'column')} in {words.many(len(tables), 'table')}"
    return " · ".join(("Broken or blocked: " + first, *counts))
