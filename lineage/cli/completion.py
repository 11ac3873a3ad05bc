"""`lineage completion`: the script that lets a shell complete commands, options and columns."""

from __future__ import annotations

import click


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def COMMAND(shell: str) -> None:  # noqa: N802 - the constant of this room
    """Print the completion script of a shell: commands, options, and columns of the store.

    \b
    Examples:
      lineage completion bash >> ~/.bashrc
      lineage completion zsh  >> ~/.zshrc
      lineage completion fish > ~/.config/fish/completions/lineage.fish
    """  # noqa: D301 - \b keeps click from filling the examples
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - only for this

    found = get_completion_class(shell)
    root = click.get_current_context().find_root()
    if found is None:  # pragma: no cover - click knows the three
        raise click.UsageError(shell)
    made = found(root.command, {}, "lineage", "_LINEAGE_COMPLETE")
    # Not source(), which starts bash to ask for its version: the script may be for another machine.
    click.echo(made.source_template % made.source_vars())
