{% snapshot tree_history %}
{{ config(strategy='check', unique_key='tree_code', check_cols=['variety'], target_schema='history') }}
select tree_code, variety from {{ ref('trees') }}
{% endsnapshot %}
