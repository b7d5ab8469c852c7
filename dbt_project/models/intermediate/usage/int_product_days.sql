-- Grain: one row per day of which the product reported the use of any account.
-- Written by difference: the one scan of all days of use, for all that is known of the product's days.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['usage_date'],
        on_schema_change='append_new_columns'
    )
}}

with

account_days as (select * from {{ ref('stg_product__account_days') }}),

product_days as (
    select
        usage_date,
        -- quiet days are counted forward by the roll-up, not reported by the product
        coalesce(bool_or(events > 0), false) as is_reported,
        bool_or(active_users is not null) as has_users,
        bool_or(sessions is not null) as has_sessions,
        bool_or(api_calls is not null) as has_api_calls,
        bool_or(data_bytes is not null) as has_data_bytes,
        count(*) filter (where events > 0) as accounts,
        count(*) filter (where events > 0 and active_users > 0) as accounts_with_users,
        count(*) filter (where events > 0 and sessions > 0) as accounts_with_sessions,
        count(*) filter (where events > 0 and api_calls > 0) as accounts_with_api_calls,
        count(*) filter (where events > 0 and data_bytes > 0) as accounts_with_data_bytes
    from account_days
    group by usage_date
)

select * from product_days
