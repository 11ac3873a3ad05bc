"""Statements that the parser refuses, said so that it can read them.

Asked only for a statement that did not parse, or that the parser kept as text: the tokens of what
carries no lineage (options, hints, error logs) are left out, and the others keep their positions.
Each repair looks at the words that would be there, and gives back the list that it was given where
they are not.
"""

from __future__ import annotations

from collections.abc import Callable

from lineage.sql.repair.creation import (
    kind_of_clone,
    kind_of_create,
    recursive_view,
    renaming,
    rows_moved,
    sink,
    statement_set,
    stream_of_table,
    task_body,
    with_names_alone,
    without_options,
)
from lineage.sql.repair.insertion import (
    bulk_insert,
    changes_applied,
    conditions_of_merge,
    error_log,
    insert_into_query,
    into_outfile,
    into_variables,
    output_into,
    parts_of_columns,
    words_of_change,
    words_of_insert,
    words_of_merge,
)
from lineage.sql.repair.pivot import named_values_of_pivot
from lineage.sql.repair.selection import (
    braces,
    branch_of_a_table,
    columns_of_json,
    compound_assignment,
    conditions_of_rollup,
    end_of_query,
    limit_by,
    marked_text,
    model_clause,
    numbered_parameter,
    order_using,
    partitioned_argument,
    pipe_operators,
    place_of_a_table,
    sample_of_query,
    session_window,
    settings,
    sorted_groups,
    subset_of_match,
    versions_between,
    words_of_select,
)
from lineage.sql.repair.token import Tokens


def repairs(chunk: Tokens) -> list[Tokens]:
    """Return the ways to say one statement anew, the one that loses least first."""
    found: list[Tokens] = []
    tokens = chunk
    for change in _CHANGES:
        tokens = change(tokens)
    if tokens is not chunk:
        found.append(tokens)
    for shorter in (without_options, with_names_alone):
        plain = shorter(tokens)
        if plain is not tokens:
            found.append(plain)
    return found


_CHANGES: tuple[Callable[[Tokens], Tokens], ...] = (
    task_body,
    statement_set,
    renaming,
    rows_moved,
    stream_of_table,
    sink,
    recursive_view,
    kind_of_create,
    kind_of_clone,
    bulk_insert,
    named_values_of_pivot,
    changes_applied,
    words_of_change,
    insert_into_query,
    words_of_insert,
    words_of_merge,
    sorted_groups,
    braces,
    columns_of_json,
    error_log,
    conditions_of_merge,
    output_into,
    numbered_parameter,
    session_window,
    words_of_select,
    limit_by,
    end_of_query,
    branch_of_a_table,
    place_of_a_table,
    versions_between,
    model_clause,
    partitioned_argument,
    subset_of_match,
    settings,
    into_outfile,
    into_variables,
    compound_assignment,
    pipe_operators,
    sample_of_query,
    marked_text,
    parts_of_columns,
    order_using,
    conditions_of_rollup,
)
