"""INSERT, MERGE, UPDATE and DELETE, said as the parser knows them."""

from __future__ import annotations

from sqlglot.tokenizer_core import Token, TokenType

from lineage.sql.repair.token import (
    CLOSING,
    OPENING,
    OTHER_STATEMENTS,
    Tokens,
    first_words,
    group_end,
    like,
    name_end,
    top_level,
)


def words_of_insert(tokens: Tokens) -> Tokens:
    """What INSERT says beside its columns and its rows: how many, how locked, how numbered."""
    words = first_words(tokens, 2)
    if words[0] == "UPSERT" or (words[0] == "REPLACE" and words[1] not in ("TABLE", "VIEW")):
        tokens = [like(tokens[0], TokenType.INSERT, "INSERT"), *tokens[1:]]
        if words[1] not in ("INTO", "TABLE"):
            tokens.insert(1, like(tokens[0], TokenType.INTO, "INTO"))
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
            i = group_end(tokens, i + 1)
        elif word == "PERCENT" and kept[-1] is tokens[start]:
            i += 1
        elif not depth and after[:2] == ["WITH", "LABEL"]:
            i += 3
        elif not depth and after[:2] == ["OVERWRITE", "ALL"]:
            i += 2
        elif not depth and after[:2] == ["WITH", "("]:
            i = group_end(tokens, i + 1)
        elif after[:1] == ["OVERRIDING"] or (not depth and after[:3] == ["IF", "NOT", "EXISTS"]):
            i += 3
        elif word in ("USING", "OPTIONS") and first_words(tokens, 4)[:2] == ["INSERT", "OVERWRITE"]:
            i = group_end(tokens, i + 1) if word == "OPTIONS" else i + 2
        else:
            depth += (tokens[i].token_type in OPENING) - (tokens[i].token_type in CLOSING)
            kept.append(tokens[i])
            i += 1
    over = next(iter(top_level(tokens[i:], ("PARTITIONED BY", "PARTITIONED", "CLUSTERED"))), None)
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
    words = first_words(tokens, 4)
    if words != ["INSERT", "INTO", "(", "SELECT"]:
        return tokens
    end = group_end(tokens, 2)
    inside = tokens[4 : end - 1]
    from_ = next(iter(top_level(inside, ("FROM",))), None)
    if from_ is None or any(not _is_word_token(t) for t in inside[:from_:2]):
        return tokens
    table = inside[from_ + 1 : name_end(inside, from_ + 1)]
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
    end = name_end(tokens, start + 3)
    if words[end : end + 1] != ["FROM"]:
        return tokens
    called = words[end + 1 : end + 3] == ["STREAM", "("]
    plain = end + 2 if words[end + 1] == "STREAM" and not called else end + 1
    last = group_end(tokens, end + 2) if called else name_end(tokens, plain)
    source = tokens[end + 3 : last - 1] if called else tokens[plain:last]
    listed = next((i for i in range(last, len(words)) if words[i] == "COLUMNS"), None)
    near = tokens[end]
    shown = [like(near, TokenType.STAR, "*")]
    if listed is not None and words[listed + 1] == "(":
        shown = tokens[listed + 2 : group_end(tokens, listed + 1) - 1]
    elif listed is not None and words[listed + 1 : listed + 4] == ["*", "EXCEPT", "("]:
        shown = tokens[listed + 1 : group_end(tokens, listed + 3)]
    return [
        like(near, TokenType.INSERT, "INSERT"), like(near, TokenType.INTO, "INTO"),
        *tokens[start + 3 : end], like(near, TokenType.SELECT, "SELECT"), *shown, near, *source,
    ]  # fmt: skip


def words_of_merge(tokens: Tokens) -> Tokens:
    """What MERGE says beside its tables: ``TOP (n)``, ``WITH (hint)``, a schema's evolution."""
    words = first_words(tokens, 4)
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
            i = group_end(tokens, 2)
            i += first_words(tokens[i:], 1)[0] == "PERCENT"
        elif after[:2] == ["WITH", "("]:
            i = group_end(tokens, i + 1)
        else:
            kept.append(tokens[i])
            i += 1
    return [*kept, *tokens[i:]] if len(kept) != i else tokens


