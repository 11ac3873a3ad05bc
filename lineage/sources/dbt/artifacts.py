"""dbt's own artifacts: manifest.json, catalog.json and run_results.json, versions 9 to 12 and on.

Read with forbearance: the schemas changed with every release, and nothing here depends on a
member that is not looked for. https://schemas.getdbt.com describes each version.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import msgspec

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sources.dbt.align import align
from lineage.sources.dbt.facts import (
    Facts,
    column_of,
    flag,
    mapping,
    mappings,
    named_columns,
    own_facts,
    strings,
    text,
)
from lineage.sources.dbt.node import (
    RELATIONS,
    Column,
    Execution,
    Kind,
    Node,
    Project,
    Relation,
    Use,
)
from lineage.sources.dbt.shape import Fault, of_catalog, of_manifest, of_results
from lineage.sources.dbt.statements import metric_sql, snapshot_sql
from lineage.sources.dbt.world import Known, Subject, Target, World

SUPPORTED = 9
"""Manifests before this version (dbt 1.5) call compiled code something else; we try anyway."""
NEWEST = 12
"""The version of dbt 1.8 and later."""

_BUILT = frozenset({Kind.MODEL, Kind.SNAPSHOT})
_VERSION = re.compile(r"\b(?:v|version)\s*=\s*['\"]?([\w.]+)")
_CALL = re.compile(r"\b(?:ref|source)\(.*\)")


def looks_like_manifest(head: bytes) -> bool:
    """Return whether the beginning of a document is that of a manifest.json."""
    if b"schemas.getdbt.com/dbt/manifest/" in head:
        return True
    return b'"nodes"' in head and b'"resource_type"' in head  # one without metadata


class Artifacts:
    """The artifacts of one project, on their way to nodes."""

    def __init__(
        self,
        document: str,
        manifest: bytes,
        catalog: bytes | None = None,
        run_results: bytes | None = None,
    ) -> None:
        self.document = document
        self.diagnostics: list[Diagnostic] = []
        self.manifest = self._json(document, manifest, of_manifest)
        folder = document.rpartition("manifest.json")[0]
        self.catalog = self._json(f"{folder}catalog.json", catalog, of_catalog)
        self.results = self._json(f"{folder}run_results.json", run_results, of_results)
        self.metadata = mapping(self.manifest.get("metadata"))
        self.adapter = text(self.metadata.get("adapter_type"))
        self.project = text(self.metadata.get("project_name")) or self._guess_project()
        self._groups: dict[str, Facts] = {}
        self._world: World | None = None
        self._raw: dict[str, Mapping[str, object]] = {}

    def read(self) -> Project:
        """Return the project."""
        self._check_version()
        groups = mapping(self.manifest.get("groups"))
        for group in groups.values():
            found = mapping(group)
            self._groups[text(found.get("name")) or ""] = own_facts(found, {})
        self._raw = {
            id_: mapping(raw)
            for section in ("sources", "nodes")
            for id_, raw in mapping(self.manifest.get(section)).items()
        }
        nodes: list[Node] = []
        for id_ in sorted(self._raw):
            node = self._node(id_, self._raw[id_])
            if node is not None:
                nodes.append(node)
        nodes += self._semantic()
        for section, kind in (("exposures", Kind.EXPOSURE), ("saved_queries", Kind.SAVED_QUERY)):
            for id_, raw in sorted(mapping(self.manifest.get(section)).items()):
                nodes.append(self._consumer(id_, mapping(raw), kind))
        for id_, raw in sorted(mapping(self.manifest.get("unit_tests")).items()):
            nodes.append(self._unit_test(id_, mapping(raw)))
        if self._world is not None:
            self.diagnostics += self._world.diagnostics
        return Project(
            name=self.project,
            adapter=self.adapter,
            nodes=tuple(nodes),
            document=self.document,
            generated_at=text(self.metadata.get("generated_at")),
            invocation=text(mapping(self.results.get("metadata")).get("invocation_id")),
            executions=self._executions(),
            diagnostics=tuple(self.diagnostics),
        )

    # documents -------------------------------------------------------------------------------

    def _json(
        self, document: str, content: bytes | None, faults: Callable[[object], Iterator[Fault]]
    ) -> Mapping[str, object]:
        if content is None:
            return {}
        try:
            found = msgspec.json.decode(content)
        except (msgspec.DecodeError, RecursionError) as error:
            self.diagnostics.append(
                Diagnostic(
                    "dbt-unreadable-artifact",
                    f"{document}: this is not complete JSON ({error}); run dbt again to write it.",
                    Severity.ERROR,
                    Location(document),
                )
            )
            return {}
        self.diagnostics += [fault.diagnostic(document) for fault in faults(found)]
        return mapping(found)

    def _check_version(self) -> None:
        schema = text(self.metadata.get("dbt_schema_version")) or ""
        number = re.search(r"/v(\d{1,9})\.json", schema)
        if number is None:
            return
        if int(number[1]) > NEWEST:
            self.diagnostics.append(
                Diagnostic(
                    "dbt-new-artifact",
                    f"manifest version {number[1]} is newer than {NEWEST}, the latest that is "
                    f"known; what is new in it is left out. See whether there is a newer lineage.",
                    Severity.WARNING,
                    Location(self.document, pointer="/metadata/dbt_schema_version"),
                )
            )
        if int(number[1]) < SUPPORTED:
            self.diagnostics.append(
                Diagnostic(
                    "dbt-old-artifact",
                    f"{self.document}: manifest version {number[1]} is older than {SUPPORTED}; "
                    f"some of it may be missing. Build it with dbt 1.5 or later.",
                    Severity.WARNING,
                    Location(self.document),
                )
            )

    def _guess_project(self) -> str:
        """Manifests before version 11 do not say whose they are; most nodes do."""
        counted: dict[str, int] = {}
        for raw in mapping(self.manifest.get("nodes")).values():
            package = text(mapping(raw).get("package_name"))
            if package and mapping(raw).get("resource_type") != "macro":
                counted[package] = counted.get(package, 0) + 1
        return min(counted, key=lambda name: (-counted[name], name), default="dbt")

    # nodes -----------------------------------------------------------------------------------

    def _node(self, id_: str, raw: Mapping[str, object]) -> Node | None:
        try:
            kind = Kind(text(raw.get("resource_type")) or id_.partition(".")[0])
        except ValueError:
            return None  # analyses, operations and hooks: nothing is built from them
        config = mapping(raw.get("config"))
        # dbt gives a test the group of what it tests; its owner is whoever owns that.
        facts = own_facts(raw, {} if kind is Kind.TEST else self._groups)
        materialized = text(config.get("materialized")) if kind in _BUILT else None
        node = Node(
            id=id_,
            kind=kind,
            name=text(raw.get("name")) or id_.rpartition(".")[2],
            package=text(raw.get("package_name")) or self.project,
            file=self._file(raw),
            relation=self._relation(raw, kind) if kind in RELATIONS else None,
            materialized=materialized,
            depends_on=self._depends_on(raw),
            columns=tuple(
                column_of(name, mapping(column))
                for name, column in mapping(raw.get("columns")).items()
            ),
            catalog=self._catalog(id_, raw),
            description=facts.description,
            tags=facts.tags,
            owners=facts.owners,
            domain=facts.domain,
            contract=flag(mapping(config.get("contract")).get("enforced")),
        )
        if kind in {Kind.SOURCE, Kind.SEED}:
            return node
        if kind is Kind.TEST:
            return self._test(node, raw)
        if kind is Kind.MODEL and materialized == "ephemeral":
            return replace(node, relation=None)
        return self._with_sql(node, raw)

    def _file(self, raw: Mapping[str, object]) -> str:
        path = (text(raw.get("original_file_path")) or text(raw.get("path")) or "").replace(
            "\\", "/"
        )
        package = text(raw.get("package_name"))
        if path and package and package != self.project:
            return f"dbt_packages/{package}/{path}"
        return path

    def _relation(self, raw: Mapping[str, object], kind: Kind) -> Relation | None:
        name = text(raw.get("identifier")) if kind is Kind.SOURCE else text(raw.get("alias"))
        name = name or text(raw.get("name"))
        if not name:
            return None
        return Relation(text(raw.get("database")), text(raw.get("schema")), name)

    def _depends_on(self, raw: Mapping[str, object]) -> tuple[str, ...]:
        return strings(mapping(raw.get("depends_on")).get("nodes"))

    def _catalog(self, id_: str, raw: Mapping[str, object]) -> tuple[Column, ...] | None:
        for section in ("nodes", "sources"):
            entry = mapping(mapping(self.catalog.get(section)).get(id_))
            if entry:
                break
        else:
            return None
        documented = {
            name.lower(): column_of(name, mapping(column))
            for name, column in mapping(raw.get("columns")).items()
        }
        columns = sorted(
            (mapping(column) for column in mapping(entry.get("columns")).values()),
            key=lambda column: index if isinstance(index := column.get("index"), int) else 0,
        )
        found: list[Column] = []
        for column in columns:
            name = text(column.get("name"))
            if name is None:
                continue
            said = documented.get(name.lower(), Column(name))
            comment = said.description or text(column.get("comment"))
            found.append(
                replace(said, name=name, type=text(column.get("type")), description=comment)
            )
        return tuple(found) or None

    def _with_sql(self, node: Node, raw: Mapping[str, object]) -> Node:
        """Add the SQL of a model, snapshot or singular test, from the best that there is."""
        written = text(raw.get("raw_code")) or text(raw.get("raw_sql")) or ""
        if (text(raw.get("language")) or "sql") == "python" or node.file.endswith(".py"):
            note = f"{node.file} is a Python model: it holds no SQL to bind"
            return replace(node, note=note)
        compiled = text(raw.get("compiled_code")) or text(raw.get("compiled_sql"))
        if compiled and compiled.strip():
            node = replace(node, sql=compiled, places=align(written, compiled))
        else:
            node = self._rendered(node, raw, written)
        if node.kind is Kind.SNAPSHOT and node.sql is not None:
            return snapshot_sql(node, mapping(raw.get("config")))
        return node

    def _rendered(self, node: Node, raw: Mapping[str, object], written: str) -> Node:
        """After a failed run dbt leaves nodes uncompiled: render what was written ourselves."""
        subject = Subject(
            name=node.name,
            package=node.package,
            relation=node.relation,
            config=dict(mapping(raw.get("config"))),
        )
        if not written.strip():
            return replace(node, note="the manifest holds neither its compiled nor its raw code")
        rendered = self._templates().render(written, subject, document=node.file)
        self.diagnostics += rendered.diagnostics
        if not rendered.complete or subject.ephemerals:
            why = next(
                (d.message for d in rendered.diagnostics if d.severity is not Severity.NOTE),
                "it refers to an ephemeral model",
            )
            note = f"dbt left it uncompiled, and it cannot be rendered without dbt: {why}"
            return replace(node, note=note)
        return replace(node, sql=rendered.text, places=rendered.map)

    def _templates(self) -> World:
        """Return the world for templates, made when the first of them has to be rendered."""
        if self._world is not None:
            return self._world
        refs: dict[tuple[str | None, str], Known] = {}
        sources: dict[tuple[str, str], Known] = {}
        schemas: dict[str, int] = {}
        for id_, raw in self._raw.items():
            try:
                kind = Kind(text(raw.get("resource_type")) or "")
            except ValueError:
                continue
            relation = self._relation(raw, kind)
            if relation is None or kind not in RELATIONS:
                continue
            ephemeral = mapping(raw.get("config")).get("materialized") == "ephemeral"
            known = Known(id_, relation, ephemeral)
            name = text(raw.get("name")) or ""
            if kind is Kind.SOURCE:
                sources[text(raw.get("source_name")) or "", name] = known
                continue
            schemas[relation.schema or ""] = schemas.get(relation.schema or "", 0) + 1
            refs[text(raw.get("package_name")), name] = known
            refs.setdefault((None, name), known)
        schema = min(schemas, key=lambda name: (len(name), name), default="main")
        databases = sorted({known.relation.database or "" for known in refs.values()})
        world = World(
            project=self.project,
            target=Target(
                adapter=self.adapter,
                schema=schema,
                database=databases[0] or None if databases else None,
            ),
            variables={},
            refs=refs,
            sources=sources,
            columns=self._known_columns(refs, sources),
        )
        for id_, macro in sorted(mapping(self.manifest.get("macros")).items()):
            found = mapping(macro)
            source = text(found.get("macro_sql"))
            package = text(found.get("package_name")) or ""
            if source and package not in {"dbt", f"dbt_{self.adapter}"}:
                path = text(found.get("original_file_path")) or id_
                world.define(package, path, source)
        self._world = world
        return world

    def _known_columns(
        self,
        refs: Mapping[tuple[str | None, str], Known],
        sources: Mapping[tuple[str, str], Known],
    ) -> Callable[[Relation], tuple[Column, ...] | None]:
        ids = {known.relation.name: known.id for known in (*refs.values(), *sources.values())}

        def columns(relation: Relation) -> tuple[Column, ...] | None:
            id_ = ids.get(relation.name)
            return self._catalog(id_, {}) if id_ else None

        return columns

    # tests, exposures, metrics -----------------------------------------------------------------

    def _test(self, node: Node, raw: Mapping[str, object]) -> Node:
        """Give a test its SQL where there is some; otherwise the columns that it names."""
        metadata = mapping(raw.get("test_metadata"))
        arguments = mapping(metadata.get("kwargs"))
        attached = text(raw.get("attached_node"))
        column = text(raw.get("column_name")) or text(arguments.get("column_name"))
        if attached is None and column is not None and len(node.depends_on) == 1:
            attached = node.depends_on[0]
        uses: list[Use] = []
        if attached is not None:
            names = [column] if column else []
            for key in ("combination_of_columns", "column_list", "group_by_columns"):
                names += strings(arguments.get(key))
            uses = [Use(attached, name) for name in dict.fromkeys(names)]
        target, others = text(arguments.get("field")), set(node.depends_on) - {attached}
        if target and len(others) == 1:
            uses.append(Use(others.pop(), target))
        detail = {"test": text(metadata.get("name")) or "singular"}
        node = replace(node, uses=tuple(uses), detail=detail)
        compiled = text(raw.get("compiled_code")) or text(raw.get("compiled_sql"))
        if compiled and compiled.strip():
            written = text(raw.get("raw_code")) or ""
            places = None if metadata else align(written, compiled)
            return replace(node, sql=compiled, places=places)
        if metadata:
            if not uses:
                why = "its compiled SQL is not in the manifest, and it names no column"
                return replace(node, note=why)
            return node
        return self._with_sql(node, raw)

    def _consumer(self, id_: str, raw: Mapping[str, object], kind: Kind) -> Node:
        facts = own_facts(raw, self._groups)
        detail = {
            key: shown for key in ("type", "url", "maturity") if (shown := text(raw.get(key)))
        }
        depends_on = self._depends_on(raw)
        return Node(
            id=id_,
            kind=kind,
            name=text(raw.get("name")) or id_.rpartition(".")[2],
            package=text(raw.get("package_name")) or self.project,
            file=self._file(raw),
            depends_on=depends_on,
            uses=named_columns(raw, depends_on),
            description=facts.description,
            tags=facts.tags,
            owners=facts.owners,
            domain=facts.domain,
            detail=detail,
        )

    def _semantic(self) -> list[Node]:
        """Return semantic models and metrics as queries over the relations that they describe."""
        nodes: list[Node] = []
        models = {
            id_: mapping(raw) for id_, raw in mapping(self.manifest.get("semantic_models")).items()
        }
        measures: dict[str, tuple[str, Mapping[str, object]]] = {}
        for id_, raw in sorted(models.items()):
            for measure in mappings(raw.get("measures")):
                measures[text(measure.get("name")) or ""] = (id_, measure)
            sql = metric_sql(raw, None, self._quote(raw))
            nodes.append(replace(self._consumer(id_, raw, Kind.SEMANTIC_MODEL), sql=sql))
        for id_, said in sorted(mapping(self.manifest.get("metrics")).items()):
            metric = mapping(said)
            node = self._consumer(id_, metric, Kind.METRIC)
            parameters = mapping(metric.get("type_params"))
            wanted = mapping(parameters.get("measure"))
            name = text(wanted.get("name")) or text(parameters.get("measure"))
            if name in measures:
                model, measure = measures[name]
                sql = metric_sql(models[model], measure, self._quote(models[model]))
                depends_on = self._depends_on(models[model])
                node = replace(node, sql=sql, depends_on=depends_on)
            nodes.append(node)
        return nodes

    def _quote(self, raw: Mapping[str, object]) -> str | None:
        return text(mapping(raw.get("node_relation")).get("relation_name"))

    def _unit_test(self, id_: str, raw: Mapping[str, object]) -> Node:
        node = self._consumer(id_, raw, Kind.TEST)
        uses: list[Use] = []
        tested = [name for name in node.depends_on if name.startswith(("model.", "snapshot."))]
        model = text(raw.get("model")) or ""
        subject = next((name for name in tested if name.rpartition(".")[2] == model), None)
        if subject is not None:
            expected = mapping(raw.get("expect")).get("rows")
            uses += [Use(subject, name) for name in _row_names(expected)]
        read = list(node.depends_on)
        for given in mappings(raw.get("given")):
            called = _CALL.search(text(given.get("input")) or "")
            given_node = self._called(called[0]) if called else None
            if given_node is not None:
                read.append(given_node)
                uses += [Use(given_node, name) for name in _row_names(given.get("rows"))]
        node = replace(node, depends_on=tuple(dict.fromkeys(read)))
        return replace(node, uses=tuple(dict.fromkeys(uses)), detail={"test": "unit"})

    def _called(self, written: str) -> str | None:
        """Return the id of what a unit test's ``ref('x')`` or ``source('a', 'x')`` means."""
        version = _VERSION.search(written)
        names = re.findall(
            r"['\"]([^'\"]+)['\"]", written[: version.start()] if version else written
        )
        if not names:
            return None
        for id_, raw in sorted(self._raw.items()):
            if raw.get("name") != names[-1]:
                continue
            if written.startswith("source"):
                if raw.get("source_name") == names[0]:
                    return id_
                continue
            wanted = version[1] if version else text(raw.get("latest_version"))
            referable = id_.startswith(("model.", "seed.", "snapshot."))
            if referable and text(raw.get("version")) == wanted:
                return id_
        return None

    # runs --------------------------------------------------------------------------------------

    def _executions(self) -> tuple[Execution, ...]:
        found: list[Execution] = []
        for raw in mappings(self.results.get("results")):
            node = text(raw.get("unique_id"))
            if node is None:
                continue
            timing = mappings(raw.get("timing"))
            started = [at for step in timing if (at := text(step.get("started_at")))]
            ended = [at for step in timing if (at := text(step.get("completed_at")))]
            found.append(
                Execution(
                    node,
                    text(raw.get("status")) or "",
                    min(started, default=None),
                    max(ended, default=None),
                    text(raw.get("message")),
                )
            )
        return tuple(found)


def _row_names(rows: object) -> list[str]:
    names: dict[str, None] = {}
    for row in mappings(rows):
        names.update(dict.fromkeys(row))
    return list(names)


__all__ = ["Artifacts", "looks_like_manifest"]
