"""Which names mean one dataset, and which only look as if they did.

Names are merged where that is certain: a symlinks facet says so, or they differ in quotes, or in
case in an engine to which case means nothing. What merely looks alike is reported and kept apart:
a wrong merge gives wrong answers, a missing one is seen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lineage.model.diagnostic import Diagnostic, Severity
from lineage.model.identity import DatasetId
from lineage.model.names import plain_name

CASELESS = frozenset(
    {
        "athena", "awsathena", "databricks", "duckdb", "glue", "hive", "mssql", "mysql",
        "redshift", "spark", "sqlite", "sqlserver", "synapse",
    }
)  # fmt: skip
"""Engines in which `Orders` and `orders` cannot be two tables (by default, in MySQL's case).

PostgreSQL, Snowflake, Oracle and BigQuery are not among them: there quotes make two of them.
"""

UNPLACED = "sql"
"""Namespace of tables of which a document tells the name and not the place: SQL scripts."""

_QUALIFIED = 2
"""Parts that a name has at least, for the same name elsewhere to be worth mentioning."""


@dataclass(frozen=True, slots=True)
class Names:
    """Every name's dataset, for the names that are not their own."""

    canonical: Mapping[DatasetId, DatasetId] = field(default_factory=dict)
    aliases: Mapping[DatasetId, tuple[DatasetId, ...]] = field(default_factory=dict)
    diagnostics: tuple[Diagnostic, ...] = ()

    def of(self, name: DatasetId) -> DatasetId:
        """Return the dataset that goes by `name`."""
        return self.canonical.get(name, name)


def resolve(
    named: Iterable[DatasetId],
    symlinks: Iterable[tuple[DatasetId, DatasetId]] = (),
    mentioned: Iterable[DatasetId] = (),
    shortened: Iterable[DatasetId] = (),
) -> Names:
    """Bring together the names of each dataset.

    `named` are names that events give to datasets of their own; `mentioned` those that appear only
    as the source of a column. `shortened` are names in scripts of tables that must exist already:
    where exactly one name of the namespace ends so, that is the table. A symlink is a pair of a
    dataset's name and another name for it. Where several names of one dataset are in use, the one
    that others link to is kept, since tables are better known than the places they are stored at.
    """
    primary = frozenset(named)
    every = primary | frozenset(mentioned)
    groups = _Groups()
    links, diagnostics = _trusted(frozenset(symlinks), primary)
    for name in every:
        groups.join(name, unquoted(name))
    for name, other in links:
        groups.join(unquoted(name), unquoted(other))
    _join_spellings(groups, every)
    _join_unplaced(groups, every)
    short = frozenset(shortened)
    _join_shortened(groups, every, short)
    targets = {unquoted(other) for _, other in links}
    canonical: dict[DatasetId, DatasetId] = {}
    aliases: dict[DatasetId, tuple[DatasetId, ...]] = {}
    for group in groups.sets():
        used = {unquoted(name) for name in group & every}
        chosen = _chosen(used & targets or used - short or used or group)
        others = sorted(group - {chosen})
        canonical.update(dict.fromkeys(others, chosen))
        if others:
            aliases[chosen] = tuple(others)
    kept = {canonical.get(name, name) for name in every}
    diagnostics.extend(_lookalikes(kept))
    return Names(canonical, aliases, tuple(diagnostics))


def unquoted(name: DatasetId) -> DatasetId:
    """Return the name without quotes around its parts; a part with a dot in it keeps them."""
    text = plain_name(name.name)
    return name if text == name.name else DatasetId(name.namespace, text)


def caseless(namespace: str) -> bool:
    """Return whether case means nothing to the engine of a namespace."""
    return scheme(namespace) in CASELESS


def scheme(namespace: str) -> str:
    """Return the engine that a namespace names: `postgres` of `postgres://host:5432`."""
    return namespace.partition(":")[0].lower()


def _trusted(
    symlinks: frozenset[tuple[DatasetId, DatasetId]], primary: frozenset[DatasetId]
) -> tuple[list[tuple[DatasetId, DatasetId]], list[Diagnostic]]:
    """Leave out a name that several datasets claim and that no event uses: it proves nothing."""
    claims: dict[DatasetId, set[DatasetId]] = defaultdict(set)
    for name, other in symlinks:
        if name != other:
            claims[other].add(name)
    trusted: list[tuple[DatasetId, DatasetId]] = []
    diagnostics: list[Diagnostic] = []
    for other, names in sorted(claims.items()):
        if len(names) == 1 or other in primary:
            trusted.extend((name, other) for name in sorted(names))
            continue
        message = (
            f"{_list(names)} all call themselves {_show(other)}; they were not merged, because "
            f"no event uses that name"
        )
        diagnostics.append(Diagnostic("shared-symlink", message, Severity.WARNING))
    return trusted, diagnostics


def _join_spellings(groups: _Groups, every: frozenset[DatasetId]) -> None:
    spellings: dict[tuple[str, str], DatasetId] = {}
    for name in every:
        if caseless(name.namespace):
            plain = unquoted(name)
            first = spellings.setdefault((plain.namespace, plain.name.casefold()), plain)
            groups.join(first, plain)


def _join_unplaced(groups: _Groups, every: frozenset[DatasetId]) -> None:
    """Take a table of a script for the one of that name whose place is known, if one is."""
    placed: dict[str, set[DatasetId]] = defaultdict(set)
    for name in every:
        if name.namespace != UNPLACED:
            placed[unquoted(name).name.casefold()].add(unquoted(name))
    for name in every:
        found = placed.get(unquoted(name).name.casefold(), set())
        if name.namespace == UNPLACED and len(found) == 1:
            groups.join(unquoted(name), next(iter(found)))


def _join_shortened(
    groups: _Groups, every: frozenset[DatasetId], short: frozenset[DatasetId]
) -> None:
    """Take the end of a name for the whole, where only one dataset's name ends so."""
    endings: dict[tuple[str, str], set[DatasetId]] = defaultdict(set)
    wanted = {(name.namespace, unquoted(name).name.casefold()) for name in short}
    for name in every - short:
        plain = unquoted(name)
        text = plain.name.casefold()
        if (name.namespace, text) in wanted:
            endings[name.namespace, text] |= {plain, name}  # it is there itself
        while "." in text:
            text = text.partition(".")[2]
            if (name.namespace, text) in wanted:
                endings[name.namespace, text].add(plain)
    for name in short:
        found = endings.get((name.namespace, unquoted(name).name.casefold()), set())
        if len(found) == 1:
            groups.join(unquoted(name), next(iter(found)))


def _chosen(names: Iterable[DatasetId]) -> DatasetId:
    """Prefer a known place, a name without quotes, one in lower case, the first in order."""
    return min(
        names,
        key=lambda name: (
            name.namespace == UNPLACED,
            unquoted(name) != name,
            not name.name.islower(),
            name,
        ),
    )


def _lookalikes(names: Iterable[DatasetId]) -> list[Diagnostic]:
    alike: dict[str, set[DatasetId]] = defaultdict(set)
    for name in names:
        text = _normal(name)
        if text.count(".") + 1 >= _QUALIFIED or "/" in text:
            alike[text].add(name)
    diagnostics = [
        Diagnostic(
            "similar-names",
            f"{_list(group)} look like one dataset and were kept apart; if they are one, "
            f"a symlinks facet on either says so",
            Severity.NOTE,
        )
        for _, group in sorted(alike.items())
        if len(group) > 1
    ]
    return [*diagnostics, *_shorter(alike)]


def _shorter(alike: Mapping[str, set[DatasetId]]) -> list[Diagnostic]:
    """Report names that are the end of exactly one other of the same namespace."""
    endings: dict[tuple[str, str], set[DatasetId]] = defaultdict(set)
    for text, group in alike.items():
        parts = text.split(".")
        for start in range(1, len(parts) - _QUALIFIED + 1):
            for name in group:
                endings[name.namespace, ".".join(parts[start:])].add(name)
    return [
        Diagnostic(
            "similar-names",
            f"{_show(name)} may be {_show(longer)} without its database; they were kept apart",
            Severity.NOTE,
        )
        for text, group in sorted(alike.items())
        for name in sorted(group)
        if len(found := endings.get((name.namespace, text), set())) == 1
        for longer in found
    ]


def _normal(name: DatasetId) -> str:
    return unquoted(name).name.casefold().strip("./")


def _show(name: DatasetId) -> str:
    return f"{name.namespace} {name.name}".strip()


def _list(names: Iterable[DatasetId]) -> str:
    *firsts, last = map(_show, sorted(names))
    return f"{', '.join(firsts)} and {last}"


class _Groups:
    """Sets that grow together (union-find)."""

    def __init__(self) -> None:
        self._parent: dict[DatasetId, DatasetId] = {}

    def join(self, one: DatasetId, other: DatasetId) -> None:
        """Put two names in one set."""
        first, second = sorted((self._root(one), self._root(other)))
        self._parent[second] = first

    def sets(self) -> list[frozenset[DatasetId]]:
        """Return the sets of more than one name, in order."""
        found: dict[DatasetId, set[DatasetId]] = defaultdict(set)
        for name in sorted(self._parent):
            found[self._root(name)].add(name)
        return [frozenset(group) for group in found.values() if len(group) > 1]

    def _root(self, name: DatasetId) -> DatasetId:
        self._parent.setdefault(name, name)
        while (parent := self._parent[name]) != name:
            self._parent[name] = name = self._parent[parent]
        return name
