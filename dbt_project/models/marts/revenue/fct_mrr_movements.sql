-- Grain: one row per account, month and currency with MRR at either end of the month.
{{ config(indexes=[{'columns': ['account_id']}]) }}

with

account_currency_mrr as (select * from {{ ref('int_account_currency_mrr') }}),

measure_dates as (
    select * from {{ ref('int_measure_dates') }}
    where is_ledger_date
),

rates as (select * from {{ ref('int_currency_rates') }}),

periods as (
    select
        measured_date as opening_date,
        lead(measured_date) over (order by measured_date) as closing_date
    from measure_dates
),

ends as (
    select
        account_currency_mrr.account_id,
        account_currency_mrr.currency,
        periods.opening_date,
        periods.closing_date,
        account_currency_mrr.mrr_cents as opening_mrr_cents,
        0 as closing_mrr_cents
    from account_currency_mrr
    inner join periods on account_currency_mrr.measured_date = periods.opening_date
    where periods.closing_date is not null
    union all
    select
        account_currency_mrr.account_id,
        account_currency_mrr.currency,
        periods.opening_date,
        periods.closing_date,
        0 as opening_mrr_cents,
        account_currency_mrr.mrr_cents as closing_mrr_cents
    from account_currency_mrr
    inner join periods on account_currency_mrr.measured_date = periods.closing_date
),

ledger as (
    select
        account_id,
        currency,
        opening_date,
        closing_date,
        sum(opening_mrr_cents)::bigint as opening_mrr_cents,
        sum(closing_mrr_cents)::bigint as closing_mrr_cents
    from ends
    group by account_id, currency, opening_date, closing_date
),

first_payments as (
    select
        account_id,
        min(closing_date) as first_paid_date
    from ledger
    where closing_mrr_cents > 0
    group by account_id
),

-- The account decides what a movement is, not the currency: an account that changes from euros
-- to dollars neither churned nor is it new.
account_ends as (
    select
        ledger.account_id,
        ledger.currency,
        ledger.opening_date,
        ledger.closing_date,
        ledger.opening_mrr_cents,
        ledger.closing_mrr_cents,
        ledger.closing_mrr_cents - ledger.opening_mrr_cents as change_cents,
        bool_or(ledger.opening_mrr_cents > 0) over account_month as paid_at_opening,
        bool_or(ledger.closing_mrr_cents > 0) over account_month as paid_at_closing,
        coalesce(first_payments.first_paid_date < ledger.closing_date, false) as paid_before
    from ledger
    left join first_payments on ledger.account_id = first_payments.account_id
    window account_month as (partition by ledger.account_id, ledger.opening_date)
),

classified as (
    select
        *,
        case
            when change_cents = 0 then 'none'
            when not paid_at_opening and paid_before then 'reactivation'
            when not paid_at_opening then 'new'
            when not paid_at_closing then 'churn'
            when change_cents > 0 then 'expansion'
            else 'contraction'
        end as movement
    from account_ends
),

movements as (
    select
        account_id,
        opening_date as month,
        closing_date,
        currency,
        opening_mrr_cents,
        case when movement = 'new' then change_cents else 0 end as new_cents,
        case when movement = 'expansion' then change_cents else 0 end as expansion_cents,
        case when movement = 'contraction' then change_cents else 0 end as contraction_cents,
        case when movement = 'churn' then change_cents else 0 end as churn_cents,
        case when movement = 'reactivation' then change_cents else 0 end as reactivation_cents,
        closing_mrr_cents
    from classified
),

priced as (
    select
        movements.*,
        rates.reporting_currency,
        rates.reporting_per_cent::double precision as reporting_per_cent
    from movements
    left join rates on movements.currency = rates.currency
)

select * from priced
