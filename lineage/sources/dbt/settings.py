"""A project's settings: YAML with its lines, what dbt_project.yml says of a path, the profile."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import PurePosixPath

import yaml

from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.sources.dbt.builtin import family
from lineage.sources.dbt.facts import listed, mapping, strings, text
from lineage.sources.dbt.world import Target
from lineage.sql.template import Renderer


class Lined(dict[str, object]):
    """A mapping of a YAML file that knows its line."""

    line: int = 0


class CarefulLoader(yaml.SafeLoader):
    """PyYAML's safe loader, with lines."""


class FastLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # a class found by name
    """The same by libyaml, where PyYAML was built with it: some seven times faster."""


def _construct(loader: CarefulLoader, node: yaml.MappingNode) -> Iterator[Lined]:
    made = Lined()
    made.line = node.start_mark.line + 1
    yield made
    made.update({str(key): value for key, value in loader.construct_mapping(node).items()})


CarefulLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)
FastLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _construct)


@lru_cache(maxsize=256)
def load(content: bytes, document: str) -> tuple[Mapping[str, object], Diagnostic | None]:
    """Return what a YAML file says, or why it cannot be read; what it returns is not changed.

    The same file is often asked for more than once: for each side of a comparison, for a part.
    """
    if _may_be_deep(content):
        return _carefully(content, document)
    try:
        return _members(yaml.load(content, Loader=FastLoader), document)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError):
        return _carefully(content, document)


_MANY = 2_000
_LONG = 500


def _may_be_deep(content: bytes) -> bool:
    """Return whether it could nest so deep that libyaml, which recurses, runs out of stack.

    Brackets are counted, not matched, since quotes could hide their ends. Blocks nest by columns.
    """
    if b"\0" in content or content.count(b"[") + content.count(b"{") > _MANY:
        return True
    return any(
        len(line) > _LONG
        and (line[:_LONG].isspace() or line.count(b"-") + line.count(b"?") > _LONG)
        for line in content.splitlines()
    )


def _carefully(content: bytes, document: str) -> tuple[Mapping[str, object], Diagnostic | None]:
    """Read what the fast loader refuses: PyYAML's own takes more, and says better what is wrong."""
    try:
        return _members(yaml.load(content, Loader=CarefulLoader), document)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        said = getattr(error, "problem", None) or str(error) or type(error).__name__
        return {}, _unreadable(document, line, column, f"not valid YAML: {said}")


def _members(said: object, document: str) -> tuple[Mapping[str, object], Diagnostic | None]:
    """Return what a file says; one without anything in it says nothing, and that is no problem."""
    if said is None or isinstance(said, Mapping):
        return mapping(said), None
    return {}, _unreadable(document, 1, 1, "it must consist of keys with values, as dbt's files do")


def _unreadable(document: str, line: int, column: int, said: str) -> Diagnostic:
    where = f"{document}:{line}:{column}" if line else document
    return Diagnostic(
        "dbt-unreadable-yaml",
        f"{where}: {said}. What this file says is not known.",
        Severity.ERROR,
        Location(document, line, column),
    )


def line_of(value: object) -> int:
    """Return the line of a mapping in its YAML file; 0 when it did not come from one."""
    return value.line if isinstance(value, Lined) else 0


_PLAIN = frozenset(
    {
        "access", "alias", "batch_size", "begin", "check_cols", "column_types", "contract",
        "database", "dbt_valid_to_current", "delimiter", "docs", "enabled", "error_if",
        "event_time", "fail_calc", "full_refresh", "grants", "group", "hard_deletes",
        "incremental_strategy", "limit", "lookback", "materialized", "meta", "on_schema_change",
        "partition_by", "persist_docs", "post-hook", "pre-hook", "quote_columns", "quoting",
        "schema", "severity", "snapshot_meta_column_names", "store_failures", "strategy", "tags",
        "target_database", "target_schema", "unique_key", "updated_at", "warn_if", "where",
    }
)  # fmt: skip
"""Settings that dbt_project.yml may also write without a plus."""
_ALWAYS_MAPPINGS = frozenset({"contract", "meta", "docs", "grants", "quoting", "column_types"})


