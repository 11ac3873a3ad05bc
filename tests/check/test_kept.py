"""A check that takes what it can from a kept state says what one says that reads everything."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from lineage.policy.config import Config
from lineage.policy.facts import Side, facts
from lineage.policy.judge import Given, judge
from lineage.reports.check import CHECK_REPORTS, Checked
from lineage.sources import git
from lineage.sources.sides import Options, Sides, read_whole, sides

FIXTURE = Path(__file__).parents[2] / "fixtures/pull_requests"
HEADS = sorted(path.name for path in (FIXTURE / "heads").iterdir() if path.is_dir())
ENVIRONMENT = ("macros/", "dbt_project.yml", "profiles.yml")
"""Files that any other may depend on."""
GIT = ("git", "-c", "user.name=test", "-c", "user.email=test@example.invalid")


def run(root: Path, *words: str) -> None:
    """Run git."""
    subprocess.run([*GIT, *words], cwd=root, check=True, capture_output=True)


def lay(root: Path, name: str) -> None:
    """Make the working tree that of a pull request."""
    run(root, "checkout", "--quiet", "--force", "main")
    run(root, "clean", "--quiet", "-d", "--force")
    head = FIXTURE / "heads" / name
    if (head / "files").is_dir():
        shutil.copytree(head / "files", root, dirs_exist_ok=True)
    for path in json.loads((head / "pull_request.json").read_text())["deleted"]:
        (root / path).unlink()


def told(found: Sides) -> object:
    """Return all that a check says, as its JSON report has it."""
    compared = facts(
        Side(found.base, found.before),
        Side(found.head, found.after),
        seen=found.seen,
        unseen=found.unseen,
    )
    texts = {path: data.decode() for path, data in found.after.items()}
    rulings = judge(compared, Config(), Given(date(2026, 11, 21), texts))

    def none() -> None:
        raise AssertionError

    checked = Checked(
        "main", "head", compared.impact, rulings, "breaking", False, found.seen, found.unseen,
        none,  # type: ignore[arg-type] # nobody draws
    )  # fmt: skip
    return json.loads("".join(CHECK_REPORTS.get("json").write(checked)))


def change(root: Path, base: str = "main", head: str | None = None) -> git.Change:
    """Return how two revisions differ."""
    found = git.change(base, head, root)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the base of the pull requests, its state kept."""
    root = tmp_path_factory.mktemp("repository") / "shop"
    shutil.copytree(FIXTURE / "base", root)
    run(root, "init", "--quiet", "--initial-branch", "main")
    run(root, "add", "--all")
    run(root, "commit", "--quiet", "--message", "base")
    sides(change(root), root, Options())
    return root


@pytest.mark.parametrize("name", HEADS)
def test_a_pull_request_is_told_the_same(name: str, repository: Path) -> None:
    lay(repository, name)
    part = sides(change(repository), repository, Options())
    whole = read_whole("main", None, repository, Options())
    assert told(part) == told(whole)
    changed = change(repository).differing.before
    assert part.whole == any(path.startswith(ENVIRONMENT) for path in changed)
