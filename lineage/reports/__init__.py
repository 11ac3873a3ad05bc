"""Reports: an estate, written in a form that something else reads.

A module of this package declares what it is for and how it is written:

    REPORT = Report(purpose="Mermaid flow chart", write=write)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lineage.graph.star import STAR
from lineage.model.edge import Basis, Edge
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.registry import Registry

if TYPE_CHECKING:
    from lineage.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Material:
    """What a report is written from."""

    snapshot: Snapshot
    edges: tuple[Edge, ...]
    """The edges to show: all, or those of a selection."""
    label: Callable[[FieldId | DatasetId | JobId], str]
    """The shortest unambiguous name."""
    columns: Callable[[DatasetId], Iterable[FieldId]]
    """The columns of a dataset, known or mentioned."""
    title: str = "Lineage"
    marks: Mapping[DatasetId, str] = field(default_factory=dict)
    """What to colour datasets by, such as their verdicts."""

    def column_edges(self) -> Iterator[Edge]:
        """Yield the edges that start at a column, those to a whole dataset expanded.

        What a producer declared for a dataset as a whole, in so many words, stays as it was
        declared; so does what leads to a dataset whose columns nobody knows.
        """
        return expanded(self.edges, self.columns)


def expanded(
    edges: Iterable[Edge], columns: Callable[[DatasetId], Iterable[FieldId]]
) -> Iterator[Edge]:
    """Yield the edges that start at a column; see `Material.column_edges`."""
    # Here, because printing an answer needs this package and not the room that merges events.
    from lineage.catalog.fold import is_folded  # noqa: PLC0415

    for edge in edges:
        if not isinstance(edge.source, FieldId) or isinstance(edge.target, JobId):
            continue
        if isinstance(edge.target, FieldId) or (
            edge.basis is Basis.DECLARED and not is_folded(edge)
        ):
            yield edge
            continue
        named = [column for column in columns(edge.target) if column.name != STAR]
        yield from (replace(edge, target=column) for column in named or (edge.target,))


@dataclass(frozen=True, slots=True)
class Report:
    """One form. ``write`` yields pieces of text that follow each other."""

    purpose: str
    write: Callable[[Material], Iterable[str]]


REPORTS = Registry(__name__, "REPORT", Report, besides=("check", "values", "verdicts"))
