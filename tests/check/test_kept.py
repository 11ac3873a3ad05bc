"""A check that takes what it can from a kept state says what one says that reads everything."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from lineage.policy.config import Config
from lineage.policy.facts import Side, facts
from lineage.policy.judge import Given, judge
from lineage.reports.check import CHECK_REPORTS, Checked
from lineage.sources import git, keeping
from lineage.sources.keeping import FILES, Keeping
from lineage.sources.sides import Options, Sides, read_whole, sides
from tests.check import repositories
from tests.check.repositories import FIXTURE, HEADS, commit, edit, lay, write
from tests.check.repositories import git as run

ENVIRONMENT = ("macros/", "dbt_project.yml", "profiles.yml")
"""Files that any other may depend on."""


def told(found: Sides) -> object:
    """Return all that a check says, as its JSON report has it."""
    compared = facts(
        Side(found.base, found.before),
        Side(found.head, found.after),
        seen=found.seen,
        unseen=found.unseen,
    )
    texts = {path: data.decode() for path, data in found.after.items()}
    rulings = judge(compared, Config(), Given(date(2026, 11, 21), texts))

    def none() -> None:
        raise AssertionError

    checked = Checked(
        "main", "head", compared.impact, rulings, "breaking", False, found.seen, found.unseen,
        none,  # type: ignore[arg-type] # nobody draws
    )  # fmt: skip
    return json.loads("".join(CHECK_REPORTS.get("json").write(checked)))


def change(root: Path, base: str = "main", head: str | None = None) -> git.Change:
    """Return how two revisions differ."""
    found = git.change(base, head, root)
    assert found is not None
    return found


@pytest.fixture(scope="module", autouse=True)
def _code_that_stays() -> Iterator[None]:
    """Have the program's files looked at once: somebody may edit one while tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "code", lambda: b"code")
        yield


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with the base of the pull requests, its state kept."""
    root = repositories.shop(tmp_path_factory.mktemp("repository") / "shop")
    sides(change(root), root, Options())
    return root


@pytest.mark.parametrize("name", HEADS)
def test_a_pull_request_is_told_the_same(name: str, repository: Path) -> None:
    lay(repository, name)
    part = sides(change(repository), repository, Options())
    whole = read_whole("main", None, repository, Options())
    assert told(part) == told(whole)
    changed = change(repository).differing.before
    assert part.whole == any(path.startswith(ENVIRONMENT) for path in changed)


# Other repositories, other states -----------------------------------------------------------------


@pytest.fixture
def shop(repository: Path, tmp_path: Path) -> Path:
    """Return a repository of one's own, the base's state kept."""
    lay(repository, "add-unread")
    run(repository, "checkout", "--quiet", "--force", "main")
    run(repository, "clean", "--quiet", "-d", "--force")
    root = tmp_path / "shop"
    shutil.copytree(repository, root)
    return root


def agree(root: Path, base: str = "main", head: str | None = None) -> Sides:
    """Check in both ways, and return the shorter one."""
    part = sides(change(root, base, head), root, Options())
    assert told(part) == told(read_whole(base, head, root, Options()))
    return part


def test_a_base_that_moved_is_told_from_the_state_before_it(shop: Path) -> None:
    for name in ("rename-item-price", "drop-referrer", "yaml-owner"):
        head = FIXTURE / "heads" / name
        shutil.copytree(head / "files", shop, copy_function=shutil.copy, dirs_exist_ok=True)
        commit(shop, name)
        edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
        part = agree(shop, "HEAD")
        assert not part.whole
        commit(shop)
    assert len(list((shop / ".lineage/check").glob("*.state"))) == 1


def test_commits_are_compared_without_the_working_tree(shop: Path) -> None:
    run(shop, "checkout", "--quiet", "-b", "change")
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    commit(shop)
    (shop / "models/staging/stg_orders.sql").unlink()
    assert not agree(shop, "main", "change").whole
    assert not agree(shop, "change", "main").whole


CHANGES = {
    "a model is new, and what named it before binds now": {
        "models/marts/later.sql": "select order_id from {{ ref('early') }}\n",
    },
    "a model is new and described": {
        "models/marts/later.sql": "select order_id as id from {{ ref('stg_orders') }}\n",
        "models/marts/later.yml": (
            "models:\n  - name: later\n    meta: {owner: a@example.invalid}\n    columns:\n"
            "      - name: id\n        tests: [not_null, unique]\n"
        ),
    },
    "a model of a name that there is": {
        "models/marts/stg_orders.sql": "select 1 as order_id\n",
    },
    "an ephemeral model and its reader": {
        "models/marts/short.sql": (
            "{{ config(materialized='ephemeral') }}\nselect order_id from {{ ref('stg_orders') }}\n"
        ),
        "models/marts/reader.sql": "select order_id, nothing from {{ ref('short') }}\n",
    },
    "a test, an exposure and a unit test": {
        "tests/some_test.sql": "select gone from {{ ref('stg_orders') }}\n",
        "models/more.yml": (
            "exposures:\n  - name: more\n    type: dashboard\n    owner: {name: x}\n"
            "    depends_on: [ref('stg_orders'), ref('gone')]\n"
            "unit_tests:\n  - name: unit\n    model: stg_orders\n    given: []\n"
            "    expect: {rows: [{order_id: 1, gone: 2}]}\n"
        ),
    },
    "a source and a seed": {
        "models/others.yml": (
            "sources:\n  - name: others\n    tables:\n      - name: thing\n        columns:\n"
            "          - {name: id, data_type: integer}\n"
        ),
        "seeds/colours.csv": "id,name\n1,red\n",
        "models/marts/coloured.sql": (
            "select c.name, t.id from {{ ref('colours') }} c "
            "join {{ source('others', 'thing') }} t on t.id = c.id\n"
        ),
    },
    "groups, which any model may be in": {
        "models/groups.yml": "groups:\n  - name: all\n    owner: {name: y}\n",
    },
    "not YAML": {"models/broken.yml": "models: [\n"},
    "not a template": {"models/marts/torn.sql": "select {{ ref('stg_orders' }} from x\n"},
    "not SQL": {"models/marts/torn.sql": "select from where\n"},
    "no text": {"models/marts/empty.sql": ""},
    "doc blocks": {"models/docs.md": "{% docs order_id %}The order.{% enddocs %}\n"},
    "nothing that is read": {"README.md": "hello\n", "notes.txt": "x\n"},
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_new_or_goes_is_told_the_same(name: str, shop: Path) -> None:
    for path, text in CHANGES[name].items():
        write(shop, path, text)
    agree(shop)
    commit(shop)
    agree(shop, "HEAD~1", "HEAD")
    agree(shop, "HEAD", "HEAD~1")  # from the state of the other side
    for path in CHANGES[name]:
        (shop / path).unlink()
    agree(shop, "HEAD")


def test_an_ephemeral_model_that_changes_changes_its_readers(shop: Path) -> None:
    write(
        shop,
        "models/marts/short.sql",
        "{{ config(materialized='ephemeral') }}\nselect order_id from {{ ref('stg_orders') }}\n",
    )
    write(shop, "models/marts/reader.sql", "select order_id from {{ ref('short') }}\n")
    write(shop, "models/marts/further.sql", "select order_id from {{ ref('reader') }}\n")
    commit(shop)
    sides(change(shop, "HEAD"), shop, Options())
    edit(shop, "models/marts/short.sql", "order_id", "order_id as other")
    part = agree(shop, "HEAD")
    assert not part.whole
    said = json.dumps(told(part))
    assert "reader.sql" in said


def test_columns_that_a_macro_looks_up_are_those_of_the_seed(shop: Path) -> None:
    write(
        shop,
        "models/marts/listed.sql",
        "select {% for column in adapter.get_columns_in_relation(ref('colours')) %}"
        "{{ column.name }}{{ ',' if not loop.last }}{% endfor %} from {{ ref('colours') }}\n",
    )
    write(shop, "seeds/colours.csv", "id,name\n1,red\n")
    commit(shop)
    sides(change(shop, "HEAD"), shop, Options())
    edit(shop, "models/marts/listed.sql", " from", " , 1 as one from")
    assert not agree(shop, "HEAD").whole
    write(shop, "seeds/colours.csv", "id,name,code\n1,red,r\n")
    assert not agree(shop, "HEAD").whole


def test_a_file_that_moves_is_the_same_model(shop: Path) -> None:
    moved = shop / "models/marts/moved/fct_orders.sql"
    moved.parent.mkdir()
    (shop / "models/marts/fct_orders.sql").rename(moved)
    assert not agree(shop).whole


def states(root: Path) -> list[Path]:
    """Return the kept states."""
    return sorted((root / ".lineage/check").glob("*.state"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:0],
        lambda data: data[:100],
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: b"x" + data[1:],
    ],
)
def test_a_damaged_state_is_not_used(damage: Callable[[bytes], bytes], shop: Path) -> None:
    (state,) = states(shop)
    state.write_bytes(damage(state.read_bytes()))
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    agree(shop)
    assert len(states(shop)) == 1
    agree(shop)


@pytest.mark.parametrize("keep", [8, 200, -40])
def test_a_state_that_is_whole_and_says_nonsense_is_not_used(keep: int, shop: Path) -> None:
    (state,) = states(shop)
    data = state.read_bytes()[:keep]
    body = data[20:]
    state.write_bytes(data[:16] + zlib.crc32(body).to_bytes(4, "little") + body)
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    agree(shop)


def test_a_state_that_came_with_the_repository_is_not_used(shop: Path) -> None:
    (state,) = states(shop)
    run(shop, "add", "--force", str(state))
    run(shop, "commit", "--quiet", "--message", "a gift")
    gift = Keeping(shop, (None, None))
    assert list(gift.trees())
    assert all(gift.load(tree) is None for tree in gift.trees())
    agree(shop, "HEAD")


def test_a_folder_that_cannot_be_written_is_no_error(shop: Path) -> None:
    shutil.rmtree(shop / ".lineage")
    (shop / ".lineage").write_text("not a folder")
    edit(shop, "models/staging/stg_orders.sql", "select", "select 1 as one,")
    agree(shop)


def test_states_do_not_add_up_without_end(shop: Path) -> None:
    kept = Keeping(shop, (None, None))
    for number in range(9):
        kept.store(f"{number:040}", b"x" * 10)
    assert len(states(shop)) == FILES
    assert bytes(kept.load(f"{8:040}") or b"") == b"x" * 10


def test_options_and_packages_have_states_of_their_own(shop: Path) -> None:
    one = Keeping(shop, ("duckdb", None))
    one.store("a" * 40, b"x")
    assert list(Keeping(shop, ("postgres", None)).trees()) == []
    assert list(Keeping(shop, ("duckdb", None), b"package").trees()) == []
    assert list(one.trees()) == ["a" * 40]


def test_what_is_kept_is_no_untracked_file(shop: Path) -> None:
    assert run(shop, "status", "--porcelain") == ""


def test_packages_that_are_installed_serve_both_sides(shop: Path) -> None:
    write(shop, ".gitignore", "dbt_packages/\n")
    write(
        shop,
        "models/marts/helped.sql",
        "select {{ helper.one('order_id') }} from {{ ref('stg_orders') }}\n",
    )
    commit(shop)
    write(shop, "dbt_packages/helper/dbt_project.yml", "name: helper\n")
    write(
        shop,
        "dbt_packages/helper/macros/one.sql",
        "{% macro one(a) %}{{ a }} as one{% endmacro %}\n",
    )
    sides(change(shop, "HEAD"), shop, Options())
    edit(shop, "models/marts/helped.sql", "order_id", "order_uid")
    part = agree(shop, "HEAD")
    assert not part.whole
    assert "order_uid" in json.dumps(told(part))
    assert part.unseen == ()


# Plain SQL ----------------------------------------------------------------------------------------

SCRIPTS = {
    "tables": "create table raw.orders (id integer, amount decimal(10, 2), note varchar);\n",
    "more": "create table raw.customers (id integer, name varchar);\n",
    "staging": "create view staging.orders as\nselect id, amount, note from raw.orders;\n",
    "people": "create view staging.people as select id, name from raw.customers;\n",
    "report": (
        "create table marts.report as\nselect o.id, p.name, o.amount\n"
        "from staging.orders o join staging.people p on p.id = o.id;\n"
    ),
    "filled": (
        "create table marts.filled (id integer, amount decimal(10, 2));\n"
        "insert into marts.filled select id, amount from staging.orders;\n"
    ),
    "later": "insert into marts.filled select id, 0 from raw.customers;\n",
    "last": "create view marts.last as select * from marts.filled;\n",
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository of plain SQL, its state kept."""
    root = repositories.sql(tmp_path_factory.mktemp("scripts") / "repository", **SCRIPTS)
    sides(change(root), root, OPTIONS)
    return root


