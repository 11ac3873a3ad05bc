"""What a dbt template sees: ref, source, var, config, this, target, adapter, and all macros.

Nothing here asks a database. Where dbt would, the answer is unknown, and the template engine
either tries both ways or says that the text is not complete.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from lineage.model.diagnostic import Diagnostic
from lineage.sources.dbt.builtin import family, packages, prefixes, type_name
from lineage.sources.dbt.node import Column, Relation
from lineage.sql.rendering import TemplateStopped
from lineage.sql.template import Rendered, Renderer
from lineage.sql.unknown import Namespace, Unknown

_THEN = datetime(2000, 1, 1, tzinfo=UTC)
"""The time of every rendering: equal input gives equal text."""


class Clock(datetime):
    """Python's datetime, stopped."""

    @classmethod
    def now(cls, tz: object = None) -> Clock:  # noqa: ARG003 - datetime's signature
        """Return the fixed time."""
        return cls(2000, 1, 1, tzinfo=UTC)

    utcnow = now
    today = now


def cte_of(id_: str) -> str:
    """Return the name of an ephemeral model in what it is written into."""
    return f"__dbt__cte__{id_.rsplit('.', 1)[-1]}"


class Table:
    """A relation as templates handle it; written, it is the quoted name."""

    def __init__(
        self,
        relation: Relation,
        *,
        quote: str = '"',
        kind: str | None = None,
        ephemeral: str | None = None,
    ) -> None:
        self.relation = relation
        self.database = relation.database
        self.schema = relation.schema
        self.identifier = self.name = self.table = relation.identifier
        self.type = kind
        self.is_view = kind == "view"
        self.is_table = kind == "table"
        self.is_cte = ephemeral is not None
        self._quote = quote
        self._ephemeral = ephemeral

    def render(self) -> str:
        """Return the name as SQL."""
        if self._ephemeral:
            return self._ephemeral
        parts = (self.database, self.schema, self.identifier)
        return ".".join(self._quoted(part) for part in parts if part)

    def _quoted(self, part: str) -> str:
        quote = self._quote
        return f"{quote}{part.replace(quote, quote * 2)}{quote}" if quote else part

    __str__ = __repr__ = render

    def include(
        self, database: object = True, schema: object = True, identifier: object = True
    ) -> Table:
        """Return the name without some of its parts."""
        kept = Relation(
            self.database if database else None,
            self.schema if schema else None,
            self.identifier if identifier else "",
        )
        return Table(kept, quote=self._quote, kind=self.type, ephemeral=self._ephemeral)

    def without_identifier(self) -> Table:
        """Return the schema's name."""
        return self.include(identifier=False)

    def quote(self, **_: object) -> Table:
        """Return the same; quoting changes no lineage."""
        return self

    def incorporate(self, **_: object) -> Table:
        """Return the same; aliases and types are not needed here."""
        return self


@dataclass(frozen=True, slots=True)
class Target:
    """The connection that a project is built for; ``None`` is what nobody says."""

    adapter: str | None = None
    name: str | None = None
    schema: str = "main"
    database: str | None = None
    profile: str | None = None


@dataclass(slots=True)
class Known:
    """A thing that ``ref`` or ``source`` can mean."""

    id: str
    relation: Relation
    ephemeral: bool = False


@dataclass(slots=True)
class Subject:
    """The node that is being rendered."""

    name: str
    package: str
    relation: Relation | None
    config: dict[str, object]
    model: Mapping[str, object] = field(default_factory=dict)
    found: set[str] = field(default_factory=set)
    """Ids of what it refers to, filled while rendering."""
    ephemerals: list[str] = field(default_factory=list)
    """Ids of ephemeral models that it refers to, in order of appearance."""
    unresolved: list[str] = field(default_factory=list)
    said: dict[str, object] = field(default_factory=dict)
    """Settings that its own ``config(...)`` gave while rendering."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A macro's name and the text that holds it; a file may hold several."""

    package: str
    name: str
    document: str
    source: str


