-- A view: what may be shown of fct_health_scores, and nothing stored twice.
{{ config(materialized='view') }}

-- Grain: one row per account, snapshot date on which it was open, and scorecard.
with

scores as (select * from {{ ref('fct_health_scores') }}),

history as (
    select
        account_id,
        snapshot_date,
        scorecard,
        case when colour != 'grey' then health_score end as health_score,
        tier,
        colour
    from scores
)

select * from history
