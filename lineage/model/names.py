"""Dotted names: from their parts to text, and back.

A part that has a dot (or a slash, or a quote) of its own stands in double quotes where a dotted
name could not be taken apart again without them: ``sales."2024.orders"``. All others are as they
are. A name with a slash outside quotes is a path, and one part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_QUOTED = re.compile(r'["`\[]')
_ODD = re.compile(r'[."`\[/]')
_PART = re.compile(r'"((?:[^"]|"")*)"|`([^`]*)`|\[([^\]]*)\]|([^.]+)')
_PIECE = re.compile(r'"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\]|[^.]+|(?<=\.)(?=\.)|^(?=\.)|(?<=\.)$')
_IN_QUOTES = re.compile(r'(?:^|(?<=[./:]))(?:"(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\])(?=[./:]|$)')


def is_path(name: str) -> bool:
    """Return whether a name is a path: it has a slash that is not in quotes."""
    if "/" not in name:
        return False
    return _QUOTED.search(name) is None or "/" in _IN_QUOTES.sub("", name)


def parts_of(name: str) -> tuple[str, ...]:
    """Return a name's parts, most significant first, without quotes."""
    if is_path(name):
        return (name,)
    if _QUOTED.search(name) is None:
        return tuple(part for part in name.split(".") if part) or (name,)
    return tuple(map(_bare, _PART.finditer(name))) or (name,)


def joined(parts: Sequence[str]) -> str:
    """Return the name that `parts_of` takes apart into ``parts``, with as few quotes as it can."""
    plain = ".".join(parts)
    if not any(map(_ODD.search, parts)) or parts_of(plain) == tuple(parts):
        return plain
    return ".".join(map(_kept, parts))


def plain_name(name: str) -> str:
    """Return a name without the quotes that nothing depends on."""
    if _QUOTED.search(name) is None or is_path(name):
        return name
    pieces = [_bare(found) if (found := _PART.fullmatch(piece)) else piece
              for piece in _PIECE.findall(name)]  # fmt: skip
    return joined(pieces) if all(pieces) else ".".join(map(_kept, pieces))


def owner_and_name(text: str) -> tuple[str, str]:
    """Return what stands before the last dot outside quotes, and the name behind it, unquoted."""
    at = next(starts(text, "."), 0)
    name = text[at:]
    found = _PART.fullmatch(name)
    return text[: max(at - 1, 0)], _bare(found) if found else name


def schema_of(name: str) -> str:
    """Return what stands before a name's last part; nothing, where it has no other."""
    parts = parts_of(name) if '"' in name else tuple(name.split("."))
    return parts[-2] if len(parts) > 1 else ""


def starts(text: str, boundaries: str) -> Iterator[int]:
    """Yield where a suffix of a name may begin, from its end: after a boundary outside quotes."""
    quoted = [found.span() for found in _IN_QUOTES.finditer(text)] if '"' in text else []
    for at in range(len(text) - 1, 0, -1):
        if text[at - 1] in boundaries and not any(first < at < last for first, last in quoted):
            yield at


def _bare(found: re.Match[str]) -> str:
    text = next(group for group in found.groups() if group is not None)
    return text.replace('""', '"') if found[1] is not None else text


def _kept(part: str) -> str:
    """Return a part in quotes, if it needs any."""
    return '"' + part.replace('"', '""') + '"' if _ODD.search(part) else part
