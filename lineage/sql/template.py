"""Jinja templates of SQL: rendered without their world, with the place of every character.

What a template says depends on things that are not in the file: variables, macros, the state of a
warehouse. So a name that nobody knows becomes an `Unknown`: printed, it is a placeholder; tested,
it is tried both ways, and each way that gives another text is a variant. All of it is reported.

Templates come from the repository under review, which may belong to a stranger. They run in
Jinja's sandbox, with limits on steps, output and time, and without loaders: a template can reach
no file, no environment and no network.

How places are kept: Jinja's tokens only know their line. Our lexer gives each token its offset
*as* its line number, which every node then carries; and every output is sent through a filter
that tags the text with that offset (`lineage.sql.sourcemap.Text`).
"""

from __future__ import annotations

import re
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, cast

from jinja2 import (
    DictLoader,
    TemplateAssertionError,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
    nodes,
    pass_context,
)
from jinja2.environment import Template
from jinja2.lexer import Lexer
from jinja2.runtime import Context, Macro
from jinja2.sandbox import SandboxedEnvironment
from jinja2.visitor import NodeTransformer

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.places import SourceMap
from lineage.sql.sourcemap import (
    Text,
    generated,
    join,
    line_and_column,
    line_starts,
    source_map,
)
from lineage.sql.straight import Called, Literal, straight

REFUSED = "template-refused"
"""The code of what dbt refuses as well, where what is only not known here has other codes."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much work one template may make before it is given up and reported."""

    steps: int = 500_000
    """Pieces written, and turns of loops."""
    characters: int = 10_000_000
    seconds: float = 10.0
    variants: int = 8
    """Texts tried when conditions are unknown."""


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


class TemplateStopped(TemplateError):
    """A template asked to stop (dbt's ``exceptions.raise_compiler_error``)."""


class TemplateLimit(TemplateError):
    """A template used up what it was given."""


class TemplateArguments(TemplateError):
    """A macro was called with arguments that it does not take."""


def templated(text: str) -> bool:
    """Return whether ``text`` has anything for Jinja to do."""
    return "{{" in text or "{%" in text or "{#" in text


def placeholder(written: str) -> str:
    """Return the identifier that stands for an unknown value, made from how it was written."""
    return "__" + (re.sub(r"\W+", "_", written).strip("_").lower()[:60] or "value") + "__"


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
        self._environment = _Environment()
        self._names = dict(names or {})
        self._scope = _Scope(self._environment.globals, self._names)

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
        return Unknown(self._environment, written)

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
        environment.run = _Run(environment, document, self._lenient, self._limits, {})
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
            if isinstance(value, _Wrapped) and name.startswith(_PREFIX):
                found[name.removeprefix(_PREFIX)] = value
        return found, ()

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
        run = _Run(environment, document, self._lenient, self._limits, {})
        run.starts = line_starts(source)
        environment.run = run
        context = environment.context_class(
            environment, cast("dict[str, Any]", self._scope), document, {}
        )
        parts: list[str] = []
        with self._scope.also(names):
            try:
                for piece in pieces:
                    if isinstance(piece, Literal):
                        parts.append(_literal(context, piece.text, piece.at))
                        continue
                    run.at = piece.at
                    called = self._scope[piece.name]
                    value = environment.call(context, called, *piece.arguments, **piece.keywords)
                    parts.append(_emit(context, value, piece.at))
            except Exception:  # noqa: BLE001 - a call can raise anything; Jinja's way reports it
                return None
        if run.asked:
            return None
        text = join(parts)
        return Rendered(
            str.__str__(text),
            source_map(text, source),
            tuple(run.diagnostics.values()),
            complete=run.complete,
            placeholders=tuple(sorted(run.placeholders)),
        )

    def _once(
        self,
        compiled: _Compiled,
        source: str,
        document: str,
        names: Mapping[str, object],
        decided: dict[str, bool],
    ) -> tuple[Rendered, bool]:
        environment = self._environment
        run = _Run(environment, document, self._lenient, self._limits, decided)
        run.starts = line_starts(source)
        environment.run = run
        context = environment.context_class(
            environment, cast("dict[str, Any]", self._scope), document, {}
        )
        text = ""
        with self._scope.also(names):
            try:
                text = join(list(compiled.template.root_render_func(context)))
            except Exception as error:  # noqa: BLE001 - a template can raise anything that Python can
                run.failed(error, compiled)
        rendered = Rendered(
            str.__str__(text),
            source_map(text, source),
            tuple(run.diagnostics.values()),
            complete=run.complete,
            placeholders=tuple(sorted(run.placeholders)),
            assumptions=tuple(run.asked.items()),
        )
        return rendered, bool(run.asked)


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


