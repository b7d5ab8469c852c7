-- Grain: one row per currency that a contract table mentions.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['currency'],
        on_schema_change='append_new_columns'
    )
}}

with

subscriptions as (select * from {{ ref('int_subscriptions') }}),

invoices as (select * from {{ ref('stg_billing__invoices') }}),

opportunities as (select * from {{ ref('stg_crm__opportunities') }}),

goals as (select * from {{ ref('stg_success__goals') }}),

exchange_rates as (select * from {{ ref('int_exchange_rates') }}),

minor_units as (select * from {{ ref('currency_minor_units') }}),

-- The only currency that anything is sold in; with none or several, the dollar.
reporting as (
    select
        case
            when count(distinct currency) = 1 then min(currency)
            else 'USD'
        end as reporting_currency
    from subscriptions
    where
        started_date <= {{ as_of_date() }}
        and has_held
        and mrr_cents > 0
),

currencies as (
    select currency from subscriptions
    union
    select currency from invoices
    union
    select currency from opportunities
    union
    select currency from goals
    union
    select currency from exchange_rates
    union
    select reporting_currency from reporting
),

newest_rates as (
    select distinct on (currency)
        currency,
        rate_date,
        usd_per_unit
    from exchange_rates
    where rate_date <= {{ as_of_date() }}
    order by
        currency asc,
        rate_date desc
),

dollar_rates as (
    select
        currencies.currency,
        newest_rates.rate_date,
        case
            when currencies.currency = 'USD' then 1
            else newest_rates.usd_per_unit
        end as usd_per_unit,
        coalesce(minor_units.minor_unit_digits, 2) as minor_unit_digits
    from currencies
    left join newest_rates on currencies.currency = newest_rates.currency
    left join minor_units on currencies.currency = minor_units.currency
    where currencies.currency is not null
),

reporting_rate as (
    select
        reporting.reporting_currency,
        dollar_rates.usd_per_unit
    from reporting
    left join dollar_rates on reporting.reporting_currency = dollar_rates.currency
),

-- One rate for all of history, the newest known: a movement of exchange rates is no movement
-- of revenue. A currency without a rate stays without: a guessed 1 would look like knowledge.
rates as (
    select
        dollar_rates.currency,
        reporting_rate.reporting_currency,
        case
            when dollar_rates.currency = reporting_rate.reporting_currency then 1
            else dollar_rates.usd_per_unit / nullif(reporting_rate.usd_per_unit, 0)
        end::numeric(20, 10) as rate_to_reporting,
        case
            when dollar_rates.currency != reporting_rate.reporting_currency then dollar_rates.rate_date
        end as rate_date,
        dollar_rates.minor_unit_digits
    from dollar_rates
    cross join reporting_rate
),

per_minor_unit as (
    select
        currency,
        reporting_currency,
        rate_to_reporting,
        rate_date,
        minor_unit_digits,
        (rate_to_reporting / power(10::numeric, minor_unit_digits))::numeric(24, 14) as reporting_per_cent
    from rates
)

select * from per_minor_unit
