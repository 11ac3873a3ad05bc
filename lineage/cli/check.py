"""`lineage check`: what a pull request does downstream."""

from __future__ import annotations

import gc
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import Dialect, Place
from lineage.errors import BadPolicy, UnreadableSource
from lineage.garbage import uncollected

if TYPE_CHECKING:
    from lineage.analysis.estate import Estate
    from lineage.model.diagnostic import Location
    from lineage.model.snapshot import Snapshot
    from lineage.model.verdict import Impact, Verdict
    from lineage.policy import Facts
    from lineage.policy.config import Config
    from lineage.reports import Material
    from lineage.reports.check import Checked
    from lineage.sources.git import Change
    from lineage.sources.sides import Sides

    Move = Callable[[Location | None], Location | None]
    """Names a place another way."""

_UNDECIDED = frozenset({"active", "baseline"})
"""What a baseline is made of: all that nobody has said anything about."""
FAIL_ON = ("never", "breaking", "risky", "unknown", "any")
FORMS = ("text", "json", "markdown", "github", "sarif", "junit", "gitlab", "html")
WORKING_TREE = "working tree"


class Texts(Mapping[str, str]):
    """The head's files as text, read when a rule asks for one."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files

    def __getitem__(self, path: str) -> str:
        return self._files[path].decode("utf-8", "replace")

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


@click.command("check")
@click.option(
    "--base",
    envvar="LINEAGE_BASE",
    required=True,
    metavar="SIDE",
    type=Place(),
    help="What to compare with: a git revision, a folder, dbt artifacts or a saved snapshot.",
)
@click.option(
    "--head",
    type=Place(),
    metavar="SIDE",
    help="The change, likewise.  [default: the working tree]",
)
@click.option(
    "--project",
    type=Place(exists=True, file_okay=False),
    default=".",
    show_default=True,
    help="Folder of the project.",
)
@click.option(
    "--store",
    metavar="URL",
    type=Place(),
    envvar="LINEAGE_STORE",
    help="Store that knows who reads the project's tables from outside.",
)
@click.option(
    "--dialect", type=Dialect(), envvar="LINEAGE_DIALECT", help="SQL dialect of plain SQL files."
)
@click.option("--namespace", help="Namespace of datasets that have none of their own.")
@click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    envvar="LINEAGE_FAIL_ON",
    help="Exit with 1 when a finding is at least this bad.  [default: breaking]",
)
@click.option(
    "--coverage-floor",
    type=click.FloatRange(0, 1),
    envvar="LINEAGE_COVERAGE_FLOOR",
    help="Exit with 3 when a smaller share of the statements was understood.",
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    metavar="FORM[=FILE]",
    help=f"Where to write which form, several times: {', '.join(FORMS)}.  [default: text=-]",
)
@click.option(
    "--config",
    "config_file",
    type=Place(),
    help="Configuration.  [default: lineage.toml, else [tool.lineage] of pyproject.toml]",
)
@click.option("--write-baseline", type=Place(), help="Save what is found now as known.")
@click.option("--suggest-tests", is_flag=True, help="Propose tests for what changes silently.")
def COMMAND(**given: Any) -> int:  # noqa: ANN401, N802 - many options; the constant of this room
    """Tell what a change to a repository breaks downstream, and fail only on what is proved.

    Both sides are read as they are, commits with git and without a checkout; SQL gives the schemas.
    No warehouse and no network is asked. Exits 1 for findings at the threshold, 3 when too little
    was understood for an answer.

    \b
    Examples:
      lineage check --base origin/main
      lineage check --base main --fail-on never --output markdown=comment.md --output sarif=x.sarif
      lineage check --base before/ --head after/ --dialect duckdb
      lineage check --base HEAD --store postgresql://lineage.example/log
    """  # noqa: D301 - \b keeps click from filling the examples
    outputs = [_output(text) for text in given["outputs"] or ("text=-",)]
    with _collecting_nothing():
        return _answer(given, outputs)


@contextmanager
def _collecting_nothing() -> Iterator[None]:
    """Leave garbage alone, to the end of the process: what is made is kept until then."""
    with uncollected():
        yield
        gc.freeze()


def _answer(given: Mapping[str, Any], outputs: list[tuple[str, str]]) -> int:
    from lineage.cli import FOUND, NOT_ANALYSED  # noqa: PLC0415 - the package imports this module

    project = Path(given["project"])
    config = _config(project, given)
    checked, facts = _check(project, config, given)
    _write(checked, outputs)
    if given["write_baseline"]:
        known = sorted(
            {row.finding.fingerprint for row in checked.rulings if row.standing in _UNDECIDED}
        )
        text = json.dumps({"version": 1, "known": known}, indent=1)
        _save(given["write_baseline"], [f"{text}\n"])
    if facts is not None and _below_floor(facts):
        return NOT_ANALYSED
    return FOUND if checked.failed else 0


def _check(project: Path, config: Config, given: Mapping[str, Any]) -> tuple[Checked, Facts | None]:
    from lineage.reports.check import Checked  # noqa: PLC0415 - `--help` needs none
    from lineage.sources.git import change  # noqa: PLC0415 - the same

    base, head = given["base"], given["head"]
    told = head or WORKING_TREE
    between = change(base, head, project)
    if between is not None and not between.differing.after and config.coverage_floor is None:
        from lineage.model.change import ChangeSet  # noqa: PLC0415 - the same
        from lineage.model.verdict import Impact  # noqa: PLC0415 - the same

        nothing = Impact(ChangeSet(()), (), ())
        none = Checked(base, told, nothing, (), config.fail_on, False, 0, (), _no_material)
        return none, None
    from lineage.policy.judge import Given, fails, judge  # noqa: PLC0415 - the same

    facts, found = _facts(project, config, given, between)
    known = Given(datetime.now(UTC).date(), Texts(found.after), _baseline(project, config))
    rulings = judge(facts, config, known)
    tests = ""
    if given["suggest_tests"]:
        from lineage.policy.suggest import suggest  # noqa: PLC0415 - only when asked

        tests = suggest(facts)
    checked = Checked(
        base,
        told,
        facts.impact,
        rulings,
        config.fail_on,
        fails(rulings, config.fail_on),
        facts.seen,
        facts.unseen,
        lambda: _material(facts.head, facts.impact),
        tests,
    )
    return _told_from_root(checked, _mover(project, given, found, between)), facts


def _facts(
    project: Path, config: Config, given: Mapping[str, Any], between: Change | None
) -> tuple[Facts, Sides]:
    """Read both sides, compare them, and return what the rules look at."""
    from lineage.policy.facts import Side, facts  # noqa: PLC0415 - `--help` needs none
    from lineage.sources.sides import Options, read_whole, sides  # noqa: PLC0415 - the same

    options = Options(config.dialect, given["namespace"])
    store = given["store"]
    if between is not None and not store:
        found = sides(between, project, options)
    else:
        lend = partial(_with_store, store) if store else None
        found = read_whole(given["base"], given["head"], project, options, lend)
    compared = facts(
        Side(found.base, found.before),
        Side(found.head, found.after),
        seen=found.seen,
        unseen=found.unseen,
        floor=config.coverage_floor,
    )
    return compared, found


def _with_store(url: str, before: Snapshot, after: Snapshot) -> tuple[Snapshot, Snapshot]:
    """Add what a store knows of the rest of the world to both sides.

    What the repository makes is left out of the store's account: it was recorded from some
    earlier commit, and would keep alive what the change takes away.
    """
    from lineage.catalog.union import union  # noqa: PLC0415 - `--help` needs none
    from lineage.workspace import open_workspace  # noqa: PLC0415 - the same

    known = open_workspace(store=url).snapshot
    own_jobs = {*before.jobs, *after.jobs}
    made = {out for side in (before, after) for job in side.jobs.values() for out in job.outputs}
    jobs = {
        id_: job
        for id_, job in known.jobs.items()
        if id_ not in own_jobs and not made & set(job.outputs)
    }
    outside = replace(
        known,
        datasets={id_: row for id_, row in known.datasets.items() if id_ not in made},
        jobs=jobs,
        edges=tuple(edge for edge in known.edges if edge.job in jobs),
    )
    return union([outside, before]), union([outside, after])


def _mover(
    project: Path, given: Mapping[str, Any], found: Sides, between: Change | None
) -> Move | None:
    """Return what names a place from the repository's root; None where that is the project's."""
    from lineage.sources.git import prefix  # noqa: PLC0415 - `--help` needs none

    before = "" if between is None and given["head"] is not None else prefix(project)
    if not before:
        return None

    def moved(place: Location | None) -> Location | None:
        if place is None:
            return None
        own = between is not None and given["store"] is None
        if own or place.document in found.after or place.document in found.before:
            return replace(place, document=before + place.document)
        return place

    return moved


def _told_from_root(checked: Checked, moved: Move | None) -> Checked:
    """Name the project's files from the repository's root, as pull requests do."""
    if moved is None:
        return checked

    def verdict(row: Verdict) -> Verdict:
        evidence = tuple(replace(each, location=moved(each.location)) for each in row.evidence)
        return replace(row, location=moved(row.location), evidence=evidence)

    impact = replace(
        checked.impact,
        relations=tuple(map(verdict, checked.impact.relations)),
        consumers=tuple(map(verdict, checked.impact.consumers)),
    )
    rulings = tuple(
        replace(row, finding=replace(row.finding, location=moved(row.finding.location)))
        for row in checked.rulings
    )
    unseen = tuple(replace(row, location=moved(row.location)) for row in checked.unseen)
    return replace(checked, impact=impact, rulings=rulings, unseen=unseen)


def _below_floor(facts: Facts) -> bool:
    from lineage.policy.coverage_floor import coverage  # noqa: PLC0415 - `--help` needs none

    return facts.floor is not None and coverage(facts) < facts.floor


def _config(project: Path, given: Mapping[str, Any]) -> Config:
    """Return the file's decisions, those of the command line and environment laid over them."""
    from lineage.policy import RULES, identifier  # noqa: PLC0415 - `--help` needs none
    from lineage.policy.config import configured  # noqa: PLC0415 - the same

    place, table = _table(project, given["config_file"])
    config = configured(table, place, map(identifier, RULES.names()))
    asked = {
        name: given[name]
        for name in ("fail_on", "dialect", "coverage_floor")
        if given[name] is not None
    }
    return replace(config, **asked)


