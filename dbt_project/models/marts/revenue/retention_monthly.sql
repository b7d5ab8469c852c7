-- Grain: one row per pair of days, the earlier with at least one paying account.
with

account_mrr as (select * from {{ ref('int_account_mrr') }}),

measure_dates as (
    select * from {{ ref('int_measure_dates') }}
    where is_retention_date
),

reporting as (select distinct reporting_currency from {{ ref('int_currency_rates') }}),

pairs as (
    select
        openings.measured_date as from_date,
        endings.measured_date as to_date
    from measure_dates as openings
    inner join measure_dates as endings on openings.measured_date < endings.measured_date
),

-- A closed cohort: who paid at the start, whoever joined later. A trial that turns into a
-- contract is new revenue, not expansion: RavenStack's NRR for a year would be 3.74, not 3.43.
cohorts as (
    select
        pairs.from_date,
        pairs.to_date,
        account_mrr.mrr as start_mrr,
        ending.account_id is null as is_churned,
        case when ending.account_id is null then 0 else ending.mrr end as end_mrr
    from pairs
    inner join account_mrr on pairs.from_date = account_mrr.measured_date
    left join account_mrr as ending
        on
            account_mrr.account_id = ending.account_id
            and pairs.to_date = ending.measured_date
    where account_mrr.is_paying
),

kept as ({{ retention_of('cohorts', ['from_date', 'to_date']) }}),

retention as (
    select
        kept.from_date,
        kept.to_date,
        reporting.reporting_currency as currency,
        kept.start_mrr,
        kept.retained_mrr,
        kept.churned_mrr,
        kept.contraction_mrr,
        kept.expansion_mrr,
        kept.start_accounts,
        kept.churned_accounts,
        kept.unconverted_accounts,
        kept.nrr,
        kept.grr,
        kept.logo_churn
    from kept
    cross join reporting
)

select * from retention
