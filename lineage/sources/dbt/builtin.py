"""dbt's own macros, and the plain ones of dbt_utils, for projects that are read without dbt.

Written after the documentation of dbt's cross-database macros
(https://docs.getdbt.com/reference/dbt-jinja-functions/cross-database-macros) and of dbt_utils.
What matters is that the same columns are read and that the type comes out the same; where
dialects differ in neither, one spelling serves all of them.
"""

# ruff: noqa: D102, S608
# D102: each macro is documented where the docstring above says; S608: the SQL that is put together
# here is the project's own, and is bound, never executed.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from lineage.sql.unknown import Unknown

Macro = Callable[..., object]

FAMILY = {
    "redshift": "postgres",
    "databricks": "spark",
    "fabricspark": "spark",
    "synapse": "fabric",
    "sqlserver": "fabric",
    "athena": "trino",
    "presto": "trino",
    "postgresql": "postgres",
    "motherduck": "duckdb",
}
"""Adapters that behave as another does: dbt looks for `redshift__x`, then `postgres__x`."""

_NO_CHANGE = {"string": "text", "timestamp": "timestamp", "float": "float", "integer": "int"}
_TYPES: Mapping[str, Mapping[str, str]] = {
    "bigquery": {
        "string": "string",
        "float": "float64",
        "integer": "int64",
        "bigint": "int64",
        "numeric": "numeric",
        "boolean": "bool",
    },
    "spark": {"string": "string", "integer": "int", "numeric": "decimal(28, 6)"},
    "trino": {"string": "varchar", "float": "double", "integer": "integer"},
    "duckdb": {"integer": "integer"},
    "postgres": {"integer": "integer"},
    "snowflake": {"timestamp": "timestamp_ntz", "integer": "integer"},
    "fabric": {"string": "varchar(8000)", "timestamp": "datetime2(6)", "boolean": "bit"},
}


def family(adapter: str | None) -> str:
    """Return the adapter whose SQL this one speaks."""
    name = (adapter or "").lower()
    return FAMILY.get(name, name)


def prefixes(adapter: str | None) -> tuple[str, ...]:
    """Return the prefixes by which ``adapter.dispatch`` looks for an implementation."""
    name = (adapter or "").lower()
    chain = [name] if name else []
    if name in FAMILY:
        chain.append(FAMILY[name])
    return (*chain, "default")


def type_name(adapter: str | None, word: str) -> str:
    """Return the adapter's name of a type that is called ``word`` by dbt."""
    known = {**_NO_CHANGE, "boolean": "boolean", "bigint": "bigint", "numeric": "numeric(28,6)"}
    known |= _TYPES.get(family(adapter), {})
    return known.get(word.lower(), word)


