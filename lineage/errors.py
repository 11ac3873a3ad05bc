"""Our exception tree.

* LineageError
  x RequestError         what was asked for cannot be answered as it was asked
    + UnknownName        no dataset, column or job goes by that name
    + AmbiguousName      several do
    + BadChange          a proposed change does not say what it must
    + BadLine            a line of a file of changes is one of these errors
    + UnknownWitness     an engine that was asked for as a witness cannot be asked
    + BadPolicy          a configuration file or a baseline does not say what it must
    + UnknownDialect     there is no SQL dialect of that name
    + UnknownRevision    git has no such commit, branch or tag
  x SourceError          a document could not be read
    + UnreadableSource   it could not be opened
    + BrokenSource       it could not be read to its end
    + UnknownFormat      no reader recognises it
  x StoreError           a store could not be opened, read or written
    + StoreMissing       there is none at that place
    + UnusableStore      something is there that cannot be used
    + BadIndex           the index beside it is damaged, or another version's
  x ExtensionError       a reader, report, rule or store is wrongly declared
    + UnknownExtension   there is none of that name

Only wrong use and things that stop the work raise. A document that was read but is imperfect
yields a `lineage.model.Diagnostic` instead, and the rest of it is still used.

Each error keeps its facts as attributes and writes its message from them, so nobody has to
match text. The facts are also the constructor's arguments, in order: that is what lets an error
travel between processes.
"""

from __future__ import annotations


class LineageError(Exception):
    """Base class. Catch this to catch everything this library raises on purpose."""


class RequestError(LineageError):
    """What was asked for cannot be answered as it was asked."""


class UnknownName(RequestError):
    """Nothing goes by that name; `nearest` holds the names that look most like it."""

    def __init__(self, kind: str, name: str, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(kind, name, nearest)
        self.kind = kind
        self.name = name
        self.nearest = nearest

    def __str__(self) -> str:
        if self.nearest:
            return f'unknown {self.kind} "{self.name}"; did you mean {_either(self.nearest)}?'
        return (
            f'unknown {self.kind} "{self.name}", and nothing looks like it; '
            f"list what there is with `lineage search`."
        )


class AmbiguousName(RequestError):
    """Several things go by that name; `candidates` holds the full name of each."""

    def __init__(self, kind: str, name: str, candidates: tuple[str, ...]) -> None:
        super().__init__(kind, name, candidates)
        self.kind = kind
        self.name = name
        self.candidates = candidates

    def __str__(self) -> str:
        listed = "".join(f"\n  {candidate}" for candidate in self.candidates)
        return (
            f'{self.kind} "{self.name}" is ambiguous; '
            f"write more of the name to choose one of:{listed}"
        )


class BadChange(RequestError):
    """A proposed change does not say what it must; `change` is its id, if it has one."""

    def __init__(self, change: str, reason: str) -> None:
        super().__init__(change, reason)
        self.change = change
        self.reason = reason

    def __str__(self) -> str:
        return f"change {self.change}: {self.reason}." if self.change else f"{self.reason}."


class BadLine(RequestError):
    """What a line of a file asks for cannot be answered: `place` names it, `reason` says why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


class UnknownWitness(RequestError):
    """An engine cannot be asked: it is not known, not installed, or not there."""

    def __init__(self, engine: str, reason: str) -> None:
        super().__init__(engine, reason)
        self.engine = engine
        self.reason = reason

    def __str__(self) -> str:
        return f'cannot ask "{self.engine}": {self.reason}.'


class BadPolicy(RequestError):
    """A configuration file or a baseline does not say what it must."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place = place
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}."


class UnknownDialect(RequestError):
    """There is no SQL dialect of that name; `nearest` look most like it, `known` are all."""

    def __init__(self, name: str, nearest: tuple[str, ...], known: tuple[str, ...]) -> None:
        super().__init__(name, nearest, known)
        self.name = name
        self.nearest = nearest
        self.known = known

    def __str__(self) -> str:
        if self.nearest:
            return f'unknown dialect "{self.name}"; did you mean {_either(self.nearest)}?'
        return f'unknown dialect "{self.name}"; there are: {", ".join(self.known)}.'


class UnknownRevision(RequestError):
    """Neither a path, nor a commit, branch or tag that git knows; `reason` is git's."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(name, reason)
        self.name = name
        self.reason = reason

    def __str__(self) -> str:
        return (
            f'"{self.name}" is no path, and git does not know it ({self.reason}); '
            f"in CI, fetch the whole history (actions/checkout with fetch-depth: 0)."
        )


class SourceError(LineageError):
    """A document could not be read."""


class UnreadableSource(SourceError):
    """The document could not be opened; `reason` is the operating system's."""

    def __init__(self, document: str, reason: str) -> None:
        super().__init__(document, reason)
        self.document = document
        self.reason = reason

    def __str__(self) -> str:
        return (
            f"{self.document}: cannot be opened ({self.reason}); "
            f"check the path and its permissions."
        )


class BrokenSource(SourceError):
    """The document could not be read to its end: `reason` says why, and what to do."""

    def __init__(self, document: str, reason: str) -> None:
        super().__init__(document, reason)
        self.document = document
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.document}: {self.reason}."


class UnknownFormat(SourceError):
    """No reader recognises the document; `known` names the readers that were asked."""

    def __init__(self, document: str, known: tuple[str, ...]) -> None:
        super().__init__(document, known)
        self.document = document
        self.known = known

    def __str__(self) -> str:
        return (
            f"{self.document}: no reader recognises this document; "
            f"what can be read: {', '.join(self.known)}."
        )


class StoreError(LineageError):
    """A store could not be opened, read or written."""


class StoreMissing(StoreError):
    """There is no store at that place."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url

    def __str__(self) -> str:
        return f"{self.url}: there is no store here; make one with `lineage ingest PATH`."


class UnusableStore(StoreError):
    """What is there cannot be used as a store: `reason` says why, and what to do."""

    def __init__(self, url: str, reason: str) -> None:
        super().__init__(url, reason)
        self.url = url
        self.reason = reason

    def __str__(self) -> str:
        return f"{self.url}: the store cannot be used: {self.reason}."


class BadIndex(StoreError):
    """The bytes are no index that this version can use; building it again always helps."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def __str__(self) -> str:
        return f"the index cannot be used ({self.reason}); build it again with `lineage ingest`."


class ExtensionError(LineageError):
    """A reader, report, rule or store is wrongly declared."""


class UnknownExtension(ExtensionError):
    """No extension of that kind has that name; `known` names those that exist."""

    def __init__(self, kind: str, name: str, known: tuple[str, ...]) -> None:
        super().__init__(kind, name, known)
        self.kind = kind
        self.name = name
        self.known = known

    def __str__(self) -> str:
        return f'no {self.kind} is called "{self.name}"; there are: {", ".join(self.known)}.'


def _either(names: tuple[str, ...]) -> str:
    """Join names as in speech: `a`, `a or b`, `a, b or c`."""
    *firsts, last = names
    return f"{', '.join(firsts)} or {last}" if firsts else last
