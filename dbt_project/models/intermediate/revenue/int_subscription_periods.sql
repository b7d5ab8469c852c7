-- Grain: one row per subscription, product and start of a customer that began by the as-of date.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['subscription_id', 'product', 'started_at'],
        on_schema_change='append_new_columns',
        indexes=[{'columns': ['account_id']}]
    )
}}

with

subscriptions as (select * from {{ ref('int_subscriptions') }}),

rates as (select * from {{ ref('int_currency_rates') }}),

periods as (
    select
        subscriptions.subscription_id,
        subscriptions.started_at,
        subscriptions.account_id,
        subscriptions.product,
        subscriptions.unit,
        subscriptions.mrr_cents,
        subscriptions.currency,
        subscriptions.mrr_cents * rates.reporting_per_cent as mrr,
        rates.reporting_currency,
        -- a trial is no part of a customer's time
        greatest(subscriptions.started_date, subscriptions.first_paid_date) as started_date,
        subscriptions.ended_date
    from subscriptions
    left join rates on subscriptions.currency = rates.currency
    where
        subscriptions.has_held
        and subscriptions.started_date <= {{ as_of_date() }}
        and subscriptions.first_paid_date <= {{ as_of_date() }}
        and coalesce(subscriptions.ended_date > subscriptions.first_paid_date, true)
)

select * from periods
