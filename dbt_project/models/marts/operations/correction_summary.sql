-- A view: what the newest load found must show although a failed check stops the build of all else.
{{ config(materialized='view') }}

-- Grain: one row per system, source, table and column with cells that could not be used.
with

correction_summary as (select * from {{ source('quarantine', 'correction_summary') }}),

renamed as (
    select
        system,
        source,
        table_name,
        column_name,
        cells_corrected,
        example_file,
        example_row,
        {{ impersonal('example_message') }} as example_message
    from correction_summary
)

select * from renamed
