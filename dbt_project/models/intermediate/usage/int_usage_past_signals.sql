-- Grain: one row per account and snapshot date that is due and by which use was reported not long before.
-- Frames end at the newest reported day and days are added up to weeks that end on its weekday, as in
-- int_usage_signals: so many days of each account are read per due date, however long its history is.
-- A table, not a view: the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

{#- What is active use: the column that counts it, and since when the source does. Events are what a
day is reported by; users may be counted no more while events come. -#}
{%- set measures = {
    'events': {'column': 'events', 'counted_from': 'events_from'},
    'user_days': {'column': 'active_users', 'counted_from': 'users_from'},
} -%}
{%- set of = 'account_id, ends_on' %}

with

due_snapshots as (select * from {{ ref('int_due_snapshots') }}),

windows as (
    select
        *,
        extract(isodow from observed_date)::integer as ends_on
    from {{ ref('int_usage_windows') }}
),

coverage as (select * from {{ ref('int_source_coverage') }}),

uncounted as (
    select snapshot_date
    from {{ ref('int_measure_windows') }}
    where
        measure = 'active_users'
        and not (
            is_window_complete_28d
            and is_window_complete_previous_28d
            and is_window_complete_previous_182d
        )
),

policy as (select minimum_past_days from {{ ref('signal_policy') }}),

outages as (
    select * from {{ ref('int_source_outages') }}
    where source = 'product'
),

-- An account that began to use long after the source began to count has not grown since.
first_uses as (
    select
        accounts.account_id,
        uses.usage_date as first_use_date
    from (select distinct account_id from due_snapshots) as accounts
    cross join lateral (
        select account_days.usage_date
        from {{ ref('stg_product__account_days') }} as account_days
        where
            account_days.account_id = accounts.account_id
            and account_days.events > 0
        order by account_days.usage_date
        limit 1
    ) as uses
),

-- the past begins 237 days before, with the customer, its use or the source: a trial is none of it
snapshots as (
    select
        due_snapshots.account_id,
        due_snapshots.snapshot_date,
        windows.observed_date,
        windows.ends_on,
        windows.is_window_complete_28d and windows.is_window_complete_previous_28d as is_window_complete_56d,
        {% for measure, counted in measures.items() %}
            case
                when coverage.{{ counted.counted_from }} is not null
                    then
                        greatest(
                            windows.observed_date - 237,
                            due_snapshots.first_subscription_date,
                            first_uses.first_use_date,
                            coverage.{{ counted.counted_from }}
                        )
            end as {{ measure }}_from,
        {% endfor %}
        due_snapshots.first_subscription_date
    from due_snapshots
    inner join windows on due_snapshots.snapshot_date = windows.snapshot_date
    left join first_uses on due_snapshots.account_id = first_uses.account_id
    cross join coverage
),

due_weekdays as (
    select
        account_id,
        ends_on,
        greatest(min(observed_date) - 237, min(first_subscription_date)) as read_from,
        max(observed_date) as read_until
    from snapshots
    group by account_id, ends_on
),

-- account by account, along the index of its days
usage_weeks as (
    select
        due_weekdays.account_id,
        due_weekdays.ends_on,
        weeks.*
    from due_weekdays
    cross join lateral (
        select
            {% for measure, counted in measures.items() %}
                sum(account_days.{{ counted.column }})::bigint as {{ measure }},
            {% endfor %}
            {{ week_end('account_days.usage_date', 'due_weekdays.ends_on') }} as week_end
        from {{ ref('stg_product__account_days') }} as account_days
        where
            account_days.account_id = due_weekdays.account_id
            and account_days.usage_date >= due_weekdays.read_from
            and account_days.usage_date <= due_weekdays.read_until
        group by week_end
    ) as weeks
),

timeline as (
    select
        account_id,
        ends_on,
        observed_date as event_date,
        snapshot_date,
        0 as events,
        0 as user_days
    from snapshots
    union all
    select
        account_id,
        ends_on,
        week_end as event_date,
        null as snapshot_date,
        events,
        user_days
    from usage_weeks
),

rolled as (
    select
        {% for measure in measures %}
            sum({{ measure }}) over last_56_days as {{ measure }}_56d,
            sum({{ measure }}) over previous_182_days as {{ measure }}_previous_182d,
        {% endfor %}
        account_id,
        snapshot_date
    from timeline
    window
        last_56_days as {{ last_days(56, of=of) }},
        previous_182_days as {{ last_days(182, ended_before=56, of=of) }}
),

-- on a missing day no use is known: each window is as long as what was reported of it
reported as (
    select
        {% for measure in measures %}
            snapshots.observed_date - 55 - snapshots.{{ measure }}_from - missing.{{ measure }}_days
                as {{ measure }}_past_days,
        {% endfor %}
        snapshots.account_id,
        snapshots.snapshot_date,
        snapshots.is_window_complete_56d,
        56 - missing.days_56d as days_56d
    from snapshots
    cross join lateral (
        select
            {% for measure in measures %}
                {{ missing_days('snapshots.' ~ measure ~ '_from', 'snapshots.observed_date - 56') }}
                    as {{ measure }}_days,
            {% endfor %}
            {{ missing_days('snapshots.observed_date - 55', 'snapshots.observed_date') }} as days_56d
        from outages
        where snapshots.observed_date > outages.last_missing_date
    ) as missing
),

-- use of a reported day over that of one in the past, of which enough has to be known
compared as (
    select
        {% for measure, counted in measures.items() %}
            case
                when
                    reported.is_window_complete_56d
                    and reported.{{ measure }}_past_days >= policy.minimum_past_days
                    and (uncounted.snapshot_date is null or {{ counted.column != 'active_users' }})
                    then
                        rolled.{{ measure }}_56d::double precision * reported.{{ measure }}_past_days
                        / nullif(rolled.{{ measure }}_previous_182d * reported.days_56d, 0)
            end as {{ measure }}_ratio,
        {% endfor %}
        reported.account_id,
        reported.snapshot_date
    from reported
    cross join policy
    inner join rolled
        on
            reported.account_id = rolled.account_id
            and reported.snapshot_date = rolled.snapshot_date
    left join uncounted on reported.snapshot_date = uncounted.snapshot_date
),

-- a fall to nothing has no logarithm: a hundredth is as low as it counts
logarithms as (
    select
        {% for measure in measures %}
            case when {{ measure }}_ratio is not null then ln(greatest({{ measure }}_ratio, 0.01)) end
                as {{ measure }}_log,
        {% endfor %}
        account_id,
        snapshot_date
    from compared
),

signals as (
    select
        account_id,
        snapshot_date,
        exp(
            (coalesce(events_log, 0) + coalesce(user_days_log, 0))
            / nullif(num_nonnulls(events_log, user_days_log), 0)
        ) - 1 as active_use_against_past
    from logarithms
)

select * from signals
