-- Grain: one row per source and day on which it reported something of any account.
-- A table, not a view: three models read it, and would each scan every day of use.
{{ config(materialized='table') }}

with

account_days as (select * from {{ ref('stg_product__account_days') }}),

tickets as (select * from {{ ref('stg_support__tickets') }}),

reported_days as (
    select distinct
        'product' as source,
        usage_date as reported_date
    from account_days
    -- quiet days are counted forward by the roll-up, not reported by the product
    where events > 0
    union all
    select distinct
        'support' as source,
        {{ utc_date('created_at') }} as reported_date
    from tickets
)

select * from reported_days
where reported_date <= {{ as_of_date() }}
