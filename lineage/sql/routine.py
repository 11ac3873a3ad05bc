"""Macros and functions that are expressions or queries: who makes them, and who calls them."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.frame import Routine


def makes_routine(tree: exp.Expr) -> bool:
    """Return whether a statement makes a macro or function that is bound where it is called."""
    return bool(routines_of(tree))


def routines_of(tree: exp.Expr) -> dict[tuple[str, int], Routine]:
    """Return what a statement makes of them, by name in lower case and number of parameters."""
    made, body = tree.this, tree.args.get("expression")
    if not isinstance(tree, exp.Create) or not isinstance(made, exp.UserDefinedFunction):
        return {}
    if (tree.args.get("kind") or "").upper() == "PROCEDURE":
        return {}
    found: dict[tuple[str, int], Routine] = {}
    for item in body.expressions if isinstance(body, exp.MacroOverloads) else [body]:
        parameters = (item if isinstance(item, exp.MacroOverload) else made).expressions
        inner = item.this if isinstance(item, exp.MacroOverload) else item
        names = tuple(
            (p.this if isinstance(p, exp.ColumnDef) else p).name.lower() for p in parameters
        )
        if isinstance(inner, exp.Condition | exp.Query) and not isinstance(inner, exp.Literal):
            found[made.this.name.lower(), len(names)] = Routine(names, inner)
    return found


def calls_in(tree: exp.Expr) -> set[str]:
    """Return the names, in lower case, of the functions that are nobody's but the user's."""
    return {call.name.lower() for call in tree.find_all(exp.Anonymous)}
