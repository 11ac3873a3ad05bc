"""Both sides of a check, bound: as a whole, or only what differs and what that concerns.

Between two commits, or a commit and the working tree, most files are the same. A state that was
kept says what those mean; the others are read in each state, and bound with all that is downstream
of them. Where that cannot be done (another dbt_project.yml, another macro) all of it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from lineage.analysis.estate import Estate
from lineage.analysis.sight import regrafted, sight, unseen
from lineage.catalog.advance import advance, following
from lineage.catalog.apply import apply
from lineage.catalog.derive import Settled
from lineage.catalog.graft import Told, graft
from lineage.catalog.kept import Kept
from lineage.garbage import uncollected
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Event
from lineage.model.identity import DatasetId, FieldId
from lineage.model.snapshot import Snapshot
from lineage.sources import git, scripts
from lineage.sources.halves import state
from lineage.sources.keeping import Keeping
from lineage.sources.revision import (
    SCRIPTS,
    Revision,
    clean,
    commit_files,
    installed,
    of_files,
    of_scripts,
    revision,
    working_tree,
)

if TYPE_CHECKING:
    from lineage.sources.dbt.part import Parts

MANY = 400
"""Files between a kept state and the base, from which on the base is kept itself."""

_UNREADABLE = (ValueError, LookupError, msgspec.MsgspecError)
"""What a state raises that is not what it should be."""

Lend = Callable[[Snapshot, Snapshot], tuple[Snapshot, Snapshot]]


@dataclass(frozen=True, slots=True)
class Options:
    """How both sides are read."""

    dialect: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Sides:
    """Two states of a project, bound. Where only a part is here, the rest is the same in both."""

    base: Estate
    head: Estate
    before: Mapping[str, bytes] = field(default_factory=dict)
    """Files of the base, by path."""
    after: Mapping[str, bytes] = field(default_factory=dict)
    seen: int = 0
    """Jobs of the whole head whose SQL was understood."""
    unseen: tuple[Diagnostic, ...] = ()
    whole: bool = True


def sides(change: git.Change, project: Path, options: Options) -> Sides:
    """Read and bind two states of a repository. Raises UnknownRevision, and what readers raise."""
    return _Repository(project, change, options).sides()


def read_whole(
    base: str, head: str | None, project: Path, options: Options, lend: Lend | None = None
) -> Sides:
    """Read both sides as a whole, and add to both what ``lend`` knows of the rest of the world.

    Raises what `lineage.sources.revision.revision` raises.
    """
    given = {"dialect": options.dialect, "namespace": options.namespace}
    one = revision(base, project, **given)
    if head is None and not Path(base).exists():
        other = working_tree(project, **given)
    else:
        other = revision(head or str(project), project, **given)
    if lend is not None:
        before, after = lend(one.snapshot, other.snapshot)
        one, other = replace(one, snapshot=before), replace(other, snapshot=after)
    return _whole(one, other, options)


def _whole(one: Revision, other: Revision, options: Options) -> Sides:
    base = Estate.build(one.snapshot, options.dialect)
    return beside(base, one.files, other, options)


def beside(base: Estate, before: Mapping[str, bytes], other: Revision, options: Options) -> Sides:
    """Bind the head from the base."""
    bound = Settled(base.program, base.world, base.outcomes)
    head = Estate.of(advance(bound, following(base.program, other.snapshot, options.dialect)))
    found = sight(head)
    rows = unseen(found, other.snapshot.diagnostics)
    return Sides(base, head, before, other.files, found.seen, rows)


class _Repository:
    """Two commits, or a commit and the working tree."""

    def __init__(self, project: Path, change: git.Change, options: Options) -> None:
        self.project = project
        self.base = change.base
        self.head = change.head
        self.differing = change.differing
        self._states: dict[str, bytes | memoryview] = {}
        self.options = options
        self.lent = installed(project)
        self.keeping = Keeping(
            project,
            (options.dialect, options.namespace),
            b"\0".join(
                part for path in sorted(self.lent) for part in (path.encode(), self.lent[path])
            ),
        )

    def sides(self) -> Sides:
        """Return them by the shortest way that there is."""
        for tree in self._near() or [self.base.tree]:
            try:
                found = self._part(self._kept(tree), tree)
            except _UNREADABLE:
                self.keeping.discard(tree)
                continue
            if found is not None:
                return found
        try:
            return self._all(self._kept(self.base.tree))
        except _UNREADABLE:
            self.keeping.discard(self.base.tree)
            return self._fresh()

    def _fresh(self) -> Sides:
        """Read both sides without a kept state."""
        return _whole(self._read(self.base), self._read(self.head), self.options)

    def _read(self, commit: git.Commit | None) -> Revision:
        options = self.options
        if commit is None:
            return working_tree(self.project, dialect=options.dialect, namespace=options.namespace)
        files = commit_files(self.project, commit)
        return of_files(files, dialect=options.dialect, namespace=options.namespace)

    # a kept state ------------------------------------------------------------------------------

    def _near(self) -> list[str]:
        """Return kept trees that are the base or near it, the nearest first."""
        near = {}
        for tree in self.keeping.trees():
            if tree == self.base.tree:
                return [tree]
            if git.has(self.project, tree):
                files = len(git.differing_trees(self.project, tree, self.base.tree).before)
                if files <= MANY:
                    near[tree] = files
        return sorted(near, key=lambda tree: (near[tree], tree))

    def _kept(self, tree: str) -> Kept:
        """Return the state of a tree; the base's is made if it is not kept."""
        data = self._states.get(tree) or self.keeping.load(tree)
        if data is None and tree != self.base.tree:
            raise LookupError(tree)
        self._states[tree] = data = data or self._make()
        return Kept(data)

    def _make(self) -> bytes:
        """Read the base as a whole, and keep it."""
        found = self._read(self.base)
        with uncollected():
            data = state(found.snapshot, self.options.dialect, found.memory)
        self.keeping.store(self.base.tree, data)
        return data

    def _all(self, kept: Kept) -> Sides:
        """Read the head as a whole, beside the base that is kept."""
        other = self._read(self.head)
        base = Estate.of(kept.part(kept.every_job(), kept.every_dataset()))
        wanted = {path: blob for path, blob in self.differing.before.items() if blob is not None}
        return beside(base, self._contents(wanted), other, self.options)

    def _contents(self, wanted: Mapping[str, str]) -> dict[str, bytes]:
        found = git.contents(self.project, wanted)
        return {path: clean(path, data) for path, data in found.items()}

    # a part ------------------------------------------------------------------------------------

    def _state_of(self, tree: str | None, blobs: Mapping[str, str | None]) -> _State:
        return _State(self.project, tree, blobs, self.lent)

    def _parts(
        self, memory: memoryview, changed: set[str], states: list[_State]
    ) -> scripts.Parts | Parts | None:
        """Return what the files that differ say in each state, with all that they concern."""
        options = self.options
        if bytes(memory[:1]) == SCRIPTS:
            read = partial(of_scripts, dialect=options.dialect, namespace=options.namespace)
            return scripts.read_parts(memory[1:], changed, states, read)
        from lineage.sources.dbt.part import Memory, read_parts  # noqa: PLC0415 - imports Jinja

        return read_parts(
            Memory(memory[1:]),
            changed,
            states,
            namespace=options.namespace,
            dialect=options.dialect,
        )

    def _part(self, kept: Kept, tree: str) -> Sides | None:
        """Return what differs and what that concerns; None if it cannot be told by itself."""
        if not kept.extra:
            return None
        between = git.differing_trees(self.project, tree, self.base.tree)
        changed = {*between.before, *self.differing.before}
        pivot = self._state_of(tree, {**self.differing.before, **between.before})
        base = (
            pivot
            if tree == self.base.tree
            else self._state_of(self.base.tree, {**self.differing.before, **between.after})
        )
        head = self._state_of(
            None if self.head is None else self.head.tree,
            {**between.after, **self.differing.after},
        )
        parts = self._parts(kept.extra, changed, [pivot, base, head])
        if parts is None:
            return None
        by_part = {id(part): _told(part.events, part.diagnostics) for part in parts.parts}
        told = [row for part in parts.parts if (row := by_part[id(part)]) is not None]
        if len(told) < len(parts.parts):
            return None
        first, *others = told
        data = {
            id_
            for id_, row in first.datasets.items()
            if row.origin is not None and row.origin.document in changed
        }
        settled = graft(kept, first, others, data)
        if settled is None:
            return None
        taken, one, other = (Estate.of(state) for state in settled)
        found = regrafted(kept, taken, other)
        return Sides(
            one,
            other,
            _Lazily(base.read, parts.files),
            _Lazily(head.read, parts.files),
            found.seen,
            unseen(found, other.snapshot.diagnostics),
            whole=False,
        )


