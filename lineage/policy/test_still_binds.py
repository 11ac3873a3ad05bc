"""TEST_STILL_BINDS: a test is still a statement, and still tests something."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.model.entities import JobKind
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, told


def check(facts: Facts) -> Iterator[Found]:
    """Yield each test that can no longer be run."""
    for verdict in facts.of_kind(JobKind.TEST):
        if verdict.status is Status.BREAKS:
            yield from told(verdict)


RULE = Rule(
    purpose="A test can still be run.",
    why="A test that is in error stops the build, or is skipped and guards nothing.",
    example="`not_null` on a column that was renamed.",
    fix="Change the test in the same pull request.",
    check=check,
)
