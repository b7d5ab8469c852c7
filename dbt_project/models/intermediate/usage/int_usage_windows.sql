-- Grain: one row per snapshot date by which the product has reported use not long before.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['snapshot_date'],
        on_schema_change='append_new_columns'
    )
}}

with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

reported_days as (
    select * from {{ ref('int_source_reported_days') }}
    where source = 'product'
),

outages as (
    select * from {{ ref('int_source_outages') }}
    where source = 'product'
),

policy as (select usage_stale_after_days from {{ ref('health_policy') }}),

outage_policy as (
    select * from {{ ref('outage_policy') }}
    where source = 'product'
),

observed as (
    select
        calendar.snapshot_date,
        max(reported_days.reported_date) as observed_date
    from calendar
    cross join policy
    inner join reported_days
        on
            calendar.snapshot_date >= reported_days.reported_date
            and calendar.snapshot_date - policy.usage_stale_after_days
            <= reported_days.reported_date
    group by calendar.snapshot_date
),

-- an outage that has ended by the observed date ended before the snapshot: it was known by then
missing as (
    select
        observed.snapshot_date,
        observed.observed_date,
        {{ missing_days('observed.observed_date - 6', 'observed.observed_date') }} as missing_days_7d,
        {{ missing_days('observed.observed_date - 27', 'observed.observed_date') }} as missing_days_28d,
        {{ missing_days('observed.observed_date - 55', 'observed.observed_date - 28') }}
            as missing_days_previous_28d,
        {{ missing_days('observed.observed_date - 83', 'observed.observed_date - 56') }}
            as missing_days_28d_56d_ago
    from observed
    left join outages on observed.observed_date > outages.last_missing_date
    group by observed.snapshot_date, observed.observed_date
),

limits as (
    -- a source that is not judged has no outages either
    select coalesce(max(missing_share_limit), 0) as missing_share_limit
    from outage_policy
),

judged as (
    select
        missing.snapshot_date,
        missing.observed_date,
        missing.missing_days_7d <= 7 * limits.missing_share_limit as is_window_complete_7d,
        missing.missing_days_28d <= 28 * limits.missing_share_limit as is_window_complete_28d,
        missing.missing_days_previous_28d <= 28 * limits.missing_share_limit
            as is_window_complete_previous_28d,
        missing.missing_days_28d_56d_ago <= 28 * limits.missing_share_limit
            as is_window_complete_28d_56d_ago
    from missing
    cross join limits
)

select * from judged
