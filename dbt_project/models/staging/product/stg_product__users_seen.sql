with

source as (select * from {{ known(source('product', 'users_seen')) }}),

renamed as (
    select
        -- keys
        account_id,
        user_key,

        -- numbers carry their unit
        active_days_28d,

        -- times
        first_seen_at,
        last_seen_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
