"""A project's files give what dbt gives: names, statements, columns, tests.

`orchard/` is a small project that uses much of dbt; `orchard.json` holds what dbt made of it, its
own words for how it was made included.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from lineage.model.diagnostic import Location, Severity
from lineage.model.wire import encode
from lineage.sources.dbt import read_tree
from lineage.sources.dbt.artifacts import Artifacts
from lineage.sources.dbt.consumers import read_project
from lineage.sources.dbt.node import Kind, Node, Project, Use
from lineage.sources.dbt.tree import Files, Folder

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
ORCHARD = HERE / "orchard"
SHOP = ROOT / "fixtures" / "pull_requests"
DEMO = ROOT / "fixtures" / "demo" / "dbt"
BY_DBT = json.loads((HERE / "orchard.json").read_text(encoding="utf-8"))


def nodes(project: Project) -> dict[str, Node]:
    return {node.id: node for node in project.nodes}


def plain(sql: str | None) -> str:
    """White space, closing semicolons and the case of words are the renderer's own affair."""
    return re.sub(r"\s+", "", sql or "").rstrip(";").lower()


def written(**files: str) -> Files:
    """Return a project of a few files; `__` in a name is a slash, and the ending is added."""
    content = {"dbt_project.yml": b"name: p\n"}
    for name, text in files.items():
        path, _, ending = name.replace("__", "/").rpartition("_")
        content[f"{path}.{ending}"] = text.encode()
    return Files(content)


@pytest.fixture(scope="module")
def orchard() -> Project:
    return read_project(Folder(ORCHARD))


def test_every_node_of_dbt_is_there_under_its_name(orchard: Project) -> None:
    found = nodes(orchard)
    for id_, expected in BY_DBT["nodes"].items():
        relation = found[id_].relation
        assert (relation.name if relation else None) == expected["relation"]
        assert found[id_].file == expected["file"]
    others = {node.id for node in orchard.nodes} - set(BY_DBT["nodes"])
    assert others == {
        "exposure.orchard.market_board",
        "source.orchard.weather.days",
        "unit_test.orchard.stg_picks.a_month_begins_on_its_first_day",
    }


@pytest.mark.parametrize("id_", [id_ for id_, node in BY_DBT["nodes"].items() if node["sql"]])
def test_the_statement_is_the_one_that_dbt_compiles(orchard: Project, id_: str) -> None:
    node = nodes(orchard)[id_]
    compiled = plain(BY_DBT["nodes"][id_]["sql"])
    if node.kind is Kind.MODEL and node.relation is None:
        assert node.sql is None
    elif node.kind is Kind.SNAPSHOT:
        assert compiled in plain(node.sql)
    else:
        assert plain(node.sql) == compiled
    assert set(node.depends_on) == set(BY_DBT["nodes"][id_]["depends_on"])


def test_a_seed_has_the_columns_that_the_database_has(orchard: Project) -> None:
    for name in ("picks", "trees"):
        columns = nodes(orchard)[f"seed.orchard.{name}"].catalog or ()
        found = [[column.name, column.type] for column in columns]
        assert found == BY_DBT["catalog"][f"orchard.farm.{name}"]


def test_the_statements_run_and_give_the_columns_that_dbt_gave(orchard: Project) -> None:
    duckdb = pytest.importorskip("duckdb")
    database = duckdb.connect(":memory:")
    database.execute("attach ':memory:' as orchard")
    schemas = {node.relation.schema for node in orchard.nodes if node.relation}
    for schema in sorted(schema for schema in schemas if schema):
        database.execute(f"create schema if not exists orchard.{schema}")
    waiting = [node for node in orchard.nodes if node.relation]
    made: set[str] = set()
    while waiting:
        before = len(waiting)
        for node in list(waiting):
            name = node.relation.name if node.relation else ""
            try:
                if node.sql is not None:
                    database.execute(f"create table {name} as {node.sql}")
                else:
                    columns = ", ".join(f"{c.name} {c.type}" for c in node.catalog or node.columns)
                    database.execute(f"create table {name} ({columns})")
            except duckdb.CatalogException:
                continue
            made.add(name)
            waiting.remove(node)
        assert len(waiting) < before, [node.id for node in waiting]
    for name in sorted(made):
        found = [[row[0], row[1]] for row in database.execute(f"describe {name}").fetchall()]
        assert found == BY_DBT["catalog"][name], name


