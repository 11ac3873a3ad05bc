"""`lineage rules`: what a check guards, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from lineage.cli.options import form
from lineage.errors import UnknownName

if TYPE_CHECKING:
    from lineage.policy import Rule


@click.command("rules")
@click.argument("rule", required=False)
@form("text", "json", "jsonl")
def COMMAND(rule: str | None, form: str) -> None:  # noqa: N802 - the constant of this room
    """List the rules of `lineage check`, or explain one: what, why, an example, how to fix it.

    \b
    Examples:
      lineage rules
      lineage rules COLUMN_NO_DELETE
    """  # noqa: D301 - \b keeps click from filling the examples
    from lineage.cli.output import emit  # noqa: PLC0415 - `--help` needs none
    from lineage.policy import RULES, identifier  # noqa: PLC0415 - the same

    rules = {identifier(name): RULES.get(name) for name in RULES.names()}
    if rule is not None:
        if rule.upper() not in rules:
            kind = "rule"
            raise UnknownName(kind, rule, tuple(rules))
        rules = {rule.upper(): rules[rule.upper()]}
    rows = [
        {
            "rule": id_,
            "severity": row.severity,
            "purpose": row.purpose,
            "why": row.why,
            "example": row.example,
            "fix": row.fix,
        }
        for id_, row in rules.items()
    ]
    emit(form, {"rules": rows}, "rules", lambda: _lines(rules, full=rule is not None))


def _lines(rules: dict[str, Rule], *, full: bool) -> Iterator[str]:
    wide = max(map(len, rules))
    for id_, rule in rules.items():
        if not full:
            yield f"{id_:<{wide}}  {rule.severity.value:<7}  {rule.purpose}"
            continue
        yield f"{id_} ({rule.severity.value}): {rule.purpose}"
        yield f"Why: {rule.why}"
        yield f"Example: {rule.example}"
        yield f"Fix: {rule.fix}"
