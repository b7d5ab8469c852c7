-- Grain: one row per source, measure and outage.
-- A view: the outages themselves are kept.
{{ config(materialized='view') }}

with

source_gaps as (select * from {{ ref('int_source_outages') }}),

measure_gaps as (select * from {{ ref('int_measure_outages') }}),

-- one file that is late holds all metrics, and is one outage
metric_gaps as (
    select
        grain,
        first_missing_date,
        last_missing_date,
        is_over,
        min(metric) = max(metric) as is_of_one,
        min(metric) as metric,
        min(metric_label) as metric_label
    from {{ ref('int_metric_outages') }}
    group by
        grain,
        first_missing_date,
        last_missing_date,
        is_over,
        case when have_others_come then metric end
),

policy as (select * from {{ ref('outage_policy') }}),

outages as (
    select
        source_gaps.source,
        'all' as measure,
        policy.label,
        source_gaps.first_missing_date,
        source_gaps.last_missing_date,
        source_gaps.is_over
    from source_gaps
    inner join policy on source_gaps.source = policy.source
    union all
    select
        'product' as source,
        measure,
        case measure
            when 'active_users' then 'Active users'
            when 'sessions' then 'Sessions'
            when 'api_calls' then 'API calls'
            else 'Data volumes'
        end || ' of product.account_days' as label, -- noqa: RF04
        first_missing_date,
        last_missing_date,
        is_over
    from measure_gaps
    union all
    select
        'product' as source,
        case when is_of_one then metric else 'Numbers' end || ' by ' || grain as measure,
        case when is_of_one then '"' || metric_label || '"' else 'Numbers' end
        || ' by ' || grain || ' of product.usage_metrics' as label, -- noqa: RF04
        first_missing_date,
        last_missing_date,
        is_over
    from metric_gaps
),

measured as (
    select
        *,
        last_missing_date - first_missing_date + 1 as missing_days,
        -- the longest window of a signal that is counted reaches back 90 days
        last_missing_date > {{ as_of_date() }} - 90 as is_within_90d
    from outages
),

worded as (
    select
        source,
        measure,
        label,
        first_missing_date,
        last_missing_date,
        missing_days,
        is_over,
        is_within_90d,
        label || ' are missing for ' || {{ counted('missing_days', 'day') }} || ', from '
        || to_char(first_missing_date, 'FMDD Mon YYYY')
        || case
            when is_over then ' to ' || to_char(last_missing_date, 'FMDD Mon YYYY')
            else ' on'
        end as sentence
    from measured
)

select * from worded
