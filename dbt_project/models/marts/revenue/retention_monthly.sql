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

-- Money is compared where it is known at both ends; the others are counted, not guessed.
-- least() and greatest() skip nulls, so they see only rows that have both.
compared as (
    select
        from_date,
        to_date,
        is_churned,
        start_mrr,
        end_mrr
    from cohorts
    where start_mrr is not null and end_mrr is not null
),

money as (
    select
        from_date,
        to_date,
        count(*) as compared_accounts,
        sum(start_mrr) as start_mrr,
        sum(end_mrr) as retained_mrr,
        sum(case when is_churned then start_mrr else 0 end) as churned_mrr,
        sum(case when is_churned then 0 else greatest(start_mrr - end_mrr, 0) end) as contraction_mrr,
        sum(greatest(end_mrr - start_mrr, 0)) as expansion_mrr
    from compared
    group by from_date, to_date
),

accounts as (
    select
        from_date,
        to_date,
        count(*) as start_accounts,
        count(*) filter (where is_churned) as churned_accounts
    from cohorts
    group by from_date, to_date
),

retention as (
    select
        accounts.from_date,
        accounts.to_date,
        reporting.reporting_currency as currency,
        money.start_mrr::numeric(14, 2) as start_mrr,
        money.retained_mrr::numeric(14, 2) as retained_mrr,
        money.churned_mrr::numeric(14, 2) as churned_mrr,
        money.contraction_mrr::numeric(14, 2) as contraction_mrr,
        money.expansion_mrr::numeric(14, 2) as expansion_mrr,
        accounts.start_accounts,
        accounts.churned_accounts,
        accounts.start_accounts - coalesce(money.compared_accounts, 0) as unconverted_accounts,
        money.retained_mrr::double precision / nullif(money.start_mrr, 0)::double precision as nrr,
        (money.start_mrr - money.churned_mrr - money.contraction_mrr)::double precision
        / nullif(money.start_mrr, 0)::double precision as grr,
        accounts.churned_accounts::double precision / accounts.start_accounts as logo_churn
    from accounts
    cross join reporting
    left join money
        on
            accounts.from_date = money.from_date
            and accounts.to_date = money.to_date
)

select * from retention
