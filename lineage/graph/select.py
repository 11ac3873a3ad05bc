"""Picks columns by a short text, in the way that dbt users know.

orders.amount        the column, everything upstream and everything downstream
orders.amount+       it and what is downstream; +orders.amount what is upstream
2+orders.amount+1    at most two hops up, and one down
staging.*.amount+    every column whose name ends so
churn* orders+       several, together
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from fnmatch import translate

from lineage.errors import UnknownName
from lineage.graph.index import BOUNDARIES, Index
from lineage.graph.names import Names
from lineage.graph.traverse import reach
from lineage.model.answer import Direction
from lineage.model.identity import FieldId

_TERM = re.compile(r"(?:(?P<up>\d{0,9})\+)?(?P<name>[^+]+?)(?:\+(?P<down>\d{0,9}))?", re.DOTALL)


def select(index: Index, names: Names, text: str) -> set[int]:
    """Return the nodes that ``text`` picks, those that stand for whole datasets included.

    Raises UnknownName or AmbiguousName for a term without ``*`` or ``?``, as `Names.resolve` does,
    and UnknownName for a pattern that nothing matches.
    """
    found: set[int] = set()
    for term in text.split():
        parts = _TERM.fullmatch(term)
        name = parts["name"] if parts else term
        up, down = (parts["up"], parts["down"]) if parts else (None, None)
        if up is None and down is None:
            up = down = ""
        origins = list(_named(index, names, name))
        found.update(origins)
        for limit, direction in ((up, Direction.UPSTREAM), (down, Direction.DOWNSTREAM)):
            if limit is not None:
                depth = int(limit) if limit else None
                found.update(reach(index, origins, direction, depth=depth).nodes)
    return found


def _named(index: Index, names: Names, name: str) -> Iterator[int]:
    if not set(name) & set("*?"):
        found = names.resolve(name)
        if isinstance(found, FieldId):
            node = index.find(found)
            yield from () if node is None else (node,)
        else:
            number = index.find_dataset(found)
            yield from () if number is None else _all(index, [number])
        return
    # As with plain names, a pattern is a suffix that begins after a dot, a slash or a colon.
    pattern = re.compile(f"(?:.*[{BOUNDARIES}])?{translate(name.casefold())}", re.DOTALL)
    datasets = [
        number
        for number in range(index.datasets)
        if pattern.fullmatch(index.dataset_text(number).casefold())
    ]
    columns = [
        node for node in range(index.fields) if pattern.fullmatch(index.field_text(node).casefold())
    ]
    if not datasets and not columns:
        kind = "column"
        raise UnknownName(kind, name)
    yield from _all(index, datasets)
    yield from columns


def _all(index: Index, datasets: Iterable[int]) -> Iterator[int]:
    for number in datasets:
        yield from index.columns(number)
        yield from index.whole(number)
