-- Grain: one row per relation, input and item that the relation was last built from.
-- Empty as dbt makes it: the relations that remember write it (macros/weeks_built.sql), each in the
-- transaction that writes its own rows. A full refresh empties it, which makes all weeks due.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        indexes=[{'columns': ['relation', 'input_name', 'item'], 'unique': true}]
    )
}}

select
    null::text as relation,
    null::text as input_name,
    null::text as item,
    null::date as applies_from,
    null::text as input_value
where false
