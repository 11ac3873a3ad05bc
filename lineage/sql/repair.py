"""Statements that the parser refuses, said so that it can read them.

Asked only for a statement that did not parse, or that the parser kept as text: the tokens of what
carries no lineage (options, hints, error logs) are left out, and the others keep their positions.
Each repair looks at the words that would be there, and gives back the list that it was given where
they are not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Token]

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_STATEMENTS = frozenset({
    "INSERT", "MERGE", "UPDATE", "DELETE", "SELECT", "WITH", "CREATE", "COPY", "CALL", "BEGIN",
    "TRUNCATE", "EXECUTE",
})  # fmt: skip
_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
_KINDS_KEPT = frozenset({"OR", "REPLACE", "TEMP", "TEMPORARY", "MATERIALIZED"})
_KINDS = _KINDS_KEPT | frozenset({
    "REFRESH", "GLOBAL", "LOCAL", "VOLATILE", "TRANSIENT", "HYBRID", "EVENT", "SNAPSHOT", "LIVE",
    "STREAMING", "INCREMENTAL", "SECURE", "FORCE", "NOFORCE", "NO", "EDITIONABLE",
    "NONEDITIONABLE", "EDITIONING", "RECURSIVE", "MULTISET", "SET", "COLUMN", "ROW", "UNLOGGED",
    "ICEBERG", "DYNAMIC", "EXTERNAL", "IMMUTABLE", "SHARDED", "DUPLICATED", "BLOCKCHAIN", "PRIVATE",
    "FOREIGN", "PROJECTION", "INTERACTIVE",
})  # fmt: skip
_NO_COLUMN = frozenset({
    "CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "INDEX", "KEY", "WATERMARK", "PERIOD",
    "LIKE", "EXCLUDE", "PROJECTION",
})  # fmt: skip
_SELECT_HINTS = frozenset({
    "STRAIGHT_JOIN", "SQL_CALC_FOUND_ROWS", "HIGH_PRIORITY", "SQL_NO_CACHE", "SQL_CACHE",
    "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT",
})  # fmt: skip


ADMINISTERS = frozenset({
    "VACUUM", "ANALYZE", "REINDEX", "CLUSTER", "GRANT", "REVOKE", "DENY", "SHOW", "DESCRIBE",
    "DESC", "EXPLAIN", "RESET", "LOCK", "UNLOCK", "NOTIFY", "LISTEN", "UNLISTEN", "DISCARD",
    "CHECKPOINT", "SAVEPOINT", "RELEASE", "FLUSH", "OPTIMIZE", "REPAIR", "CHECK", "CHECKSUM",
    "KILL", "INVALIDATE", "COMPUTE", "MSCK", "FSCK", "HELP", "COLLECT", "INSTALL", "LOAD", "ADD",
    "LIST", "REMOVE", "PUT", "GET", "AUDIT", "NOAUDIT", "PURGE", "FLASHBACK", "BACKUP", "RESTORE",
    "DBCC", "RECONFIGURE", "WAITFOR", "ENABLE", "DISABLE", "SYSTEM", "DETACH", "ATTACH", "CANCEL",
    "STOP", "DELIMITER", "WHENEVER", "PROMPT", "SPOOL", "XA", "HANDLER", "MODIFY", "SECURITY",
    "SYNC", "GENERATE", "DEALLOCATE", "FETCH", "OPEN", "CLOSE", "ASSERT", "COMMENT", "USE",
    "UNSET", "REFRESH", "PROFILE", "SUMMARY", "UNCACHE", "CLEAR", "RELOAD", "DROP", "REVERT",
    "IMPORT",
})  # fmt: skip
"""Words that begin statements which look after the database."""
_MADE = frozenset({
    "ROLE", "USER", "LOGIN", "EXTENSION", "DOMAIN", "TYPE", "SCHEMA", "DATABASE", "SERVER",
    "POLICY", "MASKING", "NETWORK", "PASSWORD", "SESSION", "STATISTICS", "AGGREGATE", "OPERATOR",
    "COLLATION", "CAST", "TABLESPACE", "PUBLICATION", "SUBSCRIPTION", "CATALOG", "VOLUME",
    "SECRET", "SHARE", "API", "NOTIFICATION", "STORAGE", "STAGE", "FILE", "TAG", "WAREHOUSE",
    "SEQUENCE", "INDEX", "SEARCH", "VECTOR", "FULLTEXT", "SPATIAL", "BLOOMFILTER", "CLUSTERED",
    "NONCLUSTERED", "CAPACITY", "RESERVATION", "ASSIGNMENT", "LIBRARY", "DATASHARE", "QUOTA",
    "PROFILE", "DIRECTORY", "PARTITION", "CONNECTION", "INTEGRATION", "ROW", "BITMAP", "UNIQUE",
})  # fmt: skip
_MADE_AFTER = frozenset({"OR", "REPLACE", "IF", "NOT", "EXISTS", "TEMPORARY", "TEMP"})
_ALTERS_NO_COLUMN = frozenset({
    "OWNER", "ENABLE", "DISABLE", "MOVE", "NOCHECK", "CHECK", "SET", "TOUCH", "CONCATENATE",
    "RECOVER", "FREEZE", "EXECUTE", "CLUSTER", "ARCHIVE", "COMPACT", "VALIDATE", "FORCE",
    "ATTACH", "DETACH", "INHERIT", "UNSET", "SUSPEND", "RESUME", "REFRESH", "REPAIR",
})  # fmt: skip
_ALTERS_MORE = frozenset({"TABLE", "VIEW", "PROCEDURE", "PROC", "FUNCTION", "TRIGGER", "TASK"})


def looks_after(word: str) -> bool:
    """Return whether a statement that begins so (in capitals) looks after the database."""
    return word.partition(" ")[0] in ADMINISTERS or word == "UPDATE STATISTICS"


def administers(chunk: Tokens) -> bool:
    """Return whether a statement only looks after the database: no row and no column moves."""
    words = _words(chunk, 8)
    if looks_after(words[0]):
        return words[:2] != ["DROP", "TABLE"] and words[:2] != ["DROP", "VIEW"]
    if words[0] == "CREATE":
        kind = next((word for word in words[1:] if word not in _MADE_AFTER), "")
        external = kind == "EXTERNAL" and words[words.index(kind) + 1] in ("SCHEMA", "ACCESS")
        return kind in _MADE or external or words[1:3] == ["EVENT", "TRIGGER"]
    if words[0] == "ALTER":
        if words[1] not in _ALTERS_MORE:
            return True
        if words[1] != "TABLE" and words[1] != "TASK":
            return False
        end = _name_end(chunk, 4 if words[2:4] == ["IF", "EXISTS"] else 2)
        after = {token.text.upper() for token in chunk[end:]}
        changed = chunk[end].text.upper() if end < len(chunk) else ""
        return changed in _ALTERS_NO_COLUMN and not after & {"FROM", "SELECT", "INSERT", "MERGE"}
    return words[:2] in (["UPDATE", "STATISTICS"], ["IMPORT", "FOREIGN"], ["EXPORT", "MODEL"])


_ANEW = frozenset({
    "INSERT", "MERGE", "UPDATE", "DELETE", "CREATE", "SELECT", "WITH", "TRUNCATE", "DROP", "ALTER",
})  # fmt: skip
_NEVER_RUN = frozenset({"EXPLAIN", "DESCRIBE", "DESC"})
_LEADS_ON = frozenset(
    {"FOR", "AFTER", "BEFORE", "OR", "ON", "TO", "AS", ",", "(", "GRANT", "REVOKE"}
)


def administered(chunk: Tokens) -> int:
    """Return where a statement ends that looks after the database; 0 for any other.

    Without semicolons between them, the next statement begins on a line of its own.
    """
    if not administers(chunk):
        return 0
    words = _words(chunk, 1)
    if words[0].partition(" ")[0] in _NEVER_RUN:
        return len(chunk)
    for i in range(1, len(chunk) - 1):
        token = chunk[i]
        if (
            token.line > chunk[i - 1].line
            and token.text.upper() in _ANEW
            and token.token_type is not TokenType.STRING
            and chunk[i - 1].text.upper() not in _LEADS_ON
            and chunk[i + 1].text.upper() not in (",", "ON", "TO", ")")
        ):
            return i
    return len(chunk)


def repairs(chunk: Tokens) -> list[Tokens]:
    """Return the ways to say one statement anew, the one that loses least first."""
    found: list[Tokens] = []
    tokens = chunk
    for change in _CHANGES:
        tokens = change(tokens)
    if tokens is not chunk:
        found.append(tokens)
    for shorter in (without_options, with_names_alone):
        plain = shorter(tokens)
        if plain is not tokens:
            found.append(plain)
    return found


# ---- CREATE --------------------------------------------------------------------------------


def task_body(tokens: Tokens) -> Tokens:
    """``CREATE TASK … AS``, ``CREATE PIPE … AS``, ``PREPARE p AS``: what stands behind is run."""
    words = _words(tokens, 5)
    made = words[0] == "CREATE" and ("TASK" in words or "PIPE" in words)
    if not made and words[0] != "PREPARE":
        return tokens
    for i, token in enumerate(tokens[:-1]):
        if token.text.upper() == "AS" and tokens[i + 1].text.upper() in _STATEMENTS:
            return tokens[i + 1 :]
    return tokens


def kind_of_create(tokens: Tokens) -> Tokens:
    """``CREATE HYBRID TABLE``, ``CREATE SNAPSHOT TABLE``, ``ALTER PROCEDURE`` are plain CREATE."""
    words = _words(tokens, 6)
    if words[0] in ("ALTER", "REPLACE"):
        wanted = ("PROCEDURE", "PROC", "FUNCTION", "TRIGGER") if words[0] == "ALTER" else ("TABLE",)
        if words[1] in wanted:
            return [_like(tokens[0], TokenType.CREATE, "CREATE"), *tokens[1:]]
        return tokens
    if words[0] != "CREATE":
        return tokens
    kind = _kind(words)
    if kind is None or "EXTERNAL" in words[:kind]:
        return tokens
    dropped = [i for i in range(1, kind) if words[i] not in _KINDS_KEPT]
    refresh = words[1:3] == ["OR", "REFRESH"]
    if not dropped:
        return tokens
    gone = {*dropped, 1} if refresh else set(dropped)
    return [token for i, token in enumerate(tokens) if i not in gone]


def renaming(tokens: Tokens) -> Tokens:
    """``RENAME TABLE a TO b`` and ClickHouse's ``EXCHANGE TABLES a AND b`` alter a table."""
    words = _words(tokens, 2)
    if words not in (["RENAME", "TABLE"], ["EXCHANGE", "TABLES"]):
        return tokens
    end = _name_end(tokens, 2)
    if _name_end(tokens, end + 1) != len(tokens):
        return tokens
    head = [_like(tokens[0], TokenType.ALTER, "ALTER"), _like(tokens[1], TokenType.TABLE, "TABLE")]
    near = tokens[end]
    told = ("RENAME", "TO") if words[0] == "RENAME" else ("SWAP", "WITH")
    kinds = {"RENAME": TokenType.RENAME, "WITH": TokenType.WITH}
    said = [_like(near, kinds.get(word, TokenType.VAR), word) for word in told]
    return [*head, *tokens[2:end], *said, *tokens[end + 1 :]]


