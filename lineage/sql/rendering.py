"""One rendering of a template: what was decided, met and spent."""

from __future__ import annotations

import time
from dataclasses import dataclass

from jinja2 import (
    TemplateError,
    TemplateNotFound,
)

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sql.sourcemap import (
    line_and_column,
)
from lineage.sql.unknown import Unknown, placeholder, short

REFUSED = "template-refused"
"""The code of what dbt refuses as well, where what is only not known here has other codes."""


_UNKNOWN = {True: "template-unknown-macro", False: "template-unknown-value"}
"""Codes: of what is nowhere, so that it cannot be called, and of a value that is not known here."""
DECIDABLE = ("is_incremental()",)
"""Calls whose answer is yes or no, so that both can be tried."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one template may make before it is given up and reported."""

    steps: int = 500_000
    """Pieces written, and turns of loops."""
    characters: int = 10_000_000
    seconds: float = 10.0
    variants: int = 8
    """Texts tried when conditions are unknown."""


class TemplateStopped(TemplateError):
    """A template asked to stop (dbt's ``exceptions.raise_compiler_error``)."""


class TemplateLimit(TemplateError):
    """A template used up what it was given."""


class TemplateArguments(TemplateError):
    """A macro was called with arguments that it does not take."""


class Run:
    """One rendering: what was decided, met and spent."""

    def __init__(
        self, document: str, *, lenient: bool, limits: Limits, decided: dict[str, bool]
    ) -> None:
        self.document = document
        self.lenient = lenient
        self.limits = limits
        self.decided = decided
        self.asked: dict[str, bool] = {}
        self.diagnostics: dict[tuple[str, str], Diagnostic] = {}
        self.placeholders: set[str] = set()
        self.complete = True
        self.starts: tuple[int, ...] = (0,)
        self.at = 0
        self.steps = 0
        self.characters = 0
        self.deadline = time.monotonic() + limits.seconds

    def spend(self, characters: int = 0) -> None:
        """Count one step, and raise when there are no more."""
        self.steps += 1
        self.characters += characters
        if self.steps > self.limits.steps:
            msg = f"more than {self.limits.steps:,} steps"
            raise TemplateLimit(msg)
        if self.characters > self.limits.characters:
            msg = f"more than {self.limits.characters:,} characters"
            raise TemplateLimit(msg)
        if not self.steps % 256 and time.monotonic() > self.deadline:
            msg = f"more than {self.limits.seconds:g} seconds"
            raise TemplateLimit(msg)

    def decide(self, condition: str, value: Unknown) -> bool:
        """Return what is assumed of an unknown condition: false, unless this run tries true."""
        if not self.lenient and value.called and not value.written.startswith(DECIDABLE):
            self.shapes(value)
        return self.asked.setdefault(condition, self.decided.get(condition, False))

    def shapes(self, value: Unknown) -> None:
        """Note that the text depends on an unknown value in a way that cannot be tried."""
        self.complete = False
        self._tell(
            _UNKNOWN[value.called and not value.given],
            value.written,
            f"the text depends on `{short(value)}`, which is not known here",
        )

    def printed(self, value: Unknown) -> str:
        """Return the placeholder of an unknown value that reaches the text."""
        if value.called and value.given and not self.lenient:
            self.shapes(value)
        elif value.called and not self.lenient:
            self.complete = False
            self._tell(
                "template-unknown-macro",
                value.written,
                f"`{short(value)}` calls a macro that is not in the project or its packages "
                f"(install them with `dbt deps`)",
            )
        else:
            self._tell(
                "template-unknown-value",
                value.written,
                f"the value of `{short(value)}` is not known; a placeholder stands for it",
            )
        name = placeholder(value.written)
        self.placeholders.add(name)
        return name

    def note(self, code: str, message: str) -> None:
        """Report something about the place that is being rendered."""
        self._tell(code, message, message)

    def _tell(self, code: str, key: str, message: str) -> None:
        line, column = line_and_column(self.starts, self.at)
        self.diagnostics.setdefault(
            (code, key),
            Diagnostic(
                code,
                f"{self.document}:{line}:{column}: {message}.",
                Severity.WARNING,
                Location(self.document, line, column),
            ),
        )

    def failed(self, error: Exception, offset: int | None) -> None:
        """Report an error that ended the rendering, at ``offset`` or where it last was."""
        self.complete = False
        line, column = line_and_column(self.starts, offset if offset is not None else self.at)
        said = error.message if isinstance(error, TemplateError) else str(error)
        code = "template-failed"
        if isinstance(error, TemplateLimit):
            code, said = "template-limit", f"it takes {said}"
        elif isinstance(error, TemplateNotFound):
            said = f'it includes "{error.name}", and each template is rendered on its own'
        elif isinstance(error, RecursionError):
            code, said = "template-limit", "its macros call each other without end"
        elif isinstance(error, TemplateArguments) and not self.lenient:
            # Where nothing but that had to be assumed, every run comes this way.
            code = REFUSED if self.asked.keys() <= set(DECIDABLE) else code
        elif not isinstance(error, TemplateError):
            said = f"{type(error).__name__}: {said}"
        self.diagnostics[code, ""] = Diagnostic(
            code,
            f"{self.document}:{line}:{column}: the template cannot be rendered: {said}.",
            Severity.ERROR,
            Location(self.document, line, column),
        )
