"""Map: tables, schemas, domains or owners as a network."""

from __future__ import annotations

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import streamlit as st

import lineage
from app import address, links_to, opened, words

LEVELS = ("dataset", "schema", "domain", "owner")
NODES = 300
PHYSICS = 100
"""Nodes above which positions are fixed: moving more of them stalls the page."""
_TONES = ("#3f6fb5", "#3c8d5a", "#9a6a1c", "#7b52a8", "#a8434f", "#2c8a94", "#68707d", "#8d7a2a")
_PYVIS = find_spec("pyvis")
# Found and not imported: pyvis brings IPython and Jinja along, a fifth of a second for nothing.
_LIB = Path((_PYVIS and _PYVIS.origin) or "").parent / "templates" / "lib" / "vis-9.1.2"
_JS = (Path(__file__).parents[1] / "canvas" / "network.js").read_text(encoding="utf-8")


@st.cache_resource(show_spinner=False)
def _component():  # type: ignore[no-untyped-def]  # noqa: ANN202 - streamlit does not export the type
    """Register the network: vis-network as the pyvis package carries it, so nothing is fetched."""
    return st.components.v2.component(
        "lineage_map",
        html='<div class="network" role="img" aria-label="Network of tables"></div>',
        css=".network{box-sizing:border-box;width:100%;border-radius:8px;"
        "border:1px solid var(--st-border-color,#d0d4da);"
        "color:var(--st-text-color,#222);background:var(--st-background-color,#fff)}",
        js=(_LIB / "vis-network.min.js").read_text(encoding="utf-8") + _JS,
    )


def show() -> None:
    """Draw the page."""
    estate = opened.estate()
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    with left:
        level = st.segmented_control(
            "Draw", LEVELS, default=address.one_of("level", LEVELS), format_func=str.capitalize
        )
    chosen = address.get("level")
    level = str(level or "dataset")
    if level != "dataset" or chosen:
        address.put(level=level)
    with middle:
        wanted = st.text_input("Only names with", value=address.get("with"))
        address.put(**{"with": wanted})
    with right:
        st.download_button(
            "HTML page",
            lambda: "".join(lineage.export(estate, "html")),
            "lineage.html",
            "text/html",
            width="stretch",
        )
    if level == "dataset" and not chosen and not wanted:
        level = _coarser(estate)
    links = estate.links(level)
    names = sorted({estate.group(id_, level) for id_ in estate.snapshot.datasets})
    if wanted:
        names = [name for name in names if wanted.lower() in name.lower()]
    drawn = names[:NODES]
    st.caption(
        f"drawn {len(drawn):,} of {len(names):,} {level}s · an arrow is lineage, dashed where "
        "values only influence"
    )
    if not drawn:
        st.info("No name has that in it.")
        return
    _component()(
        key="map", data=[_data(estate, level, drawn, links)], on_node_change=_chosen, height=560
    )
    node = address.get("node")
    if node:
        _about(estate, node, links)


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
    estate: lineage.Workspace, level: str, names: list[str], links: tuple[lineage.Link, ...]
) -> dict[str, object]:
    known = set(names)
    shown = [
        link
        for link in links
        if link.source in known and link.target in known and link.source != link.target
    ]
    layers = _layers(names, shown)
    groups: dict[str, str] = {}
    titles: dict[str, str] = {}
    if level == "dataset":
        groups = {
            estate.label(id_): estate.group(id_, "schema") for id_ in estate.snapshot.datasets
        }
        titles = {
            estate.label(id_): id_.name.rsplit("/", 1)[-1]
            for id_ in estate.snapshot.datasets
            if "/" in id_.name
        }
    tones: dict[str, str] = {}
    heights = _heights(layers, shown)
    nodes = []
    for name in names:
        group = groups.get(name, name)
        tone = tones.setdefault(group, _TONES[len(tones) % len(_TONES)])
        place = {"x": layers[name] * 240, "y": heights[name]}
        # A file is known by its name, not by what comes after its last dot.
        text = titles.get(name, name)
        nodes.append({"id": name, "label": text, "color": tone, **place})
    edges = [
        {"from": link.source, "to": link.target, "arrows": "to", "dashes": not link.direct}
        for link in shown
    ]
    digest = hashlib.sha256(json.dumps([nodes, edges]).encode()).hexdigest()[:16]
    return {"nodes": nodes, "edges": edges, "version": digest, "height": 550}


def _layers(names: list[str], links: list[lineage.Link]) -> dict[str, int]:
    """Return how far right each node stands: the longest way to it, loops cut after a while."""
    layers = dict.fromkeys(names, 0)
    for _ in range(min(len(names), 40)):
        moved = False
        for link in links:
            if layers[link.target] <= layers[link.source] < len(names):
                layers[link.target] = layers[link.source] + 1
                moved = True
        if not moved:
            break
    return layers


def _heights(layers: dict[str, int], links: list[lineage.Link]) -> dict[str, float]:
    """Return how far down each node stands: near what feeds it, its layer in the middle."""
    feeding: dict[str, list[str]] = {}
    for link in links:
        feeding.setdefault(link.target, []).append(link.source)
    heights: dict[str, float] = {}
    for layer in sorted(set(layers.values())):
        members = [name for name, place in layers.items() if place == layer]

        def wanted(name: str) -> float:
            above = [heights[one] for one in feeding.get(name, ()) if one in heights]
            return sum(above) / len(above) if above else 0.0

        members.sort(key=lambda name: (wanted(name), name))
        for row, name in enumerate(members):
            heights[name] = (row - (len(members) - 1) / 2) * 58
    return heights


def _about(estate: lineage.Workspace, node: str, links: tuple[lineage.Link, ...]) -> None:
    st.subheader(node, anchor=False)
    reads = [
        {"reads": link.source, "values": link.direct, "influences": link.indirect}
        for link in links
        if link.target == node
    ]
    readers = [
        {"is read by": link.target, "values": link.direct, "influences": link.indirect}
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
