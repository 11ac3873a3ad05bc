"""What must not stand in the repository does not, and what it promises to carry is there."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

# Each is written so that its own line does not match it.
UNWANTED = {
    "a path of somebody's machine": r"(?<![\w.-])(?<!:/)/(?:work|home|root|Users)/[\w.]",
    "a package registry's address": r"(?:pyp[i]\.org|pythonhoste[d]|npmj[s]\.(?:com|org))",
}
ABROAD = r"https?://(?!localhost|127\.0\.0\.1)[^\s\"'<>]*(?:cd[n]|unpk[g]|jsdelive[r]|googleapi[s])"
TEXT = {
    ".cfg", ".css", ".csv", ".html", ".js", ".json", ".jsonl", ".lock", ".md", ".py", ".sh",
    ".sql", ".svg", ".toml", ".txt", ".yaml", ".yml", "",
}  # fmt: skip


def tracked(repository: Path) -> list[Path]:
    """List the text files that git knows."""
    answer = subprocess.run(
        ["git", "ls-files", "-z"], cwd=repository, check=False, capture_output=True, text=True
    )
    if answer.returncode:
        pytest.skip("not a git checkout")
    files = (repository / name for name in answer.stdout.split("\0") if name)
    return [file for file in files if file.suffix in TEXT and file.is_file()]


def lines_with(pattern: str, files: list[Path]) -> list[str]:
    """List file:line of every match of `pattern`."""
    wanted = re.compile(pattern)
    return [
        f"{file}:{number}: {line[:120]}"
        for file in files
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("pattern", UNWANTED.values(), ids=UNWANTED.keys())
def test_unwanted_text_is_absent(repository: Path, pattern: str) -> None:
    assert lines_with(pattern, tracked(repository)) == []


@pytest.mark.parametrize(
    "text",
    ["see /work" + "/main/x", "file:///home" + "/me/x", "https://pypi" + ".org/simple"],
)
def test_unwanted_text_would_be_found(tmp_path: Path, text: str) -> None:
    file = tmp_path / "planted.md"
    file.write_text(f"fine\n{text}\n")
    found = [hit for pattern in UNWANTED.values() for hit in lines_with(pattern, [file])]
    assert len(found) == 1
    assert found[0].startswith(f"{file}:2:")


def test_nothing_is_fetched_from_elsewhere(repository: Path) -> None:
    files = [
        file
        for file in tracked(repository)
        if file.relative_to(repository).parts[0] in {"app", "lineage"}
    ]
    assert lines_with(ABROAD, files) == []


def test_every_version_is_pinned_and_no_index_named(repository: Path) -> None:
    lines = (repository / "requirements.lock").read_text().splitlines()
    wanted = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert wanted
    assert [line for line in wanted if not re.match(r"[a-z0-9-]+==[\w.]+( ; .+)?$", line)] == []


def test_everything_asked_for_is_pinned(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        asked += extra
    names = {re.split(r"[\[=<>~! ]", line)[0].lower().replace("_", "-") for line in asked}
    lock = (repository / "requirements.lock").read_text()
    pinned = set(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))
    assert names - pinned == {"lineage-explorer"}
