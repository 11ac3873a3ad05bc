"""The type system of dialects whose rules are not known here: no answer, and never an error."""

from __future__ import annotations

from lineage.sql.typing.typed import Typed


class Unknown:
    """Knows nothing, and says so."""

    def __init__(self, dialect: str) -> None:
        self._nothing = Typed(
            None, None, f"the typing rules of {dialect or 'this dialect'} are not known"
        )

    @property
    def source(self) -> str:
        """Where the rules come from."""
        return "none"

    def normalize(self, text: str) -> str:
        """The name in upper case."""
        return text.upper()

    def is_known(self, type_: str) -> bool:  # noqa: ARG002 - one answer for all
        """No type is known."""
        return False

    def literal_number(self, text: str) -> str:
        """A whole number is an INT, any other a DECIMAL."""
        return "INT" if text.lstrip("-").isdigit() else "DECIMAL"

    def literal_interval(self, unit: str) -> str:  # noqa: ARG002 - one type for all
        """An interval of any unit."""
        return "INTERVAL"

    def literal_string(self) -> str:
        """A quoted string is text."""
        return "VARCHAR"

    def literal_null(self) -> str:
        """The type of ``NULL``."""
        return "NULL"

    @property
    def undecided(self) -> frozenset[str]:
        """Nothing waits to be decided."""
        return frozenset()

    def concrete(self, type_: str) -> str:
        """The type itself."""
        return type_

    def call(self, name: str, args: tuple[str | None, ...]) -> Typed:  # noqa: ARG002
        """Nothing is known."""
        return self._nothing

    def operator(self, symbol: str, args: tuple[str | None, ...]) -> Typed:  # noqa: ARG002
        """Nothing is known."""
        return self._nothing

    def cast(self, source: str | None, target: str, *, safe: bool = False) -> Typed:  # noqa: ARG002
        """A cast gives what it says."""
        return Typed(target.upper())

    def implicit(self, source: str | None, target: str | None) -> bool | None:
        """Only what is the same is known to fit."""
        return True if source is not None and source == target else None

    def combine(self, kind: str, types: tuple[str | None, ...]) -> Typed:  # noqa: ARG002
        """Equal types stay what they are."""
        first = types[0] if types else None
        if first is not None and all(type_ == first for type_ in types):
            return Typed(first)
        return self._nothing

    def refuses_text(self, text: str, type_: str) -> bool:  # noqa: ARG002 - nothing is known of it
        """Nothing is said."""
        return False

    def insert(self, source: str | None, target: str) -> Typed:  # noqa: ARG002
        """The column keeps its type."""
        return Typed(target)

    def field(self, type_: str | None, name: str) -> Typed:  # noqa: ARG002
        """Nothing is known."""
        return self._nothing

    def element(
        self,
        type_: str | None,  # noqa: ARG002
        key: str | None = None,  # noqa: ARG002
        text: str | None = None,  # noqa: ARG002
    ) -> Typed:
        """Nothing is known."""
        return self._nothing

    def unnest(self, type_: str | None) -> Typed:  # noqa: ARG002
        """Nothing is known."""
        return self._nothing

    def struct(self, names: tuple[str, ...], types: tuple[str, ...]) -> str:
        """Members in the usual notation."""
        members = ", ".join(f"{n} {t}" for n, t in zip(names, types, strict=True))
        return f"STRUCT({members})"

    def lambda_parameters(
        self,
        name: str,  # noqa: ARG002
        args: tuple[str | None, ...],  # noqa: ARG002
        count: int,
    ) -> tuple[str | None, ...]:
        """Nothing is known."""
        return (None,) * count
