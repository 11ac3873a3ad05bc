"""Repositories as they are met: shallow, odd names, odd bytes, links, submodules, many changes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.check import repositories
from tests.check.repositories import check, commit, edit, git, sql, write

TABLES = "create table raw.orders (id integer, amount decimal(10, 2), status varchar);\n"
STAGED = "create view staging.orders as\nselect id, amount, status from raw.orders;\n"
REPORT = (
    "create view marts.report as\nselect id, amount\nfrom staging.orders\nwhere status = 'x';\n"
)
FILES = {"tables": TABLES, "models/staging": STAGED, "models/report": REPORT}


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    """Return a repository of plain SQL."""
    return sql(tmp_path / "repository", **FILES)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Return the trap project as a repository."""
    return repositories.shop(tmp_path / "shop")


def broken(root: Path, path: str = "models/staging.sql") -> Path:
    """Take a column away that the report reads."""
    return edit(root, path, ", status from", " from")


EDITS = {
    "plain": ("models/staging.sql", ", status from", " from"),
    "shop": ("models/staging/stg_page_views.sql", "    url,\n", ""),
}


def clone(root: Path, into: Path, *told: str) -> Path:
    """Clone a repository."""
    subprocess.run(
        [*repositories.GIT, "clone", "--quiet", *told, root.as_uri(), str(into)],
        check=True,
        capture_output=True,
    )
    return into


# What a clone may lack ----------------------------------------------------------------------------


def test_a_shallow_clone_without_the_base_says_how_to_get_it(plain: Path, tmp_path: Path) -> None:
    base = git(plain, "rev-parse", "HEAD").strip()
    commit(broken(plain))
    shallow = clone(plain, tmp_path / "shallow", "--depth", "1")
    for name in (base, "HEAD~1"):
        done = check(shallow, base=name)
        assert done.exit_code == 2
        assert "shallow" in done.stderr
        assert "fetch-depth: 0" in done.stderr
        assert done.stdout == ""


def test_a_partial_clone_is_not_filled_over_the_network(plain: Path, tmp_path: Path) -> None:
    commit(broken(plain))
    git(plain, "config", "uploadpack.allowFilter", "true")
    partial = clone(plain, tmp_path / "partial", "--filter=blob:none")
    git(partial, "config", "remote.origin.url", "https://unreachable.invalid/x.git")
    done = check(partial, base="HEAD~1")
    assert done.exit_code == 2
    assert "--filter" in done.stderr
    assert "models/staging.sql" in done.stderr


def test_outside_a_repository(tmp_path: Path) -> None:
    done = check(tmp_path, base="main")
    assert done.exit_code == 2
    assert "no git repository here" in done.stderr


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert check(tmp_path, base="HEAD").exit_code == 2


