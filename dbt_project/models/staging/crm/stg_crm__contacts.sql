with

source as (select * from {{ known(source('crm', 'contacts')) }}),

renamed as (
    select
        -- keys
        contact_id,
        account_id,

        -- attributes
        lower(nullif(trim(email), '')) as email,
        nullif(trim(full_name), '') as full_name,
        nullif(trim(title), '') as title,
        role,

        -- flags
        is_executive_sponsor,

        -- times
        joined_at,
        left_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
