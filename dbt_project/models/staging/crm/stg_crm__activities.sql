with

source as (select * from {{ known(source('crm', 'activities')) }}),

renamed as (
    select
        -- keys
        activity_id,
        account_id,
        contact_id,
        csm_id,

        -- attributes
        activity_type,
        nullif(trim(notes), '') as notes,

        -- flags
        is_inbound,
        was_attended,

        -- times
        occurred_at,
        responded_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
