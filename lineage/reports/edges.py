"""Column edges, one JSON object a line: a contract that scripts rely on.

    {"source": {"namespace", "name", "field"}, "target": {…}, "job": {"namespace", "name"} | null,
     "transformations": [{"type", "subtype", "masking"}], "basis"}

Edges to every column of a dataset are expanded; the field is `*` where those columns are not known
and where a producer declared the edge for the whole dataset. Lineage between datasets of which no
columns are told is no column edge: `--format jsonl` has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from lineage.graph.star import STAR
from lineage.model.identity import DatasetId, Endpoint
from lineage.reports import Material, Report
from lineage.reports.values import Plain, endpoint, transformations


def write(material: Material) -> Iterator[str]:
    """Yield a line an edge, in the order of the snapshot."""
    for edge in material.column_edges():
        row: dict[str, Plain] = {
            "source": _column(edge.source),
            "target": _column(edge.target),
            "job": None if edge.job is None else dict(endpoint(edge.job)),
            "transformations": transformations(edge),
            "basis": edge.basis.value,
        }
        yield json.dumps(row, ensure_ascii=False) + "\n"


def _column(end: Endpoint) -> dict[str, Plain]:
    parts: dict[str, Plain] = dict(endpoint(end))
    return {**parts, "field": STAR} if isinstance(end, DatasetId) else parts


REPORT = Report(purpose="Column edges, one JSON object a line", write=write)
