with

source as (select * from {{ known(source('support', 'tickets')) }}),

renamed as (
    select
        -- keys
        ticket_id,
        account_id,
        contact_id,

        -- attributes
        nullif(trim(subject), '') as subject,
        nullif(trim(body), '') as body,
        nullif(trim(product_area), '') as product_area,
        priority,
        lower(nullif(trim(severity), '')) as severity,
        lower(nullif(trim(channel), '')) as channel,
        nullif(trim(assignee), '') as assignee,
        lower(nullif(trim(status), '')) as status,

        -- numbers carry their unit
        reopened_count,
        csat_score,

        -- flags
        is_core_function,

        -- times
        created_at,
        first_response_at,
        solved_at,
        escalated_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
