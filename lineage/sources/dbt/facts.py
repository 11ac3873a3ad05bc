"""What dbt's JSON and YAML say, taken without trust in its shape."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lineage.sources.dbt.node import Column, Use


def mapping(value: object) -> Mapping[str, object]:
    """Return an object's members, or none."""
    return value if isinstance(value, Mapping) else {}


def listed(value: object) -> list[object]:
    """Return a list's items; a single value is a list of one, null is none."""
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def mappings(value: object) -> list[Mapping[str, object]]:
    """Return those items of a list that are objects."""
    return [item for item in listed(value) if isinstance(item, Mapping)]


def strings(value: object) -> tuple[str, ...]:
    """Return those items of a list that are text; a single text is a list of one."""
    return tuple(item for item in listed(value) if isinstance(item, str))


def text(value: object) -> str | None:
    """Return a text that says something, or ``None``."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return None


def flag(value: object) -> bool:
    """Return whether a setting is on; project files also write it as text."""
    return value is True or (isinstance(value, str) and value.strip().lower() in {"true", "yes"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What people said about a thing."""

    description: str | None = None
    tags: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    domain: str | None = None


def own_facts(raw: Mapping[str, object], groups: Mapping[str, Facts]) -> Facts:
    """Return what a node says of itself; its group's owner stands in where it names none."""
    config = mapping(raw.get("config"))
    meta = {**mapping(raw.get("meta")), **mapping(config.get("meta"))}
    group = groups.get(text(raw.get("group")) or text(config.get("group")) or "", Facts())
    tags = (*strings(raw.get("tags")), *strings(config.get("tags")))
    return Facts(
        description=text(raw.get("description")),
        tags=tuple(dict.fromkeys(tags)),
        owners=owners(raw.get("owner")) or owners(meta.get("owner")) or group.owners,
        domain=text(meta.get("domain")) or group.domain,
    )


def owners(value: object) -> tuple[str, ...]:
    """Return names of owners: a name, an object with a name or an address, or a list of these."""
    found: list[str] = []
    for item in listed(value):
        if isinstance(item, Mapping):
            name = text(item.get("name")) or text(item.get("email"))
        else:
            name = text(item)
        if name:
            found.append(name)
    return tuple(dict.fromkeys(found))


def column_of(name: str, raw: Mapping[str, object]) -> Column:
    """Return a documented column; a ``meta`` entry that is true, or a word, is a tag as well."""
    config = mapping(raw.get("config"))
    meta = {**mapping(raw.get("meta")), **mapping(config.get("meta"))}
    tags = [*strings(raw.get("tags")), *strings(config.get("tags"))]
    for key, value in meta.items():
        if value is True:
            tags.append(key)
        elif isinstance(value, str):
            tags.append(f"{key}={value}")
    constraints = {text(item.get("type")) for item in mappings(raw.get("constraints"))}
    return Column(
        name=text(raw.get("name")) or name,
        type=text(raw.get("data_type")),
        description=text(raw.get("description")),
        tags=tuple(dict.fromkeys(tags)),
        nullable=False if constraints & {"not_null", "primary_key"} else None,
    )


def named_columns(item: Mapping[str, object], depends_on: tuple[str, ...]) -> tuple[Use, ...]:
    """Return the columns that an exposure lists as ``meta: {columns: [orders.amount]}``.

    dbt has no words for this; a column of the only relation needs no name before it.
    """
    meta = {**mapping(item.get("meta")), **mapping(mapping(item.get("config")).get("meta"))}
    by_name = {id_.rpartition(".")[2]: id_ for id_ in depends_on}
    uses: list[Use] = []
    for entry in strings(meta.get("columns")):
        table, _, column = entry.rpartition(".")
        node = by_name.get(table.rpartition(".")[2]) if table else None
        if node is None and not table and len(depends_on) == 1:
            node = depends_on[0]
        if node is not None and column:
            uses.append(Use(node, column))
    return tuple(uses)
