-- Grain: one row per input and item that scores are made from, apart from the signals.
-- A table, not a view: it is compared before scores are made and remembered after.
{{ config(materialized='table') }}

with

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

reach as (select * from {{ ref('int_scorecard_reach') }}),

outage_dates as (select * from {{ ref('int_usage_outage_dates') }}),

policy as (select * from {{ ref('health_policy') }}),

segments as (select * from {{ ref('int_account_segments') }}),

overrides as (select * from {{ ref('int_health_overrides') }}),

peers as (select * from {{ ref('int_usage_peers') }}),

peers_by_date as (
    select
        snapshot_date,
        string_agg(to_jsonb(peers)::text, ' ' order by segment) as peers
    from peers
    group by snapshot_date
),

scorecards_by_date as (
    select
        snapshot_date,
        string_agg(
            concat_ws(' ', policy_version, policy_segment, factors::text, deliverable_share),
            ' ' order by policy_version, policy_segment
        ) as scorecards
    from reach
    group by snapshot_date
),

inputs as (
    select
        'date' as input_name,
        calendar.snapshot_date::text as item,
        null::text as account_id,
        calendar.snapshot_date,
        md5(
            concat_ws(
                ' ',
                policy.coverage_floor,
                policy.deliverable_floor,
                policy.fallback_scorecard,
                outage_dates.snapshot_date is not null,
                scorecards_by_date.scorecards,
                peers_by_date.peers,
                '{{ scores_sql_hash() }}'
            )
        ) as input_value
    from calendar
    cross join policy
    left join outage_dates on calendar.snapshot_date = outage_dates.snapshot_date
    left join scorecards_by_date on calendar.snapshot_date = scorecards_by_date.snapshot_date
    left join peers_by_date on {{ peers_date('calendar.snapshot_date') }} = peers_by_date.snapshot_date
    union all
    select
        'segments' as input_name,
        account_id as item,
        account_id,
        null as snapshot_date,
        string_agg(
            concat(segment, ' ', valid_from, ' ', valid_to), ' ' order by valid_from nulls first, valid_to
        ) as input_value
    from segments
    group by account_id
    union all
    select
        'override' as input_name,
        account_id || ' ' || snapshot_date as item,
        account_id,
        snapshot_date,
        override_id || ' ' || override_score as input_value
    from overrides
)

select * from inputs
