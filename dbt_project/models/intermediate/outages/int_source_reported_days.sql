-- Grain: one row per source and day on which it reported something of any account.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['source', 'reported_date'],
        on_schema_change='append_new_columns'
    )
}}

with

product_days as (select * from {{ ref('int_product_days') }}),

tickets as (select * from {{ ref('stg_support__tickets') }}),

reported_days as (
    select
        'product' as source,
        usage_date as reported_date
    from product_days
    where is_reported
    union all
    select distinct
        'support' as source,
        {{ utc_date('created_at') }} as reported_date
    from tickets
)

select * from reported_days
where reported_date <= {{ as_of_date() }}