def test_lines_lead_back_to_the_template(orchard: Project) -> None:
    node = nodes(orchard)["model.orchard.by_variety"]
    assert node.sql is not None
    assert node.places is not None
    source = (ORCHARD / node.file).read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(node.sql.split("\n"), 1):
        for word in ("gala_amount", "cox_amount", "rain_mm", "picked_on"):
            if word not in line:
                continue
            place = node.places.place(number, line.index(word) + 1)
            shown = source[place.line - 1][place.column - 1 :]
            assert shown.startswith(word if place.exact else "{"), (line, place)


def test_lines_behind_ephemeral_models_lead_back_too(orchard: Project) -> None:
    node = nodes(orchard)["model.orchard.fct_sales"]
    assert node.sql is not None
    assert node.places is not None
    lines = node.sql.split("\n")
    number = next(index for index, line in enumerate(lines, 1) if "trees.variety" in line)
    place = node.places.place(number, lines[number - 1].index("trees") + 1)
    source = (ORCHARD / node.file).read_text(encoding="utf-8").split("\n")
    assert source[place.line - 1][place.column - 1 :].startswith("trees.variety")


def test_an_incremental_model_is_rendered_both_ways_and_that_is_said(orchard: Project) -> None:
    (told,) = orchard.diagnostics
    assert told.code == "template-both-ways"
    assert told.severity is Severity.NOTE
    assert "models/marts/fct_sales.sql: cannot decide `is_incremental()`" in told.message


def test_what_people_said_is_kept(orchard: Project) -> None:
    found = nodes(orchard)
    picks = found["seed.orchard.picks"]
    assert picks.description == "One row a basket, as it came off the tree."
    assert {c.name: c.description for c in picks.columns}["kilos"] == "As weighed."
    staged = found["model.orchard.stg_picks"]
    assert (staged.owners, staged.tags) == (("The growers",), ("staging",))
    tags = {column.name: column.tags for column in staged.columns}
    assert tags["tree_code"] == ("sensitivity=low",)
    assert found["model.orchard.fct_sales"].domain == "sales"
    assert found["model.orchard.fct_sales"].tags == ("nightly",)
    assert found["source.orchard.weather.days"].owners == ("station@sky.example",)
    board = found["exposure.orchard.market_board"]
    assert board.owners == ("Market",)
    assert board.detail == {"type": "dashboard", "url": "https://orchard.example/board"}
    assert board.uses == (Use("model.orchard.by_variety", "gala_amount"),)
    heavy = found["model.orchard.heavy.v2"]
    assert heavy.contract
    assert [column.nullable for column in heavy.columns] == [False, None, None]


def test_tests_name_the_columns_that_they_use(orchard: Project) -> None:
    found = nodes(orchard)
    related = found["test.orchard.relationships_stg_picks_tree_code__tree_code__ref_trees_"]
    assert related.uses == (
        Use("model.orchard.stg_picks", "tree_code"),
        Use("seed.orchard.trees", "tree_code"),
    )
    unit = found["unit_test.orchard.stg_picks.a_month_begins_on_its_first_day"]
    assert Use("seed.orchard.picks", "picked_on") in unit.uses
    assert Use("model.orchard.stg_picks", "month") in unit.uses
    assert found["test.orchard.unique_stg_picks_pick_id"].line == 24


def test_a_folder_and_a_mapping_of_its_files_are_the_same_project() -> None:
    folder = Folder(ORCHARD)
    files = Files({path: folder.read(path) for path in folder.list()})
    first, second = list(read_tree(folder)), list(read_tree(files))
    assert first == second
    assert len(first) > len(BY_DBT["nodes"])


# Other projects ---------------------------------------------------------------------------------


