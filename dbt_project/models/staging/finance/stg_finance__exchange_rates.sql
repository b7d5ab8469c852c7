with

source as (select * from {{ source('finance', 'exchange_rates') }}),

renamed as (
    select
        -- keys
        upper(trim(currency)) as currency,

        -- numbers carry their unit
        usd_per_unit,

        -- times
        rate_date,

        -- provenance
        _source as source_system,
        _loaded_at as loaded_at
    from source
)

select * from renamed
