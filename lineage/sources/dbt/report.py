"""A dbt project as OpenLineage events."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from lineage.model.entities import DatasetKind, JobKind
from lineage.model.event import (
    Dataset,
    Event,
    Facet,
    Facets,
    Job,
    Run,
    dataset_event,
    facets,
    job_event,
    run_event,
)
from lineage.model.facet import (
    DatasetTypeFacet,
    DocumentationFacet,
    ErrorMessageFacet,
    JobRef,
    JobTypeFacet,
    OriginFacet,
    Owner,
    OwnershipFacet,
    ParentFacet,
    RunRef,
    SchemaFacet,
    SchemaField,
    SqlFacet,
    Tag,
    TagsFacet,
    UsedField,
)
from lineage.sources.dbt.node import RELATIONS, Column, Execution, Kind, Node, Project

_DIALECTS = {
    "athena": "athena",
    "bigquery": "bigquery",
    "clickhouse": "clickhouse",
    "databricks": "databricks",
    "doris": "doris",
    "dremio": "dremio",
    "drill": "drill",
    "duckdb": "duckdb",
    "exasol": "exasol",
    "fabric": "fabric",
    "fabricspark": "spark",
    "glue": "spark",
    "greenplum": "postgres",
    "hive": "hive",
    "impala": "hive",
    "materialize": "materialize",
    "motherduck": "duckdb",
    "mysql": "mysql",
    "oracle": "oracle",
    "postgres": "postgres",
    "postgresql": "postgres",
    "presto": "presto",
    "redshift": "redshift",
    "risingwave": "risingwave",
    "singlestore": "singlestore",
    "snowflake": "snowflake",
    "spark": "spark",
    "sqlite": "sqlite",
    "sqlserver": "tsql",
    "starrocks": "starrocks",
    "synapse": "tsql",
    "teradata": "teradata",
    "trino": "trino",
    "vertica": "postgres",
}
"""sqlglot's name of the dialect that an adapter speaks."""

_RELATION_KINDS = {
    Kind.SEED: DatasetKind.SEED,
    Kind.SNAPSHOT: DatasetKind.SNAPSHOT,
    Kind.SOURCE: DatasetKind.SOURCE,
}
_VIEWS = frozenset({"view"})
_JOB_KINDS = {
    Kind.MODEL: JobKind.MODEL,
    Kind.SNAPSHOT: JobKind.MODEL,
    Kind.TEST: JobKind.TEST,
    Kind.EXPOSURE: JobKind.EXPOSURE,
    Kind.METRIC: JobKind.METRIC,
    Kind.SEMANTIC_MODEL: JobKind.METRIC,
    Kind.SAVED_QUERY: JobKind.METRIC,
}
_STATES = {
    "success": "COMPLETE",
    "pass": "COMPLETE",
    "warn": "COMPLETE",
    "partial success": "COMPLETE",
    "error": "FAIL",
    "runtime error": "FAIL",
    "fail": "FAIL",
    "skipped": "ABORT",
    "no-op": "COMPLETE",
}
_RUNS = uuid.UUID("7a3f9c52-5f0e-4b8e-9d55-8a0c1f6f2d11")
"""Name space of the run ids that we make: dbt numbers invocations, not the runs of nodes."""
_FIRST = {Kind.MODEL: 0, Kind.SNAPSHOT: 0, Kind.SEED: 1, Kind.SOURCE: 2}


def dialect_of(adapter: str | None) -> str | None:
    """Return sqlglot's dialect for a dbt adapter; ``None`` when there is none."""
    return _DIALECTS.get((adapter or "").lower())


Elsewhere = Callable[[str], Node | None]
"""What is known of a node that is not reported."""


