{{ config(materialized='view', schema='open') }}
select max(kilos) as kilos, '{{ ref('heavy', v=1).identifier }}' as made_from
from {{ ref('heavy') }}
