-- Grain: one row per learned scorecard, signal and quarter in whose three months before it accounts
-- churned or stayed.
-- A table, not a view: it averages half a year of snapshots per account and quarter.
{{ config(materialized='table') }}

with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

covered_periods as (select * from {{ ref('int_covered_periods') }}),

policy as (select * from {{ ref('learned_weights_policy') }}),

quarters as (
    select quarters.quarter_start::date as quarter_start
    from (
        select
            date_trunc('quarter', min(snapshot_date))::date as first_quarter,
            date_trunc('quarter', {{ as_of_date() }})::date as last_quarter
        from snapshots
    ) as bounds
    cross join
        lateral generate_series(bounds.first_quarter, bounds.last_quarter, interval '3 months')
            as quarters (quarter_start)
),

-- the day that the window of signals is counted back from: the churn, or for those who stayed the
-- quarter's start, on which that is known
outcomes as (
    select
        covered_periods.account_id,
        quarters.quarter_start,
        covered_periods.first_uncovered_date as reference_date,
        true as has_churned
    from covered_periods
    inner join quarters
        on
            covered_periods.first_uncovered_date < quarters.quarter_start
            and covered_periods.first_uncovered_date
            >= (quarters.quarter_start - interval '3 months')::date
    union all
    select
        covered_periods.account_id,
        quarters.quarter_start,
        quarters.quarter_start as reference_date,
        false as has_churned
    from covered_periods
    inner join quarters
        on
            covered_periods.covered_from <= quarters.quarter_start
            and (
                covered_periods.first_uncovered_date is null
                or covered_periods.first_uncovered_date > quarters.quarter_start
            )
),

windows as (
    select
        outcomes.quarter_start,
        outcomes.has_churned,
        {{ mean_line_points(learned_lines(), 'snapshots') }}
    from outcomes
    cross join policy
    inner join snapshots
        on
            outcomes.account_id = snapshots.account_id
            and snapshots.snapshot_date <= outcomes.reference_date - policy.window_from_days
            and snapshots.snapshot_date >= outcomes.reference_date - policy.window_to_days
            -- the as-of day is a snapshot of one run only
            and extract(isodow from snapshots.snapshot_date) = '7'
    group by
        outcomes.account_id,
        outcomes.quarter_start,
        outcomes.reference_date,
        outcomes.has_churned
),

shown as (
    select
        windows.quarter_start,
        windows.has_churned,
        shown_lines.scorecard,
        shown_lines.signal,
        shown_lines.mean_points is not null as is_known,
        coalesce(shown_lines.mean_points < policy.bad_below_points, false) as is_bad
    from windows
    cross join policy
    cross join
        lateral (
            values
            {{ line_values(learned_lines(), 'windows') }}
        ) as shown_lines (scorecard, signal, mean_points)
),

evidence as (
    select
        scorecard,
        signal,
        quarter_start,
        count(*) filter (where has_churned) as churned_accounts,
        count(*) filter (where has_churned and is_known) as churned_known,
        count(*) filter (where has_churned and is_bad) as churned_bad,
        count(*) filter (where not has_churned and is_known) as stayed_known,
        count(*) filter (where not has_churned and is_bad) as stayed_bad
    from shown
    where scorecard is not null
    group by scorecard, signal, quarter_start
)

select * from evidence
