"""Makes random warehouses and changes of them: what analytics engineers write, on columns of all types.

Each statement is tried on an engine when it is made, so every warehouse can be built, and its columns
and types are the engine's. The same seed makes the same warehouse.
"""

# ruff: noqa: S311, S608 - chance that can be repeated is wanted, and so is SQL made of text
# ruff: noqa: C901, E501, ISC004 - each choice is one among many, a statement to a line

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import duckdb

from tests.sql import random_queries

T = TypeVar("T")
Columns = list[tuple[str, str]]
Change = dict[str, str]

TYPES = (
    "BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "UINTEGER",
    "UBIGINT", "FLOAT", "DOUBLE", "DECIMAL(10,2)", "DECIMAL(18,4)", "DECIMAL(4,1)", "DECIMAL(38,6)",
    "VARCHAR", "DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S", "TIMESTAMP_NS", "TIME",
    "INTERVAL", "UUID", "BLOB", "JSON", "ENUM('new', 'paid', 'void')", "INTEGER[]", "VARCHAR[]",
    "DOUBLE[]", "INTEGER[3]", "STRUCT(a INTEGER, b VARCHAR)", "STRUCT(x DOUBLE, a BIGINT)",
    "STRUCT(a INTEGER, b VARCHAR)[]", "MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, VARCHAR)",
)  # fmt: skip
_NUMBERS = ("INTEGER", "BIGINT", "DECIMAL(10,2)", "DECIMAL(18,4)", "DOUBLE", "SMALLINT", "FLOAT")
_COLUMNS: dict[str, Sequence[str]] = {
    "id": ("INTEGER", "BIGINT", "VARCHAR", "UUID"),
    "k": ("INTEGER", "INTEGER", "BIGINT", "VARCHAR"),
    "customer_id": ("INTEGER", "BIGINT", "VARCHAR"),
    "amount": _NUMBERS,
    "price": _NUMBERS,
    "qty": ("INTEGER", "SMALLINT", "TINYINT", "UINTEGER", "HUGEINT"),
    "status": ("VARCHAR", "VARCHAR", "ENUM('new', 'paid', 'void')", "INTEGER"),
    "name": ("VARCHAR",),
    "note": ("VARCHAR", "JSON", "BLOB"),
    "code": ("VARCHAR", "INTEGER", "UTINYINT"),
    "day": ("DATE", "DATE", "TIMESTAMP", "VARCHAR"),
    "created_at": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE", "TIMESTAMP_NS"),
    "updated_at": ("TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "TIMESTAMP_S"),
    "clock": ("TIME", "INTERVAL"),
    "is_active": ("BOOLEAN", "BOOLEAN", "INTEGER"),
    "payload": ("JSON", "VARCHAR", "STRUCT(a INTEGER, b VARCHAR)"),
    "tags": ("VARCHAR[]", "INTEGER[]", "DOUBLE[]", "INTEGER[3]", "STRUCT(a INTEGER, b VARCHAR)[]"),
    "info": ("STRUCT(a INTEGER, b VARCHAR)", "STRUCT(x DOUBLE, a BIGINT)"),
    "attrs": ("MAP(VARCHAR, INTEGER)", "MAP(VARCHAR, VARCHAR)"),
}
_FRESH = ("total", "label", "flag", "v1", "v2", "kind", "ratio", "first_day", "grp", "n", "val")


def family(type_: str) -> str:
    """Return the letter that stands for a type in the patterns below."""
    if type_.endswith("]"):
        return "l"
    for letter, start in (
        ("n", "TINYINT SMALLINT INTEGER BIGINT HUGEINT UTINYINT USMALLINT UINTEGER UBIGINT UHUGEINT "
              "FLOAT DOUBLE DECIMAL"),
        ("t", "VARCHAR ENUM"), ("d", "DATE TIMESTAMP"), ("b", "BOOLEAN"), ("s", "STRUCT"),
        ("m", "MAP"), ("j", "JSON"), ("i", "INTERVAL TIME"),
    ):  # fmt: skip
        if re.split(r"[( _]", type_)[0] in start.split():
            return letter
    return "o"


# One letter in braces is a column of that family, `a` of any; what does not bind is made again.
EXPRESSIONS = """
{n} + 1|{n} * 1.5|{n} / 2|{n} // 2|{n} % 3|-{n}|abs({n})|round({n}, 1)|{n} + {n}|{n} * {n}|{n} - {n}
{n} / nullif({n}, 0)|coalesce({n}, 0)|coalesce({n}, {n})|greatest({n}, {n}, 0)|least({n}, 10)
cast({n} as varchar)|{n}::decimal(12,2)|{n}::bigint|try_cast({t} as integer)|cast({t} as date)
try_cast({a} as double)|{n} between 1 and {n}|{n} > 0|{n} = {n}|{n} in (1, 2, 3)|floor({n})|sqrt({n})
{n}::varchar || '-' || {t}|{n} is null|nullif({n}, {n})|power({n}, 2)|sign({n})|{n} / 100.0|ln({n})
case when {n} > 10 then 'high' when {n} > 1 then 'low' else 'none' end|{n} & 1|{n} ^ 2|{n} ** 2
case when {n} > 0 then {n} else 0 end|case {n} when 1 then {t} else 'x' end|{n}::int::boolean
case when {b} then {a} end|if({n} > 1, {n}, null)|{n} > {n} and {b}|ifnull({n}, -1)|{n} <> {t}
upper({t})|lower(trim({t}))|length({t})|{t} || 'x'|{t} || {t}|concat({t}, '-', {n})|left({t}, 2)
substring({t}, 1, 3)|replace({t}, 'a', 'b')|coalesce({t}, 'none')|coalesce({t}, {t})|{t} = 'new'
{t} in ('new', 'paid')|{t} like 'n%'|{t} ilike '%x'|split_part({t}, '-', 1)|md5({t})|hash({a})
regexp_replace({t}, '[0-9]', '')|regexp_extract({t}, '([a-z]+)', 1)|regexp_matches({t}, 'a')
lpad({t}, 5, '0')|string_split({t}, ',')|{t} = {t}|{t} > 'a'|nullif({t}, '')|nullif(trim({t}), '')
starts_with({t}, 'a')|contains({t}, 'b')|strpos({t}, 'a')|reverse({t})|concat_ws('|', {t}, {a}, {a})
concat({a}, {a})|{a}::varchar|cast({a} as varchar)|coalesce({a}::varchar, '')|{a} is not null
case when {t} = 'new' then 1 else 0 end|case when {t} is null then {d} end|format('{{}}', {t})
date_trunc('month', {d})|date_trunc('day', {d})::date|cast({d} as date)|{d}::timestamp|year({d})
extract(month from {d})|date_part('dow', {d})|date_diff('day', {d}, {d})|{d} + interval 1 day
{d} - interval '1 month'|strftime({d}, '%Y-%m')|{d} >= '2024-01-01'|{d} between '2024-01-01' and {d}
{d} = {d}|{d} < {d}|last_day({d})|dayname({d})|epoch({d})|{d} - {d}|coalesce({d}, date '2024-01-01')
coalesce({d}, {d})|greatest({d}, {d})|{d} > current_date|age({d}, {d})|date_add({d}, interval 2 day)
{d}::date + 1|{d} at time zone 'UTC'|monthname({d})|{d}::varchar|datesub('month', {d}, {d})
make_date(year({d}), 1, 1)|quarter({d})|to_timestamp({n})|date_diff('hour', {d}, {d})|epoch_ms({d})
not {b}|{b} and {n} > 1|{b} or {b}|coalesce({b}, false)|{b}::int|if({b}, 1, 0)|{b} is true|{b} = {b}
sum({n}) over ()|case when {b} then 'y' else 'n' end|{b}::varchar|count(*) over (partition by {a})
{l}[1]|len({l})|list_contains({l}, 1)|list_sort({l})|array_to_string({l}, ',')|{l}[1:2]|{l} || {l}
list_transform({l}, lambda x: x + 1)|list_filter({l}, lambda x: x is not null)|list_sum({l})
list_distinct({l})|list_max({l})|[x for x in {l}]|list_append({l}, {n})|{n} = any({l})|unnest({l})
list_aggregate({l}, 'count')|coalesce({l}, [])|[{n}, {n}]|[{t}, 'a']|[{a}, {a}]|list_value({d}, {d})
{s}.a|{s}.b|{s}['a']|struct_extract({s}, 'a')|{s}.a + 1|{s}.x|{{'a': {n}, 'b': {t}}}|row({a}, {a})
struct_pack(p := {a}, q := {a})|{s} = {s}|{s}.a::varchar|struct_insert({s}, z := 1)|to_json({a})
{m}['x']|map_keys({m})|map_values({m})|element_at({m}, 'x')|cardinality({m})|map([{t}], [{n}])|{m}['x'] + 1
{j}->>'a'|{j}->'a'|{j}->>'$.a.b'|json_extract_string({j}, '$.x')|({j}->>'a')::int|json_array_length({j})
{j}['a']|json_keys({j})|cast({j} as varchar)|json_type({j})|{t}->>'a'|{t}::json->>'b'|{j} = {j}
{i}::varchar|{d} + {i}|{i} = {i}|coalesce({i}, {i})|extract(hour from {i})|{i} > {i}
coalesce({a}, {a})|nullif({a}, {a})|{a} = {a}|{a} <> {a}|{a} < {a}|{a} is distinct from {a}|{a} in ({a}, {a})
case when {a} = {a} then 1 end|case when {n} = 1 then {a} else {a} end|case when {b} then {a} else null end
{a} between {a} and {a}|greatest({a}, {a})|{a} + {a}|{a} - {a}|{a} || {a}|{a} / {a}|typeof({a})|{a} like {a}
row_number() over (partition by {a} order by {a})|rank() over (order by {a} desc)
lag({a}) over (order by {a})|lead({a}, 1) over (partition by {a} order by {a})|ntile(4) over (order by {n})
lag({n}, 1, 0) over (order by {a})|coalesce(lag({a}) over (order by {a}), {a})|avg({n}) over (order by {d})
first_value({a}) over (partition by {a} order by {a})|max({a}) over (partition by {a})
sum({n}) over (partition by {a} order by {a} rows between unbounded preceding and current row)
sum({n}) over (order by {n} range between 1 preceding and current row)
count({a}) over (order by {d} range between interval 1 day preceding and current row)
""".strip()
AGGREGATES = """
count(*)|count({a})|count(distinct {a})|sum({n})|avg({n})|min({a})|max({a})|sum({n}) filter (where {b})
count(*) filter (where {n} > 0)|list({a})|array_agg({a} order by {a})|string_agg({t}, ',')|any_value({a})
string_agg({a}, ',' order by {a})|bool_or({b})|bool_and({n} > 1)|arg_max({a}, {a})|max_by({a}, {d})|median({n})
mode({a})|stddev({n})|first({a} order by {a})|sum({n}) / count(*)|coalesce(sum({n}), 0)|quantile_cont({n}, 0.5)
sum(case when {t} = 'new' then 1 else 0 end)|sum(case when {b} then {n} else 0 end)|round(avg({n}), 2)
max({d}) - min({d})|date_diff('day', min({d}), max({d}))|count(distinct {a}) > 1|approx_count_distinct({a})
sum({n} * {n})|sum({n})::bigint|max(case when {t} = 'paid' then {a} end)|count_if({b})|bit_or({n})|sum({b}::int)
percentile_cont(0.5) within group (order by {n})|histogram({a})|last({a})|corr({n}, {n})|product({n})
median({a})|sum({a})|avg({a})|string_agg({a}, ',')|list(distinct {a})|min({n}, 2)|sum({s}.a)|max({l}[1])
""".strip()
CONDITIONS = """
{n} > 0|{n} >= {n}|{t} = 'new'|{t} is not null|{t} in ('new', 'paid')|{d} >= date '2024-01-01'|{b}|not {b}
{d} < '2024-06-01'|{n} between 1 and 100|{a} is not null|{a} = {a}|{l}[1] = 1|{s}.a > 1|{j}->>'a' = 'x'
coalesce({b}, true)|length({t}) > 1|lower({t}) like '%a%'|{n} = 1 or {t} = 'x'|{d} > {d}|{a} <> {a}
{d} >= current_date - interval 30 day|year({d}) = 2024|{m}['x'] = 1|{n} in (1, 2) and {b}|{a} > '1'|{a} = 1
{d}::date = '2024-01-01'|date_trunc('month', {d}) = '2024-01-01'|{t} ~ 'a'|{n} % 2 = 0|{a} in ('a', 'b')
""".strip()


def _patterns(text: str) -> list[str]:
    # A bar inside quotes does not part two patterns.
    return [item.replace("\0", "|") for item in
            re.sub(r"'\|'", "'\0'", re.sub(r"\|\|", "\0\0", text)).replace("\n", "|").split("|")]  # fmt: skip


_EXPRESSIONS, _AGGREGATES, _CONDITIONS = map(_patterns, (EXPRESSIONS, AGGREGATES, CONDITIONS))


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, in a file of its own."""

    sql: str
    target: str | None
    """What it writes; None for a macro."""
    makes: bool
    """False where it fills what is there already."""


@dataclass(slots=True)
class Warehouse:
    """Base tables, and what is built upon them, in order."""

    tables: dict[str, Columns]
    steps: list[Step] = field(default_factory=list)
    relations: dict[str, Columns] = field(default_factory=dict)
    """The columns of everything, base tables included."""


@dataclass(slots=True)
class Ref:
    """A column as it may be written at a place."""

    text: str
    name: str
    type: str


class Maker:
    """Makes one warehouse."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.engine = duckdb.connect(":memory:")
        self.engine.execute("SET enable_external_access = false")
        self.made = Warehouse({})
        self.count = 0
        self.schemas = self.chance(0.5)
        self.macros = True
        self.functions = _functions(self.engine)

    # ---- chance ------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def one(self, items: Sequence[T]) -> T:
        return self.random.choice(items)

    def some(self, items: Sequence[T], least: int = 1, most: int = 99) -> list[T]:
        most = min(most, len(items))
        return self.random.sample(list(items), self.random.randint(min(least, most), most))

    def fresh(self, start: str) -> str:
        self.count += 1
        return f"{start}{self.count}"

    # ---- the whole ---------------------------------------------------------------------

    def warehouse(self) -> Warehouse:
        for schema in ("raw", "stg", "mart") if self.schemas else ():
            self.engine.execute(f"CREATE SCHEMA {schema}")
        for _ in range(self.random.randint(3, 6)):
            self.table()
        wanted, tries = self.random.randint(4, 10), 0
        while len(self.made.steps) < wanted and tries < 400:
            tries += 1
            self.model()
        self.engine.close()
        return self.made

    def table(self) -> None:
        names = self.some(list(_COLUMNS), 3, 8)
        if "id" not in names and self.chance(0.7):
            names.insert(0, "id")
        columns = [
            (name, self.one(TYPES) if self.chance(0.06) else self.one(_COLUMNS[name]))
            for name in names
        ]
        if self.made.tables and self.chance(0.3):  # a table that looks like another
            columns = list(self.one(list(self.made.tables.values())))
            if self.chance(0.5):
                self.random.shuffle(columns)
        name = self.fresh(self.one(["orders", "t", "events", "customers"]))
        name = f"raw.{name}" if self.schemas else name
        self.engine.execute(create_table(name, columns))
        self.made.tables[name] = self.made.relations[name] = self.described(name)

    def described(self, name: str) -> Columns:
        return [
            (str(row[0]), str(row[1])) for row in self.engine.execute(f"DESCRIBE {name}").fetchall()
        ]

    def runs(self, text: str) -> bool:
        try:
            self.engine.execute(text)
        except duckdb.Error:
            return False
        return True

    def model(self) -> None:
        pick = self.random.random()
        if pick < 0.14 and self.fill():
            return
        if pick < 0.17 and self.macros:
            self.macro()
            return
        for _ in range(12):
            text = self.query()
            if text is not None and self.runs(f"EXPLAIN {text}"):
                break
        else:
            return
        name = self.fresh(self.one(["stg_", "int_", "fct_", "v"]))
        if self.schemas:
            name = f"{self.one(['stg', 'mart'])}.{name}"
        word = self.one(["VIEW", "VIEW", "VIEW", "TABLE", "TABLE", "OR REPLACE VIEW",
                         "OR REPLACE TABLE", "TABLE IF NOT EXISTS"])  # fmt: skip
        listed = ""
        if self.chance(0.1):
            size = len(self.engine.execute(f"DESCRIBE {text}").fetchall())
            names = [f"c{place}" for place in range(size)]
            listed = f" ({', '.join(names)})"
        made = f"CREATE {word} {name}{listed} AS {text}"
        if self.runs(made):
            columns = self.described(name)
            stored = all("TYPE" not in type_ for _, type_ in columns)  # what no table can hold
            if stored and len({column.lower() for column, _ in columns}) == len(columns):
                self.made.steps.append(Step(made, name, makes=True))
                self.made.relations[name] = columns

    # ---- expressions -------------------------------------------------------------------

    def fitted(self, pattern: str, refs: list[Ref]) -> str | None:
        """Return a pattern with columns in its places."""

        def column(found: re.Match[str]) -> str:
            letter = found.group(1)
            fitting = [ref for ref in refs if letter == "a" or family(ref.type) == letter]
            return self.one(fitting).text if fitting else "\0"

        made = re.sub(r"(?<!\{)\{([a-z])\}(?!\})", column, pattern)
        return None if "\0" in made else made.replace("{{", "{").replace("}}", "}")

    def expression(self, refs: list[Ref]) -> str:
        for _ in range(30):
            made: str | None
            if self.chance(0.12):
                made = self.called(refs)
            else:
                made = self.fitted(self.one(_EXPRESSIONS), refs)
            if made is not None and self.chance(0.15):
                made = self.fitted(self.one(_EXPRESSIONS), [*refs, *[Ref(f"({made})", "?", ref.type)
                                                            for ref in refs[:4]]])  # fmt: skip
            if made is not None and self.binds(made, refs):
                return made
        return self.one(refs).text

    def called(self, refs: list[Ref]) -> str:
        """Return a call of any function that there is."""
        name, size = self.one(self.functions)
        given = [self.one(refs).text if self.chance(0.75) else self.one(["1", "'a'", "NULL", "2.5"])
                 for _ in range(size)]  # fmt: skip
        return f"{name}({', '.join(given)})"

    def aggregate(self, refs: list[Ref]) -> str:
        for _ in range(20):
            made = self.fitted(self.one(_AGGREGATES), refs)
            if made is not None and self.binds(made, refs):
                return made
        return "count(*)"

    def condition(self, refs: list[Ref]) -> str:
        for _ in range(20):
            made = self.fitted(self.one(_CONDITIONS), refs)
            if made is not None and self.binds(made, refs):
                return made
        return "1 = 1"

    def binds(self, made: str, refs: list[Ref]) -> bool:
        """Return whether an expression binds, over columns of the same names and types."""
        tables: dict[str, list[Ref]] = {}
        for ref in refs:
            if ref.name != "?":
                tables.setdefault(ref.text.rpartition(".")[0] or "_", []).append(ref)
        text = ", ".join(
            f"(SELECT {', '.join(f'CAST(NULL AS {ref.type}) AS {quoted(ref.name)}' for ref in own)}) "
            f"AS {name}"
            for name, own in tables.items()
        )
        return self.runs(f"EXPLAIN SELECT {made} FROM {text}")

    # ---- FROM --------------------------------------------------------------------------

    def relation(self) -> tuple[str, Columns]:
        names = list(self.made.relations)
        # What was made lately is read more often: layers, not a fan.
        name = self.one(names[-4:] if self.chance(0.5) else names)
        return name, self.made.relations[name]

    def items(self, refs: list[Ref], most: int = 6) -> list[str]:
        """Return a SELECT list without stars."""
        listed: list[str] = []
        taken: set[str] = set()
        for ref in self.some(refs, 1, most):
            pick = self.random.random()
            if pick < 0.4 and ref.name not in taken:
                listed.append(ref.text)
                taken.add(ref.name)
                continue
            name = self.one([ref.name, *_FRESH])
            if name in taken:
                continue
            taken.add(name)
            name = quoted(name)
            made = ref.text if pick < 0.5 else self.expression(refs)
            if self.chance(0.08) and listed and " as " in listed[-1]:
                before = listed[-1].rsplit(" as ", 1)[1]
                made = f"coalesce({before}, {made})"
            listed.append(f"{made} as {name}")
        return listed or [self.one(refs).text]

    # ---- queries -----------------------------------------------------------------------

    def query(self) -> str | None:
        pick = self.random.random()
        if pick < 0.12:
            return self.random_query()
        maker = self.one([
            self.staging, self.staging, self.staging, self.chained, self.chained, self.joined,
            self.joined, self.joined, self.starred, self.starred, self.united, self.united,
            self.grouped, self.grouped, self.windowed, self.pivoted, self.unpivoted, self.unnested,
            self.correlated, self.distinct, self.nested, self.spine,
        ])  # fmt: skip
        text = maker()
        if text is not None and self.chance(0.1):
            return f"select * from ({text}) as q"
        if text is not None and self.chance(0.08):
            return f"with final as ({text}) select * from final"
        return text

    def random_query(self) -> str:
        """Return a query of the other generator, over these relations."""
        generator = random_queries.Generator(self.random.randint(0, 10**9))
        known = {
            "INTEGER",
            "VARCHAR",
            "DATE",
            "BOOLEAN",
            "INTEGER[]",
            "MAP(VARCHAR, INTEGER)",
            "JSON",
        }
        generator.ctes = [{
            name: [(column, type_ if type_ in known else "?") for column, type_ in columns]
            for name, columns in self.made.relations.items()
            if all(re.fullmatch("[a-z_0-9]+", column) for column, _ in columns)
        }]  # fmt: skip
        return generator.query(self.one([0, 1, 1, 1]))[0]

    def refs(self, columns: Columns, alias: str = "") -> list[Ref]:
        start = f"{alias}." if alias else ""
        return [Ref(f"{start}{quoted(name)}", name, type_) for name, type_ in columns]

    def where(self, refs: list[Ref], share: float = 0.4) -> str:
        return f" where {self.condition(refs)}" if self.chance(share) else ""

    def tail(self, items: int) -> str:
        if not self.chance(0.15):
            return ""
        return self.one(
            [f" order by {self.random.randint(1, items)}", " order by all", " order by 1 desc"]
        )

    def staging(self) -> str:
        name, columns = self.relation()
        alias = self.one(["", "", "s"])
        refs = self.refs(columns, alias)
        items = self.items(refs, 9)
        return f"select {', '.join(items)} from {name} {alias}{self.where(refs)}{self.tail(len(items))}"

    def chained(self) -> str:
        """Return what dbt's style guide wants: import CTEs, then what is renamed, then the end."""
        name, columns = self.relation()
        items = self.items(self.refs(columns), 9)
        parts = [f"source as (select * from {name})",
                 f"renamed as (select {', '.join(items)} from source{self.where(self.refs(columns))})"]  # fmt: skip
        last = "renamed"
        if self.chance(0.5):
            inner = self.columns_of(f"with {', '.join(parts)} select * from renamed")
            if inner is None:
                return f"with {', '.join(parts)} select * from renamed"
            refs = self.refs(inner)
            parts.append(f"final as (select *, {self.expression(refs)} as extra_{self.count} from renamed"
                         f"{self.where(refs)})")  # fmt: skip
            last = "final"
        if self.chance(0.15):
            parts.insert(1, f"unread as (select * from {self.relation()[0]})")
        return f"with {', '.join(parts)} select * from {last}"

    def columns_of(self, text: str) -> Columns | None:
        try:
            rows = self.engine.execute(f"DESCRIBE {text}").fetchall()
        except duckdb.Error:
            return None
        return [(str(row[0]), str(row[1])) for row in rows]

    def joined(self) -> str | None:
        (one, left), (other, right) = self.relation(), self.relation()
        word = self.one(["join", "left join", "inner join", "full join", "right join"])
        a, b = self.one([("a", "b"), ("l", "r"), ("orders", "x")])
        lefts, rights = self.refs(left, a), self.refs(right, b)
        shared = [name for name, _ in left if name in {n for n, _ in right}]
        pick = self.random.random()
        merged: list[str] = []
        if pick < 0.1 and shared:
            on, merged = f"natural {word} {other} {b}", shared
        elif pick < 0.45 and shared:
            merged = self.some(shared, 1, 2)
            on = f"{word} {other} {b} using ({', '.join(map(quoted, merged))})"
        elif pick < 0.55 and len(shared) > 0:
            on = f"{word} {other} {b} on {a}.{quoted(shared[0])} = {b}.{quoted(shared[0])}"
        else:
            on = f"{word} {other} {b} on {self.one(lefts).text} = {self.one(rights).text}"
            if self.chance(0.3):
                on += f" and {self.condition([*lefts, *rights])}"
        refs = [*lefts, *rights]
        if self.chance(0.5):  # without a qualifier, where one is enough
            names = [ref.name for ref in refs]
            refs = [Ref(quoted(ref.name), ref.name, ref.type)
                    if names.count(ref.name) == 1 or ref.name in merged else ref for ref in refs]  # fmt: skip
        pick = self.random.random()
        if pick < 0.15:
            listed = "*"
        elif pick < 0.3:
            listed = f"{a}.*, {', '.join(self.items([r for r in refs if r.text.startswith(f'{b}.')] or refs, 3))}"
        elif pick < 0.4 and shared:
            listed = f"{a}.*, {b}.* exclude ({', '.join(map(quoted, shared))})"
        elif pick < 0.45 and shared:
            listed = f"* exclude ({quoted(shared[0])})"
        elif pick < 0.5:
            listed = f"{a}, {', '.join(self.items(refs, 3))}"
        else:
            listed = ", ".join(self.items(refs, 7))
        where = "" if merged and self.chance(0.5) else self.where(refs, 0.3)
        return f"select {listed} from {one} {a} {on}{where}"

    def starred(self) -> str:
        name, columns = self.relation()
        names = [quoted(column) for column, _ in columns]
        refs = self.refs(columns)
        column = self.one(names)
        listed = self.one([
            "*", "t.*", f"* exclude ({column})", f"* replace ({self.expression(refs)} as {column})",
            f"* rename ({column} as renamed)", f"*, {self.expression(refs)} as more",
            f"* exclude ({', '.join(self.some(names, 1, 3))}), {self.expression(refs)} as more",
            "columns('a')", "columns('^[a-k]')", "columns(c -> c like '%a%')", "count(columns(*))",
            f"columns(* exclude ({column}))", f"coalesce(columns(['{columns[0][0]}']), null)",
            "max(columns('i|a')), count(*) as n", "columns(lambda c: c in ('id', 'k', 'amount'))",
            "* like '%d%'", f"t.* exclude ({column}) replace ({self.expression(refs)} as {self.one(names)})",
            "t", "count(*) as n", f"{column}, *", "columns('(.*)_(.*)') as 'x_\\2_\\1'",
            "columns(*)::varchar", "* not like 'a%'", f"(t.{column}) as one, t.* exclude ({column})",
            "count(t.*) as n", "list(columns(* exclude (" + column + ")))", "*columns('d|k')",
            "coalesce(*columns('^i'), null) as n", "hash(t) as h", "to_json(t) as j", "struct_pack(*columns(*)) as s",
        ])  # fmt: skip
        if self.chance(0.15):
            return f"from {name} t"
        return f"select {listed} from {name} t{self.where(self.refs(columns, 't'), 0.3)}"

    def united(self) -> str | None:
        word = self.one(["union all", "union all", "union", "union all by name", "union by name",
                         "except", "intersect"])  # fmt: skip
        (one, left), (other, right) = self.relation(), self.relation()
        pick = self.random.random()
        if pick < 0.35:
            same = [
                name for name, columns in self.made.relations.items() if len(columns) == len(left)
            ]
            other = self.one(same) if "name" not in word else other
            return f"select * from {one} {word} select * from {other}"
        if pick < 0.5:
            items = self.items(self.refs(left), 4)
            conditions = [self.where(self.refs(left), 1) for _ in range(2)]
            return " ".join([f"select {', '.join(items)} from {one}{conditions[0]} {word}",
                             f"select {', '.join(items)} from {one}{conditions[1]}"])  # fmt: skip
        size = min(len(left), len(right), 4)
        ours, theirs = (
            self.some(self.refs(left), size, size),
            self.some(self.refs(right), size, size),
        )
        if self.chance(0.5):  # such as have types that go together
            pairs = [
                (a, b)
                for a in self.refs(left)
                for b in self.refs(right)
                if family(a.type) == family(b.type)
            ]
            if not pairs:
                return None
            chosen = self.some(pairs, 1, 4)
            ours, theirs = [a for a, _ in chosen], [b for _, b in chosen]
        texts = [ref.text if self.chance(0.8) else "null" for ref in theirs]
        if "name" in word or self.chance(0.5):
            texts = [f"{text} as {ref.text}" for text, ref in zip(texts, ours, strict=True)]
        first = ", ".join(ref.text for ref in ours)
        return f"select {first} from {one} {word} select {', '.join(texts)} from {other}"

    def grouped(self) -> str:
        name, columns = self.relation()
        refs = self.refs(columns)
        keys = [self.expression(refs) if self.chance(0.4) else self.one(refs).text
                for _ in range(self.random.randint(0, 2))]  # fmt: skip
        keys = [key for key in keys if " over " not in key and "unnest" not in key]
        listed = [f"{key} as g{place}" if not re.fullmatch(r'\w+|".*"', key) or self.chance(0.3) else key
                  for place, key in enumerate(keys)]  # fmt: skip
        aggregates = [
            f"{self.aggregate(refs)} as m{place}" for place in range(self.random.randint(1, 4))
        ]
        places = ", ".join(str(place + 1) for place in range(len(keys)))
        group = ""
        if keys:
            group = " group by " + self.one([places, places, "all", ", ".join(keys), f"rollup ({', '.join(keys)})",
                                             f"grouping sets (({', '.join(keys)}), ())"])  # fmt: skip
        having = self.one(["", "", "", " having count(*) > 1", " having m0 is not null",
                           f" having {self.aggregate(refs)} is not null"])  # fmt: skip
        tail = self.tail(len(keys) + len(aggregates))
        return f"select {', '.join([*listed, *aggregates])} from {name}{self.where(refs)}{group}{having}{tail}"

    def windowed(self) -> str:
        name, columns = self.relation()
        refs = self.refs(columns)
        part, order = self.one(refs).text, self.one(refs).text
        over = f"(partition by {part} order by {order} desc)"
        if self.chance(0.5):
            return (
                f"select * from {name}{self.where(refs, 0.2)} qualify row_number() over {over} = 1"
            )
        items = self.items(refs, 4)
        if self.chance(0.5):
            return (f"select {', '.join(items)}, row_number() over w as rn, max({self.one(refs).text}) over w as m "
                    f"from {name} window w as {over}")  # fmt: skip
        return (f"select * exclude (rn) from (select *, row_number() over {over} as rn from {name}) "
                "where rn = 1")  # fmt: skip

    def pivoted(self) -> str:
        name, columns = self.relation()
        on, value = self.one(columns), self.one(columns)
        key = quoted(self.one(columns)[0])
        value_text = self.one([f"sum({quoted(value[0])})", f"max({quoted(value[0])})", "count(*)",
                               f"sum({quoted(value[0])}) as s, count(*) as n"])  # fmt: skip
        listed = {"t": "'new', 'paid'", "n": "1, 2", "b": "true, false"}.get(
            family(on[1]), "'a', 'b'"
        )
        inner = self.one(
            [
                name,
                f"(select {', '.join(sorted({key, quoted(on[0]), quoted(value[0])}))} from {name})",
            ]
        )
        if self.chance(0.5):
            return (f"select * from {inner} pivot ({value_text} for {quoted(on[0])} in ({listed})"
                    f"{self.one(['', f' group by {key}'])})")  # fmt: skip
        return f"pivot {inner} on {quoted(on[0])} in ({listed}) using {value_text}{self.one(['', f' group by {key}'])}"

    def unpivoted(self) -> str | None:
        name, columns = self.relation()
        wanted = family(self.one(columns)[1])
        alike = [quoted(column) for column, type_ in columns if family(type_) == wanted]
        chosen = ", ".join(self.some(alike, 2, 3))
        return self.one([
            f"unpivot {name} on {chosen} into name label value val",
            f"select * from {name} unpivot (val for label in ({chosen}))",
            f"unpivot (select {chosen} from {name}) on columns(*) into name label value val",
            f"unpivot {name} on columns(* exclude ({quoted(self.one(columns)[0])})) into name label value val",
        ])  # fmt: skip

    def unnested(self) -> str | None:
        lists = [(name, column, columns) for name, columns in self.made.relations.items()
                 for column, type_ in columns if family(type_) == "l"]  # fmt: skip
        if not lists:
            return None
        name, column, columns = self.one(lists)
        items = ", ".join(self.items(self.refs(columns, "t"), 3))
        text = quoted(column)
        return self.one([
            f"select {items}, u.item from {name} t, unnest(t.{text}) as u(item)",
            f"select {items}, unnest(t.{text}) as item from {name} t",
            f"select {items}, item from {name} t cross join unnest({text}) as u(item)",
            f"select {items}, u.* from {name} t left join lateral (select unnest(t.{text}) as item) u on true",
            f"select unnest({text}, recursive := true) as piece from {name} t",
        ])  # fmt: skip

    def correlated(self) -> str:
        (one, left), (other, right) = self.relation(), self.relation()
        lefts, rights = self.refs(left, "o"), self.refs(right, "i")
        if self.chance(0.4):  # a name that is found in the query around, if it goes within
            lefts = [
                *lefts,
                *(ref for ref in self.refs(left) if ref.name not in {n for n, _ in right}),
            ]
        match_ = f"{self.one(rights).text} = {self.one(lefts).text}"
        items = ", ".join(self.items(lefts, 4))
        return self.one([
            f"select {items}, (select {self.aggregate(rights)} from {other} i where {match_}) as sub from {one} o",
            f"select {items} from {one} o where exists (select 1 from {other} i where {match_})",
            f"select {items} from {one} o where not exists (select * from {other} i where {match_})",
            f"select {items} from {one} o where {self.one(lefts).text} in (select {self.one(rights).text} from {other} i)",
            f"select {items} from {one} o where {self.one(lefts).text} not in (select {quoted(self.one(right)[0])} "
            f"from {other} where {self.condition(self.refs(right))})",
            f"select {items} from {one} o where {self.one(lefts).text} >= (select max({self.one(rights).text}) from {other} i)",
            f"select {items} from {one} o semi join {other} i on {match_}",
            f"select {items} from {one} o anti join {other} i on {match_}",
            f"select {items} from {one} o asof join {other} i on {self.one(lefts).text} >= {self.one(rights).text}",
        ])  # fmt: skip

    def distinct(self) -> str:
        name, columns = self.relation()
        refs = self.refs(columns)
        if self.chance(0.5):
            return f"select distinct {', '.join(self.items(refs, 4))} from {name}{self.where(refs)}"
        return f"select distinct on ({self.one(refs).text}) * from {name} order by {self.one(refs).text}"

    def nested(self) -> str:
        """Return a join of subqueries, one of them grouped."""
        (one, left), (other, right) = self.relation(), self.relation()
        key, own = self.one(self.refs(right)).text, self.one(self.refs(left)).text
        inner = f"select {key} as the_key, {self.aggregate(self.refs(right))} as measure from {other} group by {key}"
        return (f"select l.*, g.measure, {self.expression(self.refs(left, 'l'))} as more from {one} l "
                f"left join ({inner}) g on l.{own} = g.the_key")  # fmt: skip

    def spine(self) -> str:
        """Return a query that begins without a table, or calls itself."""
        name, columns = self.relation()
        refs = self.refs(columns)
        made = self.expression(refs)
        return self.one([
            f"with recursive r as (select {self.one(refs).text} as v, 1 as step from {name} "
            "union all select v, step + 1 from r where step < 3) select * from r",
            f"select d.range as d, t.* from range(3) d cross join {name} t",
            f"values (1, 'a'), (2, (select max({self.one(refs).text})::varchar from {name}))",
            f"select x.v, t.{self.one(refs).text} from (values (1, 'new'), (2, 'b')) x(v, w), {name} t",
            f"select (select {made} from {name} limit 1) as v, 1 as one",
            f"select exists (from {name} where {self.condition(refs)}) as v",
            f"select array(select {self.one(refs).text} from {name}) as v",
            f"from {name} select {made} as v, {self.one(refs).text}",
            f"select {made} as v from {name} order by {self.one(refs).text} limit 5",
            f"select * from {name} using sample 10 rows",
            f"select * from {name}, lateral (select {made} as lat) x",
        ])  # fmt: skip

    # ---- what fills tables -------------------------------------------------------------

    def fill(self) -> bool:
        """Add an INSERT, MERGE, UPDATE or DELETE of a table that there is."""
        built = {
            step.target
            for step in self.made.steps
            if step.makes and " TABLE " in step.sql.split(" AS ")[0]
        }
        # A build runs what fills a table before what reads it.
        names = [
            name
            for name in self.made.relations
            if (name in built or self.chance(0.2)) and not self.is_read(name)
        ]
        if not names:
            return False
        name = self.one(names)
        columns = self.made.relations[name]
        refs = self.refs(columns)
        other, theirs = self.relation()
        rights = self.refs(theirs)
        chosen = self.some(columns, 1, 4)
        fitting = [
            [ref.text for ref in rights if family(ref.type) == family(type_)] or ["null"]
            for _, type_ in chosen
        ]
        values = [self.one(texts) for texts in fitting]
        listed = ", ".join(quoted(column) for column, _ in chosen)
        named = ", ".join(
            f"{value} as {quoted(column)}"
            for value, (column, _) in zip(values, chosen, strict=True)
        )
        key = quoted(self.one(columns)[0])
        theirs_key = self.one(rights).text
        sets = ", ".join(f"{quoted(column)} = s.{value}" if value != "null" else f"{quoted(column)} = null"
                         for value, (column, _) in zip(values, chosen, strict=True))  # fmt: skip
        ours = ", ".join(f"s.{value}" if value != "null" else "null" for value in values)
        made = self.one([
            f"INSERT INTO {name} ({listed}) SELECT {', '.join(values)} FROM {other}{self.where(rights)}",
            f"INSERT INTO {name} BY NAME SELECT {named} FROM {other}",
            f"INSERT INTO {name} SELECT * FROM {other}",
            f"INSERT INTO {name} FROM {name}{self.where(refs, 1)}",
            f"MERGE INTO {name} t USING {other} s ON t.{key} = s.{theirs_key} WHEN MATCHED THEN UPDATE SET {sets} "
            f"WHEN NOT MATCHED THEN INSERT ({listed}) VALUES ({ours})",
            f"UPDATE {name} SET {quoted(chosen[0][0])} = {self.expression(refs)}{self.where(refs)}",
            f"UPDATE {name} SET {quoted(chosen[0][0])} = s.{values[0]} FROM {other} s WHERE {name}.{key} = s.{theirs_key}",
            f"DELETE FROM {name} WHERE {self.condition(refs)}",
            f"DELETE FROM {name} USING {other} s WHERE {name}.{key} = s.{theirs_key}",
        ])  # fmt: skip
        if not self.runs(made):
            return False
        self.made.steps.append(Step(made, name, makes=False))
        return True

    def is_read(self, name: str) -> bool:
        word = re.compile(rf"(?<![\w.]){re.escape(name)}(?!\w)")
        return any(step.target != name and word.search(step.sql) for step in self.made.steps)

    def macro(self) -> None:
        name, columns = self.relation()
        macro = self.fresh("mac_")
        if self.chance(0.5):
            refs = [Ref("x", "x", type_) for _, type_ in columns[:3]]
            pattern = self.fitted(self.one(_EXPRESSIONS), refs)
            column = quoted(self.one(columns)[0])
            made = f"CREATE MACRO {macro}(x) AS {pattern}"
            use = f"select {macro}({column}) as v, * from {name}"
        else:
            text = self.staging()
            made = f"CREATE MACRO {macro}() AS TABLE {text}"
            use = f"select * from {macro}()"
        target = self.fresh("v_")
        if self.schemas:
            target = f"mart.{target}"
        view = f"CREATE VIEW {target} AS {use}"
        if not self.runs(made):
            return
        if not self.runs(view):
            self.runs(f"DROP MACRO {macro}")
            self.runs(f"DROP MACRO TABLE {macro}")
            return
        found = self.described(target)
        if len({column.lower() for column, _ in found}) == len(found):
            self.made.steps += [Step(made, None, makes=False), Step(view, target, makes=True)]
            self.made.relations[target] = found


_KNOWN: list[tuple[str, int]] = []


def _functions(engine: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Return the engine's functions that give the same for the same, by name and size."""
    if not _KNOWN:
        _KNOWN.extend(
            (str(name), int(size))
            for name, size in engine.execute(
                "SELECT DISTINCT function_name, len(parameters) FROM duckdb_functions() "
                "WHERE function_type = 'scalar' AND stability = 'CONSISTENT' "
                "AND regexp_matches(function_name, '^[a-z][a-z_0-9]+$') AND len(parameters) BETWEEN 1 AND 3 "
                "AND schema_name = 'main' ORDER BY ALL"
            ).fetchall()
        )
    return _KNOWN


def quoted(name: str) -> str:
    if name in {"true", "false", "null"}:
        return f'"{name}"'
    return name if re.fullmatch("[a-z_][a-z_0-9]*", name) else '"' + name.replace('"', '""') + '"'


def create_table(name: str, columns: Columns) -> str:
    listed = ", ".join(f"{quoted(column)} {type_}" for column, type_ in columns)
    return f"CREATE TABLE {name} ({listed})"


def changes(made: Warehouse, seed: int, many: int) -> list[Change]:
    """Return changes of base tables and of what is between, of all kinds."""
    random = Random(seed)
    found = []
    names = [name for name, columns in made.relations.items() if columns]
    every = sorted({column for columns in made.relations.values() for column, _ in columns})
    for number in range(many):
        name = random.choice(names)
        columns = made.relations[name]
        column, old = random.choice(columns)
        taken = {known.lower() for known, _ in columns}
        kind = random.choices(
            ["drop_column", "rename_column", "type_change", "add_column", "reorder", "drop_table", "rename_table"],
            [20, 15, 40, 15, 8, 2, 2],
        )[0]  # fmt: skip
        change = {"id": str(number), "kind": kind, "table": name}
        fresh = [other for other in every if other.lower() not in taken]
        if kind in {"drop_column", "rename_column", "type_change"}:
            change["column"] = column
        if kind == "drop_column" and len(columns) == 1:
            continue
        if kind == "rename_column":
            change["new"] = random.choice(
                [f"{column}_new", *random.sample(fresh, min(1, len(fresh)))]
            )
        if kind == "type_change":
            change |= {"old": old, "new": random.choice([type_ for type_ in TYPES if type_ != old])}
        if kind == "add_column":
            own = random.choice(fresh) if fresh and random.random() < 0.7 else "brand_new"
            change |= {"new": own, "type": random.choice(TYPES)}
        if kind == "rename_table":
            change["new"] = f"{name}_moved"
        found.append(change)
    return found


def warehouse(seed: int) -> Warehouse:
    """Return the warehouse of a seed."""
    return Maker(seed).warehouse()
