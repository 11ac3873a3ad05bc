"""Makes changes in an engine, rebuilds what is downstream on empty tables, tells what differs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

import lineage
from lineage import Status, Workspace
from lineage.analysis.impact import differences
from lineage.model.verdict import Impact, SchemaDifference
from tests.analysis.random_warehouses import Change, Columns, Step, Warehouse, create_table

NO_DIFFERENCE = SchemaDifference()
_REFUSED = re.compile(r"(Binder|Catalog|Parser) Error|waits for")


@dataclass(slots=True)
class Built:
    """What an engine made of a warehouse."""

    columns: dict[str, Columns] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)
    """By the number of the statement."""
    runs: bool = True
    """No statement was accepted and then failed: a count has a row even over empty tables."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one relation."""

    status: Status = Status.OK
    difference: SchemaDifference = NO_DIFFERENCE
    direct: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One relation (or statement that fills what was changed) that is judged wrongly."""

    change: Change
    subject: str
    truth: Outcome
    said: Outcome
    why: str = ""

    @property
    def kind(self) -> str:
        """What is told wrongly, in short."""
        if self.truth.status is not self.said.status:
            return f"{self.truth.status.value} not {self.said.status.value}"
        return "other difference" if self.truth.difference != self.said.difference else "direct"

    def __str__(self) -> str:
        """Return all of it, on one line."""
        said = {key: value for key, value in self.change.items() if key != "id"}
        return (
            f"{self.kind}: {said} {self.subject}: engine {self.truth.error[:150]!r} "
            f"{self.truth.difference or ''} said {self.why[:200]!r} "
            f"{self.said.difference or ''}"
        )


def changed(columns: Columns, change: Change) -> Columns:
    """Return columns as a change leaves them."""
    match change["kind"]:
        case "drop_column":
            return [item for item in columns if item[0] != change["column"]]
        case "rename_column":
            return [
                (change["new"] if name == change["column"] else name, type_)
                for name, type_ in columns
            ]
        case "type_change":
            return [
                (name, change["new"] if name == change["column"] else type_)
                for name, type_ in columns
            ]
        case "add_column":
            return [*columns, (change["new"], change["type"])]
        case "reorder":
            return [*columns[1:], *columns[:1]]
    return columns


def tried(connection: duckdb.DuckDBPyConnection, step: Step) -> str | None:
    """Run a statement, and return why it failed, if it did."""
    try:
        connection.execute(step.sql)
    except duckdb.Error as error:
        return str(error)
    return None


class Rebuilder:
    """Builds one warehouse again and again."""

    def __init__(self, made: Warehouse) -> None:
        self.made = made
        self.before = self.build([])
        assert not self.before.errors, self.before.errors
        self.reads = list(self._reads())

    def build(self, changes: list[Change]) -> Built:
        """Return what is built on empty tables after changes of tables' columns and names."""
        connection = duckdb.connect(":memory:")
        try:
            return self._build(connection, changes)
        finally:
            connection.close()

    def _build(self, connection: duckdb.DuckDBPyConnection, changes: list[Change]) -> Built:
        built = Built()
        place = Place(self.made, changes)
        for schema in self.schemas():
            connection.execute(f"CREATE SCHEMA {schema}")
        for name in self.made.tables:
            place.put(connection, name)
        failed: set[str] = set()
        for number, step in enumerate(self.made.steps):
            if step.makes and step.target in place.subjects:
                place.put(connection, step.target)
                continue
            waits = self.reads[number] & failed - {step.target} if changes else set()
            error = "waits for " + ", ".join(sorted(waits)) if waits else tried(connection, step)
            if error is None:
                continue
            built.errors[number] = error
            built.runs = built.runs and bool(_REFUSED.match(error))
            if step.target is not None and step.target not in place.subjects:
                failed.add(step.target)
        for name in self.made.relations:
            if name in failed or name in place.gone:
                continue
            rows = connection.execute(f"DESCRIBE {name}").fetchall()
            built.columns[name] = [(str(row[0]), str(row[1])) for row in rows]
        return built

    def schemas(self) -> list[str]:
        return sorted({name.split(".")[0] for name in self.made.relations if "." in name})

    def _reads(self) -> Iterator[set[str]]:
        """Yield what each statement cannot do without, but for what it writes."""
        connection = duckdb.connect(":memory:")
        for schema in self.schemas():
            connection.execute(f"CREATE SCHEMA {schema}")
        for name, columns in self.made.relations.items():
            connection.execute(create_table(name, columns))
        for step in self.made.steps:
            if step.target is None:
                connection.execute(step.sql)
        for step in self.made.steps:
            found = set()
            for name in self.made.relations:
                if step.target is None or (name == step.target and step.makes):
                    continue
                connection.execute("BEGIN")
                connection.execute(f"DROP TABLE {name}")
                if step.makes and step.target != name:
                    connection.execute(f"DROP TABLE {step.target}")
                if tried(connection, step) is not None:
                    found.add(name)
                connection.execute("ROLLBACK")
            yield found
        connection.close()

    def _failure(self, number: int, failed: set[str]) -> Status:
        waits = self.reads[number] & failed - {self.made.steps[number].target}
        return Status.BLOCKED if waits else Status.BREAKS

    def _difference(self, name: str, after: Built) -> SchemaDifference:
        return differences(tuple(self.before.columns[name]), tuple(after.columns[name]))

    def truth(self, changes: list[Change]) -> dict[str, Outcome] | None:
        """Return what becomes of every relation, and of what fills one that was changed.

        None where rows decide.
        """
        after = self.build(changes)
        if not after.runs:
            return None
        place = Place(self.made, changes)
        found: dict[str, Outcome] = {}
        failed: set[str] = set()
        for number, step in enumerate(self.made.steps):
            if step.target is None or (step.makes and step.target in place.subjects):
                continue
            direct = bool(self.reads[number] & place.subjects)
            error = after.errors.get(number, "")
            status = self._failure(number, failed) if error else Status.OK
            if step.target in place.subjects:
                if error:
                    found[f"statement {number}"] = Outcome(status, direct=direct, error=error)
                continue
            if error:
                failed.add(step.target)
            known = found.get(step.target, Outcome())
            worse = [Status.OK, Status.BREAKS, Status.BLOCKED].index
            chosen = max(known.status, status, key=worse)
            found[step.target] = Outcome(
                chosen, direct=known.direct or direct, error=known.error or error
            )
        for name, outcome in list(found.items()):
            if name in after.columns and outcome.status is Status.OK:
                difference = self._difference(name, after)
                if difference:
                    found[name] = Outcome(Status.SCHEMA_CHANGES, difference, outcome.direct)
        return found


