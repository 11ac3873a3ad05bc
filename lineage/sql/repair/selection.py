"""Clauses of queries, said as the parser knows them."""

from __future__ import annotations

import re
from itertools import pairwise

from sqlglot.tokenizer_core import TokenType

from lineage.sql.repair.token import (
    CLOSING,
    OPENING,
    Tokens,
    first_words,
    group_end,
    like,
    name_end,
    opener_of,
    word_of,
)

_SELECT_HINTS = frozenset({
    "STRAIGHT_JOIN", "SQL_CALC_FOUND_ROWS", "HIGH_PRIORITY", "SQL_NO_CACHE", "SQL_CACHE",
    "SQL_SMALL_RESULT", "SQL_BIG_RESULT", "SQL_BUFFER_RESULT",
})  # fmt: skip


def sorted_groups(tokens: Tokens) -> Tokens:
    """MySQL's ``GROUP BY a DESC``, which sorted, too."""
    done: Tokens = []
    depth = 0
    within: int | None = None
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
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
            done.append(like(token, TokenType.L_PAREN, "(") if escape else token)
        elif token.token_type is TokenType.R_BRACE and opened and opened.pop():
            done.append(like(token, TokenType.R_PAREN, ")"))
        else:
            done.append(token)
    return done if len(done) != len(tokens) else tokens


_ESCAPES = frozenset({"OJ", "FN", "D", "T", "TS"})


def columns_of_json(tokens: Tokens) -> Tokens:
    """``JSON_TABLE(… COLUMNS (a INT EXISTS PATH '$.a', b INT PATH '$.b' NULL ON EMPTY))``."""
    if "JSON_TABLE" not in map(word_of, tokens):
        return tokens
    done: Tokens = []
    end = i = 0
    while i < len(tokens):
        words = [token.text.upper() for token in tokens[i : i + 4]]
        if words[0] == "JSON_TABLE":
            end = group_end(tokens, i + 1)
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
            return end_of_query([*tokens[: i + 2], *tokens[group_end(tokens, i + 3) :]])
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
        return place_of_a_table([*tokens[:i], *tokens[name_end(tokens, i + 1) :]])
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
            return model_clause([*tokens[:i], *tokens[group_end(tokens, start) :]])
    return tokens


_AFTER_MODEL = ("PARTITION", "DIMENSION", "RETURN", "IGNORE", "KEEP", "UNIQUE", "REFERENCE", "MAIN")


def partitioned_argument(tokens: Tokens) -> Tokens:
    """``SESSION(TABLE t PARTITION BY k, …)`` and ``f(TABLE(t) PARTITION BY k ORDER BY s)``."""
    for i, token in enumerate(tokens):
        if token.token_type is not TokenType.PARTITION_BY:
            continue
        opener = opener_of(tokens, i)
        inside = tokens[opener + 1 : i] if opener is not None else []
        if opener is None or not inside or opener == 0:
            continue
        if tokens[opener - 1].text.upper() in ("OVER", "MATCH_RECOGNIZE", "AS"):
            continue
        end = group_end(tokens, i + 1)
        if end == i + 1:
            end = name_end(tokens, i + 1)
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
            done[-1] = like(done[-1], TokenType.PLACEHOLDER, "?")
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
        like(token, TokenType.VAR, token.text) if i in found else token
        for i, token in enumerate(tokens)
    ]


def settings(tokens: Tokens) -> Tokens:
    """MySQL's ``SET @x = 1, @y = 2``: each for itself."""
    if first_words(tokens, 1) != ["SET"] or tokens[1:2] == [] or tokens[1].text != "@":
        return tokens
    done: Tokens = []
    depth = 0
    for token, after in pairwise([*tokens, tokens[-1]]):
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if token.token_type is TokenType.COMMA and not depth and after.text == "@":
            done.extend([like(token, TokenType.SEMICOLON, ";"), like(token, TokenType.SET, "SET")])
        else:
            done.append(token)
    return done if len(done) != len(tokens) else tokens


def compound_assignment(tokens: Tokens) -> Tokens:
    """T-SQL's ``SET a += b``, and ``SET @v = a = b``, which also fills a variable."""
    if not any(word == "UPDATE" for word in first_words(tokens, 1)):
        return tokens
    done: Tokens = []
    start = 0
    depth = 0
    changed = False
    for i, token in enumerate(tokens):
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
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
            *done, tokens[start], like(near, TokenType.SELECT, "SELECT"),
            like(near, TokenType.STAR, "*"), like(near, kinds.get(listed, TokenType.VAR), listed),
            like(near, TokenType.L_PAREN, "("),
            *(_named_values(inside) if listed == "REPLACE" else inside),
            like(near, TokenType.R_PAREN, ")"),
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
                done.extend([*part[2:], like(part[1], TokenType.ALIAS, "AS"), part[0]])
            done.extend(tokens[i : i + 1])
            start = i + 1
        else:
            depth += (tokens[i].token_type in OPENING) - (tokens[i].token_type in CLOSING)
    return done


def sample_of_query(tokens: Tokens) -> Tokens:
    """Spark's ``(query) TABLESAMPLE (…) AS t``: the name first, as the parser wants it."""
    found = tokens
    for i in range(len(tokens) - 2, 0, -1):
        sampled = tokens[i].token_type is TokenType.TABLE_SAMPLE
        if not sampled or tokens[i - 1].token_type is not TokenType.R_PAREN:
            continue
        end = group_end(found, i + 1)
        named = found[end : end + 1]
        stop = end + 1 + bool(named and named[0].token_type is TokenType.ALIAS)
        name = found[stop - 1 : stop]
        if name and name[0].token_type in (TokenType.VAR, TokenType.IDENTIFIER):
            found = [*found[:i], *found[end:stop], *found[i:end], *found[stop:]]
    return found


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
        end = group_end(tokens, i + 1)
        if tokens[i].text.upper() not in ("ROLLUP", "CUBE") or end <= i + 3:
            i += 1
            continue
        done.append(tokens[i + 1])
        for item in _items(tokens[i + 2 : end - 1]):
            near = item[0]
            whole = near.token_type is TokenType.L_PAREN and group_end(item, 0) == len(item)
            opening = () if whole else (like(near, TokenType.L_PAREN, "("),)
            closing = () if whole else (like(near, TokenType.R_PAREN, ")"),)
            comma = () if done[-1] is tokens[i + 1] else (like(near, TokenType.COMMA, ","),)
            done.extend((*comma, *opening, *item, *closing))
        done.append(tokens[end - 1])
        i = end
    return done if len(done) != len(tokens) else tokens


def _items(tokens: Tokens) -> list[Tokens]:
    """Return what commas part, outside parentheses."""
    found: list[Tokens] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.token_type in OPENING) - (token.token_type in CLOSING)
        if not depth and token.token_type is TokenType.COMMA:
            found.append([])
        else:
            found[-1].append(token)
    return [item for item in found if item]
