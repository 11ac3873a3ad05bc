"""The whole estate as one JSON document: datasets, jobs, runs, edges, diagnostics."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lineage.model.edge import Edge
from lineage.reports import Material, Report
from lineage.reports.values import Plain, endpoint, plain, transformations

VERSION = 1


def write(material: Material) -> Iterator[str]:
    """Yield the document in one piece."""
    snapshot = material.snapshot
    document: dict[str, Plain] = {
        "version": VERSION,
        "as_of": plain(snapshot.as_of),
        "datasets": plain(list(snapshot.datasets.values())),
        "jobs": plain(list(snapshot.jobs.values())),
        "runs": plain(list(snapshot.runs.values())),
        "edges": [edge_value(edge) for edge in material.edges],
        "diagnostics": plain(snapshot.diagnostics),
    }
    yield json.dumps(document, ensure_ascii=False, indent=1) + "\n"


def edge_value(edge: Edge) -> Plain:
    """Return an edge with everything that is known of it."""
    return {
        "source": dict(endpoint(edge.source)),
        "target": dict(endpoint(edge.target)),
        "job": None if edge.job is None else dict(endpoint(edge.job)),
        "transformations": transformations(edge),
        "basis": edge.basis.value,
        "direct": edge.direct,
        "verified": edge.verified,
        "evidence": plain(edge.evidence),
        "first_seen": plain(edge.first_seen),
        "last_seen": plain(edge.last_seen),
    }


REPORT = Report(purpose="The whole estate as one JSON document", write=write)
