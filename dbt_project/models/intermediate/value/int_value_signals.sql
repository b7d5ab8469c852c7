-- Grain: one row per account and snapshot date that is due on which the account has a goal.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

snapshots as (select * from {{ ref('int_due_snapshots') }}),

goals as (select * from {{ ref('stg_success__goals') }}),

rates as (select * from {{ ref('int_snapshot_rates') }}),

-- what a goal is worth at a snapshot: agreed by then, reached only if confirmed by then
goal_values as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        goals.value_type,
        goals.value_type = 'implementation_cost' as is_cost,
        goals.target_cents * rates.reporting_per_cent as target_value,
        case
            when {{ utc_date('goals.achieved_at') }} <= snapshots.snapshot_date
                then goals.achieved_cents
            -- until it is settled, a cost is what was agreed; a gain is not yet there
            when goals.value_type = 'implementation_cost' then goals.target_cents
            else 0
        end * rates.reporting_per_cent as reached_value
    from snapshots
    inner join goals
        on
            snapshots.account_id = goals.account_id
            and {{ utc_date('goals.set_at') }} <= snapshots.snapshot_date
    left join rates
        on
            snapshots.snapshot_date = rates.snapshot_date
            and goals.currency = rates.currency
),

totals as (
    select
        account_id,
        snapshot_date,
        -- a goal without a target or a rate is left out of both sides of the share
        sum(target_value) filter (where reached_value is not null and not is_cost) as agreed,
        sum(reached_value) filter (where target_value is not null and not is_cost) as reached,
        sum(target_value) filter (
            where reached_value is not null and value_type = 'efficiency_gains'
        ) as efficiency_agreed,
        sum(reached_value) filter (
            where target_value is not null and value_type = 'efficiency_gains'
        ) as efficiency_reached,
        sum(reached_value) filter (where not is_cost) as gained,
        sum(reached_value) filter (where is_cost) as spent,
        -- one unknown amount makes the return unknown
        bool_or(reached_value is null) as has_unknown_value
    from goal_values
    group by account_id, snapshot_date
),

signals as (
    select
        account_id,
        snapshot_date,
        (reached / nullif(agreed, 0))::double precision as goal_progress,
        case
            when not has_unknown_value then gained / nullif(spent, 0)
        end::double precision as roi_multiple,
        (efficiency_reached / nullif(efficiency_agreed, 0))::double precision as efficiency_progress
    from totals
)

select * from signals
