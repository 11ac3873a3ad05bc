"""What dbt refuses before it begins although every file can be read by itself.

https://docs.getdbt.com/docs/mesh/govern/model-access
"""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sources.dbt.facts import text
from lineage.sources.dbt.files import CALLED, QUOTED, Draft, Reading
from lineage.sources.dbt.node import Kind, Node, Relation
from lineage.sql.sourcemap import line_and_column, line_starts

SAME_RELATION = "dbt-duplicate-relation"
NO_GROUP = "dbt-unknown-group"
PRIVATE = "dbt-private-model"


def refusals(reading: Reading) -> Iterator[Diagnostic]:
    """Yield a problem for each."""
    yield from _same_relation(reading)
    yield from _unknown_groups(reading)
    yield from _private(reading)


def _same_relation(reading: Reading) -> Iterator[Diagnostic]:
    """Two models, seeds or snapshots that become one table."""
    makers: dict[Relation, Draft] = {}
    for draft in reading.drafts.values():
        if draft.kind is Kind.TEST or draft.ephemeral or draft.relation is None:
            continue
        other = makers.setdefault(draft.relation, draft)
        if other is draft or (other.package, other.name) == (draft.package, draft.name):
            continue  # two of one name are told of by that
        blamed, kept = (other, draft) if _is_renamed(other) else (draft, other)
        message = (
            f"it becomes {draft.relation.name}, as {kept.file}:1 does; dbt refuses a project with "
            f"two that make one relation. Give one of them another alias or schema."
        )
        yield _problem(SAME_RELATION, message, blamed.file, _line_of(blamed, "alias"))


def _is_renamed(draft: Draft) -> bool:
    return draft.relation is not None and draft.relation.identifier != draft.name


def _unknown_groups(reading: Reading) -> Iterator[Diagnostic]:
    """Groups that nobody defines, each where it is named first."""
    told: set[str] = set()
    for draft in reading.drafts.values():
        group = text(draft.config.get("group"))
        if group and group not in reading.groups and group not in told:
            told.add(group)
            known = ", ".join(sorted(reading.groups)) or "none"
            message = (
                f"{draft.name} is in the group {group}, which the project does not have (it has "
                f"{known}); dbt refuses that."
            )
            yield _problem(NO_GROUP, message, draft.file, _line_of(draft, "group"))


def _private(reading: Reading) -> Iterator[Diagnostic]:
    """References to models that are private to another group."""
    for node in reading.nodes.values():
        draft = reading.drafts.get(node.id)
        if draft is None and node.kind is not Kind.EXPOSURE:
            continue  # a generic test is in the group of what it tests
        for id_ in node.depends_on:
            other = reading.nodes.get(id_) or reading.elsewhere(id_)
            if other is not None and other.private and other.group != node.group:
                yield _problem(
                    PRIVATE, _trespass(node, other), node.file, *_place(draft, node, other)
                )


def _trespass(node: Node, other: Node) -> str:
    owner = f"private to the group {other.group}" if other.group else "private"
    return (
        f"{node.name} refers to {other.name}, which is {owner}; dbt refuses that. Take it into "
        f"that group, or give {other.name} another access."
    )


def _place(draft: Draft | None, node: Node, other: Node) -> tuple[int, int]:
    """Return where a reference is written, as far as that is to be seen."""
    written = draft.written if draft is not None else ""
    for called in CALLED.finditer(written):
        if other.name in QUOTED.findall(called[2]):
            return line_and_column(line_starts(written), called.start())
    return node.line or 1, 0


def _line_of(draft: Draft, word: str) -> int:
    return draft.written.count("\n", 0, max(draft.written.find(word), 0)) + 1


def _problem(code: str, message: str, document: str, line: int, column: int = 0) -> Diagnostic:
    where = f"{document}:{line}:{column}" if column else f"{document}:{line}"
    return Diagnostic(code, f"{where}: {message}", Severity.ERROR, Location(document, line, column))


__all__ = ["refusals"]
