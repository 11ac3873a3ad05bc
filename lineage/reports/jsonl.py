"""The whole estate, one JSON object a line, each says what it `is`: dataset, job, run, edge."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lineage.reports import Material, Report
from lineage.reports.json import edge_value
from lineage.reports.values import plain


def write(material: Material) -> Iterator[str]:
    """Yield a line a thing, datasets first, so that a reader knows what edges speak of."""
    snapshot = material.snapshot
    things = (
        *(("dataset", plain(dataset)) for dataset in snapshot.datasets.values()),
        *(("job", plain(job)) for job in snapshot.jobs.values()),
        *(("run", plain(run)) for run in snapshot.runs.values()),
        *(("edge", edge_value(edge)) for edge in material.edges),
        *(("diagnostic", plain(diagnostic)) for diagnostic in snapshot.diagnostics),
    )
    for kind, value in things:
        if isinstance(value, dict):
            # Not `kind`: datasets and jobs have one of their own.
            yield json.dumps({"is": kind, **value}, ensure_ascii=False) + "\n"


REPORT = Report(purpose="The whole estate, one JSON object a line", write=write)
