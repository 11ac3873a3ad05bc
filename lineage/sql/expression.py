"""Binds expressions: the type and the origins of each, in one walk.

An expression's value is a pair (type, origins). The strength of the origins is settled where
the value lands (a projection, an aggregate), not at every node on the way.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from lineage.sql.dialect import SPARK
from lineage.sql.frame import Frame, Problem, Routine
from lineage.sql.masking import masks
from lineage.sql.nested import fields, struct
from lineage.sql.place import place_of
from lineage.sql.postgres_names import POSTGRES
from lineage.sql.relation import (
    AGGREGATION,
    CONDITIONAL,
    MASKED,
    NEVER,
    NOTHING,
    ROW,
    TRANSFORMATION,
    WINDOW,
    Column,
    Origins,
    Relation,
    combine,
    flagged,
    lift,
    mark,
    merge,
    without,
)
from lineage.sql.resolution import UNKNOWN_VALUE, Resolution, Value, variable_key
from lineage.sql.typing import Typed

if TYPE_CHECKING:
    from lineage.sql.typing import TypeSystem


OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+",
    exp.Sub: "-",
    exp.Mul: "*",
    exp.Div: "/",
    exp.IntDiv: "//",
    exp.Mod: "%",
    exp.DPipe: "||",
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.NullSafeEQ: "IS NOT DISTINCT FROM",
    exp.NullSafeNEQ: "IS DISTINCT FROM",
    exp.And: "AND",
    exp.Or: "OR",
    exp.Like: "LIKE",
    exp.ILike: "ILIKE",
    exp.SimilarTo: "SIMILAR TO",
    exp.Glob: "GLOB",
    exp.BitwiseAnd: "&",
    exp.BitwiseOr: "|",
    exp.BitwiseLeftShift: "<<",
    exp.BitwiseRightShift: ">>",
    exp.Pow: "**",
}
COMPARISONS = frozenset(
    {"=", "<>", ">", ">=", "<", "<=", "IS NOT DISTINCT FROM", "IS DISTINCT FROM"}
)
_SILENT = (
    exp.Identifier,
    exp.DataType,
    exp.Var,
    exp.SessionParameter,
    exp.JSONPath,
    exp.Hint,
    exp.NextValueFor,
)


"""Types of operands, in order; None where nobody knows."""


class Expressions(Resolution):
    """The half of the binder that looks at expressions; ``Binder`` adds the queries."""

    _undecided: frozenset[str]
    routines: Mapping[tuple[str, int], Routine]

    # What the classes that follow provide.

    @abstractmethod
    def all_columns(self, star: exp.Expr, frame: Frame) -> Origins:
        """Return the origins of everything that a star among a function's arguments means."""

    @abstractmethod
    def array_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind ``ARRAY(SELECT …)``, whose value is all rows in their order."""

    @abstractmethod
    def query_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind a scalar subquery: its first column's value."""

    @abstractmethod
    def routine_value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind a call as the expression that stands in the routine."""

    @abstractmethod
    def scalar_relation(self, node: exp.Expr, frame: Frame, *, ordered: bool = False) -> Relation:
        """Bind a subquery of an expression; what filters it influences the expression."""

    @abstractmethod
    def spread(self, node: exp.Expr, frame: Frame) -> list[Column]:
        """Return the columns that ``COLUMNS(…)`` selects, outside the SELECT list."""

    @abstractmethod
    def window_parts(self, node: exp.Expr, frame: Frame) -> Origins:
        """Bind PARTITION BY and ORDER BY of a window, following names to the WINDOW clause."""

    # What it does itself.

    def value(self, node: exp.Expr, frame: Frame) -> Value:
        """Bind one expression."""
        handler = _HANDLERS.get(type(node))
        if handler is not None:
            return handler(self, node, frame)
        return _by_kind(self, node, frame)

    def values(self, nodes: list[exp.Expr], frame: Frame) -> tuple[tuple[str | None, ...], Origins]:
        """Bind several expressions: their types in order, and all their origins."""
        types: list[str | None] = []
        origins: Origins = NOTHING
        for node in nodes:
            type_, found = self.value(node, frame)
            types.append(type_)
            if found:
                origins = merge(origins, found)
        return tuple(types), origins

    def _boolean(self, node: exp.Expr, frame: Frame, clause: str) -> Origins:
        type_, origins = self.value(node, frame)
        if self.types is not None and type_ not in (None, "BOOLEAN", "NULL"):
            answer = self.types.operator("NOT", (type_,))
            if answer.error is not None:
                self.problems.append(
                    Problem("not-boolean", f"{clause}: {answer.error}", place_of(node))
                )
        return origins

    def influenced(self, origins: Origins, flag: int) -> None:
        """Note that ``origins`` decide which rows there are."""
        if origins:
            self._influence = merge(self._influence or NOTHING, mark(origins, flag))

    def _taken(self) -> Origins:
        """Return what has influenced since the last time, so that one column can bear it."""
        found = self._influence
        if not found:
            return NOTHING
        self._influence = NOTHING
        return found

    def _concrete(self, type_: str | None) -> str | None:
        if type_ is None or self.types is None:
            return None
        if type_ in self._undecided:
            return type_
        return self.types.concrete(type_)

    def settled(self, relation: Relation) -> Relation:
        """Return the relation as its readers see it: with types for what was undecided."""
        waiting = self._undecided
        if not waiting or all(column.type not in waiting for column in relation.columns):
            return relation
        columns = []
        for column in relation.columns:
            if column.type in waiting and self.types is not None:
                decided = column.renamed(column.name)
                decided.type = self.types.concrete(column.type or "")
                columns.append(decided)
            else:
                columns.append(column)
        return Relation(columns, relation.indirect, relation.table, relation.open)


Handler = Callable[[Any, Any, Frame], Value]
_HANDLERS: dict[type[exp.Expr], Handler] = {}


def _handles(*kinds: type[exp.Expr]) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for kind in kinds:
            _HANDLERS[kind] = handler
        return handler

    return register


def _by_kind(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """Find the handler of a class that was not met before, by its bases, and remember it."""
    kind = type(node)
    if isinstance(node, exp.Query):
        handler: Handler = _subquery
    elif isinstance(node, _SILENT):
        handler = _nothing
    elif isinstance(node, (exp.AggFunc,)):
        handler = _aggregate
    elif isinstance(node, exp.Func):
        handler = _function
    elif isinstance(node, (exp.Predicate, exp.Binary)):
        handler = _predicate
    else:
        handler = _any
    _HANDLERS[kind] = handler
    return handler(binder, node, frame)


def children(node: exp.Expr) -> list[exp.Expr]:
    """Return the expressions directly under ``node``, in argument order."""
    found: list[exp.Expr] = []
    for argument in node.args.values():
        if isinstance(argument, exp.Expr):
            found.append(argument)
        elif type(argument) is list:
            found.extend(item for item in argument if isinstance(item, exp.Expr))
    return found


@_handles(exp.Column)
def _column(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return binder.resolve(node, frame)


@_handles(exp.Identifier)
def _identifier(
    binder: Expressions,  # noqa: ARG001 - as every handler
    node: exp.Expr,
    frame: Frame,
) -> Value:
    """A bare identifier is a lambda's variable; elsewhere it names no column."""
    scope: Frame | None = frame
    key = node.name.lower()
    while scope is not None:
        if key in scope.values:
            return scope.values[key]  # type: ignore[return-value] # lambdas store Values
        scope = scope.parent
    return UNKNOWN_VALUE


