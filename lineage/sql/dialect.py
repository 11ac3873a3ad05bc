"""How engines differ in what a name may mean. One record a family; facts, not code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects import DIALECT_MODULE_NAMES

DIALECTS = frozenset(DIALECT_MODULE_NAMES)
"""sqlglot's names. `Dialect.classes` has them too, and imports all of them to say so."""

_CONSTANTS = frozenset({
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp", "sysdate",
    "systimestamp", "current_user", "session_user", "system_user", "rownum", "rowid", "ctid",
    "_partitiontime", "_partitiondate", "_table_suffix", "_file_name", "metadata$filename",
    "metadata$file_row_number", "metadata$action", "metadata$isupdate", "metadata$row_id",
    "sqlcode", "sqlerrm", "sqlstate", "level", "input__file__name", "block__offset__inside__file",
    "excluded", "value", "true", "false", "tableoid", "xmin", "xmax", "cmin", "cmax", "filename",
})  # fmt: skip
"""Bare names that engines answer themselves when no column is called so."""

_STANDARD_CONSTANTS = frozenset({
    "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp",
    "current_user", "session_user", "true", "false",
})  # fmt: skip
_OWN_CONSTANTS = {
    "duckdb": _STANDARD_CONSTANTS | {
        "user", "current_role", "current_catalog", "rowid", "excluded",
    },
    "postgres": _STANDARD_CONSTANTS | {
        "user", "system_user", "current_role", "current_catalog", "current_schema", "excluded",
        "ctid", "tableoid", "xmin", "xmax", "cmin", "cmax",
    },
}  # fmt: skip
"""Where an engine's own list is known, and a miss must be an error; ``_CONSTANTS`` elsewhere."""

_NONE: frozenset[str] = frozenset()
_SYSTEM_COLUMNS = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})
_RESERVED: dict[str, frozenset[str]] = {
    "oracle": frozenset({
        "sysdate", "systimestamp", "user", "uid", "rownum", "rowid", "level", "current_date",
        "connect_by_isleaf", "connect_by_iscycle", "ora_rowscn",
    }),
    "postgres": frozenset({
        "user", "current_role", "current_catalog", *_SYSTEM_COLUMNS,
    }),
    "redshift": frozenset({"user", "sysdate"}),
    "clickhouse": frozenset({
        "_table", "_database", "_part", "_part_index", "_part_offset", "_part_uuid",
        "_partition_id", "_partition_value", "_sample_factor", "_shard_num", "_path", "_file",
        "_size", "_time", "_block_number", "_block_offset", "_row_exists",
    }),
    "bigquery": frozenset({"_table_suffix", "_partitiontime", "_partitiondate", "_file_name"}),
    "hive": frozenset({"grouping__id", "input__file__name", "block__offset__inside__file"}),
    "spark": frozenset({"grouping__id"}),
    "snowflake": frozenset({
        "metadata$filename", "metadata$file_row_number", "metadata$file_content_key",
        "metadata$file_last_modified", "metadata$start_scan_time", "metadata$action",
        "metadata$isupdate", "metadata$row_id",
    }),
    "tsql": frozenset({"$action"}),
}  # fmt: skip
"""Bare names that no table of the engine can have for a column: its own, whatever the tables."""

