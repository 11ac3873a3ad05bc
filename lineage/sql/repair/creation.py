"""CREATE, ALTER and RENAME, said as the parser knows them."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

from lineage.sql.repair.token import (
    CLOSING,
    OPENING,
    OTHER_STATEMENTS,
    Tokens,
    first_words,
    group_end,
    is_query,
    like,
    name_end,
    top_level,
)

_STATEMENTS = frozenset({
    "INSERT", "MERGE", "UPDATE", "DELETE", "SELECT", "WITH", "CREATE", "COPY", "CALL", "BEGIN",
    "TRUNCATE", "EXECUTE",
})  # fmt: skip
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


def task_body(tokens: Tokens) -> Tokens:
    """``CREATE TASK … AS``, ``CREATE PIPE … AS``, ``PREPARE p AS``: what stands behind is run."""
    words = first_words(tokens, 5)
    made = words[0] == "CREATE" and ("TASK" in words or "PIPE" in words)
    if not made and words[0] != "PREPARE":
        return tokens
    for i, token in enumerate(tokens[:-1]):
        if token.text.upper() == "AS" and tokens[i + 1].text.upper() in _STATEMENTS:
            return tokens[i + 1 :]
    return tokens


def kind_of_create(tokens: Tokens) -> Tokens:
    """``CREATE HYBRID TABLE``, ``CREATE SNAPSHOT TABLE``, ``ALTER PROCEDURE`` are plain CREATE."""
    words = first_words(tokens, 6)
    if words[0] in ("ALTER", "REPLACE"):
        wanted = ("PROCEDURE", "PROC", "FUNCTION", "TRIGGER") if words[0] == "ALTER" else ("TABLE",)
        if words[1] in wanted:
            return [like(tokens[0], TokenType.CREATE, "CREATE"), *tokens[1:]]
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
    words = first_words(tokens, 2)
    if words not in (["RENAME", "TABLE"], ["EXCHANGE", "TABLES"]):
        return tokens
    end = name_end(tokens, 2)
    if name_end(tokens, end + 1) != len(tokens):
        return tokens
    head = [like(tokens[0], TokenType.ALTER, "ALTER"), like(tokens[1], TokenType.TABLE, "TABLE")]
    near = tokens[end]
    told = ("RENAME", "TO") if words[0] == "RENAME" else ("SWAP", "WITH")
    kinds = {"RENAME": TokenType.RENAME, "WITH": TokenType.WITH}
    said = [like(near, kinds.get(word, TokenType.VAR), word) for word in told]
    return [*head, *tokens[2:end], *said, *tokens[end + 1 :]]


def stream_of_table(tokens: Tokens) -> Tokens:
    """Snowflake's ``CREATE STREAM s ON TABLE t`` shows the rows of a table as they come."""
    words = first_words(tokens, 7)
    if words[0] != "CREATE" or "STREAM" not in words:
        return tokens
    kind = words.index("STREAM")
    start = kind + 4 if words[kind + 1 : kind + 4] == ["IF", "NOT", "EXISTS"] else kind + 1
    end = name_end(tokens, start)
    if [t.text.upper() for t in tokens[end : end + 2]] not in (["ON", "TABLE"], ["ON", "VIEW"]):
        return tokens
    near = tokens[end]
    return [
        *tokens[:kind], like(near, TokenType.VIEW, "VIEW"), *tokens[start:end],
        like(near, TokenType.ALIAS, "AS"), like(near, TokenType.SELECT, "SELECT"),
        like(near, TokenType.STAR, "*"), like(near, TokenType.FROM, "FROM"),
        *tokens[end + 2 : name_end(tokens, end + 2)],
    ]  # fmt: skip


def rows_moved(tokens: Tokens) -> Tokens:
    """``ALTER TABLE t APPEND FROM u``, ``… SWITCH TO u``, ``… ATTACH PARTITION p FROM u``."""
    if first_words(tokens, 2) != ["ALTER", "TABLE"]:
        return tokens
    end = name_end(tokens, 2)
    after = [token.text.upper() for token in tokens[end:]]
    if not after or after[0] not in ("APPEND", "SWITCH", "ATTACH", "REPLACE", "MOVE"):
        return tokens
    sign = next((i for i, word in enumerate(after) if word in ("FROM", "TO")), None)
    if sign is None:
        return tokens
    start = end + sign + 1
    start += tokens[start : start + 1] != [] and tokens[start].text.upper() == "TABLE"
    if set(after[sign:]) & OTHER_STATEMENTS:
        return tokens
    other, own = tokens[start : name_end(tokens, start)], tokens[2:end]
    source, target = (other, own) if after[sign] == "FROM" else (own, other)
    near = tokens[0]
    return [
        like(near, TokenType.INSERT, "INSERT"), like(near, TokenType.INTO, "INTO"), *target,
        like(near, TokenType.SELECT, "SELECT"), like(near, TokenType.STAR, "*"),
        like(near, TokenType.FROM, "FROM"), *source,
    ]  # fmt: skip


