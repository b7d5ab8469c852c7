-- Grain: one row per account, snapshot date, scorecard and pillar.
-- For a few rows at a time: it unfolds the contributions of what it is asked for.
with

contributions as (
    select * from {{ ref('fct_health_contributions') }}
    where contribution = 'signal'
),

pillars as (
    select
        account_id,
        snapshot_date,
        scorecard,
        pillar,
        pillar_weight,
        sum(points) as points
    from contributions
    group by account_id, snapshot_date, scorecard, pillar, pillar_weight
),

totals as (
    select
        *,
        -- the known pillars share the weight of the unknown ones
        sum(pillar_weight) filter (where points is not null)
            over (partition by account_id, snapshot_date, scorecard)
            as known_weight
    from pillars
)

select
    account_id,
    snapshot_date,
    scorecard,
    pillar,
    (points * known_weight / pillar_weight)::numeric(5, 2) as pillar_score
from totals
