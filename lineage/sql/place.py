"""Where in its statement a node stands."""

from __future__ import annotations

from sqlglot import exp

Place = tuple[int, int]
"""Line and column, counted from 1; (0, 0) where the parser kept no position."""


def place_of(node: exp.Expr) -> Place:
    """Return where ``node`` begins: the first position that it or something under it has.

    sqlglot keeps positions on identifiers (and some others); ``col`` is the column where the
    token *ends*, so its length is taken off.
    """
    first: tuple[int, Place] | None = None
    for item in node.walk():
        meta = item._meta  # noqa: SLF001 - .meta would create an empty dict on every node
        if meta and "start" in meta:
            start = meta["start"]
            if first is None or start < first[0]:
                first = (start, (meta["line"], meta["col"] - (meta["end"] - start)))
    return first[1] if first else (0, 0)


SCRIPT = "script"
"""Where the root of a tree keeps the text that the positions in it are those of."""


def written(node: exp.Expr) -> str | None:
    """Return the word that a function or a type was written with; None where that is not kept.

    The parser calls functions of one meaning by one name.
    """
    meta = node._meta  # noqa: SLF001 - as above
    if not meta or "start" not in meta:
        return None
    root = node.root()._meta  # noqa: SLF001 - as above
    script = root.get(SCRIPT) if root else None
    return script[meta["start"] : meta["end"] + 1] if isinstance(script, str) else None


def span_of(node: exp.Expr) -> tuple[int, int] | None:
    """Return the first and last character offset that is known of ``node``, or ``None``."""
    offsets = [
        (meta["start"], meta["end"])
        for item in node.walk()
        if (meta := item._meta) and "start" in meta  # noqa: SLF001 - as above
    ]
    if not offsets:
        return None
    return min(start for start, _ in offsets), max(end for _, end in offsets)
