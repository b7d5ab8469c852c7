with

source as (select * from {{ known(source('crm', 'opportunities')) }}),

renamed as (
    select
        -- keys
        opportunity_id,
        account_id,

        -- attributes
        lower(trim(opportunity_type)) as opportunity_type,
        nullif(trim(product), '') as product,
        lower(nullif(trim(stage), '')) as stage,

        -- numbers carry their unit
        amount_cents,
        upper(trim(currency)) as currency,

        -- flags
        is_won,

        -- times
        created_at,
        closed_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
