{%- set keep = ['pick_id', 'tree_code', 'picked_on'] -%}

select
    {% for column in keep -%}
    {{ column }},
    {% endfor -%}
    weighed_at,
    kilos,
    {{ dbt.date_trunc('month', 'picked_on') }} as month,
    {{ dbt.dateadd('day', 7, 'picked_on') }} as eat_before,
    {{ dbt.datediff('picked_on', 'weighed_at', 'hour') }} as hours,
    {{ dbt.hash('tree_code') }} as tree_hash,
    {{ dbt.concat(['tree_code', "'-'", 'cast(pick_id as varchar)']) }} as label,
    {{ dbt.safe_cast('note', api.Column.translate_type('string')) }} as note,
    {{ dbt.split_part('note', "' '", 1) }} as first_word,
    cast(ripe as {{ dbt.type_boolean() }}) as ripe
from {{ ref('picks') }}
