-- Grain: one row per snapshot date on which the product had reported too little of the last 28 days.
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

windows as (
    select * from {{ ref('int_usage_windows') }}
    where is_window_complete_28d
),

delivered as (
    select min(reported_date) as events_from
    from {{ ref('int_source_reported_days') }}
    where source = 'product'
),

outage_dates as (
    select calendar.snapshot_date
    from calendar
    -- a company that never delivered events is judged without them
    inner join delivered on calendar.snapshot_date >= delivered.events_from
    left join windows on calendar.snapshot_date = windows.snapshot_date
    where windows.snapshot_date is null
)

select * from outage_dates
