"""What is decided about findings: thresholds, severities, what is known already, exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.check import repositories
from tests.check.repositories import check, commit, edit, git, lay, sql, write

TABLES = (
    "create table raw.orders (id integer, amount decimal(10, 2), note varchar, status varchar);\n"
)
STAGED = "create view staging.orders as\nselect id, amount, note, status from raw.orders;\n"
REPORT = (
    "create view marts.report as\nselect id, amount\nfrom staging.orders\nwhere status = 'x';\n"
)


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Return a repository of plain SQL: a table, a view of it, a report on that."""
    files = {"tables": TABLES, "models/staging": STAGED, "models/report": REPORT}
    root = sql(tmp_path / "repository", **files)
    return write(root, "lineage.toml", '[check]\ndialect = "duckdb"\n')


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the trap project as a repository."""
    return repositories.shop(tmp_path_factory.mktemp("repository") / "shop")


def config(root: Path, text: str) -> Path:
    """Write lineage.toml."""
    return write(root, "lineage.toml", f'[check]\ndialect = "duckdb"\n{text}')


def broken(root: Path) -> Path:
    """Take a column away that the report reads."""
    return edit(root, "models/staging.sql", ", status from", " from")


def risky(root: Path) -> Path:
    """Change what a column means."""
    return edit(root, "models/staging.sql", "amount,", "amount * 2 as amount,")


def found(root: Path, *told: str, base: str | None = "main") -> dict[str, Any]:
    """Return the JSON report."""
    document: dict[str, Any] = json.loads(check(root, "--output=json", *told, base=base).stdout)
    return document


def rows(root: Path, rule: str, *told: str) -> list[dict[str, Any]]:
    """Return the findings of a rule."""
    return [row for row in found(root, *told)["findings"] if row["rule"] == rule]


# Exit codes ---------------------------------------------------------------------------------------


def test_0_nothing_changed(plain: Path) -> None:
    done = check(plain)
    assert done.exit_code == 0
    assert done.stdout.startswith("Nothing changed")


def test_0_nothing_breaks(plain: Path) -> None:
    done = check(edit(plain, "models/report.sql", "select id", "select  id"))
    assert done.exit_code == 0
    assert done.stdout.startswith("Nothing breaks.")


def test_0_a_column_that_nobody_reads_may_go_and_it_is_said_why(plain: Path) -> None:
    edit(plain, "models/staging.sql", ", note", "")
    done = check(plain, "--fail-on", "risky")
    assert done.exit_code == 0
    assert "note of staging.orders is gone; safe: everything downstream was bound" in done.stdout


def test_1_something_breaks(plain: Path) -> None:
    done = check(broken(plain))
    assert done.exit_code == 1
    assert done.stdout.startswith("1 breaks")
    assert "models/report.sql:4:7" in done.stdout


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (("--base", "nosuch"), "nosuch"),
        (("--base", "-x"), "does not begin with a dash"),
        (("--head", "nosuch"), "nosuch"),
        (("--fail-on", "sometimes"), "sometimes"),
        (("--coverage-floor", "2"), "2"),
        (("--config", "nosuch.toml"), "nosuch.toml"),
    ],
)
def test_2_wrong_use(told: tuple[str, ...], said: str, plain: Path) -> None:
    done = check(plain, *told)
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_2_without_a_base(plain: Path) -> None:
    done = check(plain, base=None)
    assert done.exit_code == 2
    assert "--base" in done.stderr


@pytest.fixture
def half(plain: Path) -> Path:
    """Return a repository half of which does not parse."""
    write(plain, "models/report.sql", "create view marts.report as select from from (((;\n")
    return plain


def test_3_half_of_a_project_that_does_not_parse(half: Path) -> None:
    done = check(half, "--coverage-floor", "0.9")
    assert done.exit_code == 3
    assert "1 of 2 statements were understood (50%), and at least 90% must be" in done.stdout
    assert "not seen: models/report.sql" in done.stdout


def test_3_is_said_of_what_was_so_before_as_well(half: Path) -> None:
    commit(half)
    done = check(half, "--coverage-floor", "0.9", base="HEAD")
    assert done.exit_code == 3
    assert "models/report.sql" in done.stdout


def test_3_goes_before_1(half: Path) -> None:
    write(half, "models/other.sql", "create view marts.other as select gone from staging.orders;\n")
    assert check(half, "--coverage-floor", "0.9").exit_code == 3


def test_what_was_not_seen_is_named_in_every_form(half: Path) -> None:
    for form in ("text", "json", "markdown", "sarif"):
        done = check(half, f"--output={form}")
        assert "report.sql" in done.stdout, form
        assert done.exit_code == 0
    assert check(half).stdout.startswith("Nothing is known to break, ")


def test_a_floor_that_is_reached_says_nothing(plain: Path) -> None:
    assert check(plain, "--coverage-floor", "1").exit_code == 0
    assert check(broken(plain), "--coverage-floor", "1").exit_code == 1


# Thresholds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fail_on", "codes"),
    [
        ("never", (0, 0, 0, 0)),
        ("breaking", (1, 0, 0, 0)),
        ("risky", (1, 1, 0, 1)),
        ("unknown", (1, 0, 0, 1)),
        ("any", (1, 1, 1, 1)),
    ],
)
def test_the_threshold(fail_on: str, codes: tuple[int, ...], plain: Path) -> None:
    """Of what breaks, what is risky, a note, and what nobody could judge."""
    write(plain, "models/odd.sql", "create view marts.odd as select id from staging.orders;\n")
    commit(plain)

    def unused(root: Path) -> Path:
        return edit(root, "models/staging.sql", ", note", "")

    def odd(root: Path) -> Path:
        return write(root, "models/odd.sql", "create view marts.odd as select from ((;\n")

    for change, code in zip((broken, risky, unused, odd), codes, strict=True):
        change(plain)
        done = check(plain, "--fail-on", fail_on)
        assert done.exit_code == code, (change.__name__, done.stdout)
        git(plain, "checkout", "--quiet", "--", "models")


# Severities ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", ["error", "warning", "note", "off"])
def test_a_rule_has_the_severity_that_is_written(severity: str, plain: Path) -> None:
    config(broken(plain), f'[check.rules]\nSTATEMENT_BINDS = "{severity}"\n')
    listed = rows(plain, "STATEMENT_BINDS")
    assert [row["severity"] for row in listed] == ([] if severity == "off" else [severity])
    assert check(plain).exit_code == (1 if severity == "error" else 0)


@pytest.mark.parametrize(
    ("said", "applies"),
    [
        ('path = "models/staging/*"', True),
        ('path = "models/*"', True),
        ('path = "models/marts/*"', False),
        ('owner = "web@shop.example"', True),
        ('owner = "nobody"', False),
        ('domain = "growth"', True),
        ('domain = "finance"', False),
        ('rule = "STATEMENT_BINDS"', True),
        ('rule = "UNION_ALIGNED"', False),
        ('rule = "STATEMENT_BINDS"\npath = "models/staging/*"\nowner = "nobody"', False),
    ],
)
def test_an_override_applies_to_what_matches_all_of_it(
    said: str, applies: bool, shop: Path
) -> None:
    lay(shop, "add-unread")
    edit(shop, "models/staging/stg_page_views.sql", "select", "select gone,")
    edit(shop, "models/staging/staging.yml", "owner: web@", "domain: growth, owner: web@")
    write(shop, "lineage.toml", f'[[check.override]]\n{said}\nseverity = "note"\n')
    row = next(row for row in found(shop)["findings"] if row["subject"] == "staging.stg_page_views")
    assert row["rule"] == "STATEMENT_BINDS"
    assert row["severity"] == ("note" if applies else "error"), row


def test_the_last_override_that_matches_decides(plain: Path) -> None:
    config(
        broken(plain),
        '[check.rules]\nSTATEMENT_BINDS = "off"\n'
        '[[check.override]]\npath = "models/*"\nseverity = "warning"\n'
        '[[check.override]]\npath = "models/report.sql"\nseverity = "note"\n'
        '[[check.override]]\npath = "elsewhere/*"\nseverity = "error"\n',
    )
    assert [row["severity"] for row in rows(plain, "STATEMENT_BINDS")] == ["note"]


# Where a decision is written ----------------------------------------------------------------------


def test_the_command_line_goes_before_the_environment_and_that_before_the_file(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken(plain)
    config(plain, 'fail_on = "never"\n')
    assert check(plain).exit_code == 0
    monkeypatch.setenv("LINEAGE_FAIL_ON", "breaking")
    assert check(plain).exit_code == 1
    assert check(plain, "--fail-on", "never").exit_code == 0


def test_the_floor_and_the_dialect_likewise(half: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config(half, "coverage_floor = 0.9\n")
    assert check(half).exit_code == 3
    monkeypatch.setenv("LINEAGE_COVERAGE_FLOOR", "0.1")
    assert check(half).exit_code == 0
    assert check(half, "--coverage-floor", "0.8").exit_code == 3
    write(half, "models/report.sql", "create view marts.report as select id from staging.orders;\n")
    write(
        half,
        "models/list.sql",
        "create view marts.list as select list_transform([1], lambda x: x + 1) as a;\n",
    )
    monkeypatch.setenv("LINEAGE_DIALECT", "mysql")
    assert check(half, "--coverage-floor", "1").exit_code == 3
    assert check(half, "--coverage-floor", "1", "--dialect", "duckdb").exit_code == 0


def test_the_base_may_stand_in_the_environment(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LINEAGE_BASE", "main")
    assert check(broken(plain), base=None).exit_code == 1


def test_pyproject_serves_where_there_is_no_lineage_toml(plain: Path) -> None:
    (plain / "lineage.toml").unlink()
    write(plain, "pyproject.toml", '[tool.lineage.check]\nfail_on = "never"\ndialect = "duckdb"\n')
    assert check(broken(plain)).exit_code == 0
    config(plain, "")
    assert check(plain).exit_code == 1
    assert check(plain, "--config", str(plain / "pyproject.toml")).exit_code == 0


BAD = {
    "it is not TOML": "fail_on = \n",
    'there is no setting "fail_onn"': 'fail_onn = "never"\n',
    'fail_on = "often" must be one of': 'fail_on = "often"\n',
    "fail_on must be a text": "fail_on = 3\n",
    "coverage_floor must be a number": 'coverage_floor = "most"\n',
    'there is no rule "COLUMN_STAYS"': '[check.rules]\nCOLUMN_STAYS = "off"\n',
    'severity "fatal" must be': '[check.rules]\nCOLUMN_NO_DELETE = "fatal"\n',
    "rules must be a table": 'rules = "all"\n',
    "override must be tables": '[check.override]\nseverity = "off"\n',
    "acknowledge must be tables": 'acknowledge = ["0283605621c8482a"]\n',
    "reason is missing": (
        '[[check.acknowledge]]\nfingerprint = "a"\nowner = "x"\nexpires = 2027-01-01\n'
    ),
    "owner is missing": (
        '[[check.acknowledge]]\nfingerprint = "a"\nreason = "x"\nexpires = 2027-01-01\n'
    ),
    "expires must be a date": (
        '[[check.acknowledge]]\nfingerprint = "a"\nreason = "x"\nowner = "y"\nexpires = "soon"\n'
    ),
    "until must be a date": '[[check.deprecate]]\ncolumn = "a.b"\n',
    "column is missing": "[[check.deprecate]]\nuntil = 2027-01-01\n",
    'there is no setting "sverity"': '[[check.override]]\nsverity = "off"\n',
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_wrong_in_the_file_is_said_with_its_place(message: str, plain: Path) -> None:
    config(broken(plain), BAD[message])
    done = check(plain)
    assert done.exit_code == 2
    assert message in done.stderr
    assert "lineage.toml" in done.stderr
    assert "Traceback" not in done.output


def test_bad_toml_is_said_with_its_line(plain: Path) -> None:
    config(broken(plain), "\nfail_on = \n")
    assert "line 4" in check(plain).stderr


# Fingerprints -------------------------------------------------------------------------------------


def marks(root: Path) -> dict[str, str]:
    """Return the fingerprints by what they are of."""
    return {
        f"{row['rule']} {row['subject']}": row["fingerprint"] for row in found(root)["findings"]
    }


def test_a_fingerprint_survives_moves_and_reformatting(plain: Path) -> None:
    before = marks(broken(plain))
    assert before
    git(plain, "mv", "models/report.sql", "models/moved.sql")
    assert marks(plain) == before
    write(
        plain,
        "models/moved.sql",
        "-- new\n\n\n" + REPORT.replace("\n", "\n\n    ").replace("select", "SELECT"),
    )
    assert marks(plain) == before


def test_a_fingerprint_is_of_one_thing(plain: Path) -> None:
    before = marks(broken(plain))
    edit(plain, "models/report.sql", "status = 'x'", "note = 'x' and other = 1")
    after = marks(plain)
    assert before["STATEMENT_BINDS marts.report"] != after["STATEMENT_BINDS marts.report"]


# What is known already ----------------------------------------------------------------------------


def test_a_baseline_is_what_was_known(plain: Path) -> None:
    broken(plain)
    first = check(plain, "--write-baseline", str(plain / "known.json"))
    assert first.exit_code == 1
    config(plain, 'baseline = "known.json"\n')
    done = check(plain)
    assert done.exit_code == 0
    assert "in the baseline" in done.stdout
    assert {row["standing"] for row in found(plain)["findings"]} == {"baseline"}
    edit(plain, "models/report.sql", "id, amount", "id, amount, more")
    assert check(plain).exit_code == 1
    check(plain, "--write-baseline", str(plain / "known.json"))
    assert check(plain).exit_code == 0  # what was known stays known


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "known.json"), ("[]", "it is no baseline"), ("{", "it is no baseline")],
)
def test_a_baseline_that_is_none(content: str | None, said: str, plain: Path) -> None:
    config(broken(plain), 'baseline = "known.json"\n')
    if content is not None:
        write(plain, "known.json", content)
    done = check(plain)
    assert done.exit_code == 2
    assert said in done.stderr


def acknowledged(root: Path, expires: str) -> None:
    """Acknowledge all that is found."""
    texts = [
        f'[[check.acknowledge]]\nfingerprint = "{mark}"\nreason = "it goes in March"\n'
        f'owner = "finance@shop.example"\nexpires = {expires}\n'
        for mark in marks(root).values()
    ]
    config(root, "".join(texts))


def test_what_is_acknowledged_is_shown_and_does_not_fail(plain: Path) -> None:
    acknowledged(broken(plain), "2999-01-01")
    done = check(plain)
    assert done.exit_code == 0
    assert "finance@shop.example: it goes in March (until 2999-01-01)" in done.stdout
    assert {row["standing"] for row in found(plain)["findings"]} == {"acknowledged"}


def test_an_acknowledgement_that_has_expired_fails_again(plain: Path) -> None:
    acknowledged(broken(plain), "2020-01-01")
    done = check(plain)
    assert done.exit_code == 1
    assert "the acknowledgement of finance@shop.example expired on 2020-01-01" in done.stdout


@pytest.mark.parametrize(
    ("comment", "ignored"),
    [
        ("-- lineage:ignore STATEMENT_BINDS built by hand", True),
        ("/* lineage:ignore STATEMENT_BINDS built by hand */", True),
        ("-- lineage:ignore STATEMENT_BINDS", False),
        ("-- lineage:ignore UNION_ALIGNED built by hand", False),
        ("-- lineage:ignore built by hand", False),
    ],
)
def test_a_comment_acknowledges_what_stands_on_its_line_or_the_next(
    comment: str, ignored: bool, plain: Path
) -> None:
    broken(plain)
    for text in (
        REPORT.replace("where status", f"{comment}\nwhere status"),
        REPORT.replace("'x';", f"'x' {comment}\n;"),
    ):
        write(plain, "models/report.sql", text)
        (row,) = rows(plain, "STATEMENT_BINDS")
        assert row["standing"] == ("ignored" if ignored else "active")
        assert row["note"] == ("built by hand" if ignored else "")
    assert check(plain).exit_code == (0 if ignored else 1)


def test_a_comment_elsewhere_acknowledges_nothing(plain: Path) -> None:
    broken(plain)
    far = f"-- lineage:ignore STATEMENT_BINDS built by hand\n\n\n{REPORT}"
    write(plain, "models/report.sql", far)
    assert check(plain).exit_code == 1


@pytest.mark.parametrize(
    ("until", "code", "standing"), [("2999-01-01", 1, "active"), ("2020-01-01", 0, "deprecated")]
)
def test_a_column_that_was_announced_to_go(
    until: str, code: int, standing: str, plain: Path
) -> None:
    edit(plain, "models/staging.sql", ", note", "")
    config(
        plain,
        f'[[check.deprecate]]\ncolumn = "staging.orders.note"\nuntil = {until}\n'
        'reason = "use text"\n',
    )
    done = check(plain)
    assert done.exit_code == code, done.stdout
    (row,) = rows(plain, "COLUMN_NO_DELETE")
    assert (row["standing"], row["severity"]) == (standing, "error" if code else "note")
    assert until in row["note"]


# Other sides --------------------------------------------------------------------------------------


def test_who_reads_from_outside_is_found_in_a_store(plain: Path, tmp_path: Path) -> None:
    elsewhere = write(
        tmp_path / "elsewhere",
        "board.sql",
        "create view boards.revenue as\nselect note, count(*) as n\n"
        "from staging.orders group by 1;\n",
    )
    store = str(tmp_path / "store.db")
    command = repositories.run("ingest", str(plain), str(elsewhere), "--store", store,
                               "--dialect", "duckdb")  # fmt: skip
    assert command.exit_code == 0, command.output
    edit(plain, "models/staging.sql", ", note", "")
    assert check(plain).exit_code == 0
    done = check(plain, "--store", store)
    assert done.exit_code == 1, done.stdout
    assert "boards.revenue" in done.stdout
    assert "board.sql:2:" in done.stdout


def test_a_snapshot_may_be_a_side(plain: Path, tmp_path: Path) -> None:
    saved = str(tmp_path / "before.json")
    done = repositories.run("snapshot", str(plain), "--dialect", "duckdb", "-o", saved)
    assert done.exit_code == 0, done.output
    broken(plain)
    assert check(plain, base=saved).exit_code == 1
    assert check(plain, "--head", saved, base="main").exit_code == 0


def test_a_snapshot_that_is_damaged(plain: Path, tmp_path: Path) -> None:
    saved = write(tmp_path, "before.json", '{"lineage_snapshot":7}') / "before.json"
    done = check(plain, base=str(saved))
    assert done.exit_code == 3
    assert "cannot be read" in done.stderr


def test_folders_may_be_sides(plain: Path, tmp_path: Path) -> None:
    git(plain, "worktree", "add", "--quiet", "--detach", str(tmp_path / "before"), "main")
    broken(plain)
    told = ("--head", str(plain), "--dialect", "duckdb")
    assert check(plain, *told, base=str(tmp_path / "before")).exit_code == 1


def test_what_changes_silently_gets_a_test_proposed(shop: Path) -> None:
    lay(shop, "swap-order-amounts")
    done = check(shop, "--suggest-tests", "--fail-on", "never")
    assert "unit_tests:" in done.stdout
    assert "_keeps_its_meaning" in done.stdout
    assert found(shop, "--suggest-tests")["tests"].startswith("unit_tests:")
    lay(shop, "refactor-format")
    assert "unit_tests:" not in check(shop, "--suggest-tests").stdout