class World:
    """Everything that is the same for all templates of a project."""

    def __init__(  # noqa: PLR0913 - all of them by name
        self,
        *,
        project: str,
        target: Target,
        variables: Mapping[str, Mapping[str, object]],
        refs: Mapping[tuple[str | None, str], Known],
        sources: Mapping[tuple[str, str], Known],
        search: Mapping[str, Sequence[str]] | None = None,
        columns: Callable[[Relation], Sequence[Column] | None] = lambda _: None,
    ) -> None:
        self.project = project
        self.target = target
        self.variables = variables
        """Per package; what the root project sets wins."""
        self.refs = refs
        self.sources = sources
        self._search = search or {}
        self._columns = columns
        self._subject = Subject("", project, None, {})
        self._calls = 0
        self.renderer = Renderer(lenient=False)
        self.diagnostics: list[Diagnostic] = []
        self._incomplete = False
        self._macros: dict[str, dict[str, Callable[..., object]]] = {
            package: dict(macros)
            for package, macros in packages(target.adapter, self.renderer.unknown).items()
        }
        self._constant = self._constants()

    @property
    def quote(self) -> str:
        """The character that quotes names; none where dbt does not quote."""
        return {"bigquery": "`", "spark": "`", "snowflake": ""}.get(
            family(self.target.adapter), '"'
        )

    # macros --------------------------------------------------------------------------------

    def define(self, package: str, document: str, source: str) -> None:
        """Add the macros that a text defines. Later definitions replace earlier ones."""
        macros, diagnostics = self.renderer.macros(source, document=document)
        self.diagnostics.extend(diagnostics)
        known = package in self._macros
        self._macros.setdefault(package, {}).update(macros)
        if not known:
            self._constant = self._constants()

    def lack(self) -> None:
        """Take names of packages that are not here for something that is elsewhere."""
        self._incomplete = True
        self.renderer.lack()

    def macro(self, name: str, package: str | None = None) -> Callable[..., object] | None:
        """Return a macro as dbt finds it: the root project's, the package's, dbt's own."""
        for where in dict.fromkeys((self.project, package or self.project, "dbt")):
            found = self._macros.get(where, {}).get(name)
            if found is not None:
                return found
        return None

    def test(self, name: str, namespace: str | None, package: str) -> Callable[..., object] | None:
        """Return the macro of a generic test that is declared in ``package``."""
        if namespace:
            return self._macros.get(namespace, {}).get(f"test_{name}")
        return self.macro(f"test_{name}", package)

    def _dispatch(
        self, macro_name: str, macro_namespace: str | None = None, **_: object
    ) -> Callable[..., object]:
        """``adapter.dispatch``: the adapter's own variant, or the default one."""
        places = (
            tuple(self._search.get(macro_namespace, (self.project, macro_namespace)))
            if macro_namespace
            else (self.project, self._subject.package, "dbt")
        )
        for place in dict.fromkeys(places):
            for prefix in prefixes(self.target.adapter):
                found = self._macros.get(place, {}).get(f"{prefix}__{macro_name}")
                if found is not None:
                    return found
        native = packages(self.target.adapter, self.renderer.unknown)
        found = native.get(macro_namespace or "dbt", {}).get(macro_name)
        if found is not None:
            return found
        shown = f"{macro_namespace}.{macro_name}" if macro_namespace else macro_name
        return self.renderer.absent(shown)

    # rendering -----------------------------------------------------------------------------

    def render(self, template: str, subject: Subject, *, document: str) -> Rendered:
        """Render a node's text; what it refers to is left in ``subject``."""
        before, self._subject = self._subject, subject
        try:
            return self.renderer.render(template, document=document, names=self._names(subject))
        finally:
            self._subject = before

    def call(
        self, macro: Callable[..., object], subject: Subject, *args: object, **kwargs: object
    ) -> Rendered:
        """Render the call of one macro, as if a template held nothing else."""
        before, self._subject = self._subject, subject
        names = {**self._names(subject), "_called": macro, "_args": args, "_kwargs": kwargs}
        try:
            return self.renderer.render(
                "{{ _called(*_args, **_kwargs) }}", document=subject.name, names=names
            )
        finally:
            self._subject = before

    def model(self, subject: Subject) -> dict[str, object]:
        """Return the node as templates see it."""
        relation = subject.relation
        return {
            "name": subject.name,
            "alias": relation.identifier if relation else subject.name,
            "schema": relation.schema if relation else None,
            "database": relation.database if relation else None,
            "package_name": subject.package,
            "config": subject.config,
            "unique_id": f"model.{subject.package}.{subject.name}",
            "resource_type": "model",
            "tags": subject.config.get("tags", []),
            "columns": {},
            **subject.model,
        }

    def value(self, text: str) -> object:
        """Return a setting of a project file, its template rendered."""
        if "{{" not in text and "{%" not in text:
            return text
        rendered = self.renderer.render(
            text, document="dbt_project.yml", names=self._names(self._subject)
        )
        shown = rendered.text.strip()
        return {"true": True, "false": False, "none": None}.get(shown.lower(), shown)

    def _names(self, subject: Subject) -> dict[str, object]:
        own = {
            name: macro
            for package in ("dbt", subject.package, self.project)
            for name, macro in self._macros.get(package, {}).items()
        }
        this = self.table(subject.relation) if subject.relation else self.renderer.unknown("this")
        config = Config(subject.config, subject.said)
        names: dict[str, object] = {
            **self._constant,
            **own,
            "config": config,
            "this": this,
            "model": self.model(subject),
            "is_incremental": self._is_incremental,
            "var": Variables(self, subject.package),
        }
        # What a project's own macro of that name calls, so never that macro itself.
        names["builtins"] = {
            "ref": self._constant["ref"],
            "source": self._constant["source"],
            "config": names["config"],
        }
        names["context"] = {name: names[name] for name in ("model", "this", "target", "var")}
        return names

    def _constants(self) -> dict[str, object]:
        unknown = self.renderer.unknown
        target = self.target
        names: dict[str, object] = {
            package: Namespace(package, macros) for package, macros in self._macros.items()
        }
        names |= {
            "ref": self._ref,
            "source": self._source,
            "target": {
                "type": target.adapter or unknown("target.type"),
                "name": target.name or unknown("target.name"),
                "target_name": target.name or unknown("target.name"),
                "schema": target.schema,
                "dataset": target.schema,
                "database": target.database or unknown("target.database"),
                "dbname": target.database or unknown("target.database"),
                "project": target.database or unknown("target.project"),
                "profile_name": target.profile or unknown("target.profile_name"),
                "threads": 1,
                "user": unknown("target.user"),
                "host": unknown("target.host"),
                "warehouse": unknown("target.warehouse"),
                "role": unknown("target.role"),
            },
            "env_var": self._env_var,
            "execute": True,
            "adapter": SimpleNamespace(
                dispatch=self._dispatch,
                type=lambda: target.adapter or unknown("adapter.type()"),
                quote=lambda name: f"{self.quote or chr(34)}{name}{self.quote or chr(34)}",
                get_columns_in_relation=self._columns_of,
                get_relation=self._get_relation,
                load_relation=_same,
                already_exists=unknown("adapter.already_exists"),
                get_missing_columns=unknown("adapter.get_missing_columns"),
                check_schema_exists=unknown("adapter.check_schema_exists"),
                behavior=unknown("adapter.behavior"),
                quote_as_configured=lambda name, *_: name,
            ),
            "api": SimpleNamespace(
                Relation=SimpleNamespace(create=self._relation),
                Column=SimpleNamespace(
                    translate_type=lambda word: type_name(target.adapter, str(word)),
                    numeric_type=lambda word, p, s: f"{word}({p},{s})",
                    string_type=lambda size=None: f"varchar({size})" if size else "text",
                ),
            ),
            "exceptions": SimpleNamespace(raise_compiler_error=_stop, warn=_nothing),
            "log": _nothing,
            "print": _nothing,
            "run_query": unknown("run_query"),
            "statement": _statement,
            "load_result": unknown("load_result"),
            "graph": unknown("graph"),
            "flags": SimpleNamespace(FULL_REFRESH=False, WHICH="build", STORE_FAILURES=False),
            "run_started_at": _THEN,
            "invocation_id": "00000000-0000-0000-0000-000000000000",
            "dbt_version": "1.11.0",
            "project_name": self.project,
            "selected_resources": [],
            "database": target.database,
            "schema": target.schema,
            "thread_id": "MainThread",
            "modules": SimpleNamespace(
                datetime=SimpleNamespace(
                    datetime=Clock, timedelta=timedelta, date=Clock, timezone=UTC
                ),
                itertools=SimpleNamespace(
                    product=_product, chain=itertools.chain, zip_longest=itertools.zip_longest
                ),
                re=unknown("modules.re"),
                pytz=unknown("modules.pytz"),
            ),
            "fromjson": _from_json,
            "tojson": _to_json,
            "fromyaml": unknown("fromyaml"),
            "toyaml": _to_json,
            "zip": lambda *values: list(zip(*values, strict=False)),
            "zip_strict": lambda *values: list(zip(*values, strict=True)),
            "set": lambda values, *_: list(dict.fromkeys(values)),
            "set_strict": lambda values: list(dict.fromkeys(values)),
            "local_md5": lambda text: _digest(str(text)),
            "as_bool": _same,
            "get_where_subquery": self._where,
            "store_raw_result": _nothing,
        }
        return names

    # what templates call ---------------------------------------------------------------------

    def table(self, relation: Relation, *, ephemeral: str | None = None) -> Table:
        """Return a relation as templates handle it."""
        return Table(relation, quote=self.quote, ephemeral=ephemeral)

    def find(self, first: str, second: str | None, package: str) -> Known | None:
        """Return what ``ref(first)`` or ``ref(first, second)`` means inside ``package``."""
        if second is not None:
            return self.refs.get((first, second))
        for where in (package, self.project, None):
            found = self.refs.get((where, first))
            if found is not None:
                return found
        return None

    def _ref(self, *names: object, v: object = None, version: object = None) -> object:
        texts = [name for name in names if isinstance(name, str)]
        if not texts or len(texts) != len(names):
            return self.renderer.unknown("ref")(*names)
        number = v if v is not None else version
        last = f"{texts[-1]}.v{number}" if number is not None else texts[-1]
        package = texts[0] if len(texts) > 1 else None
        known = (
            self.find(package, last, self._subject.package)
            if package
            else self.find(last, None, self._subject.package)
        )
        if known is None:
            version = [] if number is None else [f"v={number}"]
            shown = ", ".join([*map(repr, texts), *version])
            name = texts[-1] if number is None else f"{texts[-1]}_v{number}"
            if package and package != self.project and all(package != at for at, _ in self.refs):
                return self._lacking("model", shown, name, package=package)
            return self._lacking("model", shown, name)
        return self._used(known)

    def _source(self, *names: object) -> object:
        texts = [name for name in names if isinstance(name, str)]
        if len(texts) != 2 or len(names) != 2:  # noqa: PLR2004 - source(schema, table)
            return self.renderer.unknown("source")(*names)
        known = self.sources.get((texts[0], texts[1]))
        if known is None:
            shown = ", ".join(repr(text) for text in texts)
            return self._lacking("source", shown, texts[1], texts[0])
        return self._used(known)

    def _used(self, known: Known) -> Table:
        self._subject.found.add(known.id)
        if not known.ephemeral:
            return self.table(known.relation)
        if known.id not in self._subject.ephemerals:
            self._subject.ephemerals.append(known.id)
        return self.table(known.relation, ephemeral=cte_of(known.id))

    def _lacking(
        self,
        what: str,
        shown: str,
        name: str,
        schema: str | None = None,
        *,
        package: str | None = None,
    ) -> Table:
        """Report what is not there, and name it all the same: the binder then says so too.

        ``package`` is one of which nothing is there.
        """
        word = "ref" if what == "model" else "source"
        self._subject.unresolved.append(name)
        reason = (
            f'of package "{package}", which is not installed; run `dbt deps`'
            if package
            else "that the project does not have; check the name, or whether it was deleted or "
            "disabled"
        )
        lacking = "package" if package and self._incomplete else what
        self.renderer.note(f"dbt-unknown-{lacking}", f"{word}({shown}) names a {what} {reason}")
        return self.table(Relation(self.target.database, schema or self.target.schema, name))

    def _relation(self, **parts: object) -> Table:
        def text(key: str) -> str | None:
            value = parts.get(key)
            return None if value is None else str(value)

        return self.table(Relation(text("database"), text("schema"), text("identifier") or ""))

    def _get_relation(
        self, database: object = None, schema: object = None, identifier: object = None
    ) -> object:
        return self._relation(database=database, schema=schema, identifier=identifier)

    def _columns_of(self, relation: object) -> object:
        columns = self._columns(relation.relation) if isinstance(relation, Table) else None
        if columns is None:
            return self.renderer.unknown("adapter.get_columns_in_relation")(relation)
        return [
            SimpleNamespace(
                name=column.name,
                column=column.name,
                quoted=f'"{column.name}"',
                data_type=column.type,
                dtype=column.type,
                is_string=lambda kind=column.type: "CHAR" in (kind or "").upper(),
                is_numeric=lambda kind=column.type: "NUM" in (kind or "").upper(),
            )
            for column in columns
        ]

    def _env_var(self, name: object, default: object = None) -> object:
        """Return the default: the environment is ours, not the template's, and is never read."""
        return self.renderer.unknown(f"env_var({name!r})") if default is None else default

    def _is_incremental(self) -> object:
        incremental = self._subject.config.get("materialized") == "incremental"
        return self.renderer.unknown("is_incremental()") if incremental else False

    def _where(self, relation: object) -> object:
        where = self._subject.config.get("where")
        # S608: the project's own words, bound and never executed.
        filtered = f"(select * from {relation} where {where}) dbt_subquery"  # noqa: S608
        return filtered if where else relation


