-- Grain: one row per account and snapshot date that is due, from the first metric of the account on.
-- What is not reported of an account is unknown: an export may leave zeros out or rows behind.
-- A table, not a view: the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

{#- Counts have a rate a day, users a number of the period itself. -#}
{%- set counted = {'events': 'events_28d', 'sessions': 'sessions_28d',
    'api_calls': 'api_calls_28d', 'data_bytes': 'data_bytes_28d'} -%}
{%- set changed = {'events': 'usage_change_28d', 'api_calls': 'api_calls_change_28d',
    'data_bytes': 'data_bytes_change_28d'} %}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

dates as (select * from {{ ref('int_usage_metric_dates') }}),

periods as (select * from {{ ref('int_usage_metric_periods') }}),

-- an account of which events are delivered is measured by them
first_events as (
    select
        accounts.account_id,
        accounts.first_period_end,
        first_days.usage_date as first_event_date
    from (
        select
            account_id,
            min(period_end) as first_period_end
        from periods
        group by account_id
    ) as accounts
    left join lateral (
        select account_days.usage_date
        from {{ ref('stg_product__account_days') }} as account_days
        where accounts.account_id = account_days.account_id
        order by account_days.usage_date
        limit 1
    ) as first_days on true
),

observed as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        dates.is_longest,
        periods.metric,
        periods.grain,
        periods.weight,
        periods.amount,
        periods.rate_28d,
        periods.rate_28d / nullif(periods.rate_previous_28d, 0) - 1 as change_28d,
        periods.rate_28d / nullif(periods.rate_28d_56d_ago, 0) - 1 as change_56d,
        periods.peer_rank,
        -- a fall to nothing has no logarithm: a hundredth is as low as it counts
        case
            when periods.ratio is not null
                then ln(greatest(periods.ratio / coalesce(nullif(periods.usual_ratio, 0), 1), 0.01))
        end as log_ratio,
        dates.is_longest and periods.metric != 'active_users' as is_other
    from snapshots
    inner join dates on snapshots.snapshot_date = dates.snapshot_date
    inner join periods
        on
            snapshots.account_id = periods.account_id
            and dates.metric = periods.metric
            and dates.grain = periods.grain
            and dates.period_end = periods.period_end
),

signals as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        coalesce(snapshots.snapshot_date >= max(first_events.first_event_date), false) as has_events,
        max(observed.amount) filter (where observed.metric = 'active_users' and observed.grain = 'week')
            as active_users_7d,
        max(observed.amount) filter (where observed.metric = 'active_users' and observed.grain = 'month')
            as active_users_28d,
        max(observed.change_56d) filter (where observed.metric = 'active_users' and observed.is_longest)
            as active_user_change_56d,
        {% for metric, signal in counted.items() %}
            28 * max(observed.rate_28d)
            filter (where observed.metric = '{{ metric }}' and observed.is_longest)
                as {{ signal }},
        {% endfor %}
        {% for metric, signal in changed.items() %}
            max(observed.change_28d) filter (where observed.metric = '{{ metric }}' and observed.is_longest)
                as {{ signal }},
        {% endfor %}
        max(exp(observed.log_ratio) - 1) filter (
            where observed.metric = 'active_users' and observed.is_longest
        ) as active_users_against_past,
        exp(
            sum(observed.weight * observed.log_ratio order by observed.metric)
            filter (where observed.is_other)
            / nullif(
                sum(observed.weight) filter (where observed.is_other and observed.log_ratio is not null), 0
            )
        ) - 1 as usage_against_past,
        sum(observed.weight * observed.peer_rank order by observed.metric) filter (where observed.is_longest)
        / nullif(
            sum(observed.weight) filter (where observed.is_longest and observed.peer_rank is not null), 0
        ) as usage_peer_rank
    from snapshots
    inner join first_events
        on
            snapshots.account_id = first_events.account_id
            and snapshots.snapshot_date >= first_events.first_period_end
    left join observed
        on
            snapshots.account_id = observed.account_id
            and snapshots.snapshot_date = observed.snapshot_date
    group by snapshots.account_id, snapshots.snapshot_date
)

select * from signals
