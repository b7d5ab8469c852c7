-- Grain: one row per segment.
-- Below the deliverable floor the default is a figure or two under another name: then the fallback
-- speaks for the company, of all weeks, until it delivers more. While too few accounts have left to
-- put the default on trial, it also has to be there by the larger part, where the fallback is by more.
with

segments as (
    select segment from {{ ref('segments') }}
    union all
    select 'unknown' as segment
),

displayed as (select * from {{ ref('displayed_scorecards') }}),

policy as (select * from {{ ref('health_policy') }}),

trial_policy as (
    select
        minimum_outcomes,
        {{ as_of_date() }} - make_interval(months => months_back) as tried_from
    from {{ ref('backtest_policy') }}
),

in_force as (
    select * from {{ ref('int_policies_in_force') }}
    where {{ as_of_date() }} >= in_force_from and {{ as_of_date() }} < in_force_to
),

-- of the default, by the first of its signals; null while it has none
known as (
    select min(coverage.first_known_date) as known_from
    from policy
    inner join in_force on policy.default_scorecard = in_force.scorecard
    cross join lateral jsonb_array_elements(in_force.policy -> 'pillars') as pillars (pillar)
    cross join lateral jsonb_array_elements(pillars.pillar -> 'signals') as signals (signal)
    inner join {{ ref('int_signal_coverage') }} as coverage
        on signals.signal ->> 'signal' = coverage.signal
    where in_force.segment = 'all'
),

-- A trial looks at those who left within its months, by what was known before: customers of years
-- ago in a CRM that was connected today are no outcome that a scorecard could have foreseen.
churned as (
    select count(accounts.account_id) as churned_accounts
    from known
    cross join trial_policy
    left join {{ ref('dim_accounts') }} as accounts
        on
            accounts.closed_date <= {{ as_of_date() }}
            and trial_policy.tried_from < accounts.closed_date
            and known.known_from <= accounts.closed_date
),

reach as (
    select
        in_force.scorecard,
        in_force.segment,
        reach.deliverable_share
    from in_force
    inner join {{ ref('int_scorecard_reach') }} as reach
        on
            in_force.policy_version = reach.policy_version
            and in_force.segment = reach.policy_segment
    where reach.snapshot_date = {{ as_of_date() }}
),

general_reach as (
    select * from reach
    where segment = 'all'
),

-- a segment's own variant of a scorecard, else that of all
shares as (
    select
        segments.segment,
        general_reach.scorecard,
        coalesce(own_reach.deliverable_share, general_reach.deliverable_share) as deliverable_share
    from segments
    cross join general_reach
    left join reach as own_reach
        on
            segments.segment = own_reach.segment
            and general_reach.scorecard = own_reach.scorecard
)

select
    segments.segment,
    coalesce(
        displayed.scorecard,
        case
            when
                default_shares.deliverable_share < policy.deliverable_floor
                or (
                    churned.churned_accounts < trial_policy.minimum_outcomes
                    and default_shares.deliverable_share < policy.unproven_floor
                    and default_shares.deliverable_share < fallback_shares.deliverable_share
                )
                then policy.fallback_scorecard
        end,
        policy.default_scorecard
    ) as scorecard
from segments
cross join policy
cross join trial_policy
cross join churned
left join displayed on segments.segment = displayed.segment
left join shares as default_shares
    on
        segments.segment = default_shares.segment
        and policy.default_scorecard = default_shares.scorecard
left join shares as fallback_shares
    on
        segments.segment = fallback_shares.segment
        and policy.fallback_scorecard = fallback_shares.scorecard
