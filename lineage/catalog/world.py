"""Which table a name means, for the statements of each job, in one state of the estate.

Datasets live in namespaces, and SQL does not name those. A name means, in this order: a dataset
that the job itself declares as input or output, a dataset of the namespaces that the job writes,
the one dataset of all other namespaces that has exactly this name. Names given by symlinks count.

A `World` is one state: the tables as they are. A what-if is a world on top of another in which a
few tables differ; finding a name costs nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from lineage.model.entities import Dataset, Job
from lineage.model.identity import DatasetId
from lineage.model.names import parts_of
from lineage.sql.relation import Parts, Schema, Table

Columns = tuple[tuple[str, str | None], ...]
"""Names and types of columns, in order."""


class DatasetTable(Table):
    """A table that is a dataset of the estate."""

    __slots__ = ("dataset",)

    def __init__(
        self, dataset: DatasetId, parts: Parts, columns: Columns | None, *, kind: str = "table"
    ) -> None:
        super().__init__(parts, columns, kind=kind)
        self.dataset = dataset

    @property
    def listed(self) -> Columns:
        """The columns; those that are known, where nobody listed all."""
        return self.partly if self.columns is None else self.columns

    def with_some(self, partly: Columns, gone: frozenset[str]) -> DatasetTable:
        """Return the table with what is known of columns that nobody listed."""
        found = DatasetTable(self.dataset, self.parts, None, kind=self.kind)
        found.partly, found.gone = partly, gone
        return found


class Names:
    """Which dataset a name means, wherever it is written. Knows names only, no columns."""

    def __init__(self, datasets: Mapping[DatasetId, Dataset]) -> None:
        self._names: dict[str, list[tuple[Parts, DatasetId]]] = {}
        self._everywhere: dict[Parts, set[DatasetId]] = {}
        self._homes: dict[tuple[str, ...], Schema] = {}
        self._scopes: dict[tuple[int, str | None, str | None], Schema] = {}
        for id_, dataset in datasets.items():
            self._learn(id_.namespace, parts_of(id_.name), id_)
            for alias in dataset.aliases:
                self._learn(alias.namespace, parts_of(alias.name), id_)

    def _learn(self, namespace: str, parts: Parts, id_: DatasetId) -> None:
        self._names.setdefault(namespace, []).append((parts, id_))
        key = tuple(part.lower() for part in parts)
        self._everywhere.setdefault(key, set()).add(id_)

    def scope(self, job: Job) -> Schema:
        """Return the names that the statements of a job may use."""
        homes = tuple(sorted({id_.namespace for id_ in (job.outputs or job.inputs)}))
        if not homes:
            homes = (job.id.namespace,)
        home = self._home(homes)
        foreign = {id_ for id_ in (*job.inputs, *job.outputs) if id_.namespace not in homes}
        if foreign:
            home = Schema(parent=home, database=job.database, schema=job.schema)
            for id_ in sorted(foreign):
                home.add(DatasetTable(id_, parts_of(id_.name), None))
            return home
        key = (id(home), job.database, job.schema)
        found = self._scopes.get(key)
        if found is None:
            found = Schema(parent=home, database=job.database, schema=job.schema)
            self._scopes[key] = found
        return found

    def _home(self, homes: tuple[str, ...]) -> Schema:
        found = self._homes.get(homes)
        if found is not None:
            return found
        found = self._homes[homes] = Schema()
        taken: set[Parts] = set()
        for namespace in homes:
            for parts, id_ in self._names.get(namespace, ()):
                taken.add(tuple(part.lower() for part in parts))
                found.add(DatasetTable(id_, parts, None))
        for key, ids in self._everywhere.items():
            if key not in taken and len(ids) == 1:
                found.add(DatasetTable(next(iter(ids)), key, None))
        return found


class World:
    """The tables of an estate in one state; on top of ``parent``, if there is one."""

    def __init__(self, parent: World | None = None) -> None:
        self.parent = parent
        self._tables: dict[DatasetId, DatasetTable | None] = {}
        self._added: dict[Parts, DatasetTable] = {}
        self._forbidden: set[Parts] = set()

    def child(self) -> World:
        """Return a world in which nothing differs yet."""
        return World(self)

    def table(self, id_: DatasetId) -> DatasetTable | None:
        """Return a dataset's table; None if it is gone or was never there."""
        world: World | None = self
        while world is not None:
            if id_ in world._tables:  # noqa: SLF001 - of the same class
                return world._tables[id_]  # noqa: SLF001 - of the same class
            world = world.parent
        return None

    def gone(self, id_: DatasetId) -> bool:
        """Return whether a dataset was taken away."""
        world: World | None = self
        while world is not None:
            if id_ in world._tables:  # noqa: SLF001 - of the same class
                return world._tables[id_] is None  # noqa: SLF001 - of the same class
            world = world.parent
        return False

    def put(self, table: DatasetTable) -> None:
        """Give a dataset this table from now on."""
        self._tables[table.dataset] = table

    def remove(self, id_: DatasetId) -> None:
        """Take a dataset away: naming it is an error."""
        self._tables[id_] = None

    def add(self, table: DatasetTable) -> None:
        """Add a dataset under a name that `Names` does not know."""
        self.put(table)
        self._added[tuple(part.lower() for part in table.parts)] = table

    def added(self, key: Parts) -> DatasetTable | None:
        """Return the table that was added under a name, or under a longer one that ends so."""
        world: World | None = self
        while world is not None:
            for name, table in world._added.items():  # noqa: SLF001 - of the same class
                size = min(len(name), len(key))
                if name[-size:] == key[-size:] and world.table(table.dataset) is table:
                    return table
            world = world.parent
        return None

    def forbid(self, parts: Parts) -> None:
        """Make a name that `Names` does not know an error, and not a gap in what we know."""
        self._forbidden.add(tuple(part.lower() for part in parts))

    def forbidden(self, key: Parts) -> bool:
        """Return whether a name is that of a table which is known to be gone."""
        return any(_ends(key, name) for name in self._forbidden)


