-- Grain: one row per policy version and segment.
-- Only ever added to: an old score is explained by the wording that it was made with. A full refresh
-- would lose the versions that no seed holds any more.
{{
    config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='append_new_columns',
        full_refresh=false,
    )
}}

with

policies as (select * from {{ ref('int_scorecard_policies') }}),

rules as (select * from {{ ref('scorecard_rules') }}),

lines as (
    select
        policies.policy_version,
        policies.segment,
        pillars.pillar ->> 'pillar' as pillar,
        (pillars.pillar ->> 'weight')::double precision as pillar_weight,
        signals.signal ->> 'signal' as signal,
        (signals.signal ->> 'weight')::double precision as weight,
        pillars.pillar_number,
        signals.signal_number
    from policies
    cross join
        lateral jsonb_array_elements(policies.policy -> 'pillars')
        with ordinality as pillars (pillar, pillar_number)
    cross join
        lateral jsonb_array_elements(pillars.pillar -> 'signals')
        with ordinality as signals (signal, signal_number)
),

orders as (
    select
        policy_version,
        segment,
        array_agg(signal order by pillar_number, signal_number) as signals,
        array_agg(weight order by pillar_number, signal_number) as weights,
        array_agg(pillar order by pillar_number, signal_number) as pillars,
        array_agg(pillar_weight order by pillar_number, signal_number) as pillar_weights
    from lines
    group by policy_version, segment
),

described as (
    select
        policies.scorecard,
        policies.policy_version,
        policies.segment,
        rules.title,
        rules.document,
        policies.valid_from,
        policies.valid_to,
        orders.signals,
        orders.weights,
        orders.pillars,
        orders.pillar_weights,
        policies.policy,
        policies.reasons,
        policies.targets,
        {{ as_of_date() }} as first_as_of_date
    from policies
    inner join rules on policies.scorecard = rules.scorecard
    inner join orders
        on
            policies.policy_version = orders.policy_version
            and policies.segment = orders.segment
)

select * from described
{% if is_incremental() %}
    where
        (policy_version, segment) not in (
            select
                known.policy_version,
                known.segment
            from {{ this }} as known
        )
{% endif %}
