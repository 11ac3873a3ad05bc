"""PIVOT and UNPIVOT where the parser does not take them."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

from lineage.sql.repair.token import (
    CLOSING,
    OPENING,
    Tokens,
    group_end,
    like,
    name_end,
    opener_of,
    top_level,
    word_of,
)


def named_values_of_pivot(tokens: Tokens) -> Tokens:
    """DuckDB's ``PIVOT t ON g IN (0 AS zero) USING sum(v)``, where the values have names."""
    start = next((i for i, t in enumerate(tokens) if t.text.upper() == "PIVOT"), None)
    if start is None or (start and tokens[start - 1].text.upper() not in ("AS", "(")):
        return tokens
    close = next((i for i in range(start, len(tokens)) if _depth(tokens, start, i) < 0), None)
    inside = tokens[start + 1 : close]
    on, using = top_level(inside, ("ON",)), top_level(inside, ("USING",))
    if len(on) != 1 or len(using) != 1 or "AS" not in map(word_of, inside[on[0] : using[0]]):
        return tokens
    near = tokens[start]
    last = next(iter(top_level(inside, ("GROUP BY", "ORDER BY", "LIMIT"))), len(inside))
    return [
        *tokens[:start], like(near, TokenType.SELECT, "SELECT"), like(near, TokenType.STAR, "*"),
        like(near, TokenType.FROM, "FROM"), *inside[: on[0]], near,
        like(near, TokenType.L_PAREN, "("), *inside[using[0] + 1 : last],
        like(near, TokenType.FOR, "FOR"), *inside[on[0] + 1 : using[0]],
        *inside[last:], like(near, TokenType.R_PAREN, ")"), *(tokens[close:] if close else []),
    ]  # fmt: skip


def _depth(tokens: Tokens, start: int, end: int) -> int:
    """Return how many more brackets open than close between two places, the last one included."""
    kinds = [token.token_type for token in tokens[start : end + 1]]
    return sum((kind in OPENING) - (kind in CLOSING) for kind in kinds)


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
            closing = tokens[end].token_type in CLOSING
            depth += (tokens[end].token_type in OPENING) - closing
            if depth < 0 or (not depth and tokens[end].text.upper() in _AFTER_A_PIVOT):
                break
            end += 1
        return [
            *tokens[:i], like(token, TokenType.SELECT, "SELECT"),
            like(token, TokenType.STAR, "*"), like(token, TokenType.FROM, "FROM"),
            like(token, TokenType.L_PAREN, "("), *tokens[i:end],
            like(token, TokenType.R_PAREN, ")"), *pivot_as_query(tokens[end:]),
        ]  # fmt: skip
    return tokens


def _begins_query(tokens: Tokens, i: int) -> bool:
    """Return whether a query may begin at a token; after FROM it does not."""
    start = next((k + 1 for k in range(i - 1, -1, -1) if tokens[k].text == ";"), 0)
    words = [token.text.upper() for token in tokens[start : start + 2]]
    if words == ["INSERT", "INTO"] and i == group_end(tokens, name_end(tokens, start + 2)):
        return True
    before = tokens[i - 1].text.upper() if i else ""
    if before == ")":
        opener = opener_of(tokens, i - 1)
        before = tokens[opener - 1].text.upper() if opener else ")"
        return before in ("AS", "MATERIALIZED")  # the last CTE
    return before in _BEFORE_A_QUERY
