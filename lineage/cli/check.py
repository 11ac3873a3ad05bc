"""`lineage check`: what a pull request does downstream."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.errors import BadPolicy, UnreadableSource

if TYPE_CHECKING:
    from lineage.analysis.estate import Estate
    from lineage.model.diagnostic import Diagnostic, Location
    from lineage.model.identity import DatasetId
    from lineage.model.snapshot import Snapshot
    from lineage.model.verdict import Impact
    from lineage.policy import Facts
    from lineage.policy.config import Config
    from lineage.policy.judge import Ruling
    from lineage.reports import Material
    from lineage.reports.check import Checked
    from lineage.sources.revision import Revision

FAIL_ON = ("never", "breaking", "risky", "unknown", "any")
FORMS = ("text", "json", "markdown", "github", "sarif", "junit", "gitlab", "html")
WORKING_TREE = "working tree"


@click.command("check")
@click.option(
    "--base",
    envvar="LINEAGE_BASE",
    required=True,
    metavar="SIDE",
    help="What to compare with: a git revision, a folder, dbt artifacts or a saved snapshot.",
)
@click.option("--head", metavar="SIDE", help="The change, likewise.  [default: the working tree]")
@click.option(
    "--project",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    show_default=True,
    help="Folder of the project.",
)
@click.option(
    "--store",
    metavar="URL",
    envvar="LINEAGE_STORE",
    help="Store that knows who reads the project's tables from outside.",
)
@click.option("--dialect", envvar="LINEAGE_DIALECT", help="SQL dialect of plain SQL files.")
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
    type=click.Path(),
    help="Configuration.  [default: lineage.toml, else [tool.lineage] of pyproject.toml]",
)
@click.option("--write-baseline", type=click.Path(), help="Save what is found now as known.")
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
    from lineage.cli import FOUND, NOT_ANALYSED  # noqa: PLC0415 - the package imports this module

    project = Path(given["project"])
    outputs = [_output(text) for text in given["outputs"] or ("text=-",)]
    config = _config(project, given)
    checked, facts = _check(project, config, given)
    _write(checked, outputs)
    if given["write_baseline"]:
        known = sorted({row.finding.fingerprint for row in checked.active()})
        text = json.dumps({"version": 1, "known": known}, indent=1)
        _save(given["write_baseline"], [f"{text}\n"])
    if facts is not None and _below_floor(facts):
        return NOT_ANALYSED
    return FOUND if checked.failed else 0


def _check(project: Path, config: Config, given: Mapping[str, Any]) -> tuple[Checked, Facts | None]:
    from lineage.model.change import ChangeSet  # noqa: PLC0415 - `--help` needs none
    from lineage.model.verdict import Impact  # noqa: PLC0415 - the same
    from lineage.reports.check import Checked  # noqa: PLC0415 - the same
    from lineage.sources.git import unchanged  # noqa: PLC0415 - the same

    base, head = given["base"], given["head"]
    told = head or WORKING_TREE
    if head is None and config.coverage_floor is None and unchanged(base, project):
        nothing = Impact(ChangeSet(()), (), ())
        return (
            Checked(base, told, nothing, (), config.fail_on, False, 0, (), _no_material),
            None,
        )
    from lineage.policy.judge import Given, fails, judge  # noqa: PLC0415 - the same

    facts, texts = facts_of(project, config, given)
    known = Given(datetime.now(UTC).date(), texts, _baseline(project, config))
    rulings = _told_from_root(judge(facts, config, known), project)
    failed = fails(rulings, config.fail_on)
    tests = ""
    if given["suggest_tests"]:
        from lineage.policy.suggest import suggest  # noqa: PLC0415 - only when asked

        tests = suggest(facts)
    return (
        Checked(
            base,
            told,
            facts.impact,
            rulings,
            config.fail_on,
            failed,
            facts.seen,
            facts.unseen,
            lambda: _material(facts.head, facts.impact),
            tests,
        ),
        facts,
    )


def facts_of(
    project: Path, config: Config, given: Mapping[str, Any]
) -> tuple[Facts, dict[str, str]]:
    """Read both sides, compare them, and return what the rules look at, with the head's files."""
    from lineage.sources.revision import revision  # noqa: PLC0415 - the same

    namespace = given["namespace"]
    one = revision(given["base"], project, dialect=config.dialect, namespace=namespace)
    other = revision(
        given["head"] or str(project), project, dialect=config.dialect, namespace=namespace
    )
    before, after = one.snapshot, other.snapshot
    if given["store"]:
        before, after = _with_store(given["store"], before, after)
    one, other = replace(one, snapshot=before), replace(other, snapshot=after)
    facts = facts_between(one, other, config)
    texts = {
        name: data.decode("utf-8", "replace")
        for name, data in other.files.items()
        if not name.endswith((".csv", ".gz"))
    }
    return facts, texts


