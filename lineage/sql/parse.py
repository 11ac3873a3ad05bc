"""Text to syntax trees, statement by statement; what does not parse is kept and says why."""

from __future__ import annotations

import logging
import re
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import ErrorLevel, ParseError, SqlglotError, TokenError
from sqlglot.tokenizer_core import Token, TokenType

from lineage.garbage import uncollected
from lineage.sql.declared import Declared, Trigger, assigned, declared, trigger, without_colons
from lineage.sql.dialect import DIALECTS, SPARK, parser_dialect
from lineage.sql.mend import mended_text, mended_tokens
from lineage.sql.place import SCRIPT
from lineage.sql.repair import repairs
from lineage.sql.repair.administration import administered, looks_after
from lineage.sql.repair.loop import rows_of_loops
from lineage.sql.typing.spark_functions import NAME

# sqlglot warns on standard error whenever it falls back to Command; we report that ourselves.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

T = TypeVar("T")

PARSER_ERRORS = (
    SqlglotError, RecursionError, ValueError, AttributeError, TypeError, IndexError, KeyError,
)  # fmt: skip
_DEEP = 60
_DEEPEST = 5_000
_STACK = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Parsed:
    """One statement. ``tree`` is ``None`` where it did not parse; then ``error`` says why."""

    text: str
    tree: exp.Expr | None
    error: str | None = None
    line: int = 1
    column: int = 1
    """Where the statement starts (or where parsing stopped), counted from 1."""
    certain: bool = False
    """No engine could read it either."""


def with_deep_stack(work: Callable[[], T], text: str) -> T:
    """Run ``work``; on a stack of its own when ``text`` nests so deep that it needs one."""
    return work() if _nesting(text) < _DEEP else on_deep_stack(work)


def on_deep_stack(work: Callable[[], T]) -> T:
    """Run ``work`` in a thread whose stack holds some ten thousand levels."""
    result: list[T] = []
    failure: list[BaseException] = []

    def run() -> None:
        try:
            result.append(work())
        except BaseException as error:  # noqa: BLE001 - carried over to the caller's thread
            failure.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)
    sys.setrecursionlimit(1_000_000)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if failure:
        raise failure[0]
    return result[0]


def _nesting(text: str) -> int:
    """Return how deep parentheses and CASE nest: a cheap upper bound that ignores quotes."""
    lower = text.lower()
    return _brackets(text) + lower.count("case") + lower.count("not")


def _brackets(text: str) -> int:
    """Return how deep brackets alone nest, quoted or not."""
    most = text.count("(") + text.count("[")
    if most < _DEEP // 2:
        return most  # not deep, whatever the order
    depth = deepest = 0
    for bracket in text.encode("utf-8", "replace").translate(None, _NO_BRACKETS):
        if bracket in b"([":
            depth += 1
            deepest = max(deepest, depth)
        elif depth:
            depth -= 1
    return deepest


_NO_BRACKETS = bytes(set(range(256)) - set(b"([)]"))


def parse(text: str, dialect: str | None) -> list[Parsed]:
    """Return the statements of a script, in order. Never raises for bad SQL."""
    if text.count("(") + text.count("[") > _DEEPEST and _brackets(text) > _DEEPEST:
        reason = f"brackets are nested more than {_DEEPEST} deep"
        return [Parsed(text, None, f"does not parse: {reason}")]
    with uncollected():
        return with_deep_stack(lambda: list(_parse(text, dialect)), text)