class Report:
    """Writes the events of one project, or of those of its nodes that were read."""

    def __init__(
        self,
        project: Project,
        *,
        namespace: str | None,
        dialect: str | None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.project = project
        self._elsewhere = elsewhere or (lambda _: None)
        self.namespace = namespace or project.adapter or "dbt"
        self.dialect = dialect_of(project.adapter) or dialect
        self.at = _time(project.generated_at)
        known = {node.id: node for node in project.nodes}
        self._known = known
        self.nodes = {id_: _answered_for(node, self._node) for id_, node in known.items()}
        self._names = _job_names(project.nodes)

    def _node(self, id_: str) -> Node | None:
        return self._known.get(id_) or self._elsewhere(id_)

    def events(self) -> Iterator[Event]:
        """Yield datasets that nobody here makes, then jobs, then runs."""
        by_name: dict[str, list[Node]] = {}
        for node in self.nodes.values():
            if node.kind in RELATIONS and node.relation is not None:
                by_name.setdefault(node.relation.name, []).append(node)
        merged = {name: _merged(same) for name, same in by_name.items()}
        for name in sorted(merged):
            node = merged[name]
            if node.kind in {Kind.SEED, Kind.SOURCE}:
                yield self._dataset_event(node)
        for node in self.nodes.values():
            if node.kind in _JOB_KINDS and not self._inlined(node):
                output = merged.get(node.relation.name) if node.relation else None
                yield self._job_event(node, output)
            if node.contract and node.columns and node.relation is not None:
                yield self._contract_event(node)
        for execution in self.project.executions:
            yield from self._run_events(execution)

    # datasets --------------------------------------------------------------------------------

    def _dataset(self, node: Node, *more: Facet | None) -> Dataset:
        name = node.relation.name if node.relation else node.name
        return Dataset(self.namespace, name, facets(*more))

    def _described(self, node: Node) -> Dataset:
        return self._dataset(
            node,
            _schema(node),
            DocumentationFacet(description=node.description) if node.description else None,
            _ownership(node),
            _tags(node, _columns(node)),
            DatasetTypeFacet(dataset_type="VIEW" if node.materialized in _VIEWS else "TABLE"),
        )

    def _dataset_event(self, node: Node) -> Event:
        dataset = self._described(node)
        origin = OriginFacet(
            document=node.file,
            line=node.line,
            relation_kind=_RELATION_KINDS[node.kind],
            database=node.relation.database if node.relation else None,
            schema=node.relation.schema if node.relation else None,
            domain=node.domain,
        )
        every: Facets = {**dataset.facets, origin.key: origin}
        return dataset_event(Dataset(dataset.namespace, dataset.name, every), event_time=self.at)

    # jobs ------------------------------------------------------------------------------------

    def _inlined(self, node: Node) -> bool:
        """Return whether it is ephemeral: a part of what uses it, and no job of its own."""
        return node.kind is Kind.MODEL and node.relation is None

    def _job(self, node: Node, *more: Facet | None) -> Job:
        return Job(self.project.name, self._names[node.id], facets(*more))

    def _job_event(self, node: Node, output: Node | None) -> Event:
        origin = OriginFacet(
            document=node.file,
            line=node.line or (1 if node.sql is not None and node.places is not None else 0),
            column=1 if node.sql is not None and node.places is not None and not node.line else 0,
            kind=_JOB_KINDS[node.kind],
            relation_kind=_relation_kind(node),
            database=node.relation.database if node.relation else None,
            schema=node.relation.schema if node.relation else None,
            note=node.note,
            domain=node.domain,
            fields=self._fields(node),
            exact=node.detail.get("test") == "unit",
            places=_places(node),
            later=node.later[0] if node.later else None,
            later_places=_later_places(node),
            inlined=_inlined(node),
        )
        job = self._job(
            node,
            SqlFacet(query=node.sql, dialect=self.dialect) if node.sql is not None else None,
            _job_documentation(node),
            _ownership(node),
            _tags(node, ()),
            JobTypeFacet(
                processing_type="BATCH", integration="DBT", job_type=node.kind.value.upper()
            ),
            origin,
        )
        outputs = [self._described(output)] if output is not None else []
        return job_event(job, inputs=self._inputs(node), outputs=outputs, event_time=self.at)

    def _inputs(self, node: Node) -> list[Dataset]:
        """Return the relations that dbt says it depends on, past ephemeral models and metrics."""
        found: dict[str, None] = {}
        seen: set[str] = set()
        waiting = list(reversed(node.depends_on))
        while waiting:
            id_ = waiting.pop()
            known = self._node(id_)
            if known is None or id_ in seen:
                continue
            seen.add(id_)
            if known.kind in RELATIONS and known.relation is not None:
                found[known.relation.name] = None
            else:
                waiting.extend(reversed(known.depends_on))
        return [Dataset(self.namespace, name) for name in found]

    def _fields(self, node: Node) -> tuple[UsedField, ...] | None:
        fields: list[UsedField] = []
        for use in node.uses:
            known = self._node(use.node)
            if known is not None and known.relation is not None:
                fields.append(UsedField(self.namespace, known.relation.name, use.column))
        return tuple(dict.fromkeys(fields)) or None

    def _contract_event(self, node: Node) -> Event:
        """Return the contract as a consumer that uses exactly the columns that are promised."""
        relation = node.relation
        if relation is None:
            raise AssertionError
        promised = [f"{column.name} {column.type or ''}".strip() for column in node.columns]
        origin = OriginFacet(
            document=node.file,
            line=node.line,
            kind=JobKind.CONTRACT,
            domain=node.domain,
            fields=tuple(
                UsedField(self.namespace, relation.name, column.name, column.type)
                for column in node.columns
            ),
        )
        job = Job(
            self.project.name,
            f"contract.{node.package}.{node.name}",
            facets(
                DocumentationFacet(description=f"promises {', '.join(promised)}"),
                _ownership(node),
                JobTypeFacet(processing_type="BATCH", integration="DBT", job_type="CONTRACT"),
                origin,
            ),
        )
        given = Dataset(self.namespace, relation.name)
        return job_event(job, inputs=[given], event_time=self.at)

    # runs ------------------------------------------------------------------------------------

    def _run_events(self, execution: Execution) -> Iterator[Event]:
        node = self.nodes.get(execution.node)
        if node is None or execution.node not in self._names or self._inlined(node):
            return
        invocation = self.project.invocation or self.project.document
        parent = ParentFacet(
            job=JobRef(self.project.name, "dbt"),
            run=RunRef(str(uuid.uuid5(_RUNS, invocation))),
        )
        run_id = str(uuid.uuid5(_RUNS, f"{invocation} {execution.node}"))
        state = _STATES.get(execution.status.lower(), "OTHER")
        failed = state in {"FAIL", "ABORT"} and execution.message
        message = (
            ErrorMessageFacet(message=execution.message, programming_language="SQL")
            if failed
            else None
        )
        # The facets of other jobs ride on their own events; a seed has none.
        kind = JobTypeFacet(processing_type="BATCH", integration="DBT", job_type="SEED")
        job = self._job(node, kind if node.kind is Kind.SEED else None)
        outputs = [self._dataset(node)] if node.relation is not None else []
        inputs = self._inputs(node)
        started, ended = _time(execution.started), _time(execution.ended) or self.at
        if started is not None:
            yield run_event(
                Run(run_id, facets(parent)), job, event_type="START", event_time=started
            )
        yield run_event(
            Run(run_id, facets(parent, message)),
            job,
            event_type=state,
            event_time=ended,
            inputs=inputs,
            outputs=outputs,
        )


def _answered_for(node: Node, known: Elsewhere) -> Node:
    """Return a test with the owner and domain of what it tests, where it names none."""
    if node.kind is not Kind.TEST or (node.owners and node.domain):
        return node
    tested = next((use.node for use in node.uses), next(iter(node.depends_on), ""))
    subject = known(tested)
    if subject is None:
        return node
    return replace(node, owners=node.owners or subject.owners, domain=node.domain or subject.domain)


def _job_names(nodes: Iterable[Node]) -> dict[str, str]:
    """Return each job's name: consumers by the name people use, if no other has it; else the id."""
    names: dict[str, str] = {}
    taken: dict[str, int] = {}
    plain = {Kind.TEST, Kind.EXPOSURE, Kind.METRIC, Kind.SEMANTIC_MODEL, Kind.SAVED_QUERY}
    every = list(nodes)
    for node in every:
        taken[node.name] = taken.get(node.name, 0) + (node.kind in plain)
    for node in every:
        unique = node.kind in plain and taken[node.name] == 1
        names[node.id] = node.name if unique else node.id
    return names


def _merged(same: Sequence[Node]) -> Node:
    """Return one node for a relation that is several: a source is often a seed as well."""
    first, *rest = sorted(same, key=lambda node: (_FIRST.get(node.kind, 3), node.id))
    for other in rest:
        documented = {column.name.lower(): column for column in other.columns}
        known = {column.name.lower() for column in first.columns}
        columns = tuple(
            _fuller(column, documented.get(column.name.lower())) for column in first.columns
        )
        columns += tuple(column for column in other.columns if column.name.lower() not in known)
        first = replace(
            first,
            columns=columns,
            catalog=first.catalog or other.catalog,
            description=first.description or other.description,
            owners=first.owners or other.owners,
            domain=first.domain or other.domain,
            tags=tuple(dict.fromkeys((*first.tags, *other.tags))),
        )
    return first


def _fuller(column: Column, other: Column | None) -> Column:
    if other is None:
        return column
    return replace(
        column,
        type=column.type or other.type,
        description=column.description or other.description,
        tags=tuple(dict.fromkeys((*column.tags, *other.tags))),
        nullable=column.nullable if column.nullable is not None else other.nullable,
    )


def _columns(node: Node) -> tuple[Column, ...]:
    """Return the columns that the node is known to have, with all that is said about them."""
    if node.catalog is None:
        return node.columns
    documented = {column.name.lower(): column for column in node.columns}
    return tuple(_fuller(column, documented.get(column.name.lower())) for column in node.catalog)


def _schema(node: Node) -> SchemaFacet | None:
    """Return the schema, if all of it is known.

    People document the columns that they find worth a word. So a list without types is not taken
    for the whole; one in which every column has its type is.
    """
    columns = _columns(node)
    whole = node.catalog is not None or (columns and all(column.type for column in columns))
    if not whole:
        return None
    return SchemaFacet(
        tuple(
            SchemaField(
                name=column.name,
                type=column.type,
                description=column.description,
                nullable=column.nullable,
            )
            for column in columns
        )
    )


def _ownership(node: Node) -> OwnershipFacet | None:
    if not node.owners:
        return None
    return OwnershipFacet(tuple(Owner(name) for name in node.owners))


def _tags(node: Node, columns: Iterable[Column]) -> TagsFacet | None:
    tags = [_tag(text) for text in node.tags]
    tags += [_tag(text, column.name) for column in columns for text in column.tags]
    return TagsFacet(tuple(tags)) if tags else None


def _tag(text: str, field: str | None = None) -> Tag:
    key, found, value = text.partition("=")
    return Tag(key, value if found else "true", source="DBT", field=field)


def _job_documentation(node: Node) -> DocumentationFacet | None:
    described = node.description
    url = node.detail.get("url")
    if url:
        described = f"{described}\n{url}" if described else url
    return DocumentationFacet(description=described) if described else None


def _relation_kind(node: Node) -> str | None:
    if node.relation is None:
        return None
    if node.kind in _RELATION_KINDS:
        return _RELATION_KINDS[node.kind].value
    return (DatasetKind.VIEW if node.materialized in _VIEWS else DatasetKind.TABLE).value


def _places(node: Node) -> tuple[tuple[int, int, int, int, bool], ...] | None:
    if node.sql is None or node.places is None or node.places.identity:
        return None
    return tuple(
        (
            anchor.line,
            anchor.column,
            anchor.place.line,
            anchor.place.column,
            anchor.place.exact,
        )
        for anchor in node.places.anchors
    )


def _later_places(node: Node) -> tuple[tuple[int, int, int, int, bool], ...] | None:
    if node.later is None:
        return None
    return _places(replace(node, sql=node.later[0], places=node.later[1]))


def _inlined(node: Node) -> tuple[tuple[int, str], ...] | None:
    if node.sql is None or node.places is None:
        return None
    found = enumerate(anchor.place.document for anchor in node.places.anchors)
    return tuple((number, document) for number, document in found if document) or None


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def events(
    project: Project,
    *,
    namespace: str | None = None,
    dialect: str | None = None,
    elsewhere: Elsewhere | None = None,
) -> Iterator[Event]:
    """Yield the events of a project, or of a part of one; ``elsewhere`` then knows the rest."""
    yield from Report(project, namespace=namespace, dialect=dialect, elsewhere=elsewhere).events()


__all__ = ["Report", "dialect_of", "events"]
