-- Grain: one row per customer account, as of the as-of date.
{{ config(indexes=[{'columns': ['account_id'], 'unique': true}, {'columns': ['priority']}]) }}

with

accounts as (select * from {{ ref('dim_accounts') }}),

snapshots as (
    select * from {{ ref('account_snapshots') }}
    where is_latest
),

-- of two days: PostgreSQL would keep a copy of all, since two steps read it
scores as not materialized (select * from {{ ref('fct_health_scores') }}),

pillar_scores as (select * from {{ ref('int_health_pillar_scores') }}),

contributions as (select * from {{ ref('fct_health_contributions') }}),

signals as (select * from {{ ref('dim_signals') }}),

signal_coverage as (select * from {{ ref('int_signal_coverage') }}),

overrides as (
    select * from {{ ref('int_health_overrides') }}
    where snapshot_date = {{ as_of_date() }}
),

policy as (select * from {{ ref('health_policy') }}),

displayed as (select * from {{ ref('int_displayed_scorecards') }}),

predictions as (
    select
        account_id,
        probability as churn_probability,
        model_version,
        drivers
    from {{ ref('int_current_predictions') }}
    -- what a model says that is no better than chance is shown nowhere; ml.predictions keeps it
    where target = 'churn' and passes_quality_gate
),

current_scores as (
    select scores.*
    from scores
    inner join displayed
        on
            scores.segment = displayed.segment
            and scores.scorecard = displayed.scorecard
    where scores.snapshot_date = {{ as_of_date() }}
),

-- the newest score that is at least as old as the trend is long: of the scorecard that is shown now,
-- be it that the account was then in a segment that is shown by another
earlier_scores as (
    select distinct on (scores.account_id)
        scores.account_id,
        scores.snapshot_date,
        scores.health_score
    from scores
    inner join current_scores
        on
            scores.account_id = current_scores.account_id
            and scores.scorecard = current_scores.scorecard
    cross join policy
    where
        scores.snapshot_date
        between {{ as_of_date() }} - policy.trend_days - 6 and {{ as_of_date() }} - policy.trend_days
    order by scores.account_id asc, scores.snapshot_date desc
),

-- the sub-selects are constants to PostgreSQL, so that only these days' contributions are unfolded
displayed_pillar_scores as (
    select
        account_id,
        snapshot_date,
        scorecard,
        jsonb_object_agg(pillar, pillar_score) as pillar_scores,
        array_agg(pillar order by pillar) filter (where pillar_score is not null) as known_pillars
    from pillar_scores
    where
        scorecard = any(array(select displayed.scorecard from displayed))
        and snapshot_date <= {{ as_of_date() }}
        and snapshot_date >= {{ as_of_date() }} - (select policy.trend_days + 6 from policy)
    group by account_id, snapshot_date, scorecard
),

current_pillar_scores as (
    select displayed_pillar_scores.*
    from displayed_pillar_scores
    inner join current_scores
        on
            displayed_pillar_scores.account_id = current_scores.account_id
            and displayed_pillar_scores.snapshot_date = current_scores.snapshot_date
            and displayed_pillar_scores.scorecard = current_scores.scorecard
),

-- Scores of different pillars differ without a change of the customer: when events were missing for
-- two weeks, the mean score of a company fell by 11 points, that of the usage pillar having been the
-- best. On a demonstration company (an earlier seed) 6 of 821 trends are unknown by this.
changes as (
    select
        current_scores.account_id,
        current_scores.health_score - earlier_scores.health_score as score_change_28d
    from current_scores
    inner join earlier_scores on current_scores.account_id = earlier_scores.account_id
    inner join current_pillar_scores
        on current_scores.account_id = current_pillar_scores.account_id
    inner join displayed_pillar_scores as earlier_pillar_scores
        on
            earlier_scores.account_id = earlier_pillar_scores.account_id
            and earlier_scores.snapshot_date = earlier_pillar_scores.snapshot_date
            and current_scores.scorecard = earlier_pillar_scores.scorecard
    where current_pillar_scores.known_pillars = earlier_pillar_scores.known_pillars
),

-- what would make a grey account known, of what the company delivers
missing_signals as (
    select
        contributions.account_id,
        string_agg(signals.label, ', ' order by signals.position) as missing
    from contributions
    inner join current_scores
        on
            contributions.account_id = current_scores.account_id
            and contributions.scorecard = current_scores.scorecard
            and current_scores.colour = 'grey'
    inner join signals on contributions.signal = signals.signal
    inner join signal_coverage
        on
            contributions.signal = signal_coverage.signal
            and signal_coverage.first_known_date <= {{ as_of_date() }}
    where
        contributions.scorecard = any(array(select displayed.scorecard from displayed))
        and contributions.snapshot_date = {{ as_of_date() }}
        and contributions.points is null
    group by contributions.account_id
),

