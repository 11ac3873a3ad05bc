"""A proposed change to a relation: the *what if* of an impact question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from lineage.model.identity import JobId


@dataclass(frozen=True, slots=True)
class DropColumn:
    """``table`` loses ``column``."""

    table: str
    column: str


@dataclass(frozen=True, slots=True)
class RenameColumn:
    """``column`` of ``table`` is called ``new``, in the same place."""

    table: str
    column: str
    new: str


@dataclass(frozen=True, slots=True)
class RetypeColumn:
    """``column`` of ``table`` gets the type ``type``, in the words of the estate's dialect."""

    table: str
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class SetNullable:
    """``column`` of ``table`` may (or may no longer) be NULL."""

    table: str
    column: str
    nullable: bool


@dataclass(frozen=True, slots=True)
class AddColumn:
    """``table`` gains ``column``, appended last."""

    table: str
    column: str
    type: str


@dataclass(frozen=True, slots=True)
class ReorderColumns:
    """The columns of ``table`` come in ``order``; if that is empty, the first moves to the end."""

    table: str
    order: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DropTable:
    """``table`` is gone (a deleted model too)."""

    table: str


@dataclass(frozen=True, slots=True)
class RenameTable:
    """``table`` is called ``new``; a ``new`` without a schema stays in the old one."""

    table: str
    new: str


@dataclass(frozen=True, slots=True)
class EditStatement:
    """``table`` is made by ``sql`` from now on.

    A table that did not exist is a new one, if ``sql`` itself creates it under that name.
    """

    table: str
    sql: str
    job: JobId | None = None
    """Which of the statements that write the table is meant; None for the one that makes it."""
    document: str = ""
    """The file that ``sql`` is all of; empty where it stands in the place of what was there."""


Change: TypeAlias = (
    DropColumn
    | RenameColumn
    | RetypeColumn
    | SetNullable
    | AddColumn
    | ReorderColumns
    | DropTable
    | RenameTable
    | EditStatement
)


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """Changes made together, in order. ``id`` is the caller's own name for the set."""

    changes: tuple[Change, ...]
    id: str = ""
