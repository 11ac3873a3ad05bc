"""Who uses a project's relations, as its YAML files say: tests, exposures, metrics."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from lineage.model.places import Anchor, Place, SourceMap
from lineage.sources.dbt.circles import circles
from lineage.sources.dbt.facts import (
    mapping,
    mappings,
    named_columns,
    own_facts,
    strings,
    text,
)
from lineage.sources.dbt.files import CALLED, QUOTED, Package, Properties, Reading, Tested, why
from lineage.sources.dbt.generic import GenericTest, declared
from lineage.sources.dbt.node import Kind, Node, Project, Relation, Use
from lineage.sources.dbt.refusals import refusals
from lineage.sources.dbt.report import dialect_of
from lineage.sources.dbt.settings import line_of
from lineage.sources.dbt.statements import metric_sql
from lineage.sources.dbt.tree import Tree
from lineage.sources.dbt.world import Subject
from lineage.sql.outline import selected
from lineage.sql.rendering import REFUSED


def read_project(tree: Tree, *, dialect: str | None = None) -> Project:
    """Return the project in a tree. What cannot be read of it is in its diagnostics."""
    return complete(Reading(tree, dialect))


def complete(reading: Reading) -> Project:
    """Read all of a project, who uses it included."""
    reading.read()
    for tested in reading.tested:
        for test in declared(tested.name, tested.item, source=tested.source):
            if test.enabled:
                _add(reading, _generic_test(reading, tested, test))
    for package in reading.packages:
        properties = reading.properties[package.name]
        _exposures(reading, package, properties)
        _metrics(reading, package, properties)
        for item, path in properties.others.get("unit_tests", []):
            if mapping(item.get("config")).get("enabled") is not False:
                _add(reading, _unit_test(reading, package, item, path))
    reading.diagnostics += circles(reading)
    reading.diagnostics += refusals(reading)
    return reading.project()


def _add(reading: Reading, node: Node) -> None:
    reading.nodes[node.id] = node


# Tests ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Arguments:
    """What a test's macro is called with, and what that refers to."""

    values: dict[str, object] = field(default_factory=dict)
    nodes: list[str] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)


def _generic_test(reading: Reading, tested: Tested, test: GenericTest) -> Node:
    arguments = _arguments(reading, tested, test)
    uses = (*(Use(tested.id, column) for column in test.columns), *arguments.uses)
    node = Node(
        id=f"test.{tested.subject.package}.{test.name}",
        kind=Kind.TEST,
        name=test.name,
        package=tested.subject.package,
        file=tested.file,
        line=test.line,
        depends_on=tuple(dict.fromkeys((tested.id, *arguments.nodes))),
        uses=tuple(dict.fromkeys(uses)),
        detail={"test": test.kind},
    )
    sql, note = _test_sql(reading, tested, test, arguments)
    places = _generated(test.line) if sql is not None else None
    return replace(node, sql=sql, places=places, note=None if uses else note)


def _generated(line: int) -> SourceMap:
    """Return where a statement stands that is made from one line of a YAML file."""
    return SourceMap((Anchor(1, 1, Place(line, 0, exact=False)),))


def _test_sql(
    reading: Reading, tested: Tested, test: GenericTest, arguments: _Arguments
) -> tuple[str | None, str | None]:
    """Return the SQL of a test, or why there is none."""
    world = reading.world
    macro = world.test(test.kind, test.namespace, tested.subject.package)
    table = reading.table_of(tested.id)
    if macro is None or table is None:
        called = f"{test.namespace}.{test.kind}" if test.namespace else test.kind
        return None, f"the test {called} is in no package that is installed"
    if test.column is not None:
        arguments.values["column_name"] = test.column
    where = text(test.config.get("where"))
    # S608: the project's own words; nothing is executed.
    model = f"(select * from {table} where {where}) dbt_subquery" if where else table  # noqa: S608
    subject = Subject(test.name, tested.subject.package, tested.subject.relation, dict(test.config))
    rendered = world.call(macro, subject, model=model, **arguments.values)
    for row in rendered.diagnostics:
        if row.code == REFUSED:
            why_not = row.message.partition(": the template ")[2]
            message = f"the test {test.name} {why_not}"
            reading.problem(REFUSED, message, tested.file, test.line)
    if not rendered.complete:
        return None, why(rendered)
    ids = filter(reading.is_ephemeral, dict.fromkeys((tested.id, *arguments.nodes)))
    sql, places, problem = reading.with_ephemerals(rendered.text, SourceMap(), ids)
    del places  # it has no text of its own that these could be found in
    return (sql, None) if problem is None else (None, problem)