def facts_between(
    one: Revision, other: Revision, config: Config, base: Estate | None = None
) -> Facts:
    """Compare two sides; ``base`` is the first one's estate, where it was bound already."""
    from lineage.analysis.compare import compare  # noqa: PLC0415 - `--help` needs none
    from lineage.analysis.estate import Estate  # noqa: PLC0415 - the same
    from lineage.catalog.advance import advance  # noqa: PLC0415 - the same
    from lineage.catalog.derive import Settled  # noqa: PLC0415 - the same
    from lineage.catalog.program import Program  # noqa: PLC0415 - the same
    from lineage.policy import Facts  # noqa: PLC0415 - the same

    base = base or Estate.build(one.snapshot, config.dialect)
    bound = Settled(base.program, base.world, base.outcomes)
    head = Estate.of(advance(bound, Program(other.snapshot, config.dialect)))
    seen, unseen = _coverage(head)
    return Facts(
        compare(base, head),
        base,
        head,
        _new_problems(one.snapshot.diagnostics, other.snapshot.diagnostics),
        _changed_data(one, other),
        seen,
        unseen,
        config.coverage_floor,
    )


def _new_problems(
    before: Iterable[Diagnostic], after: Iterable[Diagnostic]
) -> tuple[Diagnostic, ...]:
    """Return the head's problems that the base does not have, wherever they stood there."""
    known = {(row.code, _unplaced(row)) for row in before}
    return tuple(row for row in after if (row.code, _unplaced(row)) not in known)


def _unplaced(row: Diagnostic) -> str:
    where = row.location
    if where is None:
        return row.message
    return row.message.replace(f"{where.document}:{where.line}:{where.column}", where.document)


def _coverage(head: Estate) -> tuple[int, tuple[Diagnostic, ...]]:
    """Return how many jobs were understood, and one diagnostic for each that was not."""
    from lineage.analysis.estate import UNREAD  # noqa: PLC0415 - `--help` needs none
    from lineage.model.diagnostic import Diagnostic  # noqa: PLC0415 - the same

    seen = 0
    unseen = []
    for unit in head.program.units:
        bad = [row for row in head.outcomes[unit.id].problems if row.code in UNREAD]
        if bad:
            unseen.append(Diagnostic(bad[0].code, bad[0].message, location=unit.job.origin))
        else:
            seen += 1
    unseen.extend(
        Diagnostic("no-sql", job.note, location=job.origin)
        for job in head.snapshot.jobs.values()
        if job.sql is None and job.note
    )
    unseen.extend(
        row
        for row in head.snapshot.diagnostics
        if row.code in {"unreadable", "broken-document", "does-not-parse"}
        and row.location not in {other.location for other in unseen}
    )
    return seen, tuple(unseen)


def _changed_data(one: Revision, other: Revision) -> dict[DatasetId, Location]:
    from lineage.model.entities import DatasetKind  # noqa: PLC0415 - `--help` needs none
    from lineage.policy import placed  # noqa: PLC0415 - the same

    found = {}
    for id_, dataset in other.snapshot.datasets.items():
        place = placed(dataset.origin)
        if place is None or dataset.kind is not DatasetKind.SEED:
            continue
        before = one.files.get(place.document)
        if before is not None and before != other.files.get(place.document, before):
            found[id_] = place
    return found


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


def _told_from_root(rulings: tuple[Ruling, ...], project: Path) -> tuple[Ruling, ...]:
    """Name files from the repository's root, as pull requests do."""
    from lineage.sources.git import prefix  # noqa: PLC0415 - `--help` needs none

    before = prefix(project)
    if not before:
        return rulings
    moved = []
    for row in rulings:
        place = row.finding.location
        if place is not None and not place.document.startswith(("/", before)):
            place = replace(place, document=before + place.document)
        moved.append(replace(row, finding=replace(row.finding, location=place)))
    return tuple(moved)


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
    form, _, path = text.partition("=")
    if form not in FORMS:
        message = f'--output {text}: there is no form "{form}"; there are {", ".join(FORMS)}.'
        raise click.UsageError(message)
    return form, path or "-"


def _write(checked: Checked, outputs: list[tuple[str, str]]) -> None:
    from lineage.reports.check import CHECK_REPORTS  # noqa: PLC0415 - `--help` needs none

    for form, path in outputs:
        _save(path, CHECK_REPORTS.get(form).write(checked))
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
    from lineage.catalog.derive import derive  # noqa: PLC0415 - `--help` needs none
    from lineage.model.identity import DatasetId, FieldId  # noqa: PLC0415 - the same
    from lineage.reports import Material  # noqa: PLC0415 - the same
    from lineage.workspace import Workspace  # noqa: PLC0415 - the same

    estate = Workspace.of(derive(head.snapshot))
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
