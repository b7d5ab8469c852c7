-- A view: the points lie in the scores' own rows, a quarter of the size of one row per signal.
{{ config(materialized='view') }}

-- Grain: one row per account, snapshot date, scorecard and contribution.
with

-- read twice: kept apart, all scores would be scanned for the contributions of one account
scores as not materialized (select * from {{ ref('fct_health_scores') }}),

policies as (select * from {{ ref('dim_score_policies') }}),

signal_contributions as (
    select
        scores.account_id,
        scores.snapshot_date,
        scores.scorecard,
        'signal' as contribution,
        policy_lines.pillar,
        policy_lines.pillar_weight,
        policy_lines.signal,
        policy_lines.points
    from scores
    inner join policies
        on
            scores.policy_version = policies.policy_version
            and scores.policy_segment = policies.segment
    cross join
        lateral unnest(scores.points, policies.signals, policies.pillars, policies.pillar_weights)
            as policy_lines (points, signal, pillar, pillar_weight)
),

other_contributions as (
    select
        scores.account_id,
        scores.snapshot_date,
        scores.scorecard,
        terms.contribution,
        null::text as pillar,
        null::double precision as pillar_weight,
        null::text as signal,
        terms.points
    from scores
    cross join
        lateral (
            values
            ('rounding', scores.rounding_points),
            ('override', scores.override_points)
        ) as terms (contribution, points)
    where terms.points != 0
),

contributions as (
    select * from signal_contributions
    union all
    select * from other_contributions
)

select
    account_id,
    snapshot_date,
    scorecard,
    contribution,
    pillar,
    pillar_weight,
    signal,
    (points * 0.000001)::numeric(9, 6) as points
from contributions
