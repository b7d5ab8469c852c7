with

source as (select * from {{ known(source('product', 'features')) }}),

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
        _recorded_at as recorded_at
    from source
)

select * from renamed
