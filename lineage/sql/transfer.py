"""Binds COPY, EXPORT and UNLOAD: rows that come from files or go to them."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot import exp

from lineage.sql.bound import Bound, Write, paired, written
from lineage.sql.change import Changes
from lineage.sql.frame import CteScope, Problem
from lineage.sql.parse import parse
from lineage.sql.place import place_of
from lineage.sql.query import Binder
from lineage.sql.relation import Table
from lineage.sql.target import relation_of, schema_names

_UNLOAD = re.compile(
    r"\s*\(\s*(?:'(?P<text>(?:[^'\\]|''|\\.)*)'|\$\$(?P<dollar>.*?)\$\$|(?P<bare>.*?))\s*\)"
    r"\s*TO\s*'(?P<place>[^']*)'",
    re.IGNORECASE | re.DOTALL,
)


class Transfers(Changes):
    """Statements between tables and files."""

    def _copy(self, tree: exp.Copy, binder: Binder) -> Bound:
        if not tree.args.get("kind"):
            return self._copied_out(tree, binder)
        schema_node = tree.this if isinstance(tree.this, exp.Schema) else None
        node = schema_node.this if schema_node is not None else tree.this
        if not isinstance(node, exp.Table):
            return Bound("copy")
        names = schema_names(schema_node)
        outside = isinstance(node.this, exp.Literal | exp.Var)
        table = Table((node.name,), None) if outside else self.target(node, binder)
        for item in tree.args.get("files") or ():
            query = item.unnest() if isinstance(item, exp.Subquery) else item
            if outside and isinstance(query, exp.Table) and not names:
                relation = relation_of(binder, query)
                return Bound("copy", [written(table, relation)], relation)
            if isinstance(query, exp.Query):
                relation = self._query(query, binder, tree)
                names = names or [name for name, _ in table.columns or ()]
                write = Write(table, paired(relation, names), relation.indirect)
                return Bound("copy", [write], relation)
        return Bound("copy", [Write(table, [])])

    def _copied_out(self, tree: exp.Copy, binder: Binder) -> Bound:
        """``COPY t TO 'file'``, and ``COPY (query) TO 'file'``."""
        files = tree.args.get("files") or ()
        node = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
        query = isinstance(node, exp.Query)
        relation = self._query(node, binder, tree) if query else relation_of(binder, node)
        place = files[0].name if files else "file"
        return Bound("copy", [written(Table((place,), None), relation)], relation)

    def _export(self, tree: exp.Export, binder: Binder) -> Bound:
        """BigQuery's ``EXPORT DATA OPTIONS (uri = …) AS query``."""
        relation = self._query(tree.this, binder, tree)
        options = tree.args.get("options")
        named = {item.name.lower(): item for item in (options.expressions if options else ())}
        place = named["uri"].args["value"].name if "uri" in named else "file"
        write = written(Table((place,), None), relation)
        return Bound("copy", [write], relation)

    def _unload(self, tree: exp.Command, binder: Binder) -> Bound:
        """Redshift's and Athena's ``UNLOAD ('query') TO 'place'``, which the parser leaves whole.

        Its query is text of its own, so a place in it is told as that of the statement.
        """
        found = _UNLOAD.match(tree.args["expression"].name)
        parsed = parse(_unquoted(found), self.rules.dialect) if found is not None else []
        if found is None or len(parsed) != 1 or parsed[0].tree is None:
            text = "the query inside UNLOAD does not parse; nothing is known of this statement"
            return Bound("other", problems=(Problem("does-not-parse", text, place_of(tree)),))
        relation = binder.query(parsed[0].tree, CteScope(), top=True)
        binder.problems = [replace(item, place=place_of(tree)) for item in binder.problems]
        table = Table((found["place"],), None)
        return Bound("copy", [written(table, relation)], relation)


def _unquoted(found: re.Match[str]) -> str:
    text = found["text"]
    if text is not None:
        return re.sub(r"''|\\'", "'", text)
    return found["dollar"] or found["bare"] or ""
