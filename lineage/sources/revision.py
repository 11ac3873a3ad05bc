"""One side of a comparison: a commit, a folder, dbt artifacts or a saved snapshot.

Commits are read with `git archive`, so nothing is checked out; paths are told relative to the
project, so both sides speak of the same files.
"""

from __future__ import annotations

import io
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path

from lineage.catalog.apply import apply
from lineage.errors import BrokenSource
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival, Event
from lineage.model.saved import MARK, load
from lineage.model.snapshot import Snapshot
from lineage.sources import read, uncollected
from lineage.sources.dbt import MANIFEST, PROJECT, Files, Folder, Tree, read_tree
from lineage.sources.git import archive

KEPT = (".sql", ".yml", ".yaml", ".csv", ".md", ".py", ".toml", ".json", ".ndjson", ".jsonl", ".gz")


@dataclass(frozen=True, slots=True)
class Revision:
    """What stands at one side."""

    snapshot: Snapshot
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By path; empty for artifacts and saved snapshots."""


def revision(
    name: str, project: Path, *, dialect: str | None = None, namespace: str | None = None
) -> Revision:
    """Read a side: a path if there is one of that name, else a commit of the project's repository.

    Raises UnknownRevision, and what readers raise.
    """
    path = Path(name)
    if not path.exists():
        return _commit(name, project, dialect, namespace)
    if path.is_file():
        content = path.read_bytes()
        if content.startswith(MARK):
            try:
                return Revision(load(content)[0])
            except ValueError as error:
                reason = f"this saved snapshot cannot be read ({error}); save it again"
                raise BrokenSource(name, reason) from error
        return Revision(_settled(read([name], dialect=dialect, namespace=namespace).events, ()))
    if (path / MANIFEST).is_file():
        reading = read([name], dialect=dialect, namespace=namespace)
        return Revision(_settled(reading.events, reading.diagnostics))
    return _folder(path, dialect, namespace)


def _folder(path: Path, dialect: str | None, namespace: str | None) -> Revision:
    tree = Folder(path)
    files = {name: tree.read(name) for name in tree.list() if name.endswith(KEPT)}
    if (path / PROJECT).is_file():
        return _dbt(Files(files), files, dialect, namespace)
    # Read from inside, so that documents go by the same names on both sides.
    with chdir(path):
        reading = read(["."], dialect=dialect, namespace=namespace)
    return Revision(_settled(reading.events, reading.diagnostics), files)


def _commit(name: str, project: Path, dialect: str | None, namespace: str | None) -> Revision:
    content = archive(name, project)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        files = {
            member.name: file.read()
            for member in tar.getmembers()
            if member.isfile() and member.name.endswith(KEPT)
            if (file := tar.extractfile(member)) is not None
        }
    if PROJECT in files:
        return _dbt(Files(files), files, dialect, namespace)
    with tempfile.TemporaryDirectory(prefix="lineage-") as folder:
        for path, data in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return _folder(Path(folder), dialect, namespace)


def _dbt(
    tree: Tree, files: Mapping[str, bytes], dialect: str | None, namespace: str | None
) -> Revision:
    events: list[Event | Arrival] = []
    diagnostics: list[Diagnostic] = []
    with uncollected():
        for item in read_tree(tree, dialect=dialect, namespace=namespace):
            if isinstance(item, Diagnostic):
                diagnostics.append(item)
            else:
                events.append(item)
    return Revision(_settled(events, diagnostics), files)


def _settled(
    events: list[Event | Arrival] | tuple[Event | Arrival, ...],
    diagnostics: list[Diagnostic] | tuple[Diagnostic, ...],
) -> Snapshot:
    with uncollected():
        return apply(events, diagnostics)
