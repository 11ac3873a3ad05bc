"""dbt's artifacts become events, whole or broken, and nothing in them is passed over."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from lineage.catalog.apply import apply
from lineage.model.diagnostic import Severity
from lineage.model.entities import DatasetKind, JobKind, RunState
from lineage.model.identity import DatasetId, FieldId, JobId
from lineage.model.places import Place, locate
from lineage.model.snapshot import Snapshot
from lineage.sources import read
from lineage.sources.dbt.align import align

SHARED = Path(os.environ.get("LINEAGE_SHARED", Path(__file__).parents[4] / "shared"))
WAREHOUSES = SHARED / "data" / "warehouses"

CUSTOMERS = {
    "resource_type": "model",
    "name": "customers",
    "alias": "customers",
    "database": "wh",
    "schema": "marts",
    "package_name": "shop",
    "original_file_path": "models/customers.sql",
    "config": {
        "materialized": "table",
        "meta": {"owner": "crm@shop.example", "domain": "customer"},
        "contract": {"enforced": True},
    },
    "description": "One row a customer.",
    "tags": ["nightly"],
    "columns": {
        "id": {"name": "id", "data_type": "integer", "constraints": [{"type": "not_null"}]},
        "email": {
            "name": "email",
            "data_type": "varchar",
            "description": "Where we write to.",
            "tags": ["pii"],
            "meta": {"masked": True, "class": "personal"},
        },
    },
    "depends_on": {"nodes": ["model.shop.inlined", "source.shop.raw.people"]},
    "raw_code": "select id, email\nfrom {{ ref('inlined') }}\nwhere {{ live() }} and id > 0\n",
    "compiled_code": "with __dbt__cte__inlined as (\nselect * from wh.raw.people\n) "
    "select id, email\nfrom __dbt__cte__inlined\nwhere not gone and id > 0",
}
MANIFEST: dict[str, object] = {
    "metadata": {
        "dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v12.json",
        "adapter_type": "duckdb",
        "project_name": "shop",
        "generated_at": "2026-11-20T19:41:58.450342Z",
    },
    "nodes": {
        "model.shop.customers": CUSTOMERS,
        "model.shop.inlined": {
            **CUSTOMERS,
            "name": "inlined",
            "config": {"materialized": "ephemeral"},
            "columns": {},
            "depends_on": {"nodes": ["source.shop.raw.people"]},
        },
        "seed.shop.people": {
            **CUSTOMERS,
            "resource_type": "seed",
            "name": "people",
            "alias": "people",
            "schema": "raw",
            "config": {"materialized": "seed"},
            "columns": {},
            "tags": [],
            "original_file_path": "seeds/people.csv",
        },
        "test.shop.not_null_customers_id.1": {
            "resource_type": "test",
            "name": "not_null_customers_id",
            "package_name": "shop",
            "original_file_path": "models/schema.yml",
            "config": {},
            "group": "crm",
            "column_name": "id",
            "attached_node": "model.shop.customers",
            "test_metadata": {"name": "not_null", "kwargs": {"column_name": "id"}},
            "depends_on": {"nodes": ["model.shop.customers"]},
            "raw_code": "{{ test_not_null(**_dbt_generic_test_kwargs) }}",
        },
        "analysis.shop.idea": {"resource_type": "analysis", "name": "idea"},
    },
    "sources": {
        "source.shop.raw.people": {
            "resource_type": "source",
            "source_name": "raw",
            "name": "people",
            "identifier": "people",
            "database": "wh",
            "schema": "raw",
            "package_name": "shop",
            "original_file_path": "models/sources.yml",
            "description": "Everybody.",
            "columns": {"id": {"name": "id", "description": "Theirs."}},
        }
    },
    "exposures": {
        "exposure.shop.board": {
            "resource_type": "exposure",
            "name": "board",
            "package_name": "shop",
            "original_file_path": "models/board.yml",
            "owner": {"email": "board@shop.example"},
            "depends_on": {"nodes": ["model.shop.customers"]},
            "type": "dashboard",
            "url": "https://bi.example/1",
        }
    },
    "semantic_models": {
        "semantic_model.shop.people": {
            "name": "people",
            "package_name": "shop",
            "original_file_path": "models/metrics.yml",
            "node_relation": {"relation_name": '"wh"."marts"."customers"'},
            "entities": [{"name": "person", "expr": "id"}],
            "measures": [{"name": "reachable", "agg": "count", "expr": "email"}],
            "depends_on": {"nodes": ["model.shop.customers"]},
        }
    },
    "metrics": {
        "metric.shop.reach": {
            "name": "reach",
            "package_name": "shop",
            "type_params": {"measure": {"name": "reachable"}},
            "depends_on": {"nodes": ["semantic_model.shop.people"]},
        }
    },
    "groups": {"group.shop.crm": {"name": "crm", "owner": {"name": "CRM"}}},
    "unit_tests": {
        "unit_test.shop.customers.nobody": {
            "name": "nobody",
            "model": "customers",
            "package_name": "shop",
            "given": [{"input": "source('raw', 'people')", "rows": [{"id": 1}]}],
            "expect": {"rows": [{"email": None}]},
            "depends_on": {"nodes": ["model.shop.customers"]},
        }
    },
}
CATALOG: dict[str, object] = {
    "nodes": {
        "seed.shop.people": {
            "columns": {
                "gone": {"name": "gone", "index": 3, "type": "BOOLEAN"},
                "id": {"name": "id", "index": 1, "type": "INTEGER", "comment": "The key."},
                "email": {"name": "email", "index": 2, "type": "VARCHAR"},
            }
        }
    }
}


def changed(*path: str, **members: object) -> dict[str, object]:
    """Return the manifest with members of one object replaced."""
    copy = json.loads(json.dumps(MANIFEST))
    place = copy
    for step in path:
        place = place[step]
    place.update(members)
    return dict(copy)


def snapshot(
    folder: Path,
    manifest: Mapping[str, object] = MANIFEST,
    *,
    catalog: Mapping[str, object] | None = CATALOG,
    results: Mapping[str, object] | None = None,
    namespace: str | None = None,
) -> Snapshot:
    folder.mkdir(exist_ok=True)
    for name, content in (
        ("manifest.json", manifest),
        ("catalog.json", catalog),
        ("run_results.json", results),
    ):
        if content is not None:
            (folder / name).write_text(json.dumps(content), encoding="utf-8")
    found = read([folder], namespace=namespace)
    return apply(found.events, found.diagnostics)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return snapshot(tmp_path_factory.mktemp("shop"))


def test_relations_are_named_by_database_schema_and_alias_in_the_adapters_name(
    shop: Snapshot,
) -> None:
    assert set(shop.datasets) == {
        DatasetId("duckdb", "wh.marts.customers"),
        DatasetId("duckdb", "wh.raw.people"),
    }


def test_the_name_space_can_be_chosen(tmp_path: Path) -> None:
    found = snapshot(tmp_path, namespace="warehouse")
    assert {name.namespace for name in found.datasets} == {"warehouse"}


def test_a_seed_that_is_declared_as_a_source_is_one_dataset_with_both_their_words(
    shop: Snapshot,
) -> None:
    people = shop.datasets[DatasetId("duckdb", "wh.raw.people")]
    assert people.kind is DatasetKind.SEED
    assert [(f.name, f.type) for f in people.fields or ()] == [
        ("id", "INTEGER"),
        ("email", "VARCHAR"),
        ("gone", "BOOLEAN"),
    ]
    assert (people.fields or ())[0].description == "The key."


def test_a_model_carries_what_people_said(shop: Snapshot) -> None:
    customers = shop.datasets[DatasetId("duckdb", "wh.marts.customers")]
    assert customers.kind is DatasetKind.TABLE
    assert customers.description == "One row a customer."
    assert (customers.owners, customers.domain) == (("crm@shop.example",), "customer")
    assert customers.tags == {"nightly"}
    key, email = customers.fields or ()
    assert (key.nullable, email.nullable) == (False, None)
    assert email.description == "Where we write to."
    assert email.tags == {"pii", "masked", "class=personal"}


def test_a_model_is_a_job_with_its_sql_and_what_dbt_says_it_depends_on(shop: Snapshot) -> None:
    job = shop.jobs[JobId("shop", "model.shop.customers")]
    assert (job.kind, job.dialect) == (JobKind.MODEL, "duckdb")
    assert job.sql == CUSTOMERS["compiled_code"]
    assert (job.database, job.schema) == ("wh", "marts")
    assert job.inputs == (DatasetId("duckdb", "wh.raw.people"),), "through the ephemeral model"
    assert job.outputs == (DatasetId("duckdb", "wh.marts.customers"),)
    assert JobId("shop", "model.shop.inlined") not in shop.jobs


def test_compiled_lines_lead_back_to_the_file(shop: Snapshot) -> None:
    job = shop.jobs[JobId("shop", "model.shop.customers")]
    place = locate(job.origin, job.places, 5, len("where not gone and ") + 1)
    assert place is not None
    assert (place.document, place.line, place.column) == ("models/customers.sql", 3, 24)


def test_consumers_use_what_they_name(shop: Snapshot) -> None:
    customers = DatasetId("duckdb", "wh.marts.customers")
    kinds = {name.name: job.kind for name, job in shop.jobs.items()}
    assert {name: kind for name, kind in kinds.items() if kind is not JobKind.MODEL} == {
        "not_null_customers_id": JobKind.TEST,
        "nobody": JobKind.TEST,
        "board": JobKind.EXPOSURE,
        "people": JobKind.METRIC,
        "reach": JobKind.METRIC,
        "contract.shop.customers": JobKind.CONTRACT,
    }
    test = shop.jobs[JobId("shop", "not_null_customers_id")]
    assert test.fields == (FieldId(customers, "id"),)
    assert test.owners == ("crm@shop.example",), "whoever owns what it tests, before the group"
    assert shop.jobs[JobId("shop", "nobody")].fields == (
        FieldId(customers, "email"),
        FieldId(DatasetId("duckdb", "wh.raw.people"), "id"),
    )
    board = shop.jobs[JobId("shop", "board")]
    assert (board.inputs, board.owners) == ((customers,), ("board@shop.example",))
    assert board.description == "https://bi.example/1"
    reach = shop.jobs[JobId("shop", "reach")]
    assert reach.sql == 'select email from "wh"."marts"."customers"'
    contract = shop.jobs[JobId("shop", "contract.shop.customers")]
    assert contract.fields == (FieldId(customers, "id"), FieldId(customers, "email"))
    assert contract.description == "promises id integer, email varchar"


def test_a_model_that_a_failed_run_left_uncompiled_is_rendered(tmp_path: Path) -> None:
    manifest = changed(
        "nodes",
        "model.shop.customers",
        compiled_code=None,
        raw_code="select id\nfrom {{ source('raw', 'people') }}\nwhere {{ live() }}",
    )
    manifest["macros"] = {
        "macro.shop.live": {
            "package_name": "shop",
            "original_file_path": "macros/live.sql",
            "macro_sql": "{% macro live() %}not gone{% endmacro %}",
        }
    }
    job = snapshot(tmp_path, manifest).jobs[JobId("shop", "model.shop.customers")]
    assert job.sql == 'select id\nfrom "wh"."raw"."people"\nwhere not gone'
    assert job.note is None
    assert locate(job.origin, job.places, 3, 7) == locate(job.origin, None, 3, 7)


def test_a_model_that_cannot_be_rendered_is_kept_and_says_why(tmp_path: Path) -> None:
    found = snapshot(tmp_path, changed("nodes", "model.shop.customers", compiled_code=None))
    job = found.jobs[JobId("shop", "model.shop.customers")]
    assert job.sql is None
    assert job.note is not None
    assert job.note.startswith("dbt left it uncompiled, and it cannot be rendered without dbt")
    assert job.inputs
    assert job.outputs


def test_a_python_model_is_kept_and_says_so(tmp_path: Path) -> None:
    manifest = changed("nodes", "model.shop.customers", language="python", compiled_code="x = 1")
    job = snapshot(tmp_path, manifest).jobs[JobId("shop", "model.shop.customers")]
    assert (job.sql, bool(job.note)) == (None, True)


def test_a_snapshot_has_the_columns_that_dbt_adds(tmp_path: Path) -> None:
    manifest = changed(
        "nodes",
        "model.shop.customers",
        resource_type="snapshot",
        compiled_code="\n\nselect id\nfrom wh.raw.people",
        raw_code="\n\nselect id\nfrom {{ source('raw', 'people') }}",
        config={"unique_key": "id", "strategy": "timestamp", "updated_at": "changed"},
    )
    job = snapshot(tmp_path, manifest).jobs[JobId("shop", "model.shop.customers")]
    assert job.sql is not None
    for name in ("dbt_scd_id", "dbt_updated_at", "dbt_valid_from", "dbt_valid_to"):
        assert f" as {name}" in job.sql.split("\n")[2]
    assert "changed as dbt_updated_at" in job.sql
    last = job.sql.split("\n").index("from wh.raw.people") + 1
    place = locate(job.origin, job.places, last, 1)
    assert place is not None
    assert place.line == 4


def test_without_a_catalog_only_a_list_with_all_types_is_a_schema(tmp_path: Path) -> None:
    found = snapshot(tmp_path, catalog=None)
    assert found.datasets[DatasetId("duckdb", "wh.raw.people")].fields is None
    customers = found.datasets[DatasetId("duckdb", "wh.marts.customers")]
    assert [field.name for field in customers.fields or ()] == ["id", "email"]


def test_runs_have_their_state_their_times_and_their_message(tmp_path: Path) -> None:
    timing = [
        {"name": "compile", "started_at": "2026-11-20T02:33:00Z", "completed_at": None},
        {"name": "execute", "started_at": None, "completed_at": "2026-11-20T02:34:00Z"},
    ]
    results = {
        "metadata": {"invocation_id": "9cf1f401"},
        "results": [
            {"unique_id": "model.shop.customers", "status": "error", "timing": timing,
             "message": 'Binder Error: column "email" not found'},
            {"unique_id": "seed.shop.people", "status": "success", "timing": timing},
            {"unique_id": "test.shop.not_null_customers_id.1", "status": "skipped", "timing": []},
            {"unique_id": "model.shop.unheard_of", "status": "success"},
        ],
    }  # fmt: skip
    first = snapshot(tmp_path / "a", results=results)
    by_job = {run.job.name: run for run in first.runs.values()}
    assert by_job["model.shop.customers"].state is RunState.FAIL
    assert by_job["model.shop.customers"].message == 'Binder Error: column "email" not found'
    assert str(by_job["model.shop.customers"].ended) == "2026-11-20 02:34:00+00:00"
    assert by_job["seed.shop.people"].state is RunState.COMPLETE
    assert by_job["not_null_customers_id"].state is RunState.ABORT
    assert len(by_job) == 3
    assert snapshot(tmp_path / "b", results=results).runs == first.runs, "ids are not drawn"


def test_a_project_folder_is_read_from_its_target(tmp_path: Path) -> None:
    (tmp_path / "dbt_project.yml").write_text("name: shop", encoding="utf-8")
    snapshot(tmp_path / "target")
    found = read([tmp_path])
    assert apply(found.events).datasets.keys() == snapshot(tmp_path / "target").datasets.keys()


def test_a_manifest_alone_is_enough(tmp_path: Path) -> None:
    snapshot(tmp_path, catalog=None)
    assert apply(read([tmp_path / "manifest.json"]).events).jobs


@pytest.mark.parametrize("name", ["manifest.json", "catalog.json", "run_results.json"])
def test_a_truncated_artifact_is_reported_and_the_others_are_used(
    tmp_path: Path, name: str
) -> None:
    snapshot(tmp_path, results={"results": []})
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[:-20])
    found = read([tmp_path])
    (told,) = [item for item in found.diagnostics if item.code == "dbt-unreadable-artifact"]
    assert told.location is not None
    assert told.location.document == str(path)
    assert "run dbt again" in told.message
    assert bool(found.events) == (name != "manifest.json")


@pytest.mark.parametrize("value", [None, 3, "text", [], {}, [None], {"a": None}])
@pytest.mark.parametrize("name", ["nodes", "sources", "exposures", "metrics", "groups", "metadata"])
def test_a_manifest_of_any_shape_is_survived(tmp_path: Path, name: str, value: object) -> None:
    text = json.dumps({**MANIFEST, name: value})
    if "schemas.getdbt.com/dbt/manifest/" not in text:
        text = text[:-1] + ', "x": "https://schemas.getdbt.com/dbt/manifest/v12.json"}'
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    read([tmp_path])


WRONG = [
    ("manifest.json", {**MANIFEST, "nodes": []}, "/nodes", Severity.ERROR),
    ("manifest.json", {**MANIFEST, "nodes": None}, "/nodes", Severity.ERROR),
    ("manifest.json", {**MANIFEST, "nodes": {"a/b": 7}}, "/nodes/a~1b", Severity.ERROR),
    (
        "manifest.json",
        {key: value for key, value in MANIFEST.items() if key != "nodes"},
        "",
        Severity.ERROR,
    ),
    (
        "manifest.json",
        {key: value for key, value in MANIFEST.items() if key != "metadata"},
        "",
        Severity.WARNING,
    ),
    ("manifest.json", {**MANIFEST, "sources": 7}, "/sources", Severity.WARNING),
    ("manifest.json", {**MANIFEST, "exposures": [1]}, "/exposures", Severity.WARNING),
    ("catalog.json", [], "", Severity.WARNING),
    ("catalog.json", {"nodes": 1, "sources": {}}, "/nodes", Severity.WARNING),
    ("catalog.json", {"nodes": {"x": {"columns": [1]}}}, "/nodes/x/columns", Severity.WARNING),
    (
        "catalog.json",
        {"nodes": {"x": {"columns": {"a": 1}}}},
        "/nodes/x/columns/a",
        Severity.WARNING,
    ),
    ("run_results.json", "text", "", Severity.WARNING),
    ("run_results.json", {"results": 7}, "/results", Severity.WARNING),
    ("run_results.json", {"results": [{"unique_id": "a"}, 7]}, "/results/1", Severity.WARNING),
    ("run_results.json", {"results": [{}]}, "/results/0", Severity.WARNING),
    (
        "manifest.json",
        {
            **MANIFEST,
            "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/manifest/v20.json"},
        },
        "/metadata/dbt_schema_version",
        Severity.WARNING,
    ),
]


@pytest.mark.parametrize(("name", "content", "pointer", "severity"), WRONG)
def test_what_is_not_what_it_should_be_is_told(
    tmp_path: Path, name: str, content: object, pointer: str, severity: Severity
) -> None:
    snapshot(tmp_path, results={"results": []})
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    (told,) = read([tmp_path]).diagnostics
    assert told.location is not None
    assert (told.location.document, told.location.pointer) == (str(tmp_path / name), pointer)
    assert told.severity is severity


@pytest.mark.parametrize("name", sorted(CUSTOMERS))
@pytest.mark.parametrize("value", [None, 3, [7], {"a": 1}])
def test_a_node_of_any_shape_is_survived(tmp_path: Path, name: str, value: object) -> None:
    apply_to = changed("nodes", "model.shop.customers", **{name: value})
    snapshot(tmp_path, apply_to)


def test_an_old_manifest_is_read_and_said_to_be_old(tmp_path: Path) -> None:
    manifest = changed(
        "metadata", dbt_schema_version="https://schemas.getdbt.com/dbt/manifest/v7.json"
    )
    found = snapshot(tmp_path, manifest)
    assert [item.code for item in found.diagnostics] == ["dbt-old-artifact"]
    assert found.jobs


def test_lines_of_a_template_are_found_in_what_became_of_it() -> None:
    written = "{{ config(a=1) }}\n\nselect\n  {{ x }} as a,\n  b\nfrom {{ ref('t') }} as t\n"
    compiled = "\n\nselect\n  1 +\n  2 as a,\n  b\nfrom db.t as t"
    places = align(written, compiled)
    assert places is not None
    assert places.place(3, 1) == Place(3, 1)
    assert places.place(4, 3).line == places.place(5, 3).line == 4
    assert places.place(6, 3) == Place(5, 3)
    assert places.place(7, 6) == Place(6, 6, exact=False)
    assert places.place(7, 14) == Place(6, 24)


# Other people's projects ------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["stripe", "zendesk", "evaluator", "jaffle_shop_duckdb"])
def test_real_warehouses_have_the_relations_and_columns_of_the_engine(name: str) -> None:
    if not (WAREHOUSES / name / "dbt").is_dir():
        pytest.skip("no shared data")
    found = read([WAREHOUSES / name / "dbt"])
    assert found.diagnostics == ()
    state = apply(found.events)
    by_short = {".".join(id_.name.split(".")[-2:]): data for id_, data in state.datasets.items()}
    made = {output for job in state.jobs.values() if job.sql for output in job.outputs}
    relations = json.loads((WAREHOUSES / name / "relations.json").read_text(encoding="utf-8"))
    for relation, columns in relations.items():
        dataset = by_short[relation]
        if dataset.id not in made:
            assert [[f.name, f.type] for f in dataset.fields or ()] == columns
    assert len(state.runs) > 0
