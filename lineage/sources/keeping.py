"""States that were read once, kept below the project for the next check: `.lineage/check/`.

A file is named for the tree of the commit that it holds and for all else that decides what comes
out: options, installed packages, this program's own code. So nothing in it can be out of date. A
file that is damaged, or that somebody put under version control, is not used.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from lineage.sources.git import git

FOLDER = Path(".lineage/check")
FILES = 4
"""States that are kept; the longest unused goes."""
BYTES = 1 << 30
"""No more than this of them all."""

_MARK = b"lineage check 1\n"
_ENDING = ".state"
_CODE = ("analysis", "catalog", "model", "sources", "sql")


class Keeping:
    """The states of one project, read with the same options."""

    def __init__(self, project: Path, options: Iterable[str | None], given: bytes = b"") -> None:
        self.project = project
        self.folder = project / FOLDER
        told = hashlib.blake2b(given, digest_size=8)
        told.update(repr([*options]).encode("utf-8", "surrogateescape"))
        told.update(code())
        self._options = told.hexdigest()

    def trees(self) -> Iterator[str]:
        """Yield the trees that are kept, the last used first."""
        for path in sorted(self._files(), key=_used, reverse=True):
            options, _, tree = path.stem.partition("-")
            if options == self._options:
                yield tree

    def load(self, tree: str) -> memoryview | None:
        """Return the state of a tree; None if it is not kept, or cannot be trusted."""
        path = self._path(tree)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        body = memoryview(data)[len(_MARK) + 4 :]
        sum_ = int.from_bytes(data[len(_MARK) : len(_MARK) + 4], "little")
        if not data.startswith(_MARK) or zlib.crc32(body) != sum_ or self._tracked():
            return None
        with suppress(OSError):
            os.utime(path)
        return body

    def store(self, tree: str, data: bytes) -> None:
        """Keep a state, if the folder can be written."""
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            ignore = self.folder / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="utf-8")
            with NamedTemporaryFile(dir=self.folder, delete=False) as file:
                file.write(_MARK + zlib.crc32(data).to_bytes(4, "little"))
                file.write(data)
            Path(file.name).replace(self._path(tree))
            self._forget()

    def discard(self, tree: str) -> None:
        """Throw a state away: what is in it cannot be read."""
        with suppress(OSError):
            self._path(tree).unlink()

    def _path(self, tree: str) -> Path:
        return self.folder / f"{self._options}-{tree}{_ENDING}"

    def _files(self) -> list[Path]:
        try:
            return [path for path in self.folder.iterdir() if path.suffix == _ENDING]
        except OSError:
            return []

    def _tracked(self) -> bool:
        """Return whether the states came with the repository: then whoever wrote it wrote them."""
        return bool(git(self.project, "ls-files", "-z", "--", str(FOLDER)))

    def _forget(self) -> None:
        room = BYTES
        for number, path in enumerate(sorted(self._files(), key=_used, reverse=True)):
            room -= path.stat().st_size
            if number and (number >= FILES or room < 0):
                path.unlink()


def _used(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def code() -> bytes:
    """Return a mark of the code that reads and binds: a state is good for no other."""
    told = hashlib.blake2b(digest_size=8)
    root = Path(__file__).parents[1]
    for room in _CODE:
        for path in sorted((root / room).rglob("*.py")):
            told.update(path.relative_to(root).as_posix().encode())
            told.update(path.read_bytes())
    spec = find_spec("sqlglot")
    if spec is not None and spec.origin is not None:
        with suppress(OSError):
            told.update(Path(spec.origin).with_name("_version.py").read_bytes())
    return told.digest()


__all__ = ["FOLDER", "Keeping", "code"]
