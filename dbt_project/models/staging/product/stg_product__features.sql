with

source as (select * from {{ source('product', 'features') }}),

renamed as (
    select
        -- keys
        feature,

        -- attributes
        nullif(trim(product), '') as product,
        nullif(trim(minimum_plan), '') as minimum_plan,

        -- flags
        is_core,
        is_advanced,

        -- provenance
        _source as source_system,
        _loaded_at as loaded_at
    from source
)

select * from renamed
