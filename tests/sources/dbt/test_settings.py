"""YAML: the fast loader says what PyYAML's own says, and no text makes it run out of stack."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from lineage.sources.dbt.settings import CarefulLoader, FastLoader, Lined, load

ROOT = Path(__file__).parents[3]
FILES = sorted(path for path in (ROOT / "fixtures").rglob("*.y*ml"))


def lined(value: object) -> object:
    """Return a value with the lines of its mappings."""
    if isinstance(value, Lined):
        return value.line, {key: lined(item) for key, item in value.items()}
    return [lined(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    "content",
    [
        *(path.read_bytes() for path in FILES),
        b"a: &x {b: 1}\nc: *x\nd: [1, 2.5, yes, null, 2024-01-01, '1', 0x1f]\n",
        b"# only a comment\n",
        b"\xef\xbb\xbfa: 1\r\nb:\r\n  c: 2\r\n",
        "a: 1\n".encode("utf-16"),
    ],
)
def test_both_loaders_read_the_same(content: bytes) -> None:
    found, problem = load(content, "a.yml")
    slow = yaml.load(content, Loader=CarefulLoader)  # noqa: S506 - a SafeLoader
    assert (problem is None) is (slow is None or isinstance(slow, dict))
    assert lined(found) == lined(slow if isinstance(slow, dict) else {})
    assert FastLoader.__mro__[1] is yaml.CSafeLoader


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        "[']', " * 50_000,
        "- " * 100_000,
        "? " * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(3_000)),
        "\n".join(" " * depth + "- " for depth in range(3_000)),
    ],
)
def test_a_text_that_nests_without_end_is_a_problem_and_no_crash(text: str) -> None:
    found, problem = load(text.encode(), "a.yml")
    assert found == {}
    assert problem is not None


def test_what_is_wrong_is_said_with_its_place() -> None:
    _, problem = load(b"a: 1\nb: [1\nc: 2\n", "a.yml")
    assert problem is not None
    assert problem.location is not None
    assert (problem.location.line, problem.location.column) == (3, 2)
    assert "expected ',' or ']'" in problem.message
