-- A view: a check that fails must show at once, although it stops the build of all else.
{{ config(materialized='view') }}

-- Grain: one row per system, source, table and rule that corrected rows in the newest load.
with

repairs as (select * from {{ source('tenure', 'repairs') }}),

renamed as (
    select
        system,
        source,
        table_name,
        rule,
        rows_repaired
    from repairs
)

select * from renamed
