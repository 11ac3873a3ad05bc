"""Map: tables, schemas, domains or owners as a network."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import streamlit as st

import lineage
from app import address, lens, links_to, opened, words
from app.canvas import network
from app.lens import Painting

LENSES = ("schema", "domain", "owner", "freshness", "tests", "tags")
LEVELS = ("dataset", "schema", "domain", "owner")
NODES = 300
_PYVIS = find_spec("pyvis")
# Found and not imported: pyvis brings IPython and Jinja along, a fifth of a second for nothing.
_LIB = Path((_PYVIS and _PYVIS.origin) or "").parent / "templates" / "lib" / "vis-9.1.2"
_JS = (Path(__file__).parents[1] / "canvas" / "network.js").read_text(encoding="utf-8")


@st.cache_resource(show_spinner=False)
def _component():  # type: ignore[no-untyped-def]  # noqa: ANN202 - streamlit does not export the type
    """Register the network: vis-network as the pyvis package carries it, so nothing is fetched."""
    return st.components.v2.component(
        "lineage_map",
        html='<div class="netbar"></div>'
        '<div class="network" role="img" aria-label="Network of tables"></div>',
        css=".netbar{display:flex;gap:4px;justify-content:flex-end;margin-bottom:6px}"
        ".netbar button{font:inherit;font-size:12px;min-width:28px;height:28px;cursor:pointer;"
        "border:1px solid var(--st-border-color,#d0d4da);border-radius:6px;color:inherit;"
        "color:var(--st-text-color,#222);background:var(--st-background-color,#fff)}"
        ".network{box-sizing:border-box;width:100%;border-radius:8px;"
        "border:1px solid var(--st-border-color,#d0d4da);"
        "color:var(--st-text-color,#222);background:var(--st-background-color,#fff)}",
        js=(_LIB / "vis-network.min.js").read_text(encoding="utf-8") + _JS,
    )


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    level, look, wanted = _controls(estate)
    links = estate.links(level)
    every = sorted({estate.group(id_, level) for id_ in estate.snapshot.datasets})
    names = [name for name in every if wanted.lower() in name.lower()]
    drawn = names[:NODES]
    st.caption(
        f"drawn {len(drawn):,} of {words.many(len(every), level)}"
        + (f" · {len(every) - len(names):,} without “{wanted}” in the name" if wanted else "")
        + (f" · {len(names) - len(drawn):,} beyond {NODES}" if len(names) > NODES else "")
        + " · an arrow is lineage, dashed where values only influence"
    )
    if not drawn:
        st.info("No name has that in it.")
        return
    values = _values(estate, level, look, drawn)
    _component()(
        key="map",
        data=[_data(estate, level, drawn, links, values)],
        on_node_change=_chosen,
    )
    st.html(lens.legend(Painting(dict(enumerate(values.values()))), look))
    # The network is a picture; by keyboard a node is chosen here.
    about = address.get("node")
    part = address.held("node", about if about in drawn else None)
    node = st.selectbox(
        "About",
        drawn,
        index=None,
        placeholder="a node",
        format_func=lambda name: words.named(name, level),
        key=part.key,
        on_change=part.write,
    )
    if node:
        _about(estate, node, level, links)


def _controls(estate: lineage.Workspace) -> tuple[str, str, str]:
    """Return what a node is, what it is coloured by, and what its name has."""
    wanted = address.get("with")
    level = address.one_of("level", LEVELS)
    if not address.get("level") and not wanted:
        level = _coarser(estate)
    asked = address.get("lens")
    usual = level if level in LENSES else LENSES[0]
    parts = {
        "level": address.held("level", level),
        "lens": address.held("lens", asked if asked in LENSES else usual, usual),
        "with": address.held("with", wanted),
    }
    first, second, third, fourth = st.columns([2.6, 1.4, 2, 1], vertical_alignment="bottom")
    first.segmented_control(
        "Draw",
        LEVELS,
        format_func=str.capitalize,
        key=parts["level"].key,
        on_change=parts["level"].write,
    )
    look = second.selectbox(
        "Colour by", LENSES, key=parts["lens"].key, on_change=parts["lens"].write
    )
    third.text_input("Only names with", key=parts["with"].key, on_change=parts["with"].write)
    with fourth:
        words.save("HTML page", lambda: "".join(lineage.export(estate, "html")), "lineage.html")
    return level, look, wanted


def _values(
    estate: lineage.Workspace, level: str, look: str, names: list[str]
) -> dict[str, lens.Value]:
    """Return what the lens says of each node: of a group, what it says of all its tables."""
    if level == look:
        told = lens.groups(estate, level)
        return {name: told[name] for name in names}
    tables = {estate.label(id_): id_ for id_ in estate.snapshot.datasets}
    known = lens.of_tables(estate, tables, look)
    if level == "dataset":
        return {name: known[name] for name in names if name in known}
    members: dict[str, list[lens.Value]] = {}
    for name, id_ in tables.items():
        if name in known:
            members.setdefault(estate.group(id_, level), []).append(known[name])
    return {name: lens.together(members[name], look) for name in names if name in members}


def _coarser(estate: lineage.Workspace) -> str:
    """Return datasets where they can all be drawn, else what they are drawn together as."""
    datasets = estate.snapshot.datasets
    if len(datasets) <= NODES:
        return "dataset"
    for level in LEVELS[1:]:
        groups = {estate.group(id_, level) for id_ in datasets}
        if 1 < len(groups) <= NODES:
            st.info(
                f"{len(datasets):,} datasets are too many to draw one by one: each node is a "
                f"{level}. Write a part of a name above to see the datasets that have it."
            )
            return level
    return "dataset"


def _chosen() -> None:
    said = st.session_state.get("map") or {}
    if said.get("node"):
        address.put(node=str(said["node"]))


def _data(
    estate: lineage.Workspace,
    level: str,
    names: list[str],
    links: tuple[lineage.Link, ...],
    values: Mapping[str, lens.Value],
) -> dict[str, object]:
    known = set(names)
    shown = [
        link
        for link in links
        if link.source in known and link.target in known and link.source != link.target
    ]
    titles: dict[str, str] = {}
    if level == "dataset":
        # A file is known by its name, not by what comes after its last dot.
        titles = {
            estate.label(id_): id_.name.rsplit("/", 1)[-1]
            for id_ in estate.snapshot.datasets
            if "/" in id_.name
        }
    labels = {}
    for name in names:
        sign = f"{values[name].sign} " if name in values and values[name].sign else ""
        labels[name] = network.wrapped(sign + words.named(titles.get(name, name), level))
    plan = network.plan(labels, [(link.source, link.target) for link in shown])
    nodes = [
        {
            "id": name,
            "label": labels[name],
            "title": words.named(name, level),
            "color": values[name].tone if name in values else lens.NONE,
            "x": plan.places[name][0],
            "y": plan.places[name][1],
        }
        for name in names
    ]
    edges = [
        {"from": link.source, "to": link.target, "arrows": "to", "dashes": not link.direct}
        for link in shown
    ]
    digest = hashlib.sha256(json.dumps([nodes, edges]).encode()).hexdigest()[:16]
    return {
        "nodes": nodes,
        "edges": edges,
        "version": digest,
        "wide": plan.wide,
        "high": plan.high,
    }


def _about(
    estate: lineage.Workspace, node: str, level: str, links: tuple[lineage.Link, ...]
) -> None:
    st.subheader(words.named(node, level), anchor=False)
    reads = [
        {
            "reads": words.named(link.source, level),
            "values": link.direct,
            "influences": link.indirect,
        }
        for link in links
        if link.target == node
    ]
    readers = [
        {
            "is read by": words.named(link.target, level),
            "values": link.direct,
            "influences": link.indirect,
        }
        for link in links
        if link.source == node
    ]
    one, two = st.columns(2)
    with one:
        words.drawn(reads, "What it reads")
    with two:
        words.drawn(readers, "What reads it")
    try:
        estate.resolve(node)
    except lineage.LineageError:
        return
    links_to.column(node)
