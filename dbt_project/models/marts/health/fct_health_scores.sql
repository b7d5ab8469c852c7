-- Grain: one row per account, snapshot date on which it was open, and scorecard.
{{
    config(
        indexes=[
            {'columns': ['account_id', 'scorecard', 'snapshot_date'], 'unique': true},
            {'columns': ['snapshot_date', 'scorecard']},
        ]
    )
}}

with

contributions as (select * from {{ ref('int_health_contributions') }}),

overrides as (select * from {{ ref('int_health_overrides') }}),

tiers as (
    select
        scorecard,
        tier,
        colour,
        -- the documents' tiers are bands of whole points: half a point below belongs to the band
        (1000000 * lower_bound - 500000)::bigint as lower_points,
        coalesce(
            1000000 * lead(lower_bound) over (partition by scorecard order by lower_bound) - 500000,
            '1000000000'
        )::bigint as upper_points
    from {{ ref('health_tiers') }}
),

policy as (
    select
        coverage_floor,
        deliverable_floor
    from {{ ref('health_policy') }}
),

silent_dates as (select * from {{ ref('int_usage_silent_dates') }}),

-- a score is a whole number of its scorecard's steps, and half a step rounds up
rounded as (
    select
        *,
        (total_points + points_step / 2) / points_step * points_step as computed_points
    from contributions
    -- else PostgreSQL merges the steps, and computes each expression as often as it is named
    offset 0 -- noqa: AM09
),

-- Without its usage pillar a score is another one: two weeks without events doubled the red accounts
-- of a company of 300 for as long as its windows held them.
overridden as (
    select
        rounded.*,
        overrides.override_id,
        case
            when overrides.override_id is not null
                then (1000000 * overrides.override_score)::bigint
            else rounded.computed_points
        end as score_points,
        overrides.override_id is not null
        or (
            rounded.coverage >= policy.coverage_floor
            and rounded.deliverable_share >= policy.deliverable_floor
            and not (rounded.lacks_a_pillar and silent_dates.snapshot_date is not null)
        ) as is_enough_known
    from rounded
    cross join policy
    left join overrides
        on
            rounded.account_id = overrides.account_id
            and rounded.snapshot_date = overrides.snapshot_date
    left join silent_dates on rounded.snapshot_date = silent_dates.snapshot_date
    offset 0 -- noqa: AM09
),

banded as (
    select
        overridden.account_id,
        overridden.snapshot_date,
        overridden.scorecard,
        -- times a hundredth: a division would give sixteen digits, and cost as many
        (overridden.score_points / 10000 * 0.01)::numeric(5, 2) as health_score,
        case when overridden.is_enough_known then tiers.tier else 'Unknown' end as tier,
        case when overridden.is_enough_known then tiers.colour else 'grey' end as colour,
        overridden.coverage,
        overridden.override_id,
        overridden.segment,
        overridden.policy_version,
        overridden.policy_segment,
        overridden.points,
        coalesce(overridden.computed_points - overridden.total_points, 0) as rounding_points,
        coalesce(
            overridden.score_points - coalesce(overridden.computed_points, 0), 0
        ) as override_points
    from overridden
    left join tiers
        on
            overridden.scorecard = tiers.scorecard
            and overridden.score_points >= tiers.lower_points
            and overridden.score_points < tiers.upper_points
)

select * from banded