def sink(tokens: Tokens) -> Tokens:
    """RisingWave's ``CREATE SINK s INTO t AS query`` fills ``t``, or what the sink is."""
    words = first_words(tokens, 6)
    if words[:2] != ["CREATE", "SINK"]:
        return tokens
    start = 5 if words[2:5] == ["IF", "NOT", "EXISTS"] else 2
    end = name_end(tokens, start)
    if end < len(tokens) and tokens[end].text.upper() == "INTO":
        start, end = end + 1, name_end(tokens, end + 1)
    if end + 1 >= len(tokens) or tokens[end].text.upper() != "AS" or not is_query(tokens, end + 1):
        return tokens
    options = [i for i in top_level(tokens, ("WITH",)) if i > end + 1]
    last = options[-1] if options and group_end(tokens, options[-1] + 1) == len(tokens) else None
    near = tokens[0]
    head = [like(near, TokenType.INSERT, "INSERT"), like(near, TokenType.INTO, "INTO")]
    return [*head, *tokens[start:end], *tokens[end + 1 : last]]


def kind_of_clone(tokens: Tokens) -> Tokens:
    """Databricks' ``DEEP CLONE t VERSION AS OF 1``: a clone, of whatever time."""
    if first_words(tokens, 1)[0] != "CREATE":
        return tokens
    for i, token in enumerate(tokens):
        if token.text.upper() == "CLONE" and i:
            start = i - 1 if tokens[i - 1].text.upper() in ("DEEP", "SHALLOW") else i
            end = name_end(tokens, i + 1)
            return [*tokens[:start], *tokens[i:end]]
    return tokens


def recursive_view(tokens: Tokens) -> Tokens:
    """``CREATE RECURSIVE VIEW v (a) AS query``: short for a view over ``WITH RECURSIVE``."""
    words = first_words(tokens, 6)
    if words[0] != "CREATE" or "RECURSIVE" not in words or "VIEW" not in words:
        return tokens
    name = words.index("VIEW") + 1
    end = name_end(tokens, name)
    columns = group_end(tokens, end)
    body = columns + 1
    if columns == end or body >= len(tokens) or tokens[columns].text.upper() != "AS":
        return tokens
    near = tokens[columns]
    head = [token for token in tokens[:columns] if token.text.upper() != "RECURSIVE"]
    return [
        *head, near, like(near, TokenType.WITH, "WITH"),
        like(near, TokenType.RECURSIVE, "RECURSIVE"), tokens[end - 1], *tokens[end:columns], near,
        like(near, TokenType.L_PAREN, "("), *tokens[body:], like(near, TokenType.R_PAREN, ")"),
        like(near, TokenType.SELECT, "SELECT"), like(near, TokenType.STAR, "*"),
        like(near, TokenType.FROM, "FROM"), tokens[end - 1],
    ]  # fmt: skip


def without_options(tokens: Tokens) -> Tokens:
    """Leave out what stands between the name and the query of CREATE … AS, and after the query."""
    parts = _created(tokens)
    if parts is None:
        return tokens
    name, columns, body = parts
    target: Tokens = []
    if columns < len(tokens) and tokens[columns].text.upper() == "TO":
        target = tokens[columns : name_end(tokens, columns + 1)]
    if body is None:
        return tokens[:columns] if columns > name and columns < len(tokens) else tokens
    near = tokens[body]
    end = _query_end(tokens, body)
    return [*tokens[:columns], *target, like(near, TokenType.ALIAS, "AS"), *tokens[body:end]]


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
                kept.append(like(token, TokenType.COMMA, ","))
            kept.append(token)
        first = token.token_type is TokenType.COMMA and not depth
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
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
    words = first_words(tokens, 6)
    kind = _kind(words) if words[0] == "CREATE" else None
    if kind is None:
        return None
    start = kind + 1
    if [token.text.upper() for token in tokens[start : start + 3]] == ["IF", "NOT", "EXISTS"]:
        start += 3
    name = name_end(tokens, start)
    if name == start:
        return None
    columns = group_end(tokens, name)
    depth = 0
    for i in range(columns, len(tokens)):
        kind_ = tokens[i].token_type
        other = not depth and tokens[i].text.upper() in OTHER_STATEMENTS
        if other and tokens[i - 1].text.upper() not in ("COMMIT", "ON"):
            return None  # another statement, without a semicolon before it
        if not depth and tokens[i].text.upper() in ("SELECT", "WITH") and is_query(tokens, i):
            return name, columns, i
        if not depth and tokens[i].text.upper() == "AS" and is_query(tokens, i + 1):
            return name, columns, i + 1
        depth += (kind_ in OPENING) - (kind_ in CLOSING)
    return name, columns, None


_SPREAD = ("DISTRIBUTED", "PARTITIONED BY", "PARTITIONED", "SEGMENTED", "UNSEGMENTED", "KSAFE")


_AFTER_QUERY = frozenset({
    "WITH", "PRIMARY", "UNIQUE", "INDEX", "ON", "DISTRIBUTED", "PARTITION BY", "PARTITION", "NO",
})  # fmt: skip


def _query_end(tokens: Tokens, body: int) -> int:
    """Return where a query ends that ``WITH DATA``, ``WITH READ ONLY`` or the like may follow."""
    close = group_end(tokens, body)
    if close > body and tokens[close : close + 1] and tokens[close].text.upper() in _AFTER_QUERY:
        return close
    for i in top_level(tokens[body:], _SPREAD):
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


def statement_set(tokens: Tokens) -> Tokens:
    """Flink's ``EXECUTE STATEMENT SET BEGIN INSERT …``."""
    words = first_words(tokens, 5)
    if words[:3] == ["EXECUTE", "STATEMENT", "SET"]:
        return tokens[4 if words[3] == "BEGIN" else 3 :] or tokens
    return tokens
