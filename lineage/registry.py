"""Finds one-file extensions: each module of a package declares one named constant.

    READERS = Registry("lineage.sources", "READER", Reader)
    READERS.get("dbt")          # imports lineage/sources/dbt.py, and nothing else

The module's name is the extension's public name. Importing is put off until an extension is
asked for, so `lineage --help` does not pay for sqlglot. Modules whose name starts with an
underscore, and those named in `besides`, belong to the package and are no extensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

from lineage.errors import ExtensionError, UnknownExtension

T = TypeVar("T")


class Registry(Generic[T]):
    """The extensions of one kind, by module name."""

    def __init__(
        self, package: str, constant: str, kind: type[T], *, besides: tuple[str, ...] = ()
    ) -> None:
        self._package = package
        self._constant = constant
        self._kind = kind
        self._besides = frozenset(besides)

    def names(self) -> tuple[str, ...]:
        """Return every extension's name in alphabetical order, importing none of them."""
        path = import_module(self._package).__path__
        return tuple(
            sorted(
                module.name
                for module in iter_modules(path)
                if not module.name.startswith("_") and module.name not in self._besides
            )
        )

    def get(self, name: str) -> T:
        """Import one extension.

        Raises UnknownExtension when there is none of that name, and ExtensionError naming the
        file at fault when it does not declare what it must. The name is looked up before it is
        imported: it may come from a command line, and must not be able to reach other modules.
        """
        known = self.names()
        if name not in known:
            raise UnknownExtension(self._constant.lower(), name, known)
        module = import_module(f"{self._package}.{name}")
        found = getattr(module, self._constant, None)
        if not isinstance(found, self._kind):
            msg = f"{module.__file__} must declare {self._constant}: {self._kind.__name__}."
            raise ExtensionError(msg)
        return found

    def __iter__(self) -> Iterator[T]:
        """Import all of them, in name order."""
        return (self.get(name) for name in self.names())
