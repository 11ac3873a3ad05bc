"""Tokens of a statement: groups in parentheses, names, words at the top."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

Tokens = list[Token]


OPENING = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})


_QUERIES = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "FROM"})
OTHER_STATEMENTS = frozenset({
    "INSERT", "UPDATE", "MERGE", "DELETE", "CREATE", "ALTER", "DROP", "EXEC", "TRUNCATE",
})  # fmt: skip


def is_query(tokens: Tokens, i: int) -> bool:
    """Return whether a query begins at ``i``."""
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


def word_of(token: Token) -> str:
    """Return a token's text in capitals."""
    return token.text.upper()


def first_words(tokens: Tokens, count: int) -> list[str]:
    """Return the first words in capitals, filled up with empty ones."""
    found = [token.text.upper() for token in tokens[:count]]
    return found + [""] * (count - len(found))


def like(token: Token, kind: TokenType, text: str) -> Token:
    """Return a token that stands where another does."""
    return Token(kind, text, token.line, token.col, token.start, token.end)


def name_end(tokens: Tokens, start: int) -> int:
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


def group_end(tokens: Tokens, start: int) -> int:
    """Return where the group in parentheses ends that begins at ``start``; there, if none does."""
    if start >= len(tokens) or tokens[start].token_type is not TokenType.L_PAREN:
        return start
    depth = 0
    for i in range(start, len(tokens)):
        depth += (tokens[i].token_type in OPENING) - (tokens[i].token_type in CLOSING)
        if not depth:
            return i + 1
    return len(tokens)


def opener_of(tokens: Tokens, i: int) -> int | None:
    """Return the parenthesis around a token."""
    depth = 0
    for k in range(i - 1, -1, -1):
        kind = tokens[k].token_type
        if kind in CLOSING:
            depth += 1
        elif kind in OPENING:
            if not depth:
                return k
            depth -= 1
    return None


def top_level(tokens: Tokens, words: tuple[str, ...]) -> list[int]:
    """Return where words stand outside parentheses and CASE."""
    found: list[int] = []
    depth = 0
    for i, token in enumerate(tokens):
        kind = token.token_type
        word = token.text.upper() if kind is not TokenType.STRING else ""
        depth += (kind in OPENING or word == "CASE") - (kind in CLOSING or word == "END")
        if not depth and word in words:
            found.append(i)
    return found
