with

source as (select * from {{ known(source('crm', 'accounts')) }}),

renamed as (
    select
        -- keys
        account_id,
        parent_account_id,
        csm_id,

        -- attributes
        trim(account_name) as account_name,
        nullif(trim(industry), '') as industry,
        nullif(trim(region), '') as region,
        upper(nullif(trim(country), '')) as country,
        touch_tier,

        -- numbers carry their unit
        employee_count,

        -- times
        signed_at,
        {{ utc_date('signed_at') }} as signed_date,
        closed_at,
        created_at,
        updated_at,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
