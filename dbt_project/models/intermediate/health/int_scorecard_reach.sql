-- Grain: one row per policy version, segment and snapshot date.
-- A table, not a view: every score looks up one of its few rows.
{{ config(materialized='table') }}

with

policies as (select * from {{ ref('int_policies_in_force') }}),

signal_coverage as (select * from {{ ref('int_signal_coverage') }}),

calendar as (select * from {{ ref('int_snapshot_calendar') }}),

alternatives as (
    select
        dim_signals.signal as alternative,
        named.signal
    from {{ ref('dim_signals') }} as dim_signals
    cross join lateral unnest(dim_signals.alternative_of) as named (signal)
),

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
        coalesce(alternatives.alternative, lines.signal) as measured,
        alternatives.alternative is null as is_alternative,
        signal_coverage.first_known_date
    from lines
    left join alternatives on lines.signal = alternatives.signal
    left join signal_coverage on lines.signal = signal_coverage.signal
),

-- what is measured in one of two ways has two sides; all other signals are a side of their own
sides as (
    select
        delivered_lines.policy_version,
        delivered_lines.policy_segment,
        calendar.snapshot_date,
        delivered_lines.pillar_number,
        delivered_lines.pillar_weight,
        delivered_lines.measured,
        delivered_lines.is_alternative,
        sum(delivered_lines.weight) as side_weight,
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
        delivered_lines.pillar_weight,
        delivered_lines.measured,
        delivered_lines.is_alternative
),

-- An account is known by one side, so that the heavier one is all that can be delivered.
measures as (
    select
        policy_version,
        policy_segment,
        snapshot_date,
        pillar_number,
        pillar_weight,
        max(side_weight) as measure_weight,
        max(deliverable_weight) as deliverable_weight
    from sides
    group by policy_version, policy_segment, snapshot_date, pillar_number, pillar_weight, measured
),

pillar_reach as (
    select
        policy_version,
        policy_segment,
        snapshot_date,
        pillar_number,
        pillar_weight,
        sum(measure_weight) as signal_weight,
        sum(deliverable_weight) as deliverable_weight
    from measures
    group by policy_version, policy_segment, snapshot_date, pillar_number, pillar_weight
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
