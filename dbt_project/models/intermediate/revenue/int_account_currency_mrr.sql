-- Grain: one row per account, measured date and currency that a subscription covers.
{{ config(materialized='table') }}

with

periods as (select * from {{ ref('int_subscription_periods') }}),

measure_dates as (select * from {{ ref('int_measure_dates') }}),

account_currency_mrr as (
    select
        periods.account_id,
        measure_dates.measured_date,
        periods.currency,
        sum(periods.mrr_cents)::bigint as mrr_cents,
        sum(periods.mrr) as mrr
    from periods
    inner join measure_dates
        on
            periods.started_date <= measure_dates.measured_date
            and coalesce(periods.ended_date, 'infinity'::date) > measure_dates.measured_date
    group by periods.account_id, measure_dates.measured_date, periods.currency
)

select * from account_currency_mrr
