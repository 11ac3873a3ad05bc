"""`lineage plan`: how to make a change without breaking anything."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import form, open_estate, sources
from lineage.errors import BadChange, UnreadableSource

if TYPE_CHECKING:
    from lineage.analysis.plan import Patch, Plan
    from lineage.model.change import Change
    from lineage.workspace import Workspace


@click.command("plan")
@sources
@click.option("--rename", metavar="T.C=NEW", help="Rename a column.")
@click.option("--drop", metavar="T.C", help="Drop a column.")
@click.option("--retype", metavar="T.C:TYPE", help="Give a column another type.")
@click.option("--write", "apply", is_flag=True, help="Write the patches into the files.")
@form("text", "json")
def COMMAND(  # noqa: N802 - the constant of this room; click passes options by name
    *,
    rename: str | None,
    drop: str | None,
    retype: str | None,
    apply: bool,
    form: str,
    **given: Any,  # noqa: ANN401 - the options of `sources`
) -> None:
    """Say how to rename, drop or retype a column: expand, migrate, contract.

    Each statement that reads the column gets a patch of a few tokens after which it yields what
    it did; all patches together are judged again. Exits with 1 if something is left to do by
    hand.

    \b
    Examples:
      lineage plan models/ --dialect duckdb --rename orders.amount=amount_net
      lineage plan models/ --dialect duckdb --rename orders.amount=amount_net --write
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import write  # noqa: PLC0415 - `--help` needs none

    estate = open_estate(given.pop("sources"), **given)
    found = estate.plan(_change(estate, rename, drop, retype))
    files, unplaced = _files(estate, found)
    if form == "json":
        write([json.dumps(_record(found, files, unplaced), ensure_ascii=False, indent=2) + "\n"])
    else:
        write(f"{line}\n" for line in _lines(found, files, unplaced))
    if apply:
        for name, (_, after) in files.items():
            Path(name).write_text(after, encoding="utf-8")
        click.echo(f"wrote {len(files)} files", err=True)
    if not found.clean or unplaced:
        raise SystemExit(1)


def _change(estate: Workspace, rename: str | None, drop: str | None, retype: str | None) -> Change:
    from lineage.model import change  # noqa: PLC0415 - `--help` needs none
    from lineage.model.identity import FieldId  # noqa: PLC0415 - `--help` needs none

    asked = [text for text in (rename, drop, retype) if text]
    if len(asked) != 1:
        message = "say one change: --rename T.C=NEW, --drop T.C or --retype T.C:TYPE"
        raise click.UsageError(message)
    mark = "=" if rename else ":"
    name, _, new = asked[0].partition(mark) if not drop else (asked[0], "", "")
    column = estate.resolve(name)
    if not isinstance(column, FieldId):
        raise BadChange(asked[0], f"{name} is a table; name a column of it: {name}.COLUMN")
    if not drop and not new:
        raise BadChange(asked[0], f'there must be something behind "{mark}"')
    table = column.dataset.name
    if rename:
        return change.RenameColumn(table, column.name, new)
    return (
        change.RetypeColumn(table, column.name, new)
        if retype
        else change.DropColumn(table, column.name)
    )


def _files(estate: Workspace, found: Plan) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Return the files that change, before and after, and what no file was found for."""
    files: dict[str, tuple[str, str]] = {}
    unplaced = [patch.relation for patch in found.patches if not _placed(files, patch)]
    _declaration(estate, found, files)
    changed = {name: texts for name, texts in files.items() if texts[0] != texts[1]}
    return changed, unplaced


def _placed(files: dict[str, tuple[str, str]], patch: Patch) -> bool:
    """Put a patch into the text of its document, if that holds the very statement, once."""
    place = patch.location
    if place is None:
        return False
    try:
        text = _text(files, place.document)
    except UnreadableSource:
        return False
    if text[1].count(patch.before) != 1:
        return False
    files[place.document] = (text[0], text[1].replace(patch.before, patch.after))
    return True


def _declaration(estate: Workspace, found: Plan, files: dict[str, tuple[str, str]]) -> None:
    """Rename the column in the CREATE TABLE that declares it."""
    from lineage.model.change import RenameColumn  # noqa: PLC0415 - `--help` needs none
    from lineage.sql.outline import Role, outline, parsed, split  # noqa: PLC0415 - as above
    from lineage.sql.rewrite import applied, declared_renamed  # noqa: PLC0415 - as above

    change = found.change
    if not isinstance(change, RenameColumn):
        return
    dataset = estate.estate.dataset(change.table)
    known = estate.snapshot.datasets.get(dataset)
    if known is None or known.origin is None or dataset in estate.estate.program.writers:
        return
    dialect = estate.estate.program.dialect
    text = _text(files, known.origin.document)
    for piece in split(text[1], dialect):
        tree = parsed(piece.text, dialect)[0].tree
        names = [
            ".".join(item.targets[0]).lower()
            for item in outline(piece.text, dialect)
            if item.role is Role.DECLARE
        ]
        declares = dataset.name.lower() in names
        edits = (
            declared_renamed(piece.text, tree, change.column, change.new)
            if (declares and tree is not None)
            else None
        )
        if edits:
            after = text[1].replace(piece.text, applied(piece.text, edits), 1)
            files[known.origin.document] = (text[0], after)
            return


def _text(files: dict[str, tuple[str, str]], name: str) -> tuple[str, str]:
    if name not in files:
        try:
            content = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise UnreadableSource(name, error.strerror or str(error)) from error
        files[name] = (content, content)
    return files[name]


def _lines(found: Plan, files: dict[str, tuple[str, str]], unplaced: list[str]) -> Iterator[str]:
    from lineage.reports.verdicts import headline, said  # noqa: PLC0415 - `--help` needs none

    yield f"\x1b[1m{said(found.change)}: {len(found.patches)} patches\x1b[0m"
    yield "1. expand"
    yield from (f"   {step}" for step in found.expand)
    yield "2. migrate"
    for patch in found.patches:
        owners = f"  {', '.join(patch.owners)}" if patch.owners else ""
        yield f"   {patch.relation}{owners}"
    for left in found.by_hand:
        yield f"   by hand: {left}"
    for name in unplaced:
        yield f"   by hand, where its template is: {name}"
    for name, (before, after) in sorted(files.items()):
        yield from _diff(name, before, after)
    yield "3. contract"
    yield from (f"   {step}" for step in found.contract)
    yield f"proof, all patches together: {headline(found.proof)}"


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    for line in difflib.unified_diff(
        before.splitlines(), after.splitlines(), name, name, n=1, lineterm=""
    ):
        yield f"   {line}"


def _record(
    found: Plan, files: dict[str, tuple[str, str]], unplaced: list[str]
) -> dict[str, object]:
    from lineage.reports.verdicts import record, said  # noqa: PLC0415 - `--help` needs none

    return {
        "version": 1,
        "change": said(found.change),
        "expand": found.expand,
        "patches": [{"relation": item.relation, "owners": item.owners} for item in found.patches],
        "diffs": {name: "\n".join(_diff(name, *texts)) for name, texts in sorted(files.items())},
        "by_hand": [*found.by_hand, *unplaced],
        "contract": found.contract,
        "clean": found.clean,
        "proof": record(found.proof),
    }
