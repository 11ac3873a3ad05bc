"""dbt projects: their artifacts (`target/`), or, where nobody has built them, their files.

A folder that holds a `manifest.json` of dbt, or whose `target/` does, is read from its artifacts;
a folder with a `dbt_project.yml` and no artifacts is rendered here, without dbt and a database.
Files from elsewhere than a folder, such as a commit, are read with `read_tree`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lineage.errors import SourceError
from lineage.model.diagnostic import Diagnostic
from lineage.model.event import Event
from lineage.sources import Item, Options, Reader
from lineage.sources.dbt.artifacts import Artifacts, looks_like_manifest
from lineage.sources.dbt.report import events
from lineage.sources.dbt.tree import Files, Folder, Tree
from lineage.sources.document import Document

MANIFEST = "manifest.json"
PROJECT = "dbt_project.yml"


def recognises(document: Document) -> bool:
    """Return whether it is a dbt project, its target folder, or its manifest."""
    if document.path is None:
        return False
    if document.is_folder:
        try:
            return _manifest_in(document) is not None or (document.path / PROJECT).is_file()
        except OSError:
            return False  # a folder that may not be looked into; whoever lists it reports that
    return document.path.name == MANIFEST and looks_like_manifest(document.head())


def read(document: Document, options: Options) -> Iterator[Item]:
    """Yield the events of a project, and what was wrong with it."""
    if document.path is None:
        return
    manifest = _manifest_in(document) if document.is_folder else document
    if manifest is None:
        yield from read_tree(
            Folder(document.path, _within(document)),
            namespace=options.namespace,
            dialect=options.dialect,
        )
        return
    beside: list[bytes | None] = []
    for name in ("catalog.json", "run_results.json"):
        found = _beside(manifest, name)
        if isinstance(found, Diagnostic):
            yield found
        beside.append(found if isinstance(found, bytes) else None)
    project = Artifacts(manifest.name, manifest.read(), *beside).read()
    within = _within(document)
    if within and (document.path / PROJECT).is_file():
        nodes = (replace(node, file=f"{within}/{node.file}") for node in project.nodes)
        project = replace(project, nodes=tuple(nodes))
    yield from project.diagnostics
    yield from events(project, namespace=options.namespace, dialect=options.dialect)


def _within(document: Document) -> str:
    """Return how a project is called in the folder that it was found in; empty if it was given."""
    return "" if document.root is None else Path(document.name).as_posix()


def read_tree(
    tree: Tree, *, namespace: str | None = None, dialect: str | None = None
) -> Iterator[Event | Diagnostic]:
    """Yield the events of a project's files; nothing is run and nothing is asked of a database."""
    # Jinja and YAML take a while to import, and artifacts need neither.
    from lineage.sources.dbt.consumers import read_project  # noqa: PLC0415

    project = read_project(tree, dialect=dialect)
    yield from project.diagnostics
    yield from events(project, namespace=namespace, dialect=dialect)


def read_remembered(
    tree: Tree, *, namespace: str | None = None, dialect: str | None = None
) -> tuple[list[Event], tuple[Diagnostic, ...], bytes]:
    """Return the events of a project's files, its problems, and what `part` needs to know of it."""
    # Jinja and YAML take a while to import, and artifacts need neither.
    from lineage.sources.dbt.consumers import complete  # noqa: PLC0415
    from lineage.sources.dbt.files import Reading  # noqa: PLC0415
    from lineage.sources.dbt.part import remember  # noqa: PLC0415

    reading = Reading(tree, dialect)
    project = complete(reading)
    told = list(events(project, namespace=namespace, dialect=dialect))
    return told, project.diagnostics, remember(reading, project)


def _manifest_in(folder: Document) -> Document | None:
    """Return the manifest of a project or target folder."""
    if folder.path is None:
        return None
    for place in (folder.path, folder.path / "target"):
        path = place / MANIFEST
        if path.is_file():
            name = Path(folder.name) / path.relative_to(folder.path)
            found = Document(str(name), path, folder.root or folder.path)
            if looks_like_manifest(found.head()):
                return found
    return None


def _beside(manifest: Document, name: str) -> bytes | Diagnostic | None:
    if manifest.path is None or not (manifest.path.parent / name).is_file():
        return None
    path = manifest.path.parent / name
    found = Document(str(Path(manifest.name).parent / name), path, manifest.root)
    try:
        return found.read()
    except SourceError as error:
        return found.problem("unreadable", f"{error} The manifest is used without it.")


READER = Reader(
    purpose="dbt projects: artifacts (manifest, catalog, run results), or the files themselves",
    recognises=recognises,
    read=read,
)

__all__ = ["READER", "Files", "Folder", "Tree", "read_remembered", "read_tree"]
