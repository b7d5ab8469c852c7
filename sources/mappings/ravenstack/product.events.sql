-- A row is a day's use of a feature, so its value is how often; users are not named. `usage_id`
-- repeats on 21 pairs of rows that differ: those are two events each.
-- dates: usage_date
select
    usage.usage_id as event_id,
    subscriptions.account_id,
    usage.feature_name as feature,
    usage.usage_date as occurred_at,
    usage.usage_count as value,
    usage.subscription_id,
    try_cast(usage.usage_duration_secs as bigint) as usage_duration_secs,
    try_cast(usage.error_count as integer) as error_count,
    try_cast(usage.is_beta_feature as boolean) as is_beta_feature,
    usage.* exclude (
        usage_id, feature_name, usage_date, usage_count, subscription_id, usage_duration_secs,
        error_count, is_beta_feature
    ),
from "ravenstack_feature_usage.csv" as usage
left join "ravenstack_subscriptions.csv" as subscriptions
    on usage.subscription_id = subscriptions.subscription_id
