"""What dbt refuses although every file can be read: groups, private models, one relation twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.check.repositories import begin, commit, write
from tests.check.test_refused import BASE, at, rows

GOVERNED = {
    **BASE,
    "models/groups.yml": "groups:\n  - {name: money, owner: {name: Money}}\n",
    "models/n.sql": "{{ config(group='money') }}\nselect id, amt\nfrom {{ ref('m') }}\n",
    "models/z.sql": "{{ config(group='money') }}\nselect id, amt from {{ ref('n') }}\n",
}
NOT_SO = "select id, amt\nfrom {{ ref('n') }}\n"
PRIVATE = GOVERNED["models/n.sql"].replace("'money'", "'money', access='private'")
REFUSED = {
    "a group that is not there": (
        {"models/groups.yml": ""},
        "models/n.sql:1",
        "n is in the group money, which the project does not have (it has none)",
    ),
    "a group that was never there": (
        {"models/z.sql": "{{ config(group='honey') }}\nselect 1 as id, 2 as amt\n"},
        "models/z.sql:1",
        "z is in the group honey, which the project does not have (it has money)",
    ),
    "private to another group": (
        {
            "models/n.sql": PRIVATE,
            "models/z.sql": NOT_SO,
        },
        "models/z.sql:2:9",
        "z refers to n, which is private to the group money",
    ),
    "one alias": (
        {"models/z.sql": "select id, amt\n{{ config(alias='m') }}\nfrom {{ ref('n') }}\n"},
        "models/z.sql:2",
        "it becomes memory.main.m, as models/m.sql:1 does",
    ),
    "the alias is the other's": (
        {"models/a.sql": "{{ config(alias='z') }}\nselect id, amt from {{ ref('n') }}\n"},
        "models/a.sql:1",
        "it becomes memory.main.z, as models/z.sql:1 does",
    ),
    "the alias of a seed": (
        {"seeds/a.csv": "id\n1\n", "models/z.sql": "{{ config(alias='a') }} select 1 as id"},
        "models/z.sql:1",
        "it becomes memory.main.a, as seeds/a.csv:1 does",
    ),
}  # fmt: skip
ALLOWED = {
    "private to its own group": {"models/n.sql": PRIVATE},
    "one alias in two schemas": {
        "models/z.sql": "{{ config(alias='m', schema='x') }}\nselect id, amt from {{ ref('n') }}\n"
    },
    "an alias of what is off": {
        "models/m2.sql": "{{ config(alias='m', enabled=false) }}\nselect 1 as id\n"
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a group."""
    for path, text in GOVERNED.items():
        write(tmp_path, path, text)
    return begin(tmp_path)


@pytest.mark.parametrize("name", REFUSED)
def test_what_dbt_refuses_is_an_error_at_its_line(name: str, project: Path) -> None:
    files, where, says = REFUSED[name]
    for path, text in files.items():
        write(project, path, text)
    code, found = rows(project)
    (error,) = [row for row in found if row["severity"] == "error"]
    assert (code, error["rule"], at(error)) == (1, "REFERENCE_RESOLVES", where)
    assert says in error["message"]
    assert "dbt refuses" in error["message"]
    commit(project)
    write(project, "models/other.sql", "select 1 as one\n")
    assert rows(project) == (0, [])


@pytest.mark.parametrize("name", ALLOWED)
def test_what_dbt_allows_is_none(name: str, project: Path) -> None:
    for path, text in ALLOWED[name].items():
        write(project, path, text)
    assert "REFERENCE_RESOLVES" not in {row["rule"] for row in rows(project)[1]}


def test_a_snapshot_compares_columns_that_are_there(project: Path) -> None:
    """The first run passes: there is nothing yet to compare with."""
    snapshot = (
        "{% snapshot s %}\n{{ config(target_schema='x', unique_key='id', strategy='check', "
        "check_cols=['amt']) }}\nselect * from {{ ref('n') }}\n{% endsnapshot %}\n"
    )
    write(project, "snapshots/s.sql", snapshot)
    commit(project)
    write(project, "models/n.sql", "select id, amt as amount from {{ ref('m') }}\n")
    write(project, "models/z.sql", "select id, amount from {{ ref('n') }}\n")
    code, found = rows(project)
    (error,) = [row for row in found if row["severity"] == "error"]
    assert (code, error["rule"], error["subject"]) == (1, "STATEMENT_BINDS", "x.s")
    assert error["message"].startswith('when it is run again: column "amt" not found')
    write(project, "snapshots/s.sql", snapshot.replace("['amt']", "'all'"))
    assert "STATEMENT_BINDS" not in {row["rule"] for row in rows(project)[1]}


CONTRACT = """\
models:
  - name: n
    config: {contract: {enforced: true}}
    columns:
      - {name: id, data_type: integer}
      - {name: amt, data_type: integer}
"""


@pytest.mark.parametrize("changed", ["contract", "model"])
def test_nobody_reads_what_is_not_what_its_contract_promises(changed: str, project: Path) -> None:
    """Before dbt would build it, it compares it with the contract, and refuses."""
    write(project, "models/schema.yml", CONTRACT)
    write(project, "models/y.sql", "select id from {{ ref('z') }}\n")
    commit(project)
    if changed == "contract":
        write(project, "models/schema.yml", CONTRACT.replace("amt, data_type: integer", "b"))
    else:
        write(project, "models/n.sql", GOVERNED["models/n.sql"].replace("amt\n", "amt as b\n"))
    code, found = rows(project)
    errors = {(row["rule"], row["subject"]) for row in found if row["severity"] == "error"}
    assert (code, errors) == (1, {("CONTRACT_KEPT", "main.n")})
    told = {row["subject"]: row["message"] for row in found if row["rule"] == "RELATION_BUILDS"}
    assert told["main.y"] == "reads main.z, which cannot be built either"
    assert "main.z" in told
