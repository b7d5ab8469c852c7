-- Grain: one row per account, feature and day of use. Written in the SQL that DuckDB and Spark
-- share. Reads `events`, and `knowledge` (knowledge.sql).
with

-- counting per user first keeps the distinct count a plain count
user_feature_days as (
    select
        account_id,
        feature,
        usage_date,
        user_id,
        count(*) as events,
        sum(value) as value_sum
    from events
    where feature is not null
    group by account_id, feature, usage_date, user_id
),

feature_days as (
    select
        account_id,
        feature,
        usage_date,
        sum(events) as events,
        count(user_id) as users,
        sum(value_sum) as value_sum
    from user_feature_days
    group by account_id, feature, usage_date
),

final as (
    select
        feature_days.account_id,
        feature_days.feature,
        feature_days.usage_date,
        cast(feature_days.events as bigint) as events,
        cast(case when knowledge.has_feature_users then feature_days.users end as integer) as users,
        -- a sum of doubles depends on their order in its last digits, and a row that did not change
        -- must not look changed
        round(cast(feature_days.value_sum as double), 6) as value_sum
    from feature_days
    cross join knowledge
)

select * from final
