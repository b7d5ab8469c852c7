with

source as (select * from {{ known(source('success', 'onboarding_steps')) }}),

renamed as (
    select
        -- keys
        account_id,
        template,
        step,

        -- times
        planned_at,
        started_at,
        completed_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