SPARK = frozenset({"spark", "spark2", "databricks"})
"""Spark SQL and who builds on it."""
_ROW_NUMBERS: dict[str, frozenset[str]] = {
    "sqlite": frozenset({"rowid", "oid", "_rowid_"}),
    "postgres": _SYSTEM_COLUMNS,
}
_PSEUDO_TABLES = frozenset(
    {"excluded", "new", "old", "inserted", "deleted", "values", "source", "sequence"}
)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the binder asks about an engine."""

    dialect: str
    lateral_aliases: bool = False
    """An expression of the SELECT list may name an earlier one by its alias."""
    alias_in_where: bool = False
    """The SELECT list's aliases may be named in WHERE, and in what follows it."""
    alias_in_having: bool = False
    """They may be named in HAVING, and mean there what the SELECT list says."""
    aliases_first: bool = False
    """An alias, wherever in the statement it is given, means the same everywhere, and hides a
    column of its name."""
    leftmost_column: bool = False
    """Of two tables that have a column of a name, the first is meant."""
    quoted_text: bool = False
    """What stands in double quotes is text where no column is called so."""
    in_table: bool = False
    """``a IN name`` names a table, never a column."""
    right_first: bool = False
    """A star over a RIGHT JOIN with USING shows the right side first."""
    dotted_names: bool = False
    """A column's name may have dots in it, and ``a.b`` is the name of what it shows."""
    fewer_values: bool = False
    """An INSERT without a list may give values for the first columns alone."""
    fills_columns: bool = False
    """Some columns take no value by position; which ones, only their declaration says."""
    hides_computed: bool = False
    """A star shows no column that the engine computes."""
    later_ctes: bool = False
    """A CTE sees those that stand behind it."""
    alias_in_group: bool = True
    implicit_lateral: bool = False
    """A subquery in FROM may name columns of the items before it without LATERAL."""
    binds_dead_ctes: bool = True
    """A CTE that nobody reads must bind too."""
    binds_dead_windows: bool = True
    """A window that is named and that no function uses must bind too."""
    using_first: bool = True
    """``SELECT *`` over USING shows joined columns first (SQL:1999), not in the left's place."""
    using_takes_first: bool = False
    """A USING key that several items on the left have is the first one's."""
    natural_may_cross: bool = True
    """A NATURAL JOIN of items without a common column joins each row with each."""
    outputs_first: bool = False
    """ORDER BY and HAVING look among the outputs before they look into FROM."""
    knows_aggregates: bool = False
    """What aggregates is known for sure; what is not grouped by can be refused."""
    same_column_again: bool = False
    """A column that is selected twice is not ambiguous: it is the same one."""
    exact_column_lists: bool = False
    """A list of column names behind an alias has to name all of them."""
    generators: bool = False
    """``explode`` and its like yield columns of their own names and number."""
    dedupe_names: bool = False
    """A subquery's second ``id`` is called ``id_1``."""
    last_alias: bool = False
    """Of two expressions of the SELECT list that have one alias, the alias means the last."""
    first_of_duplicates: bool = False
    """Of two output columns of one name the first is meant, instead of an error."""
    nested_paths: bool = False
    """``a.b`` may mean field ``b`` of column ``a`` of a table that nobody described."""
    concat_is_plus: bool = False
    scalar_ctes: bool = False
    """``WITH expression AS name`` names a value."""
    renames_what_is_there: bool = False
    """A star's RENAME of a column that is not there says nothing, instead of being an error."""
    replaces_first: bool = False
    """Of several columns of one name a star's REPLACE keeps one."""
    count_type: str = "BIGINT"
    catalogue: bool = False
    """The type tables were taken from the engine and know its functions by their own names."""
    parser_functions: bool = False
    """The type tables know functions by the parser's names."""
    written_functions: bool = False
    """What was written can be told from the parser's classes, for those that are listed."""

    @property
    def parser(self) -> str | None:
        """Sqlglot's name of the dialect; ``None`` for plain SQL."""
        return parser_dialect(self.dialect) or None

    def is_row_number(self, key: str) -> bool:
        """Return whether a name means what the engine itself knows of each row, as its number."""
        return key in _ROW_NUMBERS.get(self.dialect, _NONE)

    def is_constant(self, key: str) -> bool:
        """Return whether a bare name is something that the engine itself knows."""
        return key in _OWN_CONSTANTS.get(self.dialect, _CONSTANTS) or key.startswith(("@", "$"))

    def is_reserved(self, key: str) -> bool:
        """Return whether a bare name is the engine's own, and never a column."""
        return key in _RESERVED.get(self.dialect, _NONE)

    def is_pseudo_table(self, key: str) -> bool:
        """Return whether a qualifier names rows that no FROM clause lists."""
        return key in _PSEUDO_TABLES

    def is_aggregate(self, name: str) -> bool:
        """Return whether a function that the parser does not know aggregates rows."""
        return name in _AGGREGATES

    def quote_if_needed(self, name: str) -> str:
        """Quote a name inside a type's text where it is not a plain word."""
        plain = name.replace("_", "a").isalnum() and not name[:1].isdigit() and name.islower()
        return name if plain else '"' + name.replace('"', '""') + '"'

    def type_text(self, node: exp.DataType) -> str | None:
        """Return a type as this dialect writes it; ``None`` for one that the parser lost."""
        meta = node.meta
        text: str | None = meta.get("lineage_type")
        if text is None:
            plain = (
                isinstance(node.this, exp.DType)
                and node.args.get("nullable") is None
                and not any(value for key, value in node.args.items() if key != "this")
            )
            text = _plain_type(node.this, self.parser) if plain else node.sql(self.parser)
            meta["lineage_type"] = text
        return text or None


@lru_cache(maxsize=1024)
def _plain_type(kind: exp.DType, dialect: str | None) -> str:
    """Return a type without parameters as a dialect writes it; asked for each cast there is."""
    return exp.DataType(this=kind).sql(dialect)