@pytest.mark.skipif(not (DEMO / "target" / "manifest.json").is_file(), reason="no demo artifacts")
def test_the_demo_read_from_its_files_is_the_demo_read_from_its_artifacts() -> None:
    def key(node: Node) -> str:
        return node.name if node.kind is Kind.TEST else node.id

    target = DEMO / "target"
    built = Artifacts(
        "manifest.json",
        (target / "manifest.json").read_bytes(),
        (target / "catalog.json").read_bytes(),
    ).read()
    of_dbt = {key(node): node for node in built.nodes}
    ours = {key(node): node for node in read_project(Folder(DEMO)).nodes}
    assert ours.keys() == of_dbt.keys()
    for name, theirs in of_dbt.items():
        mine = ours[name]
        assert plain(mine.sql) == plain(theirs.sql), name
        assert mine.relation == theirs.relation
        assert (mine.owners, mine.domain, mine.contract) == (
            theirs.owners,
            theirs.domain,
            theirs.contract,
        )
        assert set(mine.uses) == set(theirs.uses), name
        assert set(mine.depends_on) == set(theirs.depends_on), name
        if mine.kind is Kind.SEED:
            found = [(c.name, c.type) for c in mine.catalog or ()]
            assert found == [(c.name, c.type) for c in theirs.catalog or ()]


def head(folder: Path, base: Mapping[str, bytes]) -> Files:
    told = json.loads((folder / "pull_request.json").read_text(encoding="utf-8"))
    content = dict(base)
    for path in (folder / "files").rglob("*"):
        if path.is_file():
            content[path.relative_to(folder / "files").as_posix()] = path.read_bytes()
    for path in told.get("deleted", []):
        content.pop(path, None)
    return Files(content)


HEADS = sorted(path for path in (SHOP / "heads").glob("*") if path.is_dir())


def test_a_reference_that_dbt_cannot_resolve_is_found_in_every_pull_request() -> None:
    if not HEADS:
        pytest.skip("no pull requests")
    folder = Folder(SHOP / "base")
    base = {path: folder.read(path) for path in folder.list()}
    assert read_project(Files(base)).diagnostics == ()
    for path in HEADS:
        truth = json.loads((path / "truth.json").read_text(encoding="utf-8"))
        project = read_project(head(path, base))
        unresolved = [d for d in project.diagnostics if d.code == "dbt-unknown-model"]
        assert bool(unresolved) == bool(truth.get("project_error")), path.name
        assert all(d.location and d.location.line for d in unresolved)


# Small projects ---------------------------------------------------------------------------------


def test_without_a_profile_the_schema_is_that_of_a_new_database() -> None:
    files = written(models__a_sql="{{ config(schema='x') }} select 1 as b")
    for dialect, name in (
        ("duckdb", "main_x.a"),
        ("redshift", "public_x.a"),
        (None, "analytics_x.a"),
    ):
        (node,) = read_project(files, dialect=dialect).nodes
        assert node.relation is not None
        assert node.relation.name == name


def test_a_projects_own_way_to_name_schemas_is_used() -> None:
    files = written(
        models__a_sql="{{ config(schema='x') }} select 1 as b",
        macros__names_sql="{% macro generate_schema_name(custom_schema_name, node) %}"
        "{{ node.name }}_{{ custom_schema_name }}{% endmacro %}"
        "{% macro generate_alias_name(custom_alias_name=none, node=none) %}"
        "{{ return('t_' ~ node.name) }}{% endmacro %}",
    )
    (node,) = read_project(files, dialect="duckdb").nodes
    assert node.relation is not None
    assert node.relation.name == "a_x.t_a"


def test_a_reference_to_nothing_is_reported_and_left_for_the_binder() -> None:
    project = read_project(
        written(models__a_sql="select *\nfrom {{ ref('gone') }}"), dialect="duckdb"
    )
    assert project.nodes[0].sql == 'select *\nfrom "main"."gone"'
    (told,) = project.diagnostics
    assert told.code == "dbt-unknown-model"
    assert told.message.startswith("models/a.sql:2:6: ref('gone') names a model that the project")


def test_a_model_that_cannot_be_rendered_says_why_and_still_names_its_inputs() -> None:
    files = written(
        models__a_sql="select 1 as x",
        models__b_sql="select {{ nowhere.shape(ref('a')) }} from {{ ref('a') }}",
    )
    b = nodes(read_project(files))["model.p.b"]
    assert b.sql is None
    assert b.depends_on == ("model.p.a",)
    assert b.note is not None
    assert "models/b.sql:1:8: `nowhere.shape(" in b.note


