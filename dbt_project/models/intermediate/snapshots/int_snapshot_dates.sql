-- Grain: one row per account and snapshot date.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

first_subscriptions as (
    select
        account_id,
        min(started_date) as first_subscription_date
    from periods
    where {{ is_asked_account('account_id') }}
    group by account_id
),

first_week_ends as (
    select
        *,
        first_subscription_date
        + (7 - extract(isodow from first_subscription_date)::integer) as first_week_end
    from first_subscriptions
),

week_ends as (
    select
        first_week_ends.account_id,
        first_week_ends.first_subscription_date,
        first_week_ends.first_week_end + since.days as snapshot_date
    from first_week_ends
    cross join
        lateral generate_series(0, {{ as_of_date() }} - first_week_ends.first_week_end, 7)
            as since (days)
),

snapshot_dates as (
    select * from week_ends
    -- union drops the as-of date where it is a week-end itself
    union
    select
        account_id,
        first_subscription_date,
        {{ as_of_date() }} as snapshot_date
    from first_subscriptions
    union
    select
        first_subscriptions.account_id,
        first_subscriptions.first_subscription_date,
        further.snapshot_date
    from first_subscriptions
    cross join unnest({{ further_dates() }}) as further (snapshot_date)
    where first_subscriptions.first_subscription_date <= further.snapshot_date
)

select
    account_id,
    snapshot_date,
    first_subscription_date,
    snapshot_date = {{ as_of_date() }} as is_latest
from snapshot_dates
