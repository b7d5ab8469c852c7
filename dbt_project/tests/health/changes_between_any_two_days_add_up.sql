-- As changes_add_up, over pairs of any length of a few accounts; lines that are all left out count
-- as no change.
{%- set policy = scorecard_policy() %}
with

snapshots as (select * from {{ ref('account_snapshots') }}),

scores as (select * from {{ ref('fct_health_scores') }}),

policies as (select * from {{ ref('dim_score_policies') }}),

-- the same accounts and days in every build
numbered as (
    select
        account_id,
        snapshot_date,
        dense_rank() over (order by md5(account_id)) as account_number,
        row_number() over (partition by account_id order by md5(snapshot_date::text)) as day_number
    from snapshots
    where is_open
),

pairs as (
    select
        earlier.account_id,
        earlier.snapshot_date as from_date,
        later.snapshot_date as to_date
    from numbered as earlier
    inner join numbered as later
        on
            earlier.account_id = later.account_id
            and earlier.snapshot_date < later.snapshot_date
    where
        earlier.account_number <= 25
        and earlier.day_number <= 6
        and later.day_number <= 6
),

{{ score_change_lines(policy, 'pairs', 'snapshots', 'scores', 'policies') }},

sums as (
    select
        account_id,
        scorecard,
        from_date,
        to_date,
        sum(points) as points
    from score_changes
    group by account_id, scorecard, from_date, to_date
)

select
    paired_scores.account_id,
    paired_scores.scorecard,
    paired_scores.from_date,
    paired_scores.to_date,
    1000000 * (paired_scores.to_score - paired_scores.from_score) as change_of_score,
    sums.points
from paired_scores
left join sums
    on
        paired_scores.account_id = sums.account_id
        and paired_scores.scorecard = sums.scorecard
        and paired_scores.from_date = sums.from_date
        and paired_scores.to_date = sums.to_date
where
    coalesce(sums.points, 0) != 1000000 * (paired_scores.to_score - paired_scores.from_score)
