-- Grain: one row per account and snapshot date that is due.
-- A feature counts as in use for 28 days from each use on. Only the day on which it comes into use
-- and the day on which it falls out of use are kept, so that a running sum counts distinct features.
-- A table, not a view: its test, the weeks and today each read it, and would each compute it.
{{ config(materialized='table') }}

with

-- as far as use was reported by the snapshot: see int_usage_windows
snapshots as (
    select
        snapshot_dates.account_id,
        snapshot_dates.snapshot_date,
        snapshot_dates.first_subscription_date,
        windows.observed_date,
        windows.is_window_complete_28d,
        windows.is_window_complete_previous_28d
    from {{ ref('int_due_snapshots') }} as snapshot_dates
    inner join {{ ref('int_usage_windows') }} as windows
        on snapshot_dates.snapshot_date = windows.snapshot_date
),

coverage as (select feature_use_from from {{ ref('int_source_coverage') }}),

policy as (select usage_stale_after_days from {{ ref('health_policy') }}),

-- a use counts for 28 days, up to a day of observation that lies no more than
-- usage_stale_after_days before the snapshot, or up to 28 days before that
due_accounts as (
    select
        snapshots.account_id,
        min(snapshots.snapshot_date) - max(policy.usage_stale_after_days) - 56 as read_from,
        max(snapshots.snapshot_date) as read_until
    from snapshots
    cross join policy
    group by snapshots.account_id
),

feature_days as (
    select feature_days.*
    from {{ ref('stg_product__account_feature_days') }} as feature_days
    inner join due_accounts
        on
            feature_days.account_id = due_accounts.account_id
            and feature_days.usage_date >= due_accounts.read_from
            and feature_days.usage_date <= due_accounts.read_until
),

features as (select * from {{ ref('stg_product__features') }}),

catalogue as (
    select count(*) filter (where is_core) as core_features
    from features
),

uses as (
    select
        account_id,
        feature,
        usage_date,
        usage_date - lag(usage_date) over by_feature as days_since_previous_use,
        lead(usage_date) over by_feature - usage_date as days_to_next_use
    from feature_days
    window by_feature as (partition by account_id, feature order by usage_date)
),

changes as (
    select
        account_id,
        feature,
        usage_date as event_date,
        1 as difference
    from uses
    where days_since_previous_use is null or days_since_previous_use > 28
    union all
    select
        account_id,
        feature,
        usage_date + 28 as event_date,
        -1 as difference
    from uses
    where days_to_next_use is null or days_to_next_use > 28
),

timeline as (
    select
        account_id,
        observed_date as event_date,
        snapshot_date,
        first_subscription_date,
        is_window_complete_28d,
        is_window_complete_previous_28d,
        0 as difference,
        0 as core_difference
    from snapshots
    union all
    select
        changes.account_id,
        changes.event_date,
        null as snapshot_date,
        null as first_subscription_date,
        null as is_window_complete_28d,
        null as is_window_complete_previous_28d,
        changes.difference,
        case when features.is_core then changes.difference else 0 end as core_difference
    from changes
    left join features on changes.feature = features.feature
),

counted as (
    select
        account_id,
        snapshot_date,
        event_date,
        first_subscription_date,
        is_window_complete_28d,
        is_window_complete_previous_28d,
        sum(difference) over so_far as features_in_use,
        sum(difference) over last_28_days as features_gained,
        sum(core_difference) over so_far as core_features_in_use
    from timeline
    window
        last_28_days as {{ last_days(28) }},
        so_far as (partition by account_id order by event_date)
),

signals as (
    select
        counted.account_id,
        counted.snapshot_date,
        case
            when counted.is_window_complete_28d then counted.features_in_use
        end::double precision as features_used_28d,
        case
            when
                counted.is_window_complete_28d
                and counted.is_window_complete_previous_28d
                and counted.event_date - 55
                >= greatest(counted.first_subscription_date, coverage.feature_use_from)
                then counted.features_gained
        end::double precision as features_change_28d,
        case
            when counted.is_window_complete_28d
                then counted.core_features_in_use::numeric / nullif(catalogue.core_features, 0)
        end::double precision as feature_adoption
    from counted
    cross join catalogue
    cross join coverage
    where counted.snapshot_date is not null and counted.event_date >= coverage.feature_use_from
)

select * from signals