class Config:
    """``config(...)``: its settings are kept, and win over those from elsewhere."""

    def __init__(self, settings: dict[str, object], said: dict[str, object]) -> None:
        self._settings = settings
        self._said = said

    def __call__(self, *values: object, **named: object) -> str:
        """Take settings; the template prints nothing for it."""
        for value in values:
            if isinstance(value, Mapping):
                self._said.update(value)
        self._said.update(named)
        return ""

    def get(self, name: str, default: object = None, **_: object) -> object:
        """Return a setting."""
        value = self._settings.get(name)
        return default if value is None else value

    def require(self, name: str, **_: object) -> object:
        """Return a setting that has to be there."""
        value = self._settings.get(name)
        return "" if value is None else value

    meta_get = get
    meta_require = require


class Variables:
    """``var(...)``: what dbt_project.yml says, the root's before the package's."""

    def __init__(self, world: World, package: str) -> None:
        self._world = world
        self._package = package

    def has_var(self, name: str) -> bool:
        """Return whether somebody set it."""
        return self._look(name)[0]

    def __call__(self, name: str, default: object = None) -> object:
        found, value = self._look(name)
        if found:
            return self._world.value(value) if isinstance(value, str) else value
        if default is not None:
            return default
        self._world.renderer.note(
            "dbt-unknown-variable",
            f"var({name!r}) is set nowhere and has no default; dbt refuses that unless --vars "
            f"gives it",
        )
        return self._world.renderer.unknown(f"var({name!r})")

    def _look(self, name: str) -> tuple[bool, object]:
        world = self._world
        root = world.variables.get(world.project, {})
        for scope in (root.get(self._package), root, world.variables.get(self._package, {})):
            if isinstance(scope, Mapping) and name in scope:
                return True, scope[name]
        return False, None


def _stop(message: object = "", *_: object) -> object:
    raise TemplateStopped(str(message))


def _nothing(*_: object, **__: object) -> str:
    return ""


def _same(value: object) -> object:
    return value


def _statement(*_: object, caller: Callable[[], object] | None = None, **__: object) -> str:  # noqa: ARG001
    """``{% call statement() %}`` would ask the database; nothing is asked."""
    return ""


def _product(*values: Iterable[object]) -> Iterator[tuple[object, ...]]:
    return itertools.product(*values)


def _from_json(text: object, default: object = None) -> object:
    try:
        return json.loads(str(text))
    except ValueError:
        return default


def _to_json(value: object, default: object = None, *, sort_keys: bool = False) -> object:
    try:
        return json.dumps(value, sort_keys=sort_keys, default=str)
    except (TypeError, ValueError):
        return default


def _digest(text: str) -> str:
    import hashlib  # noqa: PLC0415 - rarely called

    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


__all__ = ["Definition", "Known", "Subject", "Table", "Target", "Unknown", "World", "cte_of"]
