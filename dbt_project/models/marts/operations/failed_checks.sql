-- A view: a check that fails must show at once.
{{ config(materialized='view') }}

-- Grain: one row per source and table whose newest check failed.
with

failed_checks as (select * from {{ source('tenure', 'failed_checks') }}),

described as (
    select
        source,
        table_name,
        failures,
        checked_at,
        consequence
    from failed_checks
)

select * from described
