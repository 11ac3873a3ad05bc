"""Table functions that name what is elsewhere: queries for another server, its tables, files."""

from __future__ import annotations

import re

from sqlglot import exp

from lineage.sql.parse import parse

_QUERY = re.compile(r"\s*(?:/\*.*?\*/\s*)*[(\s]*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_PASS_ON = frozenset({"openquery", "external_query", "dblink"})
_OTHER_DIALECTS = ("", "postgres", "mysql", "oracle", "tsql")
_KEYS = ("this", "db", "catalog")
_NAMED_BY: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("postgresql", "mysql", "mongodb", "odbc", "jdbc"), (1, 2)),
    **dict.fromkeys(
        ("s3", "url", "file", "hdfs", "gcs", "azureblobstorage", "deltalake", "iceberg", "hudi",
         "icebergs3", "deltalakes3", "dictionary", "oss", "cosn"),
        (0,),
    ),
    **dict.fromkeys(("s3cluster", "urlcluster", "filecluster", "hdfscluster"), (1,)),
    "sqlite": (0, 1),
    **dict.fromkeys(("read_files", "cloud_files"), (0,)),
}  # fmt: skip
"""ClickHouse's and Databricks': which of the arguments say what the rows are of."""


def passed_on(function: exp.Expr) -> tuple[str, str] | None:
    """Return the server and the text of ``OPENQUERY(srv, 'SELECT …')`` and its kin."""
    call = function.expression if isinstance(function, exp.Dot) else function
    if not isinstance(call, exp.Anonymous):
        return None
    server = function.sql().partition(".")[0] if isinstance(function, exp.Dot) else ""
    for item in call.expressions:
        value = item.expression if isinstance(item, exp.Kwarg) else item
        text = value.name if isinstance(value, exp.Literal) and value.is_string else ""
        if _QUERY.match(text) or (text and server and call.name.lower() in _PASS_ON):
            return server or call.name, text
        server = server or value.name
    return None


def query_elsewhere(server: str, text: str, dialect: str) -> exp.Expr | None:
    """Return a query for another server, whose tables are that server's; None if unreadable."""
    for other in (dialect, *_OTHER_DIALECTS):
        found = parse(text, other)
        if len(found) == 1 and isinstance(found[0].tree, exp.Query):
            tree = found[0].tree
            ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
            for table in tree.find_all(exp.Table):
                if isinstance(table.this, exp.Identifier) and (
                    table.db or table.name.lower() not in ctes
                ):
                    _placed_on(table, server)
            return tree
    return None


def _placed_on(table: exp.Table, server: str) -> None:
    """Put the server in front of a table's name, as in a name of four parts."""
    at = exp.to_identifier(server, quoted=True)
    catalog, db = table.args.get("catalog"), table.args.get("db")
    if catalog is not None:
        table.set("this", exp.Dot(this=db, expression=table.this))
        table.set("db", catalog)
        table.set("catalog", at)
    else:
        table.set("catalog" if db is not None else "db", at)
    table.meta["elsewhere"] = True


def stored(function: exp.Expr) -> exp.Table | None:
    """Return the table, or the file, that a table function reads."""
    places = _NAMED_BY.get(function.name.lower(), ())
    items = [function.expressions[i] for i in places if i < len(function.expressions)]
    if not places or len(items) != len(places):
        return None
    if not all(isinstance(item, exp.Literal | exp.Column) and item.name for item in items):
        return None
    names = [exp.to_identifier(item.name, quoted=True) for item in items]
    table = exp.Table(**dict(zip(_KEYS, reversed(names), strict=False)))
    table.meta["elsewhere"] = True
    return table