class CrossDatabase:
    """The macros of the ``dbt`` package, for one adapter."""

    def __init__(self, adapter: str | None) -> None:
        self.adapter = adapter
        self.family = family(adapter)

    def type(self, word: str) -> str:
        """Return the adapter's name of one of dbt's types."""
        return type_name(self.adapter, word)

    def macros(self) -> dict[str, Macro]:
        """Return the macros by name."""
        found: dict[str, Macro] = {
            f"type_{short}": _always(self.type(word))
            for short, word in (
                ("string", "string"),
                ("timestamp", "timestamp"),
                ("float", "float"),
                ("numeric", "numeric"),
                ("bigint", "bigint"),
                ("int", "integer"),
                ("boolean", "boolean"),
            )
        }
        for name in (
            "any_value",
            "array_append",
            "array_concat",
            "array_construct",
            "bool_or",
            "cast",
            "cast_bool_to_text",
            "concat",
            "current_timestamp",
            "date",
            "date_spine",
            "date_trunc",
            "dateadd",
            "datediff",
            "equals",
            "escape_single_quotes",
            "generate_series",
            "get_powers_of_two",
            "hash",
            "last_day",
            "length",
            "listagg",
            "position",
            "replace",
            "right",
            "safe_cast",
            "split_part",
            "string_literal",
        ):
            found[name] = getattr(self, name)
        found["except"] = _always("except distinct" if self.family == "bigquery" else "except")
        found["intersect"] = _always(
            "intersect distinct" if self.family == "bigquery" else "intersect"
        )
        found["current_timestamp_backcompat"] = self.current_timestamp
        found["current_timestamp_in_utc_backcompat"] = self.current_timestamp
        found["snapshot_get_time"] = self.current_timestamp
        found["get_where_subquery"] = _same
        found["should_store_failures"] = _always(False)
        for name in ("unique", "not_null", "accepted_values", "relationships"):
            found[f"test_{name}"] = getattr(self, f"test_{name}")
        return found

    def any_value(self, expression: object) -> str:
        return f"any_value({expression})"

    def array_append(self, array: object, new_element: object) -> str:
        return f"array_append({array}, {new_element})"

    def array_concat(self, array_1: object, array_2: object) -> str:
        name = "array_cat" if self.family in {"postgres", "snowflake"} else "array_concat"
        return f"{name}({array_1}, {array_2})"

    def array_construct(self, inputs: Iterable[object] = (), data_type: object = "integer") -> str:
        items = ", ".join(str(item) for item in inputs)
        if self.family == "snowflake":
            return f"array_construct({items})"
        if self.family == "spark":
            return f"array({items})"
        return f"array[{items}]" if items else f"array[]::{data_type}[]"

    def bool_or(self, expression: object) -> str:
        if self.family == "bigquery":
            return f"logical_or({expression})"
        return f"{'boolor_agg' if self.family == 'snowflake' else 'bool_or'}({expression})"

    def cast(self, field: object, type: object) -> str:  # noqa: A002 - dbt's parameter
        return f"cast({field} as {type})"

    def cast_bool_to_text(self, field: object) -> str:
        return f"cast({field} as {self.type('string')})"

    def concat(self, fields: Iterable[object]) -> str:
        texts = [str(field) for field in fields]
        if self.family in {"bigquery", "spark"}:
            return f"concat({', '.join(texts)})"
        return " || ".join(texts)

    def current_timestamp(self) -> str:
        return {
            "bigquery": "current_timestamp()",
            "spark": "current_timestamp()",
            "snowflake": "convert_timezone('UTC', current_timestamp())",
            "duckdb": "now()",
            "postgres": "now()",
            "fabric": "sysdatetime()",
        }.get(self.family, "current_timestamp")

    def date(self, year: int, month: int, day: int) -> str:
        return f"cast('{year:04d}-{month:02d}-{day:02d}' as date)"

    def date_trunc(self, datepart: object, date: object) -> str:
        if self.family == "bigquery":
            return f"timestamp_trunc(cast({date} as timestamp), {datepart})"
        return f"date_trunc('{datepart}', {date})"

    def dateadd(self, datepart: object, interval: object, from_date_or_timestamp: object) -> str:
        start = from_date_or_timestamp
        if self.family == "duckdb":
            unit, times = _unit(str(datepart))
            amount = f"cast({interval} as bigint)"
            amount = f"({amount} * {times})" if times > 1 else amount
            return f"({start} + {amount} * interval 1 {unit})"
        if self.family == "postgres":
            return f"{start} + ((interval '1 {datepart}') * ({interval}))"
        if self.family == "bigquery":
            added = f"interval {interval} {datepart}"
            return f"datetime_add(cast({start} as datetime), {added})"
        return f"dateadd({datepart}, {interval}, {start})"

    def datediff(self, first_date: object, second_date: object, datepart: object) -> str:
        if self.family == "duckdb":
            first, second = f"{first_date}::timestamp", f"{second_date}::timestamp"
            return f"(date_diff('{datepart}', {first}, {second}))"
        if self.family == "bigquery":
            first, second = f"cast({first_date} as datetime)", f"cast({second_date} as datetime)"
            return f"datetime_diff({second}, {first}, {datepart})"
        if self.family == "postgres" and (self.adapter or "").lower() != "redshift":
            # PostgreSQL has no datediff; what it reads and its type are what counts here.
            return (
                f"(cast(date_part('day', ({second_date})::timestamp - ({first_date})::timestamp) "
                f"as integer))"
            )
        return f"datediff({datepart}, {first_date}, {second_date})"

    def equals(self, expr1: object, expr2: object) -> str:
        return f"({expr1} = {expr2})"

    def escape_single_quotes(self, expression: object) -> str:
        return str(expression).replace("'", "''")

    def get_powers_of_two(self, upper_bound: int) -> int:
        return max(1, (int(upper_bound) - 1).bit_length())

    def generate_series(self, upper_bound: object) -> str:
        if self.family in {"duckdb", "postgres"}:
            return (
                f"select generate_series as generated_number from generate_series(1, {upper_bound})"
            )
        return "select 1 as generated_number"

    def date_spine(self, datepart: object, start_date: object, end_date: object) -> str:
        step = self.dateadd(datepart, "row_number() over (order by 1) - 1", start_date)
        return (
            f"with rawdata as ({self.generate_series(366)}), "
            f"all_periods as (select ({step}) as date_{datepart} from rawdata), "
            f"filtered as (select * from all_periods where date_{datepart} <= {end_date}) "
            f"select * from filtered"
        )

    def hash(self, field: object) -> str:
        text = f"cast({field} as {self.type('string')})"
        return f"to_hex(md5({text}))" if self.family == "bigquery" else f"md5({text})"

    def last_day(self, date: object, datepart: object) -> str:
        if self.family in {"snowflake", "bigquery"}:
            return f"last_day({date}, {datepart})"
        after = self.dateadd(datepart, "1", self.date_trunc(datepart, date))
        return f"cast({self.dateadd('day', '-1', after)} as date)"

    def length(self, expression: object) -> str:
        return f"length({expression})"

    def listagg(
        self,
        measure: object,
        delimiter_text: object = "','",
        order_by_clause: object = None,
        limit_num: object = None,
    ) -> str:
        order = f" {order_by_clause}" if order_by_clause else ""
        if self.family == "duckdb" and limit_num:
            taken = f"(array_agg({measure}{order}))[1:{limit_num}]"
            return f"list_aggr({taken}, 'string_agg', {delimiter_text})"
        if self.family in {"duckdb", "postgres", "bigquery"}:
            return f"string_agg({measure}, {delimiter_text}{order})"
        within = f" within group ({order_by_clause})" if order_by_clause else ""
        return f"listagg({measure}, {delimiter_text}){within}"

    def position(self, substring_text: object, string_text: object) -> str:
        if self.family == "bigquery":
            return f"strpos({string_text}, {substring_text})"
        return f"position({substring_text} in {string_text})"

    def replace(self, field: object, old_chars: object, new_chars: object) -> str:
        return f"replace({field}, {old_chars}, {new_chars})"

    def right(self, string_text: object, length_expression: object) -> str:
        return f"right({string_text}, {length_expression})"

    def safe_cast(self, field: object, type: object) -> str:  # noqa: A002 - dbt's parameter
        name = {"bigquery": "safe_cast", "snowflake": "try_cast"}.get(self.family, "cast")
        return f"{name}({field} as {type})"

    def split_part(self, string_text: object, delimiter_text: object, part_number: object) -> str:
        if self.family == "duckdb":
            return f"string_split({string_text}, {delimiter_text})[{part_number}]"
        if self.family == "bigquery":
            return f"split({string_text}, {delimiter_text})[safe_ordinal({part_number})]"
        return f"split_part({string_text}, {delimiter_text}, {part_number})"

    def string_literal(self, value: object) -> str:
        return f"'{value}'"

    def test_unique(self, model: object, column_name: object) -> str:
        return (
            f"select {column_name} as unique_field, count(*) as n_records from {model} "
            f"where {column_name} is not null group by {column_name} having count(*) > 1"
        )

    def test_not_null(self, model: object, column_name: object) -> str:
        return f"select {column_name} from {model} where {column_name} is null"

    def test_accepted_values(
        self, model: object, column_name: object, values: Iterable[object], quote: object = True
    ) -> str:
        shown = ", ".join(f"'{value}'" if quote else str(value) for value in values)
        return (
            f"with all_values as (select {column_name} as value_field, count(*) as n_records "
            f"from {model} group by {column_name}) "
            f"select * from all_values where value_field not in ({shown})"
        )

    def test_relationships(
        self, model: object, column_name: object, to: object, field: object
    ) -> str:
        return (
            f"with child as (select {column_name} as from_field from {model} "
            f"where {column_name} is not null), parent as (select {field} as to_field from {to}) "
            f"select from_field from child left join parent on child.from_field = parent.to_field "
            f"where parent.to_field is null"
        )


