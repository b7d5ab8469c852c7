-- Grain: one row per account and measured date on which it is open.
{{ config(materialized='table') }}

with

account_currency_mrr as (select * from {{ ref('int_account_currency_mrr') }}),

account_mrr as (
    select
        account_id,
        measured_date,
        bool_or(mrr_cents > 0) as is_paying,
        -- Rounded here and nowhere later, so that all sums over accounts agree to the cent.
        -- One currency without a rate makes the whole unknown: a part would look like a loss.
        case when bool_and(mrr is not null) then round(sum(mrr), 2) end::numeric(14, 2) as mrr
    from account_currency_mrr
    group by account_id, measured_date
)

select * from account_mrr