# Unknown values ---------------------------------------------------------------------------------


_PROBED = frozenset({"alters_data", "jinja_pass_arg", "unsafe_callable"})
"""Attributes that Jinja and Python look for on whatever they are given (dunder names apart): an
answer would make an unknown value look like anything at all."""


# Jinja types every operation on an undefined value as never returning; here they all do.
_Undefined: Any = Undefined


class Unknown(_Undefined):  # type: ignore[misc]
    """A value that nobody knows: anything done with it is unknown too, and remembered."""

    __slots__ = ("called", "environment", "written")
    called: bool
    environment: _Environment
    written: str

    def __init__(self, environment: _Environment, written: str, *, called: bool = False) -> None:
        super().__init__(name=written)
        self.environment = environment
        self.written = written[:200]
        self.called = called

    @property
    def run(self) -> _Run:
        """The rendering that is going on."""
        return self.environment.run

    def _with(self, written: str, *, called: bool = False) -> Unknown:
        return Unknown(self.environment, written, called=called or self.called)

    def __getattr__(self, name: str) -> Unknown:
        if name.startswith("__") or name in _PROBED:
            raise AttributeError(name)
        return self._with(f"{self.written}.{name}")

    def __getitem__(self, key: object) -> Unknown:
        return self._with(f"{self.written}[{key!r}]")

    def __call__(self, *args: object, **kwargs: object) -> Unknown:
        """Return the unknown result of a call, written with its arguments."""
        shown = [_short(value) for value in args]
        shown += [f"{name}={_short(value)}" for name, value in kwargs.items()]
        return self._with(f"{self.written}({', '.join(shown)})", called=True)

    def _operated(self, other: object) -> Unknown:
        return self._with(f"{self.written} {_short(other)}")

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operated
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _operated
    __mod__ = __rmod__ = __pow__ = __rpow__ = _operated

    def __neg__(self) -> Unknown:
        return self._with(f"-{self.written}")

    def __pos__(self) -> Unknown:
        return self

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Unknown) and other.written == self.written:
            return True
        return self.run.decide(f"{self.written} == {_short(other)}", self)

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.written)

    def __lt__(self, other: object) -> bool:
        return self.run.decide(f"{self.written} < {_short(other)}", self)

    def __gt__(self, other: object) -> bool:
        return self.run.decide(f"{self.written} > {_short(other)}", self)

    def __le__(self, other: object) -> bool:
        return not self > other

    def __ge__(self, other: object) -> bool:
        return not self < other

    def __contains__(self, item: object) -> bool:
        return self.run.decide(f"{_short(item)} in {self.written}", self)

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


def _short(value: object) -> str:
    shown = value.written if isinstance(value, Unknown) else repr(value)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 1] + "…"