_AGGREGATES = frozenset({
    "string_agg", "listagg", "group_concat", "array_agg", "list", "histogram", "approx_percentile",
    "any_value", "count_if", "bool_and", "bool_or", "every", "mode", "median", "product", "entropy",
    "kurtosis", "skewness", "arg_min", "arg_max", "argmin", "argmax", "min_by", "max_by", "first",
    "last", "object_agg", "json_object_agg", "json_agg", "jsonb_agg", "jsonb_object_agg",
    "collect_list", "collect_set", "percentile", "approx_count_distinct", "hll", "sumif", "countif",
    "avgif", "uniq", "uniqexact", "quantile", "grouparray", "sum_distinct", "bitmap_agg", "map_agg",
    "checksum_agg", "count_big", "sumkahan", "fsum", "favg", "reservoir_quantile", "quantile_cont",
    "quantile_disc", "wm_concat", "stddev_samp", "stddev_pop", "var_samp", "var_pop", "corr",
    "regr_slope", "regr_intercept", "regr_r2", "regr_count", "bit_and", "bit_or", "bit_xor",
    "array_concat_agg", "logical_or", "logical_and", "max_value", "min_value",
})  # fmt: skip


_SPARK_SQL = Rules(
    "spark", lateral_aliases=True, alias_in_having=True, nested_paths=True, written_functions=True,
    using_takes_first=True, outputs_first=True, generators=True,
    knows_aggregates=True, exact_column_lists=True, same_column_again=True,
)  # fmt: skip
_RULES: dict[str, Rules] = {
    "duckdb": Rules(
        "duckdb", lateral_aliases=True, alias_in_where=True, alias_in_having=True,
        implicit_lateral=True, binds_dead_ctes=False, binds_dead_windows=False,
        using_first=False, dedupe_names=True, nested_paths=True, catalogue=True,
        knows_aggregates=True, renames_what_is_there=True, replaces_first=True, last_alias=True,
        natural_may_cross=False,
    ),
    "": Rules("", lateral_aliases=True, alias_in_having=True),
    "snowflake": Rules(
        "snowflake", lateral_aliases=True, alias_in_where=True, alias_in_having=True,
        nested_paths=True, parser_functions=True, count_type="NUMBER(18,0)",
    ),
    "postgres": Rules("postgres", written_functions=True, fewer_values=True),
    "redshift": Rules(
        "redshift", lateral_aliases=True, alias_in_having=True, nested_paths=True,
        written_functions=True, fewer_values=True,
    ),
    "databricks": replace(_SPARK_SQL, dialect="databricks"),
    "spark": _SPARK_SQL,
    "spark2": replace(_SPARK_SQL, dialect="spark2", lateral_aliases=False),
    "hive": Rules("hive", alias_in_having=True, nested_paths=True),
    "bigquery": Rules(
        "bigquery", alias_in_having=True, implicit_lateral=True, nested_paths=True,
        parser_functions=True, count_type="INT64",
    ),
    "clickhouse": Rules(
        "clickhouse", lateral_aliases=True, alias_in_where=True, alias_in_having=True,
        aliases_first=True, leftmost_column=True, dotted_names=True, hides_computed=True,
        fills_columns=True, binds_dead_ctes=False, nested_paths=True, using_first=False,
        scalar_ctes=True,
    ),
    "teradata": Rules(
        "teradata", lateral_aliases=True, alias_in_where=True, alias_in_having=True
    ),
    "tsql": Rules(
        "tsql", alias_in_group=False, concat_is_plus=True, using_first=False, fills_columns=True
    ),
    "fabric": Rules(
        "fabric", alias_in_group=False, concat_is_plus=True, using_first=False, fills_columns=True
    ),
    "oracle": Rules("oracle", alias_in_group=False, using_first=False),
    "trino": Rules("trino", alias_in_group=False, nested_paths=True),
    "presto": Rules("presto", alias_in_group=False, nested_paths=True),
    "athena": Rules("athena", alias_in_group=False, nested_paths=True),
    "flink": Rules("flink", alias_in_group=False, nested_paths=True),
    "sqlite": Rules(
        "sqlite", alias_in_where=True, alias_in_having=True, binds_dead_ctes=False,
        binds_dead_windows=False,
        quoted_text=True, in_table=True, later_ctes=True, using_first=False,
    ),
    **{
        name: Rules(name, alias_in_having=True, right_first=True)
        for name in ("mysql", "mariadb", "doris", "starrocks", "singlestore")
    },
}  # fmt: skip

ALIASES = {
    "mssql": "tsql",
    "sqlserver": "tsql",
    "postgresql": "postgres",
    "sparksql": "spark",
    "flink": "flink",
}


@lru_cache(maxsize=64)
def rules_for(dialect: str | None) -> Rules:
    """Return the rules of a dialect; plain SQL's for one that is not listed."""
    name = (dialect or "").lower()
    name = ALIASES.get(name, name)
    return _RULES.get(name) or Rules(name)


@lru_cache(maxsize=64)
def parser_dialect(dialect: str | None) -> str:
    """Return sqlglot's name of a dialect. Flink SQL is read with Calcite's nearest relative."""
    name = (dialect or "").lower()
    name = ALIASES.get(name, name)
    if name == "flink":
        return "flink" if "flink" in DIALECTS else ""
    return name if name in DIALECTS else ""
