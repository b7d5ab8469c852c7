-- Grain: one row per snapshot date, metric and grain that was reported not long before.
-- A number is known when its period is over, and is the newest until the next should have come.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['snapshot_date', 'metric', 'grain'],
        on_schema_change='append_new_columns'
    )
}}

with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

series as (
    select distinct
        metric,
        grain,
        period_end
    from {{ ref('int_usage_metric_periods') }}
),

policy as (select usage_stale_after_days from {{ ref('health_policy') }}),

observed as (
    select
        calendar.snapshot_date,
        series.metric,
        series.grain,
        max(series.period_end) as period_end,
        case series.grain when 'month' then 31 when 'week' then 7 else 1 end as grain_days
    from calendar
    cross join policy
    inner join series
        on
            calendar.snapshot_date >= series.period_end
            and calendar.snapshot_date - series.period_end
            <= policy.usage_stale_after_days
            + case series.grain when 'month' then 31 when 'week' then 7 else 1 end
    group by calendar.snapshot_date, series.metric, series.grain
),

-- where a metric comes in several grains, its level and trend are those of the longest
preferred as (
    select
        snapshot_date,
        metric,
        grain,
        period_end,
        row_number() over (
            partition by snapshot_date, metric
            order by grain_days desc
        ) = 1 as is_longest
    from observed
)

select * from preferred
