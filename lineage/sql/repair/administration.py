"""Statements that only look after a database: no rows come from them."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

from lineage.sql.repair.token import Tokens, first_words, name_end

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
    words = first_words(chunk, 8)
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
        end = name_end(chunk, 4 if words[2:4] == ["IF", "EXISTS"] else 2)
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
    words = first_words(chunk, 1)
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
