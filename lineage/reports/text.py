"""Edges in words, one a line: `orders.amount -> revenue.total  AGGREGATION  by daily_revenue`."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.edge import Edge
from lineage.reports import Material, Report


def write(material: Material) -> Iterator[str]:
    """Yield a line an edge; a dotted arrow is influence, a plain one the value itself."""
    for edge in material.edges:
        arrow = "->" if edge.direct else "~>"
        job = f"  by {material.label(edge.job)}" if edge.job else ""
        ends = f"{material.label(edge.source)} {arrow} {material.label(edge.target)}"
        yield f"{ends}  {how(edge)}{job}  ({edge.basis.value.lower()})\n"


def how(edge: Edge) -> str:
    """Return an edge's transformations in a few words."""
    words = sorted({step.subtype or step.type.value for step in edge.transformations})
    masked = any(step.masking for step in edge.transformations)
    return ", ".join([*words, *(["masked"] if masked else [])]) or "unspecified"


REPORT = Report(purpose="Edges in words, one a line", write=write)