def test_without_git(plain: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    done = check(plain)
    assert done.exit_code == 2
    assert "Traceback" not in done.output


def test_a_base_that_has_no_such_folder(plain: Path) -> None:
    write(plain, "later/one.sql", "select 1;\n")
    done = check(plain / "later")
    assert done.exit_code == 2
    assert "it has no folder later/" in done.stderr


# What differs -------------------------------------------------------------------------------------


def test_base_and_head_are_the_same(plain: Path) -> None:
    for told in ((), ("--head", "main"), ("--head", "HEAD")):
        done = check(plain, *told)
        assert done.exit_code == 0
        assert done.stdout.startswith("Nothing changed")


def test_what_nobody_reads_is_no_change(plain: Path) -> None:
    write(plain, "LICENSE", "free\n")
    write(plain, "picture.png", "x")
    assert check(plain).stdout.startswith("Nothing changed")


def test_a_commit_against_one_that_is_not_its_ancestor(plain: Path) -> None:
    git(plain, "checkout", "--quiet", "-b", "side")
    commit(broken(plain))
    git(plain, "checkout", "--quiet", "main")
    commit(write(plain, "models/other.sql", "create view marts.other as select 1 as one;\n"))
    done = check(plain, "--head", "side")
    assert done.exit_code == 1
    assert "marts.report" in done.stdout


def test_a_detached_head(plain: Path) -> None:
    git(plain, "checkout", "--quiet", "--detach")
    assert check(broken(plain), base="HEAD").exit_code == 1


def test_a_file_that_moves_is_no_change(plain: Path) -> None:
    git(plain, "mv", "models/report.sql", "models/else where.sql")
    done = check(plain, "--fail-on", "any")
    assert done.exit_code == 0, done.stdout


def test_a_file_that_moves_and_breaks_is_told_where_it_is_now(plain: Path) -> None:
    git(plain, "mv", "models/report.sql", "models/moved.sql")
    done = check(broken(plain))
    assert done.exit_code == 1
    assert "models/moved.sql:4:7" in done.stdout


def test_a_model_that_goes_breaks_its_readers(shop: Path) -> None:
    (shop / "models/staging/stg_returns.sql").unlink()
    done = check(shop)
    assert done.exit_code == 1
    assert "stg_returns" in done.stdout
    assert "RELATION_NO_DELETE" in done.stdout


def test_a_model_that_nobody_reads_may_go(shop: Path) -> None:
    repositories.lay(shop, "delete-unread-report")
    done = check(shop, "--fail-on", "risky")
    assert done.exit_code == 0, done.stdout


def test_everything_goes(plain: Path) -> None:
    for path in plain.rglob("*.sql"):
        path.unlink()
    done = check(plain, "--fail-on", "never")
    assert done.exit_code == 0
    assert "gone" in done.stdout


def test_everything_is_new(tmp_path: Path) -> None:
    root = sql(tmp_path / "repository")
    for path, text in FILES.items():
        write(root, f"{path}.sql", text)
    assert check(root, "--fail-on", "risky").exit_code == 0


def test_a_huge_difference(plain: Path) -> None:
    for number in range(600):
        text = f"create view many.m{number} as select id, status from staging.orders;\n"  # noqa: S608 - never executed
        write(plain, f"models/many/m{number}.sql", text)
    commit(plain)
    broken(plain)
    for number in range(600):
        edit(plain, f"models/many/m{number}.sql", "id, status", "status, id")
    done = check(plain, "--output=markdown", base="HEAD")
    assert done.exit_code == 1
    assert "601 break" in done.stdout
    assert len(done.stdout) < 61_000


# What is in the files -----------------------------------------------------------------------------


def test_windows_line_ends_are_no_change(plain: Path, shop: Path) -> None:
    for root in (plain, shop):
        for path in [*root.rglob("*.sql"), *root.rglob("*.yml"), *root.rglob("*.csv")]:
            path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
        done = check(root, "--fail-on", "any")
        assert done.exit_code == 0, done.stdout


def test_places_are_right_with_windows_line_ends(plain: Path) -> None:
    broken(plain)
    for path in plain.rglob("*.sql"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert "models/report.sql:4:7" in check(plain).stdout


def test_line_ends_that_git_changes_on_checkout(plain: Path) -> None:
    write(plain, ".gitattributes", "*.sql text eol=crlf\n")
    commit(plain)
    for path in plain.rglob("*.sql"):
        path.unlink()
    git(plain, "checkout", "--quiet", "--", ".")
    assert b"\r\n" in (plain / "models/report.sql").read_bytes()
    assert check(plain, base="HEAD").stdout.startswith("Nothing changed")
    edit(plain, "tables.sql", "status varchar", "status varchar, more integer")
    assert check(plain, "--fail-on", "risky", base="HEAD").exit_code == 0


def test_what_is_left_out_of_archives_is_read(plain: Path) -> None:
    write(plain, ".gitattributes", "models/report.sql export-ignore\n")
    commit(plain)
    assert check(broken(plain), base="HEAD").exit_code == 1


def test_bytes_that_are_no_utf_8(plain: Path, shop: Path) -> None:
    for root, path in (
        (plain, "models/report.sql"),
        (shop, "models/staging/stg_page_views.sql"),
        (shop, "models/staging/staging.yml"),
    ):
        file = root / path
        comment = b"# caf\xe9 \xff\n" if path.endswith(".yml") else b"-- caf\xe9 \xff\n"
        file.write_bytes(comment + file.read_bytes())
        done = check(root)
        assert "Traceback" not in done.output
        assert done.exit_code in {0, 1}, done.output
        git(root, "checkout", "--quiet", "--", ".")


def test_utf_16(plain: Path) -> None:
    (plain / "models/report.sql").write_bytes(REPORT.encode("utf-16"))
    done = check(plain, "--coverage-floor", "1")
    assert "Traceback" not in done.output
    assert done.exit_code in {0, 1, 3}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_sql_in_another_encoding_is_read_or_counted(plain: Path, encoding: str) -> None:
    path = "models/staging.sql"
    text = (plain / path).read_text(encoding="utf-8")
    (plain / path).write_bytes(text.replace(", status from", " from").encode(encoding))
    found = check(plain, "--coverage-floor=1")
    if encoding == "utf-16":  # with a byte order mark
        assert found.exit_code == 1
        assert "report" in found.stdout
        return
    assert found.exit_code == 3
    assert path in found.stdout
    assert "1 of 2 statements" in found.stdout


def test_a_byte_order_mark_is_no_change(shop: Path) -> None:
    path = shop / "models/staging/stg_page_views.sql"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert check(shop, "--fail-on", "any").exit_code == 0


@pytest.mark.parametrize("name", ["models/größe.sql", "models/a b.sql", 'models/it\'s "x".sql'])
def test_names_of_files(name: str, plain: Path) -> None:
    write(plain, name, "create view marts.odd as\nselect status from staging.orders;\n")
    commit(plain)
    done = check(broken(plain), "--output=json", base="HEAD")
    places = [row["location"]["document"] for row in json.loads(done.stdout)["findings"]]
    assert name in places


@pytest.mark.parametrize("kind", ["plain", "shop"])
def test_a_name_that_is_no_text_is_told(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    root: Path = request.getfixturevalue(kind)
    odd = os.fsdecode(os.fsencode(root) + b"/models/\xff.sql")
    try:
        Path(odd).write_text("select nothing from nowhere;\n")
    except OSError:
        pytest.skip("the file system takes no such name")
    edit(root, *EDITS[kind])
    for form in ("text", "json", "sarif", "junit", "github", "gitlab", "markdown"):
        done = check(root, f"--output={form}={tmp_path / form}")
        assert done.exit_code == 1, done.output
    assert "is no text in UTF-8" in (tmp_path / "text").read_text()


# What is beside the files -------------------------------------------------------------------------


def test_a_project_below_the_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "mono"
    for path, text in FILES.items():
        write(root, f"teams/data/{path}.sql", text)
    write(root, "other/models/x.sql", "select gone from staging.orders;\n")
    repositories.begin(root)
    broken(root, "teams/data/models/staging.sql")
    done = check(root / "teams/data", "--output=github")
    assert "file=teams/data/models/report.sql,line=4" in done.stdout
    assert "other/" not in done.stdout
    monkeypatch.chdir(root)
    again = repositories.run(
        "check", "--base", "main", "--project", "teams/data", "--output=github"
    )
    assert again.stdout == done.stdout


def test_a_submodule_is_no_part_of_it(plain: Path, tmp_path: Path) -> None:
    inner = sql(tmp_path / "inner", view="create view inner_view as select gone from raw.orders;\n")
    git(plain, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add",
        inner.as_uri(), "vendor")  # fmt: skip
    commit(plain)
    write(plain / "vendor", "view.sql", "create view inner_view as select worse from raw.orders;\n")
    assert check(plain, base="HEAD").stdout.startswith("Nothing changed")
    commit(plain / "vendor")
    commit(plain, "a newer one")
    done = check(plain, "--fail-on", "any", base="HEAD~1")
    assert done.exit_code == 0
    assert "inner_view" not in check(broken(plain), base="HEAD").stdout


def test_a_link_is_not_followed(plain: Path, tmp_path: Path) -> None:
    write(tmp_path, "secret.sql", "create view secret as select password from raw.orders;\n")
    (plain / "models/link.sql").symlink_to(tmp_path / "secret.sql")
    (plain / "elsewhere").symlink_to(tmp_path)
    commit(plain)
    done = check(broken(plain), base="HEAD")
    assert "secret" not in done.output
    (plain / "models/report.sql").unlink()
    (plain / "models/report.sql").symlink_to(tmp_path / "secret.sql")
    assert "password" not in check(plain, base="HEAD").output


def test_what_is_ignored_by_git_is_no_part_of_it(plain: Path) -> None:
    write(plain, ".gitignore", "scratch/\n")
    commit(plain)
    write(plain, "scratch/mine.sql", "create view staging.orders as select 1 as one;\n")
    assert check(plain, "--fail-on", "any", base="HEAD").stdout.startswith("Nothing changed")
    edit(plain, "models/report.sql", "select id", "select  id")
    assert check(plain, "--fail-on", "any", base="HEAD").exit_code == 0


def test_hooks_and_settings_of_git_are_in_nobodys_way(
    plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(plain, "config", "diff.external", "false")
    git(plain, "config", "core.quotepath", "true")
    git(plain, "config", "diff.noprefix", "true")
    git(plain, "config", "diff.relative", "true")
    git(plain, "config", "status.short", "true")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    write(
        plain, "models/größe.sql", "create view marts.odd as select status from staging.orders;\n"
    )
    commit(plain)
    done = check(broken(plain), base="HEAD")
    assert done.exit_code == 1
    assert "marts.odd" in done.stdout


def test_nothing_is_written_but_the_kept_state(shop: Path) -> None:
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    index = (shop / ".git/index").read_bytes()
    before = git(shop, "status", "--porcelain")
    check(shop)
    assert git(shop, "status", "--porcelain") == before
    assert sorted(path.name for path in (shop / ".lineage").iterdir()) == ["check"]
    assert (shop / ".git/index").read_bytes() == index


def test_a_read_only_folder(shop: Path) -> None:
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    shutil.rmtree(shop / ".lineage", ignore_errors=True)
    shop.chmod(0o555)
    try:
        assert check(shop).exit_code in {0, 1}
    finally:
        shop.chmod(0o755)
