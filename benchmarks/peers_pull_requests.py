"""Shows the trap project's pull requests to other tools, and compares what they say with the truth.

    /tmp/truth/bin/python fixtures/pull_requests/build_truth.py --artifacts /tmp/sides
    for p in dbt-plan dbt-col-lineage recce; do
        python -m venv /tmp/peers/$p && /tmp/peers/$p/bin/pip install $p dbt-core==1.12.0 dbt-duckdb==1.11.1
    done
    python -m benchmarks.peers_pull_requests /tmp/sides /tmp/peers

Every tool gets the best that it could hope for: manifest and catalog of both sides from a real
build, with the compiled SQL even of models that did not build. None is given the rows; recce could
compare them too, where both sides have been built in a warehouse, and that is not asked here. Where
dbt cannot parse the head there are no artifacts, and no tool can say anything.

Writes `fixtures/pull_requests/peers.json` and prints the table. Each tool's own word is kept as
`says`; `flags` is what is counted:

- dbt-plan: `check` found a model that is not `safe`;
- dbt-col-lineage: `impact` tells of any change that reaches another model, or of a provable break;
- recce: a changed model is `breaking`, `partial_breaking` or `unknown`, or one downstream is impacted.

`names` are the models that it flags, changed ones included; a tool names every broken model when
all of them are among these.

`blocks` is the tool's own strictest proved level: dbt-plan's exit code 1 (destructive),
dbt-col-lineage's provable breaks; recce decides nothing.
"""

# ruff: noqa: E501 - an answer a line, kept whole

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent / "fixtures/pull_requests"
OUTCOMES = ("breaks", "values", "schema", "nothing")
RECCE = """
import json, sys
from recce.adapter.dbt_adapter import DbtAdapter
base, head = sys.argv[1:]
adapter = DbtAdapter.load(
    target_path=head + "/target", target_base_path=base + "/target", project_dir=head, profiles_dir=head
)
changed = {k: v.change_status for k, v in adapter.get_lineage_diff().diff.items()}
cll = adapter.get_cll(change_analysis=True, no_upstream=True)
print(json.dumps({
    "changed": {k: getattr(cll.nodes.get(k), "change_category", None) or v for k, v in changed.items()},
    "impacted": sorted(k for k, node in cll.nodes.items() if node.impacted),
}))
"""
"""recce shows its categories in a browser only; this asks the functions behind that page."""

Answer = dict[str, Any]


def main() -> None:
    """Ask every tool about every pull request."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sides", type=Path)
    parser.add_argument("peers", type=Path)
    parser.add_argument("--only", help="ask one tool again, and keep what the others said")
    arguments = parser.parse_args()
    peers: Mapping[str, Callable[[Path, Path, Path], Answer]] = {
        "dbt-plan": dbt_plan, "dbt-col-lineage": dbt_col_lineage, "recce": recce,
    }  # fmt: skip
    kept = json.loads((ROOT / "peers.json").read_text())["pull_requests"] if arguments.only else {}
    document: Answer = {
        "versions": {name: version(arguments.peers / name, name) for name in peers},
        "pull_requests": {},
    }
    base = (arguments.sides / "base").resolve()
    for head in sorted(path.parent for path in ROOT.glob("heads/*/truth.json")):
        side = (arguments.sides / head.name).resolve()
        answers = kept.get(head.name, {})
        for name, ask in peers.items():
            if arguments.only not in (None, name):
                continue
            if (side / "target/manifest.json").exists():
                answers[name] = ask(arguments.peers / name, base, side)
            else:
                answers[name] = _mute("cannot run: dbt made no manifest of the head")
        document["pull_requests"][head.name] = answers
        print(head.name, {name: answer["says"] for name, answer in answers.items()}, flush=True)
    (ROOT / "peers.json").write_text(json.dumps(document, indent=1) + "\n")
    print(table(document))


def dbt_plan(venv: Path, base: Path, head: Path) -> Answer:
    """Ask `dbt-plan check`."""
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder) / "project"
        shutil.copytree(base, here)
        _run([str(venv / "bin/dbt-plan"), "snapshot"], here)
        snapshot = shutil.move(here / ".dbt-plan", Path(folder) / "snapshot")
        shutil.rmtree(here)
        shutil.copytree(head, here)
        shutil.copytree(snapshot, here / ".dbt-plan")
        done = _run([str(venv / "bin/dbt-plan"), "check", "--format", "json"], here)
    try:
        said = json.loads(done.stdout)
    except ValueError:
        return _failed(done)
    risky = {
        model["model_name"]: model["safety"]
        for model in said["models"]
        if model["safety"] != "safe"
    }
    affected = {
        finding["affected"]["name"]
        for finding in said["findings"]
        if finding["severity"] != "safe" and finding["affected"]
    }
    worst = (
        "destructive"
        if "destructive" in risky.values()
        else "warning"
        if risky or affected
        else "safe"
    )
    return {
        "says": worst, "exit": done.returncode, "names": sorted(affected | set(risky)),
        "flags": worst != "safe" or done.returncode != 0, "blocks": done.returncode == 1,
    }  # fmt: skip


def dbt_col_lineage(venv: Path, base: Path, head: Path) -> Answer:
    """Ask `dbt-col-lineage impact`."""
    if not (head / "target/catalog.json").exists():
        return _mute("cannot run: dbt made no catalog of the head")
    command = [str(venv / "bin/dbt-col-lineage"), "impact", "--format", "json"]
    for option, side in (("", head), ("base-", base)):
        for artifact in ("manifest", "catalog"):
            command += [f"--{option}{artifact}", str(side / f"target/{artifact}.json")]
    done = _run(command, head)
    try:
        said = json.loads(done.stdout[done.stdout.index("{") :])
    except ValueError:
        return _failed(done)
    summary = said["summary"]
    breaks = summary.get("provable_break_count", 0)
    affected = {model["name"] for model in said["affected_models"]}
    changed = {change["model"] for change in said["changeset"]["changes"]}
    level = (
        "provable break" if breaks
        else "exposures" if summary["affected_exposures"]
        else "critical" if summary["critical_count"]
        else "any" if affected
        else "none"
    )  # fmt: skip
    return {
        "says": level, "changes": said["changeset"]["by_kind"],
        "names": sorted(affected | changed) if level != "none" else [],
        "flags": level != "none", "blocks": bool(breaks),
    }  # fmt: skip


def recce(venv: Path, base: Path, head: Path) -> Answer:
    """Ask recce's change analysis."""
    done = _run([str(venv / "bin/python"), "-c", RECCE, str(base), str(head)], head)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"changed"')]
    if not lines:
        return _failed(done)
    said = json.loads(lines[-1])
    categories = {key.split(".")[-1]: category for key, category in said["changed"].items()}
    order = (
        "breaking",
        "partial_breaking",
        "unknown",
        "removed",
        "added",
        "modified",
        "non_breaking",
    )
    worst = next(
        (category for category in order if category in categories.values()), "nothing changed"
    )
    return {
        "says": worst, "changed": categories,
        "names": sorted(
            {key.split(".")[-1] for key in said["impacted"]}
            | {name for name, category in categories.items() if category in order[:3]}
        ),
        "flags": worst in order[:4] or bool(said["impacted"]), "blocks": None,
    }  # fmt: skip


