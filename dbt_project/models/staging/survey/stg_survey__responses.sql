with

source as (select * from {{ known(source('survey', 'responses')) }}),

renamed as (
    select
        -- keys
        response_id,
        account_id,
        contact_id,

        -- attributes
        survey_type,
        nullif(trim(comment), '') as comment,

        -- numbers carry their unit
        score,
        scale_min,
        scale_max,

        -- times
        submitted_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
