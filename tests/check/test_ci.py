"""Where a check runs: each step of the action, the workflow, the template and the hook, run here.

`gh` and `pip` are stand-ins that write down what they were asked; there is no network.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from lineage.reports.check.markdown import MARK
from tests.check import repositories
from tests.check.repositories import commit, edit, git, sql, write

ROOT = Path(__file__).parents[2]
LINEAGE = Path(sys.executable).parent
TABLES = "create table raw.orders (id integer, amount decimal(10, 2), status varchar);\n"
STAGED = "create view staging.orders as\nselect id, amount, status from raw.orders;\n"
REPORT = "create view marts.report as\nselect id\nfrom staging.orders\nwhere status = 'x';\n"
GH = f"""#!{sys.executable}
import json, os, pathlib, re, sys
words = sys.argv[1:]
state = pathlib.Path(os.environ["GH_STATE"])
known = json.loads(state.read_text()) if state.exists() else []
assert os.environ["GH_TOKEN"] == "token" and words[0] == "api", words
if "--jq" in words:
    start = re.search(r'startswith\\("(.*?)"\\)', words[words.index("--jq") + 1])[1]
    for row in known:
        if row["body"].startswith(start):
            print(row["id"])
    sys.exit()
if os.environ.get("GH_READ_ONLY"):
    print("gh: Resource not accessible by integration (HTTP 403)", file=sys.stderr)
    sys.exit(1)
verb, path = words[words.index("--method") + 1 : words.index("--method") + 3]
body = pathlib.Path(words[-1].removeprefix("body=@")).read_text()
if verb == "POST":
    assert path == "repos/shop/data/issues/7/comments", path
    known.append({{"id": 100 + len(known), "body": body}})
else:
    number = int(path.removeprefix("repos/shop/data/issues/comments/"))
    (row,) = [row for row in known if row["id"] == number]
    row["body"] = body
