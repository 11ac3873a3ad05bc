"""SQL scripts: what each statement writes becomes a job, what it declares a dataset.

A script whose statements depend on what came before in it (temporary tables, ALTER, USE, blocks)
is one job as a whole; otherwise each statement is one of its own, so that a verdict can name it.
What is read is found by binding, later: see `lineage.catalog.derive`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lineage.catalog.identity import UNPLACED
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.entities import DatasetKind, JobKind
from lineage.model.event import Dataset, Event, Job, dataset_event, facets, job_event
from lineage.model.facet import (
    DatasetTypeFacet,
    JobTypeFacet,
    OriginFacet,
    SchemaFacet,
    SchemaField,
    SqlFacet,
)
from lineage.model.names import joined
from lineage.model.places import locate
from lineage.sources import Item, Options, Reader
from lineage.sources.document import Document
from lineage.sources.encoding import NOT_ALL_TEXT, UNDECODED
from lineage.sql.outline import Outline, Piece, Role, outline, split
from lineage.sql.template import Rendered, plain, templated

_SUFFIXES = frozenset({
    ".sql", ".ddl", ".dml", ".hql", ".pgsql", ".psql", ".tsql", ".bq", ".bqsql", ".prc", ".pls",
})  # fmt: skip
_OPEN_SUFFIXES = frozenset({"", ".gz", ".txt", ".query"})
_COMMENTS = re.compile(rb"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/|\(|;)*", re.DOTALL)
_VERBS = re.compile(
    rb"(?:select|with|insert|create|merge|update|delete|alter|drop|use|set|begin|declare|copy|from"
    rb"|replace|truncate|grant|values)\b",
    re.IGNORECASE,
)


def recognises(document: Document) -> bool:
    """Return whether it is SQL: by its suffix, or by its first word where that says nothing."""
    if document.is_folder:
        return False
    suffixes = [] if document.path is None else [text.lower() for text in document.path.suffixes]
    if suffixes[-1:] == [".gz"]:
        suffixes.pop()
    last = suffixes[-1] if suffixes else ""
    if last in _SUFFIXES:
        return True
    if last not in _OPEN_SUFFIXES:
        return False
    head = document.head()
    start = _COMMENTS.match(head)
    return b"\0" not in head and bool(_VERBS.match(head, start.end() if start else 0))


def read(document: Document, options: Options) -> Iterator[Item]:
    """Yield the events of a script, and what could not be parsed of it."""
    text = document.text()
    if UNDECODED in text:
        line = text.count("\n", 0, text.index(UNDECODED)) + 1
        yield document.problem("not-utf-8", NOT_ALL_TEXT, Severity.WARNING, line=line)
    rendered: Rendered | None = None
    if templated(text):
        rendered = plain().render(text, document=document.name)
        yield from rendered.diagnostics
        text = rendered.text
    yield from Script(document, options, text, rendered).events()


class Script:
    """The events of one document."""

    def __init__(
        self, document: Document, options: Options, text: str, rendered: Rendered | None
    ) -> None:
        self.document = document
        self.dialect = options.dialect
        self.namespace = options.namespace or UNPLACED
        self.text = text
        self.rendered = rendered
        self.places = rendered.map if rendered is not None else None

    def events(self) -> Iterator[Item]:
        """Yield datasets that are declared, jobs, and problems, in the order of the script."""
        pieces = split(self.text, self.dialect)
        outlines = [outline(piece.text, self.dialect) for piece in pieces]
        if _entangled(outlines) and len(pieces) > 1:
            yield from self._whole()
            return
        alone = sum(_is_job(found) and not _is_routine(found) for found in outlines) == 1
        for number, (piece, found) in enumerate(zip(pieces, outlines, strict=True)):
            yield from self._problems(piece, found)
            if _is_job(found):
                single = len(pieces) == 1 or (alone and not _is_routine(found))
                yield self._job(piece, found, None if single else number)
            for item in found:
                if item.role is Role.DECLARE and not item.temporary:
                    yield self._declared(piece, item)

    def _whole(self) -> Iterator[Item]:
        """Yield the script as one job."""
        whole = Piece(self.text, 1, 1)
        found = outline(self.text, self.dialect)
        yield from self._problems(whole, found)
        for item in found:
            if item.role is Role.DECLARE and not item.temporary:
                yield self._declared(whole, item)
        if _is_job(found):
            yield self._job(whole, found, None)

    # -----------------------------------------------------------------------------------------

    def _job(self, piece: Piece, found: tuple[Outline, ...], number: int | None) -> Event:
        targets = dict.fromkeys(
            target
            for item in found
            if item.role in {Role.FILL, Role.BROKEN} and not item.temporary
            for target in item.targets
        )
        broken = [item for item in found if item.role is Role.BROKEN]
        kind = DatasetKind.VIEW if any(item.view for item in found) else DatasetKind.TABLE
        place = self._place(piece, 1, 1)
        note = broken[0].error if broken else None
        if self.rendered is not None and not self.rendered.complete:
            note = "its template could not be rendered for certain"
        origin = OriginFacet(
            document=self.document.name,
            line=place.line if self.places is None else piece.line,
            column=place.column if self.places is None else piece.column,
            kind=JobKind.STATEMENT,
            relation_kind=kind if targets else None,
            statement=number,
            note=note,
            places=self._anchors(piece),
        )
        name = self._name() if number is None else f"{self._name()}#{number}"
        job = Job(
            self.namespace,
            name,
            facets(
                SqlFacet(query=piece.text, dialect=self.dialect),
                JobTypeFacet(processing_type="BATCH", integration="SQL", job_type="QUERY"),
                origin,
            ),
        )
        named = DatasetTypeFacet(dataset_type=kind.value.upper())
        added_to = _added_to(found)
        return job_event(
            job,
            outputs=[
                Dataset(
                    self.namespace,
                    joined(parts),
                    facets(None if parts in added_to else named),
                )
                for parts in targets
            ],
        )

    def _declared(self, piece: Piece, item: Outline) -> Event:
        fields = tuple(
            SchemaField(
                name=field.name,
                type=field.type,
                description=field.description,
                nullable=field.nullable,
            )
            for field in item.fields
        )
        place = self._place(piece, 1, 1)
        origin = OriginFacet(
            document=self.document.name,
            line=place.line,
            column=place.column,
            relation_kind=DatasetKind.TABLE,
        )
        described = facets(
            SchemaFacet(fields) if fields else None,
            DatasetTypeFacet(dataset_type="TABLE"),
            origin,
        )
        return dataset_event(Dataset(self.namespace, joined(item.targets[0]), described))

    def _problems(self, piece: Piece, found: tuple[Outline, ...]) -> Iterator[Diagnostic]:
        for item in found:
            if item.role is not Role.BROKEN:
                continue
            place = self._place(piece, item.line, item.column)
            shown = " ".join(piece.text.split())[:60]
            message = f"{item.error}; nothing is known of what this statement does: {shown}"
            yield Diagnostic("does-not-parse", message, Severity.ERROR, place)

    def _place(self, piece: Piece, line: int, column: int) -> Location:
        """Return where a line and column of a piece stand in the document."""
        if self.places is not None:
            shifted = piece.column + column - 1 if line == 1 else column
            found = locate(
                Location(self.document.name, 1, 1), self.places, piece.line + line - 1, shifted
            )
        else:
            start = Location(self.document.name, piece.line, piece.column)
            found = locate(start, None, line, column)
        return found or Location(self.document.name)

    def _anchors(self, piece: Piece) -> tuple[tuple[int, int, int, int, bool], ...] | None:
        """Return the part of the map of the template that is about a piece, in its own lines."""
        if self.places is None or self.places.identity:
            return None
        first = self.places.place(piece.line, piece.column)
        anchors = [(1, 1, first.line, first.column, first.exact)]
        lines = piece.text.count("\n")
        for anchor in self.places.anchors:
            if (anchor.line, anchor.column) <= (piece.line, piece.column):
                continue
            if anchor.line > piece.line + lines:
                break
            same = anchor.line == piece.line
            column = anchor.column - piece.column + 1 if same else anchor.column
            place = anchor.place
            anchors.append(
                (anchor.line - piece.line + 1, column, place.line, place.column, place.exact)
            )
        return tuple(anchors)

    def _name(self) -> str:
        """Return the document's path below the folder that was given: the same in any checkout."""
        document = self.document
        if document.path is None:
            return document.name
        if document.root is None:
            return document.path.name
        return document.path.relative_to(document.root).as_posix()


