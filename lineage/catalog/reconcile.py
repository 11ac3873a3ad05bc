"""Brings together what producers declare and what SQL says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from lineage.model.edge import Basis, Edge
from lineage.model.identity import Endpoint, JobId, sort_key
from lineage.model.transformation import TransformationType

Key = tuple[Endpoint, Endpoint, JobId | None]


def reconcile(declared: Iterable[Edge], derived: Iterable[Edge]) -> tuple[Edge, ...]:
    """Return all edges in key order; where both sides agree, as one edge with basis BOTH.

    They agree when source, target and job are the same and one does not say DIRECT where the other
    says INDIRECT. A declared edge without transformations says nothing about that: it agrees with
    either, and takes its transformations from the SQL.
    """
    claims: dict[Key, list[Edge]] = {}
    for edge in sorted(declared, key=edge_key):
        claims.setdefault((edge.source, edge.target, edge.job), []).append(edge)
    result: list[Edge] = []
    # Values first: a claim that says nothing about its type is about the value, if that flows.
    for edge in sorted(
        derived, key=lambda edge: (not _types(edge), not edge.direct, edge_key(edge))
    ):
        key = (edge.source, edge.target, edge.job)
        agreeing = [claim for claim in claims.get(key, ()) if _agree(claim, edge)]
        for claim in agreeing:
            claims[key].remove(claim)
            edge = _merged(claim, edge)  # noqa: PLW2901 (one edge, made from all that agree)
        result.append(edge)
    result.extend(edge for rest in claims.values() for edge in rest)
    return tuple(sorted(result, key=edge_key))


def edge_key(edge: Edge) -> tuple[object, ...]:
    """Order edges by what they say, so that equal input gives equal output."""
    job = ("", "") if edge.job is None else (edge.job.namespace, edge.job.name)
    steps = sorted(
        (step.type, step.subtype, step.description, str(step.masking))
        for step in edge.transformations
    )
    return (sort_key(edge.source), sort_key(edge.target), job, edge.basis, steps)


def _types(edge: Edge) -> frozenset[TransformationType]:
    return frozenset(step.type for step in edge.transformations)


def _agree(claim: Edge, edge: Edge) -> bool:
    return (
        not claim.transformations or not edge.transformations or bool(_types(claim) & _types(edge))
    )


def _merged(claim: Edge, edge: Edge) -> Edge:
    """Keep the SQL's transformations, which are exact, and add what only the producer knew."""
    known = {(step.type, step.subtype) for step in edge.transformations}
    more = {step for step in claim.transformations if (step.type, step.subtype) not in known}
    return replace(
        edge,
        basis=Basis.BOTH,
        transformations=edge.transformations | more,
        evidence=tuple(dict.fromkeys((*edge.evidence, *claim.evidence))),
        first_seen=_first(edge.first_seen, claim.first_seen, earliest=True),
        last_seen=_first(edge.last_seen, claim.last_seen, earliest=False),
        verified=edge.verified or claim.verified,
    )


def _first(one: datetime | None, other: datetime | None, *, earliest: bool) -> datetime | None:
    known = [moment for moment in (one, other) if moment is not None]
    if not known:
        return None
    return min(known) if earliest else max(known)
