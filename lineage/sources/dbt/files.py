"""A dbt project that nobody has built: read from its files, and rendered here.

Names come out as dbt would make them: the target's schema (see `settings.target`), with a custom
schema behind it (``<target>_<custom>``), unless the project has a `generate_schema_name` of its
own. Packages are read from `dbt_packages/` where they are installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import Protocol

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.places import SourceMap
from lineage.sources.dbt import seeds
from lineage.sources.dbt.again import again
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
from lineage.sources.dbt.node import Column, Kind, Node, Project, Relation
from lineage.sources.dbt.settings import configured, folders, layered, line_of, load, paths, target
from lineage.sources.dbt.statements import Inlined, snapshot_sql, with_ephemerals
from lineage.sources.dbt.tree import Tree
from lineage.sources.dbt.world import Known, Subject, Table, World, cte_of
from lineage.sources.document import readable
from lineage.sources.encoding import NO_TEXT, NOT_ALL_TEXT, UNDECODED, is_text
from lineage.sql.rendering import REFUSED
from lineage.sql.template import Rendered

PROJECT = "dbt_project.yml"
PACKAGES = ("packages.yml", "dependencies.yml")
CALLED = re.compile(r"\b(ref|source|metric)\s*\(([^()]*)\)")
QUOTED = re.compile(r"""['"]([^'"]*)['"]""")
_VERSION = re.compile(r"\b(?:v|version)\s*=\s*['\"]?([\w.]+)")
_PYTHON_COMMENT = re.compile(r"(?m)(?<!['\"\w])#.*$")
_PYTHON_CALL = re.compile(r"\bdbt\.(ref|source)\s*\(([^()]*)\)")
SNAPSHOT = re.compile(
    r"\{%-?\s*snapshot\s+(\w+)\s*-?%\}(.*?)\{%-?\s*endsnapshot\s*-?%\}", re.DOTALL
)
_SNAPSHOT_BEGIN = re.compile(r"\{%-?\s*snapshot\s+\w+\s*-?%\}")
_SNAPSHOT_END = re.compile(r"\{%-?\s*endsnapshot\s*-?%\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TEST_BEGIN = re.compile(r"\{%(-?)\s*(?:test|data_test)\s+(\w+)")
_TEST_END = re.compile(r"\{%(-?)\s*end(?:test|data_test)\s*(-?)%\}")
_NO_MACRO = re.compile(r"\{%-?\s*(materialization|docs)\b.*?\{%-?\s*end\1\s*-?%\}", re.DOTALL)
DOCS = re.compile(r"\{%-?\s*docs\s+(\w+)\s*-?%\}(.*?)\{%-?\s*enddocs\s*-?%\}", re.DOTALL)
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

    def own(self, path: str) -> str:
        """Return a path in the tree as the project itself writes it."""
        return path.removeprefix(f"{self.root}/") if self.root else path

    def macro_folders(self) -> Iterator[str]:
        """Yield its folders with macros, generic tests among them."""
        yield from paths(self.settings, "macro-paths", default=["macros"])
        for folder in paths(self.settings, "test-paths", default=["tests"]):
            yield f"{folder}/generic"

    def fixture_folders(self) -> Iterator[str]:
        """Yield its folders with rows for unit tests."""
        for folder in paths(self.settings, "test-paths", default=["tests"]):
            yield f"{folder}/fixtures"


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
    later: tuple[str, SourceMap] | None = None
    """What it is when it is run again, and where that stands."""


@dataclass(slots=True)
class Properties:
    """What the YAML files of a package say, by kind and name, each with its file."""

    models: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    seeds: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    snapshots: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    tests: dict[str, tuple[Mapping[str, object], str]] = field(default_factory=dict)
    sources: list[tuple[Mapping[str, object], str]] = field(default_factory=list)
    others: dict[str, list[tuple[Mapping[str, object], str]]] = field(default_factory=dict)

    def version(self, stem: str) -> tuple[str, str, bool, Mapping[str, object], str] | None:
        """Return the versioned model that a file defines.

        Its name, its version, whether that is the latest, its properties, and their file.
        """
        for name, (said, where) in self.models.items():
            rows = mappings(said.get("versions"))
            numbers = [text(row.get("v")) or "" for row in rows]
            for row, number in zip(rows, numbers, strict=True):
                if stem in {text(row.get("defined_in")), f"{name}_v{number}", f"{name}.v{number}"}:
                    newest = text(said.get("latest_version"))
                    newest = newest or max(numbers, key=lambda each: (len(each), each))
                    item = {**said, **row, "versions": None}
                    return name, number, number == newest, item, where
        return None


@dataclass(frozen=True, slots=True)
class Tested:
    """Something that YAML may declare tests for."""

    id: str
    name: str
    item: Mapping[str, object]
    file: str
    subject: Subject
    source: bool = False


class Outside(Protocol):
    """What is known of the rest of a project of which only some files are read."""

    def refs(self) -> dict[tuple[str | None, str], Known]:
        """Return what ``ref`` can mean there, to be added to."""
        ...

    def sources(self) -> dict[tuple[str, str], Known]:
        """Return what ``source`` can mean there, to be added to."""
        ...

    def node(self, id_: str) -> Node | None:
        """Return what is known of a node, its SQL left out."""
        ...

    def at(self, relation: Relation) -> Node | None:
        """Return the node that is a relation."""
        ...


class Reading:
    """One project on its way from files to nodes; `consumers` adds who uses them.

    With ``outside`` the tree holds some of the project's files. Should more be needed to read
    these, their names are left in ``lacking``, and the reading is to be done again with them.
    """

    def __init__(self, tree: Tree, dialect: str | None, outside: Outside | None = None) -> None:
        self.tree = tree
        self.outside = outside
        self.lacking: set[str] = set()
        self.diagnostics: list[Diagnostic] = []
        self.files = tuple(path for path in tree.list() if self._readable(path))
        self.groups: dict[str, Facts] = {}
        self.docs: dict[str, str] = {}
        self.refs: dict[tuple[str | None, str], Known] = outside.refs() if outside else {}
        self.sources: dict[tuple[str, str], Known] = outside.sources() if outside else {}
        self.drafts: dict[str, Draft] = {}
        self.nodes: dict[str, Node] = {}
        self.tested: list[Tested] = []
        self.properties: dict[str, Properties] = {}
        self.doubled: list[tuple[str, str]] = []
        """Names that are described more than once, and where else than where it counts."""
        self.documented: set[str] = set()
        """Files with doc blocks."""
        self.seed_columns: dict[str, tuple[Column, ...]] = {}
        self.surely: dict[str, tuple[str, ...]] = {}
        """What each model and snapshot refers to in every project that has this text."""
        self._named: dict[tuple[str, str], Draft] = {}
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
        if self._lacks_packages():
            self.world.lack()

    def read(self) -> None:
        """Read what is built: sources, seeds, models, snapshots, and singular tests."""
        for package in reversed(self.packages):
            self._define_macros(package)
        for package in self.packages:
            self._read_docs(package)
            self.properties[package.name] = self._properties(package)
        for properties in self.properties.values():
            for item, _ in properties.others.get("groups", []):
                self.groups[text(item.get("name")) or ""] = own_facts(item, {})
        for package in self.packages:
            self._find(package, self.properties[package.name])
        for draft in list(self.drafts.values()):
            self._finish(draft)

    def project(self) -> Project:
        """Return all that was read."""
        return Project(
            name=self.root.name,
            adapter=self.target.adapter,
            nodes=tuple(self.nodes[id_] for id_ in sorted(self.nodes)),
            document=self.document,
            diagnostics=tuple(dict.fromkeys((*self.diagnostics, *self.world.diagnostics))),
        )

    # files -----------------------------------------------------------------------------------

    def _readable(self, path: str) -> bool:
        shown = readable(path)
        if shown != path:
            message = "its name is no text in UTF-8; rename it, it is left out."
            self.problem("unreadable", message, shown)
        return shown == path

    def problem(self, code: str, message: str, document: str, line: int = 0) -> None:
        """Report an error at a line of a file."""
        where = f"{document}:{line}" if line else document
        self.diagnostics.append(
            Diagnostic(code, f"{where}: {message}", Severity.ERROR, Location(document, line))
        )

    def _content(self, path: str) -> bytes | None:
        try:
            return self.tree.read(path)
        except (OSError, KeyError) as error:
            self.problem("unreadable", f"cannot be read ({error}); it is left out.", path)
            return None

    def _text(self, path: str) -> str | None:
        content = self._content(path)
        if content is not None and not is_text(content):
            self.problem("unreadable", f"{NO_TEXT}; it is left out.", path)
            return None
        written = None if content is None else content.decode("utf-8-sig", errors="replace")
        if written is not None and UNDECODED in written:
            line = written.count("\n", 0, written.index(UNDECODED)) + 1
            message = f"{path}:{line}: {NOT_ALL_TEXT}."
            place = Location(path, line)
            self.diagnostics.append(Diagnostic("not-utf-8", message, Severity.WARNING, place))
        return written

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

    def _lacks_packages(self) -> bool:
        """Return whether fewer packages are installed than the project names; tell so."""
        for name in PACKAGES:
            path = self.root.folder(name)
            wanted = len(mappings(self._yaml(path).get("packages")))
            if wanted > len(self.packages) - 1:
                self.diagnostics.append(
                    Diagnostic(
                        "dbt-packages-missing",
                        f"{path}: names {wanted} packages, of which not all are installed; what "
                        f"calls their macros is not known. Install them with `dbt deps`.",
                        Severity.NOTE,
                        Location(path),
                    )
                )
                return True
        return False

    def _define_macros(self, package: Package) -> None:
        for folder in package.macro_folders():
            for path in self._under(package, folder, ".sql"):
                source = self._text(path)
                if source is not None:
                    self.world.define(package.name, path, _as_macros(source))

    def _read_docs(self, package: Package) -> None:
        for folder in self._all_paths(package):
            for path in self._under(package, folder, ".md"):
                for name, said in DOCS.findall(self._text(path) or ""):
                    self.docs.setdefault(name, said.strip())
                    self.documented.add(path)

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
                        name = text(item.get("name")) or ""
                        if name in into:
                            self.doubled.append((name, into[name][1]))
                        into[name] = (item, path)
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
        self._find_snapshots(package, properties)
        for folder in paths(settings, "test-paths", default=["tests"]):
            for path in self._under(package, folder, ".sql"):
                others = (package.folder(f"{folder}/{name}/") for name in ("generic", "fixtures"))
                if not path.startswith(tuple(others)):
                    self._find_test(package, path, folder, properties)

    def _find_snapshots(self, package: Package, properties: Properties) -> None:
        """Find snapshots: blocks in SQL files, and those that YAML takes of a relation."""
        for folder in paths(package.settings, "snapshot-paths", default=["snapshots"]):
            for path in self._under(package, folder, ".sql"):
                source = self._text(path) or ""
                for name, body in _blocks(source):
                    self._find_snapshot(package, path, folder, name, body, properties)
                for line in _left_open(source):
                    message = "a snapshot begins here, and no {% endsnapshot %} follows."
                    self.problem(REFUSED, message, path, line)
        for name, (item, path) in properties.snapshots.items():
            relation = text(item.get("relation"))
            if relation and f"snapshot.{package.name}.{name}" not in self.drafts:
                written = f"select * from {{{{ {relation} }}}}"  # noqa: S608 - never executed
                folder = str(PurePosixPath(path).parent)
                self._find_snapshot(package, path, folder, name, written, properties)

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
                description=self.said(facts.description),
                tags=tuple(dict.fromkeys((*above.tags, *facts.tags))),
                owners=facts.owners or above.owners,
                domain=facts.domain or above.domain,
            )
            self.sources[source, name] = Known(id_, relation)
            subject = Subject(name, package.name, relation, {})
            self.tested.append(Tested(id_, f"{source}_{name}", table, path, subject, source=True))

    def _find_seed(self, package: Package, path: str, folder: str, properties: Properties) -> None:
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
            self.problem("dbt-empty-seed", "has no header; its columns are not known.", path)
        documented = {column.name.lower(): column for column in self._columns(item)}
        self.seed_columns[draft.id] = tuple(
            replace(documented.get(column.name.lower(), column), name=column.name, type=column.type)
            for column in inferred
        )

    def _find_model(self, package: Package, path: str, folder: str, properties: Properties) -> None:
        steps = folders(path, package.folder(folder))
        written = self._text(path)
        if written is None:
            return
        name, version, latest = steps[-1], None, False
        item, file = properties.models.get(name, ({}, ""))
        if not item:
            versioned = properties.version(steps[-1])
            if versioned is not None:
                name, version, latest, item, file = versioned
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
            newest_one = self.refs[package.name, f"{name}.v{version}"]
            self.refs[package.name, name] = newest_one
            self.refs.setdefault((None, name), newest_one)

    def _find_snapshot(  # noqa: PLR0913, PLR0917 - a file may hold several, each of these parts
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

    def _find_test(self, package: Package, path: str, folder: str, properties: Properties) -> None:
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
        file = draft.package.own(draft.file)
        subject = Subject(
            draft.name,
            draft.package.name,
            None,
            config,
            {
                "version": draft.version,
                "original_file_path": file,
                "resource_type": draft.kind.value,
                "fqn": [draft.package.name, *PurePosixPath(file).parts[1:]],
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
        other = self._named.setdefault((draft.package.name, key), draft)
        if other is not draft:
            message = (
                f"there is already a {other.kind} called {key}, in {other.file}:1; dbt refuses "
                f"a project with both. Rename or delete one of them."
            )
            self.problem("dbt-duplicate-name", message, draft.file, 1)
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

    def fixture(self, package: Package, name: str) -> tuple[str, str] | None:
        """Return a file with rows for unit tests, and its text."""
        for folder in package.fixture_folders():
            for path in self._under(package, folder, f"/{name}.csv", f"/{name}.sql"):
                return path, self._text(path) or ""
        return None

    def _word(self, value: object) -> str | None:
        shown = text(value)
        return text(self.world.value(shown)) if shown is not None else None

    def said(self, description: str | None) -> str | None:
        """Put the text of doc blocks where a description refers to them."""
        if description is None or "doc(" not in description:
            return description.strip() if description else None

        def block(found: re.Match[str]) -> str:
            names = QUOTED.findall(found[1])
            return self.docs.get(names[-1], "") if names else ""

        return _DOC.sub(block, description).strip() or None

    def _columns(self, item: Mapping[str, object]) -> tuple[Column, ...]:
        return tuple(
            replace(column, description=self.said(column.description))
            for raw in mappings(item.get("columns"))
            if (column := column_of("", raw)).name
        )

    def _columns_of(self, relation: Relation) -> tuple[Column, ...] | None:
        """Return columns that are known without binding SQL: those of seeds and typed sources."""
        for id_, columns in self.seed_columns.items():
            if self.drafts[id_].relation == relation:
                return columns
        for known in self.sources.values():
            if known.relation == relation and known.id in self.nodes:
                columns = self.nodes[known.id].columns
                if columns and all(column.type for column in columns):
                    return columns
        node = self.outside.at(relation) if self.outside else None
        if node is not None and node.kind in {Kind.SEED, Kind.SOURCE}:
            self.lacking.add(node.file)
        return None

    def of(self, package: str) -> Package:
        """Return a package by name; the root for any other."""
        return next((found for found in self.packages if found.name == package), self.root)

    def is_ephemeral(self, id_: str) -> bool:
        """Return whether a node is written into what refers to it."""
        draft = self.drafts.get(id_)
        if draft is None:
            node = self.elsewhere(id_)
            return node is not None and node.materialized == "ephemeral"
        return draft.ephemeral

    def elsewhere(self, id_: str) -> Node | None:
        """Return what is known of a node whose file is not read."""
        return self.outside.node(id_) if self.outside else None

    def table_of(self, id_: str) -> Table | None:
        """Return the relation of a node as templates handle it; of an ephemeral one, its CTE."""
        draft = self.drafts.get(id_)
        node = self.nodes.get(id_) or self.elsewhere(id_)
        relation = draft.relation if draft else node.relation if node else None
        if draft is not None and relation is not None and draft.ephemeral:
            return self.world.table(relation, ephemeral=cte_of(id_))
        return self.world.table(relation) if relation else None

    def referred(self, function: str, arguments: str, package: Package) -> str | None:
        """Return the id of what ``ref('x')`` or ``source('a', 'b')`` written in YAML means."""
        version = _VERSION.search(arguments)
        names = QUOTED.findall(arguments[: version.start()] if version else arguments)
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
            description=self.said(facts.description),
            tags=facts.tags,
            owners=facts.owners,
            domain=facts.domain,
            contract=flag(mapping(draft.config.get("contract")).get("enforced")),
            group=text(draft.config.get("group")),
            private="private" in {draft.config.get("access"), draft.properties.get("access")},
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
                later=made.later,
                depends_on=made.depends_on,
                detail={"test": "singular"} if draft.kind is Kind.TEST else {},
            )
            if draft.kind is Kind.SNAPSHOT and node.sql is not None:
                node = snapshot_sql(node, draft.config)
        self.nodes[draft.id] = node
        if draft.kind is not Kind.TEST:
            subject = Subject(draft.name, draft.package.name, draft.relation, dict(draft.config))
            self.tested.append(
                Tested(draft.id, draft.name, draft.properties, draft.properties_file, subject)
            )

    def _statement(self, draft: Draft) -> Statement:
        """Render a draft once, with the ephemeral models that it uses in front."""
        self._busy.add(draft.id)
        made = self._made(draft)
        self._busy.discard(draft.id)
        return made

    def _made(self, draft: Draft) -> Statement:
        if draft.python:
            depends_on = tuple(dict.fromkeys(self._python_refers(draft)))
            return Statement(
                None, None, depends_on, "it is a Python model: it holds no SQL to bind"
            )
        subject = Subject(draft.name, draft.package.name, draft.relation, draft.config)
        rendered = self.world.render(draft.written, subject, document=draft.file)
        self.diagnostics += rendered.diagnostics
        depends_on = tuple(sorted(subject.found))
        if draft.kind is not Kind.TEST:
            self.surely[draft.id] = tuple(self._surely(depends_on, rendered))
        if not rendered.complete:
            return Statement(None, None, depends_on, why(rendered))
        if not rendered.text.strip():
            return Statement(None, None, depends_on, "it is empty once it is rendered")
        sql, places, reason = self.with_ephemerals(
            rendered.text.rstrip().removesuffix(";"), rendered.map, subject.ephemerals
        )
        if reason is not None:
            return Statement(None, None, depends_on, reason)
        own = str(self.table_of(draft.id))
        adapter = self.target.adapter
        later = (
            None
            if subject.ephemerals
            else again(rendered, draft.config, adapter, own, draft.written)
        )
        return Statement(sql, places, depends_on, later=later)

    def _python_refers(self, draft: Draft) -> Iterator[str]:
        """Yield what a Python model refers to; report what is not there."""
        written = _PYTHON_COMMENT.sub(lambda found: " " * len(found[0]), draft.written)
        for called in _PYTHON_CALL.finditer(written):
            function, arguments = called.groups()
            id_ = self.referred(function, arguments, draft.package)
            names = QUOTED.findall(arguments)
            if id_ is not None:
                yield id_
            elif names and not QUOTED.sub("", _VERSION.sub("", arguments)).strip(", "):
                what = "model" if function == "ref" else "source"
                line = written.count("\n", 0, called.start()) + 1
                message = (
                    f"{function}({arguments}) names a {what} that the project does not have; "
                    f"check the name, or whether it was deleted or disabled."
                )
                self.problem(f"dbt-unknown-{what}", message, draft.file, line)

    def _surely(self, depends_on: Iterable[str], rendered: Rendered) -> Iterator[str]:
        """Yield what a text refers to however it is run, the first time of an incremental one."""
        asked = {condition for condition, _ in rendered.assumptions}
        for id_ in depends_on if asked <= {"is_incremental()"} else ():
            table = self.table_of(id_)
            if not asked or str(table) in rendered.text:
                yield id_

    def with_ephemerals(
        self, sql: str, places: SourceMap, ids: Iterable[str]
    ) -> tuple[str, SourceMap, str | None]:
        """Return a statement with ephemeral models in it, and why one of them is not known."""
        inlined: dict[str, Inlined] = {}
        for id_ in ids:
            reason = self._inline(id_, inlined)
            if reason is not None:
                return sql, places, reason
        return (*with_ephemerals(sql, places, tuple(inlined.values())), None)

    def _inline(self, id_: str, inlined: dict[str, Inlined]) -> str | None:
        """Add an ephemeral model, and before it those that it uses; return why it cannot be."""
        draft = self.drafts.get(id_)
        if draft is None:
            node = self.elsewhere(id_)
            self.lacking.add(node.file if node is not None else "")
            return "its text is not read"
        name = cte_of(id_)
        if name in inlined:
            return None
        if id_ in self._busy:
            return f"the ephemeral model {draft.name} refers to itself"
        self._busy.add(id_)
        subject = Subject(draft.name, draft.package.name, draft.relation, draft.config)
        rendered = self.world.render(draft.written, subject, document=draft.file)
        note = None if rendered.complete else why(rendered)
        for other in subject.ephemerals:
            note = note or self._inline(other, inlined)
        self._busy.discard(id_)
        query = rendered.text.rstrip().removesuffix(";")
        inlined[name] = Inlined(name, query, rendered.map, draft.file)
        return note


def why(rendered: Rendered) -> str:
    """Return why a text is not known, in a note's words."""
    said = next(
        (
            item.message
            for item in rendered.diagnostics
            # A placeholder stands for a variable: that alone keeps no text from being known.
            if item.severity is not Severity.NOTE and item.code != "dbt-unknown-variable"
        ),
        "a part of it is not known",
    )
    return f"it cannot be rendered without dbt: {said}"


