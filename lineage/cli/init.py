"""`lineage init`: the files with which a repository begins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from lineage.cli.options import Dialect, Place

CONFIG = """\
# What `lineage check` does here; `lineage rules` lists the rules.
[check]
# Warnings only, to begin with. Then: "breaking", which blocks on what is proved.
fail_on = "never"
{dialect}
# [check.rules]
# COLUMN_SAME_TYPE = "off"
"""
WORKFLOW = """\
name: lineage
on: pull_request
permissions:
  contents: read
  pull-requests: write
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
        with:
          fetch-depth: 0
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # What is known of the base, so that only what differs is read.
      - uses: actions/cache@v4
        with:
          path: {folder}.lineage/check
          key: lineage-${{{{ github.event.pull_request.base.sha }}}}
          restore-keys: lineage-
      - run: pip install lineage-explorer
      - name: What does this change break downstream?
        env:
          BASE: origin/${{{{ github.base_ref }}}}
        run: >-
          lineage check --base "$BASE" --project {project}
          --output text --output github --output markdown=lineage-comment.md
      - name: One comment, written anew each time
        if: always() && hashFiles('lineage-comment.md') != ''
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          PULL: ${{{{ github.event.number }}}}
        run: |
          comments="repos/$GITHUB_REPOSITORY/issues/$PULL/comments"
          mine=$(gh api "$comments" --paginate --jq \\
            '.[] | select(.body | startswith("<!-- lineage-check -->")) | .id' | tail -n 1)
          if [ -n "$mine" ]; then
            set -- PATCH "repos/$GITHUB_REPOSITORY/issues/comments/$mine"
          else
            set -- POST "$comments"
          fi
          gh api --silent --method "$1" "$2" -F body=@lineage-comment.md ||
            echo "the token may not comment; the report is in the job summary"
"""
GITLAB = """\
lineage:
  image: python:3.12
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: "0"
  # What is known of the base, so that only what differs is read.
  cache:
    key: lineage
    paths:
      - {folder}.lineage/check
  script:
    - pip install lineage-explorer
    - >-
      lineage check --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" --project {project}
      --output text --output gitlab=gl-code-quality.json --output junit=lineage.xml
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality.json
      junit: lineage.xml
"""
PASSED_OVER = frozenset({"target", "dbt_packages", "node_modules"})


@click.command("init")
@click.argument("what", type=click.Choice(["ci"]))
@click.option(
    "--for",
    "host",
    type=click.Choice(["github", "gitlab"]),
    help="Where it runs.  [default: gitlab if there is a .gitlab-ci.yml, else github]",
)
@click.option(
    "--project",
    type=Place(exists=True, file_okay=False),
    help="Folder of the project.  [default: the nearest with dbt_project.yml, below or above; else "
    "the current folder]",
)
@click.option("--dialect", type=Dialect(), help="SQL dialect, where no dbt profile tells it.")
@click.option("--force", is_flag=True, help="Write over files that are there.")
def COMMAND(  # noqa: N802 - the constant of this room
    *, what: str, host: str | None, project: str | None, dialect: str | None, force: bool
) -> None:
    """Write a workflow that runs `lineage check` on pull requests, and a configuration.

    It begins with warnings only: fail_on = "never" in lineage.toml.

    \b
    Examples:
      lineage init ci
      lineage init ci --for gitlab --dialect snowflake
    """  # noqa: D301 - \b keeps click from filling the examples
    del what  # there is one thing to begin with so far
    where = Path(project) if project else _project()
    around = _around(where)
    if project and around is not None:
        message = (
            f"{where.as_posix()} is a folder of the dbt project in {around.as_posix()}, which is "
            f"checked as a whole: --project {around.as_posix()}"
        )
        raise click.UsageError(message)
    where = around or where
    found = _kind(where)
    if found is None:
        message = (
            f"there is neither a dbt project nor a SQL file in {where.as_posix()}; run this where "
            "they are, or name their folder: --project FOLDER"
        )
        raise click.UsageError(message)
    root, inside = _in_repository(where)
    host = host or ("gitlab" if (root / ".gitlab-ci.yml").exists() else "github")
    text, path = (
        (GITLAB, ".gitlab/lineage.yml")
        if host == "gitlab"
        else (WORKFLOW, ".github/workflows/lineage.yml")
    )
    click.echo(f"found {found}", err=True)
    if root != Path():
        seen = f"the repository begins in {root.as_posix()}, and {host} looks for workflows there"
        click.echo(f"{seen}; what is checked is {inside}", err=True)
    said = f'dialect = "{dialect}"' if dialect else '# dialect = "snowflake"'
    folder = "" if inside == "." else f"{inside}/"
    _write(root / path, text.format(project=inside, folder=folder), force=force)
    _write(where / "lineage.toml", CONFIG.format(dialect=said), force=force)
    if host == "gitlab":
        click.echo("now add to .gitlab-ci.yml:  include: .gitlab/lineage.yml", err=True)
    click.echo(f"try it: lineage check --base HEAD --project {where.as_posix()}", err=True)


def _in_repository(where: Path) -> tuple[Path, str]:
    """Return the root of the current folder's git repository, and a folder's path from there.

    The root is told from the current folder, which it is where there is no repository.
    """
    from lineage.sources.git import git  # noqa: PLC0415 - `--help` needs none

    told = git(Path(), "rev-parse", "--show-toplevel")
    top = Path(os.fsdecode(told.rstrip(b"\n"))).resolve() if told else Path.cwd()
    if not where.resolve().is_relative_to(top):
        return Path(), where.as_posix()
    inside = where.resolve().relative_to(top).as_posix()
    return Path(os.path.relpath(top, Path.cwd())), inside


def _kind(where: Path) -> str | None:
    """Return what is there to check, and where; None if there is nothing."""
    if (where / "dbt_project.yml").is_file():
        return f"a dbt project in {where.as_posix()}"
    for pattern in ("manifest.json", "*/manifest.json"):
        for path in sorted(where.glob(pattern)):
            return f"dbt artifacts in {path.parent.as_posix()}"
    return f"SQL files in {where.as_posix()}" if any(_scripts(where)) else None


def _scripts(where: Path) -> Iterator[str]:
    for _, folders, files in os.walk(where):
        folders[:] = [
            name for name in folders if name not in PASSED_OVER and not name.startswith(".")
        ]
        yield from (name for name in files if name.endswith(".sql"))


def _project() -> Path:
    """Return the only folder with a dbt project, near the top; else the current one."""
    found = [
        path.parent
        for pattern in ("dbt_project.yml", "*/dbt_project.yml", "*/*/dbt_project.yml")
        for path in sorted(Path().glob(pattern))
        if not PASSED_OVER & set(path.parts)
    ]
    return found[0] if len(found) == 1 or (found and found[0] == Path()) else Path()


def _around(where: Path) -> Path | None:
    """Return the dbt project that a folder is a part of; None if it is one, or part of none.

    What is installed in a project is none of its own, and a repository ends the search.
    """
    folder = where.resolve()
    for place in (folder, *folder.parents):
        own = "dbt_packages" not in place.parts
        if own and (place / "dbt_project.yml").is_file():
            return None if place == folder else Path(os.path.relpath(place, Path.cwd()))
        if (place / ".git").exists():
            return None
    return None


def _write(path: Path, text: str, *, force: bool) -> None:
    if path.exists() and not force:
        click.echo(f"kept {path.as_posix()}, which is there; --force writes it anew", err=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    click.echo(f"wrote {path.as_posix()}", err=True)
