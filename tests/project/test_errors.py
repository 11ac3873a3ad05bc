"""Every message says what, where and what to do next, and the facts are there to be read."""

from __future__ import annotations

import inspect
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from lineage import errors
from lineage.errors import LineageError

MESSAGES = [
    (
        errors.BadLine("changes.jsonl:3", 'drop_column needs "table".'),
        'changes.jsonl:3: drop_column needs "table".',
    ),
    (
        errors.BadPolicy("lineage.toml", 'there is no rule "X"; `lineage rules` lists them'),
        'lineage.toml: there is no rule "X"; `lineage rules` lists them.',
    ),
    (
        errors.UnknownDialect("snowflak", ("snowflake",), ("snowflake", "spark")),
        'unknown dialect "snowflak"; did you mean snowflake?',
    ),
    (
        errors.UnknownDialect("foo", (), ("snowflake", "spark")),
        'unknown dialect "foo"; there are: snowflake, spark.',
    ),
    (
        errors.UnknownRevision("origin/main", "not a revision of a repository here"),
        (
            '"origin/main" is no path, and git does not know it (not a revision of a repository '
            "here); in CI, fetch the whole history (actions/checkout with fetch-depth: 0)."
        ),
    ),
    (
        errors.UnknownName("column", "orders.amuont", ("orders.amount",)),
        'unknown column "orders.amuont"; did you mean orders.amount?',
    ),
    (
        errors.UnknownName("dataset", "x", ("a", "b", "c")),
        'unknown dataset "x"; did you mean a, b or c?',
    ),
    (
        errors.UnknownName("job", "nightly"),
        (
            'unknown job "nightly", and nothing looks like it; '
            "list what there is with `lineage search`."
        ),
    ),
    (
        errors.AmbiguousName("column", "amount", ("crm.orders.amount", "billing.invoices.amount")),
        (
            'column "amount" is ambiguous; write more of the name to choose one of:\n'
            "  crm.orders.amount\n"
            "  billing.invoices.amount"
        ),
    ),
    (
        errors.UnreadableSource("models/a.sql", "Permission denied"),
        "models/a.sql: cannot be opened (Permission denied); check the path and its permissions.",
    ),
    (errors.BrokenSource("a.json", "it ends too early"), "a.json: it ends too early."),
    (
        errors.UnknownFormat("notes.bin", ("dbt", "openlineage", "sql")),
        "notes.bin: no reader recognises this document; what can be read: dbt, openlineage, sql.",
    ),
    (
        errors.StoreMissing("./.lineage/store.db"),
        "./.lineage/store.db: there is no store here; make one with `lineage ingest PATH`.",
    ),
    (
        errors.UnknownWitness("oracle", "it is neither duckdb nor postgresql://…"),
        'cannot ask "oracle": it is neither duckdb nor postgresql://….',
    ),
    (errors.BadChange("7", 'drop_column needs "table"'), 'change 7: drop_column needs "table".'),
    (
        errors.UnusableStore("notes.txt", "file is not a database; name another"),
        "notes.txt: the store cannot be used: file is not a database; name another.",
    ),
    (
        errors.BadIndex("it is cut short"),
        "the index cannot be used (it is cut short); build it again with `lineage ingest`.",
    ),
    (
        errors.UnknownExtension("report", "pdf", ("html", "json")),
        'no report is called "pdf"; there are: html, json.',
    ),
]


def tree() -> dict[str, type[LineageError]]:
    """Return every class of the tree by its name."""
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, LineageError)
    }


def raised(error: LineageError) -> None:
    """Raise it; a function of a module, so that another process can find it."""
    raise error


@pytest.mark.parametrize(("error", "message"), MESSAGES)
def test_message(error: LineageError, message: str) -> None:
    assert str(error) == message


def test_the_drawing_shows_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        mark = line.lstrip()[:2]
        if mark in {"* ", "x ", "+ "}:
            depth = (len(line) - len(line.lstrip())) // 2
            name = line.split()[1]
            above[depth:] = [name]
            drawn[name] = above[depth - 1] if depth else "Exception"
    assert drawn == {name: kind.__bases__[0].__name__ for name, kind in tree().items()}


def test_every_error_with_a_message_of_its_own_is_tested() -> None:
    with_message = {name for name, kind in tree().items() if "__str__" in vars(kind)}
    assert with_message <= {type(error).__name__ for error, _ in MESSAGES}


def test_an_error_survives_the_way_from_another_process() -> None:
    error = errors.AmbiguousName("column", "a", ("x.a", "y.a"))
    # spawn: pytest and its plugins have threads, which a forked process would lose midway.
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        found = pool.submit(raised, error).exception()
    assert isinstance(found, errors.AmbiguousName)
    assert (found.kind, found.name, found.candidates) == ("column", "a", ("x.a", "y.a"))
    assert str(found) == str(error)