state.write_text(json.dumps(known))
"""
PIP = """#!/bin/sh
echo "$@" >> "$PIP_LOG"
"""


@dataclass
class Runner:
    """Runs steps as GitHub's runner does, in a repository."""

    root: Path
    box: Path
    values: dict[str, str] = field(default_factory=dict)
    more: dict[str, str] = field(default_factory=dict)
    output: str = ""

    def __post_init__(self) -> None:
        self.box.mkdir()
        for name, text in (("gh", GH), ("pip", PIP), ("python", PIP)):
            write(self.box / "bin", name, text)
            (self.box / "bin" / name).chmod(0o755)

    @property
    def summary(self) -> Path:
        """The job summary."""
        return self.box / "summary.md"

    def comments(self) -> list[dict[str, Any]]:
        """Return the comments on the pull request."""
        state = self.box / "gh.json"
        found: list[dict[str, Any]] = json.loads(state.read_text()) if state.exists() else []
        return found

    def filled(self, text: str) -> str:
        """Put values where expressions stand; one that is not known is an error."""
        return re.sub(r"\$\{\{\s*(.*?)\s*\}\}", lambda found: self.values[found[1]], text)

    def run(self, step: dict[str, Any]) -> int:
        """Run a step, and return its exit code."""
        script = self.box / "step.sh"
        script.write_text(self.filled(step["run"]))
        told = {key: self.filled(value) for key, value in step.get("env", {}).items()}
        shell = ["bash", "-e"] if "shell" not in step else ["bash", "-eo", "pipefail"]
        done = subprocess.run(
            [*shell, str(script)],
            cwd=self.root,
            env={
                "HOME": str(self.box),
                "PATH": f"{self.box / 'bin'}:{LINEAGE}:{os.environ['PATH']}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "GITHUB_REPOSITORY": "shop/data",
                "GITHUB_STEP_SUMMARY": str(self.summary),
                "GH_STATE": str(self.box / "gh.json"),
                "PIP_LOG": str(self.box / "pip.log"),
                **self.more,
                **told,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        self.output = done.stdout + done.stderr
        return done.returncode


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Return a clone in which a pull request is checked out, whose base is `origin/main`."""
    origin = sql(
        tmp_path / "origin", **{"tables": TABLES, "models/staging": STAGED, "models/report": REPORT}
    )
    write(origin, "lineage.toml", '[check]\ndialect = "duckdb"\n')
    commit(origin)
    root = tmp_path / "clone"
    git(origin, "clone", "--quiet", origin.as_uri(), str(root))
    git(root, "checkout", "--quiet", "-b", "change")
    return root


@pytest.fixture
def runner(plain: Path, tmp_path: Path) -> Runner:
    """Return a runner of GitHub's."""
    return Runner(
        plain,
        tmp_path / "box",
        {
            "inputs.version": "lineage-explorer",
            "inputs.base": "origin/main",
            "inputs.project": ".",
            "inputs.fail-on": "",
            "github.token": "token",
            "github.event.number": "7",
            "github.base_ref": "main",
        },
    )


def broken(root: Path) -> Path:
    """Commit a change that breaks a report."""
    edit(root, "models/staging.sql", ", status from", " from")
    return commit(root)


def mended(root: Path) -> Path:
    """Commit a change that breaks nothing."""
    edit(root, "models/report.sql", "where status = 'x'", "where id > 0")
    return commit(root)


# The action ---------------------------------------------------------------------------------------


def action() -> list[dict[str, Any]]:
    """Return the steps of the action."""
    found: list[dict[str, Any]] = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    return found


def steps(listed: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return those steps that run something, by name."""
    return {step.get("name", step["run"]): step for step in listed if "run" in step}


def test_the_action_runs_step_by_step(runner: Runner) -> None:
    found = steps(action())
    assert list(found) == ["Install", "Check", "Comment"]
    assert runner.run(found["Install"]) == 0
    assert (runner.box / "pip.log").read_text() == "-m pip install --quiet lineage-explorer\n"
    broken(runner.root)
    assert runner.run(found["Check"]) == 1, runner.output
    assert "::error file=models/report.sql,line=4,col=7" in runner.output
    assert MARK in runner.summary.read_text()
    assert json.loads((runner.root / "lineage.sarif").read_text())["version"] == "2.1.0"
    assert runner.run(found["Comment"]) == 0, runner.output
    (comment,) = runner.comments()
    assert comment["body"].startswith(f"{MARK}\n### ❌ 1 breaks")


def test_there_is_one_comment_and_it_is_written_anew(runner: Runner) -> None:
    found = steps(action())
    other = {"id": 1, "body": "somebody else's, with <!-- lineage-check --> in it"}
    (runner.box / "gh.json").write_text(json.dumps([other, {"id": 2, "body": "LGTM"}]))
    broken(runner.root)
    for _ in range(2):
        runner.run(found["Check"])
        assert runner.run(found["Comment"]) == 0
    mended(runner.root)
    assert runner.run(found["Check"]) == 0, runner.output
    assert runner.run(found["Comment"]) == 0
    first, second, mine = runner.comments()
    assert first == other
    assert second["body"] == "LGTM"
    assert "### ❌" not in mine["body"]
    assert mine["body"].startswith(MARK)


def test_a_token_that_may_not_comment_leaves_the_summary(runner: Runner) -> None:
    found = steps(action())
    runner.more["GH_READ_ONLY"] = "1"
    broken(runner.root)
    runner.run(found["Check"])
    assert runner.run(found["Comment"]) == 0
    assert "the report is in the job summary" in runner.output
    assert runner.comments() == []
    assert "marts" in runner.summary.read_text()


def test_the_threshold_of_the_action_goes_before_the_file(runner: Runner) -> None:
    broken(runner.root)
    check = steps(action())["Check"]
    runner.values["inputs.fail-on"] = "never"
    assert runner.run(check) == 0, runner.output
    runner.values["inputs.fail-on"] = "breaking"
    assert runner.run(check) == 1


def test_a_check_that_could_not_run_leaves_no_comment(runner: Runner) -> None:
    found = steps(action())
    runner.values["inputs.base"] = "origin/gone"
    assert runner.run(found["Check"]) == 2
    assert runner.run(found["Comment"]) == 0
    assert runner.comments() == []


def test_a_branch_with_a_strange_name_runs_nothing(runner: Runner) -> None:
    runner.values["inputs.base"] = "$(touch hacked);`touch hacked`"
    assert runner.run(steps(action())["Check"]) == 2
    assert not (runner.root / "hacked").exists()


def test_the_inputs_and_outputs_of_the_action_are_used() -> None:
    whole = yaml.safe_load((ROOT / "action.yml").read_text())
    text = json.dumps(whole["runs"])
    for name in whole["inputs"]:
        assert f"inputs.{name}" in text
    for output in whole["outputs"].values():
        assert output["value"] in text


# lineage init ci ----------------------------------------------------------------------------------


def begun(root: Path, monkeypatch: pytest.MonkeyPatch, *told: str) -> str:
    """Run `lineage init ci` in a repository, and return what it says."""
    monkeypatch.chdir(root)
    done = repositories.run("init", "ci", *told)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    return done.stderr


def workflow(root: Path) -> list[dict[str, Any]]:
    """Return the steps of the workflow."""
    text = (root / ".github/workflows/lineage.yml").read_text()
    found: list[dict[str, Any]] = yaml.safe_load(text)["jobs"]["check"]["steps"]
    return found


def test_a_workflow_for_plain_sql_runs_step_by_step(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (runner.root / "lineage.toml").unlink()
    said = begun(runner.root, monkeypatch, "--dialect", "duckdb")
    assert "found SQL files in ." in said
    commit(runner.root)
    git(runner.root, "push", "--quiet", "origin", "change:trunk")
    runner.values["github.base_ref"] = "trunk"
    listed = workflow(runner.root)
    install, check, comment = (step for step in listed if "run" in step)
    assert runner.run(install) == 0
    assert (runner.box / "pip.log").read_text() == "install lineage-explorer\n"
    git(runner.root, "fetch", "--quiet")
    broken(runner.root)
    assert runner.run(check) == 0, runner.output  # warnings only, to begin with
    assert "1 breaks" in runner.output
    for _ in range(2):
        assert runner.run(comment) == 0, runner.output
    (only,) = runner.comments()
    assert "marts" in only["body"]
    runner.more["GH_READ_ONLY"] = "1"
    assert runner.run(comment) == 0
    assert "job summary" in runner.output
    edit(runner.root, "lineage.toml", '"never"', '"breaking"')
    assert runner.run(check) == 1


def test_a_workflow_fetches_what_a_check_needs(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun(plain, monkeypatch)
    text = (plain / ".github/workflows/lineage.yml").read_text()
    whole = yaml.safe_load(text)
    assert whole["permissions"] == {"contents": "read", "pull-requests": "write"}
    uses = {step["uses"].partition("@")[0]: step for step in workflow(plain) if "uses" in step}
    assert uses["actions/checkout"]["with"] == {"fetch-depth": 0}
    assert uses["actions/cache"]["with"]["path"] == ".lineage/check"
    for step in workflow(plain):
        assert "${{" not in step.get("run", ""), "an expression in a script runs what it holds"


def test_a_dbt_project_below_the_root_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "mono"
    repositories.shop(root / "analytics/shop")
    said = begun(root, monkeypatch)
    assert "found a dbt project in analytics/shop" in said
    assert "--project analytics/shop" in said
    text = (root / ".github/workflows/lineage.yml").read_text()
    assert "--project analytics/shop" in text
    assert "path: analytics/shop/.lineage/check" in text
    assert (root / "analytics/shop/lineage.toml").is_file()


def test_what_is_there_is_not_written_over(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = begun(plain, monkeypatch)
    assert "kept lineage.toml, which is there" in said
    assert 'dialect = "duckdb"' in (plain / "lineage.toml").read_text()
    begun(plain, monkeypatch, "--force")
    assert 'fail_on = "never"' in (plain / "lineage.toml").read_text()


def test_the_template_of_gitlab_runs(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    write(runner.root, ".gitlab-ci.yml", "stages: [test]\n")
    said = begun(runner.root, monkeypatch)
    assert "include: .gitlab/lineage.yml" in said
    job = yaml.safe_load((runner.root / ".gitlab/lineage.yml").read_text())["lineage"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    base = git(runner.root, "rev-parse", "origin/main").strip()
    broken(runner.root)
    runner.more["CI_MERGE_REQUEST_DIFF_BASE_SHA"] = base
    assert [runner.run({"run": line}) for line in job["script"]] == [0, 1], runner.output
    reports = job["artifacts"]["reports"]
    (issue, *_) = json.loads((runner.root / reports["codequality"]).read_text())
    assert issue["location"]["path"] == "models/report.sql"
    assert "<failure" in (runner.root / reports["junit"]).read_text()
    assert job["artifacts"]["when"] == "always"
    assert job["cache"]["paths"] == [".lineage/check"]


# pre-commit ---------------------------------------------------------------------------------------


def hook() -> dict[str, Any]:
    """Return the hook of this repository."""
    (found,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert isinstance(found, dict)
    return found


@pytest.mark.parametrize("folder", [".", "below"])
def test_the_hook_stops_a_commit_that_breaks(folder: str, tmp_path: Path) -> None:
    root = tmp_path / "repository"
    project = root / folder
    for path, text in (("tables", TABLES), ("staging", STAGED), ("report", REPORT)):
        write(project, f"{path}.sql", text)
    write(project, "lineage.toml", '[check]\ndialect = "duckdb"\n')
    repositories.begin(root)
    found = hook()
    assert found["pass_filenames"] is False
    entry = f"{LINEAGE}/{found['entry']} --project {folder}"
    write(root, ".git/hooks/pre-commit", f"#!/bin/sh\nexec {entry}\n")
    (root / ".git/hooks/pre-commit").chmod(0o755)
    edit(project, "staging.sql", ", status from", " from")
    words = [*repositories.GIT, "commit", "--all", "--message", "change"]
    stopped = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    assert stopped.returncode == 1, stopped
    assert "report.sql:4:7" in stopped.stdout + stopped.stderr
    edit(project, "report.sql", "where status = 'x'", "where id > 0")
    subprocess.run(words, cwd=root, capture_output=True, check=True)
    assert git(root, "log", "--format=%s").split() == ["change", "base"]
