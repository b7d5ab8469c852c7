-- Grain: one row per account and snapshot date that is due.
-- A feature counts as in use for four weeks from each week of use on. Only the week in which it comes
-- into use and the one in which it falls out of use are kept, so that a running sum counts distinct
-- features.
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

-- in weeks, as in int_usage_signals
due_weekdays as (
    select
        account_id,
        extract(isodow from observed_date)::integer as ends_on,
        -- a use counts for 28 days, and is compared with the 28 days before
        min(observed_date) - 56 as read_from,
        max(observed_date) as read_until
    from snapshots
    group by account_id, extract(isodow from observed_date)
),

-- account by account, as in int_usage_signals
feature_weeks as (
    select
        due_weekdays.account_id,
        due_weekdays.ends_on,
        weeks.*
    from due_weekdays
    cross join lateral (
        select distinct
            feature_days.feature,
            {{ week_end('feature_days.usage_date', 'due_weekdays.ends_on') }} as week_end
        from {{ ref('stg_product__account_feature_days') }} as feature_days
        where
            feature_days.account_id = due_weekdays.account_id
            and feature_days.usage_date >= due_weekdays.read_from
            and feature_days.usage_date <= due_weekdays.read_until
    ) as weeks
),

features as (select * from {{ ref('stg_product__features') }}),

catalogue as (
    select count(*) filter (where is_core) as core_features
    from features
),

uses as (
    select
        account_id,
        ends_on,
        feature,
        week_end,
        week_end - lag(week_end) over by_feature as days_since_previous_use,
        lead(week_end) over by_feature - week_end as days_to_next_use
    from feature_weeks
    window by_feature as (partition by account_id, ends_on, feature order by week_end)
),

changes as (
    select
        account_id,
        ends_on,
        feature,
        week_end as event_date,
        1 as difference
    from uses
    where days_since_previous_use is null or days_since_previous_use > 28
    union all
    select
        account_id,
        ends_on,
        feature,
        week_end + 28 as event_date,
        -1 as difference
    from uses
    where days_to_next_use is null or days_to_next_use > 28
),

timeline as (
    select
        account_id,
        extract(isodow from observed_date)::integer as ends_on,
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
        changes.ends_on,
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
        last_28_days as {{ last_days(28, of='account_id, ends_on') }},
        so_far as (partition by account_id, ends_on order by event_date)
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
