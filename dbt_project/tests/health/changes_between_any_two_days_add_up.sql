-- As changes_add_up, over pairs of any length of a few accounts; lines that are all left out count
-- as no change.
{%- set policy = scorecard_policy() %}
with

accounts as (select * from {{ ref('dim_accounts') }}),

-- the same accounts and days in every build
chosen as (
    select account_id
    from accounts
    where first_subscription_date is not null
    order by md5(account_id)
    limit 20
),

-- Of these alone: ten steps read the two, so PostgreSQL keeps a copy with every column. Of 10,000
-- accounts that was more than a gigabyte.
snapshots as (
    select * from {{ ref('account_snapshots') }}
    where account_id in (select chosen.account_id from chosen)
),

scores as (
    select * from {{ ref('fct_health_scores') }}
    where account_id in (select chosen.account_id from chosen)
),

policies as (select * from {{ ref('dim_score_policies') }}),

numbered as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        row_number() over (
            partition by snapshots.account_id order by md5(snapshots.snapshot_date::text)
        ) as day_number
    from chosen
    inner join snapshots on chosen.account_id = snapshots.account_id
    where snapshots.is_open
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
    where earlier.day_number <= 5 and later.day_number <= 5
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
