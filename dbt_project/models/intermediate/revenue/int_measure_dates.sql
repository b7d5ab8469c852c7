-- Grain: one row per day on which revenue is measured.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

-- From before the first subscription, so that the first opening is zero and every cent has a movement.
first_month as (
    select date_trunc('month', min(started_date) - 1)::date as first_month_start
    from periods
    having min(started_date) is not null
),

month_starts as (
    select month_spine.measured_at::date as measured_date
    from first_month
    cross join
        lateral generate_series(
            first_month.first_month_start::timestamp, {{ as_of_date() }}::timestamp, interval '1 month'
        ) as month_spine (measured_at)
),

asked_for as (
    select requested.measured_date
    from unnest('{ {{- var('retention_dates') | join(',') -}} }'::date[]) as requested (measured_date)
    where requested.measured_date <= {{ as_of_date() }}
),

measured as (
    select
        measured_date,
        true as is_ledger_date,
        true as is_retention_date
    from month_starts
    union all
    select
        {{ as_of_date() }} as measured_date,
        true as is_ledger_date,
        false as is_retention_date
    from first_month
    union all
    select
        measured_date,
        false as is_ledger_date,
        true as is_retention_date
    from asked_for
),

measure_dates as (
    select
        measured_date,
        bool_or(is_ledger_date) as is_ledger_date,
        bool_or(is_retention_date) as is_retention_date
    from measured
    group by measured_date
)

select * from measure_dates
