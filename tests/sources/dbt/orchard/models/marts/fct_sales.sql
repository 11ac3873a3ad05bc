{{
    config(
        materialized = 'incremental',
        unique_key = 'pick_id',
        alias = 'sales',
        tags = ['nightly'] if target.name != 'ci' else []
    )
}}

with ripe as (

    select * from {{ ref('eph_ripe') }}
    {% if is_incremental() %}
    where picked_on > (select max(picked_on) from {{ this }})
    {% endif %}

)

select
    ripe.pick_id,
    ripe.picked_on,
    trees.variety,
    {{ price('ripe.kilos') }} as amount,
    {{ rounded('ripe.kilos') }} as kilos
from ripe
join {{ ref('trees') }} as trees using (tree_code)
where year(ripe.picked_on) >= {{ var('first_year') }}
