"""Templates: what they give, where each piece of it stands, and that nothing gets out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lineage.model.diagnostic import Severity
from lineage.model.places import Place, SourceMap, locate
from lineage.sql.rendering import Limits
from lineage.sql.sourcemap import insert
from lineage.sql.template import Rendered, Renderer, plain, templated
from lineage.sql.unknown import placeholder


def render(template: str, **names: object) -> Rendered:
    return Renderer().render(template, document="t.sql", names=names)


def at(rendered: Rendered, word: str) -> Place:
    """Return where the first ``word`` of the text stands in the template."""
    offset = rendered.text.index(word)
    line = rendered.text.count("\n", 0, offset) + 1
    column = offset - (rendered.text.rfind("\n", 0, offset) + 1) + 1
    return rendered.map.place(line, column)


# What it gives ----------------------------------------------------------------------------------


def test_text_without_a_template_is_left_alone() -> None:
    rendered = render("select '{' || a || '}' from t")
    assert rendered == Rendered("select '{' || a || '}' from t")
    assert rendered.map.identity


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{% for c in ['x', 'y'] %}{{ c }}{{ ',' if not loop.last }}{% endfor %}", "x,y"),
        ("a\n  {%- if true %}\n  b\n{%- endif -%}\n\n c", "a\n  bc"),
        ("{% raw %}{{ x }}{% endraw %}{# a note #}.", "{{ x }}."),
        ("{% macro f(a, b=2) %}{{ a }}+{{ b }}{% endmacro %}{{ f(1) }}", "1+2"),
        ("{% macro f() %}{{ return([1, 2]) }}{% endmacro %}{{ f() | sum }}", "3"),
        ("{% set b %}  x {% endset %}[{{ b | trim }}][{{ b.strip() | upper }}]", "[x][X]"),
        ("{% macro f() %}({{ caller() }}){% endmacro %}{% call f() %}a{% endcall %}", "(a)"),
        ("{{ 'a' ~ 1 ~ none }}{% do [].append(1) %}", "a1None"),
        ("{% set n = namespace() %}{% for c in [1] %}{% set n.i = c %}{% endfor %}{{ n.i }}", "1"),
        ("a\r\n{{ 1 }}\r\n", "a\n1\n"),
        ("{{ {'a': {'b': '}}'}}['a']['b'] }}", "}}"),
    ],
)  # fmt: skip
def test_it_is_jinja(template: str, text: str) -> None:
    rendered = render(template)
    assert (rendered.text, rendered.complete, rendered.diagnostics) == (text, True, ())


# Where it stands --------------------------------------------------------------------------------

TEMPLATE = """\
{% set kinds = ['card', 'cash'] -%}

select
  {% for kind in kinds -%}
  sum({{ kind }}) as {{ kind }}_total,
  {% endfor -%}
  n
from {{ schema }}.payments where
  {{ condition('x') }} and y
