select pick_id, kilos from {{ ref('eph_heavy') }}
