"""Column lineage: where a column comes from, where it goes, and what breaks without it."""

from __future__ import annotations

import streamlit as st

import lineage
from app import address, opened, words
from app.canvas import canvas
from app.scene import Scene, scene
from lineage import DatasetId, FieldId

KEY = "canvas"
DIRECTIONS = ("both", "up", "down")
CHANGES = ("drop", "rename", "none")
GROUPS = ("schema", "domain", "owner")
OFFERED = 5000
"""Columns that the box lists; above that, what is typed is looked up."""


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    root = _chosen(estate)
    direction, depth, change = _controls()
    if root is None:
        _nothing_chosen(estate)
        return
    label = estate.label(root)
    found = _impact(estate, root, change)
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
    left, right = st.columns([3, 1])
    with left:
        canvas(drawn, key=KEY, focus=focus, on_change=_clicked)
        _counts(drawn)
    with right:
        _panel(estate, drawn, focus, root)
    _breaks(found, label, change)


# ---- what is asked for ---------------------------------------------------------------------


def _chosen(estate: lineage.Workspace) -> FieldId | DatasetId | None:
    """Draw the search box; return the column or dataset that the address names."""
    asked = address.get("column")
    if "pending_column" in st.session_state:
        asked = st.session_state.pop("pending_column")
        address.put(column=asked, focus=None, edge=None, only=None, open=None)
    names = opened.labels(estate)
    offered = names if len(names) <= OFFERED else [hit.label for hit in estate.search(asked or "")]
    if asked and asked not in offered:
        offered = [asked, *offered]
    text = st.selectbox(
        "Column or table",
        offered,
        index=offered.index(asked) if asked else None,
        placeholder="Search: orders.amount, or a table",
        accept_new_options=True,
        help="Any unambiguous end of a name will do.",
    )
    if (text or "") != asked:
        address.put(column=text, focus=None, edge=None, only=None, open=None)
    if not text:
        return None
    try:
        return estate.resolve(text)
    except lineage.LineageError as error:
        st.warning(str(error))
        meant = [hit.label for hit in estate.search(text, limit=8) if hit.kind.value != "job"]
        near = (*getattr(error, "nearest", ()), *getattr(error, "candidates", ()), *meant)
        for name in dict.fromkeys(near):
            if st.button(name, key=f"meant {name}"):
                st.session_state["pending_column"] = name
                st.rerun()
        st.stop()


def _controls() -> tuple[str, int, str]:
    one, two, three, four, five = st.columns([3, 2, 2, 2, 2], vertical_alignment="bottom")
    with one:
        labels = {"both": "Both", "up": "Upstream", "down": "Downstream"}
        direction = st.segmented_control(
            "Direction",
            DIRECTIONS,
            default=address.one_of("direction", DIRECTIONS),
            format_func=labels.__getitem__,
        )
    with two:
        depth = st.number_input(
            "Depth (0: all)", 0, 50, address.number("depth", 0, low=0, high=50), step=1
        )
    with three:
        change = st.selectbox(
            "What if", CHANGES, index=CHANGES.index(address.one_of("change", CHANGES))
        )
    with four:
        group = st.selectbox("Colour by", GROUPS, index=GROUPS.index(address.one_of("by", GROUPS)))
    with five:
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
    """Return the columns on the ways through the focus, if only those are to be shown."""
    text = address.get("only")
    if not text:
        return None
    try:
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


def _nothing_chosen(estate: lineage.Workspace) -> None:
    stats = estate.stats()
    st.title("What breaks if you change it?")
    one, two, three, four = st.columns(4)
    one.metric("Datasets", f"{stats.datasets:,}")
    two.metric("Columns", f"{stats.fields:,}")
    three.metric("Jobs", f"{stats.jobs:,}")
    four.metric("Column edges", f"{stats.column_edges:,}")
    st.write("Choose a column above, or begin with one that much depends on:")
    for label, count in _busiest(estate):
        if st.button(f"{label} · {count} columns downstream", key=f"busy {label}"):
            st.session_state["pending_column"] = label
            st.rerun()


