-- Grain: one row per account and snapshot date that is due.
-- Frames end at the newest day of use that was reported by the snapshot, so a later fact cannot enter
-- one, and a day that is not reported yet does not look like a day without users. A frame in which
-- the source had an outage for too long is unknown: see int_usage_windows; of one measure: see
-- int_measure_windows.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

{#- By its name in the signals, each measure that the source may stop to count. -#}
{%- set measures = {
    'users': 'active_users', 'sessions': 'sessions', 'api_calls': 'api_calls', 'data_bytes': 'data_bytes'
} %}
{%- set spans = ['7d', '28d', 'previous_28d', '28d_56d_ago'] %}

with

measure_windows as (
    select
        {% for name, measure in measures.items() -%}
            {%- for span in spans -%}
                bool_and(is_window_complete_{{ span }}) filter (where measure = '{{ measure }}')
                    as are_{{ name }}_complete_{{ span }},
            {% endfor -%}
        {%- endfor -%}
        snapshot_date
    from {{ ref('int_measure_windows') }}
    group by snapshot_date
),

snapshots as (
    select
        snapshot_dates.account_id,
        snapshot_dates.snapshot_date,
        snapshot_dates.first_subscription_date,
        windows.observed_date,
        -- without a row every measure was counted
        {% for name in measures -%}
            {%- for span in spans -%}
                windows.is_window_complete_{{ span }}
                and coalesce(measure_windows.are_{{ name }}_complete_{{ span }}, true)
                    as are_{{ name }}_complete_{{ span }},
            {% endfor -%}
        {%- endfor -%}
        windows.is_window_complete_28d,
        windows.is_window_complete_previous_28d
    from {{ ref('int_due_snapshots') }} as snapshot_dates
    left join {{ ref('int_usage_windows') }} as windows
        on snapshot_dates.snapshot_date = windows.snapshot_date
    left join measure_windows on snapshot_dates.snapshot_date = measure_windows.snapshot_date
),

coverage as (select * from {{ ref('int_source_coverage') }}),

-- Weeks end on the weekday on which a snapshot is observed: on Sundays, but for today and for
-- snapshots during a gap. Days are added up to such weeks first, a seventh of the rows to sort.
due_weekdays as (
    select
        account_id,
        extract(isodow from observed_date)::integer as ends_on,
        -- an active user is counted up to 56 days before
        min(observed_date) - 56 as read_from,
        min(observed_date) as snapshots_from,
        max(observed_date) as read_until
    from snapshots
    where observed_date is not null
    group by account_id, extract(isodow from observed_date)
),

-- of all earlier days only the last use matters, and only where no snapshot has a later one
earlier_uses as (
    select
        account_id,
        ends_on,
        case
            when
                not exists (
                    select 1
                    from {{ ref('stg_product__account_days') }} as account_days
                    where
                        account_days.account_id = due_weekdays.account_id
                        and account_days.usage_date >= due_weekdays.read_from
                        and account_days.usage_date <= due_weekdays.snapshots_from
                        and account_days.events > 0
                )
                then (
                    select max(account_days.usage_date)
                    from {{ ref('stg_product__account_days') }} as account_days
                    where
                        account_days.account_id = due_weekdays.account_id
                        and account_days.usage_date < due_weekdays.read_from
                        and account_days.events > 0
                )
        end as use_date
    from due_weekdays
),

outages as (
    select * from {{ ref('int_source_outages') }}
    where source = 'product'
),

-- Account by account, along the index of its days. For one new day of 10,000 accounts the days of all
-- years were read and sorted: 13.6 s of processor time in place of 3.8.
usage_weeks as (
    select
        due_weekdays.account_id,
        due_weekdays.ends_on,
        weeks.*
    from due_weekdays
    cross join lateral (
        select
            {{ week_end('account_days.usage_date', 'due_weekdays.ends_on') }} as week_end,
            -- as whole numbers: the windows below add up numerics at several times the cost
            sum(account_days.events)::bigint as events,
            sum(account_days.sessions)::bigint as sessions,
            (sum(account_days.sessions) filter (where account_days.session_seconds is not null))::bigint
                as timed_sessions,
            sum(account_days.session_seconds)::bigint as session_seconds,
            sum(account_days.api_calls)::bigint as api_calls,
            sum(account_days.data_bytes)::bigint as data_bytes,
            sum(account_days.active_users) as user_days,
            sum(account_days.active_users) filter (
                where extract(isodow from account_days.usage_date) not in (6, 7)
            ) as weekday_users,
            -- of the last day alone; without a row on it no user came in the days that are counted
            max(account_days.active_users_7d) filter (
                where extract(isodow from account_days.usage_date) = due_weekdays.ends_on
            )::bigint as active_users_7d,
            max(account_days.active_users_28d) filter (
                where extract(isodow from account_days.usage_date) = due_weekdays.ends_on
            ) as active_users_28d,
            max(account_days.usage_date) filter (where account_days.events > 0) as use_date
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
        extract(isodow from observed_date)::integer as ends_on,
        observed_date as event_date,
        snapshot_date,
        0 as events,
        0 as sessions,
        0 as timed_sessions,
        0 as session_seconds,
        0 as api_calls,
        0 as data_bytes,
        0 as user_days,
        0 as weekday_users,
        null::bigint as active_users_7d,
        null::integer as active_users_28d,
        null::date as use_date
    from snapshots
    where observed_date is not null
    union all
    select
        account_id,
        ends_on,
        week_end as event_date,
        null as snapshot_date,
        events,
        sessions,
        timed_sessions,
        session_seconds,
        api_calls,
        data_bytes,
        user_days,
        weekday_users,
        active_users_7d,
        active_users_28d,
        use_date
    from usage_weeks
    union all
    select
        account_id,
        ends_on,
        use_date as event_date,
        null as snapshot_date,
        0 as events,
        0 as sessions,
        0 as timed_sessions,
        0 as session_seconds,
        0 as api_calls,
        0 as data_bytes,
        0 as user_days,
        0 as weekday_users,
        null as active_users_7d,
        null as active_users_28d,
        use_date
    from earlier_uses
    where use_date is not null
),

{% set of = 'account_id, ends_on' -%}
rolled as (
    select
        account_id,
        snapshot_date,
        sum(events) over last_28_days as events_28d,
        sum(events) over previous_28_days as events_previous_28d,
        sum(sessions) over last_28_days as sessions_28d,
        sum(timed_sessions) over last_28_days as timed_sessions_28d,
        sum(session_seconds) over last_28_days as session_seconds_28d,
        sum(api_calls) over last_28_days as api_calls_28d,
        sum(api_calls) over previous_28_days as api_calls_previous_28d,
        sum(data_bytes) over last_28_days as data_bytes_28d,
        sum(data_bytes) over previous_28_days as data_bytes_previous_28d,
        sum(user_days) over last_28_days as user_days_28d,
        sum(weekday_users) over last_28_days as weekday_users_28d,
        max(active_users_7d) over last_week as active_users_7d,
        max(active_users_28d) over last_week as active_users_28d,
        max(active_users_28d) over week_56_days_ago as active_users_56d_ago,
        -- eight weeks as points of a line, in sums of whole numbers: a week without a row has no users
        sum(active_users_7d) over last_56_days as weekly_users,
        sum(active_users_7d * active_users_7d) over last_56_days as weekly_users_squared,
        sum(active_users_7d * ((event_date - date '1970-01-01') / 7)) over last_56_days
        - sum(active_users_7d) over last_56_days * ((event_date - date '1970-01-01') / 7 - 7)
            as weekly_users_by_week,
        max(use_date) over so_far as last_use_date
    from timeline
    window
        last_week as {{ last_days(1, of=of) }},
        week_56_days_ago as {{ last_days(1, ended_before=56, of=of) }},
        last_28_days as {{ last_days(28, of=of) }},
        previous_28_days as {{ last_days(28, ended_before=28, of=of) }},
        last_56_days as {{ last_days(56, of=of) }},
        so_far as (partition by account_id, ends_on order by event_date)
),

known as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        snapshots.observed_date,
        rolled.events_28d,
        rolled.events_previous_28d,
        rolled.sessions_28d,
        rolled.timed_sessions_28d,
        rolled.session_seconds_28d,
        rolled.api_calls_28d,
        rolled.api_calls_previous_28d,
        rolled.data_bytes_28d,
        rolled.data_bytes_previous_28d,
        rolled.user_days_28d,
        rolled.weekday_users_28d,
        coalesce(rolled.weekly_users / 8.0, 0) as mean_weekly_users,
        -- of weeks from 0 to 7 the mean is 3.5, and the squares around it add up to 42
        coalesce((rolled.weekly_users_by_week - 3.5 * rolled.weekly_users) / 42, 0) as weekly_slope,
        coalesce(rolled.weekly_users_squared - rolled.weekly_users * rolled.weekly_users / 8.0, 0)
            as weekly_squares,
        -- never used: idle since the customer, or the source, began
        coalesce(
            rolled.last_use_date,
            greatest(snapshots.first_subscription_date, coverage.events_from)
        ) as idle_from,
        snapshots.observed_date >= coverage.events_from as has_events,
        snapshots.observed_date >= coverage.events_from
        and snapshots.is_window_complete_28d as has_events_28d,
        snapshots.observed_date >= coverage.users_from and snapshots.are_users_complete_7d as has_users_7d,
        snapshots.observed_date >= coverage.users_from and snapshots.are_users_complete_28d
            as has_users_28d,
        snapshots.observed_date >= coverage.sessions_from and snapshots.are_sessions_complete_28d
            as has_sessions_28d,
        snapshots.observed_date >= coverage.api_calls_from and snapshots.are_api_calls_complete_28d
            as has_api_calls_28d,
        snapshots.observed_date >= coverage.data_bytes_from and snapshots.are_data_bytes_complete_28d
            as has_data_bytes_28d,
        -- a base period that began before the customer or the source did looks like growth
        snapshots.observed_date - 55
        >= greatest(snapshots.first_subscription_date, coverage.events_from)
        and snapshots.is_window_complete_previous_28d as has_previous_28d,
        snapshots.are_api_calls_complete_previous_28d,
        snapshots.are_data_bytes_complete_previous_28d,
        snapshots.observed_date - 55
        >= greatest(snapshots.first_subscription_date, coverage.users_from)
        and snapshots.are_users_complete_28d
        and snapshots.are_users_complete_previous_28d as has_users_56d,
        snapshots.observed_date - 83
        >= greatest(snapshots.first_subscription_date, coverage.users_from)
        and snapshots.are_users_complete_28d_56d_ago as has_users_56d_ago,
        coalesce(rolled.active_users_7d, 0) as active_users_7d,
        coalesce(rolled.active_users_28d, 0) as active_users_28d,
        coalesce(rolled.active_users_56d_ago, 0) as active_users_56d_ago
    from snapshots
    cross join coverage
    left join rolled
        on
            snapshots.account_id = rolled.account_id
            and snapshots.snapshot_date = rolled.snapshot_date
),

-- on a missing day no account is known to have been idle
idle as (
    select
        known.*,
        known.observed_date - known.idle_from - meanwhile.missing_days as idle_days
    from known
    cross join lateral (
        select {{ missing_days('known.idle_from + 1', 'known.observed_date') }} as missing_days
        from outages
        where known.observed_date > outages.last_missing_date
    ) as meanwhile
),

signals as (
    select
        account_id,
        snapshot_date,
        case when has_users_7d then active_users_7d end::double precision as active_users_7d,
        case when has_users_28d then active_users_28d end::double precision as active_users_28d,
        case
            -- no user came for 28 days: none comes back weekly either
            when has_users_7d and has_users_28d and active_users_28d = 0 then 0
            when has_users_7d and has_users_28d then active_users_7d::numeric / active_users_28d
        end::double precision as stickiness,
        case
            when has_users_28d and has_users_56d_ago
                then active_users_28d::numeric / nullif(active_users_56d_ago, 0) - 1
        end::double precision as active_user_change_56d,
        case when has_events_28d then coalesce(events_28d, 0) end::double precision as events_28d,
        case
            when has_events_28d and has_users_28d then events_28d / nullif(active_users_28d, 0)
        end::double precision as events_per_user_28d,
        case
            -- 28 days have 20 from Monday to Friday
            when has_users_28d then coalesce(weekday_users_28d, 0) / 20.0
        end::double precision as daily_active_users_28d,
        case
            when has_users_28d then user_days_28d::numeric / nullif(active_users_28d, 0)
        end::double precision as active_days_per_user_28d,
        case
            when has_users_56d then weekly_slope / nullif(mean_weekly_users, 0)
        end::double precision as active_user_slope_56d,
        case
            -- users are whole: what is left beside the line is at least what rounding leaves, 1/12
            when has_users_56d
                then
                    weekly_slope
                    / sqrt(greatest((weekly_squares - 42 * weekly_slope * weekly_slope) / 6, 1 / 12.0) / 42)
        end::double precision as active_user_slope_t_56d,
        case
            when has_events_28d and has_previous_28d
                then coalesce(events_28d, 0) / nullif(events_previous_28d, 0) - 1
        end::double precision as usage_change_28d,
        case
            when has_sessions_28d then coalesce(sessions_28d, 0)
        end::double precision as sessions_28d,
        case
            -- without a session there is no length of one
            when has_sessions_28d then session_seconds_28d / nullif(timed_sessions_28d, 0) / 60
        end::double precision as minutes_per_session_28d,
        case
            when has_api_calls_28d then coalesce(api_calls_28d, 0)
        end::double precision as api_calls_28d,
        case
            when has_api_calls_28d and has_previous_28d and are_api_calls_complete_previous_28d
                then coalesce(api_calls_28d, 0) / nullif(api_calls_previous_28d, 0) - 1
        end::double precision as api_calls_change_28d,
        case
            when has_data_bytes_28d then coalesce(data_bytes_28d, 0)
        end::double precision as data_bytes_28d,
        case
            when has_data_bytes_28d and has_previous_28d and are_data_bytes_complete_previous_28d
                then coalesce(data_bytes_28d, 0) / nullif(data_bytes_previous_28d, 0) - 1
        end::double precision as data_bytes_change_28d,
        case when has_events then idle_days end::double precision as days_since_last_use
    from idle
)

select * from signals
