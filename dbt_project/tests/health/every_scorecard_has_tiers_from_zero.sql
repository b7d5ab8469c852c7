-- A score below the lowest bound would have no tier.
select
    scorecards.scorecard,
    min(health_tiers.lower_bound) as lowest_bound
from {{ ref('scorecards') }} as scorecards
left join {{ ref('health_tiers') }} as health_tiers
    on scorecards.scorecard = health_tiers.scorecard
group by scorecards.scorecard
having coalesce(min(health_tiers.lower_bound), 1) != 0
