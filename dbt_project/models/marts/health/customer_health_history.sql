-- A view: what may be shown of fct_health_scores, and nothing stored twice.
{{ config(materialized='view') }}

-- Grain: one row per account and snapshot date on which it was open; the scorecard on show.
with

scores as (select * from {{ ref('fct_health_scores') }}),

policy as (select default_scorecard from {{ ref('health_policy') }}),

history as (
    select
        scores.account_id,
        scores.snapshot_date,
        scores.scorecard,
        case when scores.colour != 'grey' then scores.health_score end as health_score,
        scores.tier,
        scores.colour
    from scores
    inner join policy on scores.scorecard = policy.default_scorecard
)

select * from history
