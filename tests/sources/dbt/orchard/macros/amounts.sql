{# What a basket brings in. #}
{% macro price(kilos, per_kilo=2.5) -%}
    cast({{ kilos }} * {{ per_kilo }} as decimal(10, 2))
{%- endmacro %}

{% macro variety_list() %}
    {% set found = [] %}
    {% for name in var('varieties') %}
        {% do found.append(name | lower) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}

{% macro rounded(column) %}{{ return(adapter.dispatch('rounded', 'orchard')(column)) }}{% endmacro %}
{% macro default__rounded(column) %}round({{ column }}){% endmacro %}
{% macro duckdb__rounded(column) %}round({{ column }}, 1){% endmacro %}

{% macro boxed() %}( {{ caller() }} ){% endmacro %}
