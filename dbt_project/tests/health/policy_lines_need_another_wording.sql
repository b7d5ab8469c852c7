-- The policy line takes what scoring anew makes of stored days: by the same wording that is nothing,
-- and anything else would be an error of scoring that the sum of the lines hides.
with

changes as (
    select * from {{ ref('fct_health_changes') }}
    where change = 'policy'
),

scores as not materialized (select * from {{ ref('fct_health_scores') }})

select
    changes.account_id,
    changes.scorecard,
    changes.from_date,
    changes.points
from changes
inner join scores as earlier
    on
        changes.account_id = earlier.account_id
        and changes.scorecard = earlier.scorecard
        and changes.from_date = earlier.snapshot_date
inner join scores as later
    on
        changes.account_id = later.account_id
        and changes.scorecard = later.scorecard
        and changes.to_date = later.snapshot_date
where earlier.policy_version = later.policy_version
