"""Binds statements: what each reads, writes and defines, and how the schema follows."""

from __future__ import annotations

from sqlglot import exp

from lineage.garbage import uncollected
from lineage.sql.body import statements_in, writing_ctes
from lineage.sql.bound import Bound, Write, written
from lineage.sql.frame import CteScope, Problem
from lineage.sql.parse import PARSER_ERRORS, on_deep_stack
from lineage.sql.place import place_of
from lineage.sql.query import Binder
from lineage.sql.repair.administration import ADMINISTERS
from lineage.sql.target import temporary_name
from lineage.sql.transfer import Transfers
from lineage.sql.variables import values_alone


class StatementBinder(Transfers):
    """Binds the statements of one script in order; ``schema`` follows what they define.

    Temporary tables are seen through: what is read from one has the origins of what was put
    into it; ``inline_views`` does the same for views. ``dead_ctes`` binds CTEs that nobody reads.
    """

    def bind(self, tree: exp.Expr) -> list[Bound]:
        """Bind one parsed statement; a block or procedure yields one result a statement in it."""
        if isinstance(tree, exp.Alias) and not isinstance(tree.this, exp.Condition):
            tree = tree.this
        inner = statements_in(tree)
        if inner is not None:
            return [bound for item in inner for bound in self.bind(item)]
        aside = [bound for part in writing_ctes(tree) for bound in self.bind(part)]
        binder = self._binder()
        try:
            try:
                with uncollected():
                    bound = self._whole(tree, binder)
            except RecursionError:
                binder = deeper = self._binder()
                bound = on_deep_stack(lambda: self._whole(tree, deeper))
        except RecursionError:
            text = "it is nested too deep to be bound; nothing is known of it"
            bound = Bound("other", problems=(Problem("too-deep", text, certain=False),))
        except PARSER_ERRORS as error:
            # The parser lets half statements through. Such a one must not cost the others, and
            # it is not passed over either: whoever asks is told that it was given up, and why.
            text = f"it cannot be bound ({type(error).__name__}: {error}); nothing is known of it"
            problem = Problem("gave-up", text, place_of(tree), certain=False)
            bound = Bound("other", problems=(problem,))
        bound.reads = tuple(binder.reads.values())
        bound.missing = tuple(
            table for table in bound.reads if table.columns is None and not table.temporary
        )
        bound.uses = frozenset(binder.uses)
        bound.unsure = binder.unsure
        bound.shapes = tuple(binder.shapes)
        bound.problems = (*bound.problems, *binder.problems)
        bound.candidates = tuple(binder.candidates)
        self._last_rows = bound.relation if bound.kind == "select" else None
        return [*aside, bound]

    def _whole(self, tree: exp.Expr, binder: Binder) -> Bound:
        """Bind a statement, with the CTEs that nobody reads where those are wanted."""
        bound = self._dispatch(tree, binder)
        returning = tree.args.get("returning")
        if isinstance(returning, exp.Returning) and bound.writes:
            into = returning.args.get("into")
            if isinstance(into, exp.Expr):
                self._output(returning.expressions, into, bound)
            elif not self.rules.concat_is_plus:  # T-SQL's OUTPUT names inserted and deleted
                self._returned(tree, returning, binder)
        if self.rules.binds_dead_ctes:
            binder.bind_dead_ctes()
        elif self.dead_ctes:
            binder.discard_dead_ctes()
        return bound

    def _dispatch(self, tree: exp.Expr, binder: Binder) -> Bound:
        match tree:
            case exp.Create():
                return self._create(tree, binder)
            case exp.Insert():
                return self._insert(tree, binder)
            case exp.MultitableInserts():
                return self._multi_insert(tree, binder)
            case exp.Merge():
                return self._merge(tree, binder)
            case exp.Update():
                return self._update(tree, binder)
            case exp.Delete():
                return self._delete(tree, binder)
            case exp.Alter(actions=[exp.Query() as query]):
                return self._alter_view(tree, query, binder)
            case exp.Alter():
                return self._alter(tree)
            case exp.Export():
                return self._export(tree, binder)
            case exp.LoadData():
                return Bound("copy", [Write(self.target(tree.this, binder), [])])
            case exp.Drop():
                return self._drop(tree)
            case exp.Copy():
                return self._copy(tree, binder)
            case exp.Cache():
                return self._cache(tree, binder)
            case exp.Declare():
                return self._declare_variables(tree, binder)
            case exp.Set():
                return self._set_variables(tree, binder)
            case exp.Use():
                return self._use_database(tree)
            case exp.Command() if tree.name.upper() == "UNLOAD":
                return self._unload(tree, binder)
            case exp.Command() if (
                tree.name.upper() in ADMINISTERS or tree.name.upper() == "DECLARE"
            ):
                return Bound("other")
            case exp.Command():
                problem = Problem(
                    "unsupported-statement",
                    f"{tree.this} statements are not understood; nothing is known of this one",
                    place_of(tree),
                    certain=False,
                )
                return Bound("other", problems=(problem,))
            case exp.Execute() | exp.ExecuteSql():
                text = f"what {tree.this.sql()} does is not known here"
                problem = Problem("calls-routine", text, place_of(tree), certain=False)
                return Bound("other", problems=(problem,))
            case exp.Query() | exp.Table() | exp.Values() | exp.Pivot():
                return self._select(tree, binder)
            case _:
                return Bound("other")

    def _select(self, tree: exp.Expr, binder: Binder) -> Bound:
        bare = values_alone(tree, self.rules)
        relation = binder.settled(binder.query(bare, CteScope(), top=True))
        into = tree.args.get("into") if isinstance(tree, exp.Select) else None
        if self._assigned_into(tree, relation) or self._assigned_in_list(tree, relation):
            return Bound("select", [], relation)
        if into is not None:
            table = self._define(
                into.this,
                binder,
                relation,
                temporary=temporary_name(into.this) or bool(into.args.get("temporary")),
            )
            write = written(table, relation)
            return Bound("create", self._visible(table, [write]), relation, table)
        return Bound("select", [written(None, relation)], relation)
