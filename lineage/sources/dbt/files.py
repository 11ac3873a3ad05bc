"""A dbt project that nobody has built: read from its files, and rendered here.

Names come out as dbt would make them: the target's schema (see `settings.target`), with a custom
schema behind it (``<target>_<custom>``), unless the project has a `generate_schema_name` of its
own. Packages are read from `dbt_packages/` where they are installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.places import SourceMap
from lineage.sources.dbt import seeds
from lineage.sources.dbt.facts import (
    Facts,
    column_of,
    flag,
    mapping,
    mappings,
    own_facts,
    strings,
    text,
)
from lineage.sources.dbt.generic import GenericTest, declared
from lineage.sources.dbt.node import Column, Kind, Node, Project, Relation, Use
from lineage.sources.dbt.settings import configured, folders, layered, line_of, load, paths, target
from lineage.sources.dbt.statements import metric_sql, snapshot_sql, with_ephemerals
from lineage.sources.dbt.tree import Tree
from lineage.sources.dbt.world import Known, Subject, Table, World
from lineage.sql.template import Rendered

PROJECT = "dbt_project.yml"
_CALLED = re.compile(r"\b(ref|source|metric)\s*\(([^()]*)\)")
_QUOTED = re.compile(r"""['"]([^'"]*)['"]""")
_VERSION = re.compile(r"\b(?:v|version)\s*=\s*['\"]?([\w.]+)")
_PYTHON_CALL = re.compile(r"\bdbt\.(ref|source)\s*\(([^()]*)\)")
_SNAPSHOT = re.compile(
    r"\{%-?\s*snapshot\s+(\w+)\s*-?%\}(.*?)\{%-?\s*endsnapshot\s*-?%\}", re.DOTALL
)
_TEST_BEGIN = re.compile(r"\{%(-?)\s*(?:test|data_test)\s+(\w+)")
_TEST_END = re.compile(r"\{%(-?)\s*end(?:test|data_test)\s*(-?)%\}")
_NO_MACRO = re.compile(
    r"\{%-?\s*(materialization|docs)\b.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL
)
_DOCS = re.compile(r"\{%-?\s*docs\s+(\w+)\s*-?%\}(.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL)
_DOC = re.compile(r"\{\{\s*doc\(([^)]*)\)\s*\}\}")


@dataclass(slots=True)
class Package:
    """A dbt project: the root, or one of its packages."""

    name: str
    root: str
    """Its folder in the tree; empty for the top."""
    settings: Mapping[str, object]

    def folder(self, path: str) -> str:
        """Return a folder of it as a path in the tree."""
        return str(PurePosixPath(self.root) / path) if self.root else path


@dataclass(slots=True)
class Draft:
    """A model, snapshot, seed or singular test that was found, before it is rendered."""

    id: str
    kind: Kind
    name: str
    package: Package
    file: str
    written: str
    config: dict[str, object]
    properties: Mapping[str, object]
    properties_file: str = ""
    relation: Relation | None = None
    version: str | None = None
    python: bool = False

    @property
    def ephemeral(self) -> bool:
        """Return whether it is written into what refers to it."""
        return self.config.get("materialized") == "ephemeral"


@dataclass(slots=True)
class Statement:
    """What became of a draft's text."""

    sql: str | None
    places: SourceMap | None
    depends_on: tuple[str, ...]
    note: str | None = None


@dataclass(slots=True)
class Properties:
    """What the YAML files of a package say, by kind and name, each with its file."""

    models: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    seeds: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    snapshots: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    tests: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    sources: list[tuple[Mapping[str, object], str]] = field(default_factory=list)
    others: dict[str, list[tuple[Mapping[str, object], str]]] = field(default_factory=dict)


def read_project(tree: Tree, *, dialect: str | None = None) -> Project:
    """Return the project in a tree. What cannot be read of it is in its diagnostics."""
    return _Reading(tree, dialect).project()


