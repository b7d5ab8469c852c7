-- Grain: one row per window of retention_windows and segment, and of all segments together; all
-- windows end at the newest month start.
with

windows as (select * from {{ ref('retention_windows') }}),

account_mrr as (select * from {{ ref('int_account_mrr') }}),

segments as (select * from {{ ref('int_account_segments') }}),

-- a list of today's customers holds none that left: its retention is 100 % whatever happened
endings as (
    select count(*) as ended_subscriptions
    from {{ ref('int_subscription_periods') }}
    where ended_date <= {{ as_of_date() }}
),

-- what ended on a day that is not known counts nowhere, and retention is too good without it
undated_ends as (
    select count(*) as undated_subscriptions
    from {{ ref('int_subscriptions') }}
    where is_end_unknown
),

policy as (select undated_end_share from {{ ref('subscription_policy') }}),

reporting as (select distinct reporting_currency from {{ ref('int_currency_rates') }}),

ends as (select date_trunc('month', {{ as_of_date() }})::date as to_date),

dated as (
    select
        windows.*,
        ends.to_date,
        (ends.to_date - windows.months * interval '1 month')::date as from_date
    from windows
    cross join ends
),

days as (
    select from_date as measured_date from dated
    union
    select to_date from ends
),

-- who pays on a day, once in the segment of that day and once in all together
paying as (
    select
        scopes.segment,
        account_mrr.account_id,
        account_mrr.measured_date,
        account_mrr.mrr
    from account_mrr
    inner join days on account_mrr.measured_date = days.measured_date
    left join segments
        on
            account_mrr.account_id = segments.account_id
            and account_mrr.measured_date >= coalesce(segments.valid_from, '-infinity'::date)
            and account_mrr.measured_date < coalesce(segments.valid_to, 'infinity'::date)
    cross join
        lateral (values ('all'), (coalesce(segments.segment, 'unknown'))) as scopes (segment)
    where account_mrr.is_paying
),

scopes as (
    select 'all' as segment
    union
    select segment from paying
),

paying_today as (
    select
        paying.segment,
        count(*) as paying_accounts
    from paying
    inner join ends on paying.measured_date = ends.to_date
    group by paying.segment
),

cohorts as (
    select
        dated.months,
        paying.segment,
        paying.mrr as start_mrr,
        ending.account_id is null as is_churned,
        case when ending.account_id is null then 0 else ending.mrr end as end_mrr
    from dated
    inner join paying on dated.from_date = paying.measured_date
    left join account_mrr as ending
        on
            paying.account_id = ending.account_id
            and dated.to_date = ending.measured_date
),

kept as ({{ retention_of('cohorts', ['months', 'segment']) }}),

measured as (
    select
        dated.months,
        scopes.segment,
        dated.from_date,
        dated.to_date,
        case when kept.months is not null then reporting.reporting_currency end as currency,
        kept.start_mrr as opening_mrr,
        coalesce(kept.start_accounts, 0) as cohort_accounts,
        kept.churned_accounts,
        kept.unconverted_accounts,
        kept.nrr,
        kept.grr,
        kept.logo_churn,
        case
            when kept.start_accounts is null
                then 'no account paid on ' || to_char(dated.from_date, 'FMDD Mon YYYY')
            when
                undated_ends.undated_subscriptions > policy.undated_end_share
                * (undated_ends.undated_subscriptions + endings.ended_subscriptions)
                then
                    {{ counted('undated_ends.undated_subscriptions', 'subscription') }}
                    || ' ended or paused on a day that is not known'
            when endings.ended_subscriptions = 0
                then 'no subscription has ended yet, as on a list of today''s customers alone'
            when
                kept.start_accounts < dated.minimum_accounts
                -- unknown where only the number counts, and where none of them pays today
                and (
                    kept.start_accounts
                    >= dated.minimum_share * paying_today.paying_accounts
                ) is not true
                then
                    kept.start_accounts
                    || case kept.start_accounts when 1 then ' account' else ' accounts' end
                    || ' paid on ' || to_char(dated.from_date, 'FMDD Mon YYYY') || ', and '
                    || coalesce(paying_today.paying_accounts, 0) || ' do today'
        end as objection
    from dated
    cross join scopes
    cross join endings
    cross join undated_ends
    cross join policy
    left join reporting on true
    left join kept
        on
            dated.months = kept.months
            and scopes.segment = kept.segment
    left join paying_today on scopes.segment = paying_today.segment
),

-- the longest window that is shown speaks for its accounts; where none is, the longest says why
ranked as (
    select
        *,
        'too early to say: ' || objection as reason_not_shown,
        row_number() over (partition by segment order by objection is null desc, months desc)
            as place
    from measured
),

final as (
    select
        months,
        segment,
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
