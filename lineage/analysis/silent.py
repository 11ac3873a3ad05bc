"""Silent changes: it still builds, with the same columns, and means something else.

A bound column says which columns its value is made of, and which decide about it. Those are
compared before and after; what changed its name counts as the same. What is found is carried on:
a column made from one whose values change changes too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from lineage.catalog.program import Outcome, Written
from lineage.catalog.world import DatasetTable
from lineage.model.identity import DatasetId
from lineage.model.names import joined, parts_of
from lineage.sql.meaning import Meaning
from lineage.sql.relation import (
    FILTER,
    GROUP_BY,
    JOIN,
    NEVER,
    ROW,
    SORT,
    STRENGTH,
    Origin,
    Origins,
)

Key = tuple[DatasetId, str]
"""A column: its dataset, and its name in lower case."""

_INFLUENCES: Final = ((JOIN, "joined on"), (FILTER, "filtered by"), (GROUP_BY, "grouped by"))
_UPSTREAM: Final = frozenset(
    {"upstream-values", "upstream-rows", "upstream-influence", "other-type", "may-be-null"}
)
UNREADABLE: Final = frozenset({"never-converts", "upstream-never-converts"})
"""Reasons for which it is built where it is a view, or while there are no rows, and cannot be read
as soon as there is one."""
_INTEGERS: Final = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT",
)  # fmt: skip
_SIGNLESS: Final = ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why values differ. Not ``certain``: whether they do depends on the rows."""

    code: str
    message: str
    certain: bool = True
    column: str | None = None
    place: tuple[int, int] = (0, 0)


@dataclass(slots=True)
class Drift:
    """What is known to differ upstream, as far as the walk has come."""

    before: dict[Key, Key] = field(default_factory=dict)
    """Columns that have another name, and what they were called."""
    retyped: dict[Key, tuple[str | None, str | None]] = field(default_factory=dict)
    values: dict[Key, Reason] = field(default_factory=dict)
    rows: dict[DatasetId, Reason] = field(default_factory=dict)
    """Datasets that have other rows, so that every column differs."""


@dataclass(slots=True)
class Silent:
    """What differs in one relation."""

    columns: dict[str, Reason] = field(default_factory=dict)
    """By name, in lower case."""
    rows: Reason | None = None

    def reasons(self) -> list[Reason]:
        """Return all reasons: what concerns the rows first."""
        return [*([self.rows] if self.rows else []), *self.columns.values()]


def rewritten(before: Meaning, after: Meaning, found: Silent) -> Silent:
    """Return what differs after a statement was written anew.

    Two ways of writing the same are the same; what else differs may still give equal values, and
    says so. From ``found``, the comparison by origins, stays what comes from upstream.
    """
    stays = _UPSTREAM | UNREADABLE
    kept = Silent(
        {name: reason for name, reason in found.columns.items() if reason.code in stays},
        found.rows if found.rows is not None and found.rows.code in stays else None,
    )
    if before.rows != after.rows and not _is_unreadable(kept.rows):
        other = found.rows
        message = other.message if other is not None else "it reads, filters or groups other rows"
        kept.rows = Reason("other-rows", message, certain=False)
    earlier = {name.lower(): value for name, value in before.columns}
    for name, value in after.columns:
        key = name.lower()
        if key in earlier and earlier[key] != value and not _is_unreadable(kept.columns.get(key)):
            known = found.columns.get(key)
            message = f"{name} is worked out in another way"
            if known is not None and known.code == "other-origin":
                message = known.message
            place = known.place if known is not None else (0, 0)
            kept.columns[key] = Reason("other-expression", message, certain=False, column=name,
                                       place=place)  # fmt: skip
    return kept


def silent(before: Outcome, after: Outcome, target: DatasetId, drift: Drift) -> Silent:
    """Return what differs in ``target``, in the columns that it has before and after."""
    found = Silent()
    earlier = _written(before, target)
    for written in _written(after, target):
        was = earlier.pop(0) if earlier else Written(target, [])
        _columns(was, written, drift, found)
        found.rows = found.rows or _rows(was.indirect, written.indirect, drift)
        if before.shapes != after.shapes:
            _whole_rows(written, found)
    for read in after.reads:
        reason = drift.rows.get(read)
        if _is_unreadable(reason):
            message = f"it reads {_short(read)}, whose rows cannot be worked out"
            found.rows = Reason("upstream-never-converts", message)
        elif reason is not None and found.rows is None:
            message = f"it reads {_short(read)}, whose rows change"
            found.rows = Reason("upstream-rows", message, reason.certain)
    return found


def _is_unreadable(reason: Reason | None) -> bool:
    return reason is not None and reason.code in UNREADABLE


def _unreadable(what: str, before: Origins, after: Origins, drift: Drift) -> Reason | None:
    """Return why something cannot be worked out any more, as soon as there is a row."""
    if not any(flags & NEVER for flags in before.values()):
        fails = [key_of(origin) for origin, flags in after.items() if flags & NEVER]
        if fails:
            message = (
                f"{what} by converting {_names(fails)} into a type to which none of its values "
                "can be converted: reading it fails with the first row"
            )
            return Reason("never-converts", message)
    for origin in after:
        key = key_of(origin)
        if _is_unreadable(drift.values.get(key)):
            message = f"{what} from {_name(key)}, which cannot be worked out"
            return Reason("upstream-never-converts", message)
    return None


def _written(outcome: Outcome, target: DatasetId) -> list[Written]:
    return [item for item in outcome.written if item.target == target]


