"""Values of templates that nobody knows: printed, tested and called without failing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from jinja2 import (
    Undefined,
)


def placeholder(written: str) -> str:
    """Return the identifier that stands for an unknown value, made from how it was written."""
    return "__" + (re.sub(r"\W+", "_", written).strip("_").lower()[:60] or "value") + "__"


_SHOWN = 40
"""Characters of a value that are shown in messages."""
_PROBED = frozenset({"alters_data", "jinja_pass_arg", "unsafe_callable"})
"""Attributes that Jinja and Python look for on whatever they are given (dunder names apart): an
answer would make an unknown value look like anything at all."""


class Run(Protocol):
    """The rendering that a value is met in, which is asked and told of it."""

    def decide(self, condition: str, value: Unknown) -> bool:
        """Return what is assumed of an unknown condition."""

    def shapes(self, value: Unknown) -> None:
        """Note that the text depends on a value in a way that cannot be tried."""

    def printed(self, value: Unknown) -> str:
        """Return the placeholder of a value that reaches the text."""


class Runs(Protocol):
    """Whatever renders: it knows the rendering that is going on."""

    lacking: bool
    """Whether packages are missing, so that their names are not known."""

    @property
    def run(self) -> Run:
        """The rendering that is going on."""


# Jinja types every operation on an undefined value as never returning; here they all do.
_Undefined: Any = Undefined


class Unknown(_Undefined):  # type: ignore[misc]
    """A value that nobody knows: anything done with it is unknown too, and remembered."""

    __slots__ = ("called", "environment", "given", "written")
    called: bool
    environment: Runs
    given: bool
    """Whether somebody has it, so that only its value is not known."""
    written: str

    def __init__(
        self, environment: Runs, written: str, *, called: bool = False, given: bool = False
    ) -> None:
        super().__init__(name=written)
        self.environment = environment
        self.written = written[:200]
        self.called = called
        self.given = given

    @property
    def run(self) -> Run:
        """The rendering that is going on."""
        return self.environment.run

    def within(self, written: str, *, called: bool = False) -> Unknown:
        """Return another unknown value, made from this one."""
        return Unknown(self.environment, written, called=called or self.called, given=self.given)

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__") or name in _PROBED:
            raise AttributeError(name)
        return self.within(f"{self.written}.{name}")

    def __getitem__(self, key: object) -> Unknown:
        return self.within(f"{self.written}[{key!r}]")

    def __call__(self, *args: object, **kwargs: object) -> Unknown:
        """Return the unknown result of a call, written with its arguments."""
        shown = [short(value) for value in args]
        shown += [f"{name}={short(value)}" for name, value in kwargs.items()]
        return self.within(f"{self.written}({', '.join(shown)})", called=True)

    def _operated(self, other: object) -> Unknown:
        return self.within(f"{self.written} {short(other)}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operated
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _operated
    __mod__ = __rmod__ = __pow__ = __rpow__ = _operated

    def __neg__(self) -> Unknown:
        return self.within(f"-{self.written}")

    def __pos__(self) -> Unknown:
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Unknown) and other.written == self.written:
            return True
        return self.run.decide(f"{self.written} == {short(other)}", self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.written)

    def __lt__(self, other: object) -> bool:
        return self.run.decide(f"{self.written} < {short(other)}", self)

    def __gt__(self, other: object) -> bool:
        return self.run.decide(f"{self.written} > {short(other)}", self)

    def __le__(self, other: object) -> bool:
        return not self > other

    def __ge__(self, other: object) -> bool:
        return not self < other

    def __contains__(self, item: object) -> bool:
        return self.run.decide(f"{short(item)} in {self.written}", self)

    def __bool__(self) -> bool:
        return self.run.decide(self.written, self)

    def __iter__(self) -> Iterator[object]:
        self.run.shapes(self)
        return iter(())

    def __len__(self) -> int:
        self.run.shapes(self)
        return 0

    def __int__(self) -> int:
        self.run.printed(self)
        return 0

    def __float__(self) -> float:
        self.run.printed(self)
        return 0.0

    def __str__(self) -> str:
        return self.run.printed(self)

    def __repr__(self) -> str:
        return self.written


def short(value: object) -> str:
    """Return a value as messages show it."""
    shown = value.written if isinstance(value, Unknown) else repr(value)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


class Namespace:
    """Names under a name (a dbt package); what it lacks is unknown, and called what it would be."""

    def __init__(self, written: str, names: Mapping[str, object]) -> None:
        self.written = written
        self.names = names

    def __getattr__(self, name: str) -> object:
        try:
            return self.names[name]
        except KeyError:
            raise AttributeError(name) from None


class Missing(Unknown):
    """A name that dbt would take as empty; calling it is calling a macro that is not there."""

    __slots__ = ()

    def __str__(self) -> str:
        return ""

    def __bool__(self) -> bool:
        return False

    def __iter__(self) -> Iterator[object]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Undefined)

    __hash__ = Unknown.__hash__

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__") or name in _PROBED:
            raise AttributeError(name)
        given = self.given or self.environment.lacking
        return Unknown(self.environment, f"{self.written}.{name}", given=given)
