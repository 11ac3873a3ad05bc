"""Names as a statement has to write them: in quotes where the dialect would read something else."""

from __future__ import annotations

import re
from functools import lru_cache

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect, NormalizationStrategy
from sqlglot.errors import SqlglotError

from lineage.sql.dialect import parser_dialect

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_QUOTED = re.compile(r'"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\[\]]+\]')
_MARKS = ('"', "`", "[")
_FOLDS_DOWN = frozenset({"postgres", "materialize", "risingwave"})

_EVERYWHERE = """
    all alter and any array as asc asymmetric authorization between both by case cast check collate
    column constraint create cross current_date current_role current_time current_timestamp
    current_user default delete desc distinct do drop else end except exists false fetch for foreign
    from full grant group having in inner insert intersect into is join lateral leading left like
    limit localtime localtimestamp natural not null offset on only or order outer overlaps partition
    primary references revoke right select session_user set similar some symmetric table tablesample
    then to trailing true union unique update user using values when where window with
"""
"""What standard SQL or most engines keep for themselves."""
_OWN = {
    "postgres": """
        analyse analyze binary collation concurrently current_catalog current_schema deferrable
        freeze ilike initially isnull notnull placing returning system_user variadic verbose
    """,
    "snowflake": """
        account connect connection current database following gscluster ilike increment issue minus
        of organization qualify regexp rlike row rows sample schema start trigger try_cast view
        whenever
    """,
    "tsql": """
        add backup begin break browse bulk cascade checkpoint close clustered coalesce commit
        compute contains containstable continue convert current cursor database dbcc deallocate
        declare deny disk distributed double dump errlvl escape exec execute exit external file
        fillfactor freetext freetexttable function goto holdlock identity identity_insert
        identitycol if index key kill lineno load merge national nocheck nonclustered nullif of off
        offsets open opendatasource openquery openrowset openxml option over percent pivot plan
        precision print proc procedure public raiserror read readtext reconfigure replication
        restore restrict return revert rollback rowcount rowguidcol rule save schema securityaudit
        setuser shutdown statistics system_user textsize top tran transaction trigger truncate
        try_convert tsequal unpivot updatetext use varying view waitfor while within writetext
    """,
    "oracle": """
        access add audit char cluster comment compress connect current date decimal exclusive file
        float identified immediate increment index initial integer level lock long maxextents minus
        mlslabel mode modify noaudit nocompress nowait number of offline online option pctfree prior
        public raw rename resource row rowid rownum rows session share size smallint start
        successful synonym sysdate trigger uid validate varchar varchar2 view whenever
    """,
    "teradata": """
        add begin char character checkpoint close commit database date day dec decimal declare del
        double execute exit explain external float format function hash hour if index ins int
        integer interval key loop macro merge minus minute mod mode modify month new number numeric
        of old option over password percent position privileges procedure qualify range rank real
        release rename replace return rollback row rows sample second sel smallint start sum time
        timestamp title trigger type upd value varchar view year
    """,
    "sqlite": "add autoincrement commit escape if index isnull notnull returning transaction",
}
_STARS = frozenset({"", "duckdb", "snowflake"})


@lru_cache(maxsize=64)
def reserved(dialect: str | None) -> frozenset[str]:
    """Return the words, in lower case, that cannot name a column without quotes."""
    name = parser_dialect(dialect)
    engine = Dialect.get_or_raise(name or None)
    own = (word.strip().lower() for word in engine.generator_class.RESERVED_KEYWORDS)
    family = "tsql" if name == "fabric" else "postgres" if name in _FOLDS_DOWN else name
    return frozenset({*_EVERYWHERE.split(), *own, *_OWN.get(family, "").split()})


@lru_cache(maxsize=1024)
def needs_quotes(name: str, dialect: str | None) -> bool:
    """Return whether a dialect reads a bare name as something else, or as nothing at all."""
    if not _PLAIN.match(name) or name.lower() in reserved(dialect):
        return True
    if _folds_up(dialect):
        folded = name in {name.lower(), name.upper()}
    else:
        folded = parser_dialect(dialect) not in _FOLDS_DOWN or name == name.lower()
    return not folded or not _is_column(name, dialect)


def quoted(name: str, dialect: str | None) -> str:
    """Return a name as a statement writes it: in the dialect's quotes where it needs them."""
    return _in_quotes(name, dialect) if needs_quotes(name, dialect) else name


def quoted_like(name: str, written: str, dialect: str | None) -> str:
    """Return a name for the place of another, in quotes too if that was.

    Not where quotes would make it another name: an engine that folds to upper case.
    """
    if written.startswith(_MARKS) and not _folds_up(dialect):
        return _in_quotes(name, dialect)
    return quoted(name, dialect)


def unquoted(text: str) -> str:
    """Return the name that somebody wrote, with or without quotes around it."""
    if not _QUOTED.fullmatch(text):
        return text
    mark = text[-1]
    return text[1:-1].replace(mark * 2, mark)


def has_star_rename(dialect: str | None) -> bool:
    """Return whether ``* rename (a as b)`` and ``* replace (a as b)`` are understood."""
    return parser_dialect(dialect) in _STARS


def _in_quotes(name: str, dialect: str | None) -> str:
    written = exp.to_identifier(name, quoted=True).sql(parser_dialect(dialect) or None)
    return str(written)


def _folds_up(dialect: str | None) -> bool:
    engine = Dialect.get_or_raise(parser_dialect(dialect) or None)
    return engine.NORMALIZATION_STRATEGY is NormalizationStrategy.UPPERCASE


def _is_column(name: str, dialect: str | None) -> bool:
    """Return whether the parser takes a bare name for a column's."""
    engine = Dialect.get_or_raise(parser_dialect(dialect) or None)
    try:
        (tree,) = engine.parse(f"select {name} as {name} from t where {name} > 0")  # noqa: S608 - read, not run
    except (SqlglotError, ValueError):
        return False
    columns = [] if tree is None else list(tree.find_all(exp.Column))
    return len(columns) == 2 and all(column.name == name for column in columns)  # noqa: PLR2004 - the two
