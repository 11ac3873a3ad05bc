"""Some files of a dbt project, read as if all of it had been read.

What is remembered of a project when it is read as a whole says what names mean, and who depends on
whom. With it some files can be read by themselves, in one state of the project or another. Which
files have to be read together is found by reading them: until nothing that they say concerns
another file. That it works is checked where the answer is known: in the state that is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Generic, Protocol, TypeVar, overload

import msgspec

from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Event
from lineage.sources.dbt.consumers import complete
from lineage.sources.dbt.facts import mappings, text
from lineage.sources.dbt.files import DOCS, PACKAGES, PROJECT, SNAPSHOT, Reading
from lineage.sources.dbt.node import RELATIONS, Kind, Node, Project, Relation
from lineage.sources.dbt.report import events
from lineage.sources.dbt.settings import load
from lineage.sources.dbt.tree import Files, Tree
from lineage.sources.dbt.world import Known
from lineage.sources.document import readable


class State(Protocol):
    """The files of one state."""

    def fetch(self, paths: Iterable[str]) -> None:
        """Read some files at once."""
        ...

    def read(self, path: str) -> bytes | None:
        """Return a file; None where it has none of that name."""
        ...


_ROUNDS = 12
_SHARED = frozenset({"groups", "macros", "metrics", "saved_queries", "semantic_models"})
"""Sections of YAML files that other files may depend on."""
_REFERRED = frozenset({Kind.MODEL, Kind.SEED, Kind.SNAPSHOT})
"""Kinds of which no two may have the same name."""
_DESCRIBING = ("models", "seeds", "snapshots", "data_tests", "tests")
_YAML = (".yml", ".yaml")
_FREE = (".sql", ".csv")
"""Files that may be used from anywhere where they are in a shared folder."""

K = TypeVar("K")
V = TypeVar("V")
D = TypeVar("D")


class Remembered(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a project."""

    ids: list[str]
    names: list[str]
    files: list[str]
    properties: list[str]
    """The YAML file that describes a node, empty where none does."""
    relations: list[Relation | None]
    ephemeral: list[int]
    consumers: list[int]
    """Those that have no relation: tests, dashboards, metrics."""
    depends: list[list[int]]
    refs: list[tuple[str | None, str, int]]
    sources: list[tuple[str, str, int]]
    nodes: list[msgspec.Raw]
    environment: list[str]
    """Files that any other may depend on."""
    shared_folders: list[str]
    """Folders of macros, and of rows for unit tests."""
    described: dict[str, list[str]]
    """The YAML files in which a name is described."""
    unresolved: list[str]
    """Files that refer to something that is not there, and those that are read with them."""


def remember(reading: Reading, project: Project) -> bytes:
    """Return what is kept of a project that was read as a whole."""
    numbers = {node.id: number for number, node in enumerate(project.nodes)}
    known = {id_: draft.properties_file for id_, draft in reading.drafts.items()}
    described: dict[str, dict[str, None]] = {}
    for properties in reading.properties.values():
        every = (properties.models, properties.seeds, properties.snapshots, properties.tests)
        for section in every:
            for name, (_, path) in section.items():
                described.setdefault(name, {})[path] = None
    for name, path in reading.doubled:
        described.setdefault(name, {})[path] = None
    environment, folders = _environment(reading)
    memory = Remembered(
        ids=list(numbers),
        names=[node.name for node in project.nodes],
        files=[node.file for node in project.nodes],
        properties=[known.get(id_, "") for id_ in numbers],
        relations=[_relation(reading, node) for node in project.nodes],
        ephemeral=[n for id_, n in numbers.items() if reading.is_ephemeral(id_)],
        consumers=[n for n, node in enumerate(project.nodes) if node.kind not in RELATIONS],
        depends=[
            [numbers[id_] for id_ in node.depends_on if id_ in numbers] for node in project.nodes
        ],
        refs=[
            (package, name, numbers[known.id])
            for (package, name), known in reading.refs.items()
            if known.id in numbers
        ],
        sources=[
            (source, name, numbers[known.id])
            for (source, name), known in reading.sources.items()
            if known.id in numbers
        ],
        nodes=[msgspec.Raw(_encoded(node)) for node in project.nodes],
        environment=environment,
        shared_folders=folders,
        described={name: list(paths) for name, paths in described.items()},
        unresolved=sorted(_unresolved(reading, project)),
    )
    return msgspec.msgpack.encode(memory)