def conditions_of_merge(tokens: Tokens) -> Tokens:
    """Oracle's ``UPDATE SET … WHERE c DELETE WHERE d`` and ``INSERT … VALUES (…) WHERE c``.

    The condition goes where others write it, ``WHEN … AND c THEN``.
    """
    if first_words(tokens, 1)[0] != "MERGE":
        return tokens
    marks = top_level(tokens, ("WHEN", "THEN", "WHERE", "DELETE"))
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
            done.append(like(near, TokenType.AND, "AND"))
            done.append(like(near, TokenType.L_PAREN, "("))
            done.extend(condition)
            done.append(like(near, TokenType.R_PAREN, ")"))
        done.extend(tokens[then:cut])
    return done


def bulk_insert(tokens: Tokens) -> Tokens:
    """T-SQL's ``BULK INSERT t FROM 'file' WITH (…)`` copies a file into a table."""
    if first_words(tokens, 2) != ["BULK", "INSERT"]:
        return tokens
    source = next((i for i, t in enumerate(tokens) if t.token_type is TokenType.FROM), len(tokens))
    if {token.text.upper() for token in tokens[source:]} & OTHER_STATEMENTS:
        return tokens
    head = [like(tokens[0], TokenType.COPY, "COPY"), like(tokens[1], TokenType.INTO, "INTO")]
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
    end = name_end(tokens, into + 1)
    if end == into + 2:
        return tokens
    parts = [t.text for t in tokens[into + 1 : end] if t.token_type is not TokenType.DOT]
    name = like(tokens[into + 1], TokenType.VAR, OUTPUT_DOT.join(parts))
    clause = [*tokens[output : into + 1], name]
    if first_words(tokens, 1)[0] != "DELETE":
        return [*tokens[:output], *clause, *tokens[end:]]
    close = group_end(tokens, end)
    return [*tokens[:output], *tokens[close:], *clause, *tokens[end:close]]


OUTPUT_DOT = "\x1f"
"""Stands between the parts of a name that ``output_into`` made one word of."""


def into_variables(tokens: Tokens) -> Tokens:
    """MySQL's ``SELECT a, b INTO @x, @y FROM t`` is ``SELECT @x := a, @y := b INTO @x FROM t``.

    That one INTO says that no row comes out.
    """
    into = top_level(tokens, ("INTO",))
    if first_words(tokens, 1) != ["SELECT"] or len(into) != 1:
        return tokens
    places: list[Token] = []
    end = into[0] + 1
    while end < len(tokens) and (tokens[end].text in ("@", ",") or _is_word_token(tokens[end])):
        if tokens[end].text not in ("@", ","):
            places.append(tokens[end])
        end += 1
    start = next((i for i in top_level(tokens, ("FROM",)) if i < into[0]), into[0])
    listed = _listed_items(tokens[1:start])
    if len(places) != len(listed) or not places:
        return tokens
    done = [tokens[0]]
    for place, item in zip(places, listed, strict=True):
        if len(done) > 1:
            done.append(like(item[0], TokenType.COMMA, ","))
        near = item[0]
        done.extend([
            like(near, TokenType.PARAMETER, "@"), like(near, TokenType.VAR, place.text),
            like(near, TokenType.COLON_EQ, ":="), *item,
        ])  # fmt: skip
    near = tokens[into[0]]
    done.extend([near, like(near, TokenType.PARAMETER, "@"), places[0]])
    return [*done, *tokens[start : into[0]], *tokens[end:]]


def _is_word_token(token: Token) -> bool:
    return token.token_type is TokenType.VAR or token.token_type is TokenType.IDENTIFIER


def _listed_items(tokens: Tokens) -> list[Tokens]:
    """Return what stands between the commas of a list."""
    items: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
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


def parts_of_columns(tokens: Tokens) -> Tokens:
    """``INSERT INTO t (a[1], b.c) …``: parts of columns are taken for the whole."""
    start = next((i for i, t in enumerate(tokens) if t.token_type is TokenType.INSERT), None)
    if start is None or tokens[start + 1 : start + 2] == []:
        return tokens
    opened = name_end(tokens, start + 2)
    closed = group_end(tokens, opened)
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
