"""Struct types taken apart and put together, whichever engine's words they are in."""

from __future__ import annotations

from functools import lru_cache

from lineage.sql.typing.shape import Shape, read, write


@lru_cache(maxsize=4096)
def fields(type_: str) -> tuple[tuple[str, str], ...]:
    """Return the (name, type) pairs of a struct type; nothing for any other type."""
    if "(" not in type_ and "<" not in type_:
        return ()
    try:
        shape = read(type_, {})
    except ValueError:
        return ()
    if shape.id != "STRUCT":
        return ()
    return tuple(zip(shape.names, (write(child) for child in shape.children), strict=True))


def struct(names: tuple[str, ...], types: tuple[str, ...]) -> str:
    """Return the type of a struct with these fields."""
    try:
        children = tuple(read(type_, {}) for type_ in types)
    except ValueError:
        return "STRUCT(" + ", ".join(f"{n} {t}" for n, t in zip(names, types, strict=True)) + ")"
    return write(Shape("STRUCT", children, names))
