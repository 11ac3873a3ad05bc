"""Where a project's files come from: a folder today, a commit tomorrow."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from lineage.sources.encoding import encoding, utf8

_PASSED_OVER = frozenset({"target", "logs", "node_modules", "site-packages", "__pycache__"})


class Tree(Protocol):
    """Files by path; paths are relative, with forward slashes."""

    def list(self) -> tuple[str, ...]:
        """Return the path of every file, sorted."""
        ...

    def read(self, path: str) -> bytes:
        """Return a file's content. Raises OSError or KeyError when it cannot be had."""
        ...


class Folder:
    """A project in a folder. Hidden folders, builds and logs are left out, links not followed.

    With ``within`` its files go by the name that they have in a folder further up.
    """

    def __init__(self, root: Path, within: str = "") -> None:
        self.root = root
        self.within = f"{within}/" if within else ""

    def list(self) -> tuple[str, ...]:
        """Return the path of every file, sorted."""
        found: list[str] = []
        for folder, folders, files in os.walk(self.root):
            folders[:] = [
                name for name in folders if name not in _PASSED_OVER and not name.startswith(".")
            ]
            base = Path(folder).relative_to(self.root)
            found.extend(
                self.within + (base / name).as_posix()
                for name in files
                if not name.startswith(".") and not Path(folder, name).is_symlink()
            )
        return tuple(sorted(found))

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        content = (self.root / path.removeprefix(self.within)).read_bytes()
        return content if encoding(content) is None else utf8(content)


class Files:
    """A project in memory, as it comes out of a commit."""

    def __init__(self, content: Mapping[str, bytes]) -> None:
        self._content = content

    def list(self) -> tuple[str, ...]:
        """Return the path of every file, sorted."""
        return tuple(
            path
            for path in sorted(self._content)
            if not any(part in _PASSED_OVER or part[:1] == "." for part in path.split("/"))
        )

    def read(self, path: str) -> bytes:
        """Return a file's content."""
        return self._content[path]
