"""What the type system is asked and what it answers."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Protocol, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 50_000


class Remembered(dict[K, V]):
    """Answers that were worked out; all are forgotten when there are too many.

    A server goes on for months, and each literal that it meets has a type of its own.
    """

    def __setitem__(self, key: K, value: V) -> None:
        """Remember one more."""
        if len(self) >= MOST:
            self.clear()
        super().__setitem__(key, value)


@dataclass(frozen=True, slots=True)
class Typed:
    """The outcome of one question to a type system.

    ``type`` is the canonical name of the result, ``error`` the message of a refusal worded as the
    engine words it. When both are ``None`` nothing is known, and ``reason`` says why. ``never`` is
    said of a conversion that binds, and fails for every value but NULL.
    """

    type: str | None
    error: str | None = None
    reason: str | None = None
    never: bool = False


class TypeSystem(Protocol):
    """The typing rules of one engine. Every answer depends on its arguments alone."""

    @property
    def source(self) -> str:
        """Where the rules come from: an engine and its version, or a document."""
        ...

    def normalize(self, text: str) -> str:
        """The canonical name of a type as written; unknown text is kept, in upper case."""
        ...

    def is_known(self, type_: str) -> bool:
        """Whether the engine has this type."""
        ...

    def literal_number(self, text: str) -> str:
        """The type of a number as written, sign included if the engine folds it in."""
        ...

    def literal_interval(self, unit: str) -> str:
        """The type of an interval of a unit, as written; none where the text itself says it."""
        ...

    def literal_string(self) -> str:
        """The type of a quoted string."""
        ...

    def literal_null(self) -> str:
        """The type of ``NULL``."""
        ...

    @property
    def undecided(self) -> frozenset[str]:
        """The types of literals until something decides them, at the latest who reads them."""
        ...

    def concrete(self, type_: str) -> str:
        """What the type becomes when it is an output column: literals lose their special type."""
        ...

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:
        """A function by its SQL name, any case; ``None`` stands for an argument of unknown type."""
        ...

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:
        """A unary or binary operator by its SQL symbol or keyword."""
        ...

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:
        """An explicit cast; ``safe`` for TRY_CAST and its like."""
        ...

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Whether a value of ``source`` is taken where ``target`` is wanted, without a cast."""
        ...

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:
        """The one type of several expressions that have to agree; see the package for the kinds."""
        ...

    def refuses_text(self, text: str, type_: str) -> bool:
        """Whether a quoted string, compared with a value of a type, fails for whatever value.

        Only said where it is certain.
        """
        ...

    def insert(self, source: str | None, target: str) -> Typed:
        """Assignment of a value to a stored column."""
        ...

    def field(self, type_: str | None, name: str) -> Typed:
        """A member of a struct, by name."""
        ...

    def element(self, type_: str | None, key: str | None = None, text: str | None = None) -> Typed:
        """What ``value[key]`` gives; ``text`` is the key if it is a literal of the query."""
        ...

    def unnest(self, type_: str | None) -> Typed:
        """What a list becomes as rows."""
        ...

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:
        """The type of a struct of these members."""
        ...

    def lambda_parameters(
        self, name: str, args: tuple[str | None, ...], count: int
    ) -> tuple[str | None, ...]:
        """Types of a lambda's ``count`` parameters, given the call's arguments before it."""
        ...
