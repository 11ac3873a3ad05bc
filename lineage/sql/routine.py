"""Macros and functions that are expressions or queries: who makes them, and who calls them."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.frame import Routine
from lineage.sql.parse import parse
from lineage.sql.target import schema_names


def makes_routine(tree: exp.Expr, dialect: str | None) -> bool:
    """Return whether a statement makes a macro or function that is bound where it is called."""
    return bool(routines_of(tree, dialect))


def routines_of(tree: exp.Expr, dialect: str | None) -> dict[tuple[str, int], Routine]:
    """Return what a statement makes of them, by name in lower case and number of parameters."""
    made, body = tree.this, tree.args.get("expression")
    if not isinstance(tree, exp.Create) or not isinstance(made, exp.UserDefinedFunction):
        return {}
    if (tree.args.get("kind") or "").upper() == "PROCEDURE":
        return {}
    returned = tree.find(exp.ReturnsProperty)
    schema_node = returned.this if returned is not None else None
    found: dict[tuple[str, int], Routine] = {}
    for item in body.expressions if isinstance(body, exp.MacroOverloads) else [body]:
        parameters = (item if isinstance(item, exp.MacroOverload) else made).expressions
        inner = item.this if isinstance(item, exp.MacroOverload) else item
        if isinstance(inner, exp.Return):
            inner = inner.this.unnest()
        inner = _query_in_text(inner, tree, dialect) or inner
        if isinstance(schema_node, exp.Schema) and isinstance(inner, exp.Query):
            inner = _called_as(inner, schema_names(schema_node))
        names = tuple(map(_parameter_name, parameters))
        if isinstance(inner, exp.Condition | exp.Query) and not isinstance(inner, exp.Literal):
            found[made.this.name.lower(), len(names)] = Routine(names, inner)
    return found


def calls_in(tree: exp.Expr) -> set[str]:
    """Return the names, in lower case, of the functions that are nobody's but the user's."""
    return {call.name.lower() for call in tree.find_all(exp.Anonymous)}


def _query_in_text(body: exp.Expr | None, made: exp.Create, dialect: str | None) -> exp.Expr | None:
    """Return the query that is the text of a function in SQL."""
    if not isinstance(body, exp.Heredoc | exp.RawString | exp.Literal):
        return None
    language = made.find(exp.LanguageProperty)
    if language is not None and language.name.lower() != "sql":
        return None
    found = parse(body.name, dialect)
    tree = found[-1].tree if len(found) == 1 else None
    return tree if isinstance(tree, exp.Query) else None


def _parameter_name(node: exp.Expr) -> str:
    """Return the name under which a routine's body finds an argument: ``@x`` is no column."""
    inner = node.this if isinstance(node, exp.ColumnDef) else node
    return f"@{inner.name.lower()}" if isinstance(inner, exp.Parameter) else inner.name.lower()


def _called_as(query: exp.Query, names: list[str]) -> exp.Select:
    """Return a query whose columns are called as the function says that it returns them."""
    columns = [exp.to_identifier(name, quoted=True) for name in names]
    alias = exp.TableAlias(this=exp.to_identifier("returned"), columns=columns)
    return exp.select("*").from_(exp.Subquery(this=query.copy(), alias=alias))
