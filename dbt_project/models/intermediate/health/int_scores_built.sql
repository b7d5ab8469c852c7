-- Grain: one row per input and item that the scores were last made from.
-- Empty as dbt makes it: fct_health_scores writes it in the transaction that writes its rows. A full
-- refresh empties it, which makes all scores due.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[{'columns': ['input_name', 'item'], 'unique': true}]
    )
}}

select
    null::text as input_name,
    null::text as item,
    null::text as account_id,
    null::date as snapshot_date,
    null::text as input_value
where false