class _Run:
    """One rendering: what was decided, met and spent."""

    def __init__(
        self,
        environment: _Environment,
        document: str,
        lenient: bool,
        limits: Limits,
        decided: dict[str, bool],
    ) -> None:
        self.environment = environment
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
        if not self.lenient and value.called and not value.written.startswith(_DECIDABLE):
            self.shapes(value)
        return self.asked.setdefault(condition, self.decided.get(condition, False))

    def shapes(self, value: Unknown) -> None:
        """Note that the text depends on an unknown value in a way that cannot be tried."""
        self.complete = False
        self._tell(
            "template-unknown-macro" if value.called else "template-unknown-value",
            value.written,
            f"the text depends on `{_short(value)}`, which is not known here",
        )

    def printed(self, value: Unknown) -> str:
        """Return the placeholder of an unknown value that reaches the text."""
        if value.called and not self.lenient:
            self.complete = False
            self._tell(
                "template-unknown-macro",
                value.written,
                f"`{_short(value)}` calls a macro that is not in the project or its packages "
                f"(install them with `dbt deps`)",
            )
        else:
            self._tell(
                "template-unknown-value",
                value.written,
                f"the value of `{_short(value)}` is not known; a placeholder stands for it",
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

    def failed(self, error: Exception, compiled: _Compiled) -> None:
        """Report an error that ended the rendering."""
        self.complete = False
        offset = compiled.offset_of(error.__traceback__)
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
            code = REFUSED if self.asked.keys() <= set(_DECIDABLE) else code
        elif not isinstance(error, TemplateError):
            said = f"{type(error).__name__}: {said}"
        self.diagnostics[code, ""] = Diagnostic(
            code,
            f"{self.document}:{line}:{column}: the template cannot be rendered: {said}.",
            Severity.ERROR,
            Location(self.document, line, column),
        )


_DECIDABLE = ("is_incremental()",)
"""Calls whose answer is yes or no, so that both can be tried."""


# Jinja, instrumented -----------------------------------------------------------------------------

_PREFIX = "dbt_macro__"
"""A library's macros are renamed, so that they find each other only through the scope."""


class _Return(Exception):
    """``{{ return(value) }}`` in a macro."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def returned(value: object = None) -> object:
    """End the macro that is running, and make ``value`` the result of its call."""
    raise _Return(value)


class _Wrapped:
    """A macro that can ``return`` a value instead of text."""

    __slots__ = ("macro",)

    def __init__(self, macro: Macro) -> None:
        self.macro = macro

    def __call__(self, *args: object, **kwargs: object) -> object:
        problem = _unsuited(self.macro, args, kwargs)
        if problem is not None:
            raise TemplateArguments(problem)
        try:
            return self.macro(*args, **kwargs)
        except _Return as result:
            return result.value

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.macro, name)


def _unsuited(macro: Macro, args: Sequence[object], kwargs: Mapping[str, object]) -> str | None:
    """Return what is wrong with a call, as Jinja's own macros see it."""
    name = macro.name.removeprefix(_PREFIX)
    if len(args) > len(macro.arguments) and not macro.catch_varargs:
        return f"macro {name!r} takes not more than {len(macro.arguments)} argument(s)"
    open_ = {*macro.arguments[len(args) :], "caller"}
    odd = [] if macro.catch_kwargs else [key for key in kwargs if key not in open_]
    if odd and odd[0] in macro.arguments:
        return f"macro {name!r} is given {odd[0]!r} twice"
    return f"macro {name!r} takes no argument {odd[0]!r}" if odd else None


class _Scope(Mapping[str, Any]):
    """The names that templates see: those of Jinja, the renderer's, and this rendering's."""

    def __init__(self, builtin: Mapping[str, object], names: Mapping[str, object]) -> None:
        self._layers: list[Mapping[str, object]] = [names, builtin]

    def also(self, names: Mapping[str, object]) -> _Layer:
        """Return a context manager during which ``names`` are seen first."""
        return _Layer(self._layers, names)

    def __getitem__(self, key: str) -> object:
        for layer in self._layers:
            if key in layer:
                return layer[key]
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        return any(key in layer for layer in self._layers)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for layer in self._layers for name in layer))

    def __len__(self) -> int:
        return sum(1 for _ in self)


class _Layer:
    def __init__(self, layers: list[Mapping[str, object]], names: Mapping[str, object]) -> None:
        self._layers = layers
        self._names = names

    def __enter__(self) -> None:
        self._layers.insert(0, self._names)

    def __exit__(self, *_: object) -> None:
        self._layers.pop(0)


class _Lexer(Lexer):
    """Gives tokens their offset (from 1) in the place of their line number."""

    begins: list[int]

    def tokeniter(
        self, source: str, name: str | None, filename: str | None = None, state: str | None = None
    ) -> Iterator[tuple[int, str, str]]:
        self.begins = []
        at = 0
        for _, token, value in super().tokeniter(source, name, filename, state):
            # Whitespace that `{%-` strips is in no token; nothing else is ever skipped.
            while not source.startswith(value, at):
                at += 1
            if token in {"variable_begin", "block_begin"}:
                self.begins.append(at)
            yield at + 1, token, value
            at += len(value)


@pass_context
def _literal(context: Context, value: str, offset: int) -> str:
    environment = cast("_Environment", context.environment)
    environment.run.spend(len(value))
    if context.name == environment.run.document:
        environment.run.at = offset
        return Text(value, ((0, len(value), offset, True),))
    return value


@pass_context
def _emit(context: Context, value: object, offset: int) -> str:
    environment = cast("_Environment", context.environment)
    run = environment.run
    mine = context.name == run.document
    if mine:
        run.at = offset
    text = value if isinstance(value, str) else str(value)
    run.spend(len(text))
    return generated(text, offset) if mine else text