def _relation(reading: Reading, node: Node) -> Relation | None:
    """Return a node's relation; that of an ephemeral model is what it would be."""
    draft = reading.drafts.get(node.id)
    return draft.relation if draft is not None else node.relation


def _unresolved(reading: Reading, project: Project) -> Iterator[str]:
    documents = {
        row.location.document
        for row in project.diagnostics
        if row.code.startswith("dbt-unknown-") and row.location is not None
    }
    yield from documents
    for draft in reading.drafts.values():
        if draft.properties_file in documents:
            yield draft.file


def _encoded(node: Node) -> bytes:
    bare = replace(node, sql=None, places=None, later=None)
    return msgspec.msgpack.encode(bare, order="deterministic")


def _environment(reading: Reading) -> tuple[list[str], list[str]]:
    found: dict[str, None] = {}
    folders: list[str] = []
    for package in reading.packages:
        found[package.folder(PROJECT)] = None
        every = (*package.macro_folders(), *package.fixture_folders())
        folders += [package.folder(folder).rstrip("/") + "/" for folder in every]
        for kind in sorted(_SHARED):
            rows = reading.properties[package.name].others.get(kind, [])
            found.update(dict.fromkeys(path for _, path in rows))
    for name in ("profiles.yml", *PACKAGES):
        found[reading.root.folder(name)] = None
    for path in reading.files:
        shared = path.endswith(_FREE) and path.startswith(tuple(folders))
        if shared or path in reading.documented:
            found[path] = None
    return [path for path in found if path in reading.files], folders


class Memory:
    """A project that is remembered. Raises ValueError for bytes that are none."""

    def __init__(self, data: bytes | memoryview) -> None:
        self.kept = _DECODER.decode(data)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """Nodes by id."""
        return {id_: number for number, id_ in enumerate(self.kept.ids)}

    @cached_property
    def by_file(self) -> dict[str, list[int]]:
        """Nodes by the file that defines them."""
        return _grouped(self.kept.files)

    @cached_property
    def by_properties(self) -> dict[str, list[int]]:
        """Nodes by the YAML file that describes them."""
        return _grouped(self.kept.properties)

    @cached_property
    def by_relation(self) -> dict[str, list[int]]:
        """Nodes by the name of their relation, in lower case."""
        names = (relation.name.lower() if relation else "" for relation in self.kept.relations)
        return _grouped(names)

    @cached_property
    def by_name(self) -> dict[str, list[int]]:
        """Consumers by the name that people use."""
        found: dict[str, list[int]] = {}
        for number in self.kept.consumers:
            found.setdefault(self.kept.names[number], []).append(number)
        return found

    @cached_property
    def by_stem(self) -> dict[str, list[int]]:
        """Nodes by name."""
        return _grouped(self.kept.names)

    @cached_property
    def dependents(self) -> dict[int, list[int]]:
        """Nodes by what they depend on."""
        found: dict[int, list[int]] = {}
        for number, depends in enumerate(self.kept.depends):
            for other in depends:
                found.setdefault(other, []).append(number)
        return found

    @cached_property
    def refs(self) -> dict[tuple[str | None, str], int]:
        """What ``ref`` can mean."""
        return {(package, name): number for package, name, number in self.kept.refs}

    @cached_property
    def sources(self) -> dict[tuple[str, str], int]:
        """What ``source`` can mean."""
        return {(source, name): number for source, name, number in self.kept.sources}

    @cached_property
    def ephemeral(self) -> frozenset[int]:
        """Models that are written into what refers to them."""
        return frozenset(self.kept.ephemeral)

    def node(self, number: int) -> Node:
        """Return a node, its SQL left out."""
        return _NODE.decode(self.kept.nodes[number])

    def known(self, number: int) -> Known | None:
        """Return what a name means that means a node."""
        relation = self.kept.relations[number]
        if relation is None:
            return None
        return Known(self.kept.ids[number], relation, number in self.ephemeral)

    def files_of(self, number: int) -> Iterator[str]:
        """Yield the files that have to be read to read a node."""
        yield self.kept.files[number]
        if self.kept.properties[number]:
            yield self.kept.properties[number]
        if self.in_yaml(number) and self.kept.ids[number].startswith("test."):
            for other in self.kept.depends[number][:1]:  # what a generic test is declared for
                yield self.kept.files[other]

    def in_yaml(self, number: int) -> bool:
        """Return whether a node stands in a YAML file, where others may stand as well."""
        return self.kept.files[number].endswith(_YAML)