def _arguments(reading: Reading, tested: Tested, test: GenericTest) -> _Arguments:
    """Return a test's arguments; those that call ``ref`` or ``source`` become relations."""
    found = _Arguments()
    world = reading.world
    for key, value in test.arguments.items():
        called = CALLED.fullmatch(value.strip()) if isinstance(value, str) else None
        if called is None or not isinstance(value, str):
            found.values[key] = world.value(value) if isinstance(value, str) else value
            continue
        other = reading.referred(called[1], called[2], reading.of(tested.subject.package))
        table = reading.table_of(other) if other else None
        if other is not None and table is not None:
            found.nodes.append(other)
            found.values[key] = table
            named = test.arguments.get("field")
            if isinstance(named, str):
                found.uses.append(Use(other, named))
            continue
        name = (QUOTED.findall(called[2]) or [value])[-1]
        target = reading.target
        found.values[key] = world.table(Relation(target.database, target.schema, name))
        message = f"the test {test.name} refers to {value}, which is not there."
        reading.problem("dbt-unknown-model", message, tested.file, test.line)
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """What reads the columns of the rows that a unit test gives or expects."""

    reading: Reading
    package: Package
    test: str
    path: str
    line: int

    def columns(self, given: Mapping[str, object]) -> tuple[str, ...]:
        """Return the columns of rows that are written there, or in a file of their own."""
        rows, form = given.get("rows"), given.get("format")
        name = text(given.get("fixture"))
        if name is not None:
            found = self.reading.fixture(self.package, name)
            if found is None:
                message = f"the unit test {self.test} takes its rows from {name}, which is no file."
                self.reading.problem("dbt-unknown-fixture", message, self.path, self.line)
                return ()
            form, rows = PurePosixPath(found[0]).suffix[1:], found[1]
        if form == "csv":
            written = (text(rows) or "").strip().splitlines()[:1]
            return tuple(name.strip() for row in csv.reader(written) for name in row)
        if form == "sql":
            return self._selected(text(rows) or "")
        return tuple(dict.fromkeys(column for row in mappings(rows) for column in row))

    def _selected(self, written: str) -> tuple[str, ...]:
        subject = Subject(self.test, self.package.name, None, {})
        rendered = self.reading.world.render(written, subject, document=self.path)
        dialect = dialect_of(self.reading.target.adapter)
        return selected(rendered.text, dialect) if rendered.complete else ()


def _unit_test(reading: Reading, package: Package, item: Mapping[str, object], path: str) -> Node:
    name = text(item.get("name")) or "unnamed"
    rows = _Rows(reading, package, name, path, line_of(item))
    tested = text(item.get("model")) or ""
    model = reading.world.find(tested, None, package.name)
    uses: list[Use] = []
    depends_on: list[str] = []
    if model is not None:
        depends_on.append(model.id)
        uses += [Use(model.id, column) for column in rows.columns(mapping(item.get("expect")))]
    else:
        message = f"the unit test {name} tests {tested}, which is not there."
        reading.problem("dbt-unknown-model", message, path, line_of(item))
    for given in mappings(item.get("given")):
        called = CALLED.search(text(given.get("input")) or "")
        id_ = reading.referred(called[1], called[2], package) if called else None
        if id_ is not None:
            depends_on.append(id_)
            uses += [Use(id_, column) for column in rows.columns(given)]
    return Node(
        id=f"unit_test.{package.name}.{tested}.{name}",
        kind=Kind.TEST,
        name=name,
        package=package.name,
        file=path,
        line=line_of(item),
        depends_on=tuple(dict.fromkeys(depends_on)),
        uses=tuple(dict.fromkeys(uses)),
        description=reading.said(text(item.get("description"))),
        detail={"test": "unit"},
    )