@pass_context
def _mark(context: Context, value: bool, offset: int) -> bool:
    """Note where we are, before what stands there is evaluated."""
    run = cast("_Environment", context.environment).run
    if context.name == run.document:
        run.at = offset
    return value


@pass_context
def _steps(context: Context, values: Iterable[object]) -> Iterable[object]:
    run = cast("_Environment", context.environment).run
    if isinstance(values, (Unknown, Mapping)):
        values = list(values)
    return _counted(run, values)


def _counted(run: _Run, values: Iterable[object]) -> Iterator[object]:
    for value in values:
        run.spend()
        yield value


@pass_context
def _concat(context: Context, values: list[object]) -> str:
    text = join([value if isinstance(value, str) else str(value) for value in values])
    cast("_Environment", context.environment).run.spend(len(text))
    return text


@pass_context
def _macro(context: Context, value: Macro) -> _Wrapped:  # noqa: ARG001 - as context filters go
    return _Wrapped(value)


class _Instrument(NodeTransformer):
    """Send every piece of output, loop and concatenation through the filters above."""

    def __init__(self, begins: list[int], *, library: bool) -> None:
        self._begins = begins
        self._library = library

    def _construct(self, lineno: int) -> int:
        """Return where the ``{{`` or ``{%`` around an offset stands."""
        index = bisect_right(self._begins, lineno - 1) - 1
        return self._begins[index] if index >= 0 else 0

    def _marked(self, value: nodes.Expr) -> nodes.Expr:
        """Return an expression that notes its place and then is ``value``: ``mark and value``."""
        if isinstance(value, nodes.Const):
            return value
        offset = self._construct(value.lineno)
        mark = _call(nodes.Const(True, lineno=value.lineno), "_mark", offset)
        return nodes.And(mark, value, lineno=value.lineno)

    def visit_Output(self, node: nodes.Output) -> nodes.Output:  # noqa: N802 - Jinja's naming
        self.generic_visit(node)
        node.nodes = [
            _call(child, "_literal", child.lineno - 1)
            if isinstance(child, nodes.TemplateData)
            else _call(self._marked(child), "_emit", self._construct(child.lineno))
            for child in node.nodes
        ]
        return node

    def visit_For(self, node: nodes.For) -> nodes.For:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.iter, nodes.Expr):
            node.iter = _call(self._marked(node.iter), "_steps")
        return node

    def visit_If(self, node: nodes.If) -> nodes.If:  # noqa: N802
        self.generic_visit(node)
        if isinstance(node.test, nodes.Expr):
            node.test = self._marked(node.test)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:  # noqa: N802
        self.generic_visit(node)
        return _call(nodes.List(node.nodes, lineno=node.lineno), "_concat")

    def visit_Macro(self, node: nodes.Macro) -> list[nodes.Node]:  # noqa: N802
        self.generic_visit(node)
        if self._library:
            node.name = _PREFIX + node.name
        name = node.name
        target = nodes.Name(name, "store", lineno=node.lineno)
        value = _call(nodes.Name(name, "load", lineno=node.lineno), "_macro")
        return [node, nodes.Assign(target, value, lineno=node.lineno)]


def _call(value: nodes.Expr, name: str, *args: int) -> nodes.Filter:
    arguments: list[nodes.Expr] = [nodes.Const(arg, lineno=value.lineno) for arg in args]
    node: nodes.Expr = value
    if isinstance(value, nodes.TemplateData):
        node = nodes.Const(value.data, lineno=value.lineno)
    return nodes.Filter(node, name, arguments, [], None, None, lineno=value.lineno)


@dataclass(slots=True)
class _Compiled:
    template: Template
    filename: str

    def offset_of(self, trace: TracebackType | None) -> int | None:
        """Return the offset of the deepest statement of this template in a traceback."""
        offset = None
        while trace is not None:
            if trace.tb_frame.f_code.co_filename == self.filename:
                offset = self.template.get_corresponding_lineno(trace.tb_lineno) - 1
            trace = trace.tb_next
        return offset


_BIG = 1_000_000
_KEPT = 256
"""Compiled templates that are kept: the same few settings and macro calls come again and again."""
_TOO_WIDE = "a width of more than 99,999 characters"
_TOO_BIG = "a number of more than a million bits"
_SHOWN = 40
"""Characters of a value that are shown in messages."""
_WIDTH = re.compile(r"\d{6,}")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


