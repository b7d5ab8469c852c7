with

source as (select * from {{ known(source('success', 'goals')) }}),

renamed as (
    select
        -- keys
        goal_id,
        account_id,

        -- attributes
        lower(nullif(trim(value_type), '')) as value_type,
        lower(nullif(trim(evidence), '')) as evidence,

        -- numbers carry their unit
        target_cents,
        achieved_cents,
        upper(trim(currency)) as currency,

        -- times
        set_at,
        achieved_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
