"""The structure of a type name, for the engines that write types the way DuckDB does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
# A member name that is a keyword of the engine is printed in quotes; only those that were seen in
# its output are listed, since the names of members are the only place where it matters.


@dataclass(frozen=True, slots=True)
class Shape:
    """A type taken apart.

    ``id`` is the type's name without parameters. ``children`` are element, key and value, or
    member types; ``names`` the members' names. ``width`` and ``scale`` belong to DECIMAL, ``size``
    to arrays. ``text`` keeps what has no structure here: an ENUM's values or a literal's digits.
    """

    id: str
    children: tuple[Shape, ...] = ()
    names: tuple[str, ...] = ()
    width: int | None = None
    scale: int | None = None
    size: int | None = None
    text: str = ""

    @property
    def nested(self) -> bool:
        """Whether the type has members or elements."""
        return self.id in NESTED


NESTED = frozenset({"LIST", "ARRAY", "STRUCT", "TUPLE", "MAP", "UNION"})
_TOKEN = re.compile(
    r"""\s*(?:("(?:[^"]|"")*")|('(?:[^']|'')*')|([A-Za-z_][\w$]*)|(-?\d+)|(.))""", re.DOTALL
)
_WORDY = {
    "TIMESTAMP": ("WITH TIME ZONE", "WITHOUT TIME ZONE"),
    "TIME": ("WITH TIME ZONE", "WITHOUT TIME ZONE"),
    "DOUBLE": ("PRECISION",),
    "CHARACTER": ("VARYING",),
}


class _Reader:
    """A recursive-descent reader of one type name."""

    def __init__(self, text: str, aliases: dict[str, str]) -> None:
        self.tokens = [
            next((g for g in match.groups() if g is not None), "")
            for match in _TOKEN.finditer(text.strip())
        ]
        self.at = 0
        self.aliases = aliases

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.at += 1
        return token

    def expect(self, token: str) -> None:
        if self.take() != token:
            raise ValueError(token)

    def type(self) -> Shape:
        shape = self.base()
        while self.peek() in {"[", "ARRAY"}:
            if self.take() == "ARRAY":
                shape = Shape("LIST", (shape,))
                continue
            size = self.take()
            if size == "]":
                shape = Shape("LIST", (shape,))
                continue
            self.expect("]")
            shape = Shape("ARRAY", (shape,), size=None if size == "ANY" else int(size))
        return shape

    def base(self) -> Shape:
        word = self.take()
        if word.startswith('"'):
            name = word[1:-1].replace('""', '"')
            return Shape(self.aliases.get(name.upper(), name.upper()))
        if not word or not (word[0].isalpha() or word[0] == "_"):
            raise ValueError(word)
        name = word.upper()
        name = self.words(name)
        if name in {"STRUCT", "ROW", "UNION", "TUPLE"}:
            return self.members("STRUCT" if name == "ROW" else name)
        if name == "MAP":
            return self.map()
        if name == "LAMBDA":
            return self.wrapped("LAMBDA")
        known = self.aliases.get(name, name)
        if known == "DECIMAL":
            return self.decimal()
        if known == "ENUM" and self.peek() == "(":
            return Shape("ENUM", text=self.raw())
        if known == "INTEGER_LITERAL" and self.peek() == "(":
            self.take()
            value = self.take()
            self.expect(")")
            return Shape("INTEGER_LITERAL", text=value)
        if self.peek() == "(":  # VARCHAR(20): a length that the engine ignores
            self.raw()
        return Shape(known)

    def words(self, name: str) -> str:
        for tail in _WORDY.get(name, ()):
            words = tail.split()
            found = [t.upper() for t in self.tokens[self.at : self.at + len(words)]]
            if found == words:
                self.at += len(words)
                return f"{name} {tail}"
        return name

    def members(self, name: str) -> Shape:
        if self.peek() != "(":
            return Shape(name)
        self.take()
        names: list[str] = []
        types: list[Shape] = []
        while self.peek() != ")":
            if name != "TUPLE":
                member = self.take()
                if member.startswith('"'):
                    member = member[1:-1].replace('""', '"')
                names.append(member)
            types.append(self.type())
            if self.peek() == ",":
                self.take()
            elif self.peek() != ")":
                raise ValueError(self.peek())
        self.take()
        return Shape(name, tuple(types), tuple(names))

    def map(self) -> Shape:
        if self.peek() != "(":
            return Shape("MAP")
        self.take()
        key = self.type()
        self.expect(",")
        value = self.type()
        self.expect(")")
        return Shape("MAP", (key, value))

    def wrapped(self, name: str) -> Shape:
        if self.peek() != "(":
            return Shape(name)
        self.take()
        inner = self.type()
        self.expect(")")
        return Shape(name, (inner,))

    def decimal(self) -> Shape:
        if self.peek() != "(":
            return Shape("DECIMAL")
        self.take()
        width = int(self.take())
        scale = 0
        if self.peek() == ",":
            self.take()
            scale = int(self.take())
        self.expect(")")
        return Shape("DECIMAL", width=width, scale=scale)

    def raw(self) -> str:
        parts: list[str] = []
        depth = 0
        while True:
            piece = self.take()
            if not piece:
                raise ValueError(piece)
            depth += (piece == "(") - (piece == ")")
            parts.append(", " if piece == "," else piece)
            if not depth:
                return "".join(parts)


def read(text: str, aliases: dict[str, str]) -> Shape:
    """The structure of a type as written; raises ValueError when it is not a type's name."""
    reader = _Reader(text, aliases)
    shape = reader.type()
    if reader.peek():
        raise ValueError(text)
    return shape


def quoted(name: str, keywords: frozenset[str]) -> str:
    """A member's name as the engine prints it."""
    if _PLAIN_NAME.match(name) and name.lower() not in keywords:
        return name
    return '"' + name.replace('"', '""') + '"'


@lru_cache(maxsize=65536)
def write(shape: Shape, keywords: frozenset[str] = frozenset()) -> str:
    """The canonical name, as the engine prints it."""
    match shape.id:
        case "LIST" if shape.children:
            return write(shape.children[0], keywords) + "[]"
        case "ARRAY" if shape.children:
            size = "ANY" if shape.size is None else str(shape.size)
            return f"{write(shape.children[0], keywords)}[{size}]"
        case "STRUCT" | "UNION" if shape.children:
            members = ", ".join(
                f"{quoted(name, keywords)} {write(child, keywords)}"
                for name, child in zip(shape.names, shape.children, strict=True)
            )
            return f"{shape.id}({members})"
        case "TUPLE" | "MAP" | "LAMBDA" if shape.children:
            inner = ", ".join(write(child, keywords) for child in shape.children)
            return f"{shape.id}({inner})"
        case "DECIMAL" if shape.width is not None:
            return f"DECIMAL({shape.width},{shape.scale})"
        case "ENUM":
            return "ENUM" + shape.text
        case "INTEGER_LITERAL":
            return f"INTEGER_LITERAL({shape.text})"
        case "NULL":
            return '"NULL"'
        case _:
            return shape.id
