"""Measures `lineage check` on a repository of 5,000 dbt models, the whole process each time.

    python -m benchmarks.check [MODELS]

The repository is made up: layers of fifty models of twenty columns, each joining two of the layer
before. Every model sets its materialization, every fifth calls a macro, every tenth is
incremental; a YAML file a layer describes all of them, tests a column of each, and names a
dashboard. "Nothing kept" is the first check of a fresh clone; what it keeps serves the others.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

MODELS = 5_000
LAYER, COLUMNS, AGAIN = 50, 20, 10
RUNS = 5
NAMES = tuple(f"c{number}" for number in range(COLUMNS))
GIT = ("git", "-c", "user.name=bench", "-c", "user.email=bench@example.invalid")

PROJECT = """name: wide
version: "1.0"
profile: wide
models:
  wide:
    +materialized: view
"""
PROFILE = """wide:
  target: dev
  outputs:
    dev: {type: duckdb, path: wide.duckdb, schema: main}
"""
MACRO = (
    "{% macro total(one, other) %}coalesce({{ one }}, 0) + coalesce({{ other }}, 0){% endmacro %}\n"
)
EDITS = (
    (1, "a.c5 + b.c5 as c5", "a.c5 - b.c5 as c5"),
    (2, "a.c6 + b.c6 as c6", "a.c6 + b.c6 as c6, a.c6 as c20"),
    (3, "on a.c0 = b.c0", "on a.c0 = b.c0 and a.c1 > 0"),
    (4, "with a as", "-- about a\nwith a as"),
    (6, ",\n        a.c7 + b.c7 as c7", ""),
)
"""In a model of which layer, what becomes what: values, a column more, rows, nothing, one less."""


def project(root: Path, models: int) -> None:
    """Write a dbt project."""
    (root / "models").mkdir(parents=True)
    (root / "macros").mkdir()
    (root / "dbt_project.yml").write_text(PROJECT)
    (root / "profiles.yml").write_text(PROFILE)
    (root / "macros/total.sql").write_text(MACRO)
    sources = ["sources:", "  - name: raw", "    tables:"]
    for place in range(LAYER):
        sources += [f"      - name: s_{place}", "        columns:"]
        sources += [f"          - {{name: {name}, data_type: integer}}" for name in NAMES]
    (root / "models/sources.yml").write_text("\n".join(sources) + "\n")
    for number in range(models):
        layer, place = divmod(number, LAYER)
        folder = root / f"models/layer_{layer + 1:03}"
        folder.mkdir(exist_ok=True)
        (folder / f"m{layer + 1}_{place}.sql").write_text(model(layer, place))
    for layer in range(models // LAYER):
        (root / f"models/layer_{layer + 1:03}/schema.yml").write_text(described(layer + 1))


def model(layer: int, place: int) -> str:
    """Return a model that joins two of the layer before."""

    def before(place: int) -> str:
        # Each tenth layer starts anew from the sources, so that cones do not grow for ever.
        if layer % AGAIN == 0:
            return f"{{{{ source('raw', 's_{place}') }}}}"
        return f"{{{{ ref('m{layer}_{place}') }}}}"

    def value(name: str) -> str:
        if place % 5 == 0 and name == NAMES[-1]:
            return f"{{{{ total('a.{name}', 'b.{name}') }}}} as {name}"
        return "a.c0" if name == NAMES[0] else f"a.{name} + b.{name} as {name}"

    listed = ",\n".join(f"        {value(name)}" for name in NAMES)
    incremental = place % 10 == 0
    kind = "incremental" if incremental else "table" if place % 3 else "view"
    new = "{% if is_incremental() %}\nwhere c1 > 0\n{% endif %}\n" if incremental else ""
    return (
        f"{{{{ config(materialized='{kind}') }}}}\n\n"  # noqa: S608 - a template, never executed
        f"with a as (\n    select * from {before(place)}\n),\n"
        f"b as (\n    select * from {before((place * 7 + 3) % LAYER)}\n),\n"
        f"joined as (\n    select\n{listed}\n    from a\n    join b on a.c0 = b.c0\n)\n"
        f"select * from joined\n{new}"
    )


def described(layer: int) -> str:
    """Return what a layer's YAML file says of its models, and of one dashboard."""
    lines = ["models:"]
    for place in range(LAYER):
        lines += [
            f"  - name: m{layer}_{place}",
            f"    description: Model {place} of layer {layer}.",
            f"    meta: {{owner: team-{place % 7}@example.invalid}}",
            "    columns:",
            "      - name: c0",
            "        description: The key.",
            "        tests: [not_null]",
        ]
    lines += [
        "exposures:",
        f"  - name: board_{layer}",
        "    type: dashboard",
        "    owner: {name: board}",
        f"    depends_on: [ref('m{layer}_1')]",
    ]
    return "\n".join(lines) + "\n"


def edit(root: Path) -> None:
    """Change five models."""
    for layer, before, after in EDITS:
        path = root / f"models/layer_{layer:03}/m{layer}_3.sql"
        text = path.read_text()
        if before not in text:
            raise AssertionError(path)
        path.write_text(text.replace(before, after, 1))


def git(root: Path, *words: str) -> None:
    """Run git in the repository."""
    subprocess.run([*GIT, *words], cwd=root, check=True, stdout=subprocess.DEVNULL)


@dataclass(frozen=True)
class Run:
    """One run: seconds on the clock, seconds of processors, and the first line of the answer."""

    clock: float
    worked: float
    said: str


def check(root: Path) -> Run:
    """Run a check."""
    command = [sys.executable, "-m", "lineage", "check", "--base", "HEAD", "--fail-on", "never"]
    # As installed: compiled to bytecode once, whatever the environment says of that.
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(root.parent / "bytecode")}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    before, started = worked(), time.perf_counter()
    done = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, env=env)
    clock = time.perf_counter() - started
    return Run(clock, worked() - before, done.stdout.partition("\n")[0])


def worked() -> float:
    """Return how long processors have worked for our children; less than the clock if they wait."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def shown(root: Path, what: str, runs: int = RUNS) -> None:
    """Print how long a check takes, and what it says."""
    found = [check(root) for _ in range(runs)]
    clocks = [run.clock for run in found]
    spread = f" ({min(clocks):.2f} to {max(clocks):.2f})" if runs > 1 else ""
    busy = statistics.median(run.worked for run in found)
    print(
        f"{what:>52}: {statistics.median(clocks):6.2f} s{spread}, {busy:.2f} s of processors\n"
        f"{'':>54}{found[0].said}",
        flush=True,
    )


def main() -> None:
    """Print a line a situation."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else MODELS
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder, "wide")
        project(root, models)
        git(root, "init", "--quiet", "--initial-branch", "main")
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", "base")
        check(root)
        shown(root, "nothing changed")
        edit(root)
        shown(root, "5 models changed, nothing kept", 1)
        shown(root, "5 models changed")
        git(root, "commit", "--quiet", "--all", "--message", "five models")
        edited = root / "models/layer_005/schema.yml"
        edited.write_text(edited.read_text().replace("Model 3 ", "The model 3 "))
        (root / "models/layer_008/extra.sql").write_text("select * from {{ ref('m8_1') }}\n")
        (root / "models/layer_009/m9_49.sql").unlink()
        shown(root, "another base; YAML changed, a model new, one deleted")
        macro = root / "macros/total.sql"
        macro.write_text(MACRO.replace("+", "-"))
        shown(root, "a macro of a fifth of the models changed", 1)


if __name__ == "__main__":
    main()
