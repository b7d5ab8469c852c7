with

source as (select * from {{ known(source('survey', 'invitations')) }}),

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
        _recorded_at as recorded_at
    from source
)

select * from renamed
