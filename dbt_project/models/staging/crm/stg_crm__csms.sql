with

source as (select * from {{ known(source('crm', 'csms')) }}),

renamed as (
    select
        -- keys
        csm_id,
        manager_id,

        -- attributes
        trim(csm_name) as csm_name,
        lower(nullif(trim(email), '')) as email,
        nullif(trim(team), '') as team,
        nullif(trim(region), '') as region,

        -- numbers carry their unit
        weekly_capacity_hours,

        -- provenance
        _source as source_system,
        _recorded_at as recorded_at
    from source
)

select * from renamed
