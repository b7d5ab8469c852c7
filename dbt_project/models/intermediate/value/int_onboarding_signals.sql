-- Grain: one row per account and snapshot date that is due by which an onboarding step was due or begun.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

steps as (
    select
        account_id,
        {{ utc_date('planned_at') }} as planned_date,
        {{ utc_date('started_at') }} as started_date,
        {{ utc_date('completed_at') }} as completed_date
    from {{ ref('stg_success__onboarding_steps') }}
),

signals as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        avg(coalesce(steps.completed_date <= snapshots.snapshot_date, false)::integer)
        ::double precision as onboarding_progress,
        count(*) filter (
            where steps.planned_date < snapshots.snapshot_date
            and (steps.completed_date is null or steps.completed_date > snapshots.snapshot_date)
        )::double precision as onboarding_overdue_steps,
        avg(steps.completed_date - steps.planned_date) filter (
            where steps.completed_date <= snapshots.snapshot_date
        )::double precision as onboarding_delay_days
    from snapshots
    inner join steps
        on
            snapshots.account_id = steps.account_id
            -- least() skips nulls: the first of the step's times that is known
            and least(steps.planned_date, steps.started_date, steps.completed_date)
            <= snapshots.snapshot_date
    group by snapshots.account_id, snapshots.snapshot_date
)

select * from signals
