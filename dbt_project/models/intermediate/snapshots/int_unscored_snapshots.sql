-- Grain: one row per account and snapshot date that was computed or deleted and is not scored since.
-- Empty as dbt makes it: the weeks and today write it and the scores empty it, each in the transaction
-- that writes its own rows. So a build that is killed between them leaves its work to the next one,
-- which a full refresh must not forget either.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        full_refresh=false,
        indexes=[{'columns': ['account_id', 'snapshot_date'], 'unique': true}]
    )
}}

select
    null::text as account_id,
    null::date as snapshot_date
where false
