"""The macros that the statements of an estate make, for those that call them elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from lineage.model.identity import DatasetId, JobId
from lineage.sql.frame import Routine, Routines
from lineage.sql.routine import calls_in, routines_of

if TYPE_CHECKING:
    from lineage.catalog.program import Unit

_NOTHING: frozenset[DatasetId] = frozenset()


class Library:
    """The macros of units, by namespace: each engine has its own."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._bodies: dict[str, dict[tuple[str, int], Routine]] = {}
        self._reads: dict[str, dict[str, frozenset[DatasetId]]] = {}
        self._makers: dict[str, dict[str, Unit]] = {}
        makers = [unit for unit in units if any(item.routine for item in unit.outlines)]
        for unit in makers:
            self._learn(unit)
        for _ in makers:  # a macro may call another, and that one a third
            for home, known in self._reads.items():
                for (name, _), routine in self._bodies[home].items():
                    known[name] |= self._read_by(home, calls_in(routine.body))

    def _learn(self, unit: Unit) -> None:
        bodies = self._bodies.setdefault(unit.id.namespace, {})
        reads = self._reads.setdefault(unit.id.namespace, {})
        for statement in unit.statements:
            made = routines_of(statement.tree, unit.dialect) if statement.tree is not None else {}
            bodies.update(made)
            reads.update((name, unit.reads) for name, _ in made)
            self._makers.setdefault(unit.id.namespace, {}).update((name, unit) for name, _ in made)

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self._bodies)

    def routines(self, unit: Unit) -> Routines:
        """Return what a unit may call."""
        return self._bodies.get(unit.id.namespace, {})

    def reads(self, unit: Unit) -> frozenset[DatasetId]:
        """Return what the macros read that a unit calls."""
        home = unit.id.namespace
        if home not in self._reads:
            return _NOTHING
        trees = (statement.tree for statement in unit.statements)
        names = (calls_in(tree) for tree in trees if tree is not None)
        return _NOTHING.union(*(self._read_by(home, found) for found in names))

    def makers(self, unit: Unit) -> tuple[Unit, ...]:
        """Return the units that make the macros that a unit calls, those that they call first."""
        known = self._makers.get(unit.id.namespace)
        if not known:
            return ()
        found: dict[JobId, Unit] = {}
        self._collect(unit, known, found)
        return tuple(maker for id_, maker in found.items() if id_ != unit.id)

    def _collect(self, unit: Unit, known: dict[str, Unit], found: dict[JobId, Unit]) -> None:
        for statement in unit.statements:
            for name in sorted(calls_in(statement.tree)) if statement.tree is not None else ():
                maker = known.get(name)
                if maker is not None and maker is not unit and maker.id not in found:
                    self._collect(maker, known, found)
                    found[maker.id] = maker

    def _read_by(self, home: str, names: set[str]) -> frozenset[DatasetId]:
        known = self._reads[home]
        return _NOTHING.union(*(known[name] for name in names & known.keys()))
