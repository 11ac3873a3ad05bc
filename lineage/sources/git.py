"""What git knows: asked of the user's own `git`, without a checkout and without a network."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lineage.errors import UnknownRevision


def git(project: Path, *words: str) -> bytes | None:
    """Return what git prints, or None where it fails or is not there."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, and a revision that is no option
            ["git", "-C", str(project), *words],  # noqa: S607 - the user's git
            capture_output=True,
            check=False,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def archive(name: str, project: Path) -> bytes:
    """Return a commit's files below the project, as a tar file. Raises UnknownRevision."""
    if name.startswith("-"):
        raise UnknownRevision(name, "a revision does not begin with a dash")
    commit = git(project, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if commit is None:
        raise UnknownRevision(name, "not a revision of a repository here")
    tree = f"{commit.decode().strip()}:{prefix(project)}"
    content = git(project, "archive", "--format=tar", tree)
    if content is None:
        raise UnknownRevision(name, f"it has no folder {prefix(project)}")
    return content


def prefix(project: Path) -> str:
    """Return the project's path in its repository: empty, or with a slash at its end."""
    found = git(project, "rev-parse", "--show-prefix")
    return found.decode().strip() if found else ""


def unchanged(base: str, project: Path) -> bool:
    """Return whether the working tree is exactly a commit's, as git sees it without reading."""
    if Path(base).exists() or base.startswith("-"):
        return False
    here = prefix(project)
    one = git(project, "rev-parse", "--verify", "--quiet", f"{base}:{here}")
    other = git(project, "rev-parse", "--verify", "--quiet", f"HEAD:{here}")
    if one is None or one != other:
        return False
    return git(project, "status", "--porcelain", "--untracked-files=all", "--", ".") == b""
