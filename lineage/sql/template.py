"""Jinja templates of SQL: rendered without their world, with the place of every character.

What a template says depends on things that are not in the file: variables, macros, the state of a
warehouse. So a name that nobody knows becomes an `Unknown`: printed, it is a placeholder; tested,
it is tried both ways, and each way that gives another text is a variant. All of it is reported.

Templates come from the repository under review, which may belong to a stranger. They run in
Jinja's sandbox, with limits on steps, output and time, and without loaders: a template can reach
no file, no environment and no network.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from jinja2 import (
    TemplateAssertionError,
    TemplateError,
    TemplateSyntaxError,
    nodes,
)

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.places import SourceMap
from lineage.sql.jinja import (
    MACRO_PREFIX,
    Compiled,
    Environment,
    ReturningMacro,
    Scope,
    emit,
    literal,
)
from lineage.sql.rendering import REFUSED, Limits, Run
from lineage.sql.sourcemap import (
    join,
    line_and_column,
    line_starts,
    source_map,
)
from lineage.sql.straight import Called, Literal, straight
from lineage.sql.unknown import Unknown


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template gives, and how sure that is.

    ``text`` is the text for every unknown condition being false. ``variants`` are the other texts
    that it can give, each with the ``assumptions`` under which it does.
    """

    text: str
    map: SourceMap = field(default_factory=SourceMap)
    diagnostics: tuple[Diagnostic, ...] = ()
    complete: bool = True
    """False when something that shapes the text (a macro, a loop's list) is not known: what runs
    is then not this text, and no verdict may be based on it."""
    placeholders: tuple[str, ...] = ()
    """Identifiers in ``text`` that stand for values nobody knows."""
    assumptions: tuple[tuple[str, bool], ...] = ()
    """Conditions that could not be decided, as written, with what was assumed."""
    variants: tuple[Rendered, ...] = ()


