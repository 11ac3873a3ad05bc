"""What PostgreSQL calls an output column that nobody named.

After ``FigureColnameInternal`` of PostgreSQL's parse_target.c: a function gives its name, a cast
that of what is cast or else of the type, CASE that of its ELSE; all else is ``?column?``.
"""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.place import written
from lineage.sql.typing.postgres_functions import written_call

POSTGRES = frozenset({"postgres", "redshift", "materialize", "risingwave"})
_UNNAMED = "?column?"
_LONGEST = 63
_TYPES = {
    "int": "int4",
    "integer": "int4",
    "bigint": "int8",
    "smallint": "int2",
    "decimal": "numeric",
    "real": "float4",
    "float": "float8",
    "double precision": "float8",
    "boolean": "bool",
    "char": "bpchar",
    "character": "bpchar",
    "character varying": "varchar",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time with time zone": "timetz",
    "time without time zone": "time",
}
"""The name of a type in the catalogue, by how it is written."""
_WORDS: dict[type[exp.Expr], str] = {
    exp.Array: "array",
    exp.AtTimeZone: "timezone",
    exp.Coalesce: "coalesce",
    exp.CurrentCatalog: "current_catalog",
    exp.CurrentDate: "current_date",
    exp.CurrentSchema: "current_schema",
    exp.CurrentTime: "current_time",
    exp.CurrentTimestamp: "current_timestamp",
    exp.CurrentUser: "current_user",
    exp.Exists: "exists",
    exp.Extract: "extract",
    exp.Greatest: "greatest",
    exp.Interval: "interval",
    exp.Least: "least",
    exp.Localtime: "localtime",
    exp.Localtimestamp: "localtimestamp",
    exp.Nullif: "nullif",
    exp.Overlay: "overlay",
    exp.SessionUser: "session_user",
    exp.StrPosition: "position",
    exp.Substring: "substring",
    exp.Tuple: "row",
}
"""What has a name of its own; where a function's name is written out, that one counts."""
_OPERATORS = (
    exp.Binary,
    exp.Unary,
    exp.Between,
    exp.In,
    exp.JSONExtract,
    exp.JSONExtractScalar,
    exp.RegexpLike,
    exp.RegexpILike,
    exp.JSONBExtract,
    exp.JSONBExtractScalar,
    exp.Boolean,
    exp.Null,
    exp.Literal,
)


def figured_name(node: exp.Expr) -> str:
    """Return the name; the text of the statement tells functions of one meaning apart."""
    return (_figured(node)[0] or _UNNAMED)[:_LONGEST]


def _figured(node: exp.Expr) -> tuple[str | None, int]:
    """Return a name and how good it is: 2 is one of its own, 1 a type's or ``case``."""
    match node:
        case exp.Paren() | exp.Collate() | exp.Bracket() | exp.Filter() | exp.IgnoreNulls():
            return _figured(node.this)
        case exp.Window() | exp.WithinGroup() | exp.RespectNulls():
            return _figured(node.this)
        case exp.Column() | exp.Identifier():
            return node.name, 2
        case exp.Dot():
            return _figured(node.expression)
        case exp.Subquery() | exp.Query():
            return _of_query(node.unnest())
        case exp.Cast() | exp.TryCast():
            name, strength = _figured(node.this)
            return (name, strength) if strength > 1 else (_type_name(node.to), 1)
        case exp.Case():
            default = node.args.get("default")
            name, strength = _figured(default) if default is not None else (None, 0)
            return (name, strength) if strength > 1 else ("case", 1)
        case exp.Anonymous() if node.name.lower() == "interval":
            return "interval", 1
        case exp.Interval():
            return _WORDS[type(node)], 1
    return _called(node)


def _called(node: exp.Expr) -> tuple[str | None, int]:
    """Name a function, operators having none."""
    text = written(node)
    known = _WORDS.get(type(node))
    if text and text[0].isalpha() and text.replace("_", "a").isalnum():
        return text.lower(), 2
    if known is not None:
        return known, 2
    if isinstance(node, _OPERATORS) or not isinstance(node, exp.Func):
        return None, 0
    call = written_call(node)
    return (call[0] if call is not None else node.sql_name()).lower(), 2


def _of_query(query: exp.Expr) -> tuple[str | None, int]:
    while isinstance(query, exp.SetOperation):
        query = query.left.unnest()
    items = query.expressions if isinstance(query, exp.Select) else []
    if not items:
        return None, 0
    if isinstance(items[0], exp.Alias):
        return items[0].alias, 2
    return _figured(items[0])


def _type_name(kind: exp.Expr) -> str | None:
    text = written(kind)
    name = (text or kind.sql("postgres")).strip('"').lower().split("(")[0].strip().rstrip("[]")
    return _TYPES.get(name, name.rsplit(".", 1)[-1])
