-- Grain: one row per account, scorecard, pair of days and line of the change.
{{
    config(
        indexes=[{'columns': ['account_id', 'scorecard', 'span_days']}],
        pre_hook='{{ without_nested_loops() }}'
    )
}}

{#- Both scores of a pair are explained by what is in force today. -#}
{%- set policy = scorecard_policy('latest') %}

with

health_policy as (select * from {{ ref('health_policy') }}),

spans as (
    select trend_days as span_days from health_policy
    union
    select week_days as span_days from health_policy
),

-- The last weeks alone: these two are read ten times, so PostgreSQL keeps a copy with every column.
-- Of all weeks of 300 accounts that took 5.5 s, and so 0.8 s.
snapshots as (
    select * from {{ ref('account_snapshots') }}
    where snapshot_date >= {{ as_of_date() }} - (select max(spans.span_days) + 6 from spans)
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where snapshot_date >= {{ as_of_date() }} - (select max(spans.span_days) + 6 from spans)
),

policies as (select * from {{ ref('dim_score_policies') }}),

-- as in the trend: the newest snapshot that is at least as old as the span is long
pairs as (
    select distinct on (later.account_id, spans.span_days)
        later.account_id,
        spans.span_days,
        earlier.snapshot_date as from_date,
        later.snapshot_date as to_date
    from snapshots as later
    cross join spans
    inner join snapshots as earlier
        on
            later.account_id = earlier.account_id
            and later.snapshot_date - spans.span_days >= earlier.snapshot_date
            and later.snapshot_date - spans.span_days - 6 <= earlier.snapshot_date
            and earlier.is_open
    where later.is_latest and later.is_open
    order by
        later.account_id asc,
        spans.span_days asc,
        earlier.snapshot_date desc
),

{{ score_change_lines(policy, 'pairs', 'snapshots', 'scores', 'policies') }}

select
    score_changes.account_id,
    score_changes.scorecard,
    pairs.span_days,
    score_changes.from_date,
    score_changes.to_date,
    score_changes.from_score,
    score_changes.to_score,
    score_changes.change,
    score_changes.pillar,
    score_changes.signal,
    score_changes.signals,
    (score_changes.points * 0.000001)::numeric(9, 6) as points
from score_changes
inner join pairs
    on
        score_changes.account_id = pairs.account_id
        and score_changes.from_date = pairs.from_date
        and score_changes.to_date = pairs.to_date
