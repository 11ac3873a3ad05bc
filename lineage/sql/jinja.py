"""Jinja's sandbox, instrumented: places are kept, work is counted, macros can return.

How places are kept: Jinja's tokens only know their line. Our lexer gives each token its offset
*as* its line number, which every node then carries; and every output is sent through a filter
that tags the text with that offset (`lineage.sql.sourcemap.Text`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import Any, cast

from jinja2 import (
    DictLoader,
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

from lineage.sql.rendering import Limits, Run, TemplateArguments, TemplateLimit
from lineage.sql.sourcemap import (
    Text,
    generated,
    join,
)
from lineage.sql.unknown import Missing, Namespace, Unknown

MACRO_PREFIX = "dbt_macro__"
"""A library's macros are renamed, so that they find each other only through the scope."""


class _Return(Exception):
    """``{{ return(value) }}`` in a macro."""

    def __init__(self, value: object) -> None:
        super().__init__()
        self.value = value


def returned(value: object = None) -> object:
    """End the macro that is running, and make ``value`` the result of its call."""
    raise _Return(value)


class ReturningMacro:
    """A macro that can ``return`` a value instead of text."""

    __slots__ = ("macro",)

    def __init__(self, macro: Macro) -> None:
        self.macro = macro

    def __call__(self, *args: object, **kwargs: object) -> object:
        """Return what the macro returns, or else its text."""
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
    name = macro.name.removeprefix(MACRO_PREFIX)
    if len(args) > len(macro.arguments) and not macro.catch_varargs:
        return f"macro {name!r} takes not more than {len(macro.arguments)} argument(s)"
    open_ = {*macro.arguments[len(args) :], "caller"}
    odd = [] if macro.catch_kwargs else [key for key in kwargs if key not in open_]
    if odd and odd[0] in macro.arguments:
        return f"macro {name!r} is given {odd[0]!r} twice"
    return f"macro {name!r} takes no argument {odd[0]!r}" if odd else None


class Scope(Mapping[str, Any]):
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
def literal(context: Context, value: str, offset: int) -> str:
    """Write text of the template itself, each character in its place."""
    environment = cast("Environment", context.environment)
    environment.run.spend(len(value))
    if context.name == environment.run.document:
        environment.run.at = offset
        return Text(value, ((0, len(value), offset, True),))
    return value


@pass_context
def emit(context: Context, value: object, offset: int) -> str:
    """Write what an expression gave; all of it comes from one place."""
    environment = cast("Environment", context.environment)
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
    run = cast("Environment", context.environment).run
    if context.name == run.document:
        run.at = offset
    return value


@pass_context
def _steps(context: Context, values: Iterable[object]) -> Iterable[object]:
    run = cast("Environment", context.environment).run
    if isinstance(values, (Unknown, Mapping)):
        values = list(values)
    return _counted(run, values)


def _counted(run: Run, values: Iterable[object]) -> Iterator[object]:
    for value in values:
        run.spend()
        yield value


@pass_context
def _concat(context: Context, values: list[object]) -> str:
    text = join([value if isinstance(value, str) else str(value) for value in values])
    cast("Environment", context.environment).run.spend(len(text))
    return text


@pass_context
def _macro(context: Context, value: Macro) -> ReturningMacro:  # noqa: ARG001 - as context filters go
    return ReturningMacro(value)


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
            node.name = MACRO_PREFIX + node.name
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
class Compiled:
    """A template as code, and the name that the code has in tracebacks."""

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
_WIDTH = re.compile(r"\d{6,}")
_PADDING = frozenset({"center", "ljust", "rjust", "zfill", "expandtabs"})


class Environment(SandboxedEnvironment):
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
            _literal=literal,
            _emit=emit,
            _steps=_steps,
            _concat=_concat,
            _mark=_mark,
            _macro=_macro,
        )
        self.globals.update({"return": returned})
        self.globals.pop("lipsum", None)
        self.run = Run("", lenient=True, limits=Limits(), decided={})
        self._lexer = _Lexer(self)
        self._compiled = 0
        self._prepared: dict[str, Compiled] = {}
        self.lacking = False
        """Whether packages are missing, so that their names are not known."""

    @property
    def lexer(self) -> Lexer:
        """Ours; Jinja's own property shares lexers between environments."""
        return self._lexer

    def prepare(self, source: str, *, library: bool = False) -> Compiled:
        """Parse, instrument and compile a template, or return it as it was compiled before."""
        if not library and source in self._prepared:
            return self._prepared[source]
        tree = self.parse(source)
        _Instrument(self._lexer.begins, library=library).visit(tree)
        self._compiled += 1
        filename = f"<template {self._compiled}>"
        code = self.compile(tree, filename=filename)
        made = Compiled(Template.from_code(self, code, {}), filename)
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
            return obj.within(f"{obj.written}.{name}")
        if not self.run.lenient and not isinstance(obj, Namespace):
            # dbt runs with Jinja's default here: empty, false, and an error when called.
            # Of what we give only a part of the attributes is here: dbt has them all.
            return Missing(self, name or hint or "value", given=isinstance(obj, SimpleNamespace))
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
