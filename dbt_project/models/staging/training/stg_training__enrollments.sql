with

source as (select * from {{ known(source('training', 'enrollments')) }}),

renamed as (
    select
        -- keys
        enrollment_id,
        account_id,
        contact_id,

        -- attributes
        nullif(trim(course), '') as course,
        outcome,

        -- times
        scheduled_at,
        completed_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