def _nothing(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:  # noqa: ARG001 - a Handler
    return UNKNOWN_VALUE


for _kind in _SILENT[1:]:
    _HANDLERS[_kind] = _nothing


@_handles(exp.Parameter, exp.Placeholder)
def _parameter(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """A variable has the origins of what was put into it; Snowflake's ``$1`` is a column."""
    if binder.rules.dialect == "snowflake" and isinstance(node.this, exp.Literal):
        return binder.nth_column(node.name, "", frame)
    key = variable_key(node, binder.rules.dialect)
    scope: Frame | None = frame
    while scope is not None:
        if key in scope.values:
            return scope.values[key]  # type: ignore[return-value] # arguments are Values
        scope = scope.parent
    return binder.variable(key)


@_handles(exp.Literal)
def _literal(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:  # noqa: ARG001 - a Handler
    types = binder.types
    if types is None:
        return UNKNOWN_VALUE
    if node.args.get("is_string"):
        return ("STRING_LITERAL", NOTHING)
    return (types.literal_number(node.this), NOTHING)


@_handles(exp.Boolean)
def _boolean(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:  # noqa: ARG001 - a Handler
    return ("BOOLEAN", NOTHING)


@_handles(exp.Null)
def _null(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:  # noqa: ARG001 - a Handler
    return ("NULL" if binder.types is not None else None, NOTHING)


@_handles(exp.Paren, exp.Alias, exp.Ordered, exp.Collate)
def _inside(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return binder.value(node.this, frame)


@_handles(exp.Interval)
def _interval(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    inside = node.args.get("this")
    origins = binder.value(inside, frame)[1] if inside is not None else NOTHING
    if binder.types is None:
        return (None, origins)
    return (binder.types.literal_interval(_unit(node)), origins)


def _unit(node: exp.Expr) -> str:
    """Return the unit of an interval: ``DAY``, ``DAY TO SECOND``; nothing if text says it."""
    unit = node.args.get("unit")
    if isinstance(unit, exp.IntervalSpan):
        return f"{unit.this.name} TO {unit.expression.name}"
    return unit.name if isinstance(unit, exp.Expr) else ""


@_handles(*OPERATORS)
def _operator(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """A chain ``a + b + c`` leans left and can be thousands long: walk it without recursion."""
    chain = [node]
    left = node.this
    while type(left) in OPERATORS:
        chain.append(left)
        left = left.this
    type_, origins = binder.value(left, frame)
    types = binder.types
    for step in reversed(chain):
        right_type, right_origins = binder.value(step.args["expression"], frame)
        if right_origins:
            origins = merge(origins, right_origins)
        if types is None:
            continue
        symbol = OPERATORS[type(step)]
        if type_ is None or right_type is None:
            binder.beside((type_, right_type), step)
        if symbol in COMPARISONS and isinstance(step.args["expression"], exp.Any | exp.All):
            answer = types.combine("in_subquery", (type_, right_type))
        else:
            answer = types.operator(symbol, (type_, right_type))
        if symbol in COMPARISONS and (
            answer.never
            or _refused(types, step.args["expression"], type_)
            or _refused(types, step.this, right_type)
        ):
            origins = flagged(origins, NEVER)
        if answer.error is not None:
            code = "cannot-compare" if symbol in COMPARISONS else "no-operator"
            binder.typed(answer, step, code)
        type_ = answer.type
    return (type_, origins)


def _refused(types: TypeSystem, node: exp.Expr, type_: str | None) -> bool:
    """Return whether a quoted string cannot be compared with any value of a type."""
    literal = type(node) is exp.Literal and node.is_string
    return literal and type_ is not None and types.refuses_text(node.name, type_)


@_handles(exp.Neg, exp.Not, exp.BitwiseNot)
def _unary(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    inside = node.this
    negated = {exp.Like: "NOT LIKE", exp.ILike: "NOT ILIKE"}.get(type(inside))
    if negated and type(node) is exp.Not and binder.types is not None:
        (left, right), origins = binder.values([inside.this, inside.expression], frame)
        answer = binder.types.operator(negated, (left, right))
        return (binder.typed(answer, inside, "no-operator"), origins)
    type_, origins = binder.value(inside, frame)
    if binder.types is None:
        return (None, origins)
    if type(node) is exp.Not:
        if type_ is not None and type_ != "BOOLEAN":
            binder.typed(binder.types.operator("NOT", (type_,)), node, "no-operator")
        return ("BOOLEAN", origins)
    symbol = "-" if type(node) is exp.Neg else "~"
    return (binder.typed(binder.types.operator(symbol, (type_,)), node, "no-operator"), origins)


@_handles(exp.Is, exp.Between)
def _test(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    operands = [
        child
        for key in ("this", "low", "high", "expression")
        if isinstance(child := node.args.get(key), exp.Expr)
    ]
    kinds, origins = binder.values(operands, frame)
    if binder.types is not None and type(node) is exp.Between:
        binder.beside(kinds, node)
        answer = binder.types.combine("between", kinds)
        if answer.never or any(_refused(binder.types, one, kinds[0]) for one in operands[1:]):
            origins = flagged(origins, NEVER)
        binder.typed(answer, node, "cannot-compare")
    return ("BOOLEAN" if binder.types is not None else None, origins)


@_handles(exp.Cast, exp.TryCast)
def _cast(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    type_, origins = binder.value(node.this, frame)
    if binder.types is None:
        return (None, origins)
    target = binder.rules.type_text(node.args["to"])
    if target is None:
        return (None, origins)
    target = binder.types.normalize(target)
    # The parser has one node for Spark's CAST and TRY_CAST, which are checked alike.
    if type(node) is exp.Cast or binder.rules.dialect in SPARK:
        answer = binder.types.cast(type_, target)
        if answer.never:
            origins = flagged(origins, NEVER)
        return (binder.typed(answer, node, "no-cast"), origins)
    return (target, origins)


@_handles(exp.Case)
def _case(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    args = node.args
    subject = args.get("this")
    conditions: Origins = NOTHING
    kinds: list[str | None] = []
    origins: Origins = NOTHING
    subject_type: str | None = None
    if subject is not None:
        subject_type, conditions = binder.value(subject, frame)
    for branch in args.get("ifs") or ():
        if subject is None:
            found = binder._boolean(branch.this, frame, "WHEN")  # noqa: SLF001 - same class
        else:
            when_type, found = binder.value(branch.this, frame)
            if binder.types is not None:
                answer = binder.types.operator("=", (subject_type, when_type))
                binder.typed(answer, branch, "cannot-compare")
        conditions = merge(conditions, found)
        then = branch.args.get("true")
        if then is not None:
            kind, found = binder.value(then, frame)
            kinds.append(kind)
            origins = merge(origins, found)
    default = args.get("default")
    if default is not None:
        kind, found = binder.value(default, frame)
        kinds.append(kind)
        origins = merge(origins, found)
    elif binder.types is not None:
        kinds.append("NULL")
    type_ = None
    if binder.types is not None:
        binder.beside(tuple(kinds), node)
        type_ = binder.typed(binder.types.combine("case", tuple(kinds)), node, "cannot-mix")
    return (type_, _conditional(origins, conditions))


@_handles(exp.DecodeCase)
def _decode(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``DECODE(subject, search, result, …, default)``: a CASE in Oracle's words."""
    subject, *rest = node.expressions
    conditions = binder.value(subject, frame)[1]
    origins: Origins = NOTHING
    for position, item in enumerate(rest):
        found = binder.value(item, frame)[1]
        if position % 2 or position == len(rest) - 1:
            origins = merge(origins, found)
        else:
            conditions = merge(conditions, found)
    return (None, _conditional(origins, conditions))


def _conditional(origins: Origins, conditions: Origins) -> Origins:
    if not conditions:
        return origins
    return merge(origins, lift(conditions, TRANSFORMATION, CONDITIONAL))


@_handles(exp.If)
def _if(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    conditions = binder._boolean(node.this, frame, "IF")  # noqa: SLF001 - same class
    branches = [b for key in ("true", "false") if (b := node.args.get(key)) is not None]
    kinds, origins = binder.values(branches, frame)
    if binder.types is None:
        return (None, _conditional(origins, conditions))
    if len(branches) == 1:
        kinds = (*kinds, "NULL")
    type_ = binder.typed(binder.types.combine("case", kinds), node, "cannot-mix")
    return (type_, _conditional(origins, conditions))


@_handles(exp.Coalesce)
def _coalesce(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    kinds, origins = binder.values([node.this, *node.expressions], frame)
    if binder.types is None:
        return (None, origins)
    binder.beside(kinds, node)
    answer = binder.types.combine("coalesce", kinds)
    return (binder.typed(answer, node, "cannot-mix"), origins)


@_handles(exp.In)
def _in(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    subject, origins = binder.value(node.this, frame)
    kinds: list[str | None] = [subject]
    for item in node.expressions:
        kind, found = binder.value(item, frame)
        kinds.append(kind)
        origins = merge(origins, found)
    query = node.args.get("query")
    how = "in"
    if query is not None:
        relation = binder.scalar_relation(query, frame)
        for column in relation.columns:
            binder._carry(column)  # noqa: SLF001 - same class
            origins = merge(origins, column.direct)
        width = len(node.this.expressions) if isinstance(node.this, exp.Tuple) else 1
        if (
            binder.rules.exact_column_lists
            and not relation.open
            and (len(relation.columns) != width)
        ):
            text = f"{width} values are looked for among {len(relation.columns)} columns"
            binder.problems.append(Problem("subquery-width", text, place_of(query)))
        if len(relation.columns) == 1:
            kinds.append(relation.columns[0].type)
        else:
            kinds.append(None)
        how = "in_subquery"
    for key in ("unnest", "field"):
        other = node.args.get(key)
        if binder.rules.in_table and isinstance(other, exp.Column):
            parts = [part.copy() for part in reversed(other.parts)]
            table = exp.Table(**dict(zip(("this", "db", "catalog"), parts, strict=False)))
            relation = binder.scalar_relation(exp.select("*").from_(table), frame)
            for column in relation.columns:
                origins = merge(origins, column.direct)
            kinds = [None]
        elif isinstance(other, exp.Expr):
            origins = merge(origins, binder.value(other, frame)[1])
            kinds = [None]
    if binder.types is not None and len(kinds) > 1:
        answer = binder.types.combine(how, tuple(kinds))
        if answer.never or any(_refused(binder.types, one, subject) for one in node.expressions):
            origins = flagged(origins, NEVER)
        binder.typed(answer, node, "cannot-compare")
    return ("BOOLEAN" if binder.types is not None else None, origins)


@_handles(exp.Exists)
def _exists(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    inside = node.this
    if isinstance(inside, exp.Query):
        binder.scalar_relation(inside, frame)
        return ("BOOLEAN" if binder.types is not None else None, NOTHING)
    type_, origins = _call(binder, node, frame, TRANSFORMATION)  # of an array, and a lambda
    return (type_, origins)


def _subquery(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return binder.query_value(node, frame)


@_handles(exp.Window)
def _window(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    type_, origins = binder.value(node.this, frame)
    keys = binder.window_parts(node, frame)
    if keys:
        origins = merge(origins, lift(keys, TRANSFORMATION, WINDOW))
    return (type_, origins)


@_handles(exp.Filter)
def _filter(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    type_, origins = binder.value(node.this, frame)
    condition = node.expression
    inside = condition.this if isinstance(condition, exp.Where) else condition
    found = binder.value(inside, frame)[1]
    return (type_, _conditional(origins, found))


@_handles(exp.WithinGroup)
def _within_group(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    order = node.expression
    keys = order.expressions if isinstance(order, exp.Order) else [order]
    kinds, ordered = binder.values(list(keys), frame)
    function = node.this
    arguments = [child for child in children(function) if not isinstance(child, exp.Order)]
    given, origins = binder.values(arguments, frame)
    origins = lift(merge(origins, ordered), AGGREGATION)
    if binder.types is None:
        return (None, origins)
    answer = binder.types.call(_function_name(function), (*kinds, *given))
    return (answer.type, origins)


@_handles(exp.Distinct)
def _distinct(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    kinds, origins = binder.values(node.expressions, frame)
    return (kinds[0] if len(kinds) == 1 else None, origins)


@_handles(exp.IgnoreNulls, exp.RespectNulls)
def _nulls(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return binder.value(node.this, frame)


@_handles(exp.Order)
def _order(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``string_agg(a ORDER BY b)``: the value is the argument's, the keys only arrange it."""
    inside = node.args.get("this")
    type_, origins = binder.value(inside, frame) if inside is not None else UNKNOWN_VALUE
    for item in node.expressions:
        keys = binder.value(item, frame)[1]
        if keys:
            origins = merge(origins, lift(keys, TRANSFORMATION, WINDOW))
    return (type_, origins)


@_handles(exp.Tuple)
def _tuple(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    kinds, origins = binder.values(node.expressions, frame)
    return (kinds[0] if len(kinds) == 1 else None, origins)


@_handles(exp.Dot)
def _dot(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``(expression).field``, a method call, or a name with more parts than a column has."""
    parts: list[str] = []
    head: exp.Expr = node
    while type(head) is exp.Dot:
        tail = head.expression
        if not isinstance(tail, (exp.Identifier, exp.Star, exp.Literal)):
            break
        parts.insert(0, tail.name)
        head = head.this
    if type(head) is exp.Paren and parts and type(head.this) is exp.Column:
        row = head.this  # PostgreSQL's `(t).a`
        if row.args.get("table") is None and _is_item(row.name, frame):
            return binder._qualified((row.name, *parts[:-1]), parts[-1], row, frame)  # noqa: SLF001 - same class
    if type(head) is exp.Column and parts and "*" not in parts:
        qualifier = tuple(part.name for part in head.parts)
        return binder._qualified((*qualifier, *parts[:-1]), parts[-1], head, frame)  # noqa: SLF001 - same class
    if type(head) is exp.Dot:
        _method_of_a_column(head, binder.rules.dialect, frame)
        kinds, origins = binder.values(children(head), frame)
        del kinds
        return (None, origins)
    type_, origins = binder.value(head, frame)
    for part in parts:
        type_ = binder.field_type(type_, part, node)
    return (type_, origins)


def _is_item(name: str, frame: Frame) -> bool:
    key = name.lower()
    scope: Frame | None = frame
    while scope is not None:
        if any(entry.alias == key for entry in scope.entries):
            return True
        scope = scope.parent
    return False


_NAMES = (
    exp.Table, exp.TableAlias, exp.Column, exp.ColumnDef, exp.Schema, exp.DataType, exp.CTE,
    exp.Dot, exp.XMLElement, exp.Kwarg, exp.PropertyEQ, exp.Parameter, exp.Var,
)  # fmt: skip
"""In these an identifier names something else than a column."""


def _columns_again(node: exp.Expr) -> None:
    """Make columns of the bare names and dotted ones inside an expression."""
    for path in list(node.find_all(exp.Dot)):
        parts = list(path.flatten())
        if all(isinstance(part, exp.Identifier) for part in parts) and path.parent is not None:
            path.replace(exp.Column(this=parts[-1].copy(), table=parts[-2].copy()))
    for name in list(node.find_all(exp.Identifier)):
        if not isinstance(name.parent, _NAMES) and name.arg_key not in ("alias", "window"):
            name.replace(exp.Column(this=name.copy()))


_XML_METHODS = frozenset({"value", "query", "nodes", "exist"})


def _method_of_a_column(node: exp.Dot, dialect: str, frame: Frame) -> None:
    """Before ``.method()`` the parser leaves bare names where columns were: make them columns.

    What ``a.f(x)`` is called by may as well be a schema; then it stays a name.
    """
    owner = node.this
    parts = list(owner.flatten()) if isinstance(owner, exp.Dot) else [owner]
    if not all(isinstance(part, exp.Identifier) for part in parts):
        _columns_again(owner)
        return
    method = dialect in ("tsql", "fabric") and node.expression.name.lower() in _XML_METHODS
    if method or (len(parts) > 1 and _is_item(parts[0].name, frame)):
        names = [part.copy() for part in reversed(parts)]
        keys = ("this", "table", "db", "catalog")
        node.set("this", exp.Column(**dict(zip(keys, names, strict=False))))


@_handles(exp.Bracket)
def _bracket(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    type_, origins = binder.value(node.this, frame)
    keys, found = binder.values(node.expressions, frame)
    origins = merge(origins, found)
    if binder.types is None or type_ is None:
        return (None, origins)
    key = _text(node)
    if key is not None and fields(type_):
        return (binder.field_type(type_, key, node), origins)
    if isinstance(node.this, exp.Bracket) and binder.rules.dialect in POSTGRES:
        return (type_, origins)  # of one array, of as many dimensions as it has
    symbol = "[:]" if any(isinstance(item, exp.Slice) for item in node.expressions) else "[]"
    answer = binder.types.operator(symbol, (type_, *keys[:1]))
    return (binder.typed(answer, node, "no-operator"), origins)


def _text(node: exp.Expr) -> str | None:
    """Return the literal key of a subscript, which picks a struct's field."""
    first = node.expressions[0] if node.expressions else None
    return first.name if isinstance(first, exp.Literal) else None


@_handles(exp.PropertyEQ, exp.Kwarg)
def _named_argument(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return binder.value(node.expression, frame)


@_handles(exp.Struct)
def _struct(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    names, items = [], []
    for position, item in enumerate(node.expressions):
        if isinstance(item, (exp.PropertyEQ, exp.Kwarg)):
            names.append(item.this.name)
            items.append(item.expression)
        elif isinstance(item, exp.Alias):
            names.append(item.alias)
            items.append(item.this)
        else:
            names.append(item.name if isinstance(item, exp.Column) else f"v{position + 1}")
            items.append(item)
    kinds, origins = binder.values(items, frame)
    if binder.types is None or None in kinds:
        return (None, origins)
    concrete = tuple(binder.types.concrete(kind) for kind in kinds if kind is not None)
    return (binder.types.struct(tuple(names), concrete), origins)


@_handles(exp.Array)
def _array(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    only = node.expressions[0] if len(node.expressions) == 1 else None
    if isinstance(only, exp.Query):
        return binder.array_value(only, frame)
    kinds, origins = binder.values(node.expressions, frame)
    if binder.types is None or isinstance(only, exp.Comprehension):
        inner = kinds[0] if kinds else None
        return (f"{inner}[]" if inner else None, origins)
    return (binder.typed(binder.types.combine("list", kinds), node, "cannot-mix"), origins)


@_handles(exp.Lambda)
def _lambda(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return _applied(binder, node, frame, (None,) * len(node.expressions))


def _applied(
    binder: Expressions, node: exp.Expr, frame: Frame, types: tuple[str | None, ...]
) -> Value:
    """Bind a lambda's body, with types for its parameters."""
    inner = Frame(frame.ctes, frame)
    for parameter, type_ in zip(node.expressions, types, strict=True):
        inner.values[parameter.name.lower()] = (type_, NOTHING)
    return binder.value(node.this, inner)


@_handles(exp.Comprehension)
def _comprehension(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    source_type, origins = binder.value(node.args["iterator"], frame)
    inner = Frame(frame.ctes, frame)
    element = binder.types.element(source_type).type if binder.types and source_type else None
    inner.values[node.expression.name.lower()] = (element, origins)
    type_, found = binder.value(node.this, inner)
    origins = merge(origins, found)
    condition = node.args.get("condition")
    if condition is not None:
        origins = _conditional(origins, binder.value(condition, inner)[1])
    return (type_, origins)


@_handles(exp.Star)
def _star(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``object_construct(*)``: a function of all columns."""
    return (None, binder.all_columns(node, frame))


@_handles(exp.Any, exp.All)
def _quantified(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``= ANY (…)`` and ``> ALL (…)`` compare with each of many values, not with a BOOLEAN."""
    type_, origins = binder.value(node.this, frame)
    return (type_ if isinstance(node.this, exp.Query) else None, origins)


@_handles(exp.Columns)
def _columns(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """``WHERE COLUMNS(*) > 1``: the condition holds for each of the columns."""
    origins: Origins = NOTHING
    for column in binder.spread(node, frame):
        binder._carry(column)  # noqa: SLF001 - same class
        origins = merge(origins, column.direct)
    return (None, origins)


@_handles(exp.Explode, exp.Unnest, exp.Inline, exp.Posexplode, exp.ExplodeOuter)
def _unfolded(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """A collection of the SELECT list, a row for each element: it decides how many rows."""
    type_, origins = _function(binder, node, frame)
    if origins:
        frame.unfolded = merge(frame.unfolded, origins)
    return (type_, origins)


@_handles(exp.Count)
def _count(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    _refuse_lateral(binder, node, frame)
    inside = node.args.get("this")
    origins: Origins = NOTHING
    if inside is not None and type(inside) is not exp.Star:
        origins = binder.value(inside, frame)[1]
        if type(inside) is exp.Column and type(inside.this) is exp.Star:
            origins = NOTHING  # rows are counted, whatever is in them
        origins = without(origins, ROW)  # and in whatever order
    for item in node.expressions:
        origins = merge(origins, binder.value(item, frame)[1])
    return (
        binder.rules.count_type if binder.types is not None else None,
        lift(origins, AGGREGATION),
    )


@_handles(exp.Grouping, exp.GroupingId)
def _grouping(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """Which keys a row was grouped by: no value of theirs is in it."""
    return _call(binder, node, frame, TRANSFORMATION)[0], NOTHING


def _arguments(node: exp.Expr) -> tuple[str, list[exp.Expr]]:
    """Return the engine's name of a function and its arguments in the engine's order."""
    from lineage.sql.typing.sqlglot_functions import engine_call  # noqa: PLC0415 - loads tables on first use

    return engine_call(node)


def _written(node: exp.Expr, dialect: str) -> tuple[str, list[exp.Expr]] | None:
    if dialect in SPARK:
        from lineage.sql.typing.spark_functions import written_call  # noqa: PLC0415 - the same
    else:
        from lineage.sql.typing.postgres_functions import written_call  # noqa: PLC0415 - the same

    return written_call(node)


def _function_name(node: exp.Expr) -> str:
    return _arguments(node)[0]


def _aggregate(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    _refuse_lateral(binder, node, frame)
    return _call(binder, node, frame, AGGREGATION)


def _refuse_lateral(binder: Expressions, node: exp.Expr, frame: Frame) -> None:
    """Refuse what aggregates only columns of the FROM clause around: it would be done there."""
    if frame.parent is None or not (binder.rules.implicit_lateral and binder.rules.catalogue):
        return
    columns = list(node.find_all(exp.Column))
    if not columns or isinstance(node.parent, exp.Window) or node.find(exp.Query, exp.Star):
        return
    if all(binder.beyond_from(column, frame) for column in columns):
        text = "LATERAL join cannot contain aggregates of what stands beside it"
        problem = Problem("lateral-aggregate", text, place_of(node), columns[0].name)
        binder.problems.append(problem)


def _function(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    return _call(binder, node, frame, TRANSFORMATION)


@_handles(exp.AtTimeZone)
def _at_time_zone(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """A function in all but how it is written."""
    return _call(binder, node, frame, TRANSFORMATION)


@_handles(exp.Anonymous)
def _anonymous(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    name = node.name.lower()
    if (name, len(node.expressions)) in binder.routines:
        return binder.routine_value(node, frame)
    if name == "getvariable" and node.expressions:  # DuckDB's
        return binder.variable(node.expressions[0].name.lower())
    if name in _STRUCT_WITH and binder.types is not None:
        return _struct_with(binder, node, frame)
    return _call(
        binder, node, frame, AGGREGATION if binder.rules.is_aggregate(name) else TRANSFORMATION
    )


@_handles(exp.StructExtract)
def _struct_extract(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """DuckDB's ``struct_extract(s, 'a')`` is ``s.a``."""
    key = node.args.get("expression")
    if binder.rules.dialect != "duckdb" or not isinstance(key, exp.Literal) or not key.is_string:
        return _function(binder, node, frame)
    type_, origins = binder.value(node.this, frame)
    kind = None
    if type_ is not None and binder.types is not None:
        if type_.startswith(("STRUCT(", "UNION(")):
            answer = binder.types.field(type_, key.name)
        else:  # of a list, or of nothing
            answer = binder.types.call("struct_extract", (type_, "STRING_LITERAL"))
        kind = binder.typed(answer, node, "no-field")
    return (kind, lift(origins, TRANSFORMATION))


_STRUCT_WITH = frozenset({"struct_insert", "struct_update"})


def _struct_with(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    """DuckDB's ``struct_insert(s, a := 1)``: the members that there are, and those named."""
    kinds, origins = binder.values(node.expressions, frame)
    flagged = lift(origins, TRANSFORMATION)
    assert binder.types is not None  # noqa: S101 - as its caller says
    members: dict[str, tuple[str, str | None]] = {
        name.lower(): (name, type_) for name, type_ in fields(kinds[0] or "")
    }
    for item, kind in zip(node.expressions[1:], kinds[1:], strict=True):
        if not isinstance(item, exp.PropertyEQ | exp.Kwarg):
            return (None, flagged)
        type_ = binder.types.concrete(kind) if kind is not None else None
        known = members.get(item.this.name.lower(), (item.this.name, None))
        members[item.this.name.lower()] = (known[0], type_)
    types = [type_ for _, type_ in members.values() if type_ is not None]
    if len(types) < len(members) or len(members) < len(kinds):
        return (None, flagged)
    return (struct(tuple(name for name, _ in members.values()), tuple(types)), flagged)


def _call(binder: Expressions, node: exp.Expr, frame: Frame, strength: int) -> Value:
    flags = MASKED if masks(node) else 0
    if binder.types is None:
        origins: Origins = NOTHING
        for child in children(node):
            found = binder.value(child, frame)[1]
            if found:
                origins = merge(origins, found)
        kind = None
    else:
        sure = binder.rules.catalogue or binder.rules.parser_functions
        if binder.rules.catalogue:
            name, arguments = _arguments(node)
        else:
            written = (
                _written(node, binder.rules.dialect) if binder.rules.written_functions else None
            )
            sure = sure or written is not None
            name, arguments = written or (node.key, children(node))
        kinds, origins = _given(binder, name, arguments, frame)
        symbol = not name[:1].isalpha() and name[:1] not in {"_", '"'}
        answer = (binder.types.operator if symbol else binder.types.call)(name, kinds)
        if answer.error is not None and not sure:
            # The parser's name of a function is not always the engine's: a miss proves nothing.
            answer = Typed(None, None, answer.error)
        kind = binder.typed(answer, node, "no-function")
        if kind is None and answer.error is None:
            binder.beside(kinds, node)
    if origins and (strength == AGGREGATION or flags):
        origins = lift(origins, strength, flags)
    return (kind, origins)


def _given(
    binder: Expressions, name: str, arguments: list[exp.Expr], frame: Frame
) -> tuple[tuple[str | None, ...], Origins]:
    """Bind the arguments of a call; a lambda's parameters have the types that those before say."""
    if binder.types is None or not any(type(item) is exp.Lambda for item in arguments):
        return binder.values(arguments, frame)
    kinds: list[str | None] = []
    origins: Origins = NOTHING
    for item in arguments:
        if type(item) is exp.Lambda:
            count = len(item.expressions)
            known = (*kinds, None)[: len(arguments) - 1] if binder.rules.catalogue else kinds
            types = binder.types.lambda_parameters(name, tuple(known), count)
            kind, found = _applied(binder, item, frame, types)
        else:
            kind, found = binder.value(item, frame)
        kinds.append(kind)
        origins = merge(origins, found)
    return tuple(kinds), origins


def _predicate(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    kinds, origins = binder.values(children(node), frame)
    del kinds
    boolean = isinstance(node, exp.Predicate) and binder.types is not None
    return ("BOOLEAN" if boolean else None, origins)


def _any(binder: Expressions, node: exp.Expr, frame: Frame) -> Value:
    kinds, origins = binder.values(children(node), frame)
    del kinds
    return (None, origins)


__all__ = ["Expressions", "Value", "children", "combine"]
