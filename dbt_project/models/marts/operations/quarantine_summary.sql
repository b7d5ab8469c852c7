-- A view: a check that fails must show at once, although it stops the build of all else.
{{ config(materialized='view') }}

-- Grain: one row per system, source, table and broken rule with rows in quarantine.
with

rejected_rows as (select * from {{ source('quarantine', 'rejected_rows') }}),

summed as (
    select
        system,
        source,
        table_name,
        rule,
        count(*) as rows_rejected,
        min(message) as example_message,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at
    from rejected_rows
    group by system, source, table_name, rule
)

select * from summed