class View(Schema):
    """What one job's statements see of a world; what they define hides what is there."""

    __slots__ = ("_scope", "_world")

    def __init__(self, world: World, scope: Schema) -> None:
        super().__init__(database=scope.database, schema=scope.default)
        self._world: Final = world
        self._scope: Final = scope

    def child(self) -> Schema:
        """Return a view whose additions leave this one alone."""
        return View(self._world, self._scope)

    def _find(self, key: Parts) -> Table | None:
        if key[-1] in self._by_last or self._gone:
            found = super()._find(key)
            if found is not None:
                return found
            if any(_ends(key, gone) for gone in self._gone):
                return None
        added = self._world.added(key)
        if added is not None:
            return added
        named = self._named(key)
        return self._world.table(named.dataset) if isinstance(named, DatasetTable) else None

    def gone(self, parts: Parts) -> bool:
        """Return whether a table of this name was taken away, here or in the world."""
        if super().gone(parts):
            return True
        if self._world.forbidden(tuple(part.lower() for part in parts)):
            return True
        named = self._named(parts)
        return isinstance(named, DatasetTable) and self._world.gone(named.dataset)

    def _named(self, parts: Parts) -> Table | None:
        """Return the table of a name; producers tell a part with dots in it without its quotes."""
        found = self._scope.find(parts)
        if found is None and any("." in part for part in parts):
            found = self._scope.find(tuple(piece for part in parts for piece in part.split(".")))
        return found

    def tables(self) -> Iterator[Table]:
        """Yield every table that can be seen from here, in name order."""
        for named in self._scope.tables():
            found = self.find(named.parts)
            if found is not None:
                yield found

    def dataset(self, table: Table) -> DatasetId | None:
        """Return the dataset that a table of a script stands for, if the estate knows it."""
        if isinstance(table, DatasetTable):
            return table.dataset
        named = self._named(table.parts)
        if isinstance(named, DatasetTable):
            return named.dataset
        added = self._world.added(tuple(part.lower() for part in table.parts))
        return added.dataset if added is not None else None


def _ends(short: Parts, long: Parts) -> bool:
    size = min(len(short), len(long))
    return short[-size:] == long[-size:]


def tables(
    datasets: Iterable[Dataset], columns: Mapping[DatasetId, Columns | None]
) -> Iterator[DatasetTable]:
    """Yield a table a dataset, with the columns that are given for it."""
    for dataset in datasets:
        yield DatasetTable(
            dataset.id, parts_of(dataset.id.name), columns.get(dataset.id), kind=dataset.kind.value
        )
