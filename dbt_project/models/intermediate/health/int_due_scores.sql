-- Grain: one row per account and snapshot date whose scores are to be made or deleted in this run.
-- A table, not a view: it must not change while scores are written.
{{
    config(
        materialized='table',
        indexes=[{'columns': ['account_id', 'snapshot_date'], 'unique': true}]
    )
}}

with

-- read four times, of which PostgreSQL would keep a copy with all signals
snapshots as (
    select
        account_id,
        snapshot_date,
        is_open
    from {{ ref('account_snapshots') }}
),

unscored as (select * from {{ ref('int_unscored_snapshots') }}),

inputs as (select * from {{ ref('int_score_inputs') }}),

built_inputs as (select * from {{ ref('int_scores_built') }}),

changed_inputs as (
    select
        coalesce(inputs.account_id, built_inputs.account_id) as account_id,
        coalesce(inputs.snapshot_date, built_inputs.snapshot_date) as snapshot_date
    from inputs
    full join built_inputs
        on
            inputs.input_name = built_inputs.input_name
            and inputs.item = built_inputs.item
    where
        inputs.input_value is distinct from built_inputs.input_value
        -- before the first scores all is due anyway
        and {{ are_scores_built() }}
),

due as (
    select
        account_id,
        snapshot_date
    from unscored
    union
    select
        account_id,
        snapshot_date
    from changed_inputs
    where account_id is not null and snapshot_date is not null
    union
    select
        snapshots.account_id,
        snapshots.snapshot_date
    from snapshots
    inner join changed_inputs on snapshots.snapshot_date = changed_inputs.snapshot_date
    where changed_inputs.account_id is null
    union
    select
        snapshots.account_id,
        snapshots.snapshot_date
    from snapshots
    inner join changed_inputs on snapshots.account_id = changed_inputs.account_id
    where changed_inputs.snapshot_date is null
    union
    select
        account_id,
        snapshot_date
    from snapshots
    where not {{ are_scores_built() }}
),

described as (
    select
        due.account_id,
        due.snapshot_date,
        coalesce(snapshots.is_open, false) as is_open
    from due
    left join snapshots
        on
            due.account_id = snapshots.account_id
            and due.snapshot_date = snapshots.snapshot_date
)

select * from described
