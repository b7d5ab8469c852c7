-- Grain: one row per input and item that weeks of all accounts are computed from.
with

usage_windows as (select * from {{ ref('int_usage_windows') }}),

measure_windows as (select * from {{ ref('int_measure_windows') }}),

support_windows as (select * from {{ ref('int_support_windows') }}),

outages as (select * from {{ ref('int_source_outages') }}),

coverage as (select * from {{ ref('int_source_coverage') }}),

rates as (select * from {{ ref('int_snapshot_rates') }}),

features as (select * from {{ ref('stg_product__features') }}),

metric_periods as (select * from {{ ref('int_usage_metric_periods') }}),

metric_dates as (select * from {{ ref('int_usage_metric_dates') }}),

policy as (select * from {{ ref('signal_policy') }}),

subscription_policy as (select * from {{ ref('subscription_policy') }}),

words as (select * from {{ ref('status_words') }}),

segments as (select * from {{ ref('segments') }}),

inclusive_ends as (
    select distinct source_system
    from {{ ref('int_subscriptions') }}
    where is_inclusive_end
),

inputs as (
    select
        'usage_window' as input_name,
        snapshot_date::text as item,
        snapshot_date as applies_from,
        to_jsonb(usage_windows)::text as input_value
    from usage_windows
    union all
    select
        'measure_window' as input_name,
        concat_ws(' ', measure, snapshot_date) as item,
        snapshot_date as applies_from,
        to_jsonb(measure_windows)::text as input_value
    from measure_windows
    union all
    select
        'support_window' as input_name,
        snapshot_date::text as item,
        snapshot_date as applies_from,
        to_jsonb(support_windows)::text as input_value
    from support_windows
    union all
    -- usage reads an outage once it is over, support from the day on which it is known
    select
        'outage' as input_name,
        source || ' ' || first_missing_date as item,
        first_missing_date as applies_from,
        concat_ws(' ', known_from, case when is_over then last_missing_date end) as input_value
    from outages
    union all
    select
        'first_date' as input_name,
        first_dates.measure as item,
        first_dates.first_date::date as applies_from,
        first_dates.first_date as input_value
    from coverage
    cross join lateral jsonb_each_text(to_jsonb(coverage)) as first_dates (measure, first_date)
    where first_dates.first_date is not null
    union all
    select
        'rate' as input_name,
        snapshot_date || ' ' || currency as item,
        snapshot_date as applies_from,
        concat_ws(' ', reporting_currency, reporting_per_cent) as input_value
    from rates
    union all
    select
        'feature' as input_name,
        feature as item,
        '-infinity'::date as applies_from,
        coalesce(is_core::text, '') as input_value
    from features
    union all
    -- one account's number moves the comparison of all others
    select
        'usage_metric' as input_name,
        concat_ws(' ', metric, grain, period_end) as item,
        period_end as applies_from,
        md5(string_agg(to_jsonb(metric_periods)::text, ' ' order by account_id)) as input_value
    from metric_periods
    group by metric, grain, period_end
    union all
    select
        'usage_metric_date' as input_name,
        concat_ws(' ', metric, grain, snapshot_date) as item,
        snapshot_date as applies_from,
        concat_ws(' ', period_end, is_longest) as input_value
    from metric_dates
    union all
    select
        'policy' as input_name,
        'signal_policy' as item,
        '-infinity'::date as applies_from,
        to_jsonb(policy)::text as input_value
    from policy
    union all
    select
        'policy' as input_name,
        'subscription_policy' as item,
        '-infinity'::date as applies_from,
        -- what is shown alone makes no week due
        (to_jsonb(subscription_policy) - 'undated_end_share')::text as input_value
    from subscription_policy
    union all
    select
        'status_word' as input_name,
        table_name || ' ' || word as item,
        '-infinity'::date as applies_from,
        meaning as input_value
    from words
    union all
    select
        'segment' as input_name,
        segment as item,
        '-infinity'::date as applies_from,
        minimum_employees::text as input_value
    from segments
    union all
    select
        'inclusive_ends' as input_name,
        source_system as item,
        '-infinity'::date as applies_from,
        '' as input_value
    from inclusive_ends
    union all
    select
        'sql' as input_name,
        '' as item,
        '-infinity'::date as applies_from,
        '{{ signals_sql_hash("int_account_signals") }}' as input_value
)

select * from inputs
