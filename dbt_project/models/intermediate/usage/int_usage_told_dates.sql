-- Grain: one row per snapshot date by which the product has told of use not long before.
{{ config(materialized='table') }}

with

snapshot_dates as (select distinct snapshot_date from {{ ref('int_snapshot_dates') }}),

usage_dates as (
    select distinct usage_date
    from {{ ref('stg_product__account_days') }}
    where events > 0
),

policy as (select usage_stale_after_days from {{ ref('health_policy') }}),

told_dates as (
    select
        snapshot_dates.snapshot_date,
        max(usage_dates.usage_date) as told_date
    from snapshot_dates
    cross join policy
    inner join usage_dates
        on
            snapshot_dates.snapshot_date >= usage_dates.usage_date
            and snapshot_dates.snapshot_date - policy.usage_stale_after_days
            <= usage_dates.usage_date
    group by snapshot_dates.snapshot_date
)

select * from told_dates