def _columns(before: Written, after: Written, drift: Drift, found: Silent) -> None:
    earlier = {name.lower(): column for name, column in before.columns}
    for name, column in after.columns:
        was = earlier.get(name.lower())
        if was is None:
            continue
        reason = _unreadable(f"{name} is made", was.direct, column.direct, drift)
        reason = reason or _unreadable(f"{name} is made", was.indirect, column.indirect, drift)
        reason = reason or _value(name, was.direct, column.direct, drift)
        if reason is None:
            reason = _decided(name, was.indirect, column.indirect, drift)
        if reason is not None:
            found.columns[name.lower()] = Reason(
                reason.code, reason.message, reason.certain, name, column.place
            )


def _whole_rows(written: Written, found: Silent) -> None:
    """Tell of what is worked out from a whole row, whose columns are other ones in its order."""
    what = "a whole row, whose columns have another order or other names"
    for name, column in written.columns:
        if any(flags & ROW for flags in (*column.direct.values(), *column.indirect.values())):
            message = f"{name} is worked out from {what}"
            reason = Reason("other-row", message, certain=False, column=name, place=column.place)
            found.columns.setdefault(name.lower(), reason)
    if found.rows is None and any(flags & ROW for flags in written.indirect.values()):
        found.rows = Reason("other-row", f"its rows are picked by {what}", certain=False)


def _value(name: str, before: Origins, after: Origins, drift: Drift) -> Reason | None:
    was = {key_of(origin): flags for origin, flags in before.items()}
    now = {_earlier(key_of(origin), drift): flags for origin, flags in after.items()}
    if was.keys() != now.keys():
        message = f"{name} comes from {_names(now)} now, and came from {_names(was)}"
        return Reason("other-origin", message)
    for origin, flags in after.items():
        key = key_of(origin)
        reason = drift.values.get(key)
        if reason is not None:
            message = f"{name} is made from {_name(key)}, whose values change"
            return Reason("upstream-values", message, reason.certain)
        types = drift.retyped.get(key)
        if types is not None and flags & STRENGTH and not preserving(*types):
            message = f"{name} is worked out from {_name(key)}, {_other_type(*types)}"
            return Reason("other-type", message, certain=False)
    return None


def _decided(name: str, before: Origins, after: Origins, drift: Drift) -> Reason | None:
    was = {key_of(origin) for origin in before}
    now = {_earlier(key_of(origin), drift) for origin in after}
    if was != now:
        message = f"{name} depends on {_names(now)} now, and depended on {_names(was)}"
        return Reason("other-influence", message)
    for origin in after:
        reason = _affected(key_of(origin), drift)
        if reason is not None:
            return Reason("upstream-influence", f"{name} depends on {reason}", certain=False)
    return None


def _rows(before: Origins, after: Origins, drift: Drift) -> Reason | None:
    unreadable = _unreadable("its rows are picked", before, after, drift)
    if unreadable is not None:
        return unreadable
    order = SORT | ROW
    was = {key_of(origin) for origin, flags in before.items() if flags & ~order}
    now = {_earlier(key_of(origin), drift) for origin, flags in after.items() if flags & ~order}
    if was != now:
        fresh, lost = now - was, was - now
        what = f"{_names(fresh)} decides now" if fresh else f"{_names(lost)} no longer decides"
        return Reason("other-rows", f"{what} which rows there are")
    for origin, flags in after.items():
        how = next((text for bit, text in _INFLUENCES if flags & bit), None)
        if how is None:
            continue
        reason = _affected(key_of(origin), drift)
        if reason is not None:
            return Reason("upstream-influence", f"its rows are {how} {reason}", certain=False)
    return None


def _affected(key: Key, drift: Drift) -> str | None:
    if key in drift.values:
        return f"{_name(key)}, whose values change"
    types = drift.retyped.get(key)
    if types is not None and not preserving(*types):
        return f"{_name(key)}, {_other_type(*types)}"
    return None


def _other_type(was: str | None, now: str | None) -> str:
    return f"which is given the type {now}" if was is None else f"which is {now} now, not {was}"


def preserving(before: str | None, after: str | None) -> bool:
    """Return whether expressions on a column of one type give the same on the other.

    Only where that holds for all values: integers that become wider, text that becomes text.
    """
    if before is None or after is None:
        return False
    for family in (_INTEGERS, _SIGNLESS):
        if before in family and after in family:
            return family.index(before) <= family.index(after)
    if before in _SIGNLESS and after in _INTEGERS:
        return _SIGNLESS.index(before) < _INTEGERS.index(after)
    return before.split("(")[0] == after.split("(")[0] == "VARCHAR"


def renamed(before: Written, after: Written, drift: Drift) -> Mapping[str, str]:
    """Return the columns that have another name in the same place, new name to old."""
    old = {name.lower() for name, _ in before.columns}
    new = {name.lower() for name, _ in after.columns}
    found = {}
    for (was, one), (now, other) in zip(before.columns, after.columns, strict=False):
        if now.lower() in old or was.lower() in new:
            continue
        if {key_of(origin) for origin in one.direct} == {
            _earlier(key_of(origin), drift) for origin in other.direct
        }:
            found[now.lower()] = was.lower()
    return found


def key_of(origin: Origin) -> Key:
    """Return the column that an origin is, letter case aside."""
    table = origin.table
    if isinstance(table, DatasetTable):
        return (table.dataset, origin.column.lower())
    return (DatasetId("", table.name), origin.column.lower())


def _earlier(key: Key, drift: Drift) -> Key:
    return drift.before.get(key, key)


def _names(keys: Iterable[Key]) -> str:
    names = sorted(_name(key) for key in keys)
    if not names:
        return "no column"
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")  # noqa: PLR2004 - enough to recognise it by


def _name(key: Key) -> str:
    return f"{_short(key[0])}.{key[1]}"


def _short(id_: DatasetId) -> str:
    return joined(parts_of(id_.name)[-2:])