def _as_macros(source: str) -> str:
    """Make generic tests macros, and blank out what no statement is made of; lines stay."""
    source = _NO_MACRO.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    source = _TEST_BEGIN.sub(r"{%\1 macro test_\2", source)
    return _TEST_END.sub(r"{%\1 endmacro \2%}", source)


def _left_open(source: str) -> Iterator[int]:
    """Yield the lines in which snapshots begin that end nowhere."""
    source = _COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), source)
    ends = [found.start() for found in _SNAPSHOT_END.finditer(source)]
    begins = [found.start() for found in _SNAPSHOT_BEGIN.finditer(source)]
    for begin, following in zip(begins, [*begins[1:], len(source)], strict=True):
        if not any(begin < end < following for end in ends):
            yield source.count("\n", 0, begin) + 1


def _blocks(source: str) -> Iterator[tuple[str, str]]:
    """Yield each snapshot of a file with its text, everything else blanked out; lines stay."""
    for found in SNAPSHOT.finditer(source):
        before = re.sub(r"[^\n]", " ", source[: found.start(2)])
        yield found[1], before + found[2]


__all__ = [
    "DOCS",
    "PACKAGES",
    "PROJECT",
    "SNAPSHOT",
    "Outside",
    "Package",
    "Properties",
    "Reading",
    "Tested",
    "why",
]
