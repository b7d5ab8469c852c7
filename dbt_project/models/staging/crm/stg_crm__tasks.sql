with

source as (select * from {{ known(source('crm', 'tasks')) }}),

renamed as (
    select
        -- keys
        task_id,
        account_id,
        csm_id,

        -- attributes
        nullif(trim(playbook), '') as playbook,
        lower(nullif(trim(task_type), '')) as task_type,
        lower(nullif(trim(risk_band), '')) as risk_band,

        -- flags
        is_holdout,

        -- times
        opened_at,
        due_at,
        completed_at,
        escalated_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
