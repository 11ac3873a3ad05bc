"""Finds the statements inside others: in blocks, procedures, IF, loops and WITH."""

from __future__ import annotations

from sqlglot import exp


def writing_ctes(tree: exp.Expr) -> list[exp.Expr]:
    """Return the statements inside WITH that write (PostgreSQL), each with the CTEs before it."""
    with_ = tree.args.get("with_")
    ctes = with_.expressions if isinstance(with_, exp.With) else []
    found: list[exp.Expr] = []
    for position, cte in enumerate(ctes):
        if isinstance(cte.this, (exp.Insert, exp.Update, exp.Delete, exp.Merge)):
            statement = cte.this.copy()
            if position and statement.args.get("with_") is None:
                before = [
                    item.copy() for item in ctes[:position] if isinstance(item.this, exp.Query)
                ]
                statement.set("with_", exp.With(expressions=before))
            found.append(statement)
    return found


def statements_in(tree: exp.Expr) -> list[exp.Expr] | None:
    """Return the statements inside a block, procedure, IF or loop; ``None`` for anything else."""
    match tree:
        case exp.Block():
            return [item for item in tree.args.get("expressions") or () if item is not None]
        case exp.IfBlock():
            return [
                item
                for key in ("true", "false")
                if isinstance(item := tree.args.get(key), exp.Expr)
            ]
        case exp.ForIn():
            return _loop(tree)
        case exp.WhileBlock():
            body = tree.args.get("body")
            return [body] if isinstance(body, exp.Expr) else []
        case exp.Create() if (tree.args.get("kind") or "").upper() in ("PROCEDURE", "FUNCTION"):
            body = tree.args.get("expression")
            if isinstance(body, exp.Block):
                return [item for item in body.args.get("expressions") or () if item is not None]
            if (
                isinstance(body, (exp.DML, exp.Merge))
                and (tree.args.get("kind") or "").upper() == "PROCEDURE"
            ):
                return [body]
    return None


def _loop(tree: exp.ForIn) -> list[exp.Expr]:
    """Return the statement of ``FOR r IN (query) DO …``, with a subquery for each ``r.a``."""
    statement = tree.expression
    if not isinstance(statement, exp.Expr) or not isinstance(tree.this, exp.In):
        return []
    query, name = tree.this.args.get("query"), tree.this.this.name.lower()
    statement = statement.copy()
    for column in list(statement.find_all(exp.Column)):
        if isinstance(query, exp.Subquery) and column.table.lower() == name:
            rows = query.copy()
            rows.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
            value = exp.Subquery(this=exp.select(column.copy()).from_(rows))
            named = isinstance(column.parent, exp.Select)
            column.replace(exp.alias_(value, column.name) if named else value)
    return [statement]
