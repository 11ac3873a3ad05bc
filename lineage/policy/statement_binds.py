"""STATEMENT_BINDS: what the change leaves standing must still be a statement of its dialect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lineage.model.entities import JobKind
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told

ARITY = frozenset({"set-arity", "insert-arity", "arity"})


def check(facts: Facts) -> Iterator[Found]:
    """Yield each reason for which a statement does not bind, except columns out of line.

    A query that makes nothing is one as well: somebody runs it.
    """
    for verdict in (*facts.impact.relations, *facts.later, *facts.of_kind(JobKind.STATEMENT)):
        if verdict.status is Status.BREAKS:
            for found in told(verdict):
                if not ARITY & set(found.key.split()):
                    yield replace(found, fix=_fix(found))


def _fix(found: Found) -> str:
    """Return what mends this kind of reason."""
    words = found.key.split()
    return FIXES.get(words[1], OTHER) if len(words) > 1 else OTHER


NAME = (
    "Name the column by its new name, or keep the old name as well until readers moved: "
    "`lineage plan` writes the patches."
)
TABLE = (
    "Name a table that is there, or bring back the one that is gone, under its old name or as a "
    "view, until readers moved."
)
TYPE = (
    "Cast the value to a type that fits here, or keep the type that the column had until readers "
    "moved."
)
WHICH = "Write the table or its alias in front of the column, so that only one is meant."
GROUPED = "Add the column to GROUP BY, or put it into an aggregate such as max or any_value."
LISTED = "Give as many names as the query has columns."
OTHER = "Change the statement in the same pull request so that it binds, or take the cause back."
FIXES = {
    **dict.fromkeys(("unknown-column", "column-gone", "no-field"), NAME),
    **dict.fromkeys(("unknown-table", "input-gone", "relation-gone"), TABLE),
    **dict.fromkeys(
        ("no-function", "no-operator", "no-cast", "cannot-mix", "cannot-compare", "not-boolean"),
        TYPE,
    ),
    **dict.fromkeys(("ambiguous-column", "ambiguous-source"), WHICH),
    "ungrouped-column": GROUPED,
    "alias-columns": LISTED,
    "unknown-qualifier": "Qualify the column with a table of FROM; where that has an alias, by the "
    "alias.",
    "hidden-by-alias": "Qualify the column with its table, or give the alias another name.",
    "position-out-of-range": "Name the column instead of its position, or give one that there is.",
    "subquery-columns": "Select one column in the subquery.",
    "natural-join": "Join ON the columns that are meant.",
    "empty-select": "List the columns that are meant.",
}
"""What mends a reason, by the code of its evidence."""


RULE = Rule(
    purpose="Every relation downstream still binds against the changed schema.",
    why="A statement that names what is gone fails when it is run next, mostly at night.",
    example="`select amount from stg_orders` after `stg_orders` renamed `amount` to `net`.",
    fix=NAME,
    check=check,
)
