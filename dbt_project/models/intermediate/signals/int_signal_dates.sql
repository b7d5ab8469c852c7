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
{%- set declared -%} array[{{ signal_names(registry) }}]::text[] {%- endset %}

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
            where present.declared_signals = {{ declared }}
        )
    {% endif %}
),

known as (
    select
        snapshots.snapshot_date,
        array_remove(array[
            {{ names_where_known(registry, 'snapshots') }}
        ]::text[], null) as known_signals,
        {{ declared }} as declared_signals
    from due
    inner join snapshots on due.snapshot_date = snapshots.snapshot_date
    group by snapshots.snapshot_date
)

select * from known
