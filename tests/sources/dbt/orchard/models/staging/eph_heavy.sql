{{ config(materialized='ephemeral') }}
select * from {{ ref('eph_ripe') }} where kilos > 5
