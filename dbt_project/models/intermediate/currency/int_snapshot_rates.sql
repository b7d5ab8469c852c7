-- Grain: one row per snapshot date and currency that a contract table mentions.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['snapshot_date', 'currency'],
        on_schema_change='append_new_columns'
    )
}}

with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

currencies as (select * from {{ ref('int_currency_rates') }}),

exchange_rates as (
    select * from {{ ref('int_exchange_rates') }}
    where rate_date <= {{ as_of_date() }}
),

-- a rate holds until the next one; the first also for the days before it, where none is known
rate_periods as (
    select
        currency,
        usd_per_unit,
        case
            when lag(rate_date) over by_currency is null then '-infinity'::date
            else rate_date
        end as held_from,
        coalesce(lead(rate_date) over by_currency, 'infinity'::date) as held_until
    from exchange_rates
    window by_currency as (partition by currency order by rate_date)
),

dollar_rates as (
    select
        calendar.snapshot_date,
        currencies.currency,
        currencies.reporting_currency,
        currencies.minor_unit_digits,
        case when currencies.currency = 'USD' then 1 else rate_periods.usd_per_unit end as usd_per_unit
    from calendar
    cross join currencies
    left join rate_periods
        on
            currencies.currency = rate_periods.currency
            and calendar.snapshot_date >= rate_periods.held_from
            and calendar.snapshot_date < rate_periods.held_until
),

reporting_rates as (
    select
        snapshot_date,
        usd_per_unit
    from dollar_rates
    where currency = reporting_currency
),

rates as (
    select
        dollar_rates.snapshot_date,
        dollar_rates.currency,
        dollar_rates.reporting_currency,
        dollar_rates.minor_unit_digits,
        case
            when dollar_rates.currency = dollar_rates.reporting_currency then 1
            else dollar_rates.usd_per_unit / nullif(reporting_rates.usd_per_unit, 0)
        end::numeric(20, 10) as rate_to_reporting
    from dollar_rates
    left join reporting_rates on dollar_rates.snapshot_date = reporting_rates.snapshot_date
),

per_minor_unit as (
    select
        snapshot_date,
        currency,
        reporting_currency,
        (rate_to_reporting / power(10::numeric, minor_unit_digits))::numeric(24, 14) as reporting_per_cent
    from rates
)

select * from per_minor_unit
