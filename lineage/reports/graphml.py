"""GraphML of all columns and edges, for Gephi, yEd, Neo4j and networkx."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.reports import Material, Report


def write(material: Material) -> Iterator[str]:
    """Yield the document in one piece; `lineage.graph.exchange.from_graphml` reads it back."""
    from lineage.graph.exchange import to_graphml  # noqa: PLC0415 - networkx takes 0.2 s to import

    columns = (column for id_ in material.snapshot.datasets for column in material.columns(id_))
    yield to_graphml(material.edges, columns) + "\n"


REPORT = Report(purpose="GraphML, for Gephi, yEd, Neo4j and networkx", write=write)
