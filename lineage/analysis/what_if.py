"""Reads a proposed change from a record: a line of JSON, a form on a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from lineage.errors import BadChange
from lineage.model.change import (
    AddColumn,
    Change,
    ChangeSet,
    DropColumn,
    DropTable,
    EditStatement,
    RenameColumn,
    RenameTable,
    ReorderColumns,
    RetypeColumn,
    SetNullable,
)
from lineage.sql.quoting import unquoted

Record = Mapping[str, object]


def parse(record: Record) -> ChangeSet:
    """Return what a record proposes: one change, or those of its ``changes``, made together.

    ``kind`` is one of `KINDS`; which members go with it, its entry says. A member that no kind
    knows is let pass, since files of changes carry notes of their own. Raises BadChange.
    """
    id_ = record.get("id", "")
    members = record.get("changes")
    if members is None:
        return ChangeSet((_change(record),), str(id_))
    if not isinstance(members, Sequence) or isinstance(members, str | bytes):
        raise BadChange(str(id_), "changes must be a list")
    changes = []
    for member in members:
        if not isinstance(member, Mapping):
            raise BadChange(str(id_), "each of its changes must be an object")
        changes.append(_change(member))
    return ChangeSet(tuple(changes), str(id_))


def _change(record: Record) -> Change:
    kind = record.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        name = str(record.get("id", ""))
        raise BadChange(name, f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
    return KINDS[kind](record)


def _text(record: Record, *names: str) -> str:
    for name in names:
        value = record.get(name)
        if isinstance(value, str) and value:
            return value
    wanted = " or ".join(f'"{name}"' for name in names)
    raise BadChange(str(record.get("id", "")), f"{record['kind']} needs {wanted}")


def _order(record: Record) -> tuple[str, ...]:
    order = record.get("order")
    if order is None:
        return ()
    if isinstance(order, Sequence) and not isinstance(order, str | bytes):
        return tuple(map(str, order))
    raise BadChange(str(record.get("id", "")), "order must be a list of columns")


KINDS: Final[Mapping[str, Callable[[Record], Change]]] = {
    "drop_column": lambda of: DropColumn(_text(of, "table"), _text(of, "column")),
    "rename_column": lambda of: RenameColumn(
        _text(of, "table"), _text(of, "column"), unquoted(_text(of, "new"))
    ),
    "type_change": lambda of: RetypeColumn(
        _text(of, "table"), _text(of, "column"), _text(of, "new", "type")
    ),
    "nullable_change": lambda of: SetNullable(
        _text(of, "table"), _text(of, "column"), bool(of.get("nullable", True))
    ),
    "add_column": lambda of: AddColumn(
        _text(of, "table"), unquoted(_text(of, "new", "column")), _text(of, "type")
    ),
    "reorder": lambda of: ReorderColumns(_text(of, "table"), _order(of)),
    "drop_table": lambda of: DropTable(_text(of, "table")),
    "rename_table": lambda of: RenameTable(_text(of, "table"), _text(of, "new")),
    "edit": lambda of: EditStatement(
        _text(of, "table"), _text(of, "sql"), document=str(of.get("file") or "")
    ),
}
"""What each kind needs, in the words of the files that `lineage impact --changes` takes."""
