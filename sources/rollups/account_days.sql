-- Grain: one row per account and day of use, and per each of the 27 days after one, as far as the
-- events go. Written in the SQL that DuckDB and Spark share. Reads `events`, and `knowledge`
-- (knowledge.sql). A day's row needs no event but those of the day and the 27 days before.
--
-- Distinct users over a window are exact without joining days to days: a user seen on a day counts
-- from that day until the window has passed or the user is seen again, whichever is first. So each
-- day of each user is one "+1" and one "-1", and a running sum counts the users.
--
-- A session lasts from its first to its last event. One that goes on over midnight counts on each of
-- its days the time up to that day's last event. A session of one event is a session of no length.
with

totals as (
    select
        account_id,
        usage_date,
        count(*) as events,
        sum(case when is_api then 1 else 0 end) as api_calls,
        sum(data_bytes) as data_bytes
    from events
    group by account_id, usage_date
),

-- whole seconds since midnight, which DuckDB and Spark take from a time in the same words
session_events as (
    select
        account_id,
        session_id,
        usage_date,
        cast(
            extract(hour from occurred_at) * 3600
            + extract(minute from occurred_at) * 60
            + floor(extract(second from occurred_at)) as bigint
        ) as seconds
    from events
    where session_id is not null
),

session_days as (
    select
        account_id,
        session_id,
        usage_date,
        min(seconds) as first_seconds,
        max(seconds) as last_seconds
    from session_events
    group by account_id, session_id, usage_date
),

following_days as (
    select
        *,
        lag(usage_date) over (partition by account_id, session_id order by usage_date)
            as earlier_date,
        lag(last_seconds) over (partition by account_id, session_id order by usage_date)
            as earlier_seconds
    from session_days
),

sessions as (
    select
        account_id,
        usage_date,
        count(*) as sessions,
        sum(
            last_seconds - first_seconds
            -- an id that comes back after a day without an event is another session
            + case
                when earlier_date = cast(usage_date - interval '1' day as date)
                    then 86400 - earlier_seconds + first_seconds
                else 0
            end
        ) as session_seconds
    from following_days
    group by account_id, usage_date
),

days_after as (
    select numbers.days
    from (
        values
        (0), (1), (2), (3), (4), (5), (6), (7), (8), (9), (10), (11), (12), (13),
        (14), (15), (16), (17), (18), (19), (20), (21), (22), (23), (24), (25), (26), (27)
    ) as numbers (days)
),

used_days as (
    select
        totals.*,
        coalesce(sessions.sessions, 0) as sessions,
        coalesce(sessions.session_seconds, 0) as session_seconds,
        lead(totals.usage_date) over (partition by totals.account_id order by totals.usage_date)
            as next_date
    from totals
    left join sessions
        on
            totals.account_id = sessions.account_id
            and totals.usage_date = sessions.usage_date
),

-- a used day stands for itself and for the quiet days up to the next one
quiet_days as (
    select
        used_days.*,
        days_after.days,
        cast(used_days.usage_date + days_after.days * interval '1' day as date) as spine_date
    from used_days
    cross join days_after
),

spine as (
    select
        quiet_days.account_id,
        quiet_days.spine_date as usage_date,
        case when quiet_days.days = 0 then quiet_days.events else 0 end as events,
        case when quiet_days.days = 0 then quiet_days.sessions else 0 end as sessions,
        case when quiet_days.days = 0 then quiet_days.session_seconds else 0 end
            as session_seconds,
        case when quiet_days.days = 0 then quiet_days.api_calls else 0 end as api_calls,
        case when quiet_days.days = 0 then quiet_days.data_bytes else 0 end as data_bytes
    from quiet_days
    cross join knowledge
    where
        quiet_days.spine_date < coalesce(quiet_days.next_date, date '9999-12-31')
        -- of a day after the newest event nothing is known yet
        and quiet_days.spine_date <= knowledge.last_date
),

user_days as (
    select distinct
        account_id,
        user_id,
        usage_date
    from events
    where user_id is not null
),

stays as (
    select
        account_id,
        usage_date,
        lead(usage_date) over (partition by account_id, user_id order by usage_date) as next_date
    from user_days
),

arrivals_and_departures as (
    select
        account_id,
        usage_date,
        1 as users,
        1 as change_7d,
        1 as change_28d
    from stays
    union all
    select
        account_id,
        least(cast(usage_date + interval '7' day as date), next_date) as usage_date,
        0 as users,
        -1 as change_7d,
        0 as change_28d
    from stays
    union all
    select
        account_id,
        least(cast(usage_date + interval '28' day as date), next_date) as usage_date,
        0 as users,
        0 as change_7d,
        -1 as change_28d
    from stays
),

user_changes as (
    select
        account_id,
        usage_date,
        sum(users) as users,
        sum(change_7d) as change_7d,
        sum(change_28d) as change_28d
    from arrivals_and_departures
    group by account_id, usage_date
),

-- changes may fall on days off the spine (the 28th day after the last use): they count in the
-- running sum and are no rows of their own
usage_and_changes as (
    select
        account_id,
        usage_date,
        1 as is_on_spine,
        events,
        sessions,
        session_seconds,
        api_calls,
        data_bytes,
        0 as users,
        0 as change_7d,
        0 as change_28d
    from spine
    union all
    select
        account_id,
        usage_date,
        0 as is_on_spine,
        0 as events,
        0 as sessions,
        0 as session_seconds,
        0 as api_calls,
        0 as data_bytes,
        users,
        change_7d,
        change_28d
    from user_changes
),

account_days as (
    select
        account_id,
        usage_date,
        max(is_on_spine) as is_on_spine,
        sum(events) as events,
        sum(sessions) as sessions,
        sum(session_seconds) as session_seconds,
        sum(api_calls) as api_calls,
        sum(data_bytes) as data_bytes,
        sum(users) as users,
        sum(change_7d) as change_7d,
        sum(change_28d) as change_28d
    from usage_and_changes
    group by account_id, usage_date
),

counted as (
    select
        *,
        sum(change_7d) over (
            partition by account_id order by usage_date rows unbounded preceding
        ) as users_7d,
        sum(change_28d) over (
            partition by account_id order by usage_date rows unbounded preceding
        ) as users_28d
    from account_days
),

final as (
    select
        counted.account_id,
        counted.usage_date,
        cast(counted.events as bigint) as events,
        cast(case when knowledge.has_users then counted.users end as integer) as active_users,
        cast(case when knowledge.has_sessions then counted.sessions end as bigint) as sessions,
        cast(case when knowledge.has_sessions then counted.session_seconds end as bigint)
            as session_seconds,
        cast(case when knowledge.has_api_calls then counted.api_calls end as bigint) as api_calls,
        cast(case when knowledge.has_data_bytes then counted.data_bytes end as bigint)
            as data_bytes,
        cast(case when knowledge.has_users then counted.users_7d end as integer)
            as active_users_7d,
        cast(case when knowledge.has_users then counted.users_28d end as integer)
            as active_users_28d
    from counted
    cross join knowledge
    where counted.is_on_spine = 1
)

select * from final
