"""A Mermaid flow chart of datasets, for pull requests and wikis that draw it."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.graph.rollup import owner, rollup
from lineage.model.identity import DatasetId
from lineage.reports import Material, Report


def write(material: Material) -> Iterator[str]:
    """Yield the chart: plain arrows for values, dotted ones for influence alone."""
    datasets = sorted(
        {
            id_
            for edge in material.edges
            for id_ in (owner(edge.source), owner(edge.target))
            if id_ is not None
        }
    )
    names = {str(number): id_ for number, id_ in enumerate(datasets)}
    numbers = {id_: number for number, id_ in names.items()}
    yield "flowchart LR\n"
    for number, id_ in names.items():
        yield f'  n{number}["{_text(material.label(id_))}"]\n'

    def group(id_: DatasetId) -> str:
        return numbers[id_]

    for link in rollup(material.edges, group):
        arrow = f"-->|{link.direct + link.indirect}|" if link.direct else f"-.->|{link.indirect}|"
        yield f"  n{link.source} {arrow} n{link.target}\n"


def _text(text: str) -> str:
    """Return text that Mermaid shows as it is: its own entity codes, by number."""
    return "".join(
        letter if letter.isalnum() or letter in " ._-/:" else f"#{ord(letter)};" for letter in text
    )


REPORT = Report(purpose="Mermaid flow chart of datasets", write=write)
