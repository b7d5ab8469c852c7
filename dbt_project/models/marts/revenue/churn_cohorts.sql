-- Grain: one row per sign-up quarter and month since sign-up.
with

anniversaries as (select * from {{ ref('int_account_anniversaries') }}),

reporting as (select distinct reporting_currency from {{ ref('int_currency_rates') }}),

signups as (
    select
        account_id,
        date_trunc('quarter', signup_date)::date as signup_quarter,
        mrr as signup_mrr
    from anniversaries
    where months_since = 0
),

cohorts as (
    select
        signup_quarter,
        count(*) as accounts
    from signups
    group by signup_quarter
),

month_numbers as (select distinct months_since from anniversaries),

grid as (
    select
        cohorts.signup_quarter,
        cohorts.accounts,
        month_numbers.months_since,
        -- the month as the quarter's last possible account reaches it
        cohorts.signup_quarter + interval '3 months' - interval '1 day'
        + month_numbers.months_since * interval '1 month' as last_reached_at
    from cohorts
    cross join month_numbers
),

cells as (
    select
        *,
        last_reached_at > {{ as_of_date() }} as is_censored
    from grid
),

measured as (
    select
        signups.signup_quarter,
        anniversaries.months_since,
        count(*) filter (where anniversaries.is_open) as retained_accounts,
        count(signups.signup_mrr + anniversaries.mrr) as compared_accounts,
        sum(signups.signup_mrr) filter (where anniversaries.mrr is not null) as signup_mrr,
        sum(anniversaries.mrr) filter (where signups.signup_mrr is not null) as retained_mrr,
        -- least() skips nulls: the signup's MRR alone would count as kept
        sum(
            case
                when signups.signup_mrr is not null and anniversaries.mrr is not null
                    then least(anniversaries.mrr, signups.signup_mrr)
            end
        ) as kept_mrr
    from signups
    inner join anniversaries on signups.account_id = anniversaries.account_id
    group by signups.signup_quarter, anniversaries.months_since
),

retention as (
    select
        cells.signup_quarter,
        cells.months_since,
        cells.accounts,
        cells.is_censored,
        reporting.reporting_currency as currency,
        case when not cells.is_censored then measured.retained_accounts end as retained_accounts,
        case when not cells.is_censored then cells.accounts - measured.compared_accounts end
            as unconverted_accounts,
        case when not cells.is_censored then measured.signup_mrr end::numeric(14, 2) as signup_mrr,
        case when not cells.is_censored then measured.retained_mrr end::numeric(14, 2) as retained_mrr,
        case when not cells.is_censored then measured.kept_mrr end::numeric(14, 2) as kept_mrr
    from cells
    cross join reporting
    left join measured
        on
            cells.signup_quarter = measured.signup_quarter
            and cells.months_since = measured.months_since
),

shares as (
    select
        *,
        {{ as_of_date() }} as as_of_date,
        retained_accounts::double precision / accounts as logo_retention,
        retained_mrr::double precision / nullif(signup_mrr, 0)::double precision as revenue_retention,
        kept_mrr::double precision / nullif(signup_mrr, 0)::double precision as gross_revenue_retention
    from retention
)

select * from shares
