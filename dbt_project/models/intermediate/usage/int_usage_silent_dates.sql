-- Grain: one row per snapshot date on which the product had told too little of the last 28 days.
{{ config(materialized='table') }}

with

snapshot_dates as (select distinct snapshot_date from {{ ref('int_snapshot_dates') }}),

told_dates as (
    select * from {{ ref('int_usage_told_dates') }}
    where is_told_28d
),

delivered as (
    select min(told_date) as events_from
    from {{ ref('int_source_told_days') }}
    where source = 'product'
),

silent_dates as (
    select snapshot_dates.snapshot_date
    from snapshot_dates
    -- a company that never delivered events is judged without them
    inner join delivered on snapshot_dates.snapshot_date >= delivered.events_from
    left join told_dates on snapshot_dates.snapshot_date = told_dates.snapshot_date
    where told_dates.snapshot_date is null
)

select * from silent_dates
