"""From what a person types to a column, and back to the shortest thing they could type."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from typing import Final, NamedTuple

from lineage.errors import AmbiguousName, UnknownName
from lineage.graph.index import BOUNDARIES, Index
from lineage.model.answer import HitKind
from lineage.model.identity import DatasetId, FieldId
from lineage.model.names import joined, parts_of, starts

SCANNED: Final = 300_000
"""Names that are compared, at most, to find the nearest to a miss."""
TABLE_PAYS: Final = 500
"""Labels after which a table of all endings is quicker than looking each one up."""
LISTED: Final = 20
"""Candidates that an ambiguity lists."""
QUOTES: Final = str.maketrans("", "", '"`')


class Match(NamedTuple):
    """A column's or dataset's number, and the whole of its name."""

    kind: HitKind
    number: int
    text: str


class Names:
    """Names of one index. Keeps labels it has worked out."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._labels: dict[int, str] = {}
        self._asked = 0
        self._endings: frozenset[str] | None = None

    def resolve(self, text: str, kind: HitKind | None = None) -> FieldId | DatasetId:
        """Return what ``text``, a suffix of a whole name, stands for.

        Letter case and quotes are ignored where that leaves one thing. A whole name (without its
        namespace) wins over a suffix of a longer one, and a dataset over a column of any dataset.
        Raises UnknownName with the nearest names, AmbiguousName with the candidates.
        """
        found = self._matches(text, kind)
        if not found:
            raise UnknownName(str(kind or HitKind.COLUMN), text, self.nearest(text))
        if len(found) > 1:
            listed = [self._label(match) for match in found[: LISTED + 1]]
            shown = sorted(dict.fromkeys(listed[:LISTED]))
            if len(found) > LISTED:
                shown.append("… and more")
            raise AmbiguousName(str(kind or "name"), text, tuple(shown))
        return self._identity(found[0])

    def _identity(self, match: Match) -> FieldId | DatasetId:
        if match.kind is HitKind.COLUMN:
            return self._index.field(match.number)
        return self._index.dataset(match.number)

    def _matches(self, text: str, kind: HitKind | None = None) -> list[Match]:
        """Return what ``text`` may stand for: one thing if that can be decided."""
        wanted = text.strip()
        found = list(self._ending(wanted, kind))
        for other in () if found else _requoted(wanted):
            wanted = other
            found = list(self._ending(wanted, kind))
            if found:
                break
        for rule in (
            lambda match: match.text.endswith(wanted),
            lambda match: self._is_whole(match, wanted),
            lambda match: match.kind is HitKind.DATASET or "." in wanted,
        ):
            if len(found) > 1:
                found = list(filter(rule, found)) or found
        return found

    def _ending(self, wanted: str, kind: HitKind | None) -> Iterator[Match]:
        if not wanted:
            return
        if kind is not HitKind.COLUMN:
            for number in self._index.datasets_named(wanted):
                yield Match(HitKind.DATASET, number, self._index.dataset_text(number))
        if kind is not HitKind.DATASET:
            for number in self._index.fields_named(wanted):
                yield Match(HitKind.COLUMN, number, self._index.field_text(number))

    def _is_whole(self, match: Match, wanted: str) -> bool:
        dataset = (
            match.number if match.kind is HitKind.DATASET else self._index.dataset_of(match.number)
        )
        namespace = len(self._index.dataset(dataset).namespace) + 1
        return len(match.text) in {len(wanted), len(wanted) + namespace}

    def label(self, of: FieldId | DatasetId) -> str:
        """Return the shortest name that `resolve` takes back to ``of``; a whole one for strangers.

        For a column that is at least ``table.column``.
        """
        if isinstance(of, FieldId):
            node = self._index.find(of)
            if node is not None:
                return self._label(Match(HitKind.COLUMN, node, ""))
            return f"{self.label(of.dataset)}.{of.name}"
        number = self._index.find_dataset(of)
        if number is not None:
            return self._label(Match(HitKind.DATASET, number, ""))
        return f"{of.namespace}/{of.name}"

    def _label(self, match: Match) -> str:
        if match.kind is HitKind.COLUMN:
            return self.column_label(match.number)
        return self.dataset_label(match.number)

    def column_label(self, node: int) -> str:
        """Return the label of a column's node."""
        index = self._index
        dataset = index.dataset_of(node)
        name = index.field(node).name
        short = f"{self.dataset_label(dataset)}.{name}"
        # A dataset's label is unambiguous, and so is a column's that begins with it, unless it
        # reads as another dataset's name, or dots in column names make it read in two ways.
        if not index.meta.get("dotted") and not self._names_a_dataset(short):
            return short

        def names_it(candidate: str) -> bool:
            return [(match.kind, match.number) for match in self._matches(candidate)] == [
                (HitKind.COLUMN, node)
            ]

        return self._shortest(index.dataset_text(dataset), names_it, f".{name}")

    def _names_a_dataset(self, text: str) -> bool:
        """Return whether the name of a dataset ends so: looked up, or from a table once it pays."""
        self._asked += 1
        if self._asked < TABLE_PAYS:
            return bool(self._index.datasets_named(text, 1))
        if self._endings is None:
            wholes = (
                self._index.dataset_text(number).casefold()
                for number in range(self._index.datasets)
            )
            self._endings = frozenset(
                whole[at:] for whole in wholes for at in (0, *starts(whole, BOUNDARIES))
            )
        return text.casefold() in self._endings

    def dataset_label(self, number: int) -> str:
        """Return the label of a dataset's number."""
        known = self._labels.get(number)
        if known is None:

            def names_it(candidate: str) -> bool:
                return [(match.kind, match.number) for match in self._matches(candidate)] == [
                    (HitKind.DATASET, number)
                ]

            known = self._shortest(self._index.dataset_text(number), names_it)
            self._labels[number] = known
        return known

    def _shortest(self, whole: str, names_it: Callable[[str], bool], tail: str = "") -> str:
        for at in starts(whole, BOUNDARIES):
            if names_it(whole[at:] + tail):
                return whole[at:] + tail
        return whole + tail

    def nearest(self, text: str, count: int = 3) -> tuple[str, ...]:
        """Return the names that look most like ``text``, as labels."""
        wanted = text.strip().translate(QUOTES).casefold()
        parent, dot, last = wanted.rpartition(".")
        index = self._index
        if dot:
            # The table is right and the column is not: only its columns are meant.
            for number in index.datasets_named(parent, 2):
                columns = {
                    index.field(node).name.casefold(): node for node in index.columns(number)
                }
                near = get_close_matches(last, columns, count, 0.5)
                if near:
                    return tuple(self.column_label(columns[name]) for name in near)
        parts = wanted.count(".") + 1
        texts: dict[str, Match] = {}
        for number in range(min(index.datasets, SCANNED)):
            whole = index.dataset_text(number)
            texts.setdefault(_last(whole, parts), Match(HitKind.DATASET, number, whole))
        for node in range(min(index.fields, SCANNED)):
            whole = index.field_text(node)
            texts.setdefault(_last(whole, parts), Match(HitKind.COLUMN, node, whole))
        return tuple(self._label(texts[name]) for name in get_close_matches(wanted, texts, count))


def _requoted(text: str) -> Iterator[str]:
    """Yield what may be meant by a name that somebody wrote in quotes of their own."""
    parts = parts_of(text)
    yield f"{joined(parts[:-1])}.{parts[-1]}" if len(parts) > 1 else parts[0]
    yield joined(parts)
    yield text.translate(QUOTES)


def _last(whole: str, parts: int) -> str:
    """Return the last dotted parts of a name, folded."""
    return ".".join(whole.replace("/", ".").rsplit(".", parts)[-parts:]).casefold()
