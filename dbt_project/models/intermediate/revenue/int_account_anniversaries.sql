-- Grain: one row per account and month since its sign-up that has come by the as-of date.
{{ config(materialized='table') }}

with

account_subscriptions as (select * from {{ ref('int_account_subscriptions') }}),

periods as (select * from {{ ref('int_subscription_periods') }}),

anniversaries as (
    select
        account_subscriptions.account_id,
        account_subscriptions.first_subscription_date as signup_date,
        months.months_since,
        -- A 31st falls on the last day of a shorter month.
        (account_subscriptions.first_subscription_date + months.months_since * interval '1 month')::date
            as anniversary_date
    from account_subscriptions
    cross join
        -- no month is shorter than 28 days, so this is never too few
        lateral generate_series(0, ({{ as_of_date() }} - account_subscriptions.first_subscription_date) / 28)
            as months (months_since)
),

-- Kept for so many months is who is covered on the last day of the last of them: an end on the
-- anniversary belongs to the month that begins there.
reached as (
    select
        *,
        anniversary_date - (months_since > 0)::integer as measured_date
    from anniversaries
    where anniversary_date <= {{ as_of_date() }}
),

measured as (
    select
        reached.account_id,
        reached.signup_date,
        reached.months_since,
        count(periods.subscription_id) > 0 as is_open,
        case
            when count(periods.subscription_id) = count(periods.mrr)
                then round(coalesce(sum(periods.mrr), 0), 2)
        end::numeric(14, 2) as mrr
    from reached
    left join periods
        on
            reached.account_id = periods.account_id
            and reached.measured_date >= periods.started_date
            and reached.measured_date < coalesce(periods.ended_date, 'infinity'::date)
    group by reached.account_id, reached.signup_date, reached.months_since
)

select * from measured