def templated(text: str) -> bool:
    """Return whether ``text`` has anything for Jinja to do."""
    return "{{" in text or "{%" in text or "{#" in text


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is written out in a template; ``None`` stands for arguments that are not."""

    name: str
    arguments: tuple[object, ...] | None
    keywords: Mapping[str, object] | None


class Renderer:
    """Renders templates with a set of names. Not for use by several threads at once.

    ``lenient`` decides what an unknown *call* means: in Airflow-like templates it is one more
    value that comes later; in dbt (not lenient) it is a macro, and without it the text is not
    complete. Lenient also tests unknown plain names both ways, where dbt takes them as empty.
    """

    def __init__(
        self,
        names: Mapping[str, object] | None = None,
        *,
        lenient: bool = True,
        limits: Limits | None = None,
    ) -> None:
        self._lenient = lenient
        self._limits = limits or Limits()
        self._environment = Environment()
        self._names = dict(names or {})
        self._scope = Scope(self._environment.globals, self._names)

    def know(self, **names: object) -> None:
        """Add names that every template sees."""
        self._names.update(names)

    def render(
        self, template: str, *, document: str, names: Mapping[str, object] | None = None
    ) -> Rendered:
        """Render ``template``, with ``names`` besides those that the renderer knows.

        Never raises for what the template holds: what went wrong is in the diagnostics, tied to
        ``document``, and the result is then not ``complete``.
        """
        if not templated(template):
            return Rendered(template)
        source = template.replace("\r\n", "\n").replace("\r", "\n")
        starts = line_starts(source)
        pieces = straight(source)
        if pieces is not None:
            rendered = self._straight(pieces, source, document, names or {})
            if rendered is not None:
                return rendered
        try:
            compiled = self._environment.prepare(source)
        except (TemplateSyntaxError, RecursionError, SyntaxError, ValueError) as error:
            problem = _unparsable(error, document, starts, lenient=self._lenient)
            return Rendered("", complete=False, diagnostics=(problem,))
        first, asked = self._once(compiled, source, document, names or {}, {})
        found: dict[str, Rendered] = {first.text: first}
        waiting: list[dict[str, bool]] = [dict(first.assumptions)] if asked else []
        tried = 1
        while waiting and tried < self._limits.variants:
            decided = waiting.pop(0)
            for condition in [name for name, value in decided.items() if not value]:
                if tried >= self._limits.variants:
                    break
                other, _ = self._once(
                    compiled, source, document, names or {}, {**decided, condition: True}
                )
                tried += 1
                if other.text not in found:
                    found[other.text] = other
                    waiting.append(dict(other.assumptions))
        variants = tuple(found.values())[1:]
        if not variants:
            return first
        told = Diagnostic(
            "template-both-ways",
            f"{document}: cannot decide {_listed(first.assumptions, variants)}; "
            f"rendered {len(found)} ways, the first with every one of them false.",
            Severity.NOTE,
            Location(document),
        )
        return replace(first, variants=variants, diagnostics=(*first.diagnostics, told))

    def unknown(self, written: str) -> Unknown:
        """Return a value that nobody knows, to be given as a name or inside one."""
        return Unknown(self._environment, written, given=True)

    def absent(self, written: str) -> Unknown:
        """Return what stands for something that is nowhere."""
        return Unknown(self._environment, written)

    def lack(self) -> None:
        """Take what a name has that nobody knows for something that is elsewhere, not nowhere."""
        self._environment.lacking = True

    def note(self, code: str, message: str, *, complete: bool = True) -> None:
        """Report something about the place that is being rendered."""
        self._environment.run.note(code, message)
        if not complete:
            self._environment.run.complete = False

    def calls(self, template: str, *names: str) -> tuple[Call, ...]:
        """Return the calls of the functions called ``names``, without rendering anything.

        None for a template that cannot be parsed: rendering it says why.
        """
        if not any(name in template for name in names):
            return ()
        source = template.replace("\r\n", "\n").replace("\r", "\n")
        pieces = straight(source)
        if pieces is not None:
            called = (piece for piece in pieces if isinstance(piece, Called))
            return tuple(
                Call(piece.name, piece.arguments, piece.keywords)
                for piece in called
                if piece.name in names
            )
        try:
            tree = self._environment.parse(source)
        except (TemplateSyntaxError, RecursionError, ValueError):
            return ()
        return tuple(
            _call_of(node, node.node.name)
            for node in tree.find_all(nodes.Call)
            if isinstance(node.node, nodes.Name) and node.node.name in names
        )

    def macros(
        self, source: str, *, document: str
    ) -> tuple[dict[str, Callable[..., object]], tuple[Diagnostic, ...]]:
        """Return the macros that a file defines.

        They see the names of whatever template is being rendered when they are called, as dbt's
        do, and each other only through those names.
        """
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        environment = self._environment
        self._run(document, {})
        try:
            compiled = environment.prepare(source, library=True)
            context = environment.context_class(
                environment, cast("dict[str, Any]", self._scope), document, {}
            )
            for _ in compiled.template.root_render_func(context):
                pass
        except (TemplateError, RecursionError, SyntaxError, ValueError, TypeError) as error:
            starts = line_starts(source)
            return {}, (_unparsable(error, document, starts, lenient=self._lenient),)
        found: dict[str, Callable[..., object]] = {}
        for name in sorted(context.exported_vars):
            value = context.vars[name]
            if isinstance(value, ReturningMacro) and name.startswith(MACRO_PREFIX):
                found[name.removeprefix(MACRO_PREFIX)] = value
        return found, ()

    def _run(self, document: str, decided: dict[str, bool]) -> Run:
        """Begin a rendering."""
        run = Run(document, lenient=self._lenient, limits=self._limits, decided=decided)
        self._environment.run = run
        return run

    def _straight(
        self,
        pieces: Iterable[Called | Literal],
        source: str,
        document: str,
        names: Mapping[str, object],
    ) -> Rendered | None:
        """Render a template that only calls functions; None where that is more than it seems.

        The same steps as those of the compiled template, so the same is called, counted and told.
        """
        environment = self._environment
        run = self._run(document, {})
        run.starts = line_starts(source)
        context = environment.context_class(
            environment, cast("dict[str, Any]", self._scope), document, {}
        )
        parts: list[str] = []
        with self._scope.also(names):
            try:
                for piece in pieces:
                    if isinstance(piece, Literal):
                        parts.append(literal(context, piece.text, piece.at))
                        continue
                    run.at = piece.at
                    called = self._scope[piece.name]
                    value = environment.call(context, called, *piece.arguments, **piece.keywords)
                    parts.append(emit(context, value, piece.at))
            except Exception:  # noqa: BLE001 - a call can raise anything; Jinja's way reports it
                return None
        if run.asked:
            return None
        return _rendered(run, join(parts), source)

    def _once(
        self,
        compiled: Compiled,
        source: str,
        document: str,
        names: Mapping[str, object],
        decided: dict[str, bool],
    ) -> tuple[Rendered, bool]:
        environment = self._environment
        run = self._run(document, decided)
        run.starts = line_starts(source)
        context = environment.context_class(
            environment, cast("dict[str, Any]", self._scope), document, {}
        )
        text = ""
        with self._scope.also(names):
            try:
                text = join(list(compiled.template.root_render_func(context)))
            except Exception as error:  # noqa: BLE001 - a template can raise anything that Python can
                run.failed(error, compiled.offset_of(error.__traceback__))
        return _rendered(run, text, source), bool(run.asked)


def _rendered(run: Run, text: str, source: str) -> Rendered:
    return Rendered(
        str.__str__(text),
        source_map(text, source),
        tuple(run.diagnostics.values()),
        complete=run.complete,
        placeholders=tuple(sorted(run.placeholders)),
        assumptions=tuple(run.asked.items()),
    )


def _call_of(node: nodes.Call, name: str) -> Call:
    try:
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            return Call(name, None, None)
        arguments = tuple(item.as_const() for item in node.args)
        return Call(name, arguments, {item.key: item.value.as_const() for item in node.kwargs})
    except (nodes.Impossible, RecursionError):
        return Call(name, None, None)


def _listed(first: tuple[tuple[str, bool], ...], variants: tuple[Rendered, ...]) -> str:
    names = dict.fromkeys(name for name, _ in first)
    for variant in variants:
        names.update(dict.fromkeys(name for name, _ in variant.assumptions))
    return ", ".join(f"`{name}`" for name in names)


def _unparsable(
    error: Exception, document: str, starts: tuple[int, ...], *, lenient: bool
) -> Diagnostic:
    offset = getattr(error, "lineno", None) if isinstance(error, TemplateSyntaxError) else None
    line, column = line_and_column(starts, offset - 1) if offset else (0, 0)
    where = f"{document}:{line}:{column}" if line else document
    said = error.message if isinstance(error, TemplateError) else str(error)
    return Diagnostic(
        REFUSED if not lenient and _is_wrong(error) else "template-syntax",
        f"{where}: the template cannot be read: {said}. Correct it, or run the tool that renders "
        f"it and give its output.",
        Severity.ERROR,
        Location(document, line, column),
    )


_DBT_TAGS = re.compile(r"unknown tag '(?:end)?(?:docs|materialization|snapshot|(?:data_)?test)'")


def _is_wrong(error: Exception) -> bool:
    """Return whether dbt refuses it as well, which has more filters and tags than are here."""
    if isinstance(error, TemplateAssertionError) or not isinstance(error, TemplateSyntaxError):
        return False
    return _DBT_TAGS.search(error.message or "") is None


def plain(limits: Limits | None = None) -> Renderer:
    """Return a renderer for SQL files of no known project.

    What dbt offers is understood as far as one file allows: ``ref('x')`` is ``x``,
    ``source('a', 'x')`` is ``a.x``, ``var`` and ``env_var`` have their defaults, ``config`` prints
    nothing. All else (Airflow's ``params``, ``ds``, ``macros``) is unknown.
    """
    renderer = Renderer(limits=limits)

    def named(*parts: object, **_: object) -> str:
        return ".".join(str(part) for part in parts)

    def default(function: str) -> Callable[..., object]:
        def answer(name: object = "", value: object = None) -> object:
            return renderer.unknown(f"{function}({name!r})") if value is None else value

        return answer

    def nothing(*_: object, **__: object) -> str:
        return ""

    renderer.know(
        ref=named,
        source=named,
        config=nothing,
        var=default("var"),
        env_var=default("env_var"),
        is_incremental=lambda: renderer.unknown("is_incremental()"),
    )
    return renderer
