"""Names are merged where that is certain, and reported where it only seems so."""

from __future__ import annotations

import pytest

from lineage.catalog.identity import Names, resolve, unquoted
from lineage.model.identity import DatasetId


def names(*texts: str, links: tuple[tuple[str, str], ...] = ()) -> Names:
    """Resolve `namespace name` texts."""
    return resolve(
        [DatasetId(*text.split(" ")) for text in texts],
        [(DatasetId(*one.split(" ")), DatasetId(*other.split(" "))) for one, other in links],
    )


def of(found: Names, text: str) -> str:
    name = found.of(DatasetId(*text.split(" ")))
    return f"{name.namespace} {name.name}"


@pytest.mark.parametrize(
    ("quoted", "plain"),
    [
        ('"a"."b"', "a.b"),
        ("`a`.b", "a.b"),
        ("[dbo].[T]", "dbo.T"),
        ('"a.b".c', '"a.b".c'),
        ('""', ""),
        ("a..b", "a..b"),
        ('."b"', ".b"),
        ('/path/with"quotes', '/path/with"quotes'),
        ("plain", "plain"),
    ],
)
def test_quotes(quoted: str, plain: str) -> None:
    assert unquoted(DatasetId("n", quoted)).name == plain


def test_quotes_make_no_other_dataset() -> None:
    found = names('pg "s"."t"', "pg s.t")
    assert of(found, 'pg "s"."t"') == "pg s.t"
    assert found.aliases == {DatasetId("pg", "s.t"): (DatasetId("pg", '"s"."t"'),)}


def test_case_means_nothing_in_some_engines() -> None:
    found = names("hive://h DB.T", "hive://h db.t", "postgres://h S.T", "postgres://h s.t")
    assert of(found, "hive://h DB.T") == "hive://h db.t"
    assert of(found, "postgres://h S.T") == "postgres://h S.T"
    assert [row.code for row in found.diagnostics] == ["similar-names"]
    assert "postgres://h S.T and postgres://h s.t" in found.diagnostics[0].message


def test_a_symlink_leads_to_the_table() -> None:
    link = ("s3://b /t", "hive://h db.t")
    assert of(names("s3://b /t", "hive://h db.t", links=(link,)), "s3://b /t") == "hive://h db.t"
    assert of(names("s3://b /t", links=(link,)), "hive://h db.t") == "s3://b /t"


def test_symlinks_go_on() -> None:
    found = names("n a", "n b", "n c", links=(("n a", "n b"), ("n b", "n c")))
    assert len({of(found, "n a"), of(found, "n b"), of(found, "n c")}) == 1


def test_a_name_that_several_claim_and_nobody_uses_merges_nothing() -> None:
    links = (("n a", "n x"), ("n b", "n x"))
    found = names("n a", "n b", links=links)
    assert of(found, "n a") != of(found, "n b")
    assert [row.code for row in found.diagnostics] == ["shared-symlink"]
    assert "n a and n b all call themselves n x" in found.diagnostics[0].message
    used = names("n a", "n b", "n x", links=links)
    assert of(used, "n a") == of(used, "n b") == "n x"


def test_names_that_look_alike_are_told() -> None:
    found = names("duckdb main.orders", "duckdb:///f.db main.orders", "kafka://k orders")
    assert ["main.orders" in row.message for row in found.diagnostics] == [True]
    shorter = names("duckdb shop.main.orders", "duckdb main.orders")
    assert "duckdb main.orders may be duckdb shop.main.orders without its database" in (
        shorter.diagnostics[0].message
    )
    unsure = names("n one.main.orders", "n two.main.orders", "n main.orders")
    assert unsure.diagnostics == ()
