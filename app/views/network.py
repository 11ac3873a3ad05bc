"""Map: tables, schemas, domains or owners as a network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pyvis
import streamlit as st

import lineage
from app import address, links_to, opened

LEVELS = ("dataset", "schema", "domain", "owner")
NODES = 300
PHYSICS = 100
"""Nodes above which positions are fixed: moving more of them stalls the page."""
_TONES = ("#3f6fb5", "#3c8d5a", "#9a6a1c", "#7b52a8", "#a8434f", "#2c8a94", "#68707d", "#8d7a2a")
_LIB = Path(pyvis.__file__).parent / "templates" / "lib" / "vis-9.1.2"
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
    level = str(level or "dataset")
    address.put(level=None if level == "dataset" else level)
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
    links = estate.links(level)
    names = sorted({name for link in links for name in (link.source, link.target)})
    if level == "dataset":
        names = sorted({*names, *(estate.label(id_) for id_ in estate.snapshot.datasets)})
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
        key="map", data=_data(estate, level, drawn, links), on_node_change=_chosen, height=560
    )
    node = address.get("node")
    if node:
        _about(estate, node, links)


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
    if level == "dataset":
        groups = {
            estate.label(id_): estate.group(id_, "schema") for id_ in estate.snapshot.datasets
        }
    tones: dict[str, str] = {}
    heights = _heights(layers, shown)
    nodes = []
    for name in names:
        group = groups.get(name, name)
        tone = tones.setdefault(group, _TONES[len(tones) % len(_TONES)])
        place = {"x": layers[name] * 240, "y": heights[name]}
        nodes.append({"id": name, "label": name, "color": tone, **place})
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
    one, two = st.columns(2)
    one.dataframe(
        [
            {"reads": link.source, "values": link.direct, "influences": link.indirect}
            for link in links
            if link.target == node
        ],
        hide_index=True,
        width="stretch",
    )
    two.dataframe(
        [
            {"is read by": link.target, "values": link.direct, "influences": link.indirect}
            for link in links
            if link.source == node
        ],
        hide_index=True,
        width="stretch",
    )
    try:
        estate.resolve(node)
    except lineage.LineageError:
        return
    links_to.column(node)
