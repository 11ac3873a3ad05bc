"""Rows of loops and cursors: the query stands where the loop names a column of its row."""

from __future__ import annotations

from sqlglot.tokenizer_core import TokenType

from lineage.sql.repair.token import Tokens, is_query, like


def rows_of_loops(tokens: Tokens, known: dict[str, Tokens]) -> Tokens:
    """``FOR r IN (query) LOOP … r.a``: put the query where the loop names a column of its row.

    ``known`` has the queries of the cursors and loops that stood before.
    """
    for i, token in enumerate(tokens[:-3]):
        word = token.text.upper()
        name, sign = tokens[i + 1].text.lower(), tokens[i + 2].text.upper()
        if word == "CURSOR" and sign in ("IS", "FOR") and is_query(tokens, i + 3):
            known[name] = tokens[i + 3 :]
        elif word == "CURSOR" and name == "for" and i and is_query(tokens, i + 2):
            known[tokens[i - 1].text.lower()] = tokens[i + 2 :]
        elif word == "FOR" and sign in ("IN", "AS"):
            start = i + 3
            end = next(
                (k for k in range(start, len(tokens)) if tokens[k].text.upper() in ("LOOP", "DO")),
                len(tokens),
            )
            if is_query(tokens, start):
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
            opening = like(token, TokenType.L_PAREN, "(")
            closing = like(token, TokenType.R_PAREN, ")")
            done.extend([
                opening, like(token, TokenType.SELECT, "SELECT"), *field,
                like(token, TokenType.FROM, "FROM"), opening, *query, closing, token, closing,
            ])  # fmt: skip
            i += 3
            continue
        done.append(token)
        i += 1
    return done if len(done) != len(tokens) else tokens
