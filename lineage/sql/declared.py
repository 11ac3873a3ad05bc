"""Finds what procedural text declares and assigns: parameters, variables, ``x := …``.

Their names are no columns, and what a query gives them goes on where they are named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Token]

_OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_MODES = frozenset({"IN", "OUT", "INOUT", "VARIADIC", "LET", "DECLARE", "CONSTANT", "VARIABLE"})
_ROUTINES = frozenset({"PROCEDURE", "PROC", "FUNCTION"})
_NO_NAME = frozenset({
    "CURSOR", "CONTINUE", "EXIT", "UNDO", "TYPE", "SUBTYPE", "PROCEDURE", "FUNCTION", "PRAGMA",
    "SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CREATE", "BEGIN", "IF", "SET",
    "FOR", "WHILE", "LOOP", "OPEN", "FETCH", "CLOSE", "RETURN", "CALL", "EXECUTE", "EXEC",
    "END", "CASE", "DROP", "ALTER", "TRUNCATE", "COMMIT", "ROLLBACK", "RAISE", "PERFORM", "TABLE",
    "LANGUAGE", "RETURNS", "AS", "IS",
})  # fmt: skip
_BEFORE = frozenset({"BEGIN", "THEN", "ELSE", "LOOP", "DO", "LET", "IS", "AS"})
"""Behind these an assignment may begin."""
_STATEMENTS = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "WITH", "CREATE"})
_VALUE = frozenset({":=", "DEFAULT", "="})


@dataclass(slots=True)
class Declared:
    """What one piece of text declares: names, each with the tokens of its first value."""

    items: list[tuple[Token, Tokens]] = field(default_factory=list)
    opens: bool = False
    """A routine begins here: what another one declared is not known in it."""
    all: bool = False
    """Nothing else stands in the piece."""
    goes_on: bool = False
    """The pieces that follow declare, too."""
    name: str = ""
    """Of the routine that begins."""
    arguments: int = 0
    returns: Tokens = field(default_factory=list)
    """T-SQL's ``@t TABLE (…)``: the rows that the routine puts there are what it returns."""


def declared(chunk: Tokens, *, within: bool) -> Declared:
    """Return what a piece declares; ``within`` says that it stands among declarations."""
    found = Declared(goes_on=within)
    start = _header(chunk, found)
    if start >= len(chunk):
        return found
    words = [token.text.upper() for token in chunk[start : start + 4]]
    if words[:2] == ["BEGIN", "DECLARE"]:  # MySQL's
        start, words = start + 1, words[1:]
        found.goes_on = False
    elif words[0] == "DECLARE":
        found.goes_on = True
    if words[0] == "DECLARE":
        start, words = start + 1, words[1:]
    elif not found.goes_on:
        return found
    if not words or not _is_name(chunk[start]) or words[1:2] == ["CURSOR"]:
        found.goes_on = bool(words) and found.goes_on and words[0] not in ("BEGIN", "SELECT")
        return found
    found.items.extend(_items(chunk[start:]))
    found.all = bool(found.items) and not _has_statement(chunk[start:])
    return found


@dataclass(slots=True)
class Trigger:
    """The head of a trigger: the name of its table, and where what it does begins."""

    table: Tokens
    body: int


def trigger(chunk: Tokens) -> Trigger | None:
    """Return what the head of ``CREATE TRIGGER`` says; ``None`` for one without a body."""
    words = [token.text.upper() for token in chunk[:6]]
    if words[0] not in ("CREATE", "ALTER") or "TRIGGER" not in words or "EVENT" in words:
        return None
    kind = words.index("TRIGGER")
    on = next((i for i in range(kind, len(chunk)) if chunk[i].token_type is TokenType.ON), None)
    if on is None or on + 1 >= len(chunk):
        return None
    end = on + 2
    while end + 1 < len(chunk) and chunk[end].token_type is TokenType.DOT:
        end += 2
    named = {token.text.upper() for token in chunk[kind:on]}
    starts = _BODIES if named & _TIMES else frozenset({"AS"})  # T-SQL says when behind the table
    depth = 0
    for i in range(end, len(chunk)):
        depth += (chunk[i].token_type in _OPENING) - (chunk[i].token_type in _CLOSING)
        if not depth and chunk[i].text.upper() in starts:
            if chunk[i].text.upper() == "EXECUTE":
                return None
            return Trigger(chunk[on + 1 : end], i + ("AS" in starts))
    return None


def without_colons(chunk: Tokens) -> Tokens:
    """Return Oracle's ``:NEW.a`` as ``NEW.a``."""
    return [
        token
        for token, after in pairwise([*chunk, chunk[-1]])
        if token.token_type is not TokenType.COLON or after.text.upper() not in ("NEW", "OLD")
    ]


