"""What git knows: asked of the user's own `git`, without a checkout and without a network.

Trees and blobs are read as they are kept: `git archive` would leave out what `.gitattributes` says.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lineage.errors import UnknownRevision

READ = (".sql", ".yml", ".yaml", ".csv", ".md", ".py", ".json", ".ndjson", ".jsonl", ".gz")
"""Endings of files that readers look at."""
FILE_MODES = frozenset({"100644", "100755", "100664"})
"""Links and submodules are no files of the repository."""
_HOOKS = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_PREFIX", "GIT_EXTERNAL_DIFF")
"""What git tells its hooks, relative to a folder that need not be the project's."""
_QUIET = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "LC_ALL": "C"}
"""Nothing is written, and what a partial clone left out is not fetched."""


def git(project: Path, *words: str, given: bytes | None = None) -> bytes | None:
    """Return what git prints, or None where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and a revision that is no option
            ["git", "-C", str(project), *words],  # noqa: S607 - the user's git
            input=given,
            stdin=None if given is not None else subprocess.DEVNULL,
            capture_output=True,
            check=False,
            env={key: value for key, value in os.environ.items() if key not in _HOOKS} | _QUIET,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit, and the tree of the project's folder in it."""

    id: str
    tree: str
    prefix: str
    """The project's path in its repository: empty, or with a slash at its end."""


@dataclass(frozen=True, slots=True)
class Change:
    """What two states of a project differ in; ``head`` None is the working tree."""

    base: Commit
    head: Commit | None
    differing: Differing


@dataclass(slots=True)
class Differing:
    """Files of which two states have other content: by path, the blob of each, None for no file."""

    before: dict[str, str | None] = field(default_factory=dict)
    after: dict[str, str | None] = field(default_factory=dict)
    """A file of the working tree is an empty text."""


def change(base: str, head: str | None, project: Path) -> Change | None:
    """Return how two revisions differ; None if either is a path. Raises UnknownRevision."""
    if Path(base).exists() or (head is not None and Path(head).exists()):
        return None
    one = commit(base, project)
    other = None if head is None else commit(head, project)
    return Change(one, other, differing(project, one, other))


def commit(name: str, project: Path) -> Commit:
    """Return the commit that a revision names. Raises UnknownRevision."""
    if name.startswith("-"):
        raise UnknownRevision(name, "a revision does not begin with a dash")
    found = git(project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found is None:
        raise UnknownRevision(name, _why_unknown(project))
    id_ = found.decode().strip()
    listed = git(project, "rev-parse", "--show-prefix", f"{id_}:./")
    if listed is None:
        reason = f"it has no folder {prefix(project)}"
        raise UnknownRevision(name, reason)
    before, _, tree = listed.decode().strip("\n").rpartition("\n")
    return Commit(id_, tree, before)


def _why_unknown(project: Path) -> str:
    shallow = git(project, "rev-parse", "--is-shallow-repository")
    if shallow is None:
        return "there is no file of that name, and no git repository here"
    if shallow.strip() == b"true":
        return (
            "this clone is shallow and does not have it; fetch it first "
            "(git fetch --unshallow origin; actions/checkout: fetch-depth: 0; GitLab: GIT_DEPTH: 0)"
        )
    return "not a revision of the repository here, nor a file"


def prefix(project: Path) -> str:
    """Return the project's path in its repository: empty, or with a slash at its end."""
    found = git(project, "rev-parse", "--show-prefix")
    return found.decode().strip("\n") if found else ""


def entries(project: Path, tree: str) -> dict[str, str]:
    """Return the blobs of a tree's files by path."""
    listed = git(project, "ls-tree", "-r", "-z", "--full-tree", tree) or b""
    found: dict[str, str] = {}
    for row in listed.decode("utf-8", "surrogateescape").split("\0"):
        head, _, path = row.partition("\t")
        if head[:6] in FILE_MODES:
            found[path] = head.split()[2]
    return found


def blobs(project: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Return contents by the name of their blob; what the repository does not have is missing."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return {}
    asked = "".join(f"{name}\n" for name in wanted).encode("utf-8", "surrogateescape")
    told = git(project, "cat-file", "--batch", given=asked) or b""
    found: dict[str, bytes] = {}
    at = 0
    for name in wanted:
        end = told.find(b"\n", at)
        if end < 0:
            break
        words = told[at:end].split()
        at = end + 1
        if len(words) == 3 and words[1] == b"blob":  # noqa: PLR2004 - id, type, size
            size = int(words[2])
            found[name] = told[at : at + size]
            at += size + 1
    return found


def files(project: Path) -> tuple[str, ...] | None:
    """Return the working tree's files that git keeps or would keep; None outside a repository."""
    listed = git(
        project, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"
    )
    if listed is None:
        return None
    paths = listed.decode("utf-8", "surrogateescape").split("\0")
    return tuple(path for path in paths if path and _is_file(project / path))


def _is_file(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def differing(project: Path, before: Commit, after: Commit | None) -> Differing:
    """Return how the project's folder differs between two commits, or from the working tree."""
    if after is not None:
        return differing_trees(project, before.tree, after.tree)
    words = ("--relative", "--ignore-submodules=all", before.id, "--", ".")
    found = _differing(project, *words)
    untracked = git(project, "ls-files", "-z", "--others", "--exclude-standard") or b""
    for path in untracked.decode("utf-8", "surrogateescape").split("\0"):
        if path.endswith(READ) and _is_file(project / path):
            found.before.setdefault(path, None)
            found.after[path] = ""
    return found


def differing_trees(project: Path, before: str, after: str) -> Differing:
    """Return how two trees differ."""
    return Differing() if before == after else _differing(project, before, after)


def _differing(project: Path, *words: str) -> Differing:
    told = git(
        project, "diff", "--raw", "-z", "--no-abbrev", "--no-renames", "--no-ext-diff", *words
    )  # fmt: skip
    found = Differing()
    rows = iter((told or b"").decode("utf-8", "surrogateescape").split("\0"))
    for row, path in zip(rows, rows, strict=False):
        if not path.endswith(READ):
            continue
        one_mode, other_mode, one, other, status = row.removeprefix(":").split(" ")
        working = not other.strip("0") and status != "D"
        if working and not _is_file(project / path):
            other_mode = ""
        found.before[path] = one if one_mode in FILE_MODES else None
        found.after[path] = None if other_mode not in FILE_MODES else "" if working else other
    return found


def has(project: Path, tree: str) -> bool:
    """Return whether the repository has an object."""
    return git(project, "cat-file", "-e", tree) is not None


def contents(project: Path, found: Mapping[str, str]) -> dict[str, bytes]:
    """Return the contents of files, given their blobs by path."""
    known = blobs(project, found.values())
    return {path: known[blob] for path, blob in found.items() if blob in known}
