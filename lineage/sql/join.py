"""JOIN: ON, USING, NATURAL, and ClickHouse's ARRAY JOIN."""

from __future__ import annotations

from sqlglot import exp

from lineage.sql.frame import Entry, Frame, Problem
from lineage.sql.place import place_of
from lineage.sql.relation import (
    JOIN,
    NOTHING,
    TRANSFORMATION,
    Column,
    Relation,
    lift,
    merge,
)
from lineage.sql.source import Sources


class Joins(Sources):
    """Joins items of a FROM clause."""

    def join(self, node: exp.Join, frame: Frame) -> None:
        """Add a joined item, and settle what ON, USING and NATURAL say."""
        args = node.args
        if str(args.get("kind") or "").upper() == "ARRAY":
            items = [node.this, *node.expressions]
            plain = [self._array_element(item, frame) for item in items]
            for item, element in zip(items, plain, strict=True):
                self._array_join(item, element, frame)
            return
        before = len(frame.entries)
        self.from_item(node.this, frame)
        added = frame.entries[before:]
        if not args.keys() - {"this"} or not any(v for k, v in args.items() if k != "this"):
            frame.group = before  # a comma: what is joined from here on is joined to this alone
        on = args.get("on")
        if on is not None:
            outer = frame.position
            frame.position = 0
            self.influenced(self._boolean(on, frame, "ON"), JOIN)
            frame.position = outer
        using = args.get("using")
        if using:
            self._using([name.name for name in using], frame, before, node, list(using))
        elif (args.get("method") or "").upper() == "NATURAL":
            left = _visible(frame.entries[frame.group : before])
            right = _visible(added)
            common = [name for key, name in right.items() if key in left]
            if common:
                self._using(common, frame, before, node, [])
            elif not self.rules.natural_may_cross and not any(
                entry.relation.open for entry in frame.entries
            ):
                self.problems.append(
                    Problem(
                        "natural-join",
                        "no columns found to join on in NATURAL JOIN",
                        place_of(node),
                    )
                )
        if self.rules.right_first and frame.merged and (args.get("side") or "").upper() == "RIGHT":
            first = frame.entries[frame.group]
            frame.entries[frame.group :] = [*added, *frame.entries[frame.group : before]]
            moved = {key: added[0] for key, head in frame.heads.items() if head is first}
            frame.heads = {**frame.heads, **moved}
        condition = args.get("match_condition")
        if isinstance(condition, exp.Expr):
            self.influenced(self.value(condition, frame)[1], JOIN)
        if (args.get("kind") or "").upper() in ("SEMI", "ANTI") or (
            args.get("side") or ""
        ).upper() in ("SEMI", "ANTI"):
            for entry in added:
                if entry.relation.indirect:
                    self._influence = merge(self._influence or NOTHING, entry.relation.indirect)
            del frame.entries[before:]

    def _array_element(self, node: exp.Expr, frame: Frame) -> Column:
        """Bind what ClickHouse's ARRAY JOIN makes rows of."""
        inner = node.this if isinstance(node, exp.Alias) else node
        column = exp.column(inner.this) if isinstance(inner, exp.Table) else inner
        kind, origins = self.value(column, frame)
        element = self.types.element(kind).type if self.types is not None and kind else None
        self.influenced(origins, JOIN)
        return Column(node.alias_or_name, element, lift(origins, TRANSFORMATION))

    def _array_join(self, node: exp.Expr, unfolded: Column, frame: Frame) -> None:
        """ClickHouse's ``ARRAY JOIN x AS y``: a row for each element, under a name of its own."""
        inner = node.this if isinstance(node, exp.Alias) else node
        nested = self.nested_columns(inner.name, frame) if self.rules.dotted_names else []
        if isinstance(node, exp.Alias):
            parts = [
                Column(one.name.partition(".")[2], None, lift(one.direct, TRANSFORMATION))
                for one in nested
            ]
            entry = Entry(node.alias.lower() if parts else "", Relation(parts or [unfolded]))
            entry.shown = False
            frame.entries.append(entry)
        elif not nested:  # in place of the column
            frame.merged[unfolded.name.lower()] = unfolded

    def _using(
        self, names: list[str], frame: Frame, before: int, node: exp.Join, places: list[exp.Expr]
    ) -> None:
        left_entries, right_entries = frame.entries[frame.group : before], frame.entries[before:]
        side = (node.args.get("side") or "").upper()
        kind = (node.args.get("kind") or "").upper()
        asof = (node.args.get("method") or "").upper() == "ASOF"
        for position, name in enumerate(names):
            key = name.lower()
            where = place_of(places[position] if position < len(places) else node)
            left = frame.merged.get(key)
            together = frame.together.get(key)
            if left is None or (together is not None and together.isdisjoint(left_entries)):
                left = self._side(key, name, left_entries, "left", where)
            right = self._side(key, name, right_entries, "right", where)
            if left is None or right is None:
                known = left or right
                if known is not None:
                    frame.merged[key] = known
                continue
            type_ = right.type if side == "RIGHT" else left.type
            if self.types is not None:
                self.beside((left.type, right.type), node)
                answer = self.types.combine("equal", (left.type, right.type))
                if answer.error is not None:
                    self.problems.append(Problem("cannot-compare", answer.error, where, name))
                elif side == "FULL":
                    mixed = self.types.combine("coalesce", (left.type, right.type))
                    type_ = mixed.type
                    if mixed.error is not None:  # only who names the column is told
                        frame.refused[key] = Problem("cannot-mix", mixed.error, where, name)
            self.influenced(merge(left.direct, right.direct), JOIN)
            if kind in {"SEMI", "ANTI"}:
                if self.rules.using_takes_first:  # only what is on the left comes out, in order
                    self._merge(key, left, frame, self._owners(key, left_entries))
                continue
            # What ASOF compares last is not equal: the value is the left's.
            alone = asof and position == len(names) - 1
            both = Column(
                left.name,
                type_,
                left.direct if alone else merge(left.direct, right.direct),
                merge(left.indirect, right.indirect),
            )
            self._merge(key, both, frame, [*self._owners(key, left_entries), *right_entries])
        # A star shows the keys of the last join first, then what that joined to.
        keys = [key for name in names if (key := name.lower()) in frame.merged]
        frame.merged = {key: frame.merged[key] for key in (*keys, *frame.merged)}
        hidden = frozenset(name.lower() for name in names)
        for entry in right_entries:
            entry.hidden |= hidden

    @staticmethod
    def _merge(key: str, column: Column, frame: Frame, together: list[Entry]) -> None:
        frame.merged[key] = column
        frame.together[key] = set(together)
        frame.heads[key] = frame.entries[frame.group]

    def _owners(self, key: str, entries: list[Entry]) -> list[Entry]:
        """Return the items on the left whose columns a USING key is: in some engines the first."""
        if not self.rules.using_takes_first:
            return entries
        owner = next((one for one in entries if one.relation.find(key) is not None), None)
        return entries if owner is None else [owner, *(e for e in entries if key in e.hidden)]

    def _side(
        self, key: str, name: str, entries: list[Entry], side: str, place: tuple[int, int]
    ) -> Column | None:
        found: Column | None = None
        for entry in entries:
            column = entry.relation.find(key)
            if isinstance(column, list):
                column = column[0]
            if column is None:
                continue
            if entry.relation.table is not None:
                self._use(column)
            if found is None:
                found = column
            elif key not in entry.hidden and not self.rules.using_takes_first:
                self.problems.append(
                    Problem(
                        "ambiguous-column",
                        f'column name "{name}" is ambiguous: it exists more than once on '
                        f"{side} side of join",
                        place,
                        name,
                    )
                )
        if found is None:
            open_tables = [
                table for entry in entries for table in entry.relation.open if table.may_have(name)
            ]
            if len(open_tables) == 1:
                return open_tables[0].learn(name)
            if open_tables:
                self._candidates([table.origin(name) for table in open_tables], name)
                return None
            self.problems.append(
                Problem(
                    "unknown-column",
                    f'column "{name}" does not exist on {side} side of join',
                    place,
                    name,
                )
            )
        return found


def _visible(entries: list[Entry]) -> dict[str, str]:
    return {
        column.name.lower(): column.name for entry in entries for column in entry.relation.columns
    }
