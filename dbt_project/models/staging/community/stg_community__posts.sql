with

source as (select * from {{ known(source('community', 'posts')) }}),

renamed as (
    select
        -- keys
        post_id,
        account_id,
        contact_id,

        -- attributes
        lower(nullif(trim(post_type), '')) as post_type,

        -- times
        posted_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
