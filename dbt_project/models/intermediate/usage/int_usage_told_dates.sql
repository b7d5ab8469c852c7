-- Grain: one row per snapshot date by which the product has told of use not long before.
{{ config(materialized='table') }}

with

snapshot_dates as (select distinct snapshot_date from {{ ref('int_snapshot_dates') }}),

usage_dates as (
    select * from {{ ref('int_source_told_days') }}
    where source = 'product'
),

silences as (
    select * from {{ ref('int_source_silences') }}
    where source = 'product'
),

policy as (select usage_stale_after_days from {{ ref('health_policy') }}),

silence_policy as (
    select * from {{ ref('silence_policy') }}
    where source = 'product'
),

told_dates as (
    select
        snapshot_dates.snapshot_date,
        max(usage_dates.told_date) as told_date
    from snapshot_dates
    cross join policy
    inner join usage_dates
        on
            snapshot_dates.snapshot_date >= usage_dates.told_date
            and snapshot_dates.snapshot_date - policy.usage_stale_after_days
            <= usage_dates.told_date
    group by snapshot_dates.snapshot_date
),

-- a silence that has ended by the told date ended before the snapshot: it was known by then
silent as (
    select
        told_dates.snapshot_date,
        told_dates.told_date,
        {{ silent_days('told_dates.told_date - 6', 'told_dates.told_date') }} as silent_days_7d,
        {{ silent_days('told_dates.told_date - 27', 'told_dates.told_date') }} as silent_days_28d,
        {{ silent_days('told_dates.told_date - 55', 'told_dates.told_date - 28') }}
            as silent_days_previous_28d,
        {{ silent_days('told_dates.told_date - 83', 'told_dates.told_date - 56') }}
            as silent_days_28d_56d_ago
    from told_dates
    left join silences on told_dates.told_date > silences.last_silent_date
    group by told_dates.snapshot_date, told_dates.told_date
),

limits as (
    -- a source that is not judged has no silences either
    select coalesce(max(silent_share_limit), 0) as silent_share_limit
    from silence_policy
),

judged as (
    select
        silent.snapshot_date,
        silent.told_date,
        silent.silent_days_7d <= 7 * limits.silent_share_limit as is_told_7d,
        silent.silent_days_28d <= 28 * limits.silent_share_limit as is_told_28d,
        silent.silent_days_previous_28d <= 28 * limits.silent_share_limit
            as is_told_previous_28d,
        silent.silent_days_28d_56d_ago <= 28 * limits.silent_share_limit
            as is_told_28d_56d_ago
    from silent
    cross join limits
)

select * from judged
