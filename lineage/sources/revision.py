"""One side of a comparison: a commit, a folder, dbt artifacts or a saved snapshot.

Commits are read as git keeps them, so nothing is checked out; paths are told relative to the
project, so both sides speak of the same files. Windows' line ends are read as the others.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from contextlib import chdir
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lineage.catalog.apply import apply
from lineage.errors import BrokenSource, UnknownRevision
from lineage.garbage import uncollected
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Arrival, Event
from lineage.model.saved import MARK, load
from lineage.model.snapshot import Snapshot
from lineage.sources import git, read
from lineage.sources.dbt import MANIFEST, PROJECT, Files, Folder, Tree, read_remembered
from lineage.sources.encoding import encoding, utf8
from lineage.sources.scripts import remember

DBT, SCRIPTS = b"d", b"s"
_LINES = (".sql", ".yml", ".yaml", ".csv", ".md", ".py")
_TEXTS = (*_LINES, ".json", ".jsonl", ".ndjson")
_STATEMENTS = (".sql", ".json", ".jsonl", ".ndjson", ".gz")
PACKAGES = "dbt_packages"
_NEAR = ("", "*/", "*/*/")
"""Where a repository has its dbt projects."""
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Revision:
    """What stands at one side."""

    snapshot: Snapshot
    files: Mapping[str, bytes] = field(default_factory=dict)
    """By path; empty for artifacts and saved snapshots."""
    memory: bytes = b""
    """What has to be known to read some of these files alone: `DBT` or `SCRIPTS`, then that of
    `lineage.sources.dbt.part` or of `lineage.sources.scripts`. Empty where it cannot be done."""


def revision(
    name: str, project: Path, *, dialect: str | None = None, namespace: str | None = None
) -> Revision:
    """Read a side: a path if there is one of that name, else a commit of the project's repository.

    Raises UnknownRevision, and what readers raise.
    """
    path = Path(name)
    if not path.exists():
        files = commit_files(project, git.commit(name, project))
        return of_files(files, dialect=dialect, namespace=namespace)
    if path.is_file():
        content = utf8(path.read_bytes())
        if content.startswith(MARK):
            try:
                return Revision(load(content)[0])
            except ValueError as error:
                reason = f"this saved snapshot cannot be read ({error}); save it again"
                raise BrokenSource(name, reason) from error
        reading = read([name], dialect=dialect, namespace=namespace)
        return Revision(_settled(reading.events, reading.diagnostics))
    if (path / MANIFEST).is_file():
        reading = read([name], dialect=dialect, namespace=namespace)
        return Revision(_settled(reading.events, reading.diagnostics))
    tree = Folder(path)
    files = {name: clean(name, tree.read(name)) for name in tree.list() if name.endswith(git.READ)}
    return of_files(files, dialect=dialect, namespace=namespace)


def working_tree(
    project: Path, *, dialect: str | None = None, namespace: str | None = None
) -> Revision:
    """Read the project's folder as git sees it: what is ignored is no part of it."""
    listed = git.files(project)
    if listed is None:
        return revision(str(project), project, dialect=dialect, namespace=namespace)
    files = {
        path: clean(path, (project / path).read_bytes())
        for path in listed
        if path.endswith(git.READ)
    }
    return of_files(_lent(files, project), dialect=dialect, namespace=namespace)


def commit_files(project: Path, commit: git.Commit) -> dict[str, bytes]:
    """Return the files of a commit. Raises UnknownRevision where the clone does not have them."""
    entries = {
        path: blob
        for path, blob in git.entries(project, commit.tree).items()
        if path.endswith(git.READ)
    }
    found = git.contents(project, entries)
    lacking = sorted(entries.keys() - found.keys())
    if lacking:
        shown = ", ".join(lacking[:_SHOWN]) + (" …" if len(lacking) > _SHOWN else "")
        reason = (
            f"this clone has not the content of {len(lacking)} of its files ({shown}); "
            f"clone without --filter"
        )
        raise UnknownRevision(commit.id[:12], reason)
    files = {path: clean(path, found[path]) for path in entries}
    return _lent(files, project)


def of_files(
    files: Mapping[str, bytes], *, dialect: str | None = None, namespace: str | None = None
) -> Revision:
    """Return the side that some files are."""
    projects = _projects(files)
    if PROJECT in files or _all_in(projects, files):
        return _dbt(Files(files), files, dialect, namespace)
    events, diagnostics = of_scripts(files, dialect=dialect, namespace=namespace)
    memory = b"" if projects else remember(events)
    return Revision(_settled(events, diagnostics), files, SCRIPTS + memory if memory else b"")


def _projects(files: Iterable[str]) -> list[str]:
    """Return the folders with a dbt project, without the packages that are installed in them."""
    found = (PurePosixPath(path) for path in files if path.endswith(PROJECT))
    return sorted(
        path.parent.as_posix()
        for path in found
        if path.name == PROJECT and PACKAGES not in path.parts
    )


def _all_in(projects: list[str], files: Iterable[str]) -> bool:
    """Return whether there is one project, and all that a reader looks at is in it."""
    start = f"{projects[0]}/" if len(projects) == 1 else None
    return start is not None and all(
        path.startswith(start) for path in files if path.endswith(_STATEMENTS)
    )


def of_scripts(
    files: Mapping[str, bytes], *, dialect: str | None = None, namespace: str | None = None
) -> tuple[list[Event | Arrival], tuple[Diagnostic, ...]]:
    """Return what files say that are no dbt project, and what was wrong with them."""
    with tempfile.TemporaryDirectory(prefix="lineage-") as folder:
        for path, data in files.items():
            target = Path(folder, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        # Read from inside, so that documents go by the same names on both sides.
        with chdir(folder):
            reading = read(["."], dialect=dialect, namespace=namespace)
    return list(reading.events), reading.diagnostics


def clean(path: str, content: bytes) -> bytes:
    """Return a file's content; a text's is UTF-8, and its lines end as they do on either system."""
    if not path.endswith(_TEXTS):
        return content
    content = content if encoding(content) is None else utf8(content)
    return content.replace(b"\r\n", b"\n") if path.endswith(_LINES) else content


def installed(project: Path) -> dict[str, bytes]:
    """Return the dbt packages that are installed in the working tree, which git does not keep."""
    found: dict[str, bytes] = {}
    for near in _NEAR:
        for root in sorted(project.glob(near + PACKAGES)):
            if not root.is_dir():
                continue
            tree = Folder(root)
            inside = root.relative_to(project).as_posix()
            found |= {
                f"{inside}/{path}": clean(path, tree.read(path))
                for path in tree.list()
                if path.endswith(git.READ)
            }
    return found


def _lent(files: dict[str, bytes], project: Path) -> dict[str, bytes]:
    """Add installed packages to dbt projects that have none of their own."""
    lent = installed(project) if _projects(files) else {}
    for folder in _projects(files):
        start = f"{PACKAGES}/" if folder == "." else f"{folder}/{PACKAGES}/"
        if not any(path.startswith(start) for path in files):
            files.update({path: data for path, data in lent.items() if path.startswith(start)})
    return files


def _dbt(
    tree: Tree, files: Mapping[str, bytes], dialect: str | None, namespace: str | None
) -> Revision:
    with uncollected():
        events, diagnostics, memory = read_remembered(tree, dialect=dialect, namespace=namespace)
    return Revision(_settled(events, diagnostics), files, DBT + memory)


def _settled(events: Iterable[Event | Arrival], diagnostics: Iterable[Diagnostic]) -> Snapshot:
    with uncollected():
        return apply(events, diagnostics)
