"""The bytes of an index: a checksummed header, then aligned sections that are used in place.

    magic 8 · version u32 · header length u32 · header crc32 u32 · 0 u32 · header (JSON) · sections

Everything is little-endian. The header holds, for each section, its offset, its length in bytes,
its crc32 and its item type, and whatever the builder wants to remember (counts, the state of the
store that it was built from). A file is written once and never changed: a new state is a new file.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from array import array
from collections.abc import Mapping
from typing import TypeAlias

from lineage.errors import BadIndex

MAGIC = b"LINEAGE\x00"
VERSION = 2
ALIGNMENT = 8
_PREFIX = struct.Struct("<8sIIII")
WIDTHS = {"i": 4, "q": 8, "B": 1}

Section: TypeAlias = "array[int] | bytes"


def pack(sections: Mapping[str, Section], meta: Mapping[str, object]) -> bytes:
    """Return the bytes of an index. Equal input gives equal bytes."""
    bodies: list[tuple[str, str, bytes]] = []
    for name, section in sections.items():
        if isinstance(section, bytes):
            bodies.append((name, "B", section))
        else:
            if section.itemsize != WIDTHS[section.typecode]:  # pragma: no cover - exotic platforms
                msg = f"integers of type {section.typecode} are {section.itemsize} bytes here"
                raise BadIndex(msg)
            if sys.byteorder == "big":  # pragma: no cover - no such machine at hand
                section = array(section.typecode, section)  # noqa: PLW2901 - the caller keeps its own
                section.byteswap()
            bodies.append((name, section.typecode, section.tobytes()))
    table: dict[str, list[object]] = {}
    offset = 0
    for name, code, body in bodies:
        table[name] = [code, offset, len(body), zlib.crc32(body)]
        offset += -(-len(body) // ALIGNMENT) * ALIGNMENT
    header = _header({"sections": table, "size": offset, "meta": dict(meta)})
    packed = bytearray(header)
    for _, _, body in bodies:
        packed += body
        packed += b"\x00" * (-len(body) % ALIGNMENT)
    return bytes(packed)


def remember(packed: bytes, meta: Mapping[str, object]) -> bytes:
    """Return the same index with more in its memory."""
    _, _, length, _, _ = _PREFIX.unpack_from(packed)
    start = _PREFIX.size + length
    header = json.loads(packed[_PREFIX.size : start])
    header["meta"] |= meta
    return _header(header) + packed[start:]


def _header(content: Mapping[str, object]) -> bytes:
    text = json.dumps(content, ensure_ascii=True, separators=(",", ":")).encode()
    text += b" " * (-(_PREFIX.size + len(text)) % ALIGNMENT)
    return _PREFIX.pack(MAGIC, VERSION, len(text), zlib.crc32(text), 0) + text


def unpack(buffer: memoryview) -> tuple[dict[str, memoryview], dict[str, object]]:
    """Return the sections, as views into ``buffer``, and what the builder remembered.

    Raises BadIndex when the bytes are not an index, are another version's, or are cut short. The
    sections' own checksums are left to `verify`: reading them all would make a cold answer wait.
    """
    if sys.byteorder == "big":  # pragma: no cover - no such machine at hand
        msg = "it is little-endian and this machine is not"
        raise BadIndex(msg)
    if len(buffer) < _PREFIX.size:
        msg = "it is too short"
        raise BadIndex(msg)
    magic, version, length, checksum, _ = _PREFIX.unpack_from(buffer)
    if magic != MAGIC:
        msg = "it is another kind of file"
        raise BadIndex(msg)
    if version != VERSION:
        msg = f"it has version {version}, and this is made for version {VERSION}"
        raise BadIndex(msg)
    raw = bytes(buffer[_PREFIX.size : _PREFIX.size + length])
    if zlib.crc32(raw) != checksum:
        msg = "its header is damaged"
        raise BadIndex(msg)
    header = json.loads(raw)
    start = _PREFIX.size + length
    if len(buffer) < start + header["size"]:
        msg = "it is cut short"
        raise BadIndex(msg)
    sections = {}
    for name, (code, offset, size, _) in header["sections"].items():
        view = buffer[start + offset : start + offset + size]
        sections[name] = view if code == "B" else view.cast("B").cast(code)
    return sections, header["meta"]


def verify(buffer: memoryview) -> None:
    """Read every byte and raise BadIndex when a section is not what was written."""
    unpack(buffer)
    _, _, length, _, _ = _PREFIX.unpack_from(buffer)
    start = _PREFIX.size + length
    header = json.loads(bytes(buffer[_PREFIX.size : start]))
    for name, (_, offset, size, checksum) in header["sections"].items():
        if zlib.crc32(buffer[start + offset : start + offset + size]) != checksum:
            msg = f"its section {name} is damaged"
            raise BadIndex(msg)
