with

source as (select * from {{ known(source('product', 'account_days')) }}),

renamed as (
    select
        -- keys
        account_id,

        -- numbers carry their unit
        events,
        active_users,
        sessions,
        session_seconds,
        api_calls,
        data_bytes,
        active_users_7d,
        active_users_28d,

        -- times
        usage_date,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
