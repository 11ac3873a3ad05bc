"""Binds ALTER, DROP and USE: the schema follows."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.bound import Bound, InlinedTable
from lineage.sql.creation import Creations
from lineage.sql.relation import Parts, Table


class Alterations(Creations):
    """Statements that change what exists, and where names are looked for."""

    def _alter(self, tree: exp.Alter) -> Bound:
        target = tree.this
        if not isinstance(target, exp.Table):
            return Bound("other")
        parts = tuple(part.name for part in target.parts)
        table = self.schema.find(parts)
        for action in tree.args.get("actions") or ():
            table = self._altered(action, table, parts)
        return Bound("define", defines=table)

    def _altered(self, action: exp.Expr, table: Table | None, parts: Parts) -> Table | None:
        columns = list(table.columns) if table is not None and table.columns is not None else None
        name = table.parts if table is not None else self.schema.named(parts)
        match action:
            case exp.AlterRename(this=exp.Table() as new):
                self.schema.remove(name)
                renamed = tuple(part.name for part in new.parts)
                full = (*name[: len(name) - len(renamed)], *renamed)
                name = full
            case exp.SwapTable(this=exp.Table() as other):
                second = self.schema.find(tuple(part.name for part in other.parts))
                if table is None or second is None:
                    return table
                first_columns, second_columns = table.columns, second.columns
                self.schema.add(Table(second.parts, first_columns, kind=second.kind))
                columns = list(second_columns) if second_columns is not None else None
            case exp.ColumnDef() if columns is not None:
                columns.append((action.this.name, self._type_of(action)))
            case exp.Drop() if columns is not None:
                dropped = action.args.get("tables") or [action.this]
                gone = {item.name.lower() for item in dropped if item is not None}
                columns = [pair for pair in columns if pair[0].lower() not in gone]
            case exp.RenameColumn() if columns is not None:
                old, new = action.this.name.lower(), action.args["to"].name
                columns = [(new, t) if n.lower() == old else (n, t) for n, t in columns]
            case exp.AlterColumn() if columns is not None:
                kind = action.args.get("dtype")
                text = self.rules.type_text(kind) if isinstance(kind, exp.DataType) else None
                if text is not None:
                    text = self.types.normalize(text) if self.types is not None else text
                    columns = [
                        (n, text) if n.lower() == action.this.name.lower() else (n, t)
                        for n, t in columns
                    ]
            case _:
                return table
        if columns is None and table is None and not isinstance(action, exp.AlterRename):
            return None
        new_table = Table(name, columns, kind=table.kind if table is not None else "table")
        if isinstance(table, InlinedTable):
            new_table = table.altered(name, columns, action)
            if table in self._written_temporaries:
                aside = self._written_temporaries.pop(table)
                aside.target = new_table
                self._written_temporaries[new_table] = aside
        self.schema.add(new_table)
        return new_table

    def _drop(self, tree: exp.Drop) -> Bound:
        if (tree.args.get("kind") or "").upper() in ("TABLE", "VIEW"):
            for node in tree.args.get("tables") or (
                [tree.this] if isinstance(tree.this, exp.Table) else []
            ):
                if isinstance(node, exp.Table):
                    table = self.schema.find(tuple(part.name for part in node.parts))
                    if table is not None:
                        self.schema.forget(table)
        return Bound("define")

    def _use_database(self, tree: exp.Use) -> Bound:
        this = tree.this
        if isinstance(this, exp.Table):
            kind = tree.args.get("kind")
            word = kind.name.upper() if isinstance(kind, exp.Expr) else ""
            if this.db:
                self.schema.database, self.schema.default = this.db, this.name
            elif word in ("", "SCHEMA", "DATABASE"):
                if word == "DATABASE" or (
                    not word and self.rules.dialect in ("tsql", "fabric", "snowflake")
                ):
                    self.schema.database = this.name
                else:
                    self.schema.default = this.name
        return Bound("define")
