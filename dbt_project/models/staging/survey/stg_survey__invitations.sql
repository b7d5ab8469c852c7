with

source as (select * from {{ source('survey', 'invitations') }}),

renamed as (
    select
        -- keys
        invitation_id,
        account_id,
        contact_id,

        -- attributes
        survey_type,

        -- times
        sent_at,

        -- provenance
        _source as source_system,
        _loaded_at as loaded_at
    from source
)

select * from renamed
