-- A view: whoever asks what a model must not see wants the newest load's answer.
{{ config(materialized='view') }}

-- Grain: one row per system, source, table and column that seems to know who has left.
with

suspected_leaks as (select * from {{ source('tenure', 'suspected_leaks') }}),

renamed as (
    select
        system,
        source,
        table_name,
        column_name,
        auc,
        how as told_by,
        accounts,
        ended_accounts,
        message,
        found_at
    from suspected_leaks
)

select * from renamed