@st.cache_data(show_spinner=False, max_entries=4)
def _busiest_of(_estate: lineage.Workspace, key: int) -> list[tuple[str, int]]:
    del key
    columns = _estate.columns()
    step = max(1, len(columns) // 400)
    counted = [
        (_estate.label(column), len(_estate.downstream(column, edges=False).reached))
        for column in columns[::step]
        if column.name != "*"
    ]
    return sorted(counted, key=lambda item: (-item[1], item[0]))[:6]


def _busiest(estate: lineage.Workspace) -> list[tuple[str, int]]:
    return [item for item in _busiest_of(estate, id(estate)) if item[1]]


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


def _panel(estate: lineage.Workspace, drawn: Scene, focus: int, root: FieldId | DatasetId) -> None:
    st.session_state["drawn_columns"] = drawn.columns
    st.session_state["drawn_labels"] = {
        number: estate.label(column) for number, column in enumerate(drawn.columns)
    }
    subject = drawn.columns[focus] if 0 <= focus < len(drawn.columns) else root
    dataset = subject.dataset if isinstance(subject, FieldId) else subject
    known = estate.snapshot.datasets.get(dataset)
    name = subject.name if isinstance(subject, FieldId) else estate.label(subject)
    st.subheader(name, anchor=False)
    st.caption(f"{dataset.name} · {dataset.namespace}")
    one, two = st.columns(2)
    one.metric("Upstream", len(estate.upstream(subject, edges=False).reached))
    two.metric("Downstream", len(estate.downstream(subject, edges=False).reached))
    about = None
    if known is not None and isinstance(subject, FieldId):
        about = next((one for one in known.fields or () if one.name == subject.name), None)
    if about is not None:
        tags = f" · {', '.join(sorted(about.tags))}" if about.tags else ""
        st.write(f"`{about.type or 'type not known'}`{tags}")
        if about.description:
            st.text(about.description)
    if known is not None and known.owners:
        st.text(f"Owner: {', '.join(known.owners)}")
    if isinstance(subject, FieldId) and subject != root:
        if st.button("Start from here", width="stretch"):
            st.session_state["pending_column"] = estate.label(subject)
            st.rerun()
        label = estate.label(subject)
        only = address.get("only") == label
        if st.toggle("Only this path", value=only) != only:
            address.put(only=None if only else label)
            st.rerun()
    _edge(estate, subject)
    _paths(estate)


def _edge(estate: lineage.Workspace, subject: FieldId | DatasetId) -> None:
    """Show the SQL of the edge that was clicked, or of those that lead into the column."""
    text = address.get("edge")
    if ">" in text:
        one, _, other = text.partition(">")
        try:
            edges = estate.edges_between(estate.resolve(one), estate.resolve(other))
        except lineage.LineageError:
            edges = ()
    else:
        found = estate.upstream(subject, depth=1).edges
        edges = tuple(sorted(found, key=lambda edge: not edge.direct))[:3]
    for edge in edges[:4]:
        source = estate.label(edge.source)
        st.caption(f"{source} → {estate.label(edge.target)}")
        st.write(f"**{words.transformations(edge)}** · {edge.basis.value.lower()}")
        if edge.evidence:
            st.caption(words.place(edge.evidence[0]))
        if edge.job is not None:
            statement = estate.statement(edge.job)
            if statement.sql:
                st.html(words.marked(statement.sql, estate.spans(edge)))
            else:
                st.caption(f"by {edge.job.name}; {statement.note or 'its SQL is not known'}")


def _paths(estate: lineage.Workspace) -> None:
    text = address.get("path")
    if ">" not in text:
        return
    one, _, other = text.partition(">")
    try:
        start, end = estate.resolve(one), estate.resolve(other)
        ways = estate.paths(start, end) or estate.paths(end, start)
    except lineage.LineageError as error:
        st.warning(str(error))
        return
    st.write(f"**{len(ways)} paths** between {one} and {other}")
    for way in ways[:5]:
        st.text(" → ".join(estate.label(column) for column in way.columns))
    if st.button("Close the paths"):
        address.put(path=None)
        st.rerun()


def _impact(
    estate: lineage.Workspace, root: FieldId | DatasetId, change: str
) -> lineage.Impact | None:
    if change == "none":
        return None
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
    if text:
        rows = [row for row in rows if text.lower() in " ".join(map(str, row.values())).lower()]
    st.dataframe(rows, hide_index=True, width="stretch")
