"""Statements in another dialect, and about tables that are somewhere else."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp
from sqlglot.errors import SqlglotError

from lineage.sql.dialect import parser_dialect


def moved(tree: exp.Expr, source: str | None, target: str, schema: Callable[[str], str]) -> str:
    """Return a statement in ``target``'s dialect, its tables in the schemas that stand for theirs.

    ``schema`` is asked for each table that is not a CTE; a table without a schema is in ``""``.
    """
    copy = tree.copy()
    ctes = {cte.alias.lower() for cte in copy.find_all(exp.CTE)}
    for table in list(copy.find_all(exp.Table)):
        if not isinstance(table.this, exp.Identifier):
            continue
        if not table.db and table.name.lower() in ctes:
            continue
        if not table.alias and isinstance(table.parent, exp.From | exp.Join):
            table.set("alias", exp.TableAlias(this=table.this.copy()))
        table.set("db", exp.to_identifier(schema(table.db), quoted=True))
        table.set("catalog", None)
    del source
    return str(copy.sql(parser_dialect(target) or None))


def type_in(text: str, target: str, source: str = "duckdb") -> str:
    """Return a type in another dialect; as it is, where that cannot be said."""
    try:
        kind = exp.DataType.build(text, dialect=parser_dialect(source) or None)
    except SqlglotError:
        return text
    return str(kind.sql(parser_dialect(target) or None))