def _parse(text: str, dialect: str | None) -> Iterator[Parsed]:
    conflict = _CONFLICT.search(text) if "<<<<<<<" in text or ">>>>>>>" in text else None
    if conflict is not None:
        line = text.count("\n", 0, conflict.start()) + 1
        said = "does not parse: a merge conflict was left in it"
        yield Parsed(text, None, said, line, 1, certain=True)
        return
    engine = _engine(parser_dialect(dialect))
    ready = mended_text(text, dialect)
    try:
        tokens = mended_tokens(engine.tokenize(ready), dialect)
    except (TokenError, SqlglotError) as error:
        line, column = _where(error)
        yield Parsed(text, None, f"cannot be split into tokens: {_first_line(error)}", line, column)
        return
    try:
        trees = engine.parser(error_level=ErrorLevel.IMMEDIATE).parse(tokens, ready)
    except PARSER_ERRORS:
        # The parser's own mistakes must not cost the statements around the one at fault.
        yield from _one_by_one(ready, tokens, engine, dialect)
        return
    if any(_opaque(tree) for tree in trees):
        yield from _one_by_one(ready, tokens, engine, dialect)
        return
    for tree in trees:
        if tree is not None:
            tree.meta[SCRIPT] = ready
            yield Parsed(ready, tree, None, *_start(tree))


def _engine(name: str) -> Dialect:
    """Return a dialect of the parser; of Spark's it keeps the names of functions as written."""
    engine = Dialect.get_or_raise(name or None)
    if name in SPARK:
        engine.ORIGINAL_NAME_META_KEY = NAME
    return engine


def _one_by_one(
    text: str, tokens: list[Token], engine: Dialect, dialect: str | None
) -> Iterator[Parsed]:
    loops: dict[str, list[Token]] = {}
    within = False
    for chunk in _chunks(tokens):
        head = trigger(chunk)
        if head is not None:
            yield _trigger(head, text, chunk, engine)
            chunk = chunk[head.body :]  # noqa: PLW2901 - what the trigger does
        chunk = without_colons(chunk)  # noqa: PLW2901
        if not chunk:
            continue
        found = declared(_opened(chunk, engine, _DECLARES), within=within)
        within = found.goes_on
        if found.items or found.opens:
            yield _declaration(found, text, chunk, engine)
        if not found.all:
            yield from _chunk(text, rows_of_loops(chunk, loops), engine, dialect)


def _declaration(found: Declared, text: str, chunk: list[Token], engine: Dialect) -> Parsed:
    """Return what procedural text declares as a statement of its own."""
    items = [
        exp.DeclareItem(this=[exp.to_identifier(name.text)], default=_value(value, text, engine))
        for name, value in found.items
    ]
    tree = exp.Declare(expressions=items)
    tree.meta["opens"] = found.opens
    if found.returns:
        near = found.returns[0]
        head = Token(TokenType.DECLARE, "DECLARE", near.line, near.col, near.start, near.start)
        made, _ = _attempt([head, *found.returns], text, engine)
        tree.set("expressions", [*items, *(made[0].expressions if made and made[0] else ())])
        tree.meta["returns"] = (found.name, found.arguments, "@" + found.returns[1].text)
    return Parsed(text, tree, None, chunk[0].line, 1)


def _trigger(head: Trigger, text: str, chunk: list[Token], engine: Dialect) -> Parsed:
    """Return the head of a trigger as a declaration: its table's rows have names from here on."""
    near = head.table[0]
    words = [
        Token(kind, word, near.line, near.col, near.start, near.start)
        for kind, word in (
            (TokenType.SELECT, "SELECT"),
            (TokenType.STAR, "*"),
            (TokenType.FROM, "FROM"),
        )
    ]
    trees, _ = _attempt([*words, *head.table], text, engine)
    tree = exp.Declare(expressions=[])
    tree.meta["opens"] = True
    tree.meta["trigger"] = trees[0].find(exp.Table) if trees and trees[0] is not None else None
    return Parsed(text, tree, None, chunk[0].line, 1)


