with

source as (select * from {{ known(source('success', 'health_overrides')) }}),

renamed as (
    select
        -- keys
        override_id,
        account_id,

        -- attributes
        reason,
        trim(author) as author,

        -- numbers carry their unit
        score,

        -- times
        set_at,
        expires_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
