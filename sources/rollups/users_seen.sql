-- Grain: one row per product user of an account, as of the newest day in the lake. Written in the
-- SQL that DuckDB and Spark share. Reads `events`, and `knowledge` (knowledge.sql). The key is a
-- pseudonym: a user's name stays in the lake, and names are unique only within an account.
with

user_days as (
    select
        account_id,
        user_id,
        usage_date,
        min(occurred_at) as first_seen_at,
        max(occurred_at) as last_seen_at
    from events
    where user_id is not null
    group by account_id, user_id, usage_date
),

users as (
    select
        user_days.account_id,
        user_days.user_id,
        min(user_days.first_seen_at) as first_seen_at,
        max(user_days.last_seen_at) as last_seen_at,
        sum(
            case
                when user_days.usage_date > cast(knowledge.last_date - interval '28' day as date)
                    then 1
                else 0
            end
        ) as active_days_28d
    from user_days
    cross join knowledge
    group by user_days.account_id, user_days.user_id
),

final as (
    select
        account_id,
        substr(md5(concat(account_id, '/', user_id)), 1, 16) as user_key,
        first_seen_at,
        last_seen_at,
        cast(active_days_28d as integer) as active_days_28d
    from users
)

select * from final