def _entangled(outlines: list[tuple[Outline, ...]]) -> bool:
    """Return whether what a statement means depends on the statements before it."""
    roles = [item for found in outlines for item in found]
    if any(item.role is Role.ALTER or (item.temporary and item.targets) for item in roles):
        return any(item.role in {Role.FILL, Role.QUERY} for item in roles)
    return False


def _added_to(found: tuple[Outline, ...]) -> set[tuple[str, ...]]:
    """Return targets that have to be there already, so that they may have a longer name elsewhere.

    A statement that reads ``raw.orders`` and writes ``orders`` means two tables.
    """
    adding = {parts for item in found if not item.makes for parts in item.targets}
    made = {parts for item in found if item.makes for parts in item.targets}
    read = {parts for item in found for parts in item.reads}
    return {
        target
        for target in adding - made
        if not any(len(parts) > len(target) and parts[-len(target) :] == target for parts in read)
    }


def _is_job(found: tuple[Outline, ...]) -> bool:
    return any(item.role in {Role.FILL, Role.QUERY, Role.BROKEN} for item in found) or any(
        item.routine or (item.role is Role.ALTER and item.reads) for item in found
    )


def _is_routine(found: tuple[Outline, ...]) -> bool:
    """Return whether a statement only makes a macro: what calls it has to know it."""
    return all(item.routine for item in found)


READER = Reader(purpose="SQL scripts", recognises=recognises, read=read)

__all__ = ["READER", "Script", "read", "recognises"]
