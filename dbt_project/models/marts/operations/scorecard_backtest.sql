-- Grain: one row per set of rows and predictor.
with

trial as (select * from {{ source('ml', 'scorecard_backtest') }}),

scorecards as (
    select
        scorecard,
        title
    from {{ ref('scorecard_rules') }}
),

judged as (
    select
        trial.*,
        coalesce(scorecards.title, replace(trial.predictor, '_', ' ')) as title,
        case
            when trial.is_proven
                then
                    rank() over (
                        partition by trial.row_set, trial.is_proven
                        order by trial.auc desc nulls last
                    )
        end as place,
        case
            when not trial.is_proven
                then
                    'unproven: ' || {{ counted('trial.known_outcomes', 'churn') }} || ' known of '
                    || trial.minimum_outcomes || ' needed'
            when trial.auc_low > 0.5 then 'ranks better than chance'
            when trial.auc_high < 0.5 then 'ranks worse than chance'
            else 'not distinguished from chance'
        end as finding
    from trial
    left join scorecards on trial.predictor = scorecards.scorecard
)

select
    row_set,
    predictor,
    title,
    kind,
    place,
    finding,
    is_proven,
    first_date,
    last_date,
    dates,
    accounts,
    outcomes,
    early_outcomes,
    known_outcomes,
    known_share,
    auc,
    auc_low,
    auc_high,
    lift,
    lift_low,
    lift_high,
    early_share,
    early_share_low,
    early_share_high,
    horizon_days,
    alert_share,
    days_early
from judged
