with

source as (select * from {{ known(source('product', 'account_feature_days')) }}),

renamed as (
    select
        -- keys
        account_id,
        feature,

        -- numbers carry their unit
        events,
        users,
        value_sum,

        -- times
        usage_date,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