class DbtUtils:
    """The macros of dbt_utils that need no database, for when the package is not installed."""

    def __init__(self, cross: CrossDatabase, unknown: Callable[[str], Unknown]) -> None:
        self.cross = cross
        self.unknown = unknown

    def macros(self) -> dict[str, Macro]:
        """Return the macros by name."""
        own = (
            "generate_surrogate_key",
            "surrogate_key",
            "star",
            "group_by",
            "safe_add",
            "safe_subtract",
            "safe_divide",
            "deduplicate",
            "pivot",
            "date_spine",
            "slugify",
            "test_unique_combination_of_columns",
            "test_expression_is_true",
            "test_not_null_proportion",
            "test_accepted_range",
            "test_not_constant",
            "test_at_least_one",
            "test_not_empty_string",
            "test_equal_rowcount",
            "test_cardinality_equality",
            "test_relationships_where",
        )
        found: dict[str, Macro] = {name: getattr(self, name) for name in own}
        for name in ("dateadd", "datediff", "date_trunc", "concat", "hash", "last_day", "listagg",
                     "split_part", "safe_cast", "type_string", "type_timestamp", "type_float",
                     "type_numeric", "type_bigint", "type_int", "current_timestamp"):  # fmt: skip
            found[name] = self.cross.macros()[name]
        return found

    def generate_surrogate_key(self, field_list: Iterable[object]) -> str:
        text = self.cross.type("string")
        parts: list[str] = []
        for field in field_list:
            if parts:
                parts.append("'-'")
            parts.append(f"coalesce(cast({field} as {text}), '_dbt_utils_surrogate_key_null_')")
        return self.cross.hash(self.cross.concat(parts))

    def surrogate_key(self, field_list: Iterable[object], *more: object) -> str:
        fields = [field_list, *more] if isinstance(field_list, str) else field_list
        return self.generate_surrogate_key(fields)

    def star(  # noqa: PLR0913, PLR0917 - dbt_utils' signature
        self,
        from_: object = None,
        relation_alias: object = False,
        except_: Iterable[object] = (),
        prefix: object = "",
        suffix: object = "",
        quote_identifiers: object = True,  # noqa: ARG002 - dbt_utils' signature
        **named: object,
    ) -> object:
        """Return a star for the list: the columns are those of the table when it is bound."""
        left_out = named.get("except", except_)
        if prefix or suffix:
            source = from_ if from_ is not None else named.get("from")
            return self.unknown("dbt_utils.star")(source)
        names = ", ".join(str(name) for name in left_out) if isinstance(left_out, Iterable) else ""
        qualified = f"{relation_alias}.*" if relation_alias else "*"
        if not names:
            return qualified
        word = "except" if self.cross.family in {"bigquery", "spark"} else "exclude"
        return f"{qualified} {word} ({names})"

    def group_by(self, n: int) -> str:
        return "group by " + ",".join(str(index) for index in range(1, int(n) + 1))

    def safe_add(self, fields: Iterable[object], *more: object) -> str:
        return self._safely(fields, more, "+")

    def safe_subtract(self, fields: Iterable[object], *more: object) -> str:
        return self._safely(fields, more, "-")

    def _safely(self, fields: Iterable[object], more: tuple[object, ...], operator: str) -> str:
        every = [fields, *more] if isinstance(fields, str) else list(fields)
        return f" {operator} ".join(f"coalesce({field}, 0)" for field in every)

    def safe_divide(self, numerator: object, denominator: object) -> str:
        return f"( {numerator} ) / nullif( ( {denominator} ), 0)"

    def deduplicate(self, relation: object, partition_by: object, order_by: object) -> str:
        if self.cross.family == "postgres":
            return (
                f"select distinct on ({partition_by}) * from {relation} "
                f"order by {partition_by}, {order_by}"
            )
        return (
            f"select * from {relation} as tt qualify row_number() over "
            f"(partition by {partition_by} order by {order_by}) = 1"
        )

    def pivot(  # noqa: PLR0913, PLR0917 - dbt_utils' signature
        self,
        column: object,
        values: Iterable[object],
        alias: object = True,
        agg: object = "sum",
        cmp: object = "=",
        prefix: object = "",
        suffix: object = "",
        then_value: object = 1,
        else_value: object = 0,
        quote_identifiers: object = True,
        distinct: object = False,
    ) -> object:
        if isinstance(values, Unknown):
            return self.unknown("dbt_utils.pivot")(column, values)
        pieces: list[str] = []
        for value in values:
            escaped = str(value).replace("'", "''")
            name = f"{prefix}{value}{suffix}"
            shown = f'"{name}"' if quote_identifiers else self.slugify(name)
            what = f"case when {column} {cmp} '{escaped}' then {then_value} else {else_value} end"
            pieces.append(
                f"{agg}({'distinct ' if distinct else ''}{what})"
                + (f" as {shown}" if alias else "")
            )
        return ",\n".join(pieces)

    def date_spine(self, datepart: object, start_date: object, end_date: object) -> str:
        return self.cross.date_spine(datepart, start_date, end_date)

    def slugify(self, string: object) -> str:
        text = "".join(
            letter if letter.isalnum() else "_" if letter in " -_" else ""
            for letter in str(string).lower()
        )
        return f"_{text}" if text[:1].isdigit() else text

    def test_unique_combination_of_columns(
        self,
        model: object,
        combination_of_columns: Iterable[object],
        quote_columns: object = False,
    ) -> str:
        names = ", ".join(
            f'"{name}"' if quote_columns else str(name) for name in combination_of_columns
        )
        return f"select {names} from {model} group by {names} having count(*) > 1"

    def test_expression_is_true(
        self, model: object, expression: object, column_name: object = None
    ) -> str:
        subject = f"{column_name} {expression}" if column_name else expression
        return f"select 1 from {model} where not({subject})"

    def test_not_null_proportion(self, model: object, column_name: object, **_: object) -> str:
        return f"select sum(case when {column_name} is null then 0 else 1 end) from {model}"

    def test_accepted_range(
        self,
        model: object,
        column_name: object,
        min_value: object = None,
        max_value: object = None,
        inclusive: object = True,
    ) -> str:
        equal = "=" if inclusive else ""
        wrong = []
        if min_value is not None:
            wrong.append(f"not {column_name} >{equal} {min_value}")
        if max_value is not None:
            wrong.append(f"not {column_name} <{equal} {max_value}")
        return f"select * from {model} where {' or '.join(wrong) or 'false'}"

    def test_not_constant(self, model: object, column_name: object, **_: object) -> str:
        return f"select 1 from {model} having count(distinct {column_name}) = 1"

    def test_at_least_one(self, model: object, column_name: object, **_: object) -> str:
        return f"select 1 from {model} having count({column_name}) = 0"

    def test_not_empty_string(self, model: object, column_name: object, **_: object) -> str:
        return f"select {column_name} from {model} where trim({column_name}) = ''"

    def test_equal_rowcount(self, model: object, compare_model: object, **_: object) -> str:
        return f"select count(*) from {model} union all select count(*) from {compare_model}"

    def test_cardinality_equality(
        self, model: object, column_name: object, to: object, field: object
    ) -> str:
        one = f"select {column_name} as value, count(*) as n from {model} group by {column_name}"
        two = f"select {field} as value, count(*) as n from {to} group by {field}"
        return f"select * from ({one}) as a except select * from ({two}) as b"

    def test_relationships_where(  # noqa: PLR0913, PLR0917 - dbt_utils' signature
        self,
        model: object,
        column_name: object,
        to: object,
        field: object,
        from_condition: object = "1=1",
        to_condition: object = "1=1",
    ) -> str:
        return (
            f"with left_table as (select {column_name} as id from {model} "
            f"where {column_name} is not null and {from_condition}), "
            f"right_table as (select {field} as id from {to} "
            f"where {field} is not null and {to_condition}) "
            f"select left_table.id from left_table left join right_table "
            f"on left_table.id = right_table.id where right_table.id is null"
        )


def packages(adapter: str | None, unknown: Callable[[str], Unknown]) -> dict[str, dict[str, Macro]]:
    """Return the macros of packages that need not be installed, by package and name."""
    cross = CrossDatabase(adapter)
    return {"dbt": cross.macros(), "dbt_utils": DbtUtils(cross, unknown).macros()}


def _always(value: object) -> Macro:
    def answer(*_: object, **__: object) -> object:
        return value

    return answer


def _same(value: object) -> object:
    return value


def _unit(datepart: str) -> tuple[str, int]:
    """DuckDB has no interval of a quarter, and dbt spells weeks in days."""
    return {"quarter": ("month", 3), "week": ("day", 7)}.get(datepart.lower(), (datepart, 1))
