{% set per_variety %}
    {% for name in variety_list() %}
    sum(case when variety = '{{ name }}' then amount end) as {{ name }}_amount{{ "," if not loop.last }}
    {% endfor %}
{% endset %}

select
    picked_on,
    {{ per_variety }}
from {{ ref('fct_sales') }}
left join {{ source('weather', 'days') }} as days on days.day = picked_on
where {% call boxed() %}amount > 0{% endcall %}
  {#- a basket without a price is a gift #}
  and coalesce(days.rain_mm, 0) < {{ env_var('WET', '100') }}
group by {{ range(1, 2) | join(', ') }}
