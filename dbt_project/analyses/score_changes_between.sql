-- Grain: one row per scorecard and line of the change of a score from a further date to the as-of date.
-- Compiled by `tenure diff`, on the models of one account.
{%- set policy = scorecard_policy() %}

with

snapshot_dates as (select * from {{ ref('int_snapshot_dates') }}),

snapshots as (select * from {{ ref('account_snapshots') }}),

scores as (select * from {{ ref('fct_health_scores') }}),

policies as (select * from {{ ref('dim_score_policies') }}),

pairs as (
    select
        snapshot_dates.account_id,
        further.from_date,
        snapshot_dates.snapshot_date as to_date
    from snapshot_dates
    cross join unnest({{ further_dates() }}) as further (from_date)
    where snapshot_dates.is_latest
),

{{ score_change_lines(policy, 'pairs', 'snapshots', 'scores', 'policies') }}

select * from score_changes
