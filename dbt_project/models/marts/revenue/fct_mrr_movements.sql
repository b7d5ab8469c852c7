-- Grain: one row per account, month and currency with MRR at either end of the month.
{{ config(indexes=[{'columns': ['account_id']}]) }}

with

account_currency_mrr as (select * from {{ ref('int_account_currency_mrr') }}),

ledger_dates as (
    select
        measured_date,
        row_number() over (order by measured_date) as date_number
    from {{ ref('int_measure_dates') }}
    where is_ledger_date
),

account_subscriptions as (select * from {{ ref('int_account_subscriptions') }}),

rates as (select * from {{ ref('int_currency_rates') }}),

periods as (
    select
        measured_date as opening_date,
        lead(measured_date) over (order by measured_date) as closing_date
    from ledger_dates
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

covered_days as (
    select
        account_currency_mrr.account_id,
        ledger_dates.measured_date,
        ledger_dates.date_number,
        bool_or(account_currency_mrr.mrr_cents > 0) as is_paying
    from account_currency_mrr
    inner join ledger_dates on account_currency_mrr.measured_date = ledger_dates.measured_date
    group by account_currency_mrr.account_id, ledger_dates.measured_date, ledger_dates.date_number
),

-- A stay is a run of ledger dates without one that no subscription covers.
stays as (
    select
        *,
        date_number - row_number() over (partition by account_id order by date_number) as stay
    from covered_days
),

standings as (
    select
        *,
        bool_or(is_paying) over (partition by account_id, stay order by date_number) as has_paid_in_stay
    from stays
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
        coalesce(opening.is_paying, false) as paid_at_opening,
        coalesce(opening.has_paid_in_stay, false) as has_paid_in_stay,
        closing.account_id is null as is_gone,
        -- by the day: who paid between two firsts of a month has paid
        account_subscriptions.first_subscription_date <= ledger.opening_date as paid_before
    from ledger
    inner join account_subscriptions on ledger.account_id = account_subscriptions.account_id
    left join standings as opening
        on
            ledger.account_id = opening.account_id
            and ledger.opening_date = opening.measured_date
    left join standings as closing
        on
            ledger.account_id = closing.account_id
            and ledger.closing_date = closing.measured_date
),

classified as (
    select
        *,
        case
            when change_cents = 0 then 'none'
            when paid_at_opening and is_gone then 'churn'
            when change_cents < 0 then 'contraction'
            when has_paid_in_stay then 'expansion'
            when paid_before then 'reactivation'
            else 'new'
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
