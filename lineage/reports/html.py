"""One page that needs no network: datasets as a network, for pull requests and colleagues.

The network is pyvis's, and so is the copy of vis-network that draws it. The page around it is
ours: no mode of pyvis is free of links to a CDN, and offline those keep the page blank.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from lineage.errors import LineageError
from lineage.graph.rollup import owner, rollup
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId
from lineage.reports import Material, Report
from lineage.reports.text import how

GAP_X, GAP_Y = 260, 90
LISTED = 40
"""Columns that the panel lists for one dataset before it says how many more there are."""
POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"
LEGEND = "Solid: the value flows. Dashed: it only influences."
# The verdict stands on the box too: colour alone says nothing to some.
COLOURS = {
    "": "#4c78a8",
    "BLOCKED": "#8c1d18",
    "BREAKS": "#d1362f",
    "UNKNOWN": "#7a7a7a",
    "SCHEMA_CHANGES": "#b26a00",
    "VALUE_CHANGES": "#8a6d00",
    "OK": "#2e7d32",
}


def write(material: Material) -> Iterator[str]:
    """Yield the page."""
    try:
        import pyvis  # noqa: PLC0415 - an extra; and it takes a second to import
        from pyvis.network import Network  # noqa: PLC0415 - the same
    except ImportError as error:
        msg = 'the HTML page needs pyvis; get it with: pip install "lineage-explorer[app]"'
        raise LineageError(msg) from error

    datasets = _datasets(material)
    places = _places(datasets, material.edges)
    numbers = {id_: number for number, id_ in enumerate(datasets)}
    names = [material.label(id_) for id_ in datasets]
    network = Network(directed=True)
    for id_ in datasets:
        x, y = places[id_]
        mark = material.marks.get(id_, "")
        network.add_node(
            numbers[id_],
            label=names[numbers[id_]] + (f"\n{mark}" if mark else ""),
            shape="box",
            color=COLOURS.get(mark, COLOURS[""]),
            x=x,
            y=y,
        )
    for link in rollup(material.edges, lambda id_: str(numbers[id_])):
        # Not add_edge, which compares each edge with every other.
        network.edges.append(
            {
                "from": int(link.source),
                "to": int(link.target),
                "arrows": "to",
                "dashes": not link.direct,
                "value": link.direct + link.indirect,
            }
        )
    details = [_detail(material, id_) for id_ in datasets]
    lineage = _columns(material, numbers)
    bundle = Path(pyvis.__file__).parent / "templates" / "lib" / "vis-9.1.2"
    yield _page(
        title=material.title,
        summary=f"{len(datasets):,} datasets, {len(lineage):,} column edges",
        style=(bundle / "vis-network.css").read_text(encoding="utf-8"),
        script=(bundle / "vis-network.min.js").read_text(encoding="utf-8"),
        data={
            "nodes": network.nodes,
            "edges": network.edges,
            "names": names,
            "details": details,
            "lineage": lineage,
        },
    )


def _datasets(material: Material) -> list[DatasetId]:
    named = {owner(end) for edge in material.edges for end in (edge.source, edge.target)}
    return sorted(id_ for id_ in named if id_ is not None)


def _places(
    datasets: Iterable[DatasetId], edges: Iterable[Edge]
) -> dict[DatasetId, tuple[float, float]]:
    """Return where each dataset is drawn: in layers from left to right, near what feeds it."""
    before: dict[DatasetId, set[DatasetId]] = {id_: set() for id_ in datasets}
    for edge in edges:
        source, target = owner(edge.source), owner(edge.target)
        if source is not None and target is not None and source != target:
            before[target].add(source)
    columns: dict[int, list[DatasetId]] = {}
    for id_, layer in _layers(before).items():
        columns.setdefault(layer, []).append(id_)
    places: dict[DatasetId, tuple[float, float]] = {}
    for layer, members in sorted(columns.items()):

        def height(id_: DatasetId) -> float:
            above = [places[one][1] for one in before[id_] if one in places]
            return sum(above) / len(above) if above else 0.0

        members.sort(key=lambda id_: (height(id_), id_))
        top = -GAP_Y * (len(members) - 1) / 2
        for row, id_ in enumerate(members):
            places[id_] = (layer * GAP_X, top + row * GAP_Y)
    return places


def _layers(before: Mapping[DatasetId, set[DatasetId]]) -> dict[DatasetId, int]:
    """Return how far from the sources each dataset is: the longest way, cycles cut."""
    layers: dict[DatasetId, int] = {}
    for start in before:
        way: list[tuple[DatasetId, Iterator[DatasetId]]] = [(start, iter(sorted(before[start])))]
        entered = {start}
        while way and start not in layers:
            id_, rest = way[-1]
            earlier = next((one for one in rest if one not in layers and one not in entered), None)
            if earlier is not None:
                entered.add(earlier)
                way.append((earlier, iter(sorted(before[earlier]))))
            else:
                layers[id_] = 1 + max((layers.get(one, -1) for one in before[id_]), default=-1)
                way.pop()
    return layers


def _detail(material: Material, id_: DatasetId) -> dict[str, Any]:
    known = material.snapshot.datasets.get(id_)
    types = {field.name: field.type for field in (known.fields if known else None) or ()}
    columns = [column.name for column in material.columns(id_)]
    return {
        "name": f"{id_.namespace}/{id_.name}",
        "kind": known.kind.value if known else "",
        "owners": list(known.owners) if known else [],
        "domain": (known.domain if known else None) or "",
        "description": (known.description if known else None) or "",
        "columns": [[name, types.get(name) or ""] for name in columns[:LISTED]],
        "more": max(len(columns) - LISTED, 0),
    }


def _columns(material: Material, numbers: Mapping[DatasetId, int]) -> list[list[Any]]:
    """Return each column edge: source dataset and column, target dataset and column, how."""
    rows = []
    for edge in material.edges:
        source, target = owner(edge.source), owner(edge.target)
        if source is not None and target is not None:
            names = [end.name if owner(end) != end else "*" for end in (edge.source, edge.target)]
            rows.append(
                [numbers[source], names[0], numbers[target], names[1], how(edge), int(edge.direct)]
            )
    return rows


def _page(*, title: str, summary: str, style: str, script: str, data: Mapping[str, Any]) -> str:
    return "".join(
        (
            "<!doctype html>\n<html lang=en><meta charset=utf-8>",
            '<meta name=viewport content="width=device-width, initial-scale=1">',
            # Nothing may be fetched, whatever a name may look like.
            f'<meta http-equiv=Content-Security-Policy content="{POLICY}">',
            f"<title>{escape(title)}</title>",
            f"<style>{style}</style><style>{STYLE}</style>",
            f"<header><h1>{escape(title)}</h1><p>{escape(summary)}. {LEGEND}</p>",
            "<label>Find <input id=find type=search list=names autocomplete=off></label>",
            "<datalist id=names></datalist></header>",
            "<main><div id=frame><div id=canvas></div></div><aside id=panel tabindex=0>",
            "<p>Choose a dataset to see its columns and where they come from.</p></aside></main>",
            f"<script>{script}</script>",
            f"<script id=data type=application/json>{_embedded(data)}</script>",
            f"<script>{BEHAVIOUR}</script>\n</html>\n",
        )
    )


def _embedded(data: Mapping[str, Any]) -> str:
    """Return JSON that no name in it can break out of."""
    text = json.dumps(data, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


STYLE = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--soft:#f3f5f8;--line:#9aa7b8}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf4;--paper:#12161c;--soft:#1b212a;--line:#5d6b7e}}
*{box-sizing:border-box}
body{margin:0;height:100vh;display:flex;flex-direction:column;
font:15px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header{display:flex;flex-wrap:wrap;gap:4px 24px;align-items:baseline;padding:12px 20px;
border-bottom:1px solid var(--line)}
h1{font-size:19px;margin:0}header p{margin:0;opacity:.8}header label{margin-left:auto}
input{font:inherit;padding:4px 8px;min-width:16em}
main{flex:1;min-height:0;display:grid;grid-template:minmax(0,1fr)/minmax(0,1fr) 340px}
/* Out of the flow, or the canvas and its frame would make each other grow without end. */
#frame{position:relative;background:var(--soft)}#canvas{position:absolute;inset:0}
#panel{overflow:auto;padding:12px 18px;border-left:1px solid var(--line)}
#panel h2{font-size:16px;margin:0 0 4px;overflow-wrap:anywhere}
#panel h3{font-size:13px;margin:14px 0 4px;text-transform:uppercase;letter-spacing:.04em;
opacity:.75}
#panel ul{list-style:none;margin:0;padding:0}
#panel li{padding:2px 0;overflow-wrap:anywhere}#panel small{opacity:.75}
@media(max-width:800px){body{height:auto}main{grid-template:60vh auto/1fr}}
"""

