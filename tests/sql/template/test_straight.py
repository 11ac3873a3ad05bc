"""Templates that only call functions come out as Jinja has them, text, places and problems."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lineage.sql import template
from lineage.sql.rendering import TemplateStopped
from lineage.sql.straight import straight
from lineage.sql.template import Call, Rendered, Renderer

ROOT = Path(__file__).parents[3]
MODELS = sorted((ROOT / "fixtures/pull_requests").rglob("*.sql"))


def both(source: str, *, lenient: bool) -> tuple[Rendered, Rendered]:
    """Render a template in both ways."""
    quick = renderer(lenient=lenient).render(source, document="m.sql")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(template, "straight", lambda _: None)
        return quick, renderer(lenient=lenient).render(source, document="m.sql")


def renderer(*, lenient: bool) -> Renderer:
    """Return a renderer that knows functions of every kind."""
    made = Renderer(lenient=lenient)

    def ref(*names: object, **said: object) -> str:
        if names == ("gone",):
            made.note("unknown-ref", "there is no gone")
        return ".".join(map(str, (*names, *said.values())))

    def stop(*_: object) -> str:
        message = "no"
        raise TemplateStopped(message)

    made.know(ref=ref, config=lambda **_: "", stop=stop, value=made.unknown("value"))
    macros, _ = made.macros(
        "{% macro twice(a) %}{{ a }} + {{ a }}{{ ref('gone') }}{% endmacro %}", document="x.sql"
    )
    made.know(**macros)
    return made


STRAIGHT = (
    "select 1",
    "select * from {{ ref('a') }}",
    "{{ config(materialized='table', tags=['a', \"b\"], n=10, on=true, off=None) }}\nselect 1\n",
    "a {{ref( 'p','m' )}}{{ ref(\"m\", v=2) }}\r\nb {{ ref('gone') }} {{ ref('gone') }}",
    "select {{ twice('c') }}, {{ value() }} from {{ unheard('x') }}",
    "}} {{ ref([]) }} {{ ref(['a', 1]) }} {",
    "{{ ref('ünï') }} é {{ ref('x') }}",
    "x {{ ref('a') }}\n {{ stop('it') }} y",
)
OTHER = (
    "{{- ref('a') -}} x",
    "{{ ref('a' ~ 'b') }}",
    "{{ ref('a\\'b') }}",
    "{{ ref(007) }}",
    "{{ ref(a) }}",
    "{{ ref('a').b }}",
    "{{ ref(x='a', 'b') }}",
    "{% if a %}{{ ref('a') }}{% endif %}",
    "{# no #}{{ ref('a') }}",
    "{{ ref('a')",
    "{{ '{{' }}",
    "{{ not('a') }}",
    "{{ ref(x='a', x='b') }}",
    "{{ x ~ ref('a') }}",
    "{{ ref('a') if x }}",
)


@pytest.mark.parametrize("lenient", [True, False])
@pytest.mark.parametrize("source", STRAIGHT + OTHER)
def test_both_ways_give_the_same(source: str, lenient: bool) -> None:
    quick, slow = both(source, lenient=lenient)
    assert quick == slow


@pytest.mark.parametrize("source", STRAIGHT)
def test_what_only_calls_functions_needs_no_compiler(source: str) -> None:
    assert straight(source.replace("\r\n", "\n")) is not None


@pytest.mark.parametrize("source", OTHER)
def test_all_else_is_left_to_jinja(source: str) -> None:
    assert straight(source) is None


def test_models_are_read_in_the_same_way() -> None:
    plain = 0
    for path in MODELS:
        source = path.read_text()
        plain += straight(source) is not None
        quick, slow = both(source, lenient=False)
        assert quick == slow, path
    assert plain > len(MODELS) / 2


def test_calls_are_the_same() -> None:
    source = "{{ config(a='x', b=[1, 'y'], c=false) }} {{ config({'d': 1}) }}"
    first, _ = Renderer().calls(source, "config")
    (alone,) = Renderer().calls("{{ config(a='x', b=[1, 'y'], c=false) }}", "config")
    assert alone == first == Call("config", (), {"a": "x", "b": [1, "y"], "c": False})


PIECES = st.sampled_from(
    ["select ", "\n", "{{ ref('a') }}", "{{ ref('gone') }}", "{{ config(a=1) }}",
     "{{ twice('x') }}", "{{", "}}", "{", "'", "{{ value }}",
     "{{ value() }}", "{{ nobody('x') }}", "{%", "é", "{#"]
)  # fmt: skip


@example(source="{{{ ref('a') }}", lenient=False)
@given(st.lists(PIECES, max_size=8).map("".join), st.booleans())
def test_pieces_in_any_order_give_the_same(source: str, lenient: bool) -> None:
    quick, slow = both(source, lenient=lenient)
    assert quick == slow


def test_a_call_that_is_counted_is_counted_once() -> None:
    seen: list[str] = []

    def ref(name: str) -> str:
        seen.append(name)
        return name

    Renderer({"ref": ref}).render("{{ ref('a') }}", document="m.sql")
    assert seen == ["a"]