def _told(events: list[Event], diagnostics: tuple[Diagnostic, ...]) -> Told | None:
    """Return what events say by themselves; None where they say more than a part can."""
    snapshot = apply(events, ())
    if any(
        isinstance(end, FieldId) for edge in snapshot.edges for end in (edge.source, edge.target)
    ):
        return None
    described: set[DatasetId] = set()
    for event in events:
        for dataset in (*(event.outputs or ()), *((event.dataset,) if event.dataset else ())):
            described.add(DatasetId(dataset.namespace, dataset.name))
    if not described <= snapshot.datasets.keys():
        return None
    datasets = {id_: row for id_, row in snapshot.datasets.items() if id_ in described}
    return Told(snapshot.jobs, datasets, diagnostics)


class _State:
    """The files of a tree, or of the working tree: what changed by its blob, the rest by path."""

    def __init__(
        self,
        project: Path,
        tree: str | None,
        blobs: Mapping[str, str | None],
        lent: Mapping[str, bytes],
    ) -> None:
        self.project = project
        self.tree = tree
        self.lent = lent
        self._blobs = blobs
        self._read: dict[str, bytes | None] = {}

    def fetch(self, paths: Iterable[str]) -> None:
        """Read some files at once."""
        wanted = {path: self._name(path) for path in paths if path not in self._read}
        names = {path: name for path, name in wanted.items() if name}
        found = git.contents(self.project, names)
        for path, name in wanted.items():
            content = found.get(path) if name != "" else self._on_disk(path)
            if content is None and path not in self._blobs:
                content = self.lent.get(path)
            self._read[path] = None if content is None else clean(path, content)

    def read(self, path: str) -> bytes | None:
        """Return a file; None if there is none."""
        if path not in self._read:
            self.fetch([path])
        return self._read[path]

    def _name(self, path: str) -> str | None:
        """Return what git calls a file; empty for one on disk, None for one that is not there."""
        if path in self._blobs:
            return self._blobs[path]
        return "" if self.tree is None else f"{self.tree}:{path}"

    def _on_disk(self, path: str) -> bytes | None:
        try:
            return (self.project / path).read_bytes()
        except OSError:
            return None


class _Lazily(Mapping[str, bytes]):
    """Files that are read when somebody asks for them."""

    def __init__(self, read: Callable[[str], bytes | None], listed: frozenset[str]) -> None:
        self._read = read
        self._listed = listed

    def __getitem__(self, path: str) -> bytes:
        found = self._read(path)
        if found is None:
            raise KeyError(path)
        return found

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._read(path) is not None

    def __iter__(self) -> Iterator[str]:
        return (path for path in sorted(self._listed) if path in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


__all__ = ["Options", "Sides", "beside", "read_whole", "sides"]
