-- Grain: one row per snapshot date.
{{ config(materialized='table') }}

with

snapshot_dates as (select distinct snapshot_date from {{ ref('int_snapshot_dates') }}),

outages as (
    select * from {{ ref('int_source_outages') }}
    where source = 'support'
),

outage_policy as (
    select * from {{ ref('outage_policy') }}
    where source = 'support'
),

missing as (
    select
        snapshot_dates.snapshot_date,
        {{ missing_days('snapshot_dates.snapshot_date - 27', 'snapshot_dates.snapshot_date') }}
            as missing_days_28d,
        {{ missing_days('snapshot_dates.snapshot_date - 89', 'snapshot_dates.snapshot_date') }}
            as missing_days_90d
    from snapshot_dates
    -- one that lasts at the snapshot counts from the day on which it was too long for chance
    left join outages on snapshot_dates.snapshot_date >= outages.known_from
    group by snapshot_dates.snapshot_date
),

limits as (
    -- a source that is not judged has no outages either
    select coalesce(max(missing_share_limit), 0) as missing_share_limit
    from outage_policy
),

judged as (
    select
        missing.snapshot_date,
        missing.missing_days_28d <= 28 * limits.missing_share_limit as is_window_complete_28d,
        missing.missing_days_90d <= 90 * limits.missing_share_limit as is_window_complete_90d
    from missing
    cross join limits
)

select * from judged
