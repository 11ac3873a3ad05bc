"""What Spark's generators yield: the columns of ``explode`` and its like, when nobody names them.

(Spark SQL reference, "LATERAL VIEW" and "Table-valued functions"; the names are the analyzer's.)
"""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.typing.spark_functions import written_call
from lineage.sql.typing.spark_shape import nested

Yielded = list[tuple[str, str | None]]
_EXPLODING = frozenset({"explode", "explode_outer"})
_NUMBERING = frozenset({"posexplode", "posexplode_outer"})
_INLINING = frozenset({"inline", "inline_outer"})
_GENERATORS = frozenset({*_EXPLODING, *_NUMBERING, *_INLINING, "stack", "json_tuple", "range"})


def generator(node: exp.Expr) -> str | None:
    """Return the name of a function that yields rows; None for any other expression."""
    call = written_call(node) if isinstance(node, exp.Func) else None
    return call[0] if call is not None and call[0] in _GENERATORS else None


def unfolds(node: exp.Expr) -> bool:
    """Return whether the number of rows is that of the elements of a collection."""
    return generator(node) in {*_EXPLODING, *_NUMBERING, *_INLINING}


def yielded(node: exp.Expr, type_: str | None) -> Yielded:
    """Return names and types of the columns; ``type_`` is that of the first argument.

    Of a collection that nobody described an array is assumed: only its length is at stake.
    """
    name = generator(node)
    parts = nested(type_ or "")
    numbered: Yielded = [("pos", "INT")] if name in _NUMBERING else []
    if name in _INLINING:
        inside = nested(parts.inner[0]) if parts is not None else None
        if inside is None or not inside.names:
            return []
        return list(zip(inside.names, inside.inner, strict=True))
    if name == "range":
        return [("id", "BIGINT")]
    if name == "stack":
        return [(f"col{place}", None) for place in range(_width(node))]
    if name == "json_tuple":
        return [(f"c{place}", "STRING") for place in range(len(node.expressions) - 1)]
    if parts is not None and parts.base == "MAP":
        return [*numbered, *zip(("key", "value"), parts.inner, strict=True)]
    return [*numbered, ("col", parts.inner[0] if parts is not None else None)]


def _width(node: exp.Expr) -> int:
    """Return how many columns ``stack(rows, …)`` deals its values out to."""
    rows = node.this.name if isinstance(node.this, exp.Literal) else ""
    values = len(node.expressions)
    return -(-values // int(rows)) if rows.isdigit() and int(rows) else values
