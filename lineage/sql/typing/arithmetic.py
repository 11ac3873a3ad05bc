"""What comes of calculating with numbers, in engines whose manuals give formulas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

_LONGEST = 38


class Number(NamedTuple):
    """A numeric type: its name, and of decimals how many digits, and how many after the point."""

    base: str
    precision: int = 0
    scale: int = 0


class Arithmetic(Protocol):
    """One engine's rules."""

    def literal(self, text: str) -> str | None:
        """The type of a number as written; None when it takes the type of what it meets."""
        ...

    def result(self, sign: str, left: Number, right: Number) -> str | None:
        """The type of a sum, difference, product, quotient or remainder."""
        ...

    def common(self, *numbers: Number) -> str | None:
        """The type that holds all of them."""
        ...


def _digits(text: str) -> tuple[int, int]:
    """Return precision and scale of a decimal as written."""
    whole, _, after = text.lstrip("+-").partition(".")
    return max(len(whole.lstrip("0")) + len(after), 1), len(after)


class GoogleSql:
    """INT64, NUMERIC, BIGNUMERIC and FLOAT64; parameters do not survive a calculation."""

    _ORDER = ("INT64", "NUMERIC", "BIGNUMERIC", "FLOAT64")

    def literal(self, text: str) -> str | None:
        """Whole numbers are INT64; a fraction is FLOAT64 until it meets a NUMERIC."""
        return "INT64" if text.lstrip("-").isdigit() else None

    def result(self, sign: str, left: Number, right: Number) -> str | None:
        """The wider of both; INT64 divided is FLOAT64."""
        exact = {"NUMERIC", "BIGNUMERIC"}
        if "FRACTION_LITERAL" in {left.base, right.base}:
            other = right.base if left.base == "FRACTION_LITERAL" else left.base
            return other if other in exact else "FLOAT64"
        wider = max(left.base, right.base, key=self._ORDER.index)
        return "FLOAT64" if sign == "/" and wider == "INT64" else wider

    def common(self, *numbers: Number) -> str | None:
        """The widest."""
        return max((number.base for number in numbers), key=self._ORDER.index)


class Snowflake:
    """NUMBER(p, s), by the formulas of "Arithmetic operators"; FLOAT takes all to FLOAT."""

    def literal(self, text: str) -> str | None:
        """A number has as many digits as were written; with an exponent it is a FLOAT."""
        if "e" in text.lower():
            return "FLOAT"
        precision, scale = _digits(text)
        return f"NUMBER({precision},{scale})"

    def result(self, sign: str, left: Number, right: Number) -> str | None:
        """By digits before the point and after it."""
        if "FLOAT" in {left.base, right.base}:
            return "FLOAT"
        leads = (left.precision - left.scale, right.precision - right.scale)
        scales = (left.scale, right.scale)
        if sign in "+-":
            lead, scale = max(leads) + 1, max(scales)
        elif sign == "*":
            lead, scale = sum(leads), min(sum(scales), max(*scales, 12))
        elif sign == "/":
            lead, scale = leads[0] + scales[1], max(scales[0], min(scales[0] + 6, 12))
        else:
            return None
        return f"NUMBER({min(lead + scale, _LONGEST)},{scale})"

    def common(self, *numbers: Number) -> str | None:
        """Enough digits on both sides of the point."""
        if any(number.base == "FLOAT" for number in numbers):
            return "FLOAT"
        scale = max(number.scale for number in numbers)
        lead = max(number.precision - number.scale for number in numbers)
        return f"NUMBER({min(lead + scale, _LONGEST)},{scale})"


class Spark:
    """DECIMAL(p, s) as DecimalPrecision has it, losing digits after the point when it must.

    Only where a decimal takes part: of other numbers the engine was asked.
    """

    _WHOLE: Mapping[str, int] = {"TINYINT": 3, "SMALLINT": 5, "INT": 10, "BIGINT": 20}
    _KEPT = 6

    def literal(self, text: str) -> str | None:
        """A decimal as written, or with an exponent a DOUBLE."""
        if "e" in text.lower():
            return "DOUBLE"
        precision, scale = _digits(text)
        return f"DECIMAL({precision},{scale})"

    def result(self, sign: str, left: Number, right: Number) -> str | None:
        """FLOAT and DOUBLE win over DECIMAL, and that over whole numbers."""
        if {"FLOAT", "DOUBLE"} & {left.base, right.base}:
            return "DOUBLE"
        one, two = self._decimal(left), self._decimal(right)
        leads = (one.precision - one.scale, two.precision - two.scale)
        scale = max(one.scale, two.scale)
        match sign:
            case "+" | "-":
                return self._adjusted(max(leads) + scale + 1, scale)
            case "*":
                return self._adjusted(one.precision + two.precision + 1, one.scale + two.scale)
            case "/":
                scale = max(self._KEPT, one.scale + two.precision + 1)
                return self._adjusted(leads[0] + two.scale + scale, scale)
            case "%":
                return self._adjusted(min(leads) + scale, scale)
        return None

    def common(self, *numbers: Number) -> str | None:
        """Enough digits on both sides of the point, where no FLOAT or DOUBLE takes part."""
        if {"FLOAT", "DOUBLE"} & {number.base for number in numbers}:
            return "DOUBLE"
        decimals = [self._decimal(number) for number in numbers]
        scale = max(number.scale for number in decimals)
        lead = max(number.precision - number.scale for number in decimals)
        return f"DECIMAL({min(lead + scale, _LONGEST)},{scale})"

    def _decimal(self, number: Number) -> Number:
        digits = self._WHOLE.get(number.base)
        return number if digits is None else Number("DECIMAL", digits, 0)

    def _adjusted(self, precision: int, scale: int) -> str:
        if precision > _LONGEST:
            lead = precision - scale
            scale = max(_LONGEST - lead, min(scale, self._KEPT))
            precision = _LONGEST
        return f"DECIMAL({precision},{scale})"


ARITHMETIC: Mapping[str, Arithmetic] = {
    "googlesql": GoogleSql(),
    "snowflake": Snowflake(),
    "spark": Spark(),
}
