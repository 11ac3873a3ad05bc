"""What sqlglot's parser gets wrong and can be mended outside it, each with a test of its name.

Two kinds of mending: of the text, before it is tokenised, without moving a character (positions
must stay true); of the tokens, which keep their positions when they change places.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot.tokenizer_core import Token, TokenType

from lineage.sql.dialect import SPARK
from lineage.sql.repair.pivot import pivot_as_query

TextMend = Callable[[str], str]

_GO = re.compile(r"^([ \t]*)GO([ \t]*(?:\d+[ \t]*)?)(?=\r?$)", re.IGNORECASE | re.MULTILINE)
_TERADATA_SEL = re.compile(r"(?<![\w.\"'])sel(?=\s)", re.IGNORECASE)
_WORD_OPERATOR = re.compile(r"(?<=\s)(eq|ne|gt|ge|lt|le)(?=\s)", re.IGNORECASE)
_WORDS = {"eq": "= ", "ne": "<>", "gt": "> ", "ge": ">=", "lt": "< ", "le": "<="}


def batch_separator(text: str) -> str:
    """T-SQL's ``GO`` on a line of its own ends a batch: read it as a semicolon."""
    return _GO.sub(lambda match: match.group(1) + "; " + " " * len(match.group(2)), text)


def teradata_words(text: str) -> str:
    """Teradata's ``eq``, ``ne``, … are comparison operators."""
    return _WORD_OPERATOR.sub(lambda match: _WORDS[match.group(1).lower()], text)


_LOCKING = re.compile(
    r"""\bLOCK(?:ING)?\s+(?:(?:TABLE|VIEW|DATABASE|ROW)\s+)?(?:[\w."$#]+\s+)?
    (?:FOR|IN)\s+(?:ACCESS|READ|WRITE|SHARE|EXCLUSIVE|CHECKSUM|LOAD\s+COMMITTED)\b
    (?:\s+MODE\b)?(?:\s+NOWAIT\b)?""",
    re.IGNORECASE | re.VERBOSE,
)


def locking_request(text: str) -> str:
    """Teradata's ``LOCKING t FOR ACCESS`` before a statement asks for a lock."""
    if "lock" not in text.lower():
        return text
    return _LOCKING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


_WITHIN = re.compile(r"\bWITHIN(\s+)INTERVAL\s+'[^']*'\s+\w+", re.IGNORECASE)


def match_within(text: str) -> str:
    """Flink's ``MATCH_RECOGNIZE (… WITHIN INTERVAL '1' HOUR …)`` bounds time, and no lineage."""
    if "match_recognize" not in text.lower():
        return text
    return _WITHIN.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


_REPLACE = re.compile(r"(?<![\w.])(OR\s+)?REPLACE(?=\s+INTO\b)", re.IGNORECASE)


def replace_into(text: str) -> str:
    """MySQL's ``REPLACE INTO`` is an INSERT that first makes room."""
    return _REPLACE.sub(lambda match: match.group() if match.group(1) else "INSERT ", text)


