"""CONTRACT_KEPT: a relation has the columns and types that its contract promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from lineage.analysis.estate import Estate, short
from lineage.model.entities import Job, JobKind
from lineage.model.identity import JobId
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed, told

PROMISE = "promises "
ALIASES = {
    "int": "integer", "int4": "integer", "int8": "bigint", "text": "varchar",
    "string": "varchar", "numeric": "decimal", "bool": "boolean", "float8": "double",
    "double precision": "double", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz", "real": "float", "float4": "float",
}  # fmt: skip


def check(facts: Facts) -> Iterator[Found]:
    """Yield what a contract and its relation disagree about, where they agreed in the base."""
    told_of = set()
    refused = {
        verdict.subject
        for verdict in facts.impact.relations
        if any(evidence.code == "refused" for evidence in verdict.evidence)
    }
    for verdict in facts.of_kind(JobKind.CONTRACT):
        if verdict.status is Status.BREAKS and isinstance(verdict.subject, JobId):
            told_of.add(verdict.subject)
            job = facts.head.snapshot.jobs.get(verdict.subject)
            subject = short(job.inputs[0]) if job is not None and job.inputs else verdict.relation
            for found in told(verdict):
                yield replace(found, subject=subject)
    for id_, job in facts.head.snapshot.jobs.items():
        if job.kind is not JobKind.CONTRACT or id_ in told_of or refused & {*job.inputs}:
            continue
        before = dict(differences(facts.base, facts.base.snapshot.jobs.get(id_)))
        for column, message in differences(facts.head, job):
            if before.get(column) != message:
                yield _found(facts, id_, job, column, message)


def _found(facts: Facts, id_: JobId, job: Job, column: str, message: str) -> Found:
    relation = job.inputs[0]
    described = facts.head.described(relation)
    return Found(
        short(relation),
        f"{id_.name}: {message}",
        f"contract {column}",
        Status.BREAKS,
        location=placed(job.origin, described.origin),
        owners=described.owners,
        path=(short(relation),),
    )


def differences(estate: Estate, job: Job | None) -> Iterator[tuple[str, str]]:
    """Yield (column, what is wrong) for each promise that is not kept; unknown types keep it."""
    text = (job.description or "") if job else ""
    if job is None or not job.inputs or not text.startswith(PROMISE):
        return
    table = estate.world.table(job.inputs[0])
    if table is None or table.columns is None:
        return
    actual = {
        name.lower(): str(type_) if type_ is not None else "" for name, type_ in table.columns
    }
    promised: dict[str, str] = {}
    for part in re.split(r", (?![^(]*\))", text.removeprefix(PROMISE)):
        name, _, type_ = part.partition(" ")
        promised[name.lower()] = type_
    for name, type_ in promised.items():
        if name not in actual:
            yield name, f"column {name} is promised and not there"
        elif type_ and actual[name] and plain(type_) != plain(actual[name]):
            yield name, f"column {name} is promised as {type_} and is {actual[name]}"
    for name in actual:
        if name not in promised:
            yield name, f"column {name} is there and not promised"


def plain(type_: str) -> str:
    """Return a type by one name, without length or precision: dbt does not compare those."""
    name = type_.lower().partition("(")[0].strip()
    return ALIASES.get(name, name)


RULE = Rule(
    purpose="A relation has the columns and the types that its contract promises.",
    why="With an enforced contract dbt refuses to build the relation.",
    example="The contract says `orders integer`, and `count(*)` is BIGINT.",
    fix="Change the contract together with its readers, or cast in the model.",
    check=check,
)
