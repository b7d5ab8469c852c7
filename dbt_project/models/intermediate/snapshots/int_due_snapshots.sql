-- Grain: one row per account and snapshot date that is to be computed in this run.
-- A table, not a view: all signals read it, and it must not change while weeks are written.
{{
    config(
        materialized='table',
        indexes=[{'columns': ['account_id', 'snapshot_date'], 'unique': true}]
    )
}}

with

snapshot_dates as (select * from {{ ref('int_snapshot_dates') }}),

changes as (select * from {{ ref('int_account_changes') }}),

inputs as (select * from {{ ref('int_weeks_inputs') }}),

built_inputs as (
    select * from {{ ref('int_weeks_built') }}
    where input_name != 'known_as_of'
),

built_snapshots as (
    {{ snapshots_built() }}
),

relations as (
    select * from unnest(array['int_account_weeks', 'int_account_today']) as remembering (relation)
),

expected_inputs as (
    select
        relations.relation,
        inputs.*
    from relations
    cross join inputs
),

-- the earliest day from which any input is another one than the rows were built from
changed_inputs as (
    select min(least(expected_inputs.applies_from, built_inputs.applies_from)) as changed_from
    from expected_inputs
    full join built_inputs
        on
            expected_inputs.relation = built_inputs.relation
            and expected_inputs.input_name = built_inputs.input_name
            and expected_inputs.item = built_inputs.item
    where expected_inputs.input_value is distinct from built_inputs.input_value
),

due as (
    select
        snapshot_dates.account_id,
        snapshot_dates.snapshot_date,
        snapshot_dates.first_subscription_date,
        snapshot_dates.is_latest
    from snapshot_dates
    cross join changed_inputs
    left join changes on snapshot_dates.account_id = changes.account_id
    left join built_snapshots
        on
            snapshot_dates.account_id = built_snapshots.account_id
            and snapshot_dates.snapshot_date = built_snapshots.snapshot_date
            and snapshot_dates.is_latest = built_snapshots.is_latest
    where
        built_snapshots.account_id is null
        or snapshot_dates.snapshot_date >= changes.changed_from
        or snapshot_dates.snapshot_date >= changed_inputs.changed_from
)

select * from due