class _Below(dict[K, V], Generic[K, V]):
    """A mapping on top of another that is looked up, not copied."""

    def __init__(self, look: Callable[[K], V | None]) -> None:
        super().__init__()
        self._look = look

    @overload
    def get(self, key: K, default: None = None, /) -> V | None: ...
    @overload
    def get(self, key: K, default: V, /) -> V: ...
    @overload
    def get(self, key: K, default: D, /) -> V | D: ...
    def get(self, key: K, default: object = None, /) -> object:
        """Return a value, here or below."""
        if key in self:
            return self[key]
        found = self._look(key)
        return default if found is None else found

    def setdefault(self, key: K, default: V, /) -> V:
        """Return a value, here or below; put one here if there is none."""
        found = self.get(key)
        if found is None:
            self[key] = found = default
        return found


class _Rest:
    """The project without the files that are being read."""

    def __init__(self, memory: Memory, within: Collection[str]) -> None:
        self.memory = memory
        self.within = within

    def refs(self) -> dict[tuple[str | None, str], Known]:
        """Return what ``ref`` can mean."""
        return _Below(lambda key: self._known(self.memory.refs.get(key)))

    def sources(self) -> dict[tuple[str, str], Known]:
        """Return what ``source`` can mean."""
        return _Below(lambda key: self._known(self.memory.sources.get(key)))

    def node(self, id_: str) -> Node | None:
        """Return what is known of a node."""
        number = self.memory.numbers.get(id_)
        if number is None or self.memory.kept.files[number] in self.within:
            return None
        return self.memory.node(number)

    def at(self, relation: Relation) -> Node | None:
        """Return the node that is a relation."""
        for number in self.memory.by_relation.get(relation.name.lower(), ()):
            found = self.node(self.memory.kept.ids[number])
            if found is not None:
                return found
        return None

    def _known(self, number: int | None) -> Known | None:
        if number is None or self.memory.kept.files[number] in self.within:
            return None
        return self.memory.known(number)


@dataclass(slots=True)
class Part:
    """What some files say in one state."""

    nodes: dict[str, Node]
    events: list[Event]
    diagnostics: tuple[Diagnostic, ...]
    lacking: frozenset[str]


@dataclass(slots=True)
class Parts:
    """The same files in several states."""

    files: frozenset[str]
    parts: list[Part] = field(default_factory=list)


def read_parts(
    memory: Memory,
    changed: Collection[str],
    states: Sequence[State],
    *,
    namespace: str | None,
    dialect: str | None,
) -> Parts | None:
    """Return what the changed files say in each state, and all that depends on it.

    The first state is the one that is remembered. None where only the whole project can say it.
    """
    closure = _Closure(memory, frozenset(changed), states, namespace, dialect)
    return closure.run()


class _Unsuited(Exception):
    """A change that concerns more than can be told from some files."""


