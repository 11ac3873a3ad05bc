"""Ways to look at an estate: what is said of each dataset, column and edge, in a few words.

A lens gives each thing one of a few values. A value has a sign and a word besides its colour, so
that nothing is told by colour alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import lineage
from lineage import DatasetId

FRESH, BEHIND, UNWRITTEN = "fresh", "behind what it reads", "no time known"


def freshness(estate: lineage.Workspace) -> dict[DatasetId, tuple[str, str]]:
    """Return for each dataset whether it is older than what it reads, and why that is said.

    A dataset is behind if something that it reads was written later, on another day's run, or if
    what it reads is behind itself. Without the time of a write nothing is said.
    """
    snapshot = estate.snapshot
    reads = _reads(snapshot)
    known = snapshot.datasets
    found: dict[DatasetId, tuple[str, str]] = {}
    for id_ in _in_order(list(known), reads):
        at = known[id_].updated_at
        if at is None:
            found[id_] = (UNWRITTEN, "")
            continue
        late = [
            one for one in reads.get(id_, ()) if one in known and (known[one].updated_at or at) > at
        ]
        stale = [one for one in reads.get(id_, ()) if found.get(one, ("", ""))[0] == BEHIND]
        if late:
            names = ", ".join(sorted(estate.label(one) for one in late)[:3])
            found[id_] = (BEHIND, f"written later: {names}")
        elif stale:
            names = ", ".join(sorted(estate.label(one) for one in stale)[:3])
            found[id_] = (BEHIND, f"reads what is behind: {names}")
        else:
            found[id_] = (FRESH, "")
    return found


def _reads(snapshot: lineage.Snapshot) -> dict[DatasetId, set[DatasetId]]:
    reads: dict[DatasetId, set[DatasetId]] = {}
    for job in snapshot.jobs.values():
        for output in job.outputs:
            reads.setdefault(output, set()).update(one for one in job.inputs if one != output)
    return reads


def _in_order(every: list[DatasetId], reads: Mapping[DatasetId, set[DatasetId]]) -> list[DatasetId]:
    """Return what is read before what reads it; loops are cut where they close."""
    done: dict[DatasetId, None] = {}
    for start in every:
        stack = [(start, iter(sorted(reads.get(start, ()))))]
        entered = {start}
        while stack:
            here, rest = stack[-1]
            following = next((one for one in rest if one not in done and one not in entered), None)
            if following is None:
                stack.pop()
                done.setdefault(here)
            else:
                entered.add(following)
                stack.append((following, iter(sorted(reads.get(following, ())))))
    return [one for one in done if one in set(every)]


def tests(estate: lineage.Workspace) -> Counter[DatasetId]:
    """Return how many tests read each dataset."""
    found: Counter[DatasetId] = Counter()
    for job in estate.snapshot.jobs.values():
        if job.kind is lineage.JobKind.TEST:
            found.update(set(job.inputs))
    return found
