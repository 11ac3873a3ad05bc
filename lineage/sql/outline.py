"""What a script holds, before anything is bound: its statements and what each is there for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from lineage.sql.dialect import parser_dialect, rules_for
from lineage.sql.parse import Parsed, parse
from lineage.sql.relation import Parts
from lineage.sql.routine import makes_routine
from lineage.sql.typing import type_system


class Role(StrEnum):
    """What a statement does to the estate."""

    DECLARE = "declare"
    """Says what columns a table has."""
    FILL = "fill"
    """Writes a table or defines a view, from a query."""
    QUERY = "query"
    """Reads, and writes nothing."""
    ALTER = "alter"
    """Changes what names mean for the statements after it."""
    SILENT = "silent"
    """Neither reads nor writes columns: grants, comments, schemas."""
    BROKEN = "broken"
    """Could not be parsed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as CREATE TABLE declares it."""

    name: str
    type: str | None = None
    nullable: bool | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Outline:
    """One statement, looked at from outside."""

    role: Role
    targets: tuple[Parts, ...] = ()
    makes: bool = False
    """It makes its target anew, and does not add to it."""
    view: bool = False
    temporary: bool = False
    fields: tuple[Field, ...] = ()
    reads: tuple[Parts, ...] = ()
    """Tables that it names, those of its own WITH clause left out."""
    routine: bool = False
    """It makes a macro or function whose body is bound where it is called."""
    error: str | None = None
    line: int = 1
    column: int = 1
    """Where parsing stopped, if it did."""


@dataclass(frozen=True, slots=True)
class Piece:
    """The text of one statement, and where in the script it starts (from 1)."""

    text: str
    line: int
    column: int


def split(text: str, dialect: str | None) -> list[Piece]:
    """Return the statements of a script as text; all of it as one where it cannot be cut."""
    engine = Dialect.get_or_raise(parser_dialect(dialect) or None)
    try:
        tokens = engine.tokenize(text)
    except SqlglotError:
        return [Piece(text, 1, 1)]
    pieces: list[Piece] = []
    first = None
    last = None
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            if first is not None and last is not None:
                pieces.append(_piece(text, first.start, last.end))
            first = last = None
            continue
        first = first or token
        last = token
    if first is not None and last is not None:
        pieces.append(_piece(text, first.start, last.end))
    return pieces


def _piece(text: str, start: int, end: int) -> Piece:
    # sqlglot counts the columns of tokens in its own way; lines and columns are counted here.
    line = text.count("\n", 0, start) + 1
    return Piece(text[start : end + 1], line, start - text.rfind("\n", 0, start))


@lru_cache(maxsize=16384)
def parsed(text: str, dialect: str | None) -> tuple[Parsed, ...]:
    """Return what `parse` returns, remembered: a reader and the binder ask for the same text."""
    return tuple(parse(text, dialect))


def outline(text: str, dialect: str | None) -> tuple[Outline, ...]:
    """Return an outline of each statement in `text`."""
    return tuple(found for item in parsed(text, dialect) for found in _outlines(item, dialect))


def _outlines(item: Parsed, dialect: str | None) -> Iterator[Outline]:
    if item.tree is not None and not isinstance(item.tree, exp.Command):
        yield _of(item.tree, dialect)
        return
    guessed = _guessed(item)
    if item.tree is None or guessed.targets:
        yield guessed
    else:  # a command that the parser does not know, and that names nothing: SET, GRANT, CALL
        yield Outline(Role.ALTER, reads=guessed.reads) if guessed.reads else Outline(Role.SILENT)


def _of(tree: exp.Expr, dialect: str | None) -> Outline:
    match tree:
        case exp.Create():
            return _created(tree, dialect)
        case exp.Insert() | exp.Update() | exp.Delete() | exp.Merge() | exp.Copy():
            target = _table_in(tree.this)
            targets: tuple[Parts, ...] = (_parts(target),) if target is not None else ()
            reads = _reads(tree, skip=target)
            return Outline(Role.FILL, targets, reads=reads)
        case exp.MultitableInserts():
            found = [_table_in(item.this) for item in tree.find_all(exp.Insert)]
            targets = tuple(dict.fromkeys(_parts(item) for item in found if item is not None))
            return Outline(Role.FILL, targets, reads=_reads(tree))
        case exp.Query() | exp.Values():
            into = tree.args.get("into")
            target = _table_in(into.this) if into is not None else None
            if into is not None and target is not None:
                temporary = bool(into.args.get("temporary")) or target.name.startswith("#")
                reads = _reads(tree, skip=target)
                return Outline(Role.FILL, (_parts(target),), temporary=temporary, reads=reads)
            return Outline(Role.QUERY, reads=_reads(tree))
        case exp.Alter() | exp.Use() | exp.Block() | exp.IfBlock():
            return Outline(Role.ALTER, reads=_reads(tree))
        case exp.Cache():
            return Outline(Role.ALTER, temporary=True, reads=_reads(tree))
        case _:
            return Outline(Role.SILENT)


def _created(tree: exp.Create, dialect: str | None) -> Outline:
    kind = (tree.args.get("kind") or "").upper()
    if makes_routine(tree, dialect):
        return Outline(Role.SILENT, reads=_reads(tree), routine=True)
    if kind in {"PROCEDURE", "FUNCTION", "TRIGGER"}:
        body = tree.args.get("expression")
        blocks = kind == "PROCEDURE" and body is not None
        return Outline(Role.ALTER if blocks else Role.SILENT, reads=_reads(tree) if blocks else ())
    target = _table_in(tree.this)
    if kind not in {"TABLE", "VIEW"} or target is None:
        return Outline(Role.SILENT)
    properties = tree.args.get("properties")
    temporary = target.name.startswith("#") or (
        properties is not None
        and any(isinstance(item, exp.TemporaryProperty) for item in properties.expressions)
    )
    view = kind == "VIEW"
    body = tree.args.get("expression")
    if isinstance(body, exp.Query | exp.Table | exp.Values) or tree.args.get("clone") is not None:
        reads = _reads(tree, skip=target)
        return Outline(
            Role.FILL, (_parts(target),), makes=True, view=view, temporary=temporary, reads=reads
        )
    if tree.find(exp.LikeProperty) is not None:
        return Outline(Role.ALTER, (_parts(target),), temporary=temporary)
    fields = _fields(tree.this, dialect)
    partitions = tree.find(exp.PartitionedByProperty)
    if partitions is not None and isinstance(partitions.this, exp.Schema):
        fields = (*fields, *_fields(partitions.this, dialect))
    return Outline(Role.DECLARE, (_parts(target),), temporary=temporary, fields=fields)


def _fields(node: exp.Expr, dialect: str | None) -> tuple[Field, ...]:
    if not isinstance(node, exp.Schema):
        return ()
    rules = rules_for(dialect)
    normalize = type_system(rules.dialect).normalize
    found = []
    for item in node.expressions:
        if isinstance(item, exp.Identifier):
            found.append(Field(item.name))
        if not isinstance(item, exp.ColumnDef):
            continue
        kind = item.args.get("kind")
        text = rules.type_text(kind) if isinstance(kind, exp.DataType) else None
        nullable = None
        description = None
        for constraint in item.args.get("constraints") or ():
            what = constraint.args.get("kind")
            if isinstance(what, exp.NotNullColumnConstraint):
                nullable = bool(what.args.get("allow_null"))
            elif isinstance(what, exp.PrimaryKeyColumnConstraint):
                nullable = False
            elif isinstance(what, exp.CommentColumnConstraint):
                description = what.this.name
        found.append(Field(item.name, normalize(text) if text else None, nullable, description))
    return tuple(found)


def _table_in(node: object) -> exp.Table | None:
    if isinstance(node, exp.Schema):
        node = node.this
    return node if isinstance(node, exp.Table) else None


def _parts(table: exp.Table) -> Parts:
    return tuple(part.name for part in table.parts if part.name)


def _reads(tree: exp.Expr, skip: exp.Table | None = None) -> tuple[Parts, ...]:
    """Return the tables that are named, less the names of CTEs: more may be meant, never fewer."""
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    found: dict[Parts, None] = {}
    for table in tree.find_all(exp.Table):
        parts = _parts(table)
        if table is skip or not parts or (len(parts) == 1 and parts[0].lower() in ctes):
            continue
        found[parts] = None
    return tuple(found)


_PART = r"(?:[\w$#-]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])"
_NAME = rf"({_PART}(?:\s*\.\s*{_PART})*)"
_WRITES = re.compile(
    r"\b(?:create\s+(?:or\s+replace\s+)?(?:\w+\s+){0,2}?(?:table|view)\s+(?:if\s+not\s+exists\s+)?"
    r"|insert\s+(?:into|overwrite)\s+(?:table\s+)?|merge\s+into\s+|^\s*update\s+)" + _NAME,
    re.IGNORECASE,
)
_FROM = re.compile(r"\b(?:from|join|using)\s+" + _NAME, re.IGNORECASE)
_CTE = re.compile(r"(?:\bwith|,)\s+" + _NAME + r"\s+as\s*\(", re.IGNORECASE)
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'", re.DOTALL)
_MAX_GUESSED = 1 << 20


def _guessed(item: Parsed) -> Outline:
    """Return what the words of a statement that does not parse let one guess."""
    text = _NOISE.sub(" ", item.text[:_MAX_GUESSED])
    ctes = {_plain(match)[-1].lower() for match in _CTE.findall(text)}
    targets = tuple(dict.fromkeys(_plain(match) for match in _WRITES.findall(text)))
    reads = dict.fromkeys(_plain(match) for match in _FROM.findall(text))
    reads = {
        parts: None
        for parts in reads
        if parts not in targets and not (len(parts) == 1 and parts[0].lower() in ctes)
    }
    return Outline(
        Role.BROKEN,
        targets,
        reads=tuple(reads),
        error=item.error or "does not parse",
        line=item.line,
        column=item.column,
    )


def _plain(name: str) -> Parts:
    pieces = re.findall(r'"[^"]+"|`[^`]+`|\[[^\]]+\]|[^.\s]+', name)
    return tuple(piece.strip('"`[]') for piece in pieces)


def selected(text: str, dialect: str | None) -> tuple[str, ...]:
    """Return the columns that a query yields; none where a star hides some, or it is no query."""
    trees = [item.tree for item in parsed(text, dialect)]
    if len(trees) != 1 or not isinstance(trees[0], exp.Query) or trees[0].is_star:
        return ()
    return tuple(name for name in trees[0].named_selects if name)


def star_names(tree: exp.Expr) -> frozenset[str]:
    """Return the columns, in lower case, that a star of a statement treats apart from the rest."""
    found: set[str] = set()
    for star in tree.find_all(exp.Star):
        found.update(item.name.lower() for item in star.args.get("except_") or ())
        found.update(item.alias.lower() for item in star.args.get("replace") or ())
        for item in star.args.get("rename") or ():
            found.update((item.this.name.lower(), item.alias.lower()))
    return frozenset(found)
