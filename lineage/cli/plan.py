"""`lineage plan`: how to make a change without breaking anything."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lineage.cli.options import form, open_estate, sources
from lineage.errors import AmbiguousName, BadChange, UnknownName

if TYPE_CHECKING:
    from lineage.analysis.plan import Patch, Plan
    from lineage.model.change import Change, RenameColumn
    from lineage.model.entities import Dataset
    from lineage.workspace import Workspace

_NOT_SQL = (".yml", ".yaml", ".csv", ".json", ".jsonl", ".ndjson", ".gz")


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

    paths = given.pop("sources")
    estate = open_estate(paths, **given)
    found = estate.plan(_change(estate, rename, drop, retype))
    texts = Texts(paths)
    left = [*_unplaced(found, texts), *_undeclared(estate, found, texts)]
    files = texts.changed()
    if form == "json":
        write([json.dumps(_record(found, files, left), ensure_ascii=False, indent=2) + "\n"])
    else:
        write(f"{line}\n" for line in _lines(found, files, left))
    if apply:
        for name, (_, after) in files.items():
            Path(name).write_text(after, encoding="utf-8", newline="")
        click.echo(f"wrote {len(files)} files", err=True)
    if not found.clean or left:
        raise SystemExit(1)


def _change(estate: Workspace, rename: str | None, drop: str | None, retype: str | None) -> Change:
    from lineage.model import change  # noqa: PLC0415 - `--help` needs none
    from lineage.model.identity import FieldId  # noqa: PLC0415 - `--help` needs none
    from lineage.sql.quoting import unquoted  # noqa: PLC0415 - `--help` needs none

    asked = [text for text in (rename, drop, retype) if text]
    if len(asked) != 1:
        message = "say one change: --rename T.C=NEW, --drop T.C or --retype T.C:TYPE"
        raise click.UsageError(message)
    mark = "=" if rename else ":"
    name, _, new = asked[0].partition(mark) if not drop else (asked[0], "", "")
    column = estate.resolve(name)
    if not isinstance(column, FieldId):
        raise BadChange(asked[0], f"{name} is a table; name a column of it: {name}.COLUMN")
    if not drop and not unquoted(new).strip():
        raise BadChange(asked[0], f'there must be something behind "{mark}"')
    table = column.dataset.name
    if rename:
        return change.RenameColumn(table, column.name, unquoted(new))
    return (
        change.RetypeColumn(table, column.name, new)
        if retype
        else change.DropColumn(table, column.name)
    )


class Texts:
    """The files that a plan is written into: as they are, and as they would be."""

    def __init__(self, sources: Iterable[str]) -> None:
        self._folders = ["", *sources]
        self._files: dict[str, tuple[str, str]] = {}

    def find(self, document: str) -> str | None:
        """Return the path of a document whose text is known; a folder's documents count from it."""
        for folder in self._folders:
            path = str(Path(folder) / document)
            if path not in self._files:
                try:
                    with Path(path).open(encoding="utf-8", newline="") as file:
                        content = file.read()
                except (OSError, ValueError):
                    continue
                self._files[path] = (content, content)
            return path
        return None

    def __getitem__(self, path: str) -> str:
        """Return the text of a file that was found, with all that was replaced in it."""
        return self._files[path][1]

    def replace(self, path: str, before: str, after: str) -> None:
        """Put a text in the place of the first like ``before``."""
        old, text = self._files[path]
        self._files[path] = (old, text.replace(before, after, 1))

    def changed(self) -> dict[str, tuple[str, str]]:
        """Return the files that change, before and after."""
        return {path: texts for path, texts in self._files.items() if texts[0] != texts[1]}


def _unplaced(found: Plan, texts: Texts) -> Iterator[str]:
    """Put the patches into their documents; yield those for which that cannot be done."""
    for patch in found.patches:
        if not _placed(patch, texts):
            yield f"where its template is: {patch.relation}"


def _placed(patch: Patch, texts: Texts) -> bool:
    """Put a patch into the text of its document, if that holds the very statement, once."""
    path = texts.find(patch.location.document) if patch.location else None
    if path is None or texts[path].count(patch.before) != 1:
        return False
    texts.replace(path, patch.before, patch.after)
    return True


def _undeclared(estate: Workspace, found: Plan, texts: Texts) -> Iterator[str]:
    """Rename the column where it is declared; yield the declaration that no patch is known for."""
    from lineage.model.change import RenameColumn  # noqa: PLC0415 - `--help` needs none

    change = found.change
    if not isinstance(change, RenameColumn):
        return
    dataset = estate.estate.dataset(change.table)
    known = estate.snapshot.datasets.get(dataset)
    writers = estate.estate.program.writers.get(dataset, ())
    if known is None or known.origin is None or any(unit.makes for unit in writers):
        return
    if not _declared(estate, change, known, texts):
        place = known.origin
        line = f":{place.line}" if place.line else ""
        yield f"where {change.table}.{change.column} is declared: {place.document}{line}"


def _declared(estate: Workspace, change: RenameColumn, known: Dataset, texts: Texts) -> bool:
    """Rename the column in the CREATE TABLE that declares it, if there is one."""
    from lineage.sql.outline import Role, outline, parsed, split  # noqa: PLC0415 - as above
    from lineage.sql.rewrite import applied, declared_renamed  # noqa: PLC0415 - as above

    document = known.origin.document if known.origin else ""
    path = None if document.endswith(_NOT_SQL) else texts.find(document)
    if path is None:
        return False
    dialect = estate.estate.program.dialect
    for piece in split(texts[path], dialect):
        trees = [item.tree for item in parsed(piece.text, dialect)]
        targets = [
            item.targets[0]
            for item in outline(piece.text, dialect)
            if item.role is Role.DECLARE and item.targets
        ]
        if len(trees) != 1 or trees[0] is None or not targets:
            continue
        if not _names(estate, targets[0], known):
            continue
        edits = declared_renamed(piece.text, trees[0], change.column, change.new, dialect)
        if edits:
            texts.replace(path, piece.text, applied(piece.text, edits))
            return True
    return False


def _names(estate: Workspace, parts: tuple[str, ...], known: Dataset) -> bool:
    """Return whether a name in a statement is that of a dataset."""
    from lineage.model.names import joined  # noqa: PLC0415 - `--help` needs none

    name = joined(parts)
    if name.lower() == known.id.name.lower():
        return True
    try:
        return estate.estate.dataset(name) == known.id
    except (UnknownName, AmbiguousName):
        return False


def _lines(found: Plan, files: dict[str, tuple[str, str]], more: list[str]) -> Iterator[str]:
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
    for left in more:
        yield f"   by hand, {left}"
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


def _record(found: Plan, files: dict[str, tuple[str, str]], more: list[str]) -> dict[str, object]:
    from lineage.reports.verdicts import record, said  # noqa: PLC0415 - `--help` needs none

    return {
        "version": 1,
        "change": said(found.change),
        "expand": found.expand,
        "patches": [{"relation": item.relation, "owners": item.owners} for item in found.patches],
        "diffs": {name: "\n".join(_diff(name, *texts)) for name, texts in sorted(files.items())},
        "by_hand": [*found.by_hand, *more],
        "contract": found.contract,
        "clean": found.clean,
        "proof": record(found.proof),
    }