BEHAVIOUR = """
'use strict';
const data = JSON.parse(document.getElementById('data').textContent);
const dark = matchMedia('(prefers-color-scheme: dark)').matches;
const panel = document.getElementById('panel');
const nodes = new vis.DataSet(data.nodes.map(n => ({...n, font: {color: '#fff', size: 15},
  color: {background: n.color, border: n.color,
    highlight: {background: n.color, border: '#f5a623'}},
  borderWidthSelected: 4, margin: 9})));
const line = dark ? '#8190a5' : '#66758a';
const edges = new vis.DataSet(data.edges.map((e, id) => ({id, ...e, value: undefined,
  color: {color: line, highlight: '#f5a623'}, width: 1.5})));
const network = new vis.Network(document.getElementById('canvas'), {nodes, edges}, {
  physics: {enabled: false}, interaction: {hover: true, keyboard: false, hideEdgesOnDrag: true},
  edges: {smooth: {type: 'cubicBezier', forceDirection: 'horizontal', roundness: .5}}});
// Everything in sight when there is little; when there is much, readable, and panned.
const fit = () => {
  network.fit();
  network.moveTo({scale: Math.min(1.2, Math.max(.35, network.getScale() * .85))});
};
new ResizeObserver((_, seen) => { seen.disconnect(); fit(); })
  .observe(document.getElementById('canvas'));
const add = (parent, tag, text) => {
  const made = parent.appendChild(document.createElement(tag));
  made.textContent = text;   // never HTML: names are anyone's
  return made;
};
function show(id) {
  const d = data.details[id];
  panel.replaceChildren();
  add(panel, 'h2', data.names[id]);
  add(panel, 'small', d.name);
  const kind = [d.kind, d.domain].filter(Boolean).join(' · ');
  for (const text of [kind, d.owners.join(', '), d.description])
    if (text) add(panel, 'p', text);
  add(panel, 'h3', 'Columns');
  const list = add(panel, 'ul', '');
  for (const [name, type] of d.columns) {
    const item = add(list, 'li', name + ' ');
    if (type) add(item, 'small', type);
  }
  if (d.more) add(list, 'li', '+ ' + d.more + ' more');
  for (const [head, mine, other] of [['Comes from', 2, 0], ['Goes into', 0, 2]]) {
    const rows = data.lineage.filter(row => row[mine] === id);
    if (!rows.length) continue;
    add(panel, 'h3', head);
    const flows = add(panel, 'ul', '');
    for (const row of rows.slice(0, 200)) {
      const item = add(flows, 'li',
        row[mine + 1] + (mine ? ' ← ' : ' → ') +
        data.names[row[other]] + '.' + row[other + 1] + ' ');
      add(item, 'small', row[4] + (row[5] ? '' : ', influence'));
    }
    if (rows.length > 200) add(flows, 'li', '+ ' + (rows.length - 200) + ' more');
  }
}
network.on('selectNode', event => show(event.nodes[0]));
const names = document.getElementById('names');
data.names.forEach(name => { names.appendChild(document.createElement('option')).value = name; });
document.getElementById('find').addEventListener('change', event => {
  const wanted = event.target.value.toLowerCase();
  let id = data.names.findIndex(name => name.toLowerCase() === wanted);
  if (id < 0) id = data.names.findIndex(name => name.toLowerCase().includes(wanted));
  if (id < 0 || !wanted) return;
  network.selectNodes([id]);
  network.focus(id, {scale: 1});
  show(id);
});
"""

REPORT = Report(purpose="One page that needs no network, with pyvis", write=write)
