-- Grain: one row per snapshot date and measure that was not counted for too many days of a window.
{{
    config(
        materialized='incremental',
        incremental_strategy='difference',
        unique_key=['snapshot_date', 'measure'],
        on_schema_change='append_new_columns'
    )
}}

with

windows as (select * from {{ ref('int_usage_windows') }}),

all_outages as (select * from {{ ref('int_measure_outages') }}),

policy as (
    select missing_share_limit from {{ ref('outage_policy') }}
    where source = 'product'
),

-- one that lasts at the snapshot counts from the day on which it was too long for chance
outages as (
    select
        windows.snapshot_date,
        windows.observed_date,
        all_outages.measure,
        all_outages.first_missing_date,
        all_outages.last_missing_date
    from windows
    inner join all_outages on windows.observed_date >= all_outages.known_from
),

missing as (
    select
        outages.snapshot_date,
        outages.measure,
        {{ missing_days('outages.observed_date - 6', 'outages.observed_date') }} as missing_days_7d,
        {{ missing_days('outages.observed_date - 27', 'outages.observed_date') }} as missing_days_28d,
        {{ missing_days('outages.observed_date - 55', 'outages.observed_date - 28') }}
            as missing_days_previous_28d,
        {{ missing_days('outages.observed_date - 83', 'outages.observed_date - 56') }}
            as missing_days_28d_56d_ago,
        {{ missing_days('outages.observed_date - 237', 'outages.observed_date - 56') }}
            as missing_days_previous_182d
    from outages
    group by outages.snapshot_date, outages.measure, outages.observed_date
),

limited as (
    select
        missing.snapshot_date,
        missing.measure,
        missing.missing_days_7d <= 7 * policy.missing_share_limit as is_window_complete_7d,
        missing.missing_days_28d <= 28 * policy.missing_share_limit as is_window_complete_28d,
        missing.missing_days_previous_28d <= 28 * policy.missing_share_limit
            as is_window_complete_previous_28d,
        missing.missing_days_28d_56d_ago <= 28 * policy.missing_share_limit
            as is_window_complete_28d_56d_ago,
        missing.missing_days_previous_182d <= 182 * policy.missing_share_limit
            as is_window_complete_previous_182d
    from missing
    cross join policy
)

select * from limited
where not (
    is_window_complete_7d
    and is_window_complete_28d
    and is_window_complete_previous_28d
    and is_window_complete_28d_56d_ago
    and is_window_complete_previous_182d
)