# Exposures and metrics --------------------------------------------------------------------------


def _exposures(reading: Reading, package: Package, properties: Properties) -> None:
    for item, path in properties.others.get("exposures", []):
        found: list[str] = []
        for entry in strings(item.get("depends_on")):
            for function, arguments in CALLED.findall(entry):
                id_ = reading.referred(function, arguments, package)
                if id_ is not None:
                    found.append(id_)
                    continue
                message = f"{function}({arguments}) is named here, and is not there."
                reading.problem("dbt-unknown-model", message, path, line_of(item))
        depends_on = tuple(dict.fromkeys(found))
        _add(reading, _consumer(reading, package, item, path, Kind.EXPOSURE, depends_on))


def _metrics(reading: Reading, package: Package, properties: Properties) -> None:
    """Add semantic models and metrics as queries over the relations that they describe."""
    measures: dict[str, tuple[str | None, str | None]] = {}
    for item, path in properties.others.get("semantic_models", []):
        called = CALLED.search(text(item.get("model")) or "")
        id_ = reading.referred(called[1], called[2], package) if called else None
        table = reading.table_of(id_) if id_ else None
        relation = table.render() if table else None
        for measure in mappings(item.get("measures")):
            sql = metric_sql(item, measure, relation)
            measures[text(measure.get("name")) or ""] = (id_, sql)
        depends_on = (id_,) if id_ else ()
        node = _consumer(reading, package, item, path, Kind.SEMANTIC_MODEL, depends_on)
        _add(reading, _queried(node, metric_sql(item, None, relation)))
    for item, path in properties.others.get("metrics", []):
        parameters = mapping(item.get("type_params"))
        wanted = _called(parameters.get("measure")) or ""
        id_, sql = measures.get(wanted, (None, None))
        names = [_called(parameters.get(key)) for key in ("numerator", "denominator")]
        names += [text(other.get("name")) for other in mappings(parameters.get("metrics"))]
        others = tuple(f"metric.{package.name}.{name}" for name in names if name)
        depends_on = (*((id_,) if id_ else ()), *others)
        node = _consumer(reading, package, item, path, Kind.METRIC, depends_on)
        _add(reading, _queried(node, sql))


def _queried(node: Node, sql: str | None) -> Node:
    return node if sql is None else replace(node, sql=sql, places=_generated(node.line))


def _called(value: object) -> str | None:
    """Return a name that stands alone, or as ``{name: …}``."""
    return text(mapping(value).get("name")) or text(value)


def _consumer(  # noqa: PLR0913, PLR0917 - what, where, and of what
    reading: Reading,
    package: Package,
    item: Mapping[str, object],
    path: str,
    kind: Kind,
    depends_on: tuple[str, ...],
) -> Node:
    facts = own_facts(item, reading.groups)
    name = text(item.get("name")) or "unnamed"
    return Node(
        id=f"{kind}.{package.name}.{name}",
        kind=kind,
        name=name,
        package=package.name,
        file=path,
        line=line_of(item),
        depends_on=depends_on,
        uses=named_columns(item, depends_on),
        description=reading.said(facts.description),
        tags=facts.tags,
        owners=facts.owners,
        domain=facts.domain,
        detail={key: shown for key in ("type", "url") if (shown := text(item.get(key)))},
    )
