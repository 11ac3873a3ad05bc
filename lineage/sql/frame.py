"""What a name can mean at one place of a query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lineage.sql.relation import NOTHING, Column, Origins, Parts, Relation

if TYPE_CHECKING:
    from sqlglot import exp


class Entry:
    """One item of a FROM clause, under the name that the query gives it."""

    __slots__ = ("alias", "hidden", "parts", "relation", "shown")

    def __init__(self, alias: str, relation: Relation, parts: Parts = ()) -> None:
        self.alias = alias
        self.relation = relation
        self.parts = parts
        self.hidden: frozenset[str] = frozenset()
        """Names that a star leaves out, because a USING join shows them once already."""
        self.shown = True
        """A bare star shows it."""

    def answers_to(self, qualifier: Parts) -> bool:
        """Return whether ``a.b`` in ``a.b.column`` means this entry (all lower case)."""
        if len(qualifier) == 1:
            return qualifier[0] == self.alias
        return self.parts[-len(qualifier) :] == qualifier


class Frame:
    """The FROM clause of one SELECT, inside the frame of the query around it."""

    __slots__ = (
        "aggregates", "aliases", "busy", "ctes", "entries", "group", "heads", "merged", "parent",
        "position", "projections", "read_windows", "refused", "together", "unfolded", "values",
        "windows",
    )  # fmt: skip

    def __init__(self, ctes: CteScope, parent: Frame | None = None) -> None:
        self.entries: list[Entry] = []
        self.merged: dict[str, Column] = {}
        """Columns that USING or NATURAL joined into one."""
        self.refused: dict[str, Problem] = {}
        """Why some of those cannot be named: the types of both sides do not mix."""
        self.together: dict[str, set[Entry]] = {}
        """The items whose columns those are; all items for a name that is not listed."""
        self.heads: dict[str, Entry] = {}
        """By such a column the first item of the joins it is of: there a star shows it."""
        self.group = 0
        """The first item of those that the next join joins to: commas part them."""
        self.parent = parent
        self.ctes = ctes
        self.projections: dict[str, tuple[int, exp.Expr]] = {}
        """Aliased expressions of the SELECT list, by lower-case alias, with their position."""
        self.values: dict[str, tuple[str | None, object]] = {}
        """Variables of lambdas and comprehensions that are in scope."""
        self.aliases: dict[str, Column] = {}
        self.busy: set[str] = set()
        self.position = 0
        """How many expressions of the SELECT list may be named by their alias so far."""
        self.windows: dict[str, exp.Window] = {}
        self.read_windows: set[str] = set()
        self.aggregates = False
        """An expression of the SELECT list aggregates, perhaps over a window only."""
        self.unfolded: Origins = NOTHING
        """Collections that the SELECT list makes rows of."""

    def is_merged(self, key: str, entry: Entry) -> bool:
        """Return whether an item's column is one of those that were joined into one."""
        together = self.together.get(key)
        return together is None or entry in together


class Cte:
    """A common table expression, bound when it is first read."""

    __slots__ = ("busy", "name", "node", "parent", "relation", "scope", "used")

    def __init__(
        self, name: str, node: exp.CTE | None, scope: CteScope, parent: Frame | None = None
    ) -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.parent = parent
        self.relation: Relation | None = None
        self.busy = False
        self.used = False


class CteScope:
    """The common table expressions that can be named here."""

    __slots__ = ("here", "parent")

    def __init__(self, parent: CteScope | None = None) -> None:
        self.here: dict[str, Cte] = {}
        self.parent = parent

    def find(self, name: str) -> Cte | None:
        """Return the nearest CTE called ``name`` (lower case)."""
        scope: CteScope | None = self
        while scope is not None:
            found = scope.here.get(name)
            if found is not None:
                return found
            scope = scope.parent
        return None


@dataclass(frozen=True, slots=True)
class Routine:
    """A function or macro whose body is an expression or a query; ``names`` are its parameters."""

    names: tuple[str, ...]
    body: exp.Expr


Routines = Mapping[tuple[str, int], Routine]
"""Macros and functions by name, in lower case, and number of parameters."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a statement does not bind, or may not. ``place`` is (line, column) in the statement."""

    code: str
    message: str
    place: tuple[int, int] = (0, 0)
    column: str | None = None
    certain: bool = True
    """False when a missing schema or an unknown function leaves it open."""
