"""A check as one page: the network of what is downstream, coloured by verdict."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.reports.check import Checked, CheckReport
from lineage.reports.html import write as draw


def write(checked: Checked) -> Iterator[str]:
    """Yield the page."""
    yield from draw(checked.material())


REPORT = CheckReport(purpose="One page with the cone, coloured by verdict", write=write)
