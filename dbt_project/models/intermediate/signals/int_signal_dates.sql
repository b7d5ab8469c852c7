-- Grain: one row per snapshot date with an open account.
-- Only dates of which snapshots were computed or deleted since the last scores are looked at.
{{
    config(
        materialized='incremental',
        incremental_strategy='due_rows',
        meta={'due': {'relation': 'int_unscored_snapshots', 'key': ['snapshot_date']}},
        unique_key=['snapshot_date'],
        on_schema_change='append_new_columns'
    )
}}

{%- set registry = signal_registry() %}
{%- set sql_hash = signal_dates_sql_hash(registry) %}

with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

unscored as (select * from {{ ref('int_unscored_snapshots') }}),

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

due as (
    select snapshot_date from unscored
    union
    select snapshot_date from calendar
    {% if is_incremental() %}
        where snapshot_date not in (
            select present.snapshot_date
            from {{ this }} as present
            -- by name, which the table of an earlier version does not have
            where to_jsonb(present) ->> 'sql_hash' = '{{ sql_hash }}'
        )
    {% endif %}
),

known as (
    select
        snapshots.snapshot_date,
        array_remove(array[
            {{ names_where_known(registry, 'snapshots') }}
        ]::text[], null) as known_signals,
        '{{ sql_hash }}' as sql_hash
    from due
    inner join snapshots on due.snapshot_date = snapshots.snapshot_date
    group by snapshots.snapshot_date
)

select * from known
