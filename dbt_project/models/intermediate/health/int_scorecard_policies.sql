-- Grain: one row per scorecard, segment and period in which its weights hold.
-- A table, not a view: two models read it.
{{ config(materialized='table') }}

with

rules as (select * from {{ ref('scorecard_rules') }}),

pillars as (select * from {{ ref('scorecards') }}),

lines as (select * from {{ ref('scorecard_signals') }}),

tiers as (select * from {{ ref('health_tiers') }}),

targets as (select * from {{ ref('scorecard_targets') }}),

learned_weights as (
    select * from {{ ref('fct_learned_weights') }}
    where weight > 0
),

weighted_lines as (
    select
        lines.scorecard,
        lines.segment,
        null::date as valid_from,
        null::date as valid_to,
        lines.pillar,
        pillars.pillar_weight,
        lines.signal,
        lines.weight,
        lines.floor,
        lines.ceiling,
        pillars.reason as pillar_reason,
        lines.reason
    from lines
    inner join pillars
        on
            lines.scorecard = pillars.scorecard
            and lines.segment = pillars.segment
            and lines.pillar = pillars.pillar
    where lines.weight is not null
    union all
    select
        lines.scorecard,
        lines.segment,
        learned_weights.quarter_start as valid_from,
        learned_weights.next_quarter_start as valid_to,
        lines.pillar,
        -- a pillar weighs what its signals weigh
        sum(learned_weights.weight)
            over (partition by lines.scorecard, learned_weights.quarter_start, lines.pillar)
            as pillar_weight,
        lines.signal,
        learned_weights.weight,
        lines.floor,
        lines.ceiling,
        learned_weights.reason as pillar_reason,
        lines.reason
    from lines
    inner join learned_weights
        on
            lines.scorecard = learned_weights.scorecard
            and lines.signal = learned_weights.signal
    where lines.weight is null
),

pillar_policies as (
    select
        scorecard,
        segment,
        valid_from,
        valid_to,
        pillar,
        pillar_weight,
        jsonb_build_object(
            'pillar', pillar,
            'weight', pillar_weight,
            'signals', jsonb_agg(
                jsonb_build_object(
                    'signal', signal, 'weight', weight, 'floor', floor, 'ceiling', ceiling
                )
                order by weight desc, signal asc
            )
        ) as pillar_policy,
        jsonb_build_object(
            'pillar', pillar,
            'reason', min(pillar_reason),
            'signals', jsonb_object_agg(signal, reason)
        ) as pillar_reasons
    from weighted_lines
    group by scorecard, segment, valid_from, valid_to, pillar, pillar_weight
),

segment_policies as (
    select
        scorecard,
        segment,
        valid_from,
        valid_to,
        jsonb_agg(pillar_policy order by pillar_weight desc, pillar asc) as pillars,
        jsonb_agg(pillar_reasons order by pillar_weight desc, pillar asc) as reasons
    from pillar_policies
    group by scorecard, segment, valid_from, valid_to
),

tier_policies as (
    select
        scorecard,
        jsonb_agg(
            jsonb_build_object('tier', tier, 'lower_bound', lower_bound, 'colour', colour)
            order by lower_bound desc
        ) as tiers
    from tiers
    group by scorecard
),

target_policies as (
    select
        scorecard,
        segment,
        jsonb_agg(
            jsonb_build_object(
                'target', target,
                'value', target_value,
                'unit', unit,
                'is_upper_limit', is_upper_limit
            )
            order by target
        ) as targets
    from targets
    group by scorecard, segment
),

described as (
    select
        segment_policies.scorecard,
        segment_policies.segment,
        segment_policies.valid_from,
        segment_policies.valid_to,
        segment_policies.reasons,
        target_policies.targets,
        jsonb_build_object(
            'points_step', rules.points_step,
            'pillars', segment_policies.pillars,
            'tiers', tier_policies.tiers
        ) as policy
    from segment_policies
    inner join rules on segment_policies.scorecard = rules.scorecard
    inner join tier_policies on segment_policies.scorecard = tier_policies.scorecard
    left join target_policies
        on
            segment_policies.scorecard = target_policies.scorecard
            and segment_policies.segment = target_policies.segment
),

-- reasons are wording: a corrected one is no other policy
versions as (
    select
        scorecard,
        valid_from,
        left(
            md5(
                -- weights that are learned alike in two quarters are two policies
                concat_ws(' ', valid_from, string_agg(segment || policy::text, ' ' order by segment))
            ),
            12
        ) as policy_version
    from described
    group by scorecard, valid_from
)

select
    described.scorecard,
    described.segment,
    versions.policy_version,
    described.valid_from,
    described.valid_to,
    described.policy,
    described.reasons,
    described.targets
from described
inner join versions
    on
        described.scorecard = versions.scorecard
        and described.valid_from is not distinct from versions.valid_from