def _table(project: Path, asked: str | None) -> tuple[str, Mapping[str, Any]]:
    import tomllib  # noqa: PLC0415 - `--help` needs none

    names = [Path(asked)] if asked else [project / "lineage.toml", project / "pyproject.toml"]
    for path in names:
        if not asked and not path.is_file():
            continue
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise UnreadableSource(str(path), error.strerror or str(error)) from error
        except ValueError as error:
            raise BadPolicy(str(path), f"it is not TOML ({error})") from error
        if path.name == "pyproject.toml":
            content = content.get("tool", {}).get("lineage", {})
        found = content.get("check", {})
        if not isinstance(found, dict):
            raise BadPolicy(str(path), "check must be a table: [check]")
        if found or path.name != "pyproject.toml":
            return str(path), found
    return "lineage.toml", {}


def _baseline(project: Path, config: Config) -> frozenset[str]:
    if config.baseline is None:
        return frozenset()
    path = project / config.baseline
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return frozenset(str(text) for text in content["known"])
    except OSError as error:
        raise UnreadableSource(str(path), error.strerror or str(error)) from error
    except (ValueError, KeyError, TypeError) as error:
        reason = "it is no baseline; write one with --write-baseline"
        raise BadPolicy(str(path), reason) from error


def _output(text: str) -> tuple[str, str]:
    form, mark, path = text.partition("=")
    if form not in FORMS:
        message = f'--output {text}: there is no form "{form}"; there are {", ".join(FORMS)}.'
        raise click.UsageError(message)
    if mark and not path.strip():
        message = f'--output {text}: name a file behind "=", or leave "=" out for standard output.'
        raise click.UsageError(message)
    return form, path or "-"


