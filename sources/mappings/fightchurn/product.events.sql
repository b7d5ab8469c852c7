select
    events.account_id,
    events.user_id,
    coalesce(event_types.event_type_name, 'event_type_' || events.event_type_id) as feature,
    events.event_time as occurred_at,
    events.event_value as value,
    events.* exclude (account_id, user_id, event_type_id, event_time, event_value),
from "event.parquet" as events
left join "event_type.csv" as event_types
    on events.event_type_id = try_cast(event_types.event_type_id as smallint)
