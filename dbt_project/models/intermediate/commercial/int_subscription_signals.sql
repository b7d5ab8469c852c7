-- Grain: one row per account and snapshot date that is due.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

subscriptions as (
    select
        *,
        -- a term is counted from the first start of its product, which no later one moves
        min(started_date) over (partition by account_id, product) as first_started_date
    from {{ ref('int_subscription_periods') }}
),

rates as (select * from {{ ref('int_snapshot_rates') }}),

terms as (select * from {{ ref('int_subscription_terms') }}),

policy as (select renewal_notice_days from {{ ref('signal_policy') }}),

-- each subscription at the snapshot and 90 days before; one that had ended by then says nothing of
-- either, and most of a long history are such
-- Kept apart from the terms, of whose three keys PostgreSQL expects one row in place of millions: it
-- went through all rates for each, 275 of 330 s at 10,000 accounts.
standing as materialized (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        subscriptions.subscription_id,
        subscriptions.product,
        subscriptions.unit,
        subscriptions.started_at,
        subscriptions.first_started_date,
        -- at the rate of the snapshot, now and 90 days before: no exchange rate moves the change
        subscriptions.mrr_cents * rates.reporting_per_cent as mrr,
        coalesce(subscriptions.ended_date, 'infinity'::date) > snapshots.snapshot_date as is_active,
        subscriptions.started_date <= snapshots.snapshot_date - 90
        and coalesce(subscriptions.ended_date, 'infinity'::date)
        > snapshots.snapshot_date - 90 as was_active_90d_ago
    from snapshots
    inner join subscriptions
        on
            snapshots.account_id = subscriptions.account_id
            and snapshots.snapshot_date >= subscriptions.started_date
            and snapshots.snapshot_date < coalesce(subscriptions.ended_date, 'infinity'::date) + 90
    left join rates
        on
            snapshots.snapshot_date = rates.snapshot_date
            and subscriptions.currency = rates.currency
),

on_terms as (
    select
        standing.*,
        terms.quantity,
        terms.billing_period_months,
        terms.term_months,
        terms.auto_renews,
        terms.usage_limit,
        terms.renewal_date
    from standing
    inner join terms
        on
            standing.subscription_id = terms.subscription_id
            and standing.product = terms.product
            and standing.started_at = terms.started_at
            and standing.snapshot_date >= terms.known_from
            and standing.snapshot_date < terms.known_until
),

-- terms that are over since the first start of the product, by its whole months
counted as (
    select
        *,
        (
            extract(year from age(snapshot_date, first_started_date)) * 12
            + extract(month from age(snapshot_date, first_started_date))
        )::integer / nullif(term_months, 0) as terms_over
    from on_terms
),

dated as (
    select
        *,
        (first_started_date + make_interval(months => terms_over * term_months))::date
            as last_term_end_date,
        (first_started_date + make_interval(months => (terms_over + 1) * term_months))::date
            as next_term_end_date
    from counted
),

totals as (
    select
        account_id,
        snapshot_date,
        bool_or(is_active) as is_open,
        sum(mrr) filter (where is_active) as known_mrr,
        bool_or(mrr is null) filter (where is_active) as has_unknown_mrr,
        sum(mrr) filter (where was_active_90d_ago) as known_mrr_90d_ago,
        bool_or(mrr is null) filter (where was_active_90d_ago) as has_unknown_mrr_90d_ago,
        count(distinct product) filter (where is_active) as products,
        sum(quantity) filter (where is_active and unit = 'users') as seats,
        max(billing_period_months) filter (where is_active) as billing_period_months,
        max(term_months) filter (where is_active) as term_months,
        bool_and(auto_renews) filter (where is_active) as auto_renews,
        -- one subscription without a limit has no use beyond it
        case
            when bool_and(usage_limit is not null) filter (where is_active)
                then sum(usage_limit) filter (where is_active)
        end as usage_limit,
        min(renewal_date) filter (where is_active and renewal_date >= snapshot_date)
            as renewal_date,
        min(
            case
                when terms_over > 0 and last_term_end_date = snapshot_date then snapshot_date
                else next_term_end_date
            end
        ) filter (where is_active) as term_end_date
    from dated
    group by account_id, snapshot_date
),

-- without a subscription an account pays nothing, and that is known
priced as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        snapshots.first_subscription_date,
        coalesce(totals.is_open, false) as is_open,
        -- one subscription without an exchange rate makes the sum unknown
        case when totals.has_unknown_mrr is not true then coalesce(totals.known_mrr, 0) end as mrr,
        case when not totals.has_unknown_mrr_90d_ago then totals.known_mrr_90d_ago end as mrr_90d_ago,
        coalesce(totals.products, 0) as products,
        totals.seats,
        totals.billing_period_months,
        totals.term_months,
        totals.auto_renews,
        totals.usage_limit,
        totals.renewal_date,
        totals.term_end_date,
        policy.renewal_notice_days
    from snapshots
    cross join policy
    left join totals
        on
            snapshots.account_id = totals.account_id
            and snapshots.snapshot_date = totals.snapshot_date
),

signals as (
    select
        account_id,
        snapshot_date,
        is_open,
        mrr::numeric(14, 2) as mrr,
        (mrr / nullif(mrr_90d_ago, 0) - 1)::double precision as mrr_change_90d,
        products::double precision as products,
        seats::double precision as seats,
        renewal_date,
        (renewal_date - snapshot_date)::double precision as days_to_renewal,
        (renewal_date - snapshot_date <= renewal_notice_days)::integer::double precision
            as renewal_window_open,
        (term_end_date - snapshot_date)::double precision as days_to_term_end,
        auto_renews::integer::double precision as auto_renews,
        term_months::double precision as term_months,
        usage_limit,
        (snapshot_date - first_subscription_date)::double precision as tenure_days,
        billing_period_months::double precision as billing_period_months
    from priced
)

select * from signals
