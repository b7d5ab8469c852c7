-- Grain: one row per subscription that began by the as-of date.
{{
    config(
        materialized='table',
        indexes=[{'columns': ['account_id']}]
    )
}}

with

subscriptions as (select * from {{ ref('stg_billing__subscriptions') }}),

rates as (select * from {{ ref('int_currency_rates') }}),

periods as (
    select
        subscriptions.subscription_id,
        subscriptions.account_id,
        subscriptions.product,
        subscriptions.mrr_cents,
        subscriptions.currency,
        subscriptions.mrr_cents * rates.reporting_per_cent as mrr,
        rates.reporting_currency,
        subscriptions.started_date,
        subscriptions.ended_date
    from subscriptions
    left join rates on subscriptions.currency = rates.currency
    where subscriptions.started_date <= {{ as_of_date() }}
)

select * from periods
