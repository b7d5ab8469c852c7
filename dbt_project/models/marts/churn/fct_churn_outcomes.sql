-- Grain: one row per account and snapshot date on which the account was open.
with

-- read twice, of which PostgreSQL would keep a copy with all signals
snapshots as (
    select
        account_id,
        snapshot_date,
        mrr,
        currency
    from {{ ref('account_snapshots') }}
    where is_open
),

covered_periods as (select * from {{ ref('int_covered_periods') }}),

opportunities as (select * from {{ ref('int_opportunities') }}),

policy as (
    select horizon_days from {{ ref('prediction_policy') }}
    where target = 'churn'
),

-- a renewal lost for the whole account; one about a single product is a contraction
lost_renewals as (
    select
        account_id,
        closed_date as lost_date
    from opportunities
    where
        opportunity_type = 'renewal'
        and outcome = 'lost'
        and product is null
        and closed_date <= {{ as_of_date() }}
),

next_lost_renewals as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        min(lost_renewals.lost_date) as lost_date
    from snapshots
    inner join lost_renewals
        on
            snapshots.account_id = lost_renewals.account_id
            and snapshots.snapshot_date < lost_renewals.lost_date
    group by snapshots.account_id, snapshots.snapshot_date
),

endings as (
    select
        snapshots.account_id,
        snapshots.snapshot_date,
        snapshots.mrr,
        snapshots.currency,
        policy.horizon_days,
        -- least() skips the null of what did not happen: the first of those that did
        least(
            case
                when covered_periods.first_uncovered_date <= {{ as_of_date() }}
                    then covered_periods.first_uncovered_date
            end,
            next_lost_renewals.lost_date
        ) as churn_date
    from snapshots
    cross join policy
    inner join covered_periods
        on
            snapshots.account_id = covered_periods.account_id
            and snapshots.snapshot_date >= covered_periods.covered_from
            and (
                covered_periods.first_uncovered_date is null
                or snapshots.snapshot_date < covered_periods.first_uncovered_date
            )
    left join next_lost_renewals
        on
            snapshots.account_id = next_lost_renewals.account_id
            and snapshots.snapshot_date = next_lost_renewals.snapshot_date
),

judged as (
    select
        *,
        -- an early churn is known before the horizon ends, an early stay is not: counting the
        -- first and not the second would make the newest weeks look worse than they are
        case
            when snapshot_date + horizon_days <= {{ as_of_date() }}
                then coalesce(churn_date <= snapshot_date + horizon_days, false)
        end as churned_within_horizon
    from endings
),

outcomes as (
    select
        account_id,
        snapshot_date,
        horizon_days,
        churn_date,
        churned_within_horizon,
        case
            when churned_within_horizon then mrr
            when not churned_within_horizon then 0
        end::numeric(14, 2) as churned_mrr,
        currency
    from judged
)

select * from outcomes