class _Reading:
    """One project on its way from files to nodes."""

    def __init__(self, tree: Tree, dialect: str | None) -> None:
        self.tree = tree
        self.files = tree.list()
        self.diagnostics: list[Diagnostic] = []
        self.groups: dict[str, Facts] = {}
        self.docs: dict[str, str] = {}
        self.refs: dict[tuple[str | None, str], Known] = {}
        self.sources: dict[tuple[str, str], Known] = {}
        self.drafts: dict[str, Draft] = {}
        self.nodes: dict[str, Node] = {}
        self.seed_columns: dict[str, tuple[Column, ...]] = {}
        self._statements: dict[str, Statement] = {}
        self._busy: set[str] = set()
        top = min(
            (path for path in self.files if PurePosixPath(path).name == PROJECT),
            key=lambda path: (path.count("/"), path),
            default=PROJECT,
        )
        self.document = top
        root = str(PurePosixPath(top).parent)
        self.root = self._package("" if root == "." else root)
        self.packages = [self.root, *self._installed()]
        profiles = self._yaml(self.root.folder("profiles.yml"))
        self.target = target(self.root.settings, profiles, dialect)
        self.world = World(
            project=self.root.name,
            target=self.target,
            variables={
                package.name: mapping(package.settings.get("vars")) for package in self.packages
            },
            refs=self.refs,
            sources=self.sources,
            search={
                text(item.get("macro_namespace")) or "": strings(item.get("search_order"))
                for item in mappings(self.root.settings.get("dispatch"))
            },
            columns=self._columns_of,
        )

    def project(self) -> Project:
        """Read everything."""
        for package in reversed(self.packages):
            self._define_macros(package)
        for package in self.packages:
            self._read_docs(package)
        properties = {package.name: self._properties(package) for package in self.packages}
        for package in self.packages:
            self._find_groups(properties[package.name])
        for package in self.packages:
            self._find(package, properties[package.name])
        for draft in list(self.drafts.values()):
            self._finish(draft)
        for package in self.packages:
            self._consumers(package, properties[package.name])
        self.diagnostics += self.world.diagnostics
        return Project(
            name=self.root.name,
            adapter=self.target.adapter,
            nodes=tuple(self.nodes[id_] for id_ in sorted(self.nodes)),
            document=self.document,
            diagnostics=tuple(dict.fromkeys(self.diagnostics)),
        )

    # files -----------------------------------------------------------------------------------

    def _problem(self, code: str, message: str, document: str, line: int = 0) -> None:
        where = f"{document}:{line}" if line else document
        self.diagnostics.append(
            Diagnostic(code, f"{where}: {message}", Severity.ERROR, Location(document, line))
        )

    def _content(self, path: str) -> bytes | None:
        try:
            return self.tree.read(path)
        except (OSError, KeyError) as error:
            self._problem("unreadable", f"cannot be read ({error}); it is left out.", path)
            return None

    def _text(self, path: str) -> str | None:
        content = self._content(path)
        return None if content is None else content.decode("utf-8-sig", errors="replace")

    def _yaml(self, path: str) -> Mapping[str, object]:
        if path not in self._known_files():
            return {}
        content = self._content(path)
        if content is None:
            return {}
        found, problem = load(content, path)
        if problem is not None:
            self.diagnostics.append(problem)
        return found

    def _known_files(self) -> frozenset[str]:
        return frozenset(self.files)

    def _under(self, package: Package, folder: str, *endings: str) -> Iterator[str]:
        start = package.folder(folder).rstrip("/") + "/"
        for path in self.files:
            if path.startswith(start) and path.endswith(endings):
                yield path

    def _package(self, root: str) -> Package:
        path = str(PurePosixPath(root) / PROJECT) if root else PROJECT
        settings = self._yaml(path)
        name = text(settings.get("name")) or PurePosixPath(root).name or "project"
        return Package(name, root, settings)

    def _installed(self) -> list[Package]:
        where = text(self.root.settings.get("packages-install-path")) or "dbt_packages"
        start = self.root.folder(where) + "/"
        roots = {
            str(PurePosixPath(path).parent)
            for path in self.files
            if path.startswith(start)
            and path.endswith("/" + PROJECT)
            and path.count("/") == start.count("/") + 1
        }
        return [self._package(root) for root in sorted(roots)]

    def _define_macros(self, package: Package) -> None:
        every = [
            *paths(package.settings, "macro-paths", default=["macros"]),
            *(
                f"{folder}/generic"
                for folder in paths(package.settings, "test-paths", default=["tests"])
            ),
        ]
        for folder in every:
            for path in self._under(package, folder, ".sql"):
                source = self._text(path)
                if source is not None:
                    self.world.define(package.name, path, _as_macros(source))

    def _read_docs(self, package: Package) -> None:
        for folder in self._all_paths(package):
            for path in self._under(package, folder, ".md"):
                for name, said in _DOCS.findall(self._text(path) or ""):
                    self.docs.setdefault(name, said.strip())

    def _all_paths(self, package: Package) -> tuple[str, ...]:
        settings = package.settings
        return tuple(
            dict.fromkeys(
                (
                    *paths(settings, "model-paths", "source-paths", default=["models"]),
                    *paths(settings, "seed-paths", "data-paths", default=["seeds"]),
                    *paths(settings, "snapshot-paths", default=["snapshots"]),
                    *paths(settings, "test-paths", default=["tests"]),
                    *paths(settings, "macro-paths", default=["macros"]),
                    *paths(settings, "docs-paths", default=[]),
                )
            )
        )

    def _properties(self, package: Package) -> Properties:
        found = Properties()
        seen: set[str] = set()
        for folder in self._all_paths(package):
            for path in self._under(package, folder, ".yml", ".yaml"):
                if path in seen:
                    continue
                seen.add(path)
                said = self._yaml(path)
                for kind, into in (
                    ("models", found.models),
                    ("seeds", found.seeds),
                    ("snapshots", found.snapshots),
                    ("data_tests", found.tests),
                    ("tests", found.tests),
                ):
                    for item in mappings(said.get(kind)):
                        into[text(item.get("name")) or ""] = (item, path)
                found.sources += [(item, path) for item in mappings(said.get("sources"))]
                for kind in (
                    "exposures",
                    "groups",
                    "metrics",
                    "semantic_models",
                    "saved_queries",
                    "unit_tests",
                ):
                    rows = found.others.setdefault(kind, [])
                    rows += [(item, path) for item in mappings(said.get(kind))]
        return found

    # what there is ---------------------------------------------------------------------------

    def _find_groups(self, properties: Properties) -> None:
        for item, _ in properties.others.get("groups", []):
            self.groups[text(item.get("name")) or ""] = own_facts(item, {})

    def _find(self, package: Package, properties: Properties) -> None:
        for item, path in properties.sources:
            self._find_source(package, item, path)
        settings = package.settings
        for folder in paths(settings, "seed-paths", "data-paths", default=["seeds"]):
            for path in self._under(package, folder, ".csv"):
                self._find_seed(package, path, folder, properties)
        for folder in paths(settings, "model-paths", "source-paths", default=["models"]):
            for path in self._under(package, folder, ".sql", ".py"):
                self._find_model(package, path, folder, properties)
        for folder in paths(settings, "snapshot-paths", default=["snapshots"]):
            for path in self._under(package, folder, ".sql"):
                for name, body in _blocks(self._text(path) or ""):
                    self._find_snapshot(package, path, folder, name, body, properties)
        for name, (item, path) in properties.snapshots.items():
            relation = text(item.get("relation"))
            if relation and f"snapshot.{package.name}.{name}" not in self.drafts:
                written = f"select * from {{{{ {relation} }}}}"
                folder = str(PurePosixPath(path).parent)
                self._find_snapshot(package, path, folder, name, written, properties)
        for folder in paths(settings, "test-paths", default=["tests"]):
            for path in self._under(package, folder, ".sql"):
                if not path.startswith(package.folder(f"{folder}/generic") + "/"):
                    self._find_test(package, path, folder, properties)

    def _config(
        self,
        package: Package,
        section: str,
        path: tuple[str, ...],
        properties: Mapping[str, object],
        written: str = "",
    ) -> dict[str, object]:
        """Return a node's settings: project file, the root's word on it, YAML, its own config."""
        steps = (package.name, *path)
        layers = [configured(package.settings.get(section), steps)]
        if package is not self.root:
            layers.append(configured(self.root.settings.get(section), steps))
        layers.append({k: v for k, v in properties.items() if k in {"tags", "meta", "group"}})
        layers.append(dict(mapping(properties.get("config"))))
        layers.append(self._own_config(written, package, layered(*layers)))
        found = layered(*layers)
        return {
            key: self.world.value(value) if isinstance(value, str) else value
            for key, value in found.items()
        }

    def _own_config(
        self, written: str, package: Package, so_far: dict[str, object]
    ) -> dict[str, object]:
        calls = self.world.renderer.calls(written, "config")
        said: dict[str, object] = {}
        for call in calls:
            if call.keywords is None or call.arguments is None:
                subject = Subject("", package.name, None, so_far)
                self.world.render(written, subject, document="")
                return subject.said
            for argument in call.arguments:
                said.update(mapping(argument))
            said.update(call.keywords)
        return said

    def _find_source(self, package: Package, item: Mapping[str, object], path: str) -> None:
        source = text(item.get("name")) or ""
        inherited = configured(package.settings.get("sources"), (package.name, source))
        whole = layered(inherited, mapping(item.get("config")))
        schema = self._word(item.get("schema")) or source
        database = self._word(item.get("database")) or self._word(item.get("catalog"))
        database = database or self.target.database
        above = own_facts({**item, "description": None}, self.groups)
        for table in mappings(item.get("tables")):
            name = text(table.get("name")) or ""
            config = layered(whole, mapping(table.get("config")))
            if config.get("enabled") is False or flag(config.get("disabled")):
                continue
            identifier = self._word(table.get("identifier")) or name
            id_ = f"source.{package.name}.{source}.{name}"
            facts = own_facts(table, self.groups)
            relation = Relation(database, schema, identifier)
            self.nodes[id_] = Node(
                id=id_,
                kind=Kind.SOURCE,
                name=name,
                package=package.name,
                file=path,
                line=line_of(table),
                relation=relation,
                columns=self._columns(table),
                description=self._said(facts.description),
                tags=tuple(dict.fromkeys((*above.tags, *facts.tags))),
                owners=facts.owners or above.owners,
                domain=facts.domain or above.domain,
            )
            self.sources[source, name] = Known(id_, relation)
            subject = Subject(name, package.name, relation, {})
            target_name = f"{source}_{name}"
            self._generic_tests(id_, target_name, table, path, subject, source=True)

    def _find_seed(
        self, package: Package, path: str, folder: str, properties: Properties
    ) -> None:
        steps = folders(path, package.folder(folder))
        item, file = properties.seeds.get(steps[-1], ({}, ""))
        config = self._config(package, "seeds", steps, item)
        draft = Draft(
            id=f"seed.{package.name}.{steps[-1]}",
            kind=Kind.SEED,
            name=steps[-1],
            package=package,
            file=path,
            written="",
            config=config,
            properties=item,
            properties_file=file,
        )
        if not self._place(draft):
            return
        content = self._content(path) or b""
        inferred = seeds.columns(
            content,
            adapter=self.target.adapter,
            column_types=mapping(config.get("column_types")),
            delimiter=text(config.get("delimiter")) or ",",
        )
        if not inferred:
            self._problem("dbt-empty-seed", "has no header; its columns are not known.", path)
        documented = {column.name.lower(): column for column in self._columns(item)}
        self.seed_columns[draft.id] = tuple(
            replace(documented.get(column.name.lower(), column), name=column.name, type=column.type)
            for column in inferred
        )

    def _find_model(
        self, package: Package, path: str, folder: str, properties: Properties
    ) -> None:
        steps = folders(path, package.folder(folder))
        written = self._text(path)
        if written is None:
            return
        name, version = steps[-1], None
        item, file = properties.models.get(name, ({}, ""))
        latest = False
        if not item:
            for known, (said, where) in properties.models.items():
                for row in mappings(said.get("versions")):
                    number = text(row.get("v")) or ""
                    stems = {text(row.get("defined_in")), f"{known}_v{number}", f"{known}.v{number}"}
                    if steps[-1] in stems:
                        item, file = {**said, **row, "versions": None}, where
                        name, version = known, number
                        newest = text(said.get("latest_version")) or max(
                            (text(each.get("v")) or "" for each in mappings(said.get("versions"))),
                            key=lambda text_: (len(text_), text_),
                        )
                        latest = number == newest
        python = path.endswith(".py")
        config = self._config(
            package, "models", (*steps[:-1], name), item, "" if python else written
        )
        if "materialized" not in config:
            config["materialized"] = "view"
        suffix = f".v{version}" if version else ""
        draft = Draft(
            id=f"model.{package.name}.{name}{suffix}",
            kind=Kind.MODEL,
            name=name,
            package=package,
            file=path,
            written=written,
            config=config,
            properties=item,
            properties_file=file,
            version=version,
            python=python,
        )
        if self._place(draft) and latest:
            known = self.refs[package.name, f"{name}.v{version}"]
            self.refs[package.name, name] = known
            self.refs.setdefault((None, name), known)

    def _find_snapshot(  # noqa: PLR0913 - a file may hold several, each of these parts
        self,
        package: Package,
        path: str,
        folder: str,
        name: str,
        written: str,
        properties: Properties,
    ) -> None:
        steps = folders(path, package.folder(folder)) if path.endswith(".sql") else (name,)
        item, file = properties.snapshots.get(name, ({}, ""))
        config = self._config(package, "snapshots", (*steps[:-1], name), item, written)
        draft = Draft(
            id=f"snapshot.{package.name}.{name}",
            kind=Kind.SNAPSHOT,
            name=name,
            package=package,
            file=path,
            written=written,
            config={"materialized": "snapshot", **config},
            properties=item,
            properties_file=file,
        )
        self._place(draft)

    def _find_test(
        self, package: Package, path: str, folder: str, properties: Properties
    ) -> None:
        written = self._text(path)
        if written is None:
            return
        steps = folders(path, package.folder(folder))
        item, file = properties.tests.get(steps[-1], ({}, ""))
        config = self._config(package, "data_tests", steps, item, written)
        config = layered(self._config(package, "tests", steps, {}), config)
        if config.get("enabled") is False:
            return
        id_ = f"test.{package.name}.{steps[-1]}"
        self.drafts[id_] = Draft(
            id=id_,
            kind=Kind.TEST,
            name=steps[-1],
            package=package,
            file=path,
            written=written,
            config=config,
            properties=item,
            properties_file=file,
        )

    def _place(self, draft: Draft) -> bool:
        """Give a draft its relation and its name; False when it is switched off."""
        if draft.config.get("enabled") is False:
            return False
        config = draft.config
        subject = Subject(
            draft.name,
            draft.package.name,
            None,
            config,
            {
                "version": draft.version,
                "original_file_path": draft.file,
                "resource_type": draft.kind.value,
                "fqn": [draft.package.name, *PurePosixPath(draft.file).parts[1:]],
            },
        )
        custom = text(config.get("schema"))
        alias = f"{draft.name}_v{draft.version}" if draft.version else draft.name
        schema = self._generated("schema", custom, subject) or (
            f"{self.target.schema}_{custom.strip()}" if custom else self.target.schema
        )
        database = self._generated("database", text(config.get("database")), subject)
        database = database or text(config.get("database")) or self.target.database
        identifier = self._generated("alias", text(config.get("alias")), subject)
        identifier = identifier or text(config.get("alias")) or alias
        if draft.kind is Kind.SNAPSHOT:
            schema = text(config.get("target_schema")) or schema
            database = text(config.get("target_database")) or database
        draft.relation = Relation(database, schema, identifier)
        known = Known(draft.id, draft.relation, draft.ephemeral)
        key = f"{draft.name}.v{draft.version}" if draft.version else draft.name
        if draft.id in self.drafts:
            message = f"there is already a {draft.kind} called {draft.name}; dbt refuses this."
            self._problem("dbt-duplicate-name", message, draft.file)
        self.drafts[draft.id] = draft
        self.refs[draft.package.name, key] = known
        self.refs.setdefault((None, key), known)
        return True

    def _generated(self, part: str, custom: str | None, subject: Subject) -> str | None:
        """Return what the project's own ``generate_<part>_name`` makes, if it has one."""
        macro = self.world.macro(f"generate_{part}_name", subject.package)
        if macro is None:
            return None
        rendered = self.world.call(macro, subject, custom, self.world.model(subject))
        name = rendered.text.strip()
        if not rendered.complete or not name:
            self.diagnostics += rendered.diagnostics
            return None
        return name

    def _word(self, value: object) -> str | None:
        shown = text(value)
        return text(self.world.value(shown)) if shown is not None else None

    def _said(self, description: str | None) -> str | None:
        """Put the text of doc blocks where a description refers to them."""
        if description is None or "doc(" not in description:
            return description.strip() if description else None

        def block(found: re.Match[str]) -> str:
            names = _QUOTED.findall(found[1])
            return self.docs.get(names[-1], "") if names else ""

        return _DOC.sub(block, description).strip() or None

    def _columns(self, item: Mapping[str, object]) -> tuple[Column, ...]:
        return tuple(
            replace(column, description=self._said(column.description))
            for raw in mappings(item.get("columns"))
            if (column := column_of("", raw)).name
        )

    def _columns_of(self, relation: Relation) -> tuple[Column, ...] | None:
        """Return columns that are known without binding SQL: those of seeds and typed sources."""
        for id_, columns in self.seed_columns.items():
            if self.drafts[id_].relation == relation:
                return columns
        for known in self.sources.values():
            if known.relation == relation:
                columns = self.nodes[known.id].columns
                if columns and all(column.type for column in columns):
                    return columns
        return None

    # rendering -------------------------------------------------------------------------------

    def _finish(self, draft: Draft) -> None:
        """Make a draft a node."""
        facts = own_facts({**draft.properties, "config": draft.config}, self.groups)
        node = Node(
            id=draft.id,
            kind=draft.kind,
            name=draft.name,
            package=draft.package.name,
            file=draft.file,
            relation=None if draft.ephemeral else draft.relation,
            materialized=text(draft.config.get("materialized")),
            columns=self._columns(draft.properties),
            description=self._said(facts.description),
            tags=facts.tags,
            owners=facts.owners,
            domain=facts.domain,
            contract=flag(mapping(draft.config.get("contract")).get("enforced")),
        )
        if draft.kind is Kind.SEED:
            columns = self.seed_columns.get(draft.id)
            node = replace(node, columns=columns or (), catalog=columns)
        else:
            made = self._statement(draft)
            node = replace(
                node,
                sql=None if draft.ephemeral else made.sql,
                places=made.places,
                note=made.note,
                depends_on=made.depends_on,
                detail={"test": "singular"} if draft.kind is Kind.TEST else {},
            )
            if draft.kind is Kind.SNAPSHOT and node.sql is not None:
                node = snapshot_sql(node, draft.config)
        self.nodes[draft.id] = node
        if draft.kind is not Kind.TEST:
            subject = Subject(draft.name, draft.package.name, draft.relation, dict(draft.config))
            self._generic_tests(
                draft.id, draft.name, draft.properties, draft.properties_file, subject
            )

    def _statement(self, draft: Draft) -> Statement:
        """Render a draft once, with the ephemeral models that it uses in front."""
        known = self._statements.get(draft.id)
        if known is None:
            self._busy.add(draft.id)
            known = self._statements[draft.id] = self._made(draft)
            self._busy.discard(draft.id)
        return known

    def _made(self, draft: Draft) -> Statement:
        if draft.python:
            found = [self._referred(*pair, draft.package) for pair in _PYTHON_CALL.findall(draft.written)]
            depends_on = tuple(dict.fromkeys(id_ for id_ in found if id_))
            note = f"{draft.file} is a Python model: it holds no SQL to bind"
            return Statement(None, None, depends_on, note)
        subject = Subject(draft.name, draft.package.name, draft.relation, draft.config)
        rendered = self.world.render(draft.written, subject, document=draft.file)
        self.diagnostics += rendered.diagnostics
        depends_on = tuple(sorted(subject.found))
        if not rendered.complete:
            return Statement(None, None, depends_on, _why(rendered))
        if not rendered.text.strip():
            return Statement(None, None, depends_on, "it is empty once it is rendered")
        inlined: dict[str, str] = {}
        for id_ in subject.ephemerals:
            note = self._inline(id_, inlined)
            if note is not None:
                return Statement(None, None, depends_on, note)
        sql, places = with_ephemerals(
            rendered.text.rstrip().removesuffix(";"), rendered.map, tuple(inlined.items())
        )
        return Statement(sql, places, depends_on)

    def _inline(self, id_: str, inlined: dict[str, str]) -> str | None:
        """Add an ephemeral model, and before it those that it uses; return why it cannot be."""
        draft = self.drafts[id_]
        name = f"__dbt__cte__{id_.rsplit('.', 1)[-1]}"
        if name in inlined:
            return None
        if id_ in self._busy:
            return f"the ephemeral model {draft.name} refers to itself"
        self._busy.add(id_)
        subject = Subject(draft.name, draft.package.name, draft.relation, draft.config)
        rendered = self.world.render(draft.written, subject, document=draft.file)
        note = None if rendered.complete else _why(rendered)
        for other in subject.ephemerals:
            note = note or self._inline(other, inlined)
        self._busy.discard(id_)
        inlined[name] = rendered.text.strip().removesuffix(";")
        return note

    # tests and consumers ---------------------------------------------------------------------

    def _generic_tests(  # noqa: PLR0913 - the parts of what is tested
        self,
        id_: str,
        name: str,
        item: Mapping[str, object],
        file: str,
        subject: Subject,
        *,
        source: bool = False,
    ) -> None:
        for test in declared(name, item, source=source):
            if not test.enabled:
                continue
            self._generic_test(id_, test, file, subject)

    def _generic_test(self, id_: str, test: GenericTest, file: str, subject: Subject) -> None:
        own = Subject(test.name, subject.package, subject.relation, dict(test.config))
        tested = subject.relation
        depends_on = [id_]
        uses = [Use(id_, column) for column in test.columns]
        arguments: dict[str, object] = {}
        for key, value in test.arguments.items():
            called = _CALLED.fullmatch(value.strip()) if isinstance(value, str) else None
            if called is None:
                arguments[key] = self.world.value(value) if isinstance(value, str) else value
                continue
            other = self._referred(called[1], called[2], self._of(subject.package))
            known = self._relation_of(other) if other else None
            if other is None or known is None:
                names = _QUOTED.findall(called[2])
                relation = Relation(
                    self.target.database, self.target.schema, names[-1] if names else value
                )
                arguments[key] = self.world.table(relation)
                message = f"the test {test.name} refers to {value}, which is not there."
                self._problem("dbt-unknown-model", message, file, test.line)
                continue
            depends_on.append(other)
            arguments[key] = known
            field_ = test.arguments.get("field")
            if isinstance(field_, str):
                uses.append(Use(other, field_))
        node = Node(
            id=f"test.{subject.package}.{test.name}",
            kind=Kind.TEST,
            name=test.name,
            package=subject.package,
            file=file,
            line=test.line,
            depends_on=tuple(dict.fromkeys(depends_on)),
            uses=tuple(dict.fromkeys(uses)),
            detail={"test": test.kind},
        )
        macro = self.world.test(test.kind, test.namespace, subject.package)
        known_model = self._relation_of(id_)
        if macro is not None and tested is not None and known_model is not None:
            if test.column is not None:
                arguments["column_name"] = test.column
            where = text(test.config.get("where"))
            model: object = known_model
            if where:
                model = f"(select * from {known_model} where {where}) dbt_subquery"  # noqa: S608
            rendered = self.world.call(macro, own, model=model, **arguments)
            if rendered.complete and not self._is_ephemeral(id_):
                node = replace(node, sql=rendered.text)
            elif not uses:
                node = replace(node, note=_why(rendered))
        elif not uses:
            called = f"{test.namespace}.{test.kind}" if test.namespace else test.kind
            node = replace(node, note=f"the test {called} is in no package that is installed")
        self.nodes[node.id] = node

    def _of(self, package: str) -> Package:
        return next((found for found in self.packages if found.name == package), self.root)

    def _is_ephemeral(self, id_: str) -> bool:
        draft = self.drafts.get(id_)
        return draft is not None and draft.ephemeral

    def _relation_of(self, id_: str) -> Table | None:
        draft = self.drafts.get(id_)
        node = self.nodes.get(id_)
        relation = draft.relation if draft else node.relation if node else None
        return self.world.table(relation) if relation else None

    def _referred(self, function: str, arguments: str, package: Package) -> str | None:
        """Return the id of what ``ref('x')`` or ``source('a', 'b')`` written in YAML means."""
        version = _VERSION.search(arguments)
        names = _QUOTED.findall(arguments[: version.start()] if version else arguments)
        if not names:
            return None
        if function == "source":
            found = self.sources.get((names[0], names[-1]))
        else:
            last = f"{names[-1]}.v{version[1]}" if version else names[-1]
            found = (
                self.world.find(names[0], last, package.name)
                if len(names) > 1
                else self.world.find(last, None, package.name)
            )
        return found.id if found else None

    def _consumers(self, package: Package, properties: Properties) -> None:
        others = properties.others
        for item, path in others.get("exposures", []):
            self._consumer(package, item, path, Kind.EXPOSURE, self._named(item, path, package))
        models: dict[str, Mapping[str, object]] = {}
        measures: dict[str, tuple[str, Mapping[str, object]]] = {}
        for item, path in others.get("semantic_models", []):
            name = text(item.get("name")) or ""
            called = _CALLED.search(text(item.get("model")) or "")
            id_ = self._referred(called[1], called[2], package) if called else None
            relation = self._relation_of(id_) if id_ else None
            models[name] = {**item, "node_relation": relation and relation.render(), "of": id_}
            for measure in mappings(item.get("measures")):
                measures[text(measure.get("name")) or ""] = (name, measure)
            node = self._consumer(
                package, item, path, Kind.SEMANTIC_MODEL, (id_,) if id_ else ()
            )
            sql = metric_sql(item, None, relation.render() if relation else None)
            self.nodes[node.id] = replace(node, sql=sql)
        for item, path in others.get("metrics", []):
            self._metric(package, item, path, models, measures)
        for item, path in others.get("unit_tests", []):
            self._unit_test(package, item, path)

    def _metric(
        self,
        package: Package,
        item: Mapping[str, object],
        path: str,
        models: Mapping[str, Mapping[str, object]],
        measures: Mapping[str, tuple[str, Mapping[str, object]]],
    ) -> None:
        parameters = mapping(item.get("type_params"))
        wanted = text(mapping(parameters.get("measure")).get("name"))
        wanted = wanted or text(parameters.get("measure"))
        depends_on: list[str] = []
        sql = None
        if wanted in measures:
            name, measure = measures[wanted]
            model = models[name]
            sql = metric_sql(model, measure, text(model.get("node_relation")))
            depends_on = [id_ for id_ in (text(model.get("of")),) if id_]
        for key in ("numerator", "denominator"):
            other = text(mapping(parameters.get(key)).get("name")) or text(parameters.get(key))
            if other:
                depends_on.append(f"metric.{package.name}.{other}")
        for other_item in mappings(parameters.get("metrics")):
            depends_on.append(f"metric.{package.name}.{text(other_item.get('name')) or ''}")
        node = self._consumer(package, item, path, Kind.METRIC, tuple(depends_on))
        self.nodes[node.id] = replace(node, sql=sql)

    def _named(
        self, item: Mapping[str, object], path: str, package: Package
    ) -> tuple[str, ...]:
        found: list[str] = []
        for entry in strings(item.get("depends_on")):
            for function, arguments in _CALLED.findall(entry):
                id_ = self._referred(function, arguments, package)
                if id_ is not None:
                    found.append(id_)
                    continue
                message = f"{function}({arguments}) is named here, and is not there."
                self._problem("dbt-unknown-model", message, path, line_of(item))
        return tuple(dict.fromkeys(found))

    def _consumer(
        self,
        package: Package,
        item: Mapping[str, object],
        path: str,
        kind: Kind,
        depends_on: tuple[str, ...],
    ) -> Node:
        facts = own_facts(item, self.groups)
        name = text(item.get("name")) or "unnamed"
        meta = {**mapping(item.get("meta")), **mapping(mapping(item.get("config")).get("meta"))}
        uses: list[Use] = []
        by_name = {id_.rpartition(".")[2]: id_ for id_ in depends_on}
        for entry in strings(meta.get("columns")):
            table, _, column = entry.rpartition(".")
            found = by_name.get(table.rpartition(".")[2]) if table else None
            if found is None and not table and len(depends_on) == 1:
                found = depends_on[0]
            if found is not None:
                uses.append(Use(found, column))
        node = Node(
            id=f"{kind}.{package.name}.{name}",
            kind=kind,
            name=name,
            package=package.name,
            file=path,
            line=line_of(item),
            depends_on=depends_on,
            uses=tuple(uses),
            description=self._said(facts.description),
            tags=facts.tags,
            owners=facts.owners,
            domain=facts.domain,
            detail={key: shown for key in ("type", "url") if (shown := text(item.get(key)))},
        )
        self.nodes[node.id] = node
        return node

    def _unit_test(self, package: Package, item: Mapping[str, object], path: str) -> None:
        name = text(item.get("name")) or "unnamed"
        model = self.world.find(text(item.get("model")) or "", None, package.name)
        uses: list[Use] = []
        depends_on: list[str] = []
        if model is not None:
            depends_on.append(model.id)
            expected = mapping(item.get("expect")).get("rows")
            uses += [Use(model.id, column) for row in mappings(expected) for column in row]
        else:
            message = f"the unit test {name} tests a model that is not there."
            self._problem("dbt-unknown-model", message, path, line_of(item))
        for given in mappings(item.get("given")):
            called = _CALLED.search(text(given.get("input")) or "")
            id_ = self._referred(called[1], called[2], package) if called else None
            if id_ is not None:
                depends_on.append(id_)
                rows = mappings(given.get("rows"))
                uses += [Use(id_, column) for row in rows for column in row]
        node = Node(
            id=f"unit_test.{package.name}.{text(item.get('model'))}.{name}",
            kind=Kind.TEST,
            name=name,
            package=package.name,
            file=path,
            line=line_of(item),
            depends_on=tuple(dict.fromkeys(depends_on)),
            uses=tuple(dict.fromkeys(uses)),
            description=text(item.get("description")),
            detail={"test": "unit"},
        )
        self.nodes[node.id] = node


def _why(rendered: Rendered) -> str:
    said = next(
        (item.message for item in rendered.diagnostics if item.severity is not Severity.NOTE),
        "a part of it is not known",
    )
    return f"it cannot be rendered without dbt: {said}"


def _as_macros(source: str) -> str:
    """Make generic tests macros, and blank out what no statement is made of; lines stay."""
    source = _NO_MACRO.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    source = _TEST_BEGIN.sub(r"{%\1 macro test_\2", source)
    return _TEST_END.sub(r"{%\1 endmacro \2%}", source)


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    """Yield each snapshot of a file with its text, everything else blanked out; lines stay."""
    for found in _SNAPSHOT.finditer(source):
        before = re.sub(r"[^\n]", " ", source[: found.start(2)])
        yield found[1], before + found[2]


__all__ = ["read_project"]
