"""Values of the model as plain JSON values: identities in parts, never joined into text."""

from __future__ import annotations

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from typing import TypeAlias

from lineage.model.answer import Cone
from lineage.model.edge import Edge
from lineage.model.identity import DatasetId, Endpoint, FieldId, JobId

Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | int | float | bool | None"


def plain(value: object) -> Plain:
    """Return a value of the model as JSON takes it; the same value gives the same text."""
    found: Plain
    match value:
        case Enum():
            found = plain(value.value)
        case None | str() | int() | float():
            found = value
        case FieldId() | DatasetId() | JobId():
            found = dict(endpoint(value))
        case datetime():
            found = value.isoformat()
        case Mapping():
            found = {_key(key): plain(item) for key, item in value.items()}
        case AbstractSet():
            found = sorted((plain(item) for item in value), key=repr)
        case list() | tuple():
            found = [plain(item) for item in value]
        case _ if is_dataclass(value):
            found = {field.name: plain(getattr(value, field.name)) for field in fields(value)}
        case _:
            msg = f"{type(value).__name__} has no JSON form"
            raise TypeError(msg)
    return found


def _key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(plain(key))


def endpoint(end: Endpoint) -> dict[str, str]:
    """Return an identity as OpenLineage writes it."""
    match end:
        case FieldId(dataset, name):
            return {"namespace": dataset.namespace, "name": dataset.name, "field": name}
        case DatasetId(namespace, name) | JobId(namespace, name):
            return {"namespace": namespace, "name": name}


def transformations(edge: Edge) -> list[Plain]:
    """Return an edge's transformations as OpenLineage writes them, in a fixed order."""
    steps = sorted(
        edge.transformations, key=lambda step: (step.type, step.subtype, repr(step.masking))
    )
    return [
        {"type": step.type.value, "subtype": str(step.subtype), "masking": step.masking}
        for step in steps
    ]


def line(value: object) -> str:
    """Return a value as one line of JSON."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(", ", ": "))


def reached(cone: Cone) -> dict[str, object]:
    """Return what a walk reached, as commands and the server tell it."""
    return {
        "origin": cone.origin,
        "direction": cone.direction,
        "depth": cone.depth,
        "direct": cone.direct,
        "columns": len(cone.reached),
        "datasets": len(cone.datasets),
        "reached": cone.reached,
        "consumers": [{**endpoint(row.job), "kind": row.kind} for row in cone.consumers],
    }