def _write(checked: Checked, outputs: list[tuple[str, str]]) -> None:
    from lineage.reports.check import CHECK_REPORTS  # noqa: PLC0415 - `--help` needs none

    for form, path in outputs:
        pieces = CHECK_REPORTS.get(form).write(checked)
        if form == "text" and path != "-":
            pieces = map(click.unstyle, pieces)  # colours are for a terminal
        _save(path, pieces)
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if summary and any(form == "github" for form, _ in outputs):
        with Path(summary).open("a", encoding="utf-8") as file:
            file.writelines(CHECK_REPORTS.get("markdown").write(checked))


def _save(path: str, pieces: Iterable[str]) -> None:
    from lineage.cli.output import save  # noqa: PLC0415 - `--help` needs none

    save(path, pieces)


def _no_material() -> Material:
    from lineage.model.snapshot import Snapshot  # noqa: PLC0415 - the same
    from lineage.reports import Material  # noqa: PLC0415 - the same
    from lineage.workspace import Workspace  # noqa: PLC0415 - `--help` needs none

    empty = Workspace.of(Snapshot({}, {}, {}))
    return Material(empty.snapshot, (), empty.label, empty.columns, "Nothing changed")


def _material(head: Estate, impact: Impact) -> Material:
    """Return what is downstream, with the verdicts, for the page that draws it."""
    from lineage.catalog.derive import Settled, derive  # noqa: PLC0415 - `--help` needs none
    from lineage.model.identity import DatasetId, FieldId  # noqa: PLC0415 - the same
    from lineage.reports import Material  # noqa: PLC0415 - the same
    from lineage.workspace import Workspace  # noqa: PLC0415 - the same

    bound = Settled(head.program, head.world, head.outcomes)
    estate = Workspace.of(derive(head.snapshot, settled=bound))
    marks = {
        verdict.subject: verdict.status.value
        for verdict in impact.relations
        if isinstance(verdict.subject, DatasetId)
    }

    def shown(end: object) -> bool:
        return (end.dataset if isinstance(end, FieldId) else end) in marks

    edges = tuple(
        edge for edge in estate.snapshot.edges if shown(edge.source) or shown(edge.target)
    )
    return Material(
        estate.snapshot, edges, estate.label, estate.columns, "Impact of a change", marks
    )
