-- Grain: one row per policy version, segment and snapshot date.
-- A table, not a view: every score looks up one of its few rows.
{{ config(materialized='table') }}

with

policies as (select * from {{ ref('int_policies_in_force') }}),

signal_coverage as (select * from {{ ref('int_signal_coverage') }}),

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

lines as (
    select
        policies.policy_version,
        policies.segment as policy_segment,
        policies.in_force_from,
        policies.in_force_to,
        pillars.pillar_number,
        -- numeric: sums of floats differ by the order of rows, and any difference scores a date anew
        (pillars.pillar ->> 'weight')::numeric as pillar_weight,
        (signals.signal ->> 'weight')::numeric as weight,
        signals.signal ->> 'signal' as signal
    from policies
    cross join
        lateral jsonb_array_elements(policies.policy -> 'pillars')
        with ordinality as pillars (pillar, pillar_number)
    cross join lateral jsonb_array_elements(pillars.pillar -> 'signals') as signals (signal)
),

delivered_lines as (
    select
        lines.*,
        signal_coverage.first_known_date
    from lines
    left join signal_coverage on lines.signal = signal_coverage.signal
),

pillar_reach as (
    select
        delivered_lines.policy_version,
        delivered_lines.policy_segment,
        calendar.snapshot_date,
        delivered_lines.pillar_number,
        delivered_lines.pillar_weight,
        sum(delivered_lines.weight) as signal_weight,
        sum(delivered_lines.weight) filter (
            where delivered_lines.first_known_date <= calendar.snapshot_date
        ) as deliverable_weight
    from delivered_lines
    inner join calendar
        on
            delivered_lines.in_force_from <= calendar.snapshot_date
            and delivered_lines.in_force_to > calendar.snapshot_date
    group by
        delivered_lines.policy_version,
        delivered_lines.policy_segment,
        calendar.snapshot_date,
        delivered_lines.pillar_number,
        delivered_lines.pillar_weight
),

totals as (
    select
        *,
        sum(pillar_weight) filter (where deliverable_weight is not null) over by_date
            as deliverable_pillar_weight,
        sum(pillar_weight) over by_date as total_pillar_weight
    from pillar_reach
    window by_date as (partition by policy_version, policy_segment, snapshot_date)
),

reach as (
    select
        policy_version,
        policy_segment,
        snapshot_date,
        -- known weight of a pillar times its factor is its share of the coverage
        array_agg(
            coalesce(
                pillar_weight::double precision
                / (deliverable_weight * deliverable_pillar_weight)::double precision,
                0
            )
            order by pillar_number
        ) as factors,
        coalesce(
            sum(pillar_weight * deliverable_weight / (signal_weight * total_pillar_weight)), 0
        )::numeric(4, 3) as deliverable_share
    from totals
    group by policy_version, policy_segment, snapshot_date
)

select * from reach
