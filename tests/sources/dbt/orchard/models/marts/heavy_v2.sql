select pick_id, kilos, tree_code from {{ ref('eph_heavy') }}
