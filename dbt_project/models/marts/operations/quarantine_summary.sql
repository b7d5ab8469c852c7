-- A view: a check that fails must show at once, although it stops the build of all else.
{{ config(materialized='view') }}

-- Grain: one row per system, source, table and broken rule with rows in quarantine.
with

rejection_summary as (select * from {{ source('quarantine', 'rejection_summary') }}),

renamed as (
    select
        system,
        source,
        table_name,
        rule,
        rows_rejected,
        example_rejection_id,
        example_file,
        example_row,
        {{ impersonal('example_message') }} as example_message,
        first_seen_at,
        last_seen_at
    from rejection_summary
)

select * from renamed
