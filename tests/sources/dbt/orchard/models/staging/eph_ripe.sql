{{ config(materialized='ephemeral') }}
-- only what may be sold
select * from {{ ref('stg_picks') }} where ripe