def _assignment(chunk: list[Token], text: str, engine: Dialect) -> exp.Expr | None:
    """Return ``x := …`` as SET."""
    found = assigned(chunk)
    if found is None:
        return None
    place, tokens = found
    value = _value(tokens, text, engine)
    if value is None:
        return None
    of_row = len(place) > 2 and place[1].token_type is TokenType.DOT  # noqa: PLR2004 - NEW, dot, name
    name = exp.column(place[2].text, table=place[0].text) if of_row else exp.column(place[0].text)
    pair = exp.EQ(this=name, expression=value)
    return exp.Set(expressions=[exp.SetItem(this=pair)])


def _value(tokens: list[Token], text: str, engine: Dialect) -> exp.Expr | None:
    """Return an expression, read as that of a SELECT list."""
    if not tokens:
        return None
    first = tokens[0]
    head = Token(TokenType.SELECT, "SELECT", first.line, first.col, first.start, first.start)
    trees, error = _attempt([head, *tokens], text, engine)
    if error is not None or len(trees) != 1 or not isinstance(trees[0], exp.Select):
        return None
    return trees[0].expressions[0] if trees[0].expressions else None


def _chunk(text: str, chunk: list[Token], engine: Dialect, dialect: str | None) -> Iterator[Parsed]:
    piece = text[chunk[0].start : chunk[-1].end + 1]
    line, column = chunk[0].line, max(1, chunk[0].col - (chunk[0].end - chunk[0].start))
    trees, error = _attempt(chunk, text, engine)
    if error is None and _whole(trees):
        yield from _parsed(trees, text, piece, line, column)
        return
    chunk = _opened(chunk, engine)
    for anew in repairs(chunk):
        again, failure = _attempt(anew, text, engine)
        if failure is None and _whole(again):
            yield from _parsed(again, text, piece, line, column)
            return
    end = administered(chunk)
    if end:
        if chunk[0].text.upper() in _SHOWS:  # its rows are the last that there were
            yield Parsed(piece, exp.Command(this=chunk[0].text), None, line, column)
        if end < len(chunk):
            yield from _chunk(text, chunk[end:], engine, dialect)
        return
    assignment = _assignment(chunk, text, engine)
    if assignment is not None:
        yield Parsed(piece, assignment, None, line, column)
        return
    piped = any(token.token_type is TokenType.PIPE_GT for token in chunk)
    pieces = [chunk] if piped else list(_procedural(chunk))
    if pieces and pieces != [chunk]:
        if _is_stray(chunk, pieces[0][0]):
            at = chunk[0]
            said = f'does not parse: Invalid expression / Unexpected token near "{at.text}"'
            yield Parsed(text[at.start : pieces[0][0].start], None, said, line, column)
        for part in pieces:
            yield from _chunk(text, part, engine, dialect)
        return
    if not pieces and _is_control(chunk):
        return
    for other in _RELATIVES.get(parser_dialect(dialect), ()):
        relative = _engine(other)
        try:
            found, failed = _attempt(
                mended_tokens(relative.tokenize(piece), other), piece, relative
            )
        except SqlglotError:
            continue  # what is a token differs, too
        if failed is None and not any(_opaque(tree) for tree in found):
            yield from _parsed(found, piece, piece, line, column)
            return
    if error is None:
        for tree in trees:
            if isinstance(tree, exp.Command):
                tree.update_positions(chunk[0])
        yield from _parsed(trees, text, piece, line, column)
        return
    if isinstance(error, ParseError):
        at_line, at_column = _where(error)
        line, column = at_line or line, at_column or column
    yield Parsed(piece, None, f"does not parse: {_first_line(error)}", line, column)


def _parsed(
    trees: list[exp.Expr | None], script: str, piece: str, line: int, column: int
) -> Iterator[Parsed]:
    for tree in trees:
        if tree is not None:
            tree.meta[SCRIPT] = script
            yield Parsed(piece, tree, None, line, column)


_RELATIVES: dict[str, tuple[str, ...]] = {
    "": ("databricks", "postgres", "tsql"),
    "hive": ("spark",),
    "spark": ("databricks",),
    "redshift": ("postgres",),
    "mysql": ("mariadb",) if "mariadb" in DIALECTS else (),
}
"""Dialects that are asked when the one that was named cannot read a statement."""


