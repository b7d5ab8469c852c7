-- Grain: one row per subscription, product, start and period for which its terms were the ones that
-- were known.
-- This reads the raw table itself: staging has the terms that hold, and none that held.
with

recordings as (select * from {{ recorded(source('billing', 'subscriptions')) }} as recordings),

-- of several terms recorded on one day the last one is known at its end
days as (
    select distinct on (subscription_id, product, started_at, recorded_date)
        subscription_id,
        product,
        started_at,
        {{ utc_date('_recorded_at') }} as recorded_date,
        quantity,
        billing_period_months,
        term_months,
        auto_renews,
        usage_limit,
        renewal_date
    from recordings
    order by
        subscription_id asc,
        product asc,
        started_at asc,
        recorded_date asc,
        _recorded_at desc,
        _superseded_at desc nulls first
),

-- what was recorded first is the oldest that is known of the days before it
terms as (
    select
        subscription_id,
        product,
        started_at,
        quantity,
        billing_period_months,
        term_months,
        auto_renews,
        usage_limit,
        renewal_date,
        case
            when lag(recorded_date) over by_subscription is null then '-infinity'::date
            else recorded_date
        end as known_from,
        coalesce(lead(recorded_date) over by_subscription, 'infinity'::date) as known_until
    from days
    window by_subscription as (partition by subscription_id, product, started_at order by recorded_date)
)

select * from terms
