"""Runs the benchmarks that take no arguments, one after the other: `python -m benchmarks`."""

from __future__ import annotations

from importlib import import_module

MODULES = ("graph", "start", "sql", "impact", "check")


def main() -> None:
    """Print a table a benchmark."""
    for name in MODULES:
        print(f"\n== {name}")
        import_module(f"benchmarks.{name}").main()


if __name__ == "__main__":
    main()