class _Environment(SandboxedEnvironment):
    """Jinja's sandbox, with our lexer, our filters, and a count of what is spent."""

    concat = staticmethod(join)
    intercepted_binops = frozenset({"*", "**", "+", "%"})

    def __init__(self) -> None:
        super().__init__(
            extensions=["jinja2.ext.do", "jinja2.ext.loopcontrols"],
            optimized=False,
            keep_trailing_newline=True,
            cache_size=0,
            loader=DictLoader({}),
        )
        # Jinja checks that this is a class, but only ever calls it; ours needs to know the run.
        self.undefined = cast("type[Undefined]", self._unknown)
        self.filters.update(
            _literal=_literal,
            _emit=_emit,
            _steps=_steps,
            _concat=_concat,
            _mark=_mark,
            _macro=_macro,
        )
        self.globals.update({"return": returned})
        self.globals.pop("lipsum", None)
        self.run = _Run(self, "", lenient=True, limits=Limits(), decided={})
        self._lexer = _Lexer(self)
        self._compiled = 0
        self._prepared: dict[str, _Compiled] = {}

    @property
    def lexer(self) -> Lexer:
        """Ours; Jinja's own property shares lexers between environments."""
        return self._lexer

    def prepare(self, source: str, *, library: bool = False) -> _Compiled:
        """Parse, instrument and compile a template, or return it as it was compiled before."""
        if not library and source in self._prepared:
            return self._prepared[source]
        tree = self.parse(source)
        _Instrument(self._lexer.begins, library=library).visit(tree)
        self._compiled += 1
        filename = f"<template {self._compiled}>"
        code = self.compile(tree, filename=filename)
        made = _Compiled(Template.from_code(self, code, {}), filename)
        if not library:
            if len(self._prepared) >= _KEPT:
                self._prepared.pop(next(iter(self._prepared)))
            self._prepared[source] = made
        return made

    def _unknown(
        self,
        hint: str | None = None,
        obj: object = None,
        name: str | None = None,
        exc: type[Exception] = UndefinedError,  # noqa: ARG002 - Jinja's signature
    ) -> Undefined:
        if isinstance(obj, Unknown):
            return obj._with(f"{obj.written}.{name}")  # noqa: SLF001 - same module, same idea
        if not self.run.lenient and not isinstance(obj, Namespace):
            # dbt runs with Jinja's default here: empty, false, and an error when called.
            return Missing(self, name or hint or "value")
        written = getattr(obj, "written", None)
        return Unknown(self, f"{written}.{name}" if written else str(name or hint))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401
        """Refuse operations whose result would not fit."""
        if operator == "*":
            for sized, count in ((left, right), (right, left)):
                if isinstance(sized, (str, list, tuple)) and isinstance(count, int):
                    self.run.spend(len(sized) * max(count, 0))
            if isinstance(left, int) and isinstance(right, int):
                _fits(left.bit_length() + right.bit_length())
        elif operator == "**" and isinstance(left, int) and isinstance(right, int):
            _fits(left.bit_length() * max(right, 1))
        elif operator == "%" and isinstance(left, str) and _WIDTH.search(left):
            raise TemplateLimit(_TOO_WIDE)
        elif operator == "+" and isinstance(left, (str, list)) and isinstance(right, (str, list)):
            self.run.spend(len(left) + len(right))
        return super().call_binop(context, operator, left, right)

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Call, if the sandbox allows it and the result will fit."""
        self.run.spend()
        method = getattr(obj, "__name__", "")
        if method in _PADDING and any(isinstance(arg, int) and arg >= _BIG // 10 for arg in args):
            raise TemplateLimit(_TOO_WIDE)
        if method in {"format", "format_map"}:
            # The sandbox has wrapped the method; the text it belongs to is inside.
            template = getattr(getattr(obj, "__wrapped__", obj), "__self__", "")
            if isinstance(template, str) and _WIDTH.search(template):
                raise TemplateLimit(_TOO_WIDE)
        return super().call(context, obj, *args, **kwargs)


def _fits(bits: int) -> None:
    if bits > _BIG:
        raise TemplateLimit(_TOO_BIG)


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
        return self._with(f"{self.written}.{name}")


__all__ = [
    "Call",
    "Limits",
    "Missing",
    "Namespace",
    "Rendered",
    "Renderer",
    "TemplateStopped",
    "Unknown",
    "placeholder",
    "plain",
    "returned",
    "templated",
]
