"""The documents say what is there: commands, options, targets, files and extensions."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import pytest

import lineage.cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
BLOCK = re.compile(r"^```(?:console|shell|sh|bash)\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?://|mailto:|#)([^)#\s]+)")
TARGET = re.compile(r"^([a-z]+):", re.MULTILINE)
MAKE = re.compile(r"(?:`|^\s*(?:\$ )?)make ([a-z]+)", re.MULTILINE)
EXTENSIONS = {"sources": "READER", "stores": "STORE", "reports": "REPORT", "policy": "RULE"}


@dataclass(frozen=True, slots=True)
class Example:
    """One use of the command in a document."""

    document: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}: {' '.join(self.words)}"


def examples(text: str, document: str) -> Iterator[Example]:
    """Yield each use of `lineage` in the shell blocks of a document, pipes taken apart."""
    for block in BLOCK.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            typed = line.removeprefix("$ ")
            if not typed.startswith(("lineage ", "cat ", "zcat ", "git ", "LINEAGE_")):
                continue  # what the command printed
            lexer = shlex.shlex(typed, posix=True, punctuation_chars="|&;<>()")
            lexer.whitespace_split = True
            words: list[str] = []
            for word in [*lexer, "|"]:
                if set(word) <= set("|&;<>()"):
                    if words[:1] == ["lineage"]:
                        yield Example(document, tuple(words))
                    words = []
                elif words or "=" not in word:  # an assignment before the command
                    words.append(word)


def root() -> click.Group:
    """Return the click group behind `lineage`."""
    return next(value for value in vars(lineage.cli).values() if isinstance(value, click.Group))


def commands() -> dict[str, click.Command]:
    """Return every subcommand by its name."""
    group = root()
    context = click.Context(group, info_name="lineage")
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command is not None}


def problem(example: Example) -> str | None:
    """Say what is wrong with an example, if anything is."""
    known = commands()
    current: click.Command = root()
    for word in example.words[1:]:
        options = {name for option in current.params for name in option.opts}
        options |= {name for option in current.params for name in option.secondary_opts}
        if word.startswith("-") and word != "-":
            if word.split("=")[0] not in options | {"--help"}:
                return f"{current.name} has no option {word}"
        elif isinstance(current, click.Group):
            if word not in known:
                return f"there is no command {word}"
            current = known[word]
    return None


def every_example() -> list[Example]:
    """List the examples of all documents."""
    return [
        example
        for document in DOCUMENTS
        for example in examples(document.read_text(), str(document.relative_to(ROOT)))
    ]


def modules(room: str) -> list[Path]:
    """List a room's extensions: its modules that declare the room's constant."""
    constant = EXTENSIONS[room]
    return [
        file
        for file in sorted((ROOT / "lineage" / room).glob("*.py"))
        if not file.stem.startswith("_")
        and re.search(rf"^{constant}\b", file.read_text(), re.MULTILINE)
    ]


@pytest.mark.parametrize("example", every_example(), ids=str)
def test_an_example_uses_commands_and_options_that_exist(example: Example) -> None:
    assert problem(example) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("lineage frobnicate", "there is no command frobnicate"),
        ("lineage impact models --frobnicate=3", "impact has no option --frobnicate=3"),
        ("LINEAGE_X=1 lineage impact a \\\n  --nope", "impact has no option --nope"),
        ("cat a.jsonl | lineage sql --nope", "sql has no option --nope"),
        ("$ lineage --nope impact a", "lineage has no option --nope"),
        ("lineage impact --help", None),
    ],
)
def test_a_wrong_example_would_be_found(text: str, wanted: str | None) -> None:
    [example] = examples(f"```console\n{text}\nsome output\n```\n", "planted.md")
    found = problem(example)
    assert found == (wanted and wanted.replace("lineage has", f"{root().name} has"))


def test_the_readme_names_every_command() -> None:
    used = {example.words[1] for example in every_example() if example.document == "README.md"}
    assert set(commands()) - used == set()


def test_every_command_and_option_explains_itself() -> None:
    silent = [name for name, command in commands().items() if not command.help]
    silent += [
        f"{name} {option.opts[0]}"
        for name, command in commands().items()
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_links_to_exists(document: Path) -> None:
    links = LINK.findall(document.read_text())
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_tells_to_make_can_be_made(document: Path) -> None:
    targets = set(TARGET.findall((ROOT / "Makefile").read_text()))
    assert set(MAKE.findall(document.read_text())) - targets == set()


@pytest.mark.parametrize("room", EXTENSIONS)
def test_an_extension_is_explained_and_named_in_the_readme(room: str) -> None:
    readme = (ROOT / "README.md").read_text()
    silent = [file.stem for file in modules(room) if not ast.get_docstring(parsed(file))]
    unnamed = [file.stem for file in modules(room) if f"`{file.stem}`" not in readme]
    assert (silent, unnamed) == ([], [])


def parsed(file: Path) -> ast.Module:
    """Parse a module's code."""
    return ast.parse(file.read_text(), str(file))