_TIMES = frozenset({"INSERT", "UPDATE", "DELETE", "TRUNCATE"})
_BODIES = frozenset({
    "BEGIN", "DECLARE", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "SET", "SELECT", "IF",
    "CALL", "WITH", "EXECUTE", "SIGNAL",
})  # fmt: skip


def assigned(chunk: Tokens) -> tuple[Tokens, Tokens] | None:
    """Return both sides of ``x := …``, ``LET x INT := …``, ``NEW.a := …``."""
    depth = 0
    start = 0
    for i, token in enumerate(chunk):
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if depth:
            continue
        if token.text.upper() in _BEFORE:
            start = i + 1
        elif token.token_type is TokenType.COLON_EQ and start < i < len(chunk) - 1:
            named = chunk[start]
            dotted = chunk[start + 1].token_type is TokenType.DOT
            if dotted and named.text.upper() != "NEW":
                return None
            return (chunk[start:i], chunk[i + 1 :]) if _is_name(named) else None
    return None


def _header(chunk: Tokens, found: Declared) -> int:
    """Note the parameters of a routine that begins here; return where its declarations start."""
    words = [token.text.upper() for token in chunk[:6]]
    if words[0] not in ("CREATE", "ALTER", *_ROUTINES):
        return 0
    kind = next((i for i, word in enumerate(words) if word in _ROUTINES), None)
    if kind is None:
        return 0 if words[0] != "CREATE" else len(chunk)
    found.opens = True
    end = kind + 2
    while end + 1 < len(chunk) and chunk[end].token_type is TokenType.DOT:
        end += 2
    found.name = chunk[min(end, len(chunk)) - 1].text
    if end < len(chunk) and chunk[end].token_type is TokenType.L_PAREN:
        close = _closing(chunk, end)
        found.arguments = _count(chunk[end + 1 : close])
        found.items.extend(_items(chunk[end + 1 : close]))
        end = close + 1
    found.returns = _returned_table(chunk[end:])
    depth = 0
    for i in range(end, len(chunk)):
        depth += (chunk[i].token_type in _OPENING) - (chunk[i].token_type in _CLOSING)
        if not depth and chunk[i].text.upper() in ("IS", "AS", "BEGIN"):
            begins = chunk[i].text.upper() == "BEGIN"
            found.goes_on = not begins
            return i if begins else i + 1
    return len(chunk)


def _count(tokens: Tokens) -> int:
    """Return how many arguments a list has."""
    depth = commas = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        commas += not depth and token.token_type is TokenType.COMMA
    return commas + 1 if tokens else 0


def _returned_table(tokens: Tokens) -> Tokens:
    """Return ``@t TABLE (…)`` of ``RETURNS @t TABLE (…)``."""
    words = [token.text.upper() for token in tokens[:5]]
    if words[:2] != ["RETURNS", "@"] or words[3:5] != ["TABLE", "("]:
        return []
    return tokens[1 : _closing(tokens, 4) + 1]


def _items(tokens: Tokens) -> list[tuple[Token, Tokens]]:
    """Return the names of ``a INT, b DATE := x``, each with its value."""
    parts: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if token.token_type is TokenType.COMMA and not depth:
            parts.append([])
        else:
            parts[-1].append(token)
    found = []
    for part in parts:
        while len(part) > 1 and part[0].text.upper() in _MODES:
            part = part[1:]  # noqa: PLW2901 - what is left of it
        if part and _is_name(part[0]):
            found.append((part[0], _value(part)))
    return found


def _value(tokens: Tokens) -> Tokens:
    sign = next((i for i, token in enumerate(tokens) if token.text.upper() in _VALUE), None)
    return tokens[sign + 1 :] if sign else []


def _has_statement(tokens: Tokens) -> bool:
    depth = 0
    for token in tokens:
        depth += (token.token_type in _OPENING) - (token.token_type in _CLOSING)
        if not depth and token.text.upper() in _STATEMENTS:
            return True
    return False


def _is_name(token: Token) -> bool:
    plain = token.text.replace("_", "a").replace("$", "a")
    return (
        token.token_type not in (TokenType.STRING, TokenType.NUMBER, TokenType.PARAMETER)
        and token.text.upper() not in _NO_NAME
        and (plain.isalnum() or token.token_type is TokenType.IDENTIFIER)
    )


def _closing(tokens: Tokens, opening: int) -> int:
    depth = 0
    for i in range(opening, len(tokens)):
        depth += (tokens[i].token_type in _OPENING) - (tokens[i].token_type in _CLOSING)
        if not depth:
            return i
    return len(tokens)