def test_a_query_to_the_database_leaves_the_statement_unknown() -> None:
    files = written(
        models__a_sql="{% set r = run_query('select 1') %}{% if execute %}"
        "{% set v = r.columns[0].values() %}{% endif %}"
        "select {% for x in v %}{{ x }},{% endfor %} 1 as y",
    )
    (node,) = read_project(files).nodes
    assert node.sql is None
    assert node.note is not None


def test_the_target_is_tried_both_ways_when_nobody_says_what_it_is() -> None:
    files = written(models__a_sql="select 1 as x{% if target.name == 'dev' %} limit 1{% endif %}")
    project = read_project(files)
    assert project.nodes[0].sql == "select 1 as x"
    assert "cannot decide `target.name == 'dev'`" in project.diagnostics[0].message


def test_columns_of_seeds_are_known_to_templates() -> None:
    files = written(
        seeds__s_csv="a,b\n1,x\n",
        models__m_sql="select {% for c in adapter.get_columns_in_relation(ref('s')) -%}"
        "{{ c.name }}{{ ', ' if not loop.last }}{% endfor %} from {{ ref('s') }}",
    )
    assert nodes(read_project(files, dialect="duckdb"))["model.p.m"].sql == (
        'select a, b from "main"."s"'
    )


def test_packages_are_read_where_they_are_installed() -> None:
    files = Files(
        {
            "dbt_project.yml": b"name: p\nmodels:\n  kit:\n    +schema: kit\n",
            "dbt_packages/kit/dbt_project.yml": b"name: kit\nvars: {n: 3}\n",
            "dbt_packages/kit/models/k.sql": b"select {{ var('n') }} as n",
            "dbt_packages/kit/macros/m.sql": b"{% macro one() %}1{% endmacro %}",
            "models/a.sql": b"select {{ kit.one() }} as x from {{ ref('kit', 'k') }}",
        }
    )
    found = nodes(read_project(files, dialect="duckdb"))
    assert found["model.kit.k"].sql == "select 3 as n"
    assert found["model.kit.k"].file == "dbt_packages/kit/models/k.sql"
    assert found["model.p.a"].sql == 'select 1 as x from "main_kit"."k"'


def test_a_macro_that_takes_the_place_of_ref_calls_dbts_own() -> None:
    files = written(
        macros__ref_sql="{% macro ref(name) %}{% do return(builtins.ref(name)) %}{% endmacro %}",
        models__a_sql="select * from {{ ref('b') }}",
        models__b_sql="select 1 as x",
    )
    a = nodes(read_project(files, dialect="duckdb"))["model.p.a"]
    assert a.sql == 'select * from "main"."b"'
    assert a.depends_on == ("model.p.b",)


def test_a_package_that_is_not_installed_is_named() -> None:
    files = written(models__a_sql="select * from {{ ref('kit', 'b') }}")
    (told,) = read_project(files, dialect="duckdb").diagnostics
    assert told.code == "dbt-unknown-model"
    assert 'of package "kit", which is not installed; run `dbt deps`' in told.message


def test_dbt_utils_need_not_be_installed_for_its_plain_macros() -> None:
    files = written(
        models__a_sql="select {{ dbt_utils.generate_surrogate_key(['x', 'y']) }} as k, "
        "{{ dbt_utils.star(from=ref('b'), except=['z']) }} from {{ ref('b') }} "
        "{{ dbt_utils.group_by(2) }}",
        models__b_sql="select 1 as x, 2 as y, 3 as z",
    )
    sql = nodes(read_project(files, dialect="duckdb"))["model.p.a"].sql or ""
    assert "md5(cast(coalesce(cast(x as text)" in sql
    assert "* exclude (z) from" in sql
    assert sql.endswith("group by 1,2")


def test_ephemeral_models_that_go_round_in_a_circle_are_a_note() -> None:
    files = written(
        models__a_sql="{{ config(materialized='ephemeral') }} select * from {{ ref('b') }}",
        models__b_sql="{{ config(materialized='ephemeral') }} select * from {{ ref('a') }}",
        models__c_sql="select * from {{ ref('a') }}",
    )
    c = nodes(read_project(files))["model.p.c"]
    assert c.sql is None
    assert c.note == "the ephemeral model a refers to itself"