def _attempt(
    chunk: list[Token], text: str, engine: Dialect
) -> tuple[list[exp.Expr | None], Exception | None]:
    try:
        return engine.parser(error_level=ErrorLevel.IMMEDIATE).parse(chunk, text), None
    except PARSER_ERRORS as error:
        return _own_functions(chunk, text, engine, error)


_ARITY = re.compile(r"keyword: .* missing for <class|number of provided arguments")
_OWN = "\x1f"
_MOST_OWN = 16


def _own_functions(
    chunk: list[Token], text: str, engine: Dialect, error: Exception
) -> tuple[list[exp.Expr | None], Exception | None]:
    """Read a statement again whose functions have other arguments than the parser's of that name.

    Somebody's own ``split(a)`` is another function, whatever the parser knows of ``SPLIT``.
    """
    failure = error
    for _ in range(_MOST_OWN):
        renamed = _renamed_call(chunk, failure)
        if renamed is None:
            break
        chunk = renamed
        try:
            trees = engine.parser(error_level=ErrorLevel.IMMEDIATE).parse(chunk, text)
        except PARSER_ERRORS as next_error:
            failure = next_error
            continue
        for tree in trees:
            for call in tree.find_all(exp.Anonymous) if tree is not None else ():
                call.set("this", call.name.rstrip(_OWN))
        return trees, None
    return [], error


def _renamed_call(chunk: list[Token], error: Exception) -> list[Token] | None:
    """Give the function whose arguments are at fault a name that the parser does not know."""
    if not isinstance(error, ParseError) or not error.errors:
        return None
    told = error.errors[0]
    if _ARITY.search(str(told.get("description"))) is None:
        return None
    place = (told.get("line"), told.get("col"))
    end = next((i for i, t in enumerate(chunk) if (t.line, t.col) == place), None)
    if end is None or chunk[end].token_type is not TokenType.R_PAREN:
        return None
    depth = 0
    for i in range(end, 0, -1):
        kind = chunk[i].token_type
        depth += (kind is TokenType.R_PAREN) - (kind is TokenType.L_PAREN)
        if not depth:
            name = chunk[i - 1]
            word = name.text.replace("_", "a")
            if not word.isalnum() or name.text.upper() in _NO_FUNCTIONS:
                return None
            own = Token(TokenType.VAR, name.text + _OWN, name.line, name.col, name.start, name.end)
            return [*chunk[: i - 1], own, *chunk[i:]]
    return None


_NO_FUNCTIONS = frozenset({
    "CAST", "CASE", "IN", "AND", "OR", "NOT", "VALUES", "SELECT", "FROM", "WHERE", "ON", "BY",
    "OVER", "AS", "USING", "INTO", "TABLE", "THEN", "WHEN", "ELSE", "SET", "EXISTS", "UNION",
    "ALL", "DISTINCT", "JOIN", "HAVING", "LIKE", "BETWEEN", "INTERVAL",
})  # fmt: skip


def _whole(trees: list[exp.Expr | None]) -> bool:
    """Return whether the parser understood all of a statement, and did not cut it in two."""
    found = [tree for tree in trees if tree is not None]
    cut = len(found) > 1 and isinstance(found[0], exp.Insert) and found[0].expression is None
    return bool(found) and not cut and not any(_opaque(tree) for tree in found)


def _opened(
    chunk: list[Token], engine: Dialect, words: frozenset[str] | None = None
) -> list[Token]:
    """Split the text into tokens that the tokenizer left whole behind a word such as BEGIN."""
    words = words or _KEPT_AS_TEXT
    while len(chunk) > 1:
        head, whole = chunk[-2:]
        if whole.token_type is not TokenType.STRING or (
            whole.end - whole.start >= len(whole.text)  # it has quotes: a string of its own
        ):
            return chunk
        word = head.text.upper()
        known = word in words or (
            (word in _CONTROL or looks_after(word)) and _STATEMENT_BELOW.search(whole.text)
        )
        if not known:
            return chunk
        try:
            inside = engine.tokenize(whole.text)
        except SqlglotError:
            return chunk
        chunk = [*chunk[:-1], *_moved(inside, head, whole)]
    return chunk


