"""DATA_UNCHANGED: rows that live in the repository are told of when they change."""

from __future__ import annotations

from collections.abc import Iterator

from lineage.analysis.estate import short
from lineage.model.diagnostic import Severity
from lineage.model.identity import DatasetId
from lineage.model.verdict import Status
from lineage.policy import Facts, Found, Rule, placed


def check(facts: Facts) -> Iterator[Found]:
    """Yield each seed whose file differs, and each relation that is made from one."""
    for seed, place in facts.data.items():
        name = short(seed)
        owners = facts.head.described(seed).owners
        message = f"the rows of {name} are others"
        yield Found(name, message, "rows", Status.VALUE_CHANGES, location=place, owners=owners)
        for reader, path in downstream(facts, seed):
            described = facts.head.described(reader)
            yield Found(
                short(reader),
                f"made from {name}, whose rows are others",
                f"rows {name}",
                Status.VALUE_CHANGES,
                location=placed(described.origin, place),
                owners=described.owners,
                path=path,
            )


def downstream(facts: Facts, of: DatasetId) -> Iterator[tuple[DatasetId, tuple[str, ...]]]:
    """Yield every dataset that is made from one, nearest first, with the way to it."""
    ways: dict[DatasetId, tuple[str, ...]] = {of: (short(of),)}
    waiting = [of]
    for before in waiting:
        for position in facts.head.readers.get(before, ()):
            for made in facts.head.steps[position].writes:
                if made not in ways:
                    ways[made] = (*ways[before], short(made))
                    waiting.append(made)
                    yield made, ways[made]


RULE = Rule(
    purpose="Rows that live in the repository are told of when they change.",
    why="A line of a CSV file changes every table made from it, without any statement changing.",
    example="A price in seeds/raw_products.csv is corrected.",
    fix="Acknowledge it if it is meant.",
    check=check,
    severity=Severity.WARNING,
)
