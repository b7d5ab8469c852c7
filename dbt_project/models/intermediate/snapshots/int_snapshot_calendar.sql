-- Grain: one row per snapshot date.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

first_week_ends as (
    select min(started_date) + (7 - extract(isodow from min(started_date))::integer) as first_week_end
    from periods
    having min(started_date) is not null
),

week_ends as (
    select first_week_ends.first_week_end + since.days as snapshot_date
    from first_week_ends
    cross join
        lateral generate_series(0, {{ as_of_date() }} - first_week_ends.first_week_end, 7)
            as since (days)
),

snapshot_dates as (
    select snapshot_date from week_ends
    -- union drops the as-of date where it is a week-end itself
    union
    select {{ as_of_date() }} as snapshot_date
    union
    select further.snapshot_date from unnest({{ further_dates() }}) as further (snapshot_date)
)

select * from snapshot_dates
