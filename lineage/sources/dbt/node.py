"""What a dbt project consists of, whether its artifacts or its files were read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lineage.model.diagnostic import Diagnostic
from lineage.model.names import joined
from lineage.model.places import SourceMap


class Kind(StrEnum):
    """dbt's ``resource_type``, as far as it matters here."""

    MODEL = "model"
    SEED = "seed"
    SNAPSHOT = "snapshot"
    SOURCE = "source"
    TEST = "test"
    EXPOSURE = "exposure"
    METRIC = "metric"
    SEMANTIC_MODEL = "semantic_model"
    SAVED_QUERY = "saved_query"


RELATIONS = frozenset({Kind.MODEL, Kind.SEED, Kind.SNAPSHOT, Kind.SOURCE})
"""Kinds that stand for a table or view."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table's name in its parts; ``database`` is ``None`` where nobody says."""

    database: str | None
    schema: str | None
    identifier: str

    @property
    def name(self) -> str:
        """The parts that are known, joined with dots, in quotes where they have dots themselves."""
        return joined([part for part in (self.database, self.schema, self.identifier) if part])


@dataclass(frozen=True, slots=True)
class Column:
    """A column as documented; ``type`` and ``nullable`` are ``None`` where nobody says."""

    name: str
    type: str | None = None
    description: str | None = None
    tags: tuple[str, ...] = ()
    nullable: bool | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A column that a test, metric or contract uses, by the id of the node that has it."""

    node: str
    column: str


@dataclass(frozen=True, slots=True)
class Node:
    """One thing that dbt knows: its place, its text and what it says about itself."""

    id: str
    kind: Kind
    name: str
    package: str
    file: str
    """Path from the project's root; for an installed package, below its folder there."""
    line: int = 0
    """Where in the file it starts; 0 where that is not known."""
    relation: Relation | None = None
    materialized: str | None = None
    sql: str | None = None
    places: SourceMap | None = None
    """Where the lines of ``sql`` stand in ``file``; ``None`` when that is not known."""
    later: tuple[str, SourceMap] | None = None
    """What it runs from the second time on, and its places, where that is something else."""
    note: str | None = None
    """Why there is no SQL although there should be."""
    depends_on: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    columns: tuple[Column, ...] = ()
    """As documented or declared in the project, in that order."""
    catalog: tuple[Column, ...] | None = None
    """As the database has them, in its order; ``None`` when it was not asked."""
    description: str | None = None
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    domain: str | None = None
    contract: bool = False
    """True when the model's columns are promised (``contract: {enforced: true}``)."""
    group: str | None = None
    private: bool = False
    """Whether only its group may refer to it."""
    detail: Mapping[str, str] = field(default_factory=dict)
    """Further words for people: an exposure's URL and type, a test's name."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One result of ``run_results.json``."""

    node: str
    status: str
    started: str | None
    ended: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Project:
    """A project's nodes in the order of their ids, and how they ran."""

    name: str
    adapter: str | None
    nodes: tuple[Node, ...]
    document: str
    generated_at: str | None = None
    invocation: str | None = None
    executions: tuple[Execution, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
