-- Grain: one row per account, snapshot date on which it was open, and scorecard.
with

pillar_scores as (select * from {{ ref('int_health_pillar_scores') }}),

scorecards as (select * from {{ ref('scorecards') }}),

tiers as (
    select
        *,
        lead(lower_bound) over (partition by scorecard order by lower_bound) as upper_bound
    from {{ ref('health_tiers') }}
),

policy as (select coverage_floor from {{ ref('health_policy') }}),

outage_dates as (select * from {{ ref('int_usage_outage_dates') }}),

overall as (
    select
        pillar_scores.account_id,
        pillar_scores.snapshot_date,
        pillar_scores.scorecard,
        -- the known pillars share the weight of the unknown ones
        (
            sum(scorecards.pillar_weight * pillar_scores.pillar_score)
            / sum(scorecards.pillar_weight) filter (where pillar_scores.pillar_score is not null)
        )::numeric(5, 2) as health_score,
        (
            sum(scorecards.pillar_weight * pillar_scores.known_weight / pillar_scores.signal_weight)
            / sum(scorecards.pillar_weight)
        )::numeric(4, 3) as coverage,
        bool_or(pillar_scores.pillar_score is null) as lacks_a_pillar,
        jsonb_object_agg(pillar_scores.pillar, round(pillar_scores.pillar_score, 2))
            as pillar_scores
    from pillar_scores
    inner join scorecards
        on
            pillar_scores.scorecard = scorecards.scorecard
            and pillar_scores.pillar = scorecards.pillar
    group by pillar_scores.account_id, pillar_scores.snapshot_date, pillar_scores.scorecard
),

-- Without its usage pillar a score is another one: two weeks without events doubled the red accounts
-- of a company of 300 for as long as its windows held them.
judged as (
    select
        overall.*,
        overall.coverage >= policy.coverage_floor
        and not (overall.lacks_a_pillar and outage_dates.snapshot_date is not null)
            as is_enough_known
    from overall
    cross join policy
    left join outage_dates on overall.snapshot_date = outage_dates.snapshot_date
),

banded as (
    select
        judged.account_id,
        judged.snapshot_date,
        judged.scorecard,
        judged.health_score,
        case when judged.is_enough_known then tiers.tier else 'Unknown' end as tier,
        case when judged.is_enough_known then tiers.colour else 'grey' end as colour,
        judged.coverage,
        judged.pillar_scores
    from judged
    -- the documents' tiers are bands of whole points, so the tier is that of the rounded score
    left join tiers
        on
            judged.scorecard = tiers.scorecard
            and round(judged.health_score) >= tiers.lower_bound
            and (
                tiers.upper_bound is null
                or round(judged.health_score) < tiers.upper_bound
            )
)

select * from banded
