"""Text in another encoding than UTF-8, told by its byte order mark and read as UTF-8.

Windows' tools write UTF-16 where nobody asks them to: a redirection of PowerShell, "Unicode" in a
list of encodings. What has no mark is taken as UTF-8.
"""

from __future__ import annotations

import codecs
import io
from typing import Any, BinaryIO

LONGEST = 4
"""Bytes of the longest mark."""

_CHUNK = 1 << 16
# UTF-32's come first: one of them begins as one of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def encoding(first: bytes) -> str | None:
    """Return the encoding that the first bytes of a document name, unless that is UTF-8."""
    return next((name for mark, name in _MARKS if first.startswith(mark)), None)


def utf8(content: bytes) -> bytes:
    """Return a text, or the beginning of one, as UTF-8 without a byte order mark."""
    name = encoding(content)
    if name is None:
        return content.removeprefix(codecs.BOM_UTF8)
    return _recoded(content, _decoder(name), ended=False).removeprefix(codecs.BOM_UTF8)


def text(content: bytes) -> str:
    """Return a text by its byte order mark; bytes that are not of its encoding become U+FFFD."""
    return utf8(content).decode("utf-8", errors="replace")


def is_text(content: bytes) -> bool:
    """Return whether it can be UTF-8: no text has zero bytes, and UTF-16 without a mark does."""
    return b"\0" not in content


UNDECODED = "\ufffd"
"""What stands for bytes that are not of a text's encoding."""
NOT_ALL_TEXT = "not all of it is UTF-8; what is not is shown as U+FFFD: save it as UTF-8"
NO_TEXT = "this is no text in UTF-8, nor in UTF-16 with a byte order mark; save it as UTF-8"


class Recoded(io.RawIOBase):
    """A stream in another encoding, read as UTF-8."""

    def __init__(self, stream: BinaryIO | io.BufferedReader[Any], name: str) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = _decoder(name)
        self._held = b""
        self._ended = False

    def readable(self) -> bool:
        """Return True: that is all it is for."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill `buffer` with what comes next and return how many bytes that are."""
        while not self._held and not self._ended:
            chunk = self._stream.read(_CHUNK)
            self._ended = not chunk
            self._held = _recoded(chunk, self._decoder, ended=self._ended)
        taken = self._held[: len(buffer)]
        self._held = self._held[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def _decoder(name: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(name)("replace")


def _recoded(chunk: bytes, decoder: codecs.IncrementalDecoder, *, ended: bool) -> bytes:
    return decoder.decode(chunk, ended).encode()


__all__ = [
    "LONGEST",
    "NOT_ALL_TEXT",
    "NO_TEXT",
    "UNDECODED",
    "Recoded",
    "encoding",
    "is_text",
    "text",
    "utf8",
]