def stream_of_table(tokens: Tokens) -> Tokens:
    """Snowflake's ``CREATE STREAM s ON TABLE t`` shows the rows of a table as they come."""
    words = _words(tokens, 7)
    if words[0] != "CREATE" or "STREAM" not in words:
        return tokens
    kind = words.index("STREAM")
    start = kind + 4 if words[kind + 1 : kind + 4] == ["IF", "NOT", "EXISTS"] else kind + 1
    end = _name_end(tokens, start)
    if [t.text.upper() for t in tokens[end : end + 2]] not in (["ON", "TABLE"], ["ON", "VIEW"]):
        return tokens
    near = tokens[end]
    return [
        *tokens[:kind], _like(near, TokenType.VIEW, "VIEW"), *tokens[start:end],
        _like(near, TokenType.ALIAS, "AS"), _like(near, TokenType.SELECT, "SELECT"),
        _like(near, TokenType.STAR, "*"), _like(near, TokenType.FROM, "FROM"),
        *tokens[end + 2 : _name_end(tokens, end + 2)],
    ]  # fmt: skip


def rows_moved(tokens: Tokens) -> Tokens:
    """``ALTER TABLE t APPEND FROM u``, ``… SWITCH TO u``, ``… ATTACH PARTITION p FROM u``."""
    if _words(tokens, 2) != ["ALTER", "TABLE"]:
        return tokens
    end = _name_end(tokens, 2)
    after = [token.text.upper() for token in tokens[end:]]
    if not after or after[0] not in ("APPEND", "SWITCH", "ATTACH", "REPLACE", "MOVE"):
        return tokens
    sign = next((i for i, word in enumerate(after) if word in ("FROM", "TO")), None)
    if sign is None:
        return tokens
    start = end + sign + 1
    start += tokens[start : start + 1] != [] and tokens[start].text.upper() == "TABLE"
    if set(after[sign:]) & _OTHERS:
        return tokens
    other, own = tokens[start : _name_end(tokens, start)], tokens[2:end]
    source, target = (other, own) if after[sign] == "FROM" else (own, other)
    near = tokens[0]
    return [
        _like(near, TokenType.INSERT, "INSERT"), _like(near, TokenType.INTO, "INTO"), *target,
        _like(near, TokenType.SELECT, "SELECT"), _like(near, TokenType.STAR, "*"),
        _like(near, TokenType.FROM, "FROM"), *source,
    ]  # fmt: skip


def sink(tokens: Tokens) -> Tokens:
    """RisingWave's ``CREATE SINK s INTO t AS query`` fills ``t``, or what the sink is."""
    words = _words(tokens, 6)
    if words[:2] != ["CREATE", "SINK"]:
        return tokens
    start = 5 if words[2:5] == ["IF", "NOT", "EXISTS"] else 2
    end = _name_end(tokens, start)
    if end < len(tokens) and tokens[end].text.upper() == "INTO":
        start, end = end + 1, _name_end(tokens, end + 1)
    if end + 1 >= len(tokens) or tokens[end].text.upper() != "AS" or not _is_query(tokens, end + 1):
        return tokens
    options = [i for i in _top_level(tokens, ("WITH",)) if i > end + 1]
    last = options[-1] if options and _group_end(tokens, options[-1] + 1) == len(tokens) else None
    near = tokens[0]
    head = [_like(near, TokenType.INSERT, "INSERT"), _like(near, TokenType.INTO, "INTO")]
    return [*head, *tokens[start:end], *tokens[end + 1 : last]]


def kind_of_clone(tokens: Tokens) -> Tokens:
    """Databricks' ``DEEP CLONE t VERSION AS OF 1``: a clone, of whatever time."""
    if _words(tokens, 1)[0] != "CREATE":
        return tokens
    for i, token in enumerate(tokens):
        if token.text.upper() == "CLONE" and i:
            start = i - 1 if tokens[i - 1].text.upper() in ("DEEP", "SHALLOW") else i
            end = _name_end(tokens, i + 1)
            return [*tokens[:start], *tokens[i:end]]
    return tokens