OPTIONS = Options(dialect="duckdb")
EDITS: dict[str, dict[str, str | None]] = {
    "values": {"staging": SCRIPTS["staging"].replace("amount,", "amount * 2 as amount,")},
    "a column less": {"staging": SCRIPTS["staging"].replace(", note", "")},
    "a column less that is read": {"staging": SCRIPTS["staging"].replace("amount, ", "")},
    "a type": {"tables": SCRIPTS["tables"].replace("decimal(10, 2)", "double")},
    "one of two that fill a table": {"later": SCRIPTS["later"].replace("0 from", "1 from")},
    "one that fills another table": {
        "later": "insert into marts.other select id, 0 from raw.customers;\n"
    },
    "what makes a table that two fill": {
        "filled": SCRIPTS["filled"].replace("amount decimal", "total decimal")
    },
    "gone": {"people": None},
    "gone with its readers": {"people": None, "report": None},
    "new": {"new": "create view marts.new as select name from staging.people;\n"},
    "new, of a name that there is elsewhere": {
        "new": "create view other.orders as select 1 as one;\n"
    },
    "new, and named without its schema": {
        "new": "create view marts.new as select name from people;\n"
    },
    "moved": {"people": None, "moved": SCRIPTS["people"]},
    "torn": {"report": "create table marts.report as select from ((\n"},
    "a template": {
        "staging": "create view staging.orders as select id, amount, {{ note }} from raw.orders;\n"
    },
    "nothing": {"staging": "-- nothing\n"},
    "what is read": {
        "report": SCRIPTS["report"].replace("staging.people", "raw.customers"),
        "people": SCRIPTS["people"].replace(", name", ""),
    },
}


