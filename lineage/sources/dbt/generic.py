"""Generic tests as YAML declares them, named as dbt names them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lineage.sources.dbt.facts import listed, mapping, mappings, strings, text
from lineage.sources.dbt.settings import line_of

_SETTINGS = frozenset(
    {
        "alias", "arguments", "config", "database", "description", "enabled", "error_if",
        "fail_calc", "group", "limit", "meta", "name", "schema", "severity", "store_failures",
        "store_failures_as", "tags", "test_name", "warn_if", "where",
    }
)  # fmt: skip
"""Keys of a test's entry that are no arguments of its macro."""
_COLUMN_LISTS = ("combination_of_columns", "column_list", "group_by_columns", "compare_columns")


@dataclass(frozen=True, slots=True)
class GenericTest:
    """One test of one table."""

    kind: str
    namespace: str | None
    name: str
    """dbt's name for it: what was given, or kind, table and arguments joined."""
    column: str | None
    arguments: Mapping[str, object] = field(default_factory=dict)
    config: Mapping[str, object] = field(default_factory=dict)
    line: int = 0

    @property
    def enabled(self) -> bool:
        """Return whether it runs."""
        return self.config.get("enabled") is not False

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the columns of the table that it is known to use."""
        named = [self.column] if self.column else []
        for key in _COLUMN_LISTS:
            named += strings(self.arguments.get(key))
        return tuple(dict.fromkeys(named))


def declared(
    target: str, item: Mapping[str, object], *, source: bool = False
) -> Iterator[GenericTest]:
    """Yield the tests of a model, seed, snapshot or source table, and of its columns."""
    for key in ("data_tests", "tests"):
        for entry in listed(item.get(key)):
            yield from _test(target, entry, None, line_of(item), source=source)
    for column in mappings(item.get("columns")):
        name = text(column.get("name"))
        if name is None:
            continue
        if column.get("quote") is True:
            name = f'"{name}"'
        for key in ("data_tests", "tests"):
            for entry in listed(column.get(key)):
                yield from _test(target, entry, name, line_of(column), source=source)


def _test(
    target: str, entry: object, column: str | None, line: int, *, source: bool
) -> Iterator[GenericTest]:
    if isinstance(entry, str):
        called, body = entry, {}
    else:
        found = mapping(entry)
        given = text(found.get("test_name"))
        if given is not None:
            called, body = given, dict(found)
        else:
            called = next((key for key in found if key not in _SETTINGS), "")
            body = {
                **mapping(found.get(called)),
                **{k: v for k, v in found.items() if k in _SETTINGS},
            }
        line = line_of(found) or line
    if not called:
        return
    namespace, _, kind = called.rpartition(".")
    arguments = {key: value for key, value in body.items() if key not in _SETTINGS}
    arguments |= mapping(body.get("arguments"))
    config = {key: value for key, value in body.items() if key in {"where", "enabled", "severity"}}
    config |= mapping(body.get("config"))
    named = arguments | ({"column_name": column} if column else {})
    yield GenericTest(
        kind=kind,
        namespace=namespace or None,
        name=text(body.get("name"))
        or _name(f"{namespace}_{kind}" if namespace else kind, target, named, source=source),
        column=text(arguments.pop("column_name", None)) or column,
        arguments=arguments,
        config=config,
        line=line,
    )


def _name(kind: str, target: str, arguments: Mapping[str, object], *, source: bool) -> str:
    """Return the name that dbt makes up: the arguments by name, each cleaned of punctuation."""
    parts: list[str] = []
    for key in sorted(arguments):
        value = arguments[key]
        if key == "model":
            continue
        if isinstance(value, Mapping):
            parts += [str(item) for item in value.values()]
        else:
            parts += [str(item) for item in listed(value)] or ["None"]
    cleaned = [re.sub(r"[^0-9a-zA-Z_]+", "_", part) for part in parts]
    prefix = "source_" if source else ""
    return f"{prefix}{kind}_{target}_{'__'.join(cleaned)}"