def recursive_view(tokens: Tokens) -> Tokens:
    """``CREATE RECURSIVE VIEW v (a) AS query``: short for a view over ``WITH RECURSIVE``."""
    words = _words(tokens, 6)
    if words[0] != "CREATE" or "RECURSIVE" not in words or "VIEW" not in words:
        return tokens
    name = words.index("VIEW") + 1
    end = _name_end(tokens, name)
    columns = _group_end(tokens, end)
    body = columns + 1
    if columns == end or body >= len(tokens) or tokens[columns].text.upper() != "AS":
        return tokens
    near = tokens[columns]
    head = [token for token in tokens[:columns] if token.text.upper() != "RECURSIVE"]
    return [
        *head, near, _like(near, TokenType.WITH, "WITH"),
        _like(near, TokenType.RECURSIVE, "RECURSIVE"), tokens[end - 1], *tokens[end:columns], near,
        _like(near, TokenType.L_PAREN, "("), *tokens[body:], _like(near, TokenType.R_PAREN, ")"),
        _like(near, TokenType.SELECT, "SELECT"), _like(near, TokenType.STAR, "*"),
        _like(near, TokenType.FROM, "FROM"), tokens[end - 1],
    ]  # fmt: skip


def without_options(tokens: Tokens) -> Tokens:
    """Leave out what stands between the name and the query of CREATE … AS, and after the query."""
    parts = _created(tokens)
    if parts is None:
        return tokens
    name, columns, body = parts
    target: Tokens = []
    if columns < len(tokens) and tokens[columns].text.upper() == "TO":
        target = tokens[columns : _name_end(tokens, columns + 1)]
    if body is None:
        return tokens[:columns] if columns > name and columns < len(tokens) else tokens
    near = tokens[body]
    end = _query_end(tokens, body)
    return [*tokens[:columns], *target, _like(near, TokenType.ALIAS, "AS"), *tokens[body:end]]


def with_names_alone(tokens: Tokens) -> Tokens:
    """Of the column list of CREATE keep the names, where a type or a constraint cannot be read."""
    parts = _created(tokens)
    if parts is None:
        return tokens
    name, columns, _ = parts
    if columns == name:
        return tokens
    kept: Tokens = []
    depth = 0
    first = True
    for token in tokens[name + 1 : columns - 1]:
        if first and token.text.upper() not in _NO_COLUMN:
            if kept:
                kept.append(_like(token, TokenType.COMMA, ","))
            kept.append(token)
        first = token.token_type is TokenType.COMMA and not depth
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
    listed = [tokens[name], *kept, tokens[columns - 1]] if kept else []
    if len(listed) == columns - name and kept:
        return tokens
    return without_options([*tokens[:name], *listed, *tokens[columns:]])


def _kind(words: list[str]) -> int | None:
    """Return where TABLE or VIEW stands, if nothing but the kind of it stands before."""
    kind = next((i for i, word in enumerate(words) if word in ("TABLE", "VIEW")), None)
    return None if kind is None or set(words[1:kind]) - _KINDS else kind


def _created(tokens: Tokens) -> tuple[int, int, int | None] | None:
    """Return where name and column list of CREATE TABLE or VIEW end, and where its query begins."""
    words = _words(tokens, 6)
    kind = _kind(words) if words[0] == "CREATE" else None
    if kind is None:
        return None
    start = kind + 1
    if [token.text.upper() for token in tokens[start : start + 3]] == ["IF", "NOT", "EXISTS"]:
        start += 3
    name = _name_end(tokens, start)
    if name == start:
        return None
    columns = _group_end(tokens, name)
    depth = 0
    for i in range(columns, len(tokens)):
        kind_ = tokens[i].token_type
        other = not depth and tokens[i].text.upper() in _OTHERS
        if other and tokens[i - 1].text.upper() not in ("COMMIT", "ON"):
            return None  # another statement, without a semicolon before it
        if not depth and tokens[i].text.upper() in ("SELECT", "WITH") and _is_query(tokens, i):
            return name, columns, i
        if not depth and tokens[i].text.upper() == "AS" and _is_query(tokens, i + 1):
            return name, columns, i + 1
        depth += (kind_ in _OPENING) - (kind_ in _CLOSING)
    return name, columns, None


_OTHERS = frozenset({
    "INSERT", "UPDATE", "MERGE", "DELETE", "CREATE", "ALTER", "DROP", "EXEC", "TRUNCATE",
})  # fmt: skip


def _is_query(tokens: Tokens, i: int) -> bool:
    while i < len(tokens) and tokens[i].token_type is TokenType.L_PAREN:
        i += 1
    if i + 1 >= len(tokens):
        return False
    if tokens[i].token_type is TokenType.SELECT:
        return True
    if tokens[i].text.upper() not in _QUERIES:
        return False
    return tokens[i].text.upper() != "WITH" or (
        (
            tokens[i + 1].token_type is not TokenType.L_PAREN
            and any(token.text.upper() == "SELECT" for token in tokens[i:])
            and tokens[i + 2 : i + 3] != []
            and tokens[i + 2].text.upper() in ("AS", "(", *_QUERIES)
        )
        or tokens[i + 1].text.upper() == "RECURSIVE"
    )


_SPREAD = ("DISTRIBUTED", "PARTITIONED BY", "PARTITIONED", "SEGMENTED", "UNSEGMENTED", "KSAFE")
_AFTER_QUERY = frozenset({
    "WITH", "PRIMARY", "UNIQUE", "INDEX", "ON", "DISTRIBUTED", "PARTITION BY", "PARTITION", "NO",
})  # fmt: skip


def _query_end(tokens: Tokens, body: int) -> int:
    """Return where a query ends that ``WITH DATA``, ``WITH READ ONLY`` or the like may follow."""
    close = _group_end(tokens, body)
    if close > body and tokens[close : close + 1] and tokens[close].text.upper() in _AFTER_QUERY:
        return close
    for i in _top_level(tokens[body:], _SPREAD):
        return body + i
    for i in range(len(tokens) - 1, max(body, len(tokens) - 6), -1):
        if tokens[i].text.upper() == "WITH" and tokens[i - 1].token_type is not TokenType.L_PAREN:
            after = {token.text.upper() for token in tokens[i + 1 :]}
            if after <= {
                "DATA", "NO", "READ", "ONLY", "CHECK", "OPTION", "LOCAL", "CASCADED", "SCHEMA",
                "BINDING",
            }:  # fmt: skip
                return i
    return len(tokens)


# ---- INSERT and MERGE ------------------------------------------------------------------------


def words_of_insert(tokens: Tokens) -> Tokens:
    """What INSERT says beside its columns and its rows: how many, how locked, how numbered."""
    words = _words(tokens, 2)
    if words[0] == "UPSERT" or (words[0] == "REPLACE" and words[1] not in ("TABLE", "VIEW")):
        tokens = [_like(tokens[0], TokenType.INSERT, "INSERT"), *tokens[1:]]
        if words[1] not in ("INTO", "TABLE"):
            tokens.insert(1, _like(tokens[0], TokenType.INTO, "INTO"))
    start = next((i for i, t in enumerate(tokens[:-1]) if t.token_type is TokenType.INSERT), None)
    if start is None or tokens[start].text.upper() != "INSERT":
        return tokens
    kept = tokens[: start + 1]
    i = start + 1
    depth = 0
    while i < len(tokens):
        word = tokens[i].text.upper()
        if depth == 0 and word in ("SELECT", "VALUES"):
            break
        after = [token.text.upper() for token in tokens[i : i + 4]]
        if word == "TOP" and i == start + 1:
            i = _group_end(tokens, i + 1)
        elif word == "PERCENT" and kept[-1] is tokens[start]:
            i += 1
        elif not depth and after[:2] == ["WITH", "LABEL"]:
            i += 3
        elif not depth and after[:2] == ["OVERWRITE", "ALL"]:
            i += 2
        elif not depth and after[:2] == ["WITH", "("]:
            i = _group_end(tokens, i + 1)
        elif after[:1] == ["OVERRIDING"] or (not depth and after[:3] == ["IF", "NOT", "EXISTS"]):
            i += 3
        elif word in ("USING", "OPTIONS") and _words(tokens, 4)[:2] == ["INSERT", "OVERWRITE"]:
            i = _group_end(tokens, i + 1) if word == "OPTIONS" else i + 2
        else:
            depth += (tokens[i].token_type in _OPENING) - (tokens[i].token_type in _CLOSING)
            kept.append(tokens[i])
            i += 1
    over = next(iter(_top_level(tokens[i:], ("PARTITIONED BY", "PARTITIONED", "CLUSTERED"))), None)
    end = len(tokens) if over is None else i + over
    return [*kept, *tokens[i:end]] if len(kept) != i or end < len(tokens) else tokens