@pytest.mark.parametrize("name", EDITS)
def test_scripts_are_told_the_same(name: str, scripts: Path) -> None:
    run(scripts, "checkout", "--quiet", "--force", "main")
    run(scripts, "clean", "--quiet", "-d", "--force")
    for file, text in EDITS[name].items():
        if text is None:
            (scripts / f"{file}.sql").unlink()
        else:
            write(scripts, f"{file}.sql", text)
    part = sides(change(scripts), scripts, OPTIONS)
    assert told(part) == told(read_whole("main", None, scripts, OPTIONS))
    assert not part.whole or "name" in name


def test_events_among_the_scripts_are_read_as_a_whole(tmp_path: Path) -> None:
    root = repositories.sql(tmp_path / "repository", **SCRIPTS)
    sides(change(root), root, OPTIONS)
    write(
        root,
        "events.ndjson",
        '{"eventType": "COMPLETE", "eventTime": "2026-01-01T00:00:00Z", '
        '"run": {"runId": "0190b7a4-0000-7000-8000-000000000000"}, '
        '"job": {"namespace": "a", "name": "b"}, '
        '"inputs": [{"namespace": "sql", "name": "staging.orders"}], "outputs": []}\n',
    )
    edit(root, "staging.sql", ", note", "")
    part = sides(change(root), root, OPTIONS)
    assert told(part) == told(read_whole("main", None, root, OPTIONS))
    assert part.whole


@pytest.mark.parametrize(
    ("file", "old", "new"), [("macro", "a + 1", "a / 2"), ("called", "(id)", "(id * 2)")]
)
def test_scripts_with_a_macro_are_read_as_a_whole(
    file: str, old: str, new: str, tmp_path: Path
) -> None:
    macro = "create macro added(a) as a + 1;\n"
    called = "create view marts.called as select added(id) as n from staging.orders;\n"
    root = repositories.sql(tmp_path / "repository", **SCRIPTS, macro=macro, called=called)
    sides(change(root), root, OPTIONS)
    edit(root, f"{file}.sql", old, new)
    part = sides(change(root), root, OPTIONS)
    assert told(part) == told(read_whole("main", None, root, OPTIONS))
    assert part.whole
