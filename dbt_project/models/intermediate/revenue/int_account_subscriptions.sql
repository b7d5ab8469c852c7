-- Grain: one row per account that has paid by the as-of date.
with

periods as (select * from {{ ref('int_subscription_periods') }}),

account_subscriptions as (
    select
        account_id,
        min(started_date) as first_subscription_date,
        max(started_date) as last_subscription_date,
        bool_or(coalesce(ended_date, 'infinity'::date) > {{ as_of_date() }}) as is_open,
        max(ended_date) as last_ended_date
    from periods
    group by account_id
),

closed as (
    select
        account_id,
        first_subscription_date,
        last_subscription_date,
        is_open,
        case when not is_open then last_ended_date end as closed_date
    from account_subscriptions
)

select * from closed
