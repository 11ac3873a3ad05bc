"""Column edges as a table for a spreadsheet (RFC 4180), dataset-wide edges expanded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from lineage.graph.star import STAR
from lineage.model.identity import Endpoint, FieldId
from lineage.reports import Material, Report
from lineage.reports.text import how

HEADER = (
    "source_namespace",
    "source_dataset",
    "source_column",
    "target_namespace",
    "target_dataset",
    "target_column",
    "direct",
    "transformation",
    "job",
    "basis",
    "document",
    "line",
)


def write(material: Material) -> Iterator[str]:
    """Yield the header, then a row an edge."""
    yield row(HEADER)
    for edge in material.column_edges():
        place = edge.evidence[0] if edge.evidence else None
        yield row(
            (
                *_parts(edge.source),
                *_parts(edge.target),
                "yes" if edge.direct else "no",
                how(edge),
                edge.job.name if edge.job else "",
                edge.basis.value,
                place.document if place else "",
                str(place.line) if place and place.line else "",
            )
        )


def row(cells: tuple[str, ...]) -> str:
    """Return a row; a cell that a spreadsheet would run as a formula is made text."""
    written = io.StringIO()
    csv.writer(written).writerow(
        f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell for cell in cells
    )
    return written.getvalue()


def _parts(end: Endpoint) -> tuple[str, str, str]:
    if isinstance(end, FieldId):
        return end.dataset.namespace, end.dataset.name, end.name
    return end.namespace, end.name, STAR


REPORT = Report(purpose="Column edges as a table for a spreadsheet", write=write)
