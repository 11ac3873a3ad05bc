"""Lets `python -m lineage` do what the `lineage` command does."""

from __future__ import annotations

from lineage.cli import main

if __name__ == "__main__":
    main()