def layered(*layers: Mapping[str, object]) -> dict[str, object]:
    """Return settings of which the later win; tags add up, meta and column types are merged."""
    found: dict[str, object] = {}
    for layer in layers:
        for key, value in layer.items():
            if key == "tags":
                found[key] = [*strings(found.get(key)), *strings(value)]
            elif key in {"meta", "column_types"} and isinstance(value, Mapping):
                found[key] = {**mapping(found.get(key)), **value}
            else:
                found[key] = value
    return found


def configured(section: object, path: Sequence[str]) -> dict[str, object]:
    """Return what a section of dbt_project.yml says of a path: package, folders, name."""
    layers: list[dict[str, object]] = []
    level = mapping(section)
    for step in (*path, None):
        own: dict[str, object] = {}
        for key, value in level.items():
            if key.startswith("+"):
                own[key[1:]] = value
            elif key in _PLAIN and key != step:
                if isinstance(value, Mapping) and key not in _ALWAYS_MAPPINGS:
                    continue  # a folder that is called like a setting
                own[key] = value
        layers.append(own)
        if step is None:
            break
        below = level.get(step)
        if not isinstance(below, Mapping):
            break
        level = below
    return layered(*layers)


def paths(project: Mapping[str, object], *names: str, default: Sequence[str]) -> tuple[str, ...]:
    """Return the folders that a project lists under the first of ``names`` that it has."""
    for name in names:
        found = strings(project.get(name))
        if found:
            return tuple(str(PurePosixPath(path)) for path in found)
    return tuple(default)


_DEFAULT_SCHEMA = {"duckdb": "main", "sqlite": "main", "postgres": "public"}


def target(
    project: Mapping[str, object], profiles: Mapping[str, object], dialect: str | None
) -> Target:
    """Return what the project is built for, as far as its own profiles.yml says.

    Without one: the dialect that was asked for, no database, and the schema that such a database
    has when it is new (``main``, ``public``), else ``analytics``.
    """
    renderer = Renderer({"env_var": _default_only})

    def word(value: object) -> str | None:
        shown = text(value)
        if shown is None or "{{" not in shown:
            return shown
        rendered = renderer.render(shown, document="profiles.yml")
        return None if rendered.placeholders else rendered.text.strip() or None

    name = text(project.get("profile"))
    profile = mapping(profiles.get(name or ""))
    outputs = mapping(profile.get("outputs"))
    chosen = word(profile.get("target")) or ("default" if "default" in outputs else None)
    if chosen is None and len(outputs) == 1:
        chosen = next(iter(outputs))
    output = mapping(outputs.get(chosen or ""))
    adapter = word(output.get("type")) or dialect
    database = next(
        (
            found
            for key in ("database", "dbname", "project", "catalog")
            if (found := word(output.get(key)))
        ),
        None,
    )
    if database is None and adapter == "duckdb" and output:
        file = word(output.get("path")) or ":memory:"
        database = "memory" if file == ":memory:" else PurePosixPath(file.split("?")[0]).stem
        database = re.sub(r"^md:", "", database) or None
    schema = word(output.get("schema")) or word(output.get("dataset"))
    return Target(
        adapter=adapter,
        name=chosen if output else None,
        schema=schema or _DEFAULT_SCHEMA.get(family(adapter), "analytics"),
        database=database,
        profile=name,
    )


def _default_only(name: object, default: object = None) -> object:  # noqa: ARG001 - dbt's signature
    return "" if default is None else default


def folders(path: str, root: str) -> tuple[str, ...]:
    """Return the folders between ``root`` and a file, and the file's name without its ending."""
    below = PurePosixPath(path).relative_to(root)
    return (*below.parts[:-1], below.stem)


__all__ = [
    "Lined",
    "configured",
    "folders",
    "layered",
    "line_of",
    "listed",
    "load",
    "paths",
    "target",
]
