"""Edges to and from networkx, and through it GraphML. The only file that knows networkx.

The exchange type is a MultiDiGraph: a column often reaches another both as a value and as a
filter, and in a DiGraph one of those edges overwrites the other.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId, sort_key
from lineage.model.transformation import Transformation, TransformationType

if TYPE_CHECKING:
    # networkx takes 0.2 s to import, so each function imports it when it is called.
    import networkx as nx

    Graph = nx.MultiDiGraph[Any]

# What XML 1.0 (section 2.2) cannot hold, the carriage return that it would turn into a line feed,
# and the backslash that the escapes below are made with.
_UNSPEAKABLE = re.compile("[\x00-\x08\x0b-\x1f\\\\\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile(r"\\(?:\\|u([0-9a-f]{4}))")


def to_networkx(edges: Iterable[Edge], nodes: Iterable[Endpoint] = ()) -> Graph:
    """Return a MultiDiGraph whose nodes are identities; ``nodes`` adds some without edges.

    Attributes are scalars only, so that any of networkx's file formats takes them.
    """
    import networkx as nx  # noqa: PLC0415 - see above

    graph: Graph = nx.MultiDiGraph()
    edges = tuple(edges)
    ends = {end for edge in edges for end in (edge.source, edge.target)} | set(nodes)
    for end in sorted(ends, key=sort_key):
        graph.add_node(end, **_node_attributes(end))
    for edge in edges:
        graph.add_edge(edge.source, edge.target, **_edge_attributes(edge))
    return graph


def from_networkx(graph: Graph) -> tuple[Edge, ...]:
    """Return the edges of a graph that `to_networkx` made, or one with the same attributes.

    Evidence and dates do not travel. Raises ValueError where an attribute is missing or odd.
    """
    ends = {node: _endpoint(attributes) for node, attributes in graph.nodes(data=True)}
    return tuple(
        _edge(ends[source], ends[target], attributes)
        for source, target, attributes in graph.edges(data=True)
    )


def to_graphml(edges: Iterable[Edge], nodes: Iterable[Endpoint] = ()) -> str:
    """Return GraphML, nodes called n0, n1, …; characters that XML refuses are escaped."""
    import networkx as nx  # noqa: PLC0415 - see above

    graph = to_networkx(edges, nodes)
    numbered: Graph = nx.MultiDiGraph()
    names = {node: f"n{number}" for number, node in enumerate(graph)}
    for node, attributes in graph.nodes(data=True):
        numbered.add_node(names[node], **_escaped(attributes))
    for source, target, attributes in graph.edges(data=True):
        numbered.add_edge(names[source], names[target], **_escaped(attributes))
    written = io.BytesIO()
    # Not write_graphml, which takes lxml where that happens to be installed, and not
    # generate_graphml, which splits its text at every character that Python calls a line end.
    nx.write_graphml_xml(numbered, written)
    return written.getvalue().decode()


def from_graphml(text: str) -> tuple[Edge, ...]:
    """Return the edges of a GraphML document that `to_graphml` wrote."""
    import networkx as nx  # noqa: PLC0415 - see above

    parsed = nx.parse_graphml(text, force_multigraph=True)
    graph: Graph = nx.MultiDiGraph()
    for node, attributes in parsed.nodes(data=True):
        graph.add_node(node, **_unescaped(attributes))
    for source, target, attributes in parsed.edges(data=True):
        graph.add_edge(source, target, **_unescaped(attributes))
    return from_networkx(graph)


def _node_attributes(end: Endpoint) -> dict[str, str]:
    match end:
        case FieldId(dataset, name):
            return {
                "kind": "column",
                "namespace": dataset.namespace,
                "dataset": dataset.name,
                "field": name,
            }
        case DatasetId(namespace, name):
            return {"kind": "dataset", "namespace": namespace, "dataset": name}
        case JobId(namespace, name):
            return {"kind": "job", "namespace": namespace, "job": name}


def _endpoint(attributes: dict[str, Any]) -> Endpoint:
    # An empty text comes back from GraphML as no attribute at all.
    namespace = str(attributes.get("namespace", ""))
    match attributes.get("kind"):
        case "column":
            dataset = DatasetId(namespace, str(attributes.get("dataset", "")))
            return FieldId(dataset, str(attributes.get("field", "")))
        case "dataset":
            return DatasetId(namespace, str(attributes.get("dataset", "")))
        case "job":
            return JobId(namespace, str(attributes.get("job", "")))
        case other:
            msg = f"a node's kind must be column, dataset or job, not {other!r}"
            raise ValueError(msg)


def _edge_attributes(edge: Edge) -> dict[str, str | bool]:
    steps = sorted(
        (
            [step.type.value, str(step.subtype), step.description, step.masking]
            for step in edge.transformations
        ),
        key=repr,
    )
    attributes: dict[str, str | bool] = {
        "basis": edge.basis.value,
        "direct": edge.direct,
        "verified": edge.verified,
        "transformations": json.dumps(steps),
    }
    if edge.job is not None:
        attributes |= {"job_namespace": edge.job.namespace, "job": edge.job.name, "has_job": True}
    return attributes


def _edge(source: Endpoint, target: Endpoint, attributes: dict[str, Any]) -> Edge:
    job = None
    if attributes.get("has_job"):
        job = JobId(str(attributes.get("job_namespace", "")), str(attributes.get("job", "")))
    steps = json.loads(attributes.get("transformations", "[]"))
    return Edge(
        source,
        target,
        Basis(attributes.get("basis", "")),
        job,
        frozenset(
            Transformation(TransformationType(type_), subtype, description, masking)
            for type_, subtype, description, masking in steps
        ),
        verified=bool(attributes.get("verified", True)),
    )


def _escaped(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _UNSPEAKABLE.sub(_escape, value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _escape(found: re.Match[str]) -> str:
    return "\\\\" if found[0] == "\\" else f"\\u{ord(found[0]):04x}"


def _unescaped(attributes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _ESCAPE.sub(_unescape, value) if isinstance(value, str) else value
        for name, value in attributes.items()
    }


def _unescape(found: re.Match[str]) -> str:
    return chr(int(found[1], 16)) if found[1] else "\\"
