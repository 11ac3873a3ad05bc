"""Repositories for the tests of `lineage check`, and the command run in them."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from click.testing import CliRunner, Result

from lineage.cli import lineage as command

FIXTURE = Path(__file__).parents[2] / "fixtures/pull_requests"
HEADS = tuple(sorted(path.name for path in (FIXTURE / "heads").iterdir() if path.is_dir()))
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.invalid")


def git(root: Path, *words: str) -> str:
    """Run git, and return what it prints."""
    done = subprocess.run([*GIT, *words], cwd=root, check=True, capture_output=True, text=True)
    return done.stdout


def begin(root: Path) -> Path:
    """Commit all that is in a folder, as the first commit of `main`."""
    git(root, "init", "--quiet", "--initial-branch", "main")
    return commit(root, "base")


def commit(root: Path, message: str = "next") -> Path:
    """Commit the working tree."""
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return root


def shop(root: Path) -> Path:
    """Make the repository of the trap project."""
    shutil.copytree(FIXTURE / "base", root, copy_function=shutil.copy)
    return begin(root)


def lay(root: Path, name: str) -> Path:
    """Make the working tree that of a pull request.

    Times are not copied: git takes a file of equal size and times for unchanged.
    """
    git(root, "checkout", "--quiet", "--force", "main")
    git(root, "clean", "--quiet", "-d", "--force")
    head = FIXTURE / "heads" / name
    if (head / "files").is_dir():
        shutil.copytree(head / "files", root, copy_function=shutil.copy, dirs_exist_ok=True)
    for path in json.loads((head / "pull_request.json").read_text())["deleted"]:
        (root / path).unlink()
    return root


def write(root: Path, path: str, text: str) -> Path:
    """Write a file."""
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")
    return root


def edit(root: Path, path: str, before: str, after: str) -> Path:
    """Replace a piece of a file."""
    text = (root / path).read_text(encoding="utf-8")
    if before not in text:
        raise AssertionError(path)
    return write(root, path, text.replace(before, after))


def sql(root: Path, **files: str) -> Path:
    """Make a repository of plain SQL: a file a name, as its statements."""
    root.mkdir(exist_ok=True)
    for name, text in files.items():
        write(root, f"{name}.sql", text)
    return begin(root)


def check(root: Path, *told: str, base: str | None = "main") -> Result:
    """Run `lineage check` on a project."""
    words = ["check", *(("--base", base) if base else ()), "--project", str(root), *told]
    return CliRunner().invoke(command, words, catch_exceptions=False)


def run(*told: str) -> Result:
    """Run another command."""
    return CliRunner().invoke(command, list(told), catch_exceptions=False)
