-- Grain: one row: what all events together say. What the source never says is unknown, not zero.
-- Written in the SQL that DuckDB and Spark share. `tenure.lake_parts` knows the same per part.
with

final as (
    select
        max(usage_date) as last_date,
        count(user_id) > 0 as has_users,
        count(case when feature is not null then user_id end) > 0 as has_feature_users,
        count(session_id) > 0 as has_sessions,
        count(is_api) > 0 as has_api_calls,
        count(data_bytes) > 0 as has_data_bytes
    from events
)

select * from final
