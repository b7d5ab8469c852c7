with

source as (select * from {{ known(source('product', 'usage_metrics')) }}),

renamed as (
    select
        -- keys
        account_id,

        -- attributes
        trim(metric) as metric_label,
        regexp_replace(lower(metric), '[^a-z0-9]+', '', 'g') as metric_word,
        nullif(trim(feature), '') as feature,
        grain,

        -- numbers
        value,

        -- times
        period_start,
        case grain
            when 'month' then (period_start + interval '1 month')::date - 1
            when 'week' then period_start + 6
            else period_start
        end as period_end,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