reasons as (select * from {{ ref('int_health_reasons') }}),

drivers as (
    select
        predictions.account_id,
        string_agg(driver.content ->> 'words', '; ' order by driver.position) as drivers
    from predictions
    cross join
        lateral jsonb_array_elements(predictions.drivers)
        with ordinality as driver (content, position)
    group by predictions.account_id
),

joined as (
    select
        accounts.account_id,
        accounts.account_name,
        accounts.segment,
        accounts.industry,
        accounts.region,
        accounts.csm_id,
        accounts.csm_name,
        coalesce(snapshots.is_open, false) as is_open,
        coalesce(current_scores.scorecard, displayed.scorecard) as scorecard,
        -- a grey account's score rests on too little to be shown; fct_health_scores keeps it
        case when current_scores.colour != 'grey' then current_scores.health_score end as health_score,
        coalesce(current_scores.tier, 'Unknown') as tier,
        coalesce(current_scores.colour, 'grey') as colour,
        case when current_scores.colour != 'grey' then changes.score_change_28d end as score_change_28d,
        policy.rising_from,
        policy.falling_to,
        current_scores.coverage,
        missing_signals.missing,
        case when snapshots.is_open then reasons.reasons end as reasons,
        case when current_scores.colour != 'grey' then current_pillar_scores.pillar_scores end
            as pillar_scores,
        -- without the override; an account of which nothing is known has none
        case
            when current_scores.colour != 'grey' and current_scores.coverage > 0
                then current_scores.health_score - current_scores.override_points * 0.000001
        end::numeric(5, 2) as computed_score,
        overrides.override_score,
        overrides.reason as override_reason,
        overrides.author as override_author,
        overrides.expires_at as override_expires_at,
        snapshots.mrr,
        snapshots.currency,
        case when snapshots.is_open then snapshots.renewal_date end as renewal_date,
        case when snapshots.is_open then predictions.churn_probability end as churn_probability,
        case when snapshots.is_open then predictions.model_version end as model_version,
        case when snapshots.is_open then drivers.drivers end as drivers
    from accounts
    cross join policy
    left join displayed on accounts.segment = displayed.segment
    left join snapshots on accounts.account_id = snapshots.account_id
    left join current_scores on accounts.account_id = current_scores.account_id
    left join changes on accounts.account_id = changes.account_id
    left join current_pillar_scores on accounts.account_id = current_pillar_scores.account_id
    left join reasons on accounts.account_id = reasons.account_id
    left join missing_signals on accounts.account_id = missing_signals.account_id
    left join overrides
        on
            current_scores.account_id = overrides.account_id
            and current_scores.override_id = overrides.override_id
    left join predictions on accounts.account_id = predictions.account_id
    left join drivers on accounts.account_id = drivers.account_id
),

priced as (
    select
        *,
        (mrr * churn_probability)::numeric(14, 2) as mrr_at_risk,
        (12 * mrr * churn_probability)::numeric(14, 2) as arr_at_risk
    from joined
),

-- by the money at risk; where none is shown by the score, and where that is unknown by the MRR
ranked as (
    select
        *,
        case
            when is_open
                then
                    row_number() over (
                        partition by is_open
                        order by
                            mrr_at_risk desc nulls last,
                            health_score asc nulls last,
                            mrr desc nulls last,
                            account_id asc
                    )
        end as priority
    from priced
),

final as (
    select
        account_id,
        account_name,
        segment,
        industry,
        region,
        csm_id,
        csm_name,
        is_open,
        priority,
        scorecard,
        health_score,
        tier,
        colour,
        case
            when score_change_28d is null then 'unknown'
            when score_change_28d >= rising_from then 'rising'
            when score_change_28d <= falling_to then 'falling'
            else 'steady'
        end as trend,
        score_change_28d,
        coverage,
        missing,
        reasons,
        pillar_scores,
        computed_score,
        override_score,
        override_reason,
        override_author,
        override_expires_at,
        churn_probability,
        drivers,
        mrr,
        currency,
        mrr_at_risk,
        arr_at_risk,
        renewal_date,
        renewal_date - {{ as_of_date() }} as days_to_renewal,
        {{ as_of_date() }} as as_of_date,
        model_version
    from ranked
)

select * from final
