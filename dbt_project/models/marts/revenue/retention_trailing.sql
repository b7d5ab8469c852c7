-- Grain: one row per window of retention_windows, all ending at the newest month start.
with

windows as (select * from {{ ref('retention_windows') }}),

retention as (select * from {{ ref('retention_monthly') }}),

account_mrr as (select * from {{ ref('int_account_mrr') }}),

-- a list of today's customers holds none that left: its retention is 100 % whatever happened
endings as (
    select count(*) as ended_subscriptions
    from {{ ref('int_subscription_periods') }}
    where ended_date <= {{ as_of_date() }}
),

ends as (select date_trunc('month', {{ as_of_date() }})::date as to_date),

paying as (
    select count(*) as paying_accounts
    from account_mrr
    inner join ends on account_mrr.measured_date = ends.to_date
    where account_mrr.is_paying
),

dated as (
    select
        windows.*,
        ends.to_date,
        (ends.to_date - windows.months * interval '1 month')::date as from_date
    from windows
    cross join ends
),

measured as (
    select
        dated.months,
        dated.from_date,
        dated.to_date,
        retention.currency,
        retention.start_mrr as opening_mrr,
        coalesce(retention.start_accounts, 0) as cohort_accounts,
        retention.churned_accounts,
        retention.unconverted_accounts,
        retention.nrr,
        retention.grr,
        retention.logo_churn,
        case
            when retention.start_accounts is null
                then 'no account paid on ' || to_char(dated.from_date, 'FMDD Mon YYYY')
            when endings.ended_subscriptions = 0
                then 'no subscription has ended yet, as on a list of today''s customers alone'
            when
                retention.start_accounts < dated.minimum_accounts
                -- unknown where only the number counts
                and (retention.start_accounts >= dated.minimum_share * paying.paying_accounts) is not true
                then
                    retention.start_accounts
                    || case retention.start_accounts when 1 then ' account' else ' accounts' end
                    || ' paid on ' || to_char(dated.from_date, 'FMDD Mon YYYY') || ', and '
                    || paying.paying_accounts || ' do today'
        end as objection
    from dated
    cross join paying
    cross join endings
    left join retention
        on
            dated.from_date = retention.from_date
            and dated.to_date = retention.to_date
),

-- the longest window that is shown speaks for the company; where none is, the longest says why
ranked as (
    select
        *,
        'too early to say: ' || objection as reason_not_shown,
        row_number() over (order by objection is null desc, months desc) as place
    from measured
),

final as (
    select
        months,
        from_date,
        to_date,
        months || case months when 1 then ' month to ' else ' months to ' end
        || to_char(to_date, 'FMDD Mon YYYY') as period,
        currency,
        opening_mrr,
        cohort_accounts,
        churned_accounts,
        unconverted_accounts,
        case when reason_not_shown is null then nrr end as nrr,
        case when reason_not_shown is null then grr end as grr,
        case when reason_not_shown is null then logo_churn end as logo_churn,
        reason_not_shown is null as is_shown,
        place = 1 as is_headline,
        reason_not_shown
    from ranked
)

select * from final
