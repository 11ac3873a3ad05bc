{{ config(severity = 'warn') }}
select * from {{ ref('stg_picks') }}
where picked_on > current_date