@dataclass(slots=True)
class Place:
    """Where changes are made: what the tables are that are not what they were."""

    made: Warehouse
    changes: list[Change]

    @property
    def subjects(self) -> set[str]:
        return {change["table"] for change in self.changes}

    @property
    def gone(self) -> set[str]:
        return {c["table"] for c in self.changes if c["kind"] in {"drop_table", "rename_table"}}

    def put(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        columns, called = self.made.relations[name], name
        for change in self.changes:
            if change["table"] != name:
                continue
            if change["kind"] == "drop_table":
                return
            if change["kind"] == "rename_table":
                called = change["new"]
            columns = changed(columns, change)
        connection.execute(create_table(called, columns))


def write(made: Warehouse, folder: Path) -> None:
    """Write a warehouse as files, in build order."""
    lines = [f"{create_table(name, columns)};" for name, columns in made.tables.items()]
    (folder / "0000_tables.sql").write_text("\n".join(lines))
    for number, step in enumerate(made.steps):
        (folder / f"{number + 1:04}_step.sql").write_text(step.sql)


def opened(made: Warehouse, folder: Path) -> Workspace:
    """Return the estate that is read from a warehouse's files."""
    write(made, folder)
    return lineage.open(folder, dialect="duckdb")


def key(relation: str, made: Warehouse) -> str:
    """Return a relation in the words of the generator."""
    name = relation.replace('"', "").lower()
    return name if name in made.relations else name.removeprefix("main.")


def said(found: Impact, made: Warehouse) -> dict[str, tuple[Outcome, str]]:
    """Return our own answer in the form of the truth."""
    told = {}
    for item in found.relations:
        status = Status.OK if item.status is Status.VALUE_CHANGES else item.status
        difference = item.difference if status is Status.SCHEMA_CHANGES else SchemaDifference()
        why = "; ".join(evidence.message for evidence in item.evidence)
        name = key(item.relation, made)
        told[name] = Outcome(status, difference, len(item.path) == 2), why
    for item in found.consumers:
        if item.status in {Status.OK, Status.VALUE_CHANGES}:
            continue
        why = "; ".join(evidence.message for evidence in item.evidence)
        file = Path(item.location.document).name if item.location else "?"
        number = int(file[:4]) - 1 if file[:4].isdigit() else -1
        told[f"statement {number}"] = Outcome(item.status, direct=len(item.path) == 2), why
    return told


def compared(
    truth: dict[str, Outcome], found: Impact, made: Warehouse, changes: list[Change]
) -> Iterator[Disagreement]:
    """Yield where an answer is not the truth."""
    told = said(found, made)
    whole = changes[0] if len(changes) == 1 else {"kind": "plan", "table": str(changes)}
    several = Counter(step.target for step in made.steps)
    for name in sorted(truth.keys() | told.keys()):
        if name in {change["table"] for change in changes}:
            continue
        real = truth.get(name, Outcome())
        ours, why = told.get(name, (Outcome(direct=real.direct), ""))
        wrong = real.status is not ours.status or real.difference != ours.difference
        # What several statements write has several ways to it.
        way = real.direct is ours.direct or several[name] > 1 or ours.status is Status.OK
        if wrong or not way:
            yield Disagreement(whole, name, real, ours, why)