_PRIORITIES = frozenset({"LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "QUICK"})
_RESOLUTIONS = frozenset({"IGNORE", "REPLACE", "ROLLBACK", "ABORT", "FAIL"})


def words_of_change(tokens: Tokens) -> Tokens:
    """How MySQL and SQLite are to change rows: ``LOW_PRIORITY``, ``IGNORE``, ``OR IGNORE``."""
    starts = ("INSERT", "UPDATE", "DELETE", "REPLACE")
    words = [token.text.upper() for token in tokens]
    start = next((i for i, word in enumerate(words) if word in starts), None)
    if start is None or start + 1 >= len(words):
        return tokens
    end = start + 1
    if words[end] == "OR" and words[end + 1 : end + 2] and words[end + 1] in _RESOLUTIONS:
        end += 2
    while end < len(words) and (words[end] in _PRIORITIES or words[end] == "IGNORE"):
        end += 1
    return [*tokens[: start + 1], *tokens[end:]] if end > start + 1 else tokens


def insert_into_query(tokens: Tokens) -> Tokens:
    """Oracle's ``INSERT INTO (SELECT a, b FROM t) …`` fills those columns of the table."""
    words = _words(tokens, 4)
    if words != ["INSERT", "INTO", "(", "SELECT"]:
        return tokens
    end = _group_end(tokens, 2)
    inside = tokens[4 : end - 1]
    from_ = next(iter(_top_level(inside, ("FROM",))), None)
    if from_ is None or any(not _is_word_token(t) for t in inside[:from_:2]):
        return tokens
    table = inside[from_ + 1 : _name_end(inside, from_ + 1)]
    return [*tokens[:2], *table, tokens[2], *inside[:from_], tokens[end - 1], *tokens[end:]]


def changes_applied(tokens: Tokens) -> Tokens:
    """Databricks' ``APPLY CHANGES INTO t FROM STREAM(s) KEYS (k) …``: ``s``, kept up in ``t``."""
    words = [token.text.upper() for token in tokens]
    flow = words[:2] == ["CREATE", "FLOW"] and "AS" in words
    start = words.index("AS") + 1 if flow else 0
    if flow and words[start : start + 1] == ["INSERT"]:
        return tokens[start:]
    if words[start : start + 3] not in (["APPLY", "CHANGES", "INTO"], ["AUTO", "CDC", "INTO"]):
        return tokens
    end = _name_end(tokens, start + 3)
    if words[end : end + 1] != ["FROM"]:
        return tokens
    called = words[end + 1 : end + 3] == ["STREAM", "("]
    plain = end + 2 if words[end + 1] == "STREAM" and not called else end + 1
    last = _group_end(tokens, end + 2) if called else _name_end(tokens, plain)
    source = tokens[end + 3 : last - 1] if called else tokens[plain:last]
    listed = next((i for i in range(last, len(words)) if words[i] == "COLUMNS"), None)
    near = tokens[end]
    shown = [_like(near, TokenType.STAR, "*")]
    if listed is not None and words[listed + 1] == "(":
        shown = tokens[listed + 2 : _group_end(tokens, listed + 1) - 1]
    elif listed is not None and words[listed + 1 : listed + 4] == ["*", "EXCEPT", "("]:
        shown = tokens[listed + 1 : _group_end(tokens, listed + 3)]
    return [
        _like(near, TokenType.INSERT, "INSERT"), _like(near, TokenType.INTO, "INTO"),
        *tokens[start + 3 : end], _like(near, TokenType.SELECT, "SELECT"), *shown, near, *source,
    ]  # fmt: skip


def named_values_of_pivot(tokens: Tokens) -> Tokens:
    """DuckDB's ``PIVOT t ON g IN (0 AS zero) USING sum(v)``, where the values have names."""
    start = next((i for i, t in enumerate(tokens) if t.text.upper() == "PIVOT"), None)
    if start is None or (start and tokens[start - 1].text.upper() not in ("AS", "(")):
        return tokens
    close = next((i for i in range(start, len(tokens)) if _depth(tokens, start, i) < 0), None)
    inside = tokens[start + 1 : close]
    on, using = _top_level(inside, ("ON",)), _top_level(inside, ("USING",))
    if len(on) != 1 or len(using) != 1 or "AS" not in map(_word, inside[on[0] : using[0]]):
        return tokens
    near = tokens[start]
    last = next(iter(_top_level(inside, ("GROUP BY", "ORDER BY", "LIMIT"))), len(inside))
    return [
        *tokens[:start], _like(near, TokenType.SELECT, "SELECT"), _like(near, TokenType.STAR, "*"),
        _like(near, TokenType.FROM, "FROM"), *inside[: on[0]], near,
        _like(near, TokenType.L_PAREN, "("), *inside[using[0] + 1 : last],
        _like(near, TokenType.FOR, "FOR"), *inside[on[0] + 1 : using[0]],
        *inside[last:], _like(near, TokenType.R_PAREN, ")"), *(tokens[close:] if close else []),
    ]  # fmt: skip


def _word(token: Token) -> str:
    return token.text.upper()


def _depth(tokens: Tokens, start: int, end: int) -> int:
    """Return how many more brackets open than close between two places, the last one included."""
    kinds = [token.token_type for token in tokens[start : end + 1]]
    return sum((kind in _OPENING) - (kind in _CLOSING) for kind in kinds)


def sorted_groups(tokens: Tokens) -> Tokens:
    """MySQL's ``GROUP BY a DESC``, which sorted, too."""
    done: Tokens = []
    depth = 0
    within: int | None = None
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type is TokenType.GROUP_BY:
            within = depth
        elif within is not None and (depth < within or token.token_type in _AFTER_GROUP):
            within = None
        if within == depth and token.token_type in (TokenType.ASC, TokenType.DESC):
            continue
        done.append(token)
    return done if len(done) != len(tokens) else tokens


_AFTER_GROUP = frozenset({
    TokenType.HAVING, TokenType.ORDER_BY, TokenType.LIMIT, TokenType.UNION, TokenType.WITH,
})  # fmt: skip


def braces(tokens: Tokens) -> Tokens:
    """ODBC's ``{oj t LEFT JOIN u ON …}``, ``{fn f(a)}`` and ``{d '2024-01-01'}``."""
    done: Tokens = []
    opened: list[bool] = []
    skipped = False
    for token, after in pairwise([*tokens, tokens[-1]]):
        if skipped:
            skipped = False
        elif token.token_type is TokenType.L_BRACE:
            escape = after.text.upper() in _ESCAPES
            opened.append(escape)
            skipped = escape
            done.append(_like(token, TokenType.L_PAREN, "(") if escape else token)
        elif token.token_type is TokenType.R_BRACE and opened and opened.pop():
            done.append(_like(token, TokenType.R_PAREN, ")"))
        else:
            done.append(token)
    return done if len(done) != len(tokens) else tokens


_ESCAPES = frozenset({"OJ", "FN", "D", "T", "TS"})


def columns_of_json(tokens: Tokens) -> Tokens:
    """``JSON_TABLE(… COLUMNS (a INT EXISTS PATH '$.a', b INT PATH '$.b' NULL ON EMPTY))``."""
    if "JSON_TABLE" not in map(_word, tokens):
        return tokens
    done: Tokens = []
    end = i = 0
    while i < len(tokens):
        words = [token.text.upper() for token in tokens[i : i + 4]]
        if words[0] == "JSON_TABLE":
            end = _group_end(tokens, i + 1)
        if i < end and words[:2] == ["EXISTS", "PATH"]:
            i += 1
        elif i < end and words[0] == "DEFAULT" and words[2:] in (["ON", "EMPTY"], ["ON", "ERROR"]):
            i += 4
        elif i < end and words[0] in ("NULL", "ERROR") and words[1:3] in _ON_WHAT:
            i += 3
        else:
            done.append(tokens[i])
            i += 1
    return done if len(done) != len(tokens) else tokens


_ON_WHAT = (["ON", "EMPTY"], ["ON", "ERROR"])


def words_of_merge(tokens: Tokens) -> Tokens:
    """What MERGE says beside its tables: ``TOP (n)``, ``WITH (hint)``, a schema's evolution."""
    words = _words(tokens, 4)
    if words[0] != "MERGE":
        return tokens
    using = next((i for i, t in enumerate(tokens) if t.text.upper() == "USING"), 0)
    kept = tokens[:1]
    i = 1
    while i < using:
        after = [token.text.upper() for token in tokens[i : i + 3]]
        if after == ["WITH", "SCHEMA", "EVOLUTION"]:
            i += 3
        elif after[:1] == ["TOP"] and i == 1:
            i = _group_end(tokens, 2)
            i += _words(tokens[i:], 1)[0] == "PERCENT"
        elif after[:2] == ["WITH", "("]:
            i = _group_end(tokens, i + 1)
        else:
            kept.append(tokens[i])
            i += 1
    return [*kept, *tokens[i:]] if len(kept) != i else tokens


def conditions_of_merge(tokens: Tokens) -> Tokens:
    """Oracle's ``UPDATE SET … WHERE c DELETE WHERE d`` and ``INSERT … VALUES (…) WHERE c``.

    The condition goes where others write it, ``WHEN … AND c THEN``.
    """
    if _words(tokens, 1)[0] != "MERGE":
        return tokens
    marks = _top_level(tokens, ("WHEN", "THEN", "WHERE", "DELETE"))
    whens = [i for i in marks if tokens[i].text.upper() == "WHEN"]
    if not whens or not any(i > whens[0] and tokens[i].text.upper() == "WHERE" for i in marks):
        return tokens
    done = tokens[: whens[0]]
    for start, end in zip(whens, [*whens[1:], len(tokens)], strict=True):
        inside = [i for i in marks if start < i < end]
        then = next((i for i in inside if tokens[i].text.upper() == "THEN"), None)
        where = next((i for i in inside if tokens[i].text.upper() == "WHERE"), None)
        if then is None or where is None:
            done.extend(tokens[start:end])
            continue
        removal = next(
            (i for i in inside if i > then + 1 and tokens[i].text.upper() == "DELETE"), None
        )
        stop = min(end, removal if removal is not None and removal > where else end)
        cut = min(where, removal) if removal is not None else where
        near = tokens[where]
        condition = tokens[where + 1 : stop] if removal is None or where < removal else []
        done.extend(tokens[start:then])
        if condition:
            done.append(_like(near, TokenType.AND, "AND"))
            done.append(_like(near, TokenType.L_PAREN, "("))
            done.extend(condition)
            done.append(_like(near, TokenType.R_PAREN, ")"))
        done.extend(tokens[then:cut])
    return done


def bulk_insert(tokens: Tokens) -> Tokens:
    """T-SQL's ``BULK INSERT t FROM 'file' WITH (…)`` copies a file into a table."""
    if _words(tokens, 2) != ["BULK", "INSERT"]:
        return tokens
    source = next((i for i, t in enumerate(tokens) if t.token_type is TokenType.FROM), len(tokens))
    if {token.text.upper() for token in tokens[source:]} & _OTHERS:
        return tokens
    head = [_like(tokens[0], TokenType.COPY, "COPY"), _like(tokens[1], TokenType.INTO, "INTO")]
    return [*head, *tokens[2 : source + 2]]


def error_log(tokens: Tokens) -> Tokens:
    """Oracle's ``LOG ERRORS INTO t ('x') REJECT LIMIT 5`` at the end of a statement."""
    for i in range(len(tokens) - 1, 1, -1):
        if tokens[i].text.upper() == "ERRORS" and tokens[i - 1].text.upper() == "LOG":
            return tokens[: i - 1]
    return tokens


def output_into(tokens: Tokens) -> Tokens:
    """T-SQL's ``OUTPUT … INTO dbo.log (x)``: the parser reads names of one part only."""
    output = next((i for i, t in enumerate(tokens) if t.text.upper() == "OUTPUT"), None)
    if output is None:
        return tokens
    into = next((i for i in range(output, len(tokens)) if tokens[i].text.upper() == "INTO"), None)
    if into is None or into + 1 >= len(tokens):
        return tokens
    end = _name_end(tokens, into + 1)
    if end == into + 2:
        return tokens
    parts = [t.text for t in tokens[into + 1 : end] if t.token_type is not TokenType.DOT]
    name = _like(tokens[into + 1], TokenType.VAR, OUTPUT_DOT.join(parts))
    clause = [*tokens[output : into + 1], name]
    if _words(tokens, 1)[0] != "DELETE":
        return [*tokens[:output], *clause, *tokens[end:]]
    close = _group_end(tokens, end)
    return [*tokens[:output], *tokens[close:], *clause, *tokens[end:close]]


OUTPUT_DOT = "\x1f"
"""Stands between the parts of a name that ``output_into`` made one word of."""


# ---- clauses of queries ------------------------------------------------------------------------


def words_of_select(tokens: Tokens) -> Tokens:
    """MySQL's and Impala's words between SELECT and the columns."""
    gone: set[int] = set()
    for i, token in enumerate(tokens):
        if token.text.upper() in _SELECT_HINTS and i:
            before = tokens[i - 1]
            if before.token_type is TokenType.SELECT or i - 1 in gone:
                gone.add(i)
    return [token for i, token in enumerate(tokens) if i not in gone] if gone else tokens


def limit_by(tokens: Tokens) -> Tokens:
    """ClickHouse's ``LIMIT 2 BY a LIMIT 5``: read as one LIMIT with those keys."""
    limits = [i for i, token in enumerate(tokens) if token.token_type is TokenType.LIMIT]
    for first, second in pairwise(limits):
        between = [token.text.upper() for token in tokens[first + 1 : second]]
        if "BY" in between[:6] and "SELECT" not in between and ")" not in between[:1]:
            keys = tokens[first + 1 + between.index("BY") : second]
            count = tokens[second : second + 2]
            return limit_by([*tokens[:first], *count, *keys, *tokens[second + 2 :]])
    return tokens


def end_of_query(tokens: Tokens) -> Tokens:
    """Db2's isolation, ``WITH UR``, and Vertica's ``LIMIT 5 OVER (…)``."""
    last = [token.text.upper() for token in tokens[-2:]]
    if last[:1] == ["WITH"] and last[1:] in (["UR"], ["CS"], ["RS"], ["RR"]):
        return tokens[:-2]
    for i, token in enumerate(tokens[:-2]):
        if token.token_type is TokenType.LIMIT and tokens[i + 2].text.upper() == "OVER":
            return end_of_query([*tokens[: i + 2], *tokens[_group_end(tokens, i + 3) :]])
    return tokens


def branch_of_a_table(tokens: Tokens) -> Tokens:
    """Dremio's ``t AT BRANCH main``."""
    for i, token in enumerate(tokens[:-2]):
        kind = tokens[i + 1].text.upper()
        if token.text.upper() == "AT" and kind in ("BRANCH", "TAG", "REF", "REFERENCE", "COMMIT"):
            return branch_of_a_table([*tokens[:i], *tokens[i + 3 :]])
    return tokens


def place_of_a_table(tokens: Tokens) -> Tokens:
    """``t@link`` (Oracle) and ``t@v3`` (Delta): the table of elsewhere, and of another time."""
    for i, token in enumerate(tokens):
        if token.text != "@" or not i or i + 1 >= len(tokens):
            continue
        if tokens[i - 1].end + 1 != token.start or tokens[i + 1].start != token.end + 1:
            continue
        return place_of_a_table([*tokens[:i], *tokens[_name_end(tokens, i + 1) :]])
    return tokens


def versions_between(tokens: Tokens) -> Tokens:
    """Oracle's ``VERSIONS BETWEEN SCN a AND b``, and the time that it spans."""
    for i, token in enumerate(tokens[:-4]):
        if token.text.upper() == "VERSIONS" and tokens[i + 1].text.upper() == "BETWEEN":
            also = next((k for k in range(i, len(tokens)) if tokens[k].text.upper() == "AND"), None)
            if also is not None:
                end = also + 2
                while end < len(tokens) and tokens[end].text.upper() not in (
                    "WHERE", "GROUP", "GROUP BY", "ORDER BY", "JOIN", ",", ")", "LEFT", "INNER",
                ):  # fmt: skip
                    end += 1
                return versions_between([*tokens[:i], *tokens[end:]])
    return tokens


def model_clause(tokens: Tokens) -> Tokens:
    """Oracle's ``MODEL … RULES (…)`` computes cells in place: the columns stay what they are."""
    for i, token in enumerate(tokens[:-3]):
        after = tokens[i + 1].text.upper()
        if token.text.upper() != "MODEL" or not i or not after.startswith(_AFTER_MODEL):
            continue
        rules = [k for k in range(i, len(tokens)) if tokens[k].text.upper() == "RULES"]
        start = (
            next((k for k in range(rules[0], len(tokens)) if tokens[k].text == "("), 0)
            if rules
            else 0
        )
        if start:
            return model_clause([*tokens[:i], *tokens[_group_end(tokens, start) :]])
    return tokens


_AFTER_MODEL = ("PARTITION", "DIMENSION", "RETURN", "IGNORE", "KEEP", "UNIQUE", "REFERENCE", "MAIN")


def partitioned_argument(tokens: Tokens) -> Tokens:
    """``SESSION(TABLE t PARTITION BY k, …)`` and ``f(TABLE(t) PARTITION BY k ORDER BY s)``."""
    for i, token in enumerate(tokens):
        if token.token_type is not TokenType.PARTITION_BY:
            continue
        opener = _opener(tokens, i)
        inside = tokens[opener + 1 : i] if opener is not None else []
        if opener is None or not inside or opener == 0:
            continue
        if tokens[opener - 1].text.upper() in ("OVER", "MATCH_RECOGNIZE", "AS"):
            continue
        end = _group_end(tokens, i + 1)
        if end == i + 1:
            end = _name_end(tokens, i + 1)
        return partitioned_argument([*tokens[:i], *tokens[end:]])
    return tokens


def subset_of_match(tokens: Tokens) -> Tokens:
    """``MATCH_RECOGNIZE (… SUBSET u = (x, y) DEFINE …)``: a name for several rows."""
    words = [token.text.upper() for token in tokens]
    if "MATCH_RECOGNIZE" not in words or "SUBSET" not in words:
        return tokens
    start = words.index("SUBSET")
    if "DEFINE" not in words[start:]:
        return tokens
    return subset_of_match([*tokens[:start], *tokens[words.index("DEFINE", start) :]])


def numbered_parameter(tokens: Tokens) -> Tokens:
    """Oracle's ``:1`` is a parameter."""
    done: Tokens = []
    for i, token in enumerate(tokens):
        if (
            token.token_type is TokenType.NUMBER
            and done
            and done[-1].text == ":"
            and done[-1].end + 1 == token.start
            and i > 1
            and tokens[i - 2].token_type in _BEFORE_A_VALUE
        ):
            done[-1] = _like(done[-1], TokenType.PLACEHOLDER, "?")
            continue
        done.append(token)
    return done if len(done) < len(tokens) else tokens


_BEFORE_A_VALUE = frozenset({
    TokenType.EQ, TokenType.NEQ, TokenType.GT, TokenType.GTE, TokenType.LT, TokenType.LTE,
    TokenType.L_PAREN, TokenType.COMMA, TokenType.SELECT, TokenType.BETWEEN, TokenType.AND,
    TokenType.LIKE, TokenType.DPIPE, TokenType.PLUS, TokenType.DASH, TokenType.STAR,
    TokenType.SLASH, TokenType.WHERE, TokenType.OR, TokenType.THEN, TokenType.ELSE,
})  # fmt: skip


def session_window(tokens: Tokens) -> Tokens:
    """Flink's ``SESSION(…)`` in TABLE is a function, and no word of the parser's."""
    found = [
        i
        for i, token in enumerate(tokens[:-1])
        if token.text.upper() == "SESSION" and tokens[i + 1].token_type is TokenType.L_PAREN
    ]
    if not found or tokens[found[0]].token_type is TokenType.VAR:
        return tokens
    return [
        _like(token, TokenType.VAR, token.text) if i in found else token
        for i, token in enumerate(tokens)
    ]


def settings(tokens: Tokens) -> Tokens:
    """MySQL's ``SET @x = 1, @y = 2``: each for itself."""
    if _words(tokens, 1) != ["SET"] or tokens[1:2] == [] or tokens[1].text != "@":
        return tokens
    done: Tokens = []
    depth = 0
    for token, after in pairwise([*tokens, tokens[-1]]):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type is TokenType.COMMA and not depth and after.text == "@":
            done.extend(
                [_like(token, TokenType.SEMICOLON, ";"), _like(token, TokenType.SET, "SET")]
            )
        else:
            done.append(token)
    return done if len(done) != len(tokens) else tokens


def into_variables(tokens: Tokens) -> Tokens:
    """MySQL's ``SELECT a, b INTO @x, @y FROM t`` is ``SELECT @x := a, @y := b INTO @x FROM t``.

    That one INTO says that no row comes out.
    """
    into = _top_level(tokens, ("INTO",))
    if _words(tokens, 1) != ["SELECT"] or len(into) != 1:
        return tokens
    places: list[Token] = []
    end = into[0] + 1
    while end < len(tokens) and (tokens[end].text in ("@", ",") or _is_word_token(tokens[end])):
        if tokens[end].text not in ("@", ","):
            places.append(tokens[end])
        end += 1
    start = next((i for i in _top_level(tokens, ("FROM",)) if i < into[0]), into[0])
    listed = _listed_items(tokens[1:start])
    if len(places) != len(listed) or not places:
        return tokens
    done = [tokens[0]]
    for place, item in zip(places, listed, strict=True):
        if len(done) > 1:
            done.append(_like(item[0], TokenType.COMMA, ","))
        near = item[0]
        done.extend([
            _like(near, TokenType.PARAMETER, "@"), _like(near, TokenType.VAR, place.text),
            _like(near, TokenType.COLON_EQ, ":="), *item,
        ])  # fmt: skip
    near = tokens[into[0]]
    done.extend([near, _like(near, TokenType.PARAMETER, "@"), places[0]])
    return [*done, *tokens[start : into[0]], *tokens[end:]]


def _is_word_token(token: Token) -> bool:
    return token.token_type is TokenType.VAR or token.token_type is TokenType.IDENTIFIER


def _listed_items(tokens: Tokens) -> list[Tokens]:
    """Return what stands between the commas of a list."""
    items: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type is TokenType.COMMA and not depth:
            items.append([])
        else:
            items[-1].append(token)
    return items if all(items) else []


def into_outfile(tokens: Tokens) -> Tokens:
    """MySQL's ``SELECT … INTO OUTFILE 'x'``."""
    for i, token in enumerate(tokens[:-2]):
        if token.text.upper() == "INTO" and tokens[i + 1].text.upper() in ("OUTFILE", "DUMPFILE"):
            end = next(
                (k for k in range(i, len(tokens)) if tokens[k].token_type is TokenType.FROM),
                len(tokens),
            )
            return [*tokens[:i], *tokens[end:]]
    return tokens


def compound_assignment(tokens: Tokens) -> Tokens:
    """T-SQL's ``SET a += b``, and ``SET @v = a = b``, which also fills a variable."""
    if not any(word == "UPDATE" for word in _words(tokens, 1)):
        return tokens
    done: Tokens = []
    start = 0
    depth = 0
    changed = False
    for i, token in enumerate(tokens):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if not depth and token.text.upper() in ("SET", ","):
            start = len(done) + 1
        sign = tokens[i + 1] if i + 1 < len(tokens) else None
        if (
            sign is not None
            and not depth
            and token.text in ("+", "-", "*", "/", "%", "&", "|", "^")
            and sign.token_type is TokenType.EQ
            and sign.start == token.end + 1
            and 0 < start < len(done)
        ):
            place = done[start:]
            done.extend([sign, *place, token])
            changed = True
            continue
        if changed and token.token_type is TokenType.EQ and tokens[i - 1].text in "+-*/%&|^":
            continue
        done.append(token)
    return done if changed else tokens


def pipe_operators(tokens: Tokens) -> Tokens:
    """BigQuery's ``|> DROP a``, ``|> RENAME a AS b`` and ``|> SET a = b``, as lists of a star."""
    pipes = [i for i, token in enumerate(tokens) if token.token_type is TokenType.PIPE_GT]
    if not pipes:
        return tokens
    done: Tokens = tokens[: pipes[0]]
    changed = False
    for start, end in zip(pipes, [*pipes[1:], len(tokens)], strict=True):
        word = tokens[start + 1].text.upper() if start + 1 < len(tokens) else ""
        listed = {"DROP": "EXCEPT", "RENAME": "RENAME", "SET": "REPLACE"}.get(word)
        if listed is None:
            done = [*done, *tokens[start:end]]
            continue
        changed = True
        near = tokens[start + 1]
        kinds = {"EXCEPT": TokenType.EXCEPT, "REPLACE": TokenType.REPLACE}
        inside = tokens[start + 2 : end]
        done = [
            *done, tokens[start], _like(near, TokenType.SELECT, "SELECT"),
            _like(near, TokenType.STAR, "*"), _like(near, kinds.get(listed, TokenType.VAR), listed),
            _like(near, TokenType.L_PAREN, "("),
            *(_named_values(inside) if listed == "REPLACE" else inside),
            _like(near, TokenType.R_PAREN, ")"),
        ]  # fmt: skip
    return done if changed else tokens


def _named_values(tokens: Tokens) -> Tokens:
    """Return ``a = x, b = y`` as ``x AS a, y AS b``."""
    done: Tokens = []
    depth = start = 0
    for i in range(len(tokens) + 1):
        last = i == len(tokens)
        if last or (tokens[i].token_type is TokenType.COMMA and not depth):
            part = tokens[start:i]
            if len(part) > 2:  # noqa: PLR2004 - a name, a sign and a value
                done.extend([*part[2:], _like(part[1], TokenType.ALIAS, "AS"), part[0]])
            done.extend(tokens[i : i + 1])
            start = i + 1
        else:
            depth += (tokens[i].token_type in _OPENING) - (tokens[i].token_type in _CLOSING)
    return done


def statement_set(tokens: Tokens) -> Tokens:
    """Flink's ``EXECUTE STATEMENT SET BEGIN INSERT …``."""
    words = _words(tokens, 5)
    if words[:3] == ["EXECUTE", "STATEMENT", "SET"]:
        return tokens[4 if words[3] == "BEGIN" else 3 :] or tokens
    return tokens


def sample_of_query(tokens: Tokens) -> Tokens:
    """Spark's ``(query) TABLESAMPLE (…) AS t``: the name first, as the parser wants it."""
    found = tokens
    for i in range(len(tokens) - 2, 0, -1):
        sampled = tokens[i].token_type is TokenType.TABLE_SAMPLE
        if not sampled or tokens[i - 1].token_type is not TokenType.R_PAREN:
            continue
        end = _group_end(found, i + 1)
        named = found[end : end + 1]
        stop = end + 1 + bool(named and named[0].token_type is TokenType.ALIAS)
        name = found[stop - 1 : stop]
        if name and name[0].token_type in (TokenType.VAR, TokenType.IDENTIFIER):
            found = [*found[:i], *found[end:stop], *found[i:end], *found[stop:]]
    return found


def parts_of_columns(tokens: Tokens) -> Tokens:
    """``INSERT INTO t (a[1], b.c) …``: parts of columns are taken for the whole."""
    start = next((i for i, t in enumerate(tokens) if t.token_type is TokenType.INSERT), None)
    if start is None or tokens[start + 1 : start + 2] == []:
        return tokens
    opened = _name_end(tokens, start + 2)
    closed = _group_end(tokens, opened)
    kept = tokens[: opened + 1]
    i = opened + 1
    while i < closed - 1:
        if tokens[i].token_type is TokenType.L_BRACKET:
            closing = (k for k in range(i, closed) if tokens[k].token_type is TokenType.R_BRACKET)
            i = next(closing, closed) + 1
        elif tokens[i].token_type is TokenType.DOT:
            i += 2
        else:
            kept.append(tokens[i])
            i += 1
    if closed <= opened + 1 or len(kept) == closed - 1:
        return tokens
    return [*kept, *tokens[closed - 1 :]]


def order_using(tokens: Tokens) -> Tokens:
    """PostgreSQL's ``ORDER BY a USING >``: by which operator says nothing of what."""
    kept: Tokens = []
    ordering = False
    i = 0
    while i < len(tokens):
        word = tokens[i].text.upper()
        ordering = (ordering or word == "ORDER BY") and word not in ("LIMIT", "FROM", "SELECT")
        sign = tokens[i + 1].text[:1] if ordering and i + 1 < len(tokens) else "("
        if word == "USING" and not sign.isalnum() and sign not in '("':
            i += 2
            continue
        kept.append(tokens[i])
        i += 1
    return kept if len(kept) != len(tokens) else tokens


def marked_text(tokens: Tokens) -> Tokens:
    """Teradata's ``'0D0A'XC`` is text, and so are its kin."""
    marks = [
        i
        for i, token in enumerate(tokens[1:], 1)
        if tokens[i - 1].token_type is TokenType.STRING
        and token.start == tokens[i - 1].end + 1
        and _HEXADECIMAL.fullmatch(token.text)
    ]
    return [token for i, token in enumerate(tokens) if i not in marks] if marks else tokens


_HEXADECIMAL = re.compile(r"X[A-Z]{0,2}", re.IGNORECASE)


def conditions_of_rollup(tokens: Tokens) -> Tokens:
    """``ROLLUP (a IS NULL, b)``: the parser reads conditions there only in parentheses."""
    done: Tokens = []
    i = 0
    while i < len(tokens):
        done.append(tokens[i])
        end = _group_end(tokens, i + 1)
        if tokens[i].text.upper() not in ("ROLLUP", "CUBE") or end <= i + 3:
            i += 1
            continue
        done.append(tokens[i + 1])
        for item in _items(tokens[i + 2 : end - 1]):
            near = item[0]
            whole = near.token_type is TokenType.L_PAREN and _group_end(item, 0) == len(item)
            opening = () if whole else (_like(near, TokenType.L_PAREN, "("),)
            closing = () if whole else (_like(near, TokenType.R_PAREN, ")"),)
            comma = () if done[-1] is tokens[i + 1] else (_like(near, TokenType.COMMA, ","),)
            done.extend((*comma, *opening, *item, *closing))
        done.append(tokens[end - 1])
        i = end
    return done if len(done) != len(tokens) else tokens


def _items(tokens: Tokens) -> list[Tokens]:
    """Return what commas part, outside parentheses."""
    found: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if not depth and token.token_type is TokenType.COMMA:
            found.append([])
        else:
            found[-1].append(token)
    return [item for item in found if item]


_CHANGES: tuple[Callable[[Tokens], Tokens], ...] = (
    task_body,
    statement_set,
    renaming,
    rows_moved,
    stream_of_table,
    sink,
    recursive_view,
    kind_of_create,
    kind_of_clone,
    bulk_insert,
    named_values_of_pivot,
    changes_applied,
    words_of_change,
    insert_into_query,
    words_of_insert,
    words_of_merge,
    sorted_groups,
    braces,
    columns_of_json,
    error_log,
    conditions_of_merge,
    output_into,
    numbered_parameter,
    session_window,
    words_of_select,
    limit_by,
    end_of_query,
    branch_of_a_table,
    place_of_a_table,
    versions_between,
    model_clause,
    partitioned_argument,
    subset_of_match,
    settings,
    into_outfile,
    into_variables,
    compound_assignment,
    pipe_operators,
    sample_of_query,
    marked_text,
    parts_of_columns,
    order_using,
    conditions_of_rollup,
)


_BEFORE_A_QUERY = frozenset({
    "AS", "MATERIALIZED", "ALL", "UNION", "EXCEPT", "INTERSECT", "NAME", "DISTINCT", "(", ";", "",
})  # fmt: skip
_AFTER_A_PIVOT = frozenset({
    "ORDER BY", "LIMIT", "OFFSET", "UNION", "EXCEPT", "INTERSECT", ";",
})  # fmt: skip


def pivot_as_query(tokens: Tokens) -> Tokens:
    """``CREATE VIEW v AS PIVOT t ON …``: DuckDB's statement stands where a query does.

    The parser refuses it there, or takes a CREATE with CTEs for one without a query.
    """
    for i, token in enumerate(tokens[:-1]):
        kind = token.token_type
        if kind not in (TokenType.PIVOT, TokenType.UNPIVOT) or not _begins_query(tokens, i):
            continue
        end, depth = i, 0
        while end < len(tokens):
            closing = tokens[end].token_type in _CLOSING
            depth += (tokens[end].token_type in _OPENING) - closing
            if depth < 0 or (not depth and tokens[end].text.upper() in _AFTER_A_PIVOT):
                break
            end += 1
        return [
            *tokens[:i], _like(token, TokenType.SELECT, "SELECT"),
            _like(token, TokenType.STAR, "*"), _like(token, TokenType.FROM, "FROM"),
            _like(token, TokenType.L_PAREN, "("), *tokens[i:end],
            _like(token, TokenType.R_PAREN, ")"), *pivot_as_query(tokens[end:]),
        ]  # fmt: skip
    return tokens


def _begins_query(tokens: Tokens, i: int) -> bool:
    """Return whether a query may begin at a token; after FROM it does not."""
    start = next((k + 1 for k in range(i - 1, -1, -1) if tokens[k].text == ";"), 0)
    words = [token.text.upper() for token in tokens[start : start + 2]]
    if words == ["INSERT", "INTO"] and i == _group_end(tokens, _name_end(tokens, start + 2)):
        return True
    before = tokens[i - 1].text.upper() if i else ""
    if before == ")":
        opener = _opener(tokens, i - 1)
        before = tokens[opener - 1].text.upper() if opener else ")"
        return before in ("AS", "MATERIALIZED")  # the last CTE
    return before in _BEFORE_A_QUERY


# ---- loops ---------------------------------------------------------------------------------------


def rows_of_loops(tokens: Tokens, known: dict[str, Tokens]) -> Tokens:
    """``FOR r IN (query) LOOP … r.a``: put the query where the loop names a column of its row.

    ``known`` has the queries of the cursors and loops that stood before.
    """
    for i, token in enumerate(tokens[:-3]):
        word = token.text.upper()
        name, sign = tokens[i + 1].text.lower(), tokens[i + 2].text.upper()
        if word == "CURSOR" and sign in ("IS", "FOR") and _is_query(tokens, i + 3):
            known[name] = tokens[i + 3 :]
        elif word == "CURSOR" and name == "for" and i and _is_query(tokens, i + 2):
            known[tokens[i - 1].text.lower()] = tokens[i + 2 :]
        elif word == "FOR" and sign in ("IN", "AS"):
            start = i + 3
            end = next(
                (k for k in range(start, len(tokens)) if tokens[k].text.upper() in ("LOOP", "DO")),
                len(tokens),
            )
            if _is_query(tokens, start):
                known[name] = tokens[start:end]
            elif tokens[start].text.lower() in known:
                known[name] = known[tokens[start].text.lower()]
    if not known:
        return tokens
    done: Tokens = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        query = known.get(token.text.lower())
        field = tokens[i + 2 : i + 3]
        if (
            query is not None
            and field
            and tokens[i + 1].token_type is TokenType.DOT
            and (not i or tokens[i - 1].token_type is not TokenType.DOT)
            and (i + 3 >= len(tokens) or tokens[i + 3].text not in (".", "("))
        ):
            opening = _like(token, TokenType.L_PAREN, "(")
            closing = _like(token, TokenType.R_PAREN, ")")
            done.extend([
                opening, _like(token, TokenType.SELECT, "SELECT"), *field,
                _like(token, TokenType.FROM, "FROM"), opening, *query, closing, token, closing,
            ])  # fmt: skip
            i += 3
            continue
        done.append(token)
        i += 1
    return done if len(done) != len(tokens) else tokens


# ---- tokens ------------------------------------------------------------------------------------


def _words(tokens: Tokens, count: int) -> list[str]:
    """Return the first words in capitals, filled up with empty ones."""
    found = [token.text.upper() for token in tokens[:count]]
    return found + [""] * (count - len(found))


def _like(token: Token, kind: TokenType, text: str) -> Token:
    """Return a token that stands where another does."""
    return Token(kind, text, token.line, token.col, token.start, token.end)


def _name_end(tokens: Tokens, start: int) -> int:
    """Return where a dotted name ends that begins at ``start``."""
    i = start
    while i < len(tokens) and tokens[i].token_type not in (
        TokenType.L_PAREN,
        TokenType.COMMA,
        TokenType.SEMICOLON,
    ):
        i += 1
        if i >= len(tokens) or tokens[i].token_type is not TokenType.DOT:
            return i
        i += 1
    return i


def _group_end(tokens: Tokens, start: int) -> int:
    """Return where the group in parentheses ends that begins at ``start``; there, if none does."""
    if start >= len(tokens) or tokens[start].token_type is not TokenType.L_PAREN:
        return start
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i].token_type in _OPENING) - (tokens[i].token_type in _CLOSING)
        if not depth:
            return i + 1
    return len(tokens)


def _opener(tokens: Tokens, i: int) -> int | None:
    """Return the parenthesis around a token."""
    depth = 0
    for k in range(i - 1, -1, -1):
        kind = tokens[k].token_type
        if kind in _CLOSING:
            depth += 1
        elif kind in _OPENING:
            if not depth:
                return k
            depth -= 1
    return None


def _top_level(tokens: Tokens, words: tuple[str, ...]) -> list[int]:
    """Return where words stand outside parentheses and CASE."""
    found: list[int] = []
    depth = 0
    for i, token in enumerate(tokens):
        kind = token.token_type
        word = token.text.upper() if kind is not TokenType.STRING else ""
        depth += (kind in _OPENING or word == "CASE") - (kind in _CLOSING or word == "END")
        if not depth and word in words:
            found.append(i)
    return found
