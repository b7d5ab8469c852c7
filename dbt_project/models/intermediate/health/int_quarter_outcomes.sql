-- Grain: one row per account, quarter and reference date: it churned on it, in the three months before
-- the quarter, or had stayed until the quarter's start.
with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

covered_periods as (select * from {{ ref('int_covered_periods') }}),

quarters as (
    select quarters.quarter_start::date as quarter_start
    from (
        select
            date_trunc('quarter', min(snapshot_date))::date as first_quarter,
            date_trunc('quarter', {{ as_of_date() }})::date as last_quarter
        from calendar
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
)

select * from outcomes