def _moved(tokens: list[Token], head: Token, whole: Token) -> list[Token]:
    """Return the tokens of a text, ``whole``, that stands behind ``head`` with their places."""
    start = whole.end + 1 - len(whole.text)
    line = whole.line - whole.text.count("\n")
    beside = head.col + start - head.end - 1 if line == head.line else 0
    return [
        Token(
            token.token_type, token.text, line + token.line - 1,
            token.col + (beside if token.line == 1 else 0), start + token.start, start + token.end,
        )
        for token in tokens
    ]  # fmt: skip


def _opaque(tree: exp.Expr | None) -> bool:
    """Return whether the parser gave up on a statement, or read a body of several.

    Of a body it may lose what stands without a semicolon, so that is cut at the words that begin
    a statement. A bare expression is what it makes of a word such as ELSEIF.
    """
    if isinstance(tree, exp.Create):
        body, kind = tree.expression, str(tree.args.get("kind")).upper()
        if kind == "PROCEDURE":
            return not isinstance(body, exp.DML | exp.Merge | exp.Query)
        return isinstance(body, exp.Block | exp.IfBlock | exp.WhileBlock | exp.DML) or any(
            isinstance(command.parent, exp.Create) for command in tree.find_all(exp.Command)
        )
    if isinstance(tree, exp.Alias):
        return isinstance(tree.this, exp.Condition)
    return isinstance(
        tree,
        exp.Command | exp.Block | exp.IfBlock | exp.WhileBlock | exp.EndStatement | exp.Condition,
    ) and not isinstance(tree, exp.Query)


def _is_stray(chunk: list[Token], first: Token) -> bool:
    """Return whether something stands before the first statement that is no procedural text."""
    return chunk[0] is not first and not _is_control(chunk) and not _creates_routine(chunk, 0)


def _is_control(chunk: list[Token]) -> bool:
    """Return whether a piece of procedural text carries no lineage: END, assignments, headers."""
    words = [token.text.upper() for token in chunk[:12]]
    return (
        words[0] in _CONTROL
        or (words[0] == "WITH" and words[1:2] in (["FUNCTION"], ["PROCEDURE"]))
        or words[0] in ("PROCEDURE", "FUNCTION")
        or words[1:2] == ["CURSOR"]
        or any(token.text in (":=", ":") for token in chunk[:3])
        or (
            words[0] in ("CREATE", "ALTER")
            and any(w in ("PROCEDURE", "FUNCTION", "PACKAGE", "TRIGGER", "PROC") for w in words)
        )
    )


def _chunks(tokens: list[Token]) -> Iterator[list[Token]]:
    chunk: list[Token] = []
    for token in tokens:
        if token.token_type is TokenType.SEMICOLON:
            if chunk:
                yield chunk
            chunk = []
        elif chunk or token.token_type is not TokenType.SLASH:
            # SQL*Plus runs a block at a line with a slash, and no statement begins with one.
            chunk.append(token)
    if chunk:
        yield chunk


