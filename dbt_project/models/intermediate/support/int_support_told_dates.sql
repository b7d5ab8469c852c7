-- Grain: one row per snapshot date.
{{ config(materialized='table') }}

with

snapshot_dates as (select distinct snapshot_date from {{ ref('int_snapshot_dates') }}),

silences as (
    select * from {{ ref('int_source_silences') }}
    where source = 'support'
),

silence_policy as (
    select * from {{ ref('silence_policy') }}
    where source = 'support'
),

silent as (
    select
        snapshot_dates.snapshot_date,
        {{ silent_days('snapshot_dates.snapshot_date - 27', 'snapshot_dates.snapshot_date') }}
            as silent_days_28d,
        {{ silent_days('snapshot_dates.snapshot_date - 89', 'snapshot_dates.snapshot_date') }}
            as silent_days_90d
    from snapshot_dates
    -- one that lasts at the snapshot counts from the day on which it was too long for chance
    left join silences on snapshot_dates.snapshot_date >= silences.known_from
    group by snapshot_dates.snapshot_date
),

limits as (
    -- a source that is not judged has no silences either
    select coalesce(max(silent_share_limit), 0) as silent_share_limit
    from silence_policy
),

judged as (
    select
        silent.snapshot_date,
        silent.silent_days_28d <= 28 * limits.silent_share_limit as is_told_28d,
        silent.silent_days_90d <= 90 * limits.silent_share_limit as is_told_90d
    from silent
    cross join limits
)

select * from judged
