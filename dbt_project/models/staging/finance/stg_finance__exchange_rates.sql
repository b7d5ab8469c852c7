with

source as (select * from {{ known(source('finance', 'exchange_rates')) }}),

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
        _recorded_at as recorded_at
    from source
)

select * from renamed
