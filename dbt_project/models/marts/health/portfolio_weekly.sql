-- Grain: one row per snapshot date, segment and tier of the scorecard that is shown; open accounts only.
with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

scores as (select * from {{ ref('fct_health_scores') }}),

displayed as (select * from {{ ref('int_displayed_scorecards') }}),

counted as (
    select
        snapshots.snapshot_date,
        scores.segment,
        scores.scorecard,
        scores.tier,
        scores.colour,
        count(*) as accounts,
        sum(snapshots.mrr)::numeric(14, 2) as mrr,
        count(*) filter (where snapshots.mrr is null) as accounts_without_mrr,
        snapshots.currency
    from snapshots
    inner join scores
        on
            snapshots.account_id = scores.account_id
            and snapshots.snapshot_date = scores.snapshot_date
    inner join displayed
        on
            scores.segment = displayed.segment
            and scores.scorecard = displayed.scorecard
    group by
        snapshots.snapshot_date,
        scores.segment,
        scores.scorecard,
        scores.tier,
        scores.colour,
        snapshots.currency
)

select * from counted