_DYNAMIC = re.compile(
    r"""
    \bEXEC(?:UTE)?\s+ (?:
        IMMEDIATE\s+ (?:'(?P<now>(?:[^']|'')*)' | \$\$(?P<now_long>.*?)\$\$) (?:\s+USING\b[^;]*)?
            (?=\s*(?:;|\Z|END\b|\$\$))
      | IMMEDIATE\s+ (?:"{3}(?P<now_double_long>.*?)"{3} | "(?P<now_double>(?!"{2})[^"\\]*)")
            (?:\s+(?:INTO|USING)\b[^;]*)? (?=\s*(?:;|\Z|END\b))
      | (?:sys\.)?sp_executesql\s+ (?:@\w+\s*=\s*)? N?'(?P<named>(?:[^']|'')*)' (?:\s*,[^;\n]*)?
            (?=\s*(?:;|\Z|\n))
      | '(?P<plain>(?:[^']|'')*)' (?=\s*(?:;|\Z))
    )
    | \bEXEC(?:UTE)?\s*\(\s* N?'(?P<called>(?:[^']|'')*)' \s*\)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ROUTINE = re.compile(
    r"""
    (?: \bCREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b (?P<head>[^;$']*?) \bAS\s+
      | (?:(?m:^)|(?<=;))\s*DO\s+(?P<now>LANGUAGE\s+\w+\s+)? )
    (?P<quote>\$\w*\$) (?P<body>.*?) (?P=quote) (?P<tail>[^;]*)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_WRITES = re.compile(r"\b(?:INSERT|UPDATE|MERGE|DELETE|CREATE)\b", re.IGNORECASE)
_LANGUAGE = re.compile(r"\bLANGUAGE\s+'?(\w+)", re.IGNORECASE)


def text_within(text: str) -> str:
    """Statements inside text: what is executed from a literal, the body of a routine that writes.

    All around them becomes blank, so that places stay true. A text that is put together from
    parts stays what it is, and is reported.
    """
    if "$" not in text and "exec" not in text.lower():
        return text
    return _DYNAMIC.sub(_executed, _ROUTINE.sub(_routine, text))


def _executed(match: re.Match[str]) -> str:
    name = match.lastgroup or ""
    inner = match[name]
    quoted = name not in ("now_long", "now_double_long", "now_double")
    start = match.start(name) - match.start()
    end = start + len(inner)
    whole = match.group()
    return _blank(whole[:start]) + (_single(inner) if quoted else inner) + _blank(whole[end:])


def _routine(match: re.Match[str]) -> str:
    whole, body = match.group(), match["body"]
    language = _LANGUAGE.search((match["head"] or match["now"] or "") + match["tail"])
    known = language is None or language[1].lower() in {"sql", "plpgsql"}
    if not known or _WRITES.search(body) is None:
        return whole
    start = match.start("body") - match.start()
    return _parameters(whole[:start]) + body + _blank(whole[start + len(body) :])


_PARAMETERS = re.compile(
    r"(?:FUNCTION|PROCEDURE)\s+[^\s(]+\s*\((?P<listed>[^()]*(?:\([^()]*\)[^()]*)*)\)", re.IGNORECASE
)


def _parameters(head: str) -> str:
    """Return the head of a routine as a declaration of its parameters, and as long as before."""
    found = _PARAMETERS.search(head)
    if found is None or not found["listed"].strip():
        return _blank(head)
    start, end = found.span("listed")
    before = ";DECLARE" + re.sub(r"[^\n]", " ", head[len(";DECLARE") : start])
    if len(before) != start or "\n" in head[: len(";DECLARE")]:
        return _blank(head)
    return before + head[start:end] + _blank(head[end:])


def _blank(text: str) -> str:
    """Return as much white space, the lines kept, with a semicolon in front."""
    return ";" + re.sub(r"[^\n]", " ", text[1:]) if text else ""


def _single(text: str) -> str:
    """Return text with doubled quotes made single, and as long as before."""
    opening = iter(range(len(text)))
    return re.sub("''", lambda _: " '" if next(opening) % 2 == 0 else "' ", text)


_DELIMITER = re.compile(r"^[ \t]*DELIMITER[ \t]+(\S+)[ \t]*$", re.IGNORECASE | re.MULTILINE)


def delimiter(text: str) -> str:
    """MySQL's client ends statements with what ``DELIMITER`` names: read it as a semicolon."""
    lines = list(_DELIMITER.finditer(text)) if "elimiter" in text or "ELIMITER" in text else []
    if not lines:
        return text
    done = [text[: lines[0].start()]]
    for line, after in zip(lines, [*lines[1:], None], strict=True):
        sign = line.group(1)
        inside = text[line.end() : after.start() if after is not None else len(text)]
        done.append(" " * len(line.group()))
        done.append(inside.replace(sign, ";".ljust(len(sign))))
    return "".join(done)


_EXECUTED = re.compile(r"/\*M?!(?:\d{5,6})?(?P<text>.*?)\*/", re.DOTALL)


def executed_comments(text: str) -> str:
    """MySQL runs what stands in ``/*!50001 … */``, as mysqldump writes views and triggers."""
    if "/*!" not in text and "/*M!" not in text:
        return text
    return _EXECUTED.sub(_uncovered, text)


def _uncovered(match: re.Match[str]) -> str:
    start = match.start("text") - match.start()
    return " " * start + match["text"] + "  "


_CLIENT_LINES = {
    "\\": re.compile(r"^\\[a-z!?][^\n]*", re.MULTILINE),
    "!": re.compile(r"^![a-z][^\n]*", re.MULTILINE),
    ":": re.compile(
        r"^:(?:setvar|r|connect|on|out|error|!!)\b[^\n]*", re.MULTILINE | re.IGNORECASE
    ),
    "@": re.compile(r"^@@?\w[^\n;]*(?=\r?$)", re.MULTILINE),
    ".": re.compile(
        r"""^\.(?:logon|logoff|set|if|quit|exit|goto|label|run|export|import|os|remark|repeat|mode
        |headers?|read|open|output|once|timer|echo|bail|nullvalue|separator|width|print|tables
        |schema|changes|load|log|maxrows|cd|shell|system|begin|end)\b[^\n]*""",
        re.MULTILINE | re.IGNORECASE | re.VERBOSE,
    ),
}
"""By the sign that they begin with: lines that a command-line client keeps to itself."""


def _without_lines(sign: str) -> TextMend:
    pattern = _CLIENT_LINES[sign]

    def mend_lines(text: str) -> str:
        if sign not in text:
            return text
        return pattern.sub(lambda match: " " * len(match.group()), text)

    return mend_lines


_STRAIGHT = re.compile(r"(\bSELECT(?:\s+(?:DISTINCT|ALL))?\s+)STRAIGHT_JOIN\b", re.IGNORECASE)
_BRACKET_HINT = re.compile(r"\[\s*(?:NO)?(?:SHUFFLE|CLUSTERED|BROADCAST)\s*\]", re.IGNORECASE)


def impala_hints(text: str) -> str:
    """Impala's ``SELECT STRAIGHT_JOIN a`` and ``[SHUFFLE]`` arrange the work, and name nothing."""
    if "straight_join" in text or "STRAIGHT_JOIN" in text:
        text = _STRAIGHT.sub(lambda match: match.group(1) + " " * len("STRAIGHT_JOIN"), text)
    if "[" in text:
        text = _BRACKET_HINT.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)
    return text


_PSQL, _SNOWSQL, _SQLCMD, _SQLPLUS, _DOTTED = map(_without_lines, "\\!:@.")
_TEXT: dict[str, tuple[TextMend, ...]] = {
    "tsql": (batch_separator, _SQLCMD),
    "mssql": (batch_separator, _SQLCMD),
    "fabric": (batch_separator, _SQLCMD),
    "teradata": (teradata_words, locking_request, _DOTTED),
    "flink": (match_within,),
    "hive": (impala_hints, _SNOWSQL),
    "mysql": (executed_comments, delimiter, replace_into),
    "mariadb": (executed_comments, delimiter, replace_into),
    "doris": (executed_comments, delimiter, replace_into),
    "starrocks": (executed_comments, delimiter, replace_into),
    "singlestore": (executed_comments, delimiter, replace_into),
    "sqlite": (replace_into, _DOTTED),
    "duckdb": (_DOTTED,),
    "postgres": (_PSQL,),
    "redshift": (_PSQL,),
    "vertica": (_PSQL,),
    "greenplum": (_PSQL,),
    "snowflake": (_SNOWSQL,),
    "oracle": (_SQLPLUS,),
}


def table_argument(tokens: list[Token]) -> list[Token]:
    """SQL:2016's ``f(TABLE t, …)``: the word TABLE before an argument says nothing more.

    ``(TABLE t)`` where a query may stand is one.
    """
    kept = []
    for i, token in enumerate(tokens):
        if (
            token.token_type is TokenType.TABLE
            and i
            and tokens[i - 1].token_type in (TokenType.L_PAREN, TokenType.FARROW)
            and i + 1 < len(tokens)
            and tokens[i + 1].token_type in (TokenType.VAR, TokenType.IDENTIFIER)
        ):
            if _is_table_query(tokens, i):
                kept.extend(_selecting(token))
            continue
        kept.append(token)
    return kept


def _selecting(near: Token) -> list[Token]:
    """``TABLE t`` says ``SELECT * FROM t``, which every parser knows."""
    return [
        Token(kind, text, near.line, near.col, near.start, near.end)
        for kind, text in (
            (TokenType.SELECT, "SELECT"),
            (TokenType.STAR, "*"),
            (TokenType.FROM, "FROM"),
        )
    ]


_BEFORE_A_QUERY = frozenset({
    "AS", "IN", "EXISTS", "FROM", "JOIN", "UNION", "ALL", "EXCEPT", "INTERSECT", "MATERIALIZED",
    "ANY", "SOME", "(", ",", "=", "INTO", "VIEW", "DISTINCT",
})  # fmt: skip


def _is_table_query(tokens: list[Token], i: int) -> bool:
    """Return whether ``(TABLE t)`` is a query of its own, and no argument."""
    return i < 2 or tokens[i - 2].text.upper() in _BEFORE_A_QUERY  # noqa: PLR2004 - and a bracket


def partition_in_column_list(tokens: list[Token]) -> list[Token]:
    """Hive's ``INSERT INTO t (a) PARTITION (b) …`` and Flink's ``PARTITION (b = 1) (a)``.

    The columns of PARTITION that get no value there are filled by the query's last columns, so
    they belong at the end of the column list.
    """
    for i, token in enumerate(tokens):
        if token.text.upper() != "PARTITION" or not i or i + 1 >= len(tokens):
            continue
        if tokens[i + 1].token_type is not TokenType.L_PAREN or not _inserting(tokens[:i]):
            continue
        end = _closing(tokens, i + 1)
        if end is None:
            return tokens
        names = _unset(tokens[i + 2 : end])
        if tokens[i - 1].token_type is TokenType.R_PAREN:
            names = _unlisted(names, tokens[:i])
            return [
                *tokens[: i - 1],
                *_listed(names, tokens[i + 1]),
                *tokens[i - 1 : i],
                *tokens[end + 1 :],
            ]
        after = end + 1
        if after < len(tokens) and tokens[after].token_type is TokenType.L_PAREN:
            close = _closing(tokens, after)
            inside = tokens[after + 1].token_type if after + 1 < len(tokens) else None
            if close is not None and inside not in (
                TokenType.SELECT,
                TokenType.WITH,
                TokenType.L_PAREN,
            ):
                names = _unlisted(names, tokens[after:close])
                listed = _listed(names, tokens[i + 1])
                return [*tokens[:i], *tokens[after:close], *listed, *tokens[close:]]
    return tokens


def with_data(tokens: list[Token]) -> list[Token]:
    """``CREATE MATERIALIZED VIEW … WITH [NO] DATA``: when it is filled is not what it says."""
    if not any(token.text.upper() == "MATERIALIZED" for token in tokens):
        return tokens
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        words = [token.text.upper() for token in tokens[place : place + 4]]
        size = 2 if words[1:2] == ["DATA"] else 3 if words[1:3] == ["NO", "DATA"] else 0
        if words[:1] == ["WITH"] and size and (words[size:] or [";"])[0] == ";":
            place += size
            continue
        kept.append(tokens[place])
        place += 1
    return kept


_MANY_JOINS = 10
_ENDS_JOINS = frozenset({
    TokenType.SELECT, TokenType.WHERE, TokenType.GROUP_BY, TokenType.HAVING, TokenType.ORDER_BY,
    TokenType.LIMIT, TokenType.UNION, TokenType.EXCEPT, TokenType.INTERSECT, TokenType.SEMICOLON,
    TokenType.SET, TokenType.L_PAREN, TokenType.R_PAREN,
})  # fmt: skip


def joins_without_condition(tokens: list[Token]) -> list[Token]:
    """Many joins with neither ON nor USING: the parser tries every way to nest them, for ever.

    Each ON belongs to the nearest join before it that has none; a join that is left over is a
    CROSS JOIN, and saying so takes the choice away.
    """
    bare: set[int] = set()
    scopes: list[list[int]] = [[]]

    def close() -> None:
        if len(scopes[-1]) >= _MANY_JOINS:
            bare.update(scopes[-1])
        scopes[-1].clear()

    for i, token in enumerate(tokens):
        kind = token.token_type
        if kind is TokenType.JOIN:
            scopes[-1].append(i)
        elif kind in (TokenType.ON, TokenType.USING) and scopes[-1]:
            scopes[-1].pop()
        elif kind is TokenType.L_PAREN:
            scopes.append([])
        elif kind in _ENDS_JOINS:
            close()
            if kind is TokenType.R_PAREN and len(scopes) > 1:
                scopes.pop()
    while scopes:
        close()
        scopes.pop()
    if not bare:
        return tokens
    plain: list[Token] = []
    for i, token in enumerate(tokens):
        before = tokens[i - 1].token_type if i else None
        if i in bare and before not in (TokenType.CROSS, TokenType.NATURAL, TokenType.ARRAY):
            cross = Token(TokenType.CROSS, "CROSS", token.line, token.col, token.start, token.start)
            plain.append(cross)
        plain.append(token)
    return plain


def _inserting(tokens: list[Token]) -> bool:
    for token in reversed(tokens):
        if token.token_type in (TokenType.SELECT, TokenType.SEMICOLON, TokenType.FROM):
            return False
        if token.token_type is TokenType.INSERT:
            return True
    return False


def _closing(tokens: list[Token], opening: int) -> int | None:
    depth = 0
    for i in range(opening, len(tokens)):
        if tokens[i].token_type is TokenType.L_PAREN:
            depth += 1
        elif tokens[i].token_type is TokenType.R_PAREN:
            depth -= 1
            if not depth:
                return i
    return None


def _unset(tokens: list[Token]) -> list[Token]:
    """Return the names in a PARTITION clause that have no ``= value``."""
    return [
        token
        for i, token in enumerate(tokens)
        if token.token_type is not TokenType.COMMA
        and (i == 0 or tokens[i - 1].token_type is TokenType.COMMA)
        and (i + 1 == len(tokens) or tokens[i + 1].token_type is TokenType.COMMA)
    ]


def _unlisted(names: list[Token], tokens: list[Token]) -> list[Token]:
    """Return the names that a column list does not have already, as Spark's may."""
    known = {token.text.lower() for token in tokens}
    return [name for name in names if name.text.lower() not in known]


def _listed(names: list[Token], near: Token) -> list[Token]:
    listed: list[Token] = []
    for name in names:
        comma = Token(TokenType.COMMA, ",", near.line, near.col, near.start, near.start)
        listed.extend((comma, name))
    return listed


_MYSQLS = frozenset({"mysql", "mariadb", "doris", "starrocks", "singlestore"})
_SECURITY = frozenset({"ALGORITHM", "DEFINER", "SQL"})
_DEFINED = frozenset({"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"})
_MOST_SECURITY = 20


def definer(tokens: list[Token]) -> list[Token]:
    """MySQL's ``CREATE ALGORITHM=MERGE DEFINER=u@h SQL SECURITY INVOKER VIEW``."""
    kept: list[Token] = []
    place = 0
    while place < len(tokens):
        kept.append(tokens[place])
        place += 1
        if kept[-1].token_type is not TokenType.CREATE:
            continue
        start = place
        if [token.text.upper() for token in tokens[place : place + 2]] == ["OR", "REPLACE"]:
            start += 2
        if start < len(tokens) and tokens[start].text.upper() in _SECURITY:
            ahead = range(start, min(start + _MOST_SECURITY, len(tokens)))
            kind = next((i for i in ahead if tokens[i].text.upper() in _DEFINED), None)
            if kind is not None:
                kept.extend(tokens[place:start])
                place = kind
    return kept if len(kept) != len(tokens) else tokens


_PRIORITIES = frozenset({"LOW_PRIORITY", "QUICK", "IGNORE"})


def priority_of_delete(tokens: list[Token]) -> list[Token]:
    """MySQL's ``DELETE LOW_PRIORITY QUICK FROM t``, where the parser sees a table and its alias."""
    kept: list[Token] = []
    skips = False
    for token in tokens:
        skips = token.token_type is TokenType.DELETE or (
            skips and token.text.upper() in _PRIORITIES
        )
        if not skips or token.token_type is TokenType.DELETE:
            kept.append(token)
    return kept if len(kept) != len(tokens) else tokens


def applied(tokens: list[Token]) -> list[Token]:
    """ClickHouse's ``APPLY sum`` and ``APPLY(x -> f(x))`` as ``APPLY(f)``; ``COLUMNS(a, b)``."""
    done: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        done.append(token)
        place += 1
        after = tokens[place] if place < len(tokens) else None
        if after is None:
            break
        if token.text.upper() == "APPLY" and after.token_type is not TokenType.L_PAREN:
            done.extend([_sign(after, TokenType.L_PAREN, "("), after])
            done.append(_sign(after, TokenType.R_PAREN, ")"))
            place += 1
        elif token.text.upper() in ("APPLY", "COLUMNS"):
            end = _closing(tokens, place)
            inside = tokens[place + 1 : end] if end is not None else []
            named = _named_inside(token.text.upper(), inside)
            if end is not None and named is not None:
                done.extend([after, named, tokens[end]])
                place = end + 1
    return done


def _named_inside(word: str, inside: list[Token]) -> Token | None:
    """Return the one token that says as much as what stands in the parentheses."""
    kinds = [token.token_type for token in inside]
    if word == "APPLY" and TokenType.ARROW in kinds:
        body = inside[kinds.index(TokenType.ARROW) + 1 :]
        calls = len(body) > 1 and body[1].token_type is TokenType.L_PAREN
        return body[0] if calls else _sign(inside[0], TokenType.VAR, "lambda")
    listed = all(kind is TokenType.COMMA for kind in kinds[1::2]) and len(kinds) % 2 == 1
    if word == "COLUMNS" and listed and TokenType.STRING not in kinds:
        names = "|".join(re.escape(token.text) for token in inside[::2])
        return _sign(inside[0], TokenType.STRING, f"^({names})$")
    return None


def _sign(near: Token, kind: TokenType, text: str) -> Token:
    return Token(kind, text, near.line, near.col, near.start, near.end)


_TYPES_OF_TERADATA = frozenset({
    "INTEGER", "INT", "BIGINT", "SMALLINT", "BYTEINT", "DECIMAL", "NUMERIC", "FLOAT", "REAL",
    "CHAR", "CHARACTER", "VARCHAR", "DATE", "TIME", "TIMESTAMP", "FORMAT", "TITLE", "NAMED",
    "CASESPECIFIC", "NOT CASESPECIFIC", "UPPERCASE", "DOUBLE", "PRECISION",
})  # fmt: skip
_BEFORE_A_VALUE = frozenset({
    "SELECT", "SEL", "DISTINCT", ",", "(", "=", "<", ">", "<=", ">=", "<>", "+", "-", "*", "/",
    "||", "AND", "OR", "WHERE", "THEN", "ELSE", "WHEN", "BETWEEN", "BY", "ON", "NOT",
})  # fmt: skip


def cast_behind(tokens: list[Token]) -> list[Token]:
    """Teradata's ``a (INTEGER)`` and ``a (DATE, FORMAT 'YYYY')``: a cast, which is no call."""
    done: list[Token] = []
    place = 0
    while place < len(tokens):
        token = tokens[place]
        end = _closing(tokens, place) if token.token_type is TokenType.L_PAREN and done else None
        if end is not None and _is_cast(tokens[place + 1 : end]) and _ends_value(done):
            place = end + 1
            continue
        done.append(token)
        place += 1
    return done if len(done) != len(tokens) else tokens


def _is_cast(inside: list[Token]) -> bool:
    plain = (TokenType.NUMBER, TokenType.STRING, TokenType.COMMA, TokenType.L_PAREN,
             TokenType.R_PAREN)  # fmt: skip
    return (
        bool(inside)
        and inside[0].text.upper() in _TYPES_OF_TERADATA
        and all(
            token.token_type in plain or token.text.upper() in _TYPES_OF_TERADATA
            for token in inside
        )
    )


def _ends_value(done: list[Token]) -> bool:
    """Return whether a name that stands where a value may ends here."""
    start = len(done) - 1
    if done[start].token_type not in (TokenType.VAR, TokenType.IDENTIFIER):
        return False
    while start > 1 and done[start - 1].token_type is TokenType.DOT:
        start -= 2
    return start > 0 and done[start - 1].text.upper() in _BEFORE_A_VALUE


def row_type(tokens: list[Token]) -> list[Token]:
    """Flink's ``ROW<a INT>`` is what others call ``STRUCT<a INT>``."""
    return [
        Token(TokenType.STRUCT, "STRUCT", token.line, token.col, token.start, token.end)
        if token.token_type is TokenType.ROW and follower.token_type is TokenType.LT
        else token
        for token, follower in zip(tokens, [*tokens[1:], tokens[-1]], strict=True)
    ]


def window_function(tokens: list[Token]) -> list[Token]:
    """Spark's ``window(ts, '1 hour')`` and its column: the clause WINDOW has a name behind it."""
    result = list(tokens)
    for place, token in enumerate(tokens):
        if token.token_type is not TokenType.WINDOW:
            continue
        behind = [t.token_type for t in tokens[place + 1 : place + 3]]
        if len(behind) < 2 or behind[1] is not TokenType.ALIAS:  # noqa: PLR2004 - a name and AS
            result[place] = _word(token)
    return result


def _word(token: Token) -> Token:
    return Token(TokenType.VAR, token.text, token.line, token.col, token.start, token.end)


def mended_tokens(tokens: list[Token], dialect: str | None) -> list[Token]:
    """Return the tokens in an order, and without words, that the parser can read."""
    kinds = [token.token_type for token in tokens]
    types = set(kinds)
    if TokenType.TABLE in types:
        tokens = table_argument(tokens)
    if TokenType.VIEW in types:
        tokens = with_data(tokens)
    if TokenType.INSERT in types:
        tokens = partition_in_column_list(tokens)
    if kinds.count(TokenType.JOIN) >= _MANY_JOINS:
        tokens = joins_without_condition(tokens)
    if dialect in SPARK and TokenType.WINDOW in types:
        tokens = window_function(tokens)
    if dialect == "flink" and TokenType.ROW in types and TokenType.LT in types:
        tokens = row_type(tokens)
    if dialect == "clickhouse" and any(t.text.upper() in ("APPLY", "COLUMNS") for t in tokens):
        tokens = applied(tokens)
    if dialect == "teradata":
        tokens = cast_behind(tokens)
    if dialect in _MYSQLS and TokenType.CREATE in types:
        tokens = definer(tokens)
    if dialect in _MYSQLS and TokenType.DELETE in types:
        tokens = priority_of_delete(tokens)
    if dialect == "duckdb" and not types.isdisjoint((TokenType.PIVOT, TokenType.UNPIVOT)):
        tokens = pivot_as_query(tokens)
    return tokens


def mended_text(text: str, dialect: str | None) -> str:
    """Return ``text`` with what the tokenizer cannot read replaced, character for character."""
    text = text_within(text)
    for change in _TEXT.get((dialect or "").lower(), ()):
        text = change(text)
    return text