class _Closure:
    def __init__(
        self,
        memory: Memory,
        changed: frozenset[str],
        states: Sequence[State],
        namespace: str | None,
        dialect: str | None,
    ) -> None:
        self.memory = memory
        self.changed = changed
        self.whole = set(changed)
        self.within = set(changed)
        self.states = states
        self.namespace = namespace
        self.dialect = dialect

    def run(self) -> Parts | None:
        """Read more files until nothing that they say concerns another."""
        try:
            for state in self.states:
                state.fetch(self.changed)
            for _ in range(_ROUNDS):
                self._support()
                parts = self._parts()
                more = set(self._concerned(parts))
                if more <= self.within:
                    self._verify(parts[0])
                    return Parts(frozenset(self.within), parts)
                self.within |= more
        except _Unsuited:
            return None
        return None

    def content(self, state: int, path: str) -> bytes | None:
        """Return a file of a state; what no change touches is the last state's."""
        return self.states[state if path in self.changed else -1].read(path)

    # what else to read -----------------------------------------------------------------------

    def _support(self) -> None:
        """Add the YAML files that describe what is read, and what changed YAML files describe."""
        kept = self.memory.kept
        for path in sorted(self.whole):
            self._check_environment(path)
        seen: set[str] = set()
        while waiting := self.within - seen:
            for path in sorted(waiting):
                seen.add(path)
                for number in self.memory.by_file.get(path, ()):
                    if path in self.whole or not self.memory.in_yaml(number):
                        self.within.update(self.memory.files_of(number))
                for name in self._stems(path):
                    self.within.update(self._described(name, path))
                if path in self.whole and path.endswith(_YAML):
                    numbers = self.memory.by_properties.get(path, ())
                    self.within.update(kept.files[number] for number in numbers)
                    for name in self._names(path):
                        self.within.update(self._described(name, path))
                        for node in self.memory.by_stem.get(name, ()):
                            self.within.add(kept.files[node])

    def _stems(self, path: str) -> Iterator[str]:
        """Yield the names that what a file defines may be described under."""
        if path.endswith(_YAML):
            return
        yield PurePosixPath(path).stem
        for state in range(len(self.states) if path in self.changed else 0):
            content = self.content(state, path) or b""
            for found in SNAPSHOT.finditer(content.decode("utf-8", "replace")):
                yield found[1]

    def _described(self, name: str, path: str) -> list[str]:
        """Return where a name is described; more than one such place is too much."""
        found = self.memory.kept.described.get(name, [])
        if path.endswith(_YAML):
            if any(other != path for other in found):
                raise _Unsuited
            return []
        if len(found) > 1:
            raise _Unsuited
        return found

    def _names(self, path: str) -> Iterator[str]:
        """Yield the names that a YAML file describes, in any state."""
        for state in range(len(self.states)):
            content = self.content(state, path)
            if content is None:
                continue
            said, _ = load(content, path)
            for section in _DESCRIBING:
                for item in mappings(said.get(section)):
                    if item.get("versions"):
                        raise _Unsuited
                    yield text(item.get("name")) or ""

    def _check_environment(self, path: str) -> None:
        kept = self.memory.kept
        if path in kept.environment or PurePosixPath(path).name in {
            PROJECT,
            "profiles.yml",
            *PACKAGES,
        }:
            raise _Unsuited
        if path.endswith(_FREE) and path.startswith(tuple(kept.shared_folders)):
            raise _Unsuited
        for state in range(len(self.states)):
            content = self.content(state, path)
            if content is None:
                continue
            if path.endswith(".md") and DOCS.search(content.decode("utf-8", "replace")):
                raise _Unsuited
            if path.endswith(_YAML) and not _SHARED.isdisjoint(load(content, path)[0]):
                raise _Unsuited

    # reading ---------------------------------------------------------------------------------

    def _parts(self) -> list[Part]:
        """Return what the files say in each state; two may be one and the same."""
        found: dict[int, Part] = {}
        for number, state in enumerate(self.states):
            if id(state) not in found:
                found[id(state)] = self._part(number)
        return [found[id(state)] for state in self.states]

    def _part(self, state: int) -> Part:
        paths = {*self.memory.kept.environment, *self.within}
        self.states[-1].fetch(paths - self.changed)
        read = {path: self.content(state, path) for path in paths}
        tree: Tree = Files({path: data for path, data in read.items() if data is not None})
        rest = _Rest(self.memory, self.within)
        reading = Reading(tree, self.dialect, rest)
        project = complete(reading)
        within = {readable(path) for path in self.within}
        told = events(project, namespace=self.namespace, dialect=self.dialect, elsewhere=rest.node)
        return Part(
            {node.id: node for node in project.nodes},
            list(told),
            tuple(
                row
                for row in project.diagnostics
                if row.location is not None and row.location.document in within
            ),
            frozenset(reading.lacking),
        )

    def _concerned(self, parts: list[Part]) -> Iterator[str]:
        """Yield the files that have to be read as well, now that these were."""
        for part in parts:
            if "" in part.lacking:
                raise _Unsuited
            yield from part.lacking
            for node in part.nodes.values():
                yield from self._namesakes(node)
                yield from self._doubles(node)
        for path in self.changed:
            for number in self.memory.by_file.get(path, ()):
                if number in self.memory.ephemeral:
                    yield from self._dependents(number)
        first, *others = parts
        for part in others:
            for id_ in {*first.nodes, *part.nodes}:
                before, after = first.nodes.get(id_), part.nodes.get(id_)
                if _outwards(before) != _outwards(after):
                    yield from self._noticed(id_, before, after)

    def _noticed(self, id_: str, before: Node | None, after: Node | None) -> Iterator[str]:
        """Yield the files of those to whom it matters that a node differs."""
        if id_ in self.memory.numbers:
            yield from self._dependents(self.memory.numbers[id_])
        if before is None or after is None:
            yield from self._unknown(before or after)

    def _namesakes(self, node: Node) -> Iterator[str]:
        """Yield the files of nodes of the same name, where names decide something."""
        memory = self.memory
        if node.relation is not None:
            for number in memory.by_relation.get(node.relation.name.lower(), ()):
                yield from memory.files_of(number)
        if node.kind not in RELATIONS:
            for number in memory.by_name.get(node.name, ()):
                yield from memory.files_of(number)

    def _doubles(self, node: Node) -> Iterator[str]:
        """Yield the files that define what may not be there twice."""
        for number in self.memory.by_stem.get(node.name, ()) if node.kind in _REFERRED else ():
            other = self.memory.kept.ids[number].split(".", 2)
            if other[0] in _REFERRED and other[1] == node.package:
                yield from self.memory.files_of(number)

    def _dependents(self, number: int) -> Iterator[str]:
        """Yield the files of what depends on a node, through ephemeral models as well."""
        waiting, seen = [number], {number}
        for one in waiting:
            for other in self.memory.dependents.get(one, ()):
                if other in seen:
                    continue
                seen.add(other)
                yield from self.memory.files_of(other)
                if other in self.memory.ephemeral or self.memory.kept.relations[other] is None:
                    waiting.append(other)

    def _unknown(self, node: Node | None) -> Iterator[str]:
        """Yield the files that refer to something that there was not: it may be there now."""
        if node is None or node.kind not in RELATIONS:
            return
        packages = {package for package, name in self.memory.refs if name == node.name}
        if packages - {None, node.package}:
            raise _Unsuited
        yield from self.memory.kept.unresolved

    # checking --------------------------------------------------------------------------------

    def _verify(self, part: Part) -> None:
        """Raise unless the files say of the remembered state what is remembered of it."""
        memory = self.memory
        for id_, node in part.nodes.items():
            number = memory.numbers.get(id_)
            if number is None or bytes(memory.kept.nodes[number]) != _encoded(node):
                raise _Unsuited
        for path in self.within:
            for number in memory.by_file.get(path, ()):
                if memory.in_yaml(number) and path not in self.whole:
                    continue
                if memory.kept.ids[number] not in part.nodes:
                    raise _Unsuited


def _outwards(node: Node | None) -> object:
    """Return what others can notice of a node."""
    if node is None:
        return None
    columns = (node.columns, node.catalog) if node.kind in {Kind.SEED, Kind.SOURCE} else ()
    return (node.kind, node.relation, node.materialized == "ephemeral", node.owners, node.domain,
            node.group if node.private else None, node.private,
            node.depends_on if node.relation is None else (), columns)  # fmt: skip


def _grouped(keys: Iterable[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if key:
            found.setdefault(key, []).append(number)
    return found


_DECODER = msgspec.msgpack.Decoder(Remembered)
_NODE = msgspec.msgpack.Decoder(Node)

__all__ = ["Memory", "Part", "Parts", "State", "read_parts", "remember"]
