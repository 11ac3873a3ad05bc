"""The command line. A command is a file: `lineage impact` is impact.py, which declares

    COMMAND = click.command(...)(...)

Files are found by name and imported when their command is run, so that no command pays for
another's imports. `options.py` and `output.py` belong to the room and are no commands.
"""

from __future__ import annotations


def main() -> None:
    """Run the `lineage` command."""
    raise NotImplementedError
