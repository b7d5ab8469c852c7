-- Grain: one row per snapshot date.
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
        calendar.snapshot_date,
        {{ missing_days('calendar.snapshot_date - 27', 'calendar.snapshot_date') }}
            as missing_days_28d,
        {{ missing_days('calendar.snapshot_date - 89', 'calendar.snapshot_date') }}
            as missing_days_90d,
        {{ missing_days('calendar.snapshot_date - 179', 'calendar.snapshot_date') }}
            as missing_days_180d
    from calendar
    -- one that lasts at the snapshot counts from the day on which it was too long for chance
    left join outages on calendar.snapshot_date >= outages.known_from
    group by calendar.snapshot_date
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
        missing.missing_days_90d <= 90 * limits.missing_share_limit as is_window_complete_90d,
        missing.missing_days_180d <= 180 * limits.missing_share_limit as is_window_complete_180d
    from missing
    cross join limits
)

select * from judged
