"""The data files beside the code: what an engine said of itself, or what its manual says."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """The document ``data/<name>.json.gz``; callers must not change it."""
    packed = files("lineage.sql.typing").joinpath("data", f"{name}.json.gz").read_bytes()
    document: dict[str, Any] = json.loads(gzip.decompress(packed))
    return document
