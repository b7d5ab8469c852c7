-- Grain: one row per scorecard, segment and period in which one wording of it is in force.
-- A table, not a view: four models read it, two of them while dbt writes their SQL.
{{ config(materialized='table') }}

with

adoptions as (select * from {{ ref('int_policy_adoptions') }}),

policies as (select * from {{ ref('dim_score_policies') }}),

superseded as (
    select
        *,
        -- any later adoption takes the days from its own on
        min(adopted_on) over (
            partition by scorecard, valid_from
            order by adoption_number
            rows between 1 following and unbounded following
        ) as superseded_on
    from adoptions
),

periods as (
    select
        scorecard,
        policy_version,
        greatest(valid_from, adopted_on) as in_force_from,
        -- least() skips null: not superseded
        least(valid_to, superseded_on) as in_force_to
    from superseded
    where policy_version is not null
),

in_force as (
    select
        periods.scorecard,
        policies.segment,
        periods.policy_version,
        periods.in_force_from,
        periods.in_force_to,
        policies.policy,
        -- of a signal that is declared no more there is no value to score
        policies.signals <@ array[{{ signal_names(signal_registry()) }}]::text[] as is_computable
    from periods
    inner join policies
        on
            periods.scorecard = policies.scorecard
            and periods.policy_version = policies.policy_version
    where periods.in_force_from < periods.in_force_to
)

select * from in_force