"""


def condition(name: str) -> str:
    return f"{name}\n  is not null"


def test_literal_text_stands_where_it_was_written_however_often_it_is_repeated() -> None:
    rendered = render(TEMPLATE, schema="raw", condition=condition)
    assert at(rendered, "select") == Place(3, 1)
    assert at(rendered, "sum(card") == Place(5, 3)
    assert at(rendered, "sum(cash") == Place(5, 3)
    assert at(rendered, "_total,") == Place(5, 32)
    assert at(rendered, ".payments") == Place(8, 18)
    assert at(rendered, "and y") == Place(9, 24)


def test_generated_text_stands_at_its_expression() -> None:
    rendered = render(TEMPLATE, schema="raw", condition=condition)
    assert at(rendered, "card_total") == Place(5, 22, exact=False)
    assert at(rendered, "raw.") == Place(8, 6, exact=False)
    assert at(rendered, "x\n") == Place(9, 3, exact=False)
    assert at(rendered, "is not null") == Place(9, 3, exact=False)


def test_text_kept_in_a_variable_or_a_macro_stands_where_it_was_written() -> None:
    rendered = render(
        "{% macro f(c) %}({{ c }}\n+ one){% endmacro %}\n{% set b %} two {% endset %}\n"
        "{{ f('a') }} {{ b | trim }} {{ b.strip() + '!' }}"
    )
    assert at(rendered, "+ one") == Place(2, 1)
    assert at(rendered, "two two!") == Place(3, 13)
    assert at(rendered, "two!") == Place(3, 13)


FRAGMENTS = st.sampled_from(
    [
        "select a,\n", "  b ", "\n\n", "-- c\n", "from t", " ", "x = 'é'\n",
        "{{ 1 }}", "{{ 'a\nb' }}", "{{- word -}}", "{# note #}", "{#- n -#}",
        "{% if true %}yes {% endif %}", "{%- if nobody_knows %} p {%- else %}\n q{% endif %}",
        "{% for i in [1, 2] %}\n  loop {{ i }}{% endfor %}", "{% set v %} v\n w{% endset %}",
        "{{ v }}", "{{ v | trim }}", "{{ unknown.name }}", "{% raw %}{{ r }}{% endraw %}",
    ]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_what_is_said_to_stand_somewhere_exactly_does(template: str) -> None:
    """The law of the map: an exact place holds the very character."""
    rendered = render(template, word="word\nword")
    lines = template.split("\n")
    for number, line in enumerate(rendered.text.split("\n"), 1):
        for column, character in enumerate(line, 1):
            place = rendered.map.place(number, column)
            assert 1 <= place.line <= len(lines)
            if place.exact:
                assert lines[place.line - 1][place.column - 1] == character
            else:
                assert lines[place.line - 1][place.column - 1 :][:1] in {"{", "", " "}


@given(st.text("{}%#-' \nab", max_size=30))
def test_no_text_crashes_it(template: str) -> None:
    rendered = render(template)
    assert rendered.complete or rendered.diagnostics


def test_a_piece_put_in_moves_what_follows_and_nothing_else() -> None:
    template = "a\nb {{ 'x' }} c\nd"
    before = render(template)
    text, places = insert(before.text, before.map, 2, "one\ntwo ", Place(1, 1, exact=False))
    assert text == "a\none\ntwo b x c\nd"
    assert places.place(1, 1) == Place(1, 1)
    assert places.place(2, 2) == Place(1, 1, exact=False)
    assert places.place(3, 5) == Place(2, 1)
    assert places.place(3, 7) == Place(2, 3, exact=False)
    assert places.place(3, 9) == Place(2, 13)
    assert places.place(4, 1) == Place(3, 1)


def test_a_map_without_anchors_is_the_identity() -> None:
    assert SourceMap().place(7, 3) == Place(7, 3)
    assert locate(None, SourceMap(), 1, 1) is None


# What nobody knows ------------------------------------------------------------------------------


def test_an_unknown_value_is_a_placeholder_and_is_reported_at_its_place() -> None:
    rendered = render("select *\nfrom {{ params.schema }}.t\nwhere d = '{{ ds }}'")
    assert rendered.text == "select *\nfrom __params_schema__.t\nwhere d = '__ds__'"
    assert rendered.placeholders == ("__ds__", "__params_schema__")
    assert rendered.complete
    assert [item.code for item in rendered.diagnostics] == ["template-unknown-value"] * 2
    assert rendered.diagnostics[0].message == (
        "t.sql:2:6: the value of `params.schema` is not known; a placeholder stands for it."
    )


def test_an_unknown_condition_is_tried_both_ways() -> None:
    template = "a{% if params.full %} b{% endif %}{% if env == 'prod' %} c{% endif %}"
    rendered = render(template)
    assert rendered.text == "a"
    assert sorted(variant.text for variant in rendered.variants) == ["a b", "a b c", "a c"]
    assert {dict(variant.assumptions)["params.full"] for variant in rendered.variants} == {
        True,
        False,
    }
    assert rendered.diagnostics[-1].code == "template-both-ways"
    assert "`params.full`, `env == 'prod'`" in rendered.diagnostics[-1].message
    assert rendered.diagnostics[-1].severity is Severity.NOTE


def test_a_condition_keeps_its_answer_within_one_text() -> None:
    rendered = render("{% if x %}a{% endif %}-{% if x %}a{% endif %}-{% if not x %}b{% endif %}")
    assert [rendered.text, *(variant.text for variant in rendered.variants)] == ["--b", "a-a-"]


def test_the_number_of_ways_is_bounded() -> None:
    template = "".join(f"{{% if c{i} %}}{i}{{% endif %}}" for i in range(20))
    rendered = Renderer(limits=Limits(variants=5)).render(template, document="t.sql")
    assert 1 < len(rendered.variants) < 5


def test_a_loop_over_an_unknown_list_makes_the_text_incomplete() -> None:
    rendered = render("select {% for c in params.columns %}{{ c }},{% endfor %} 1")
    assert not rendered.complete
    assert "`params.columns`, which is not known here" in rendered.diagnostics[0].message


def test_a_missing_macro_makes_a_dbt_text_incomplete_but_not_another() -> None:
    template = "select {{ tools.star('x') }}"
    assert render(template).complete
    rendered = Renderer(lenient=False).render(template, document="m.sql")
    assert not rendered.complete
    assert rendered.diagnostics[0].code == "template-unknown-macro"
    assert rendered.diagnostics[0].message.startswith("m.sql:1:8: `tools.star('x')` calls a macro")


def test_defaults_and_tests_for_being_defined_work_on_unknown_values() -> None:
    rendered = render("{{ x | default(3) }}{{ y is defined }}{{ x.y.z | default('q') }}")
    assert (rendered.text, rendered.diagnostics) == ("3Falseq", ())


def test_placeholders_are_identifiers() -> None:
    assert placeholder("dag_run.conf['the table']") == "__dag_run_conf_the_table__"
    assert placeholder("?") == "__value__"


def test_a_file_of_no_project_is_understood_as_far_as_it_goes() -> None:
    rendered = plain().render(
        "{{ config(materialized='table') }}select {{ var('n', 3) }} from {{ ref('p', 'a') }}\n"
        "join {{ source('raw', 'b') }} using (k)\n"
        "{% if is_incremental() %}where d > '{{ ds }}'{% endif %}",
        document="t.sql",
    )
    assert rendered.text == "select 3 from p.a\njoin raw.b using (k)\n"
    assert [variant.text[-18:] for variant in rendered.variants] == ["where d > '__ds__'"]


# What is refused --------------------------------------------------------------------------------


DOUBLING = (
    "{{% set n = namespace(x={}) %}}{{% for _ in range(99) %}}"
    "{{% set n.x = n.x {} n.x %}}{{% endfor %}}"
)


@pytest.mark.parametrize(
    ("template", "code", "said"),
    [
        ("select\n {% if %}", "template-syntax", "t.sql:2:8: the template cannot be read"),
        ("{{ 1 / 0 }}", "template-failed", "t.sql:1:4: the template cannot be rendered: ZeroDiv"),
        ("a {{ 'x' * 10 ** 9 }}", "template-limit", "characters"),
        ("{{ 'x'.ljust(10 ** 9) }}", "template-limit", "a width"),
        ("{{ '%999999999d' % 1 }}", "template-limit", "a width"),
        ("{{ '{:999999999}'.format(1) }}", "template-limit", "a width"),
        ("{{ 9 ** (9 ** 9) }}", "template-limit", "a million bits"),
        ("{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
         "template-limit", "500,000 steps"),
        (DOUBLING.format("'ab'", "~"), "template-limit", "characters"),
        (DOUBLING.format("[1]", "+"), "template-limit", "characters"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "template-limit", "without end"),
        ("{% include '/etc/passwd' %}", "template-failed", 'it includes "/etc/passwd"'),
        ("{% import 'x.sql' as x %}", "template-failed", 'it includes "x.sql"'),
        ("{{ range(10 ** 7) | list }}", "template-failed", "Range too big"),
    ],
)  # fmt: skip
def test_what_would_not_end_or_not_fit_is_stopped_and_said(
    template: str, code: str, said: str
) -> None:
    rendered = render(template)
    assert not rendered.complete
    assert rendered.diagnostics[-1].code == code
    assert said in rendered.diagnostics[-1].message


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ f.__globals__ }}",
        "{{ f.__code__.co_code }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.environ }}",
        "{{ '{0.__class__}'.format(1) }}",
    ],
)
def test_a_template_cannot_reach_python(template: str) -> None:
    rendered = render(template, f=condition)
    assert not re.search(r"[<>\[]|object|builtin|PATH", rendered.text)
    assert rendered.diagnostics


def test_deep_nesting_is_survived() -> None:
    deep = "{% if true %}" * 3000 + "{% endif %}" * 3000
    assert not render(deep).complete
    assert render("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}").diagnostics


# Macros of a library ----------------------------------------------------------------------------


def test_macros_find_each_other_through_the_names_and_see_those_of_the_caller() -> None:
    renderer = Renderer()
    source = (
        "{% macro twice(x) %}{{ once(x) }}{{ once(x) }}{% endmacro %}\n"
        "{% macro once(x) %}{{ return(x ~ mark) }}{% endmacro %}"
    )
    macros, problems = renderer.macros(source, document="macros/m.sql")
    assert sorted(macros) == ["once", "twice"]
    assert problems == ()
    for mark in "!?":
        names = {**macros, "mark": mark}
        rendered = renderer.render("{{ twice('a') }}", document="t.sql", names=names)
        assert rendered.text == f"a{mark}a{mark}"


def test_a_file_of_macros_that_cannot_be_read_is_reported() -> None:
    macros, problems = Renderer().macros("{% macro f( %}", document="macros/m.sql")
    assert macros == {}
    assert problems[0].code == "template-syntax"
    assert problems[0].location is not None
    assert problems[0].location.document == "macros/m.sql"


def test_calls_that_are_written_out_are_found_without_rendering() -> None:
    found = Renderer().calls("{{ config(a=1, b=['x']) }}{{ config(enabled=var('x')) }}", "config")
    assert (found[0].arguments, found[0].keywords) == ((), {"a": 1, "b": ["x"]})
    assert (found[1].arguments, found[1].keywords) == (None, None)


def test_what_is_a_template() -> None:
    assert templated("{{ x }}")
    assert templated("{% x %}")
    assert templated("{# x #}")
    assert not templated("select {a} from t")
