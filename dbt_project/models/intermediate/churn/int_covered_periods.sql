-- Grain: one row per account and unbroken period covered by at least one subscription.
with

subscriptions as (select * from {{ ref('int_subscription_periods') }}),

terms as (
    select
        account_id,
        started_date as covered_from,
        coalesce(ended_date, 'infinity'::date) as covered_until
    from subscriptions
),

followed as (
    select
        *,
        max(covered_until) over (
            partition by account_id order by covered_from
            rows between unbounded preceding and 1 preceding
        ) as covered_so_far_until
    from terms
),

numbered as (
    select
        *,
        count(*) filter (
            where covered_so_far_until is null or covered_from > covered_so_far_until
        ) over (
            partition by account_id order by covered_from
            rows between unbounded preceding and current row
        ) as period_number
    from followed
),

periods as (
    select
        account_id,
        min(covered_from) as covered_from,
        -- the first day without a subscription; null while none is foreseen
        nullif(max(covered_until), 'infinity'::date) as first_uncovered_date
    from numbered
    group by account_id, period_number
)

select * from periods