def test_disabled_models_are_not_there() -> None:
    files = written(
        models__a_sql="{{ config(enabled=var('on', false)) }} select 1 as x",
        models__b_sql="{{ config(enabled=false) }} select 1 as x",
        models__c_sql="select 1 as x",
    )
    assert [node.id for node in read_project(files).nodes] == ["model.p.c"]


def test_a_python_model_is_a_note_with_its_inputs() -> None:
    files = written(
        models__a_sql="select 1 as x",
        models__b_py="def model(dbt, session):\n    return dbt.ref('a')\n",
    )
    b = nodes(read_project(files))["model.p.b"]
    assert b.note == "it is a Python model: it holds no SQL to bind"
    assert b.depends_on == ("model.p.a",)


@pytest.mark.parametrize(
    "text",
    [
        "models: [",
        "models: {a: 1}",
        "- 1",
        "models: [3, {name: [1]}, {columns: 7}, {name: a, tests: [[]], columns: [x]}]",
        "sources:\n  - {}\n  - {name: s, tables: [1, {}]}",
        "exposures: [{depends_on: 3}]\nmetrics: [{type_params: 4}]\nunit_tests: [{given: [{}]}]",
        "&a [*a]",
        "\x00",
    ],
)
def test_yaml_of_any_shape_is_survived(text: str) -> None:
    project = read_project(written(models__a_sql="select 1 as x", models__s_yml=text))
    assert nodes(project)["model.p.a"].sql == "select 1 as x"


def test_yaml_that_cannot_be_read_is_reported_at_its_line() -> None:
    project = read_project(written(models__s_yml="models:\n  - name: a\n - b"))
    (told,) = project.diagnostics
    assert told.code == "dbt-unreadable-yaml"
    assert told.location is not None
    assert (told.location.document, told.location.line) == ("models/s.yml", 3)


def test_a_file_that_cannot_be_had_is_reported() -> None:
    class Holes(Files):
        def read(self, path: str) -> bytes:
            if path.endswith("a.sql"):
                message = "Permission denied"
                raise PermissionError(message)
            return super().read(path)

    content = {"dbt_project.yml": b"name: p", "models/a.sql": b"", "models/b.sql": b"select 1 as x"}
    project = read_project(Holes(content))
    assert [node.id for node in project.nodes] == ["model.p.b"]
    assert project.diagnostics[0].message.startswith("models/a.sql: cannot be read (Permission")


def test_files_in_another_encoding(tmp_path: Path) -> None:
    told = {
        "dbt_project.yml": "name: p",
        "models/s.yml": "sources: [{name: raw, tables: [{name: t, columns: [{name: ä}]}]}]",
        "models/a.sql": "select ä from {{ source('raw', 't') }}",
    }
    for name, text in told.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode("utf-16"))
    (tmp_path / "models" / "b.sql").write_bytes("select 1 as x".encode("utf-16-le"))
    project = read_project(Folder(tmp_path))
    assert nodes(project)["model.p.a"].sql == 'select ä from "raw"."t"'
    (problem,) = project.diagnostics
    assert (problem.code, problem.location) == ("unreadable", Location("models/b.sql"))


def test_links_out_of_the_project_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.sql"
    secret.write_text("select 1 as secret", encoding="utf-8")
    models = tmp_path / "project" / "models"
    models.mkdir(parents=True)
    (models.parent / "dbt_project.yml").write_text("name: p", encoding="utf-8")
    (models / "a.sql").symlink_to(secret)
    assert read_project(Folder(models.parent)).nodes == ()


def test_the_events_can_be_written() -> None:
    events = [item for item in read_tree(Folder(ORCHARD)) if not hasattr(item, "code")]
    written_out = [encode(event) for event in events]
    assert len(written_out) == len(set(written_out)) == len(events)


def test_what_is_not_utf_8_is_told_of_with_its_line() -> None:
    content = {"dbt_project.yml": b"name: p", "models/a.sql": b"select 1 as x\n-- caf\xe9\n"}
    (told,) = read_project(Files(content)).diagnostics
    assert (told.code, told.location) == ("not-utf-8", Location("models/a.sql", 2))
