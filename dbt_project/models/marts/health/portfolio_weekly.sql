-- Grain: one row per snapshot date, segment and tier of the default scorecard; open accounts only.
with

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_open
),

scores as (select * from {{ ref('fct_health_scores') }}),

policy as (select default_scorecard from {{ ref('health_policy') }}),

counted as (
    select
        snapshots.snapshot_date,
        scores.segment,
        scores.scorecard,
        scores.tier,
        scores.colour,
        count(*) as accounts,
        -- one account without an exchange rate makes the sum unknown
        case when count(*) = count(snapshots.mrr) then sum(snapshots.mrr) end::numeric(14, 2)
            as mrr,
        snapshots.currency
    from snapshots
    inner join scores
        on
            snapshots.account_id = scores.account_id
            and snapshots.snapshot_date = scores.snapshot_date
    inner join policy on scores.scorecard = policy.default_scorecard
    group by
        snapshots.snapshot_date,
        scores.segment,
        scores.scorecard,
        scores.tier,
        scores.colour,
        snapshots.currency
)

select * from counted