_CONFLICT = re.compile(r"^(?:<{7}|>{7}) \S", re.MULTILINE)
"""What git writes into a file where it could not merge; no dialect begins a line so."""
_STARTS = frozenset(
    {"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "DROP", "ALTER", "WITH", "EXEC", "EXECUTE"}
)
_ENDED_BY_SELECT = frozenset(
    {"DELETE", "UPDATE", "TRUNCATE", "DROP", "EXEC", "EXECUTE", "DECLARE", "SET"}
)
_STATEMENT_BELOW = re.compile(
    r"\n\s*(?:INSERT|MERGE|UPDATE|DELETE|CREATE|SELECT|WITH|TRUNCATE|DROP|ALTER)\s", re.IGNORECASE
)
_DECLARES = frozenset({"DECLARE", "BEGIN"})
_KEPT_AS_TEXT = frozenset({
    "BEGIN", "WHILE", "LOOP", "EXCEPTION", "FOR", "REPEAT", "EXECUTE", "PREPARE", "IF", "ELSE",
    "ELSEIF", "ELSIF", "END", "TRY", "CATCH", "THEN", "DO", "WHEN",
    "RENAME", "EXCHANGE", "UPDATE", "REPLACE",
})  # fmt: skip
"""Words that may stand before a statement, and whose line a tokenizer may leave unread."""
_SHOWS = frozenset({"SHOW", "DESCRIBE", "DESC", "LIST"})
_ROUTINE_OPTIONS = frozenset({
    "RECOMPILE", "ENCRYPTION", "EXECUTE", "EXEC", "SCHEMABINDING", "NATIVE_COMPILATION", "NOWAIT",
    "LOG", "SETERROR", "FUNCTION", "PROCEDURE",
})  # fmt: skip
_CONTROL = frozenset({
    "BEGIN", "END", "TRY", "CATCH", "GO", "IF", "ELSE", "ELSIF", "ELSEIF", "THEN", "WHILE", "LOOP",
    "DO", "DECLARE", "SET", "PRINT", "RETURN", "THROW", "RAISERROR", "COMMIT", "ROLLBACK",
    "EXCEPTION", "WHEN", "OPEN", "FETCH", "CLOSE", "DEALLOCATE", "FOR", "TRANSACTION", "TRAN",
    "EXIT", "CONTINUE", "RAISE", "LEAVE", "ITERATE", "SIGNAL",
})  # fmt: skip
"""Words of procedural SQL that start or end something that is not a statement of its own."""


_QUERIES = frozenset({"SELECT", "WITH", "INSERT", "CREATE"})
_UNFINISHED = frozenset({
    ",", ".", "=", "<", ">", "<=", ">=", "<>", "!=", "+", "-", "/", "||", "AND", "OR", "NOT", "AS",
    "BY", "SELECT", "DISTINCT", "FROM", "JOIN", "ON", "WHERE", "HAVING", "IN", "LIKE",
})  # fmt: skip
"""After these a query is not over, so a word such as IF is a function or a name there."""


def _procedural(chunk: list[Token]) -> Iterator[list[Token]]:
    """Cut procedural text, where statements need no semicolon, at the words that begin one.

    What stands between (conditions, declarations, messages) carries no lineage and is left out.
    """
    depth = 0
    piece: list[Token] = []
    keeping = False
    previous = ""
    head = ""
    cases = 0
    for position, token in enumerate(chunk):
        word = token.text.upper()
        kind = token.token_type
        if kind is TokenType.L_PAREN:
            depth += 1
        elif kind is TokenType.R_PAREN:
            depth = max(0, depth - 1)
        plain = depth == 0 and kind not in (TokenType.STRING, TokenType.IDENTIFIER)
        starts = plain and _begins(word, previous, head, keeping=keeping)
        if word == "EXECUTE" and starts and position + 1 < len(chunk):
            starts = chunk[position + 1].text.upper() != "AS"
        if word == "WITH" and starts and position + 1 < len(chunk):
            starts = chunk[position + 1].text.upper() not in _ROUTINE_OPTIONS
        if word in ("CREATE", "ALTER") and starts:
            starts = not _creates_routine(chunk, position)
        if word == "DECLARE" and plain:  # T-SQL's table variable
            after = [token.text.upper() for token in chunk[position + 1 : position + 9]]
            starts = "TABLE" in after[:4] or ("SELECT" in after and after[0] == "@")
        if word == "SET" and plain and _fills_variable(chunk, position):
            starts = head not in ("UPDATE", "MERGE") or "SET" in map(_upper, piece)
        ends = (
            plain
            and not starts
            and word in _CONTROL
            and not (head in _QUERIES and previous in _UNFINISHED)
            and not (head == "MERGE" and word in ("WHEN", "THEN", "SET"))
            and not (head == "UPDATE" and word == "SET")
            and not (word == "IF" and previous in ("TABLE", "VIEW", "SCHEMA", "INDEX", "COLUMN"))
            and not (word in ("WHEN", "THEN", "ELSE", "END") and cases > 0)
        )
        if starts:
            if piece and keeping:
                yield piece
            piece, keeping, head, cases = [token], True, word, 0
        elif ends:
            if piece and keeping:
                yield piece
            piece, keeping, head, cases = [], False, "", 0
        elif keeping:
            piece.append(token)
            cases += (word == "CASE") - (word == "END")
        previous = word
    if piece and keeping:
        yield piece


def _upper(token: Token) -> str:
    return token.text.upper()


def _fills_variable(chunk: list[Token], position: int) -> bool:
    """Return whether SET begins T-SQL's ``SET @x = (SELECT …)``."""
    after = chunk[position + 1 : position + 6]
    named = bool(after) and after[0].token_type is TokenType.PARAMETER
    if [token.text.upper() for token in after[:2]] == ["NEW", "."]:
        return True  # a column of the row, in a trigger of MySQL's
    return named and any(token.token_type in (TokenType.SELECT, TokenType.EQ) for token in after)


def _begins(word: str, previous: str, head: str, *, keeping: bool) -> bool:
    """Return whether a word begins a statement, where ``head`` began the one before it."""
    if word in _STARTS:
        clause = word in ("UPDATE", "DELETE", "INSERT") and previous in ("THEN", "FOR", "ON")
        if clause and head == "MERGE":
            return False
        if word == "WITH":
            return previous in _CONTROL or not keeping
        return head != "WITH"
    if word == "SELECT":
        # A cursor's query, or a loop's, is read by what stands in the loop.
        return (not keeping or head in _ENDED_BY_SELECT) and previous not in ("FOR", "IN", "IS")
    return word == "CREATE" and previous != "OR"


def _creates_routine(chunk: list[Token], position: int) -> bool:
    """Return whether CREATE begins a procedure or the like, whose statements come later."""
    words = [token.text.upper() for token in chunk[position + 1 : position + 6]]
    return any(word in ("PROCEDURE", "PROC", "FUNCTION", "PACKAGE", "TRIGGER") for word in words)


def _start(tree: exp.Expr) -> tuple[int, int]:
    for item in tree.walk():
        meta = item._meta  # noqa: SLF001 - .meta would create an empty dict on every node
        if meta and "line" in meta:
            return (meta["line"], 1)
    return (1, 1)


def _where(error: Exception) -> tuple[int, int]:
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        # Like all of sqlglot's columns it is that of the last character.
        back = max(0, len(first.get("highlight") or "") - 1)
        return (first.get("line") or 0, max(1, (first.get("col") or 0) - back))
    found = re.search(r"[Ll]ine:?\s*(\d+).*?[Cc]ol(?:umn)?:?\s*(\d+)", str(error))
    return (int(found.group(1)), int(found.group(2))) if found else (1, 1)


def _first_line(error: Exception) -> str:
    if isinstance(error, ParseError) and error.errors:
        first = error.errors[0]
        near = first.get("highlight")
        said = re.sub(r"<Token .*? text: (.*?), line: .*", r"\1", str(first.get("description")))
        said = re.sub(r"^Required keyword: .* missing for <class .*", "something is missing", said)
        return said + (f' near "{near}"' if near else "")
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    text = str(error).strip().splitlines()
    return re.sub(r"\x1b\[[0-9;]*m", "", text[0]) if text else type(error).__name__