def _failed(done: subprocess.CompletedProcess[str]) -> Answer:
    last = (done.stderr.strip() or "no output").splitlines()[-1]
    return _mute(f"exit {done.returncode}: {last}")


def _mute(why: str) -> Answer:
    return {"says": why, "flags": None, "blocks": None}


def version(venv: Path, name: str) -> str:
    """Look up the version that is installed there."""
    done = _run(
        [
            str(venv / "bin/python"),
            "-c",
            f"import importlib.metadata as m; print(m.version({name!r}))",
        ],
        venv,
    )
    return done.stdout.strip()


def _run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run it with its own home, in which it has been told not to report home."""
    with tempfile.TemporaryDirectory() as home:
        (Path(home) / ".recce").mkdir()
        (Path(home) / ".recce/profile.yml").write_text("user_id: none\nanonymous_tracking: false\n")
        environment = os.environ | {"HOME": home, "DO_NOT_TRACK": "1"}
        return subprocess.run(
            command, cwd=folder, env=environment, check=False, capture_output=True, text=True, timeout=300
        )  # fmt: skip


def table(document: Mapping[str, Any]) -> str:
    """Count, by outcome, what each tool flags and blocks, and where it names all victims."""
    truths = {
        path.parent.name: json.loads(path.read_text())
        for path in sorted(ROOT.glob("heads/*/truth.json"))
    }
    lines = [
        "| outcome | pull requests | " + " | ".join(document["versions"]) + " |",
        "|---|---|" + "---|" * 3,
    ]
    for outcome in OUTCOMES:
        ids = [id_ for id_, truth in truths.items() if truth["outcome"] == outcome]
        cells = []
        for name in document["versions"]:
            answers = [document["pull_requests"][id_][name] for id_ in ids]
            flagged = sum(answer["flags"] is True for answer in answers)
            blocked = sum(answer["blocks"] is True for answer in answers)
            mute = sum(answer["flags"] is None for answer in answers)
            cells.append(
                f"{flagged} flagged, {blocked} blocked" + (f", {mute} could not" if mute else "")
            )
        lines.append(f"| {outcome} | {len(ids)} | " + " | ".join(cells) + " |")
    cells = []
    broken = {
        id_: {name.split(".")[1] for name in truth["breaks"]}
        for id_, truth in truths.items()
        if truth["breaks"]
    }
    for name in document["versions"]:
        named = sum(
            bool(victims <= set(document["pull_requests"][id_][name].get("names", ())))
            for id_, victims in broken.items()
        )
        cells.append(str(named))
    lines.append(f"| every broken model is named | {len(broken)} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
