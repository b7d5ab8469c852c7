-- Grain: one row per segment.
-- Below the deliverable floor the default is a figure or two under another name: then the fallback
-- speaks for the company, of all weeks, until it delivers more.
with

segments as (
    select segment from {{ ref('segments') }}
    union all
    select 'unknown' as segment
),

displayed as (select * from {{ ref('displayed_scorecards') }}),

policy as (select * from {{ ref('health_policy') }}),

in_force as (
    select * from {{ ref('int_policies_in_force') }}
    where {{ as_of_date() }} >= in_force_from and {{ as_of_date() }} < in_force_to
),

reach as (
    select * from {{ ref('int_scorecard_reach') }}
    where snapshot_date = {{ as_of_date() }}
),

-- a segment's own variant of the default, else that of all
default_reach as (
    select
        in_force.segment,
        reach.deliverable_share
    from policy
    inner join in_force on policy.default_scorecard = in_force.scorecard
    inner join reach
        on
            in_force.policy_version = reach.policy_version
            and in_force.segment = reach.policy_segment
)

select
    segments.segment,
    coalesce(
        displayed.scorecard,
        case
            when
                coalesce(own_reach.deliverable_share, general_reach.deliverable_share)
                < policy.deliverable_floor
                then policy.fallback_scorecard
        end,
        policy.default_scorecard
    ) as scorecard
from segments
cross join policy
left join displayed on segments.segment = displayed.segment
left join default_reach as own_reach on segments.segment = own_reach.segment
left join default_reach as general_reach on general_reach.segment = 'all'
